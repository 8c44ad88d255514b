//! What must hold between the settings of connections.

use super::refuse;
use crate::config::error::ConfigError;
use crate::config::source::Places;
use crate::config::{Client, Config};

/// Refuses the first setting that cannot work.
pub(super) fn all(config: &Config, places: &Places) -> Result<(), ConfigError> {
    durations(&config.client, places)?;
    sizes(config, places)?;
    personal_channel(config, places)
}

fn durations(client: &Client, places: &Places) -> Result<(), ConfigError> {
    if client.pong_timeout >= client.ping_interval {
        let problem = format!(
            "{:?} is not shorter than client.ping_interval ({:?}); write a shorter one",
            client.pong_timeout, client.ping_interval
        );
        return refuse(places, &["client.pong_timeout", "client.ping_interval"], &problem);
    }
    Ok(())
}

/// What is queued for one beside what is queued for all.
fn sizes(config: &Config, places: &Places) -> Result<(), ConfigError> {
    let (one, all) = (config.client.queue_bytes_max, config.server.pending_bytes_max);
    if all < one {
        let problem = format!(
            "{all} for all connections are less than client.queue_bytes_max ({one}); write that or more"
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
