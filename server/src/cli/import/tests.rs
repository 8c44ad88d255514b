//! Values, keys and files that need some care.

use serde_json::{Value, json};

use super::*;

fn import(old: &Value) -> Imported {
    translated(&Old::new(old))
}

/// Enough for all addresses to be listened on.
fn keys() -> Value {
    json!({ "token_hmac_secret_key": "s", "api_key": "k", "allowed_origins": ["https://app.example.com"] })
}

fn with(more: &Value) -> Imported {
    let mut all = keys();
    let both = all.as_object_mut().zip(more.as_object());
    let (all_keys, more) = both.unwrap();
    all_keys.extend(more.clone());
    import(&all)
}

#[test]
fn times_are_written_in_the_largest_whole_unit() {
    let cases = [
        (json!("60s"), Some("\"1m\"")),
        (json!("1h30m"), Some("\"90m\"")),
        (json!("1.5s"), Some("\"1500ms\"")),
        (json!("0.1s"), Some("\"100ms\"")),
        (json!("720h"), Some("\"30d\"")),
        (json!("0"), Some("\"0s\"")),
        (json!(2_000_000_000_u64), Some("\"2s\"")),
        (json!("2000us"), Some("\"2ms\"")),
        (json!("1us"), None),
        (json!("-1s"), None),
        (json!("soon"), None),
        (json!(true), None),
    ];
    for (value, expected) in cases {
        let written = Form::Duration.write(&value).ok().flatten();
        assert_eq!(written.as_deref(), expected, "{value}");
    }
}

#[test]
fn texts_are_one_line_of_toml_whatever_is_in_them() {
    for text in ["plain", "-----BEGIN\nPUBLIC\n", "quote \" back \\ tab\t", "ü\u{7f}\u{1}"] {
        let line = format!("a = {}", form::quoted(text));

        assert_eq!(line.lines().count(), 1);
        let table: toml::Table = toml::from_str(&line).unwrap();
        assert_eq!(table["a"].as_str(), Some(text));
    }
}

#[test]
fn rows_are_there_once_and_name_settings_that_exist() {
    let config = crate::config::Config::load(Some(Path::new("/dev/null")), std::iter::empty()).ok().unwrap();
    let all: Vec<String> = config.effective().into_iter().map(|one| one.setting).collect();
    let mut names = std::collections::BTreeSet::new();
    for (five, six, to) in ROWS {
        names.extend([format!("5 {five}"), format!("6 {six}")]);
        if let To::Setting(section, key, _) = to {
            let setting = format!("{}.{key}", section.trim_start_matches("subscription_"));
            assert!(all.contains(&setting), "{setting}");
        }
    }
    assert_eq!(names.len(), ROWS.len() * 2);
    for (key, _) in CHANNEL {
        assert!(all.contains(&format!("channel.{key}")), "channel.{key}");
    }
}

#[test]
fn node_stays_on_its_machine_as_long_as_it_is_not_safe_elsewhere() {
    let imported = import(&json!({ "token_hmac_secret_key": "s" }));

    assert!(!imported.toml.contains("\nlisten"), "{}", imported.toml);
    let [left] = imported.left.as_slice() else { panic!("{:?}", imported.left) };
    assert!(left.contains("0.0.0.0:8000 can be reached from other machines; write key"), "{left}");
    assert!(with(&json!({})).toml.contains("listen = \"0.0.0.0:8000\""));
}

#[test]
fn subscription_tokens_of_their_own_count_only_if_switched_on() {
    let off = with(&json!({ "subscription_token_hmac_secret_key": "other" }));
    let on = with(&json!({
        "separate_subscription_token_config": true, "subscription_token_hmac_secret_key": "other" }));

    assert!(!off.toml.contains("[subscription_token]") && off.left.is_empty());
    assert!(on.toml.contains("[subscription_token]\nhmac_secret = \"other\"\n") && on.left.is_empty());
}

#[test]
fn proxies_by_name_become_endpoints() {
    let imported = with(&json!({
        "granular_proxy_mode": true,
        "proxies": [
            { "name": "one", "endpoint": "https://a.example/one", "timeout": "500ms" },
            { "name": "two", "endpoint": "https://a.example/two" }],
        "connect_proxy_name": "one",
        "namespaces": [
            { "name": "chat", "subscribe_proxy_name": "one" },
            { "name": "news", "subscribe_proxy_name": "two" },
            { "name": "lost", "publish_proxy_name": "three" }],
    }));

    let toml = &imported.toml;
    assert!(toml.contains("connect = true") && toml.contains("timeout = \"500ms\""), "{toml}");
    assert!(toml.contains("subscribe_endpoint = \"https://a.example/one\""), "{toml}");
    let left = imported.left.join("\n");
    assert!(
        left.contains("namespaces.news.subscribe_proxy_name, proxy two, endpoint: subscribe_endpoint is"),
        "{left}"
    );
    assert!(left.contains("namespaces.lost.publish_proxy_name: names a proxy that is not there"), "{left}");
    assert!(left.contains("namespace.lost.proxy_publish: nobody is there to be asked"), "{left}");
}

#[test]
fn what_is_unknown_is_told_by_name_and_never_by_value() {
    let imported = with(&json!({
        "wibble": { "wobble": "canary" }, "ping_interval": "canary", "license": "canary",
        "namespaces": [{ "name": "a\nb" }], "log_level": ["canary"] }));

    let left = imported.left.join("\n");
    assert!(left.contains("wibble.wobble: is not known here; remove it"), "{left}");
    assert!(left.contains("ping_interval: is no time that can be written here"), "{left}");
    assert!(!imported.toml.contains("canary") && !left.contains("canary"), "{}", imported.toml);
    assert_eq!(left.lines().count(), imported.left.len());
}

#[test]
fn section_without_what_keeps_people_out_is_left_out_as_a_whole() {
    let imported = with(&json!({
        "token_issuer_regex": "[", "namespaces": [
            { "name": "strict", "allow_subscribe_for_client": true, "channel_regex": "[" },
            { "name": "open", "allow_subscribe_for_client": true }] }));

    assert!(
        !imported.toml.contains("\n[token]") && !imported.toml.contains("\"strict\""),
        "{}",
        imported.toml
    );
    assert!(imported.toml.contains("name = \"open\""), "{}", imported.toml);
    let left = imported.left.join("\n");
    assert!(
        left.contains("namespaces.strict.channel_regex: ") && left.contains("token_issuer_regex: "),
        "{left}"
    );
    assert_eq!(left.matches("more would be allowed").count(), 2, "{left}");
}
