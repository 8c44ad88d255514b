//! `wigwag import-config` with configurations as people have them: what comes out is accepted.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the binary in a directory of its own.
fn run(home: &Path, arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("wigwag-in-test");
    Command::new(program).args(arguments).current_dir(home).env_clear().output().unwrap()
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import_config").join(name)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Imports a sample, has the result checked, and returns it with what was said of the rest.
#[track_caller]
fn import(name: &str) -> (String, String) {
    let home = tempfile::tempdir().unwrap();
    let file = sample(name).display().to_string();
    let imported = run(home.path(), &["import-config", &file]);
    assert_eq!(imported.status.code(), Some(0), "{name}");
    let (toml, left) = (text(&imported.stdout), text(&imported.stderr));
    std::fs::write(home.path().join("wigwag.toml"), &toml).unwrap();

    let checked = run(home.path(), &["check", "--listen", "127.0.0.1:0"]);

    assert_eq!(checked.status.code(), Some(0), "{name}: {}\n{toml}", text(&checked.stdout));
    let strict = run(home.path(), &["import-config", &file, "--strict"]);
    let expected = if left.is_empty() { 0 } else { 1 };
    assert_eq!((strict.status.code(), text(&strict.stdout)), (Some(expected), toml.clone()), "{name}");
    for line in left.lines() {
        let comment = format!("# - {}", line.strip_prefix("not taken over: ").unwrap());
        assert!(toml.contains(&comment), "{comment} is not in the file");
    }
    assert!(!left.contains("secret-5a2d8e0471") && !left.contains("canary"), "{left}");
    (toml, left)
}

#[track_caller]
fn has(toml: &str, lines: &[&str]) {
    for line in lines {
        assert!(toml.lines().any(|one| one == *line), "no line {line} in\n{toml}");
    }
}

#[test]
fn flat_configuration_of_version_5_becomes_a_file_that_is_accepted() {
    let (toml, left) = import("flat.json");

    has(
        &toml,
        &[
            "listen = \"127.0.0.1:8000\"",
            "allowed_origins = [\"https://app.example.com\", \"https://*.example.com\"]",
            "log = \"warn\"",
            "drain_time = \"15s\"",
            "connections_max = 100",
            "hmac_secret = \"3f1c9b7e-flat-token-secret-5a2d8e0471\"",
            "key = \"9d2e6a4b-flat-api-key-c7f1038b5e\"",
            "anonymous = true",
            "anonymous_tokens = false",
            "ping_interval = \"20s\"",
            "pong_timeout = \"5s\"",
            "stale_timeout = \"90s\"",
            "expiry_grace = \"25s\"",
            "channels_max = 256",
            "queue_bytes_max = \"2 MiB\"",
            "frame_bytes_max = 100000",
            "user_connections_max = 5",
            "personal_channel = true",
            "personal_channel_namespace = \"own\"",
            "connect = true",
            "connect_endpoint = \"http://10.0.0.5:3000/connect\"",
            "rpc = true",
            "allowed_hosts = [\"10.0.0.5\"]",
            "headers = [\"cookie\", \"authorization\"]",
            "timeout = \"2s\"",
            "history_meta_ttl = \"1d\"",
            "history_ttl = \"90m\"",
            "history_meta_ttl = \"2d\"",
        ],
    );
    assert!(!toml.contains("canary"), "{toml}");
    for told in [
        "engine: one process keeps everything in memory",
        "redis_address: one process",
        "admin_password: there is no admin page",
        "proxy_rpc_timeout: hooks have one timeout",
        "namespace with.dot: namespace.name: \"with.dot\" is no name",
        "namespaces.idle.force_push_join_leave: namespace.idle.force_push_join_leave: needs joins and leaves",
        "namespaces.idle.keep_latest_publication: channels have no such option",
    ] {
        assert!(left.contains(told), "no {told} in\n{left}");
    }
}

#[test]
fn nested_configuration_of_version_6_becomes_a_file_that_is_accepted() {
    let (toml, left) = import("nested.yaml");

    has(
        &toml,
        &[
            "listen = \"0.0.0.0:9000\"",
            "audience = \"app\"",
            "issuer_regex = \"^https://login\\\\.\"",
            "user_id_claim = \"uid\"",
            "[subscription_token]",
            "hmac_secret = \"7b0d4e92-nested-subscription-secret-e1\"",
            "expiry_grace = \"30s\"",
            "subscribe_endpoint = \"https://app.example.com/subscribe\"",
            "timeout = \"500ms\"",
            "headers = [\"x-real-ip\"]",
            "connect = false",
            "proxy_subscribe = true",
            "history_ttl = \"10m\"",
            "history_meta_ttl = \"30d\"",
            "force_recovery_mode = \"cache\"",
            "allowed_delta_types = [\"fossil\"]",
            "allow_tags_filter = true",
            "allow_user_limited_channels = true",
        ],
    );
    assert_eq!(left.lines().count(), 3, "{left}");
    for told in [
        "channel.proxy.publish.endpoint: hooks are asked over HTTP only",
        "client.connection_limit: server.connections_max: 0 is out of range",
        "websocket.compression: WebSockets are not compressed",
    ] {
        assert!(left.contains(told), "no {told} in\n{left}");
    }
}

#[test]
fn everything_understood_is_told_with_silence() {
    let (toml, left) = import("plain.toml");

    has(&toml, &["[channel]", "[[namespace]]", "name = \"chat\"", "history_ttl = \"5m\""]);
    assert_eq!(left, "");
    assert!(!toml.contains("Not taken over"));
}

#[test]
fn what_is_no_configuration_is_refused_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    for (name, content, told) in [
        ("bad.json", "{\n\"a\": ,\n}", "line 2"),
        ("bad.toml", "a = \"canary\nb = 1", "is not understood"),
        ("bad.yaml", "a: [1", "is not understood"),
        ("list.json", "[1]", "there are no keys in it"),
        ("empty.yaml", "", "there are no keys in it"),
    ] {
        std::fs::write(home.path().join(name), content).unwrap();
        let refused = run(home.path(), &["import-config", name]);
        let said = text(&refused.stderr);
        assert_eq!((refused.status.code(), said.lines().count()), (Some(2), 1), "{name}: {said}");
        assert!(said.contains(told) && refused.stdout.is_empty(), "{name}: {said}");
    }
    assert_eq!(run(home.path(), &["import-config", "missing"]).status.code(), Some(2));
}
