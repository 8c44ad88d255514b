//! The settings under which a world runs: small bounds, so that they are reached.

use std::collections::BTreeMap;
use std::time::Duration;

use ports::channels::Retention;
use wigwag_core::Settings;
use wigwag_core::channels::{Allowed, History, META_TTL, Namespace, Namespaces, Wanted};

/// The channels of each tenant. What is in force where: recovery on `log`, positions only on `pos`, no stream on
/// `now`, a stream that nobody has to track on `any`.
pub(super) const CHANNELS: [&str; 4] = ["log:1", "pos:1", "now:1", "any:1"];
/// The channels to which tokens may subscribe their connections.
pub(super) const GRANTS: [&[&str]; 4] = [&[], &[], &["log:1"], &["log:1", "pos:1", "now:1"]];
/// The channel without a stream.
pub(super) const UNPLACED: &str = "now:1";
/// Channels with presence and joins and leaves.
pub(super) const SOCIABLE: [&str; 2] = ["log:1", "now:1"];

pub(super) const ITEMS_KEPT: usize = 20;
pub(super) const RECOVERY_ITEMS_MAX: usize = 12;
pub(super) const RECOVERY_BYTES_MAX: usize = 3 << 10;
pub(super) const PING_INTERVAL_MS: u64 = 5_000;
pub(super) const PONG_TIMEOUT_MS: u64 = 2_000;
pub(super) const STALE_TIMEOUT_MS: u64 = 3_000;

pub(super) fn settings() -> Settings {
    Settings {
        namespaces: namespaces(),
        insecure: false,
        anonymous: false,
        anonymous_tokens: true,
        ping_interval: Duration::from_millis(PING_INTERVAL_MS),
        pong_timeout: Duration::from_millis(PONG_TIMEOUT_MS),
        stale_timeout: Duration::from_millis(STALE_TIMEOUT_MS),
        expiry_grace: Duration::from_secs(25),
        command_timeout: Duration::from_secs(4),
        commands_waiting_max: 8,
        channels_max: 16,
        // Half of it bounds a recovery.
        queue_bytes_max: 2 * RECOVERY_BYTES_MAX,
        recovery_items_max: RECOVERY_ITEMS_MAX,
        joining_bytes_max: 900,
        position_check_interval: Duration::from_secs(2),
        version: "simulated",
    }
}

fn namespaces() -> Namespaces {
    let everybody = Allowed { client: true, subscriber: true, anonymous: true };
    let keep = Retention { size: ITEMS_KEPT, ttl: Duration::from_secs(3_600), meta_ttl: META_TTL };
    let history = |recovery, positioning| History { keep, read: everybody, recovery, positioning };
    let open = Namespace { subscribe: everybody, publish: everybody, ..Namespace::default() };
    let sociable = Namespace {
        presence: Some(everybody),
        join_leave: true,
        force_push_join_leave: true,
        ..open.clone()
    };
    let named = BTreeMap::from([
        (
            "log".to_owned(),
            Namespace { history: Some(history(Wanted::Always, Wanted::Off)), ..sociable.clone() },
        ),
        ("pos".to_owned(), Namespace { history: Some(history(Wanted::Off, Wanted::Always)), ..open.clone() }),
        ("now".to_owned(), Namespace { force_push_join_leave: false, ..sociable }),
        (
            "any".to_owned(),
            Namespace { history: Some(history(Wanted::OnRequest, Wanted::OnRequest)), ..open },
        ),
    ]);
    Namespaces { nameless: None, named }
}
