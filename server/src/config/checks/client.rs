//! What must hold between the settings of connections.

use std::time::Duration;

use super::refuse;
use crate::config::error::ConfigError;
use crate::config::source::Places;
use crate::config::{Client, Config, Size};

const KIB: usize = 1 << 10;
const GIB: usize = 1 << 30;

/// Refuses the first setting that cannot work.
pub(super) fn all(config: &Config, places: &Places) -> Result<(), ConfigError> {
    durations(&config.client, places)?;
    if config.client.channels_max == 0 {
        return refuse(places, &["client.channels_max"], "nobody could subscribe; write at least 1");
    }
    sizes(config, places)?;
    personal_channel(config, places)
}

fn durations(client: &Client, places: &Places) -> Result<(), ConfigError> {
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
    Ok(())
}

/// Sizes that make sense, each alone and what is queued for one beside what is queued for all.
fn sizes(config: &Config, places: &Places) -> Result<(), ConfigError> {
    let (one, all) = (config.client.queue_bytes_max, config.server.pending_bytes_max);
    let bounds: [(&str, Size, &str, usize); 3] = [
        ("client.frame_bytes_max", config.client.frame_bytes_max, "64 MiB", GIB / 16),
        ("client.queue_bytes_max", one, "1 GiB", GIB),
        ("server.pending_bytes_max", all, "1024 GiB", GIB.saturating_mul(1_024)),
    ];
    for (setting, size, most, bytes_max) in bounds {
        let bytes = size.bytes();
        if bytes < KIB {
            let problem = format!("{bytes} bytes are too few; write at least \"1 KiB\"");
            return refuse(places, &[setting], &problem);
        }
        if bytes > bytes_max {
            let problem = format!("{bytes} bytes are too many; write at most \"{most}\"");
            return refuse(places, &[setting], &problem);
        }
    }
    if all < one {
        let problem = format!(
            "{} bytes for all connections are fewer than client.queue_bytes_max allows one ({}); write at least that",
            all.bytes(),
            one.bytes()
        );
        return refuse(places, &["server.pending_bytes_max", "client.queue_bytes_max"], &problem);
    }
    Ok(())
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
