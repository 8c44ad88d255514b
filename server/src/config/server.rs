//! `[server]`: where the node listens, where it keeps things, how it stops and what it says.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::network::Network;
use super::section::section;
use super::units::Size;

section! {
    /// The node.
    Server {
        /// Address and port to listen on.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)), at start;
        /// Directory of everything that outlives the process: the keys that it makes.
        data_dir: PathBuf = PathBuf::from("wigwag_data"), at start;
        /// How long connections may take to leave when the node stops.
        drain_time: Duration = Duration::from_secs(30), at start;
        /// Session shards; 0 makes one per core.
        shards: usize = 0, within 0..=1_024, at start;
        /// Pages that may connect from a browser, beside those of the same host: `https://app.example.com`, patterns
        /// such as `https://*.example.com`, or `*`. A star stands for one or more whole names in front of a host.
        allowed_origins: Vec<String> = Vec::new(), like "[\"https://app.example.com\"]";
        /// Networks and addresses of the proxies in front, such as `10.0.0.0/8`. Only what comes from there is believed
        /// about where a client comes from, see below.
        trusted_proxies: Vec<Network> = Vec::new(), like "[\"127.0.0.1\", \"10.0.0.0/8\"]", at start;
        /// Most connections at a time; further ones are refused.
        connections_max: usize = 10_000, within 1..=1_000_000, at start;
        /// Most connections at a time from one address, of which the sixty-four bits of an IPv6 address that a household
        /// gets are one; further ones are refused with 429. Sockets that are no connection, beyond as many and 16, are
        /// closed at once. 0 is any number. Behind a proxy that is not in `trusted_proxies` everybody has its address.
        address_connections_max: usize = 0, within 0..=1_000_000, at start;
        /// New connections a second from one address, and as many at once; further ones are refused with 429 and told
        /// when to come again. Sockets and TLS handshakes after which no connection is asked for are not counted here;
        /// `address_connections_max` bounds how many there are at a time. 0 is any number.
        address_rate_max: usize = 0, within 0..=1_000_000, at start;
        /// Bytes queued for all connections together, at least `client.queue_bytes_max`; beyond it the slowest are closed.
        pending_bytes_max: Size = Size(256 << 20), within Size(1 << 10)..=Size(1 << 40), at start;
        /// Which log lines are written: a level (`off`, `error`, `warn`, `info`, `debug`, `trace`), or levels by module
        /// such as `info,wigwag=debug`.
        log: String = "info".to_owned();
        /// How log lines are written: `text` or `json`.
        log_format: LogFormat = LogFormat::Text, at start;
    }
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line, for machines.
    Json,
}
