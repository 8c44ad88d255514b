//! What must hold between settings, beyond the type of each.

mod channel;
mod client;
mod hooks;
mod server;
mod token;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::Config;
use super::error::ConfigError;
use super::source::Places;

pub(super) use token::key_set;

/// Refuses the first thing that cannot work.
pub(super) fn all(config: &Config, places: &Places) -> Result<(), ConfigError> {
    server::all(config, places)?;
    token::all(config, places)?;
    server::exposure(config, places)?;
    if let Some(options) = &config.channel {
        channel::effective("channel", options, places)?;
    }
    for namespace in &config.namespaces {
        channel::effective(&format!("namespace.{}", namespace.name), &namespace.options, places)?;
    }
    hooks::all(config, places)?;
    client::all(config, places)
}

/// Refuses what could not have been started at the address where the node listens.
pub(super) fn exposure_at(config: &Config, listen: SocketAddr) -> Result<(), ConfigError> {
    match server::problem_of_exposure(config, listen) {
        Some(problem) => refuse(&config.places, &["server.listen"], &problem),
        None => Ok(()),
    }
}

/// Whether a namespace may have a name (P-CH-2).
pub(super) fn namespace_name(name: &str, taken: &BTreeSet<String>) -> Result<(), String> {
    let spelled_well = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !spelled_well || name.len() < 2 {
        return Err(format!(
            "namespace.name: {name:?} is no name; write two or more letters, digits, - or _"
        ));
    }
    if taken.contains(name) {
        return Err(format!("namespace.name: {name:?} is there already; give this one another name"));
    }
    Ok(())
}

/// Refuses the first of the settings, at the first place where one of them was written.
fn refuse(places: &Places, settings: &[&str], problem: &str) -> Result<(), ConfigError> {
    let setting = settings.first().copied().unwrap_or_default();
    Err(ConfigError::new(places.of(settings), format!("{setting}: {problem}")))
}
