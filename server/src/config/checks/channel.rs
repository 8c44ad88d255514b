//! What must hold between the options of one namespace.

use super::refuse;
use crate::config::error::ConfigError;
use crate::config::source::Places;
use crate::config::{Channel, RecoveryKind};

/// An option that could have no effect is refused: its author expects one.
pub(super) fn effective(section: &str, options: &Channel, places: &Places) -> Result<(), ConfigError> {
    history(section, options, places)?;
    let needs = needs(options);
    match needs.iter().find(|(_, on, met, _)| *on && !met) {
        Some((key, _, _, problem)) => refuse(places, &[&format!("{section}.{key}")], problem),
        None => Ok(()),
    }
}

/// A stream has a size and a time.
fn history(section: &str, options: &Channel, places: &Places) -> Result<(), ConfigError> {
    let written = |key: &str| format!("{section}.{key}");
    let (size, ttl) = (written("history_size"), written("history_ttl"));
    if !has_history(options) && options.history_size > 0 {
        return refuse(
            places,
            &[&ttl, &size],
            "missing beside history_size; write for example history_ttl = \"5m\"",
        );
    }
    if !has_history(options) && !options.history_ttl.is_zero() {
        return refuse(
            places,
            &[&size, &ttl],
            "missing beside history_ttl; write for example history_size = 100",
        );
    }
    if has_history(options) && options.history_meta_ttl < options.history_ttl {
        let setting = written("history_meta_ttl");
        return refuse(places, &[&setting, &ttl], "shorter than history_ttl; write the same or more");
    }
    Ok(())
}

fn has_history(options: &Channel) -> bool {
    options.history_size > 0 && !options.history_ttl.is_zero()
}

/// A key, whether it is on, whether it has what it needs, and what to write if not.
type Need = (&'static str, bool, bool, &'static str);

fn needs(options: &Channel) -> [Need; 15] {
    const HISTORY: &str = "needs history; add history_size = 100 and history_ttl = \"5m\"";
    const PRESENCE: &str = "needs presence; add presence = true";
    const JOINS: &str = "needs joins and leaves; add join_leave = true";
    const RECOVERY: &str = "needs recovery; add force_recovery = true";
    const CACHE: &str = "needs the cache; add force_recovery_mode = \"cache\"";
    const DELTAS: &str = "needs deltas; add allowed_delta_types = [\"fossil\"]";

    let (history, presence) = (has_history(options), options.presence);
    let readable = options.allow_history_for_client
        || options.allow_history_for_subscriber
        || options.allow_history_for_anonymous;
    let recovers = options.force_recovery || options.allow_recovery || readable;
    let cache = options.force_recovery_mode == RecoveryKind::Cache;
    let deltas = !options.allowed_delta_types.is_empty();
    [
        ("force_recovery", options.force_recovery, history, HISTORY),
        ("allow_recovery", options.allow_recovery, history, HISTORY),
        ("force_positioning", options.force_positioning, history, HISTORY),
        ("allow_positioning", options.allow_positioning, history, HISTORY),
        ("allow_history_for_client", options.allow_history_for_client, history, HISTORY),
        ("allow_history_for_subscriber", options.allow_history_for_subscriber, history, HISTORY),
        ("allow_history_for_anonymous", options.allow_history_for_anonymous, history, HISTORY),
        ("allow_presence_for_client", options.allow_presence_for_client, presence, PRESENCE),
        ("allow_presence_for_subscriber", options.allow_presence_for_subscriber, presence, PRESENCE),
        ("allow_presence_for_anonymous", options.allow_presence_for_anonymous, presence, PRESENCE),
        ("force_push_join_leave", options.force_push_join_leave, options.join_leave, JOINS),
        ("force_recovery_mode", cache, history, HISTORY),
        ("force_recovery_mode", cache, recovers, RECOVERY),
        ("cache_on_subscribe", options.cache_on_subscribe, cache, CACHE),
        ("delta_publish", options.delta_publish, deltas, DELTAS),
    ]
}
