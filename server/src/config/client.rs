//! `[client]`: rules and bounds of connections.

use std::time::Duration;

use super::section::section;
use super::units::Size;

section! {
    /// Connections.
    Client {
        /// Development switch: every permission is given and no token is needed.
        insecure: bool = false;
        /// Connections without a token become the anonymous user.
        anonymous: bool = false;
        /// Tokens without a user are accepted, as the anonymous user.
        anonymous_tokens: bool = true;
        /// Time between pings.
        ping_interval: Duration = Duration::from_secs(25);
        /// How long a pong may take; shorter than the interval.
        pong_timeout: Duration = Duration::from_secs(8);
        /// How long a socket may stay without a connect command.
        stale_timeout: Duration = Duration::from_secs(10);
        /// How long past its expiry a connection or subscription is kept, so that a refresh may come late.
        expiry_grace: Duration = Duration::from_secs(25);
        /// Most channels of one connection.
        channels_max: usize = 128;
        /// Longest frame that a client may send.
        frame_bytes_max: Size = Size(64 << 10);
        /// Most bytes queued for one connection; beyond it the connection counts as slow and is closed.
        queue_bytes_max: Size = Size(1 << 20);
        /// Time between comparisons of a channel's position with the broker's.
        position_check_interval: Duration = Duration::from_secs(40);
    }
}
