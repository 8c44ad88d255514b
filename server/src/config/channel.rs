//! `[channel]` and `[[namespace]]`: what channels can do and who may do it.

use std::time::Duration;

use wigwag_core::channels::{META_TTL, NamePattern};

use super::section::section;

section! {
    /// What channels can do and who may do it, see [P 6](protocol.md). `[channel]` is for names without a colon. Each
    /// `[[namespace]]` begins with its `name`, two or more letters, digits, `-` or `_`, and is for channels whose names begin
    /// with that and a colon. It has the same keys, and takes nothing over from `[channel]`.
    Channel {
        /// Known users may subscribe without a subscription token.
        allow_subscribe_for_client: bool = false;
        /// The anonymous user may subscribe without a subscription token.
        allow_subscribe_for_anonymous: bool = false;
        /// A `#` in a name limits it to the users named after it, separated by commas.
        allow_user_limited_channels: bool = false;
        /// Regular expression that names must match; any name will do if empty.
        channel_regex: Option<NamePattern> = None, like "\"^[a-z0-9:]+$\"";
        /// The back end decides who may subscribe without a subscription token, see `[hooks]`.
        proxy_subscribe: bool = false;
        /// The back end decides whether a subscription goes on that it allowed and that has expired. Needs
        /// `proxy_subscribe`.
        proxy_sub_refresh: bool = false;
        /// The back end decides who may publish, and what.
        proxy_publish: bool = false;
        /// Known users may publish.
        allow_publish_for_client: bool = false;
        /// Connections that are subscribed may publish.
        allow_publish_for_subscriber: bool = false;
        /// The anonymous user may publish.
        allow_publish_for_anonymous: bool = false;
        /// Keeps track of who is in a channel.
        presence: bool = false;
        /// Known users may read presence.
        allow_presence_for_client: bool = false;
        /// Connections that are subscribed may read presence.
        allow_presence_for_subscriber: bool = false;
        /// The anonymous user may read presence.
        allow_presence_for_anonymous: bool = false;
        /// Announces who comes and goes.
        join_leave: bool = false;
        /// Delivers joins and leaves to clients that did not ask for them. Needs `join_leave`.
        force_push_join_leave: bool = false;
        /// Most publications kept for each channel; 0 keeps none.
        history_size: usize = 0;
        /// How long a publication is kept; 0 keeps none.
        history_ttl: Duration = Duration::ZERO;
        /// How long the position of a stream outlives its last use.
        history_meta_ttl: Duration = META_TTL;
        /// Known users may read history.
        allow_history_for_client: bool = false;
        /// Connections that are subscribed may read history.
        allow_history_for_subscriber: bool = false;
        /// The anonymous user may read history.
        allow_history_for_anonymous: bool = false;
        /// Subscriptions recover what they missed. This and the next five need history.
        force_recovery: bool = false;
        /// Subscriptions recover what they missed if the client asks.
        allow_recovery: bool = false;
        /// What those get that recover: `stream`, everything they missed, or `cache`, the latest publication.
        force_recovery_mode: RecoveryKind = RecoveryKind::Stream;
        /// Those that subscribe for the first time get the latest publication as well. Needs the mode
        /// `cache`.
        cache_on_subscribe: bool = false;
        /// Subscriptions track their position and notice losses.
        force_positioning: bool = false;
        /// Subscriptions track their position if the client asks.
        allow_positioning: bool = false;
        /// How publications may be sent as differences to those before them: `fossil`.
        allowed_delta_types: Vec<DeltaType> = Vec::new(), like "[\"fossil\"]";
        /// Every publication is sent as a difference, not only those whose publisher asks for it. Needs
        /// `allowed_delta_types`.
        delta_publish: bool = false;
        /// Subscribers may filter by tags.
        allow_tags_filter: bool = false;
    }
}

/// What recovering means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryKind {
    /// Everything that was missed.
    Stream,
    /// The latest publication.
    Cache,
}

/// How differences are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaType {
    /// As the fossil version control system does.
    Fossil,
}

/// A namespace: the options of all channels whose names begin with its name and a colon.
#[derive(Clone)]
pub struct Namespace {
    /// The text before the first colon: two or more letters, digits, `-` or `_`.
    pub name: String,
    /// The options.
    pub options: Channel,
}

impl Namespace {
    /// The namespace of a node that nobody has configured: shows everything to whoever has a token.
    pub(super) fn demo() -> Self {
        let options = Channel {
            allow_subscribe_for_client: true,
            allow_publish_for_subscriber: true,
            presence: true,
            allow_presence_for_subscriber: true,
            join_leave: true,
            force_push_join_leave: true,
            history_size: 1_000,
            history_ttl: Duration::from_secs(3_600),
            allow_history_for_subscriber: true,
            force_recovery: true,
            ..Channel::default()
        };
        Self { name: "demo".to_owned(), options }
    }
}
