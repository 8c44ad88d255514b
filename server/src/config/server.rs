//! `[server]`: where the node listens, where it keeps things, how it stops and what it says.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::section::section;
use super::units::Size;

section! {
    /// The node.
    Server {
        /// Address and port to listen on.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8000));
        /// Directory of everything that outlives the process.
        data_dir: PathBuf = PathBuf::from("wigwag_data");
        /// How long connections may take to leave when the node stops.
        drain_time: Duration = Duration::from_secs(30);
        /// Session shards; 0 makes one per core.
        shards: usize = 0;
        /// Pages that may connect from a browser, beside those of the same host: `https://app.example.com`, patterns
        /// such as `https://*.example.com`, or `*`.
        allowed_origins: Vec<String> = Vec::new();
        /// Most connections at a time; further ones are refused.
        connections_max: usize = 10_000;
        /// Most connections at a time from one address, of which the sixty-four bits of an IPv6 address that a household
        /// gets are one; 0 is any number. Behind a proxy everybody has its address.
        address_connections_max: usize = 0;
        /// New connections a second from one address, and as many at once; 0 is any number.
        address_rate_max: usize = 0;
        /// Bytes queued for all connections together; beyond it the slowest are closed.
        pending_bytes_max: Size = Size(256 << 20);
        /// Which log lines are written: a level, or levels by module such as `info,wigwag=debug`.
        log: String = "info".to_owned();
        /// How log lines are written: `text` or `json`.
        log_format: LogFormat = LogFormat::Text;
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
