//! `[client]`: rules and bounds of connections.

use std::time::Duration;

use super::section::section;
use super::units::Size;

section! {
    /// Connections.
    Client {
        /// Development switch: every permission is given and no token is needed. One that is sent must be
        /// good all the same.
        insecure: bool = false;
        /// Connections without a token become the anonymous user.
        anonymous: bool = false;
        /// Tokens without a user are accepted, as the anonymous user.
        anonymous_tokens: bool = true;
        /// Time between pings.
        ping_interval: Duration = Duration::from_secs(25), within Duration::from_secs(1)..;
        /// How long a pong may take; shorter than the interval.
        pong_timeout: Duration = Duration::from_secs(8), within Duration::from_secs(1)..;
        /// How long a socket may stay without a connect command.
        stale_timeout: Duration = Duration::from_secs(10), within Duration::from_secs(1)..;
        /// How long past its expiry a connection or subscription is kept, so that a refresh may come late.
        expiry_grace: Duration = Duration::from_secs(25);
        /// Most channels of one connection.
        channels_max: usize = 128, within 1..;
        /// Most connections of one known user on this node; 0 is any number. A newcomer beyond it is
        /// closed with 3504, see P 5.6.
        user_connections_max: usize = 0;
        /// Most refused commands of one connection between two pings, beyond which it is closed with
        /// 3509; 0 is any number. Temporary errors do not count.
        errors_max: usize = 0;
        /// Every known user is subscribed to a channel of its own, named `#` and the user.
        personal_channel: bool = false;
        /// The namespace of these channels; if empty, they have none.
        personal_channel_namespace: Option<String> = None, like "\"own\"";
        /// A user's older connections are closed when a new one comes. Needs the personal channel.
        single_connection: bool = false;
        /// Longest frame that a client may send.
        frame_bytes_max: Size = Size(64 << 10), within Size(1 << 10)..=Size(64 << 20), at start;
        /// Most bytes queued for one connection; beyond it the connection counts as slow and is closed.
        queue_bytes_max: Size = Size(1 << 20), within Size(1 << 10)..=Size(1 << 30);
        /// Time between comparisons of a channel's position with the broker's.
        position_check_interval: Duration = Duration::from_secs(40), within Duration::from_secs(1)..;
    }
}
