//! Namespaces: the options of channels, found by name, and who may do what in them.

use std::collections::BTreeMap;
use std::time::Duration;

use ports::access::Overrides;
use ports::channels::{ChannelName, Retention};
use ports::ids::UserId;

/// The options of all channels that share a name prefix (P section 6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Who may subscribe without a token.
    pub subscribe: Allowed,
    /// Who may publish from a connection.
    pub publish: Allowed,
    /// Whether presence is kept, and who may read it.
    pub presence: Option<Allowed>,
    /// Whether joins and leaves are produced.
    pub join_leave: bool,
    /// Whether they are delivered without the client asking.
    pub force_push_join_leave: bool,
    /// The stream, if the channels have one.
    pub history: Option<History>,
}

/// The stream of a namespace's channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// How long it remembers.
    pub keep: Retention,
    /// Who may read it.
    pub read: Allowed,
    /// Whether subscriptions recover.
    pub recovery: Wanted,
    /// Whether subscriptions track their position.
    pub positioning: Wanted,
}

/// Which parties have a permission; all that hold are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Connections of a known user.
    pub client: bool,
    /// Connections that are subscribed to the channel.
    pub subscriber: bool,
    /// Connections of the anonymous user.
    pub anonymous: bool,
}

impl Allowed {
    /// Nobody.
    pub const NOBODY: Self = Self { client: false, subscriber: false, anonymous: false };

    /// Whether a user may, given whether this connection is subscribed.
    pub fn covers(self, user: &UserId, subscribed: bool) -> bool {
        (self.subscriber && subscribed) || if user.is_anonymous() { self.anonymous } else { self.client }
    }
}

/// When a feature of a stream is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Never, unless the client may read the history anyway and asks.
    #[default]
    Off,
    /// If the client asks.
    OnRequest,
    /// Always.
    Always,
}

/// All namespaces of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Options of channels without a prefix; `None` makes such channels unknown.
    pub nameless: Option<Namespace>,
    /// Options by prefix.
    pub named: BTreeMap<String, Namespace>,
}

impl Namespaces {
    /// The options that hold for a channel; `None` is error 102.
    pub fn of(&self, channel: &ChannelName) -> Option<&Namespace> {
        match channel.namespace() {
            None => self.nameless.as_ref(),
            Some(name) => self.named.get(name),
        }
    }
}

/// What a client asks of a stream, and whether it might read it anyway.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// It wants recovery.
    pub recoverable: bool,
    /// It wants its position tracked.
    pub positioned: bool,
    /// It may read the stream.
    pub may_read_history: bool,
}

/// What a subscription gets of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// The stream, if there is one.
    pub stream: Option<Retention>,
    /// It recovers.
    pub recoverable: bool,
    /// Its position is tracked.
    pub positioned: bool,
}

impl Namespace {
    /// What a subscription gets: what is forced, and what is asked for and allowed or readable anyway (P 7.1).
    pub fn features(&self, asked: Option<Asked>) -> Features {
        let Some(history) = &self.history else {
            return Features { stream: None, recoverable: false, positioned: false };
        };
        let gets = |wanted: Wanted, asks: fn(&Asked) -> bool| match wanted {
            Wanted::Always => true,
            Wanted::OnRequest => asked.as_ref().is_some_and(asks),
            Wanted::Off => asked.as_ref().is_some_and(|asked| asks(asked) && asked.may_read_history),
        };
        let recoverable = gets(history.recovery, |asked| asked.recoverable);
        let positioned = recoverable || gets(history.positioning, |asked| asked.positioned);
        Features { stream: Some(history.keep), recoverable, positioned }
    }

    /// The options as a token changes them for one subscription.
    pub fn overridden(&self, by: Overrides) -> Self {
        let mut options = self.clone();
        if let Some(presence) = by.presence {
            options.presence = presence.then(|| self.presence.unwrap_or_default());
        }
        options.join_leave = by.join_leave.unwrap_or(self.join_leave);
        options.force_push_join_leave = by.force_push_join_leave.unwrap_or(self.force_push_join_leave);
        if let Some(history) = &mut options.history {
            history.recovery = forced(by.force_recovery, history.recovery);
            history.positioning = forced(by.force_positioning, history.positioning);
        }
        options
    }
}

fn forced(by: Option<bool>, own: Wanted) -> Wanted {
    match by {
        None => own,
        Some(true) => Wanted::Always,
        Some(false) => Wanted::Off,
    }
}

/// Longest time a stream's position outlives its last use, unless a namespace says otherwise (P-ST-3).
pub const META_TTL: Duration = Duration::from_secs(30 * 24 * 3600);
