//! The shell around the core: actors, transports, HTTP, command line. A library, so that tests can start it.

pub mod actors;
pub mod cli;
pub mod compose;
pub mod config;
pub mod http;
pub mod keys;
pub mod node;
pub mod serve;
pub mod systemd;
pub mod telemetry;
pub mod transport;
