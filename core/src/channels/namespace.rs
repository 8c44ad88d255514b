//! Namespaces: the options of channels, found by name, and who may do what in them.

use std::collections::BTreeMap;
use std::time::Duration;

use ports::access::Overrides;
use ports::channels::{ChannelName, Retention};
use ports::ids::UserId;
use ports::protocol::ErrorCode;

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
    /// A `#` in a name limits who may subscribe (P-CH-4).
    pub user_limited: bool,
    /// What names must look like, if anything (P-CH-5).
    pub names: Option<NamePattern>,
    /// Subscribers may ask for deltas (P-DL-1).
    pub delta: bool,
    /// Every publication is sent as a delta to those who get deltas (P-DL-2).
    pub delta_publish: bool,
    /// Subscribers may filter by tags.
    pub tags_filter: bool,
    /// What the application's back end decides.
    pub hooks: ChannelHooks,
}

/// Which questions about a channel go to the application's back end (P section 19).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelHooks {
    /// Whether a client without a token may subscribe.
    pub subscribe: bool,
    /// Whether a subscription that it allowed goes on when it expires.
    pub sub_refresh: bool,
    /// Whether a client may publish, and what becomes of it.
    pub publish: bool,
}

/// A regular expression that names have to match.
#[derive(Clone, Debug)]
pub struct NamePattern(regex::Regex);

impl NamePattern {
    /// Most bytes a compiled expression may take.
    const BYTES_MAX: usize = 1 << 20;

    /// The pattern a text spells, or why it spells none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let built = regex::RegexBuilder::new(text).size_limit(Self::BYTES_MAX).build();
        built.map(Self).map_err(|error| error.to_string())
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }

    /// Whether a name matches.
    pub fn fits(&self, channel: &ChannelName) -> bool {
        self.0.is_match(channel.as_str())
    }
}

impl PartialEq for NamePattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for NamePattern {}

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
    /// What recovering means.
    pub mode: RecoveryMode,
}

/// What a client gets that recovers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecoveryMode {
    /// Everything it missed (P 12.3).
    #[default]
    Stream,
    /// The latest publication only (P 12.6).
    Cache {
        /// Also with a first subscribe (P-CACHE-5).
        on_subscribe: bool,
    },
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
    /// The options that hold for a channel, or why it cannot be used: there is no such namespace (102), or the name does
    /// not fit (107).
    pub fn find(&self, channel: &ChannelName) -> Result<&Namespace, ErrorCode> {
        let namespace = self.of(channel).ok_or(ErrorCode::UnknownChannel)?;
        let fits = namespace.names.as_ref().is_none_or(|names| names.fits(channel));
        if fits { Ok(namespace) } else { Err(ErrorCode::BadRequest) }
    }

    /// The options that hold for a channel, whatever its name looks like.
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

    /// Whether recovering means getting the latest publication (P 12.6).
    pub fn is_cache(&self) -> bool {
        self.history.as_ref().is_some_and(|history| matches!(history.mode, RecoveryMode::Cache { .. }))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn with_history(recovery: Wanted, positioning: Wanted) -> Namespace {
        let keep = Retention { size: 10, ttl: Duration::from_secs(60), meta_ttl: META_TTL };
        let history =
            History { keep, read: Allowed::NOBODY, recovery, positioning, mode: RecoveryMode::Stream };
        Namespace { history: Some(history), ..Namespace::default() }
    }

    /// What a client gets that asks for recovery, for positioning, and may or may not read the stream.
    fn gets(
        namespace: &Namespace,
        recoverable: bool,
        positioned: bool,
        may_read_history: bool,
    ) -> (bool, bool) {
        let features = namespace.features(Some(Asked { recoverable, positioned, may_read_history }));
        (features.recoverable, features.positioned)
    }

    #[test]
    fn a_channel_belongs_to_the_namespace_before_its_first_colon() {
        let news = Namespace { join_leave: true, ..Namespace::default() };
        let namespaces = Namespaces {
            nameless: Some(Namespace::default()),
            named: [("news".to_owned(), news.clone())].into(),
        };
        let of = |raw| namespaces.of(&ChannelName::parse(raw).unwrap());

        assert_eq!(of("news:a:b"), Some(&news)); // P-CH-2
        assert_eq!(of("$news:a"), Some(&news));
        assert_eq!(of("news"), Some(&Namespace::default()));
        assert_eq!(of("other:a"), None);
        assert_eq!(of(":a"), None);
        assert_eq!(of("$:a"), None);
    }

    #[test]
    fn without_a_nameless_namespace_its_channels_are_unknown() {
        let channel = ChannelName::parse("a").unwrap();

        assert_eq!(Namespaces::default().of(&channel), None);
    }

    #[test]
    fn forced_features_are_given_without_asking_and_recovery_brings_positioning() {
        let recovering = with_history(Wanted::Always, Wanted::Off);
        let positioned = with_history(Wanted::Off, Wanted::Always);

        assert_eq!(gets(&recovering, false, false, false), (true, true));
        assert_eq!(gets(&positioned, true, true, false), (false, true));
        assert!(recovering.features(None).recoverable);
        assert!(positioned.features(None).positioned);
    }

    #[test]
    fn features_on_request_are_given_to_those_who_ask() {
        let namespace = with_history(Wanted::OnRequest, Wanted::OnRequest);

        assert_eq!(gets(&namespace, false, false, true), (false, false));
        assert_eq!(gets(&namespace, true, false, false), (true, true));
        assert_eq!(gets(&namespace, false, true, false), (false, true));
        assert!(!namespace.features(None).recoverable);
    }

    #[test]
    fn features_that_are_off_are_given_to_those_who_may_read_the_stream_and_ask() {
        let namespace = with_history(Wanted::Off, Wanted::Off);

        assert_eq!(gets(&namespace, true, true, false), (false, false));
        assert_eq!(gets(&namespace, true, false, true), (true, true));
        assert_eq!(gets(&namespace, false, true, true), (false, true));
        assert_eq!(gets(&namespace, false, false, true), (false, false));
    }

    #[test]
    fn without_a_stream_there_are_no_features() {
        let none = Features { stream: None, recoverable: false, positioned: false };
        let asked = Asked { recoverable: true, positioned: true, may_read_history: true };

        assert_eq!(Namespace::default().features(Some(asked)), none);
    }

    #[test]
    fn a_token_overrides_single_options_and_leaves_the_others() {
        let mut namespace = with_history(Wanted::Always, Wanted::OnRequest);
        namespace.presence = Some(Allowed { client: true, ..Allowed::NOBODY });
        namespace.join_leave = true;

        assert_eq!(namespace.overridden(Overrides::default()), namespace);
        let changed = namespace.overridden(Overrides {
            presence: Some(false),
            join_leave: Some(false),
            force_push_join_leave: Some(true),
            force_recovery: Some(false),
            force_positioning: Some(true),
        });

        assert_eq!(changed.presence, None);
        assert!(!changed.join_leave && changed.force_push_join_leave);
        let history = changed.history.unwrap();
        assert_eq!((history.recovery, history.positioning), (Wanted::Off, Wanted::Always));
    }

    #[test]
    fn presence_that_a_token_switches_on_may_be_read_by_nobody_unless_the_namespace_says_so() {
        let on = Overrides { presence: Some(true), ..Overrides::default() };
        let clients = Some(Allowed { client: true, ..Allowed::NOBODY });
        let open = Namespace { presence: clients, ..Namespace::default() };

        assert_eq!(Namespace::default().overridden(on).presence, Some(Allowed::NOBODY));
        assert_eq!(open.overridden(on).presence, clients);
    }

    #[test]
    fn a_token_cannot_make_a_stream() {
        let forced = Overrides { force_recovery: Some(true), ..Overrides::default() };

        assert_eq!(Namespace::default().overridden(forced).history, None);
    }
}
