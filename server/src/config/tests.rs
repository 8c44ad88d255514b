//! Configurations that are good, and many that are not.

mod mutations;
mod reference;
mod refusals;
mod secrets;

use std::time::Duration;

use wigwag_core::channels::{Allowed, History, NamePattern, RecoveryMode, Wanted};
use wigwag_core::settings::PersonalChannel;

use super::*;

/// A configuration with all kinds of settings.
const GOOD: &str = r#"
[server]
listen = "0.0.0.0:9000"
data_dir = "/var/lib/wigwag"
drain_time = "1m"
shards = 4
allowed_origins = ["https://app.example.com", "https://*.example.org"]
log = "info,wigwag=debug"
log_format = "json"

[api]
key = "k"

[token]
hmac_secret = "s"
audience = ""
issuer = "app"

[client]
ping_interval = "10s"
pong_timeout = "3s"
channels_max = 1_000
frame_bytes_max = "1 MiB"
queue_bytes_max = 0x10000

[channel]
allow_subscribe_for_client = true

[[namespace]]
name = "chat"
presence = true
allow_presence_for_subscriber = true
join_leave = true
history_size = 50
history_ttl = "5m"
allow_history_for_client = true
allow_recovery = true
force_positioning = true

[[namespace]]
name = "news"
allow_publish_for_client = true
"#;

#[test]
fn good_configuration_is_read_as_it_was_written() {
    let config = read(Some(GOOD), &[]).ok().unwrap();

    assert_eq!(config.server.listen.to_string(), "0.0.0.0:9000");
    assert_eq!(config.server.data_dir, Path::new("/var/lib/wigwag"));
    assert_eq!(config.server.drain_time, Duration::from_secs(60));
    assert_eq!(config.server.shards, 4);
    assert_eq!(config.server.allowed_origins, ["https://app.example.com", "https://*.example.org"]);
    assert_eq!(config.server.connections_max, 10_000);
    assert_eq!(config.server.log_format, LogFormat::Json);
    assert_eq!(config.api.key.as_ref().map(|key| key.expose()), Some("k"));
    assert_eq!(config.token.hmac_secret.as_ref().map(|secret| secret.expose()), Some("s"));
    assert_eq!((config.token.audience, config.token.issuer), (None, Some("app".into())));
    assert_eq!(config.client.channels_max, 1_000);
    assert_eq!(config.client.frame_bytes_max, Size(1 << 20));
    assert_eq!(config.client.queue_bytes_max, Size(65_536));
    assert_eq!(config.client.stale_timeout, Duration::from_secs(10));
    assert!(!config.demo);
}

#[test]
fn settings_reach_the_core() {
    let settings = read(Some(GOOD), &[]).ok().unwrap().client_settings();

    assert_eq!(settings.ping_interval, Duration::from_secs(10));
    assert_eq!(settings.pong_timeout, Duration::from_secs(3));
    assert_eq!(settings.channels_max, 1_000);
    assert_eq!(settings.queue_bytes_max, 65_536);
    let nameless = settings.namespaces.nameless.unwrap();
    assert_eq!(nameless.subscribe, Allowed { client: true, ..Allowed::NOBODY });
    assert_eq!((nameless.publish, nameless.presence, nameless.history), (Allowed::NOBODY, None, None));
    let chat = &settings.namespaces.named["chat"];
    assert_eq!(chat.presence, Some(Allowed { subscriber: true, ..Allowed::NOBODY }));
    let History { keep, read, recovery, positioning, mode } = chat.history.clone().unwrap();
    assert_eq!(mode, RecoveryMode::Stream);
    assert_eq!((keep.size, keep.ttl), (50, Duration::from_secs(300)));
    assert_eq!(keep.meta_ttl, Duration::from_secs(720 * 3_600));
    assert_eq!(read, Allowed { client: true, ..Allowed::NOBODY });
    assert_eq!((recovery, positioning), (Wanted::OnRequest, Wanted::Always));
    assert!(settings.namespaces.named["news"].publish.client);
}

#[test]
fn channels_may_be_limited_cached_sent_as_differences_and_filtered() {
    let text = r#"
        [channel]
        allow_user_limited_channels = true
        channel_regex = "^[a-z#]+$"
        [[namespace]]
        name = "latest"
        history_size = 1
        history_ttl = "1h"
        allow_recovery = true
        force_recovery_mode = "cache"
        cache_on_subscribe = true
        allowed_delta_types = ["fossil"]
        delta_publish = true
        allow_tags_filter = true
    "#;

    let namespaces = read(Some(text), &[]).ok().unwrap().client_settings().namespaces;

    let nameless = namespaces.nameless.unwrap();
    assert!(nameless.user_limited && !nameless.delta && !nameless.delta_publish && !nameless.tags_filter);
    assert_eq!(nameless.names, NamePattern::parse("^[a-z#]+$").ok());
    let latest = &namespaces.named["latest"];
    assert!(!latest.user_limited && latest.delta && latest.delta_publish && latest.tags_filter);
    assert_eq!(latest.names, None);
    assert_eq!(latest.history.as_ref().unwrap().mode, RecoveryMode::Cache { on_subscribe: true });
}

#[test]
fn connections_may_be_counted_and_have_a_channel_of_their_own() {
    let text = r#"
        [client]
        user_connections_max = 3
        errors_max = 5
        personal_channel = true
        personal_channel_namespace = "own"
        single_connection = true
        [[namespace]]
        name = "own"
    "#;

    let settings = read(Some(text), &[]).ok().unwrap().client_settings();
    assert_eq!((settings.user_connections_max, settings.errors_max), (3, 5));
    let personal = PersonalChannel { namespace: "own".into(), single_connection: true };
    assert_eq!(settings.personal_channel, Some(personal));

    let nameless = read(Some("[client]\npersonal_channel = true\n"), &[]).ok().unwrap().client_settings();
    assert_eq!(nameless.personal_channel, Some(PersonalChannel::default()));
}

#[test]
fn defaults_are_those_of_the_core() {
    let settings = read(Some(""), &[]).ok().unwrap().client_settings();
    let core = wigwag_core::Settings::default();

    assert_eq!(settings.ping_interval, core.ping_interval);
    assert_eq!(settings.pong_timeout, core.pong_timeout);
    assert_eq!(settings.stale_timeout, core.stale_timeout);
    assert_eq!(settings.expiry_grace, core.expiry_grace);
    assert_eq!(settings.channels_max, core.channels_max);
    assert_eq!(settings.user_connections_max, core.user_connections_max);
    assert_eq!(settings.errors_max, core.errors_max);
    assert_eq!(settings.personal_channel, core.personal_channel);
    assert_eq!(settings.queue_bytes_max, core.queue_bytes_max);
    assert_eq!(settings.position_check_interval, core.position_check_interval);
}

#[test]
fn without_a_file_there_is_a_demo() {
    let config = read(None, &[("WIGWAG_SERVER__LISTEN", "127.0.0.1:1")]).ok().unwrap();

    assert!(config.demo);
    let namespaces = config.client_settings().namespaces;
    assert!(namespaces.nameless.is_none());
    let demo = &namespaces.named["demo"];
    let subscriber = Allowed { subscriber: true, ..Allowed::NOBODY };
    assert_eq!(demo.subscribe, Allowed { client: true, ..Allowed::NOBODY });
    assert_eq!((demo.publish, demo.presence), (subscriber, Some(subscriber)));
    assert!(demo.join_leave && demo.force_push_join_leave);
    let history = demo.history.as_ref().unwrap();
    assert_eq!((history.keep.size, history.keep.ttl), (1_000, Duration::from_secs(3_600)));
    assert_eq!((history.read, history.recovery), (subscriber, Wanted::Always));
}

#[test]
fn file_without_channels_leaves_nameless_ones_closed() {
    let config = read(Some("[server]\n"), &[]).ok().unwrap();

    assert!(!config.demo && config.namespaces.is_empty());
    assert_eq!(
        config.client_settings().namespaces.nameless,
        Some(wigwag_core::channels::Namespace::default())
    );
}

#[test]
fn channel_variable_ends_the_demo() {
    let config = read(None, &[("WIGWAG_CHANNEL__ALLOW_SUBSCRIBE_FOR_CLIENT", "true")]).ok().unwrap();

    assert!(!config.demo && config.namespaces.is_empty());
    assert!(config.channel.unwrap().allow_subscribe_for_client);
}

#[test]
fn variables_win_over_the_file_and_options_over_both() {
    let env = [
        ("WIGWAG_SERVER__SHARDS", "8"),
        ("WIGWAG_SERVER__ALLOWED_ORIGINS", "https://a.example, https://b.example,"),
        ("WIGWAG_CLIENT__FRAME_BYTES_MAX", "2 KiB"),
        ("WIGWAG_CLIENT__QUEUE_BYTES_MAX", "4096"),
        ("WIGWAG_CLIENT__ANONYMOUS", "true"),
        ("WIGWAG_SERVER__LISTEN", "127.0.0.1:2"),
        ("WIGWAG_CONFIG", "ignored"),
        ("WIGWAG_SERVER_PORT", "8000"),
        ("OTHER__THING", "x"),
    ];
    let given = vec![Given { option: "--listen", setting: "server.listen", value: "127.0.0.1:3".into() }];

    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let config = Config::parse(Some(("wigwag.toml", GOOD)), env, given).ok().unwrap();

    assert_eq!(config.server.shards, 8);
    assert_eq!(config.server.allowed_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(config.client.frame_bytes_max, Size(2_048));
    assert_eq!(config.client.queue_bytes_max, Size(4_096));
    assert!(config.client.anonymous);
    assert_eq!(config.server.listen.port(), 3);
}

#[test]
fn address_of_this_machine_alone_needs_nothing() {
    for address in ["127.0.0.1:8000", "127.9.9.9:1", "[::1]:8000"] {
        let text =
            format!("[server]\nlisten = {address:?}\n[client]\ninsecure = true\n[api]\ninsecure = true\n");

        assert!(read(Some(&text), &[]).is_ok(), "{address}");
    }
}

#[test]
fn houses_for_the_suites_of_the_sdks_are_good() {
    let houses = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance");

    for suite in ["python", "javascript", "go"] {
        let file = Path::new(houses).join(suite).with_extension("toml");
        let config = Config::load(Some(&file), std::iter::empty());
        let problem = config.as_ref().err().map(ToString::to_string);

        assert_eq!(problem, None);
        let config = config.ok().unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8000");
        assert!(config.verifies_tokens() && config.api.key.is_some(), "{suite}: keys of its own making");
    }
}

#[test]
fn missing_file_is_named() {
    let home = tempfile::tempdir().unwrap();

    let error =
        Config::load(Some(&home.path().join("none.toml")), std::iter::empty()).err().unwrap().to_string();

    assert!(error.contains("none.toml: cannot be read") && error.contains("--config"), "{error}");
}

fn read(text: Option<&str>, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(text.map(|text| ("wigwag.toml", text)), env, Vec::new())
}
