//! The configuration in the core's words.

use ports::channels::Retention;
use wigwag_core::Settings;
use wigwag_core::channels::{Allowed, ChannelHooks, History, Namespace, Namespaces, RecoveryMode, Wanted};
use wigwag_core::settings::PersonalChannel;

use super::{Channel, Client, Config, RecoveryKind};

impl Config {
    /// What sessions need to know.
    pub fn client_settings(&self) -> Settings {
        let client = &self.client;
        Settings {
            namespaces: self.namespaces(),
            insecure: client.insecure,
            anonymous: client.anonymous,
            anonymous_tokens: client.anonymous_tokens,
            ping_interval: client.ping_interval,
            pong_timeout: client.pong_timeout,
            stale_timeout: client.stale_timeout,
            expiry_grace: client.expiry_grace,
            channels_max: client.channels_max,
            user_connections_max: client.user_connections_max,
            errors_max: u32::try_from(client.errors_max).unwrap_or(u32::MAX),
            personal_channel: personal_channel(client),
            hooks: self.hooks.hooking(),
            queue_bytes_max: client.queue_bytes_max.bytes(),
            position_check_interval: client.position_check_interval,
            ..Settings::default()
        }
    }

    /// The same for a node that was started with another configuration: whom it asks about connections, and what it
    /// passes on, is as it was then.
    pub fn client_settings_since(&self, started: &Self) -> Settings {
        Settings { hooks: started.hooks.hooking(), ..self.client_settings() }
    }

    fn namespaces(&self) -> Namespaces {
        let named = self.namespaces.iter().map(|one| (one.name.clone(), Namespace::from(&one.options)));
        Namespaces { nameless: self.channel.as_ref().map(Namespace::from), named: named.collect() }
    }
}

fn personal_channel(client: &Client) -> Option<PersonalChannel> {
    let namespace = client.personal_channel_namespace.clone().unwrap_or_default();
    client
        .personal_channel
        .then_some(PersonalChannel { namespace, single_connection: client.single_connection })
}

impl From<&Channel> for Namespace {
    fn from(options: &Channel) -> Self {
        let presence = Allowed {
            client: options.allow_presence_for_client,
            subscriber: options.allow_presence_for_subscriber,
            anonymous: options.allow_presence_for_anonymous,
        };
        Self {
            subscribe: Allowed {
                client: options.allow_subscribe_for_client,
                subscriber: false,
                anonymous: options.allow_subscribe_for_anonymous,
            },
            publish: Allowed {
                client: options.allow_publish_for_client,
                subscriber: options.allow_publish_for_subscriber,
                anonymous: options.allow_publish_for_anonymous,
            },
            presence: options.presence.then_some(presence),
            join_leave: options.join_leave,
            force_push_join_leave: options.force_push_join_leave,
            history: history(options),
            user_limited: options.allow_user_limited_channels,
            names: options.channel_regex.clone(),
            delta: !options.allowed_delta_types.is_empty(),
            delta_publish: options.delta_publish,
            tags_filter: options.allow_tags_filter,
            hooks: ChannelHooks {
                subscribe: options.proxy_subscribe,
                sub_refresh: options.proxy_sub_refresh,
                publish: options.proxy_publish,
            },
        }
    }
}

fn history(options: &Channel) -> Option<History> {
    (options.history_size > 0).then(|| History {
        keep: Retention {
            size: options.history_size,
            ttl: options.history_ttl,
            meta_ttl: options.history_meta_ttl,
        },
        read: Allowed {
            client: options.allow_history_for_client,
            subscriber: options.allow_history_for_subscriber,
            anonymous: options.allow_history_for_anonymous,
        },
        recovery: wanted(options.force_recovery, options.allow_recovery),
        positioning: wanted(options.force_positioning, options.allow_positioning),
        mode: match options.force_recovery_mode {
            RecoveryKind::Stream => RecoveryMode::Stream,
            RecoveryKind::Cache => RecoveryMode::Cache { on_subscribe: options.cache_on_subscribe },
        },
    })
}

fn wanted(force: bool, allow: bool) -> Wanted {
    match (force, allow) {
        (true, _) => Wanted::Always,
        (false, true) => Wanted::OnRequest,
        (false, false) => Wanted::Off,
    }
}
