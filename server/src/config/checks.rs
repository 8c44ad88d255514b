//! What must hold between settings, beyond the type of each.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::channel::Channel;
use super::error::ConfigError;
use super::source::Places;
use super::{Client, Config, Server};

/// Refuses the first thing that cannot work.
pub(super) fn all(config: &Config, places: &Places) -> Result<(), ConfigError> {
    server(&config.server, places)?;
    exposure(config, places)?;
    client(&config.client, places)?;
    if let Some(options) = &config.channel {
        channel("channel", options, places)?;
    }
    for namespace in &config.namespaces {
        channel(&format!("namespace.{}", namespace.name), &namespace.options, places)?;
    }
    Ok(())
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
        ("token.hmac_secret", config.token.hmac_secret.is_some()),
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

/// An option that could have no effect is refused: its author expects one.
fn channel(section: &str, options: &Channel, places: &Places) -> Result<(), ConfigError> {
    let written = |key: &str| format!("{section}.{key}");
    let (size, ttl) = (written("history_size"), written("history_ttl"));
    let history = options.history_size > 0 && !options.history_ttl.is_zero();
    if !history && options.history_size > 0 {
        return refuse(
            places,
            &[&ttl, &size],
            "missing beside history_size; write for example history_ttl = \"5m\"",
        );
    }
    if !history && !options.history_ttl.is_zero() {
        return refuse(
            places,
            &[&size, &ttl],
            "missing beside history_ttl; write for example history_size = 100",
        );
    }
    if history && options.history_meta_ttl < options.history_ttl {
        let setting = written("history_meta_ttl");
        return refuse(places, &[&setting, &ttl], "shorter than history_ttl; write the same or more");
    }

    let needs_history = "needs history; add history_size = 100 and history_ttl = \"5m\"";
    let needs_presence = "needs presence; add presence = true";
    let needs = [
        ("force_recovery", options.force_recovery, history, needs_history),
        ("allow_recovery", options.allow_recovery, history, needs_history),
        ("force_positioning", options.force_positioning, history, needs_history),
        ("allow_positioning", options.allow_positioning, history, needs_history),
        ("allow_history_for_client", options.allow_history_for_client, history, needs_history),
        ("allow_history_for_subscriber", options.allow_history_for_subscriber, history, needs_history),
        ("allow_history_for_anonymous", options.allow_history_for_anonymous, history, needs_history),
        ("allow_presence_for_client", options.allow_presence_for_client, options.presence, needs_presence),
        (
            "allow_presence_for_subscriber",
            options.allow_presence_for_subscriber,
            options.presence,
            needs_presence,
        ),
        (
            "allow_presence_for_anonymous",
            options.allow_presence_for_anonymous,
            options.presence,
            needs_presence,
        ),
        (
            "force_push_join_leave",
            options.force_push_join_leave,
            options.join_leave,
            "needs joins and leaves; add join_leave = true",
        ),
    ];
    match needs.iter().find(|(_, on, met, _)| *on && !met) {
        Some((key, _, _, problem)) => refuse(places, &[&written(key)], problem),
        None => Ok(()),
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
