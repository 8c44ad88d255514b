//! The settings under which a world runs: small bounds, so that they are reached.

use std::time::Duration;

use ports::channels::{Epoch, Retention};
use ports::protocol::Recovery;
use wigwag_core::Settings;
use wigwag_core::channels::{Allowed, History, META_TTL, Namespace, Namespaces, RecoveryMode, Wanted};
use wigwag_core::settings::{Hooking, PersonalChannel};

/// The channels of each tenant. What is in force where: recovery on `log`, positions only on `pos`, no stream on
/// `now`, a stream that nobody has to track on `any`, differences on `dif`, filters on `tag`, the newest state on `cur`,
/// and `ord`, which clients never want of their own accord.
pub(super) const CHANNELS: [&str; 8] =
    ["log:1", "pos:1", "now:1", "any:1", "dif:1", "tag:1", "cur:1", ORDERED];
/// The channels to which tokens may subscribe their connections.
pub(super) const GRANTS: [&[&str]; 5] =
    [&[], &[], &["log:1"], &["log:1", "pos:1", "now:1"], &["cur:1", "dif:1"]];
/// The channel that only the application subscribes connections to.
pub(super) const ORDERED: &str = "ord:1";
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
pub(super) const EXPIRY_GRACE_MS: u64 = 2_000;
/// The namespace of personal channels.
pub(super) const PERSONAL: &str = "me";

/// Where filters may be had.
pub(super) const FILTERED: [&str; 2] = ["tag:1", "cur:1"];
/// Where differences may be had.
pub(super) const DIFFERENT: [&str; 2] = ["dif:1", "cur:1"];
/// Where the newest state is all there is to recover, and comes with every subscription.
pub(super) const CURRENT: &str = "cur:1";

/// Where a subscription really continues from.
pub(super) fn effective_wish(channel: &str, wish: Option<Recovery>) -> Option<Recovery> {
    let newest = || Recovery { offset: 0, epoch: Epoch::new("") };
    wish.or_else(|| (channel == CURRENT).then(newest))
}

pub(super) fn personal_channel(user: &str) -> String {
    format!("{PERSONAL}:#{user}")
}

pub(super) fn settings(personal_channel: Option<PersonalChannel>) -> Settings {
    Settings {
        namespaces: namespaces(),
        insecure: false,
        anonymous: false,
        anonymous_tokens: true,
        ping_interval: Duration::from_millis(PING_INTERVAL_MS),
        pong_timeout: Duration::from_millis(PONG_TIMEOUT_MS),
        stale_timeout: Duration::from_millis(STALE_TIMEOUT_MS),
        expiry_grace: Duration::from_millis(EXPIRY_GRACE_MS),
        command_timeout: Duration::from_secs(4),
        commands_waiting_max: 8,
        channels_max: 16,
        user_connections_max: 0,
        errors_max: 0,
        personal_channel,
        hooks: Hooking::default(),
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
    let history = |recovery, positioning| History {
        keep,
        read: everybody,
        recovery,
        positioning,
        mode: RecoveryMode::Stream,
    };
    let open = Namespace { subscribe: everybody, publish: everybody, ..Namespace::default() };
    let sociable = Namespace {
        presence: Some(everybody),
        join_leave: true,
        force_push_join_leave: true,
        ..open.clone()
    };
    let recovering = Namespace { history: Some(history(Wanted::Always, Wanted::Off)), ..open.clone() };
    let newest = RecoveryMode::Cache { on_subscribe: true };
    let current = History { mode: newest, ..history(Wanted::Always, Wanted::Off) };
    let named = [
        ("log", Namespace { history: recovering.history.clone(), ..sociable.clone() }),
        ("pos", Namespace { history: Some(history(Wanted::Off, Wanted::Always)), ..open.clone() }),
        ("now", Namespace { force_push_join_leave: false, ..sociable }),
        ("any", Namespace { history: Some(history(Wanted::OnRequest, Wanted::OnRequest)), ..open.clone() }),
        ("dif", Namespace { delta: true, ..recovering.clone() }),
        ("tag", Namespace { tags_filter: true, ..recovering.clone() }),
        ("cur", Namespace { history: Some(current), delta: true, tags_filter: true, ..open.clone() }),
        ("ord", recovering),
        (PERSONAL, Namespace { user_limited: true, ..open }),
    ];
    Namespaces { nameless: None, named: named.map(|(name, options)| (name.to_owned(), options)).into() }
}
