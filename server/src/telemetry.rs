//! What the node says about itself: log lines and metrics.

pub mod metrics;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{LogFormat, Server};

/// Begins writing log lines as configured, to the error stream. A second call changes nothing.
pub fn init(server: &Server) {
    // Validated with the configuration; an actor's start and stop is of no interest to operators.
    let filter = EnvFilter::try_new(format!("{},ractor=warn", server.log))
        .unwrap_or_else(|_| EnvFilter::new("info,ractor=warn"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match server.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
