//! How bad things are.

use crate::rng::Rng;

/// How often things go wrong, in thousandths.
#[derive(Clone, Debug, Default)]
pub(super) struct Weather {
    /// The wire loses an event.
    pub(super) wire_loss: u64,
    /// The wire brings an event twice.
    pub(super) wire_double: u64,
    /// The wire takes seconds.
    pub(super) wire_slow: u64,
    /// A call to a port fails before anything came of it.
    pub(super) call_failed: u64,
    /// A call fails, but it was done.
    pub(super) answer_failed: u64,
    /// A call never comes back, whether it was done or not.
    pub(super) call_hangs: u64,
    /// A call takes seconds.
    pub(super) call_slow: u64,
    /// Time between two pieces of mischief.
    pub(super) mischief_ms: u64,
}

impl Weather {
    /// Bad in a manner of its own: each kind of trouble may be absent, rare or frequent.
    pub(super) fn chaotic(rng: &mut Rng) -> Self {
        let mut draw = |rare: u64, frequent: u64| match rng.below(3) {
            0 => 0,
            1 => rare,
            _ => frequent,
        };
        Self {
            wire_loss: draw(10, 150),
            wire_double: draw(20, 100),
            wire_slow: draw(10, 60),
            call_failed: draw(10, 60),
            answer_failed: draw(5, 40),
            call_hangs: draw(3, 25),
            call_slow: draw(10, 60),
            mischief_ms: 700 + draw(800, 3_000),
        }
    }

    /// Nothing goes wrong.
    pub(super) fn calm() -> Self {
        Self { mischief_ms: u64::MAX, ..Self::default() }
    }
}

/// A world that is broken on purpose, to see whether anybody notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing is.
    #[default]
    None,
    /// The wire lets events overtake each other.
    ReorderingWire,
    /// The broker loses items and goes on in the same epoch.
    ReusedEpoch,
    /// Sockets bring some events twice.
    DoubledDelivery,
    /// Sockets lose some events.
    SwallowedDelivery,
    /// The performer claims to have cleaned up.
    ForgottenFarewell,
    /// The wire puts some events under another tenant's address.
    CrossedTenants,
    /// Shards are not told that time passes.
    StoppedWatch,
    /// Streams are read from a copy that lags behind.
    LaggingReads,
    /// Differences are to the publication before the one that was sent last.
    StaleBase,
    /// Some of what passes a filter is withheld.
    OverzealousFilter,
    /// What is recovered of a channel's state is the one before the newest.
    StaleState,
    /// A node does not pass on some orders.
    LostOrders,
    /// Shards overhear some orders.
    DeafShards,
    /// Somebody keeps an order for ever.
    HoardedOrders,
    /// Connections are not told that the application has unsubscribed them, and get more.
    UntoldUnsubscribe,
}
