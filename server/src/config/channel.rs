//! `[channel]` and `[[namespace]]`: what channels can do and who may do it.

use std::time::Duration;

use wigwag_core::channels::META_TTL;

use super::section::section;

section! {
    /// Options of the channels of one namespace. Everything is off unless it is switched on.
    Channel {
        /// Known users may subscribe without a subscription token.
        allow_subscribe_for_client: bool = false;
        /// The anonymous user may subscribe without a subscription token.
        allow_subscribe_for_anonymous: bool = false;
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
        /// Delivers joins and leaves to clients that did not ask for them.
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
        /// Subscriptions recover what they missed.
        force_recovery: bool = false;
        /// Subscriptions recover what they missed if the client asks.
        allow_recovery: bool = false;
        /// Subscriptions track their position and notice losses.
        force_positioning: bool = false;
        /// Subscriptions track their position if the client asks.
        allow_positioning: bool = false;
    }
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
