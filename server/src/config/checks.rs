//! What must hold between settings, beyond the type of each.

mod channel;
mod token;

use std::collections::BTreeSet;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::error::ConfigError;
use super::source::Places;
use super::{Client, Config, Server};

pub(super) use token::key_set;

/// Refuses the first thing that cannot work.
pub(super) fn all(config: &Config, places: &Places) -> Result<(), ConfigError> {
    server(&config.server, places)?;
    token::all(config, places)?;
    exposure(config, places)?;
    client(&config.client, places)?;
    if let Some(options) = &config.channel {
        channel::effective("channel", options, places)?;
    }
    for namespace in &config.namespaces {
        channel::effective(&format!("namespace.{}", namespace.name), &namespace.options, places)?;
    }
    personal_channel(config, places)
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

fn server(server: &Server, places: &Places) -> Result<(), ConfigError> {
    const SHARDS_MAX: usize = 1_024;
    if server.shards > SHARDS_MAX {
        let problem =
            format!("{} are too many; write at most {SHARDS_MAX}, or 0 for one per core", server.shards);
        return refuse(places, &["server.shards"], &problem);
    }
    if server.connections_max == 0 {
        return refuse(places, &["server.connections_max"], "nobody could connect; write at least 1");
    }
    if let Some(origin) = server.allowed_origins.iter().find(|origin| !is_origin(origin)) {
        let problem = format!(
            "{origin:?} is not an origin; write for example \"https://app.example.com\", without a path, or \"*\""
        );
        return refuse(places, &["server.allowed_origins"], &problem);
    }
    if EnvFilter::builder().parse(&server.log).is_err() {
        let problem = format!("{:?} is no filter; write for example \"info,wigwag=debug\"", server.log);
        return refuse(places, &["server.log"], &problem);
    }
    Ok(())
}

/// Whoever can be reached from other machines must have decided who may do what.
fn exposure(config: &Config, places: &Places) -> Result<(), ConfigError> {
    if config.server.listen.ip().is_loopback() || config.client.insecure {
        return Ok(());
    }
    let needed = [
        ("token.hmac_secret or another key for tokens", config.verifies_tokens()),
        ("api.key", config.api.key.is_some()),
        ("server.allowed_origins", !config.server.allowed_origins.is_empty()),
    ];
    let missing: Vec<_> = needed.iter().filter(|(_, there)| !there).map(|(setting, _)| *setting).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let problem = format!(
        "{} can be reached from other machines; add {} (or client.insecure = true, for development only)",
        config.server.listen,
        missing.join(" and "),
    );
    refuse(places, &["server.listen"], &problem)
}

fn client(client: &Client, places: &Places) -> Result<(), ConfigError> {
    const SHORTEST: Duration = Duration::from_secs(1);
    let durations = [
        ("client.ping_interval", client.ping_interval),
        ("client.pong_timeout", client.pong_timeout),
        ("client.stale_timeout", client.stale_timeout),
        ("client.position_check_interval", client.position_check_interval),
    ];
    if let Some((setting, found)) = durations.iter().find(|(_, found)| *found < SHORTEST) {
        return refuse(places, &[setting], &format!("{found:?} is too short; write at least \"1s\""));
    }
    if client.pong_timeout >= client.ping_interval {
        let problem = format!(
            "{:?} is not shorter than client.ping_interval ({:?}); write a shorter one",
            client.pong_timeout, client.ping_interval
        );
        return refuse(places, &["client.pong_timeout", "client.ping_interval"], &problem);
    }
    if client.channels_max == 0 {
        return refuse(places, &["client.channels_max"], "nobody could subscribe; write at least 1");
    }
    let sizes = [
        ("client.frame_bytes_max", client.frame_bytes_max),
        ("client.queue_bytes_max", client.queue_bytes_max),
    ];
    match sizes.iter().find(|(_, size)| size.bytes() < 1_024) {
        Some((setting, size)) => refuse(
            places,
            &[setting],
            &format!("{} bytes are too few; write at least \"1 KiB\"", size.bytes()),
        ),
        None => Ok(()),
    }
}

/// Whoever gets a channel of its own must get it in a namespace that is there.
fn personal_channel(config: &Config, places: &Places) -> Result<(), ConfigError> {
    let client = &config.client;
    if !client.personal_channel {
        let needs = "needs the personal channel; add personal_channel = true";
        let set = [
            ("client.personal_channel_namespace", client.personal_channel_namespace.is_some()),
            ("client.single_connection", client.single_connection),
        ];
        return match set.iter().find(|(_, on)| *on) {
            Some((setting, _)) => refuse(places, &[setting], needs),
            None => Ok(()),
        };
    }
    match &client.personal_channel_namespace {
        Some(name) if !config.namespaces.iter().any(|namespace| namespace.name == *name) => {
            let problem = format!(
                "there is no namespace {name:?}; add [[namespace]] with name = {name:?}, or leave it empty"
            );
            refuse(places, &["client.personal_channel_namespace"], &problem)
        }
        None if config.channel.is_none() => {
            let problem = "channels without a namespace are unknown here; add a [channel] section";
            refuse(places, &["client.personal_channel"], problem)
        }
        Some(_) | None => Ok(()),
    }
}

fn is_origin(text: &str) -> bool {
    let has_host = |(scheme, host): (&str, &str)| {
        !scheme.is_empty() && !host.is_empty() && !host.contains(['/', '?', '#', ' '])
    };
    matches!(text, "*" | "null") || text.split_once("://").is_some_and(has_host)
}

/// Refuses the first of the settings, at the first place where one of them was written.
fn refuse(places: &Places, settings: &[&str], problem: &str) -> Result<(), ConfigError> {
    let setting = settings.first().copied().unwrap_or_default();
    Err(ConfigError::new(places.of(settings), format!("{setting}: {problem}")))
}
