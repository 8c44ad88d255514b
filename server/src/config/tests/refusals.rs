//! Every mistake is answered with one line: where, which setting, what to write.

use proptest::prelude::*;

use super::super::Given;
use super::*;

/// A file and the whole line that answers it.
const FILES: &[(&str, &str)] = &[
    // Spelling.
    (
        "[channel]\nhistroy_size = 5",
        r#"wigwag.toml:2: unknown key "histroy_size" in [channel]; did you mean "history_size"?"#,
    ),
    (
        "\n\n[server]\nlisten_on = \"x\"",
        r#"wigwag.toml:4: unknown key "listen_on" in [server]; did you mean "listen"?"#,
    ),
    (
        "[[namespace]]\nname = \"chat\"\npresense = true",
        r#"wigwag.toml:3: unknown key "presense" in [[namespace]]; did you mean "presence"?"#,
    ),
    (
        "[[namespace]]\nnam = \"chat\"",
        r#"wigwag.toml:2: unknown key "nam" in [[namespace]]; did you mean "name"?"#,
    ),
    (
        "[server]\nping_interval = \"5s\"",
        r#"wigwag.toml:2: unknown key "ping_interval" in [server]; it belongs under [client]"#,
    ),
    ("[tls]\nport = 1", r#"wigwag.toml:2: unknown key "port" in [tls]; there are cert_file, key_file"#),
    ("[servr]", "wigwag.toml:1: unknown section [servr]; did you mean [server]?"),
    ("[namespaces]", "wigwag.toml:1: unknown section [namespaces]; did you mean [[namespace]]?"),
    (
        "listen = \"127.0.0.1:80\"",
        r#"wigwag.toml:1: unknown key "listen" outside a section; put it under [server]"#,
    ),
    // Shape.
    ("[server", "wigwag.toml:1: not TOML: unclosed table, expected `]`; write lines such as key = \"value\""),
    ("[server]\nshards = 1\nshards = 2", "wigwag.toml:3: \"shards\" is written twice; remove one of the two"),
    (
        "[[server]]\nlisten = \"x\"",
        "wigwag.toml:1: server is one section; write [server] on a line of its own",
    ),
    ("client = 5", "wigwag.toml:1: client is one section; write [client] on a line of its own"),
    (
        "[namespace]\nname = \"chat\"",
        "wigwag.toml:1: namespace is a list of sections; write [[namespace]] with two brackets",
    ),
    (
        "namespace = [\"chat\"]",
        "wigwag.toml:1: namespace is a list of sections; write [[namespace]] with two brackets",
    ),
    // Types.
    (
        "[server]\n\nlisten = \"80\"",
        r#"wigwag.toml:3: server.listen: "80" is not an address; write for example "127.0.0.1:8000""#,
    ),
    (
        "[server]\nlisten = 8000",
        r#"wigwag.toml:2: server.listen: 8000 is not an address; write for example "127.0.0.1:8000""#,
    ),
    (
        "[server]\nlisten = \"localhost\"",
        r#"wigwag.toml:2: server.listen: "localhost" is not an address; write for example "127.0.0.1:8000""#,
    ),
    (
        "[server]\ndata_dir = \"\"",
        r#"wigwag.toml:2: server.data_dir: "" is not a path; write for example "wigwag_data""#,
    ),
    (
        "[server]\nshards = \"four\"",
        r#"wigwag.toml:2: server.shards: "four" is not a whole number; write for example 1000, without quotes"#,
    ),
    (
        "[server]\nshards = -1",
        "wigwag.toml:2: server.shards: -1 is not a whole number; write for example 1000, without quotes",
    ),
    (
        "[server]\nconnections_max = 1.5",
        "wigwag.toml:2: server.connections_max: 1.5 is not a whole number; write for example 1000, without quotes",
    ),
    (
        "[server]\nallowed_origins = \"*\"",
        r#"wigwag.toml:2: server.allowed_origins: "*" is not a list; write for example ["a", "b"]"#,
    ),
    (
        "[server]\nallowed_origins = [1]",
        "wigwag.toml:2: server.allowed_origins: 1 is not text; write it in quotes",
    ),
    ("[server]\nlog = 3", "wigwag.toml:2: server.log: 3 is not text; write it in quotes"),
    (
        "[server]\nlog_format = \"xml\"",
        r#"wigwag.toml:2: server.log_format: "xml" is not a choice; write "text" or "json""#,
    ),
    (
        "[server]\ndrain_time = 30",
        r#"wigwag.toml:2: server.drain_time: 30 is not a duration; write for example "250ms", "30s", "5m", "1h" or "30d""#,
    ),
    (
        "[client]\npong_timeout = \"8 sec\"",
        r#"wigwag.toml:2: client.pong_timeout: "8 sec" is not a duration; write for example "250ms", "30s", "5m", "1h" or "30d""#,
    ),
    (
        "[client]\nframe_bytes_max = \"64 KB\"",
        r#"wigwag.toml:2: client.frame_bytes_max: "64 KB" is not a size; write for example "64 KiB", "1 MiB" or a number of bytes"#,
    ),
    (
        "[client]\nanonymous = \"yes\"",
        r#"wigwag.toml:2: client.anonymous: "yes" is not a switch; write true or false, without quotes"#,
    ),
    (
        "[client]\ninsecure = 1",
        "wigwag.toml:2: client.insecure: 1 is not a switch; write true or false, without quotes",
    ),
    (
        "[token]\nhmac_secret = 424242",
        "wigwag.toml:2: token.hmac_secret: this is not a secret; write text in quotes",
    ),
    (
        "[token]\nhmac_previous_until = \"soon\"",
        r#"wigwag.toml:2: token.hmac_previous_until: "soon" is not a date; write for example 2027-01-31 or 2027-01-31T12:00:00Z"#,
    ),
    ("[token]\naudience = [\"a\"]", "wigwag.toml:2: token.audience: a list is not text; write it in quotes"),
    (
        "[channel]\npresence = 2026-01-01",
        "wigwag.toml:2: channel.presence: 2026-01-01 is not a switch; write true or false, without quotes",
    ),
    (
        "[[namespace]]\nname = \"chat\"\nhistory_size = \"a\\nb\"",
        r#"wigwag.toml:3: namespace.chat.history_size: "a\nb" is not a whole number; write for example 1000, without quotes"#,
    ),
    (
        "[channel]\nforce_recovery_mode = \"log\"",
        r#"wigwag.toml:2: channel.force_recovery_mode: "log" is not a choice; write "stream" or "cache""#,
    ),
    (
        "[channel]\nallowed_delta_types = [\"fossil\", \"xdelta\"]",
        r#"wigwag.toml:2: channel.allowed_delta_types: "xdelta" is unknown; write ["fossil"], or [] for none"#,
    ),
    (
        "[channel]\nchannel_regex = \"[a-\"",
        r#"wigwag.toml:2: channel.channel_regex: "[a-" is not a regex (unclosed character class); write for example "^[a-z0-9:]+$""#,
    ),
    ("[[namespace]]\nname = 7", "wigwag.toml:2: namespace.name: 7 is not text; write it in quotes"),
    // Sense.
    (
        "[server]\nshards = 5000",
        "wigwag.toml:2: server.shards: 5000 is out of range; write a number from 0 to 1024",
    ),
    (
        "[server]\nconnections_max = 0",
        "wigwag.toml:2: server.connections_max: 0 is out of range; write a number from 1 to 1_000_000",
    ),
    (
        "[server]\nallowed_origins = [\"example.com\"]",
        r#"wigwag.toml:2: server.allowed_origins: "example.com" is not an origin; write for example "https://app.example.com", without a path, or "*""#,
    ),
    (
        "[server]\nallowed_origins = [\"https://a.b/\"]",
        r#"wigwag.toml:2: server.allowed_origins: "https://a.b/" is not an origin; write for example "https://app.example.com", without a path, or "*""#,
    ),
    (
        "[server]\nconnections_max = 9223372036854775807",
        "wigwag.toml:2: server.connections_max: 9_223_372_036_854_775_807 is out of range; write a number from 1 to 1_000_000",
    ),
    (
        "[server]\naddress_rate_max = 1000001",
        "wigwag.toml:2: server.address_rate_max: 1_000_001 is out of range; write a number from 0 to 1_000_000",
    ),
    (
        "[tls]\ncert_file = \"cert.pem\"",
        "wigwag.toml:2: tls.key_file: missing beside the other; TLS needs both, a certificate and its key",
    ),
    (
        "[server]\nallowed_origins = [\"https://app*.example.com\"]",
        r#"wigwag.toml:2: server.allowed_origins: "https://app*.example.com" has a star where none may be; write whole names in front of the host as one star, for example "https://*.example.com", or "*" alone for everybody"#,
    ),
    (
        "[server]\nlog = \"inof\"",
        r#"wigwag.toml:2: server.log: "inof" is no level; write off, error, warn, info, debug or trace, or levels by module such as "info,wigwag=debug""#,
    ),
    (
        "[server]\nlog = \"info, wigwag::http\"",
        r#"wigwag.toml:2: server.log: "wigwag::http" is no level; write off, error, warn, info, debug or trace, or levels by module such as "info,wigwag=debug""#,
    ),
    (
        "[server]\npending_bytes_max = \"512 KiB\"",
        "wigwag.toml:2: server.pending_bytes_max: 512 KiB for all connections are less than client.queue_bytes_max (1 MiB); write that or more",
    ),
    (
        "[client]\nqueue_bytes_max = \"1 GiB\"",
        "wigwag.toml:2: server.pending_bytes_max: 256 MiB for all connections are less than client.queue_bytes_max (1 GiB); write that or more",
    ),
    (
        "[server]\npending_bytes_max = \"999999 GiB\"",
        "wigwag.toml:2: server.pending_bytes_max: \"999999 GiB\" is out of range; write a size from \"1 KiB\" to \"1024 GiB\"",
    ),
    (
        "[client]\nframe_bytes_max = \"999999 GiB\"",
        "wigwag.toml:2: client.frame_bytes_max: \"999999 GiB\" is out of range; write a size from \"1 KiB\" to \"64 MiB\"",
    ),
    (
        "[client]\nqueue_bytes_max = \"2 GiB\"",
        "wigwag.toml:2: client.queue_bytes_max: \"2 GiB\" is out of range; write a size from \"1 KiB\" to \"1 GiB\"",
    ),
    (
        "[server]\nlog = \"wigwag=loud\"",
        r#"wigwag.toml:2: server.log: "wigwag=loud" is no filter; write for example "info,wigwag=debug""#,
    ),
    (
        "[client]\npong_timeout = \"25s\"",
        "wigwag.toml:2: client.pong_timeout: 25s is not shorter than client.ping_interval (25s); write a shorter one",
    ),
    (
        "[client]\nping_interval = \"5s\"",
        "wigwag.toml:2: client.pong_timeout: 8s is not shorter than client.ping_interval (5s); write a shorter one",
    ),
    (
        "[client]\nstale_timeout = \"0s\"",
        "wigwag.toml:2: client.stale_timeout: \"0s\" is out of range; write a duration of \"1s\" or more",
    ),
    (
        "[client]\nchannels_max = 0",
        "wigwag.toml:2: client.channels_max: 0 is out of range; write a number of 1 or more",
    ),
    (
        "[client]\nqueue_bytes_max = \"8 B\"",
        "wigwag.toml:2: client.queue_bytes_max: \"8 B\" is out of range; write a size from \"1 KiB\" to \"1 GiB\"",
    ),
    (
        "[channel]\nhistory_size = 5",
        "wigwag.toml:2: channel.history_ttl: missing beside history_size; write for example history_ttl = \"5m\"",
    ),
    (
        "[channel]\nhistory_ttl = \"5m\"",
        "wigwag.toml:2: channel.history_size: missing beside history_ttl; write for example history_size = 100",
    ),
    (
        "[channel]\nhistory_size = 5\nhistory_ttl = \"31d\"",
        "wigwag.toml:3: channel.history_meta_ttl: shorter than history_ttl; write the same or more",
    ),
    (
        "[channel]\nforce_recovery = true",
        "wigwag.toml:2: channel.force_recovery: needs history; add history_size = 100 and history_ttl = \"5m\"",
    ),
    (
        "[channel]\nallow_recovery = true",
        "wigwag.toml:2: channel.allow_recovery: needs history; add history_size = 100 and history_ttl = \"5m\"",
    ),
    (
        "[channel]\nforce_positioning = true",
        "wigwag.toml:2: channel.force_positioning: needs history; add history_size = 100 and history_ttl = \"5m\"",
    ),
    (
        "[channel]\nallow_positioning = true",
        "wigwag.toml:2: channel.allow_positioning: needs history; add history_size = 100 and history_ttl = \"5m\"",
    ),
    (
        "[channel]\nallow_history_for_client = true",
        "wigwag.toml:2: channel.allow_history_for_client: needs history; add history_size = 100 and history_ttl = \"5m\"",
    ),
    (
        "[channel]\nallow_presence_for_client = true",
        "wigwag.toml:2: channel.allow_presence_for_client: needs presence; add presence = true",
    ),
    (
        "[[namespace]]\nname = \"chat\"\nforce_push_join_leave = true",
        "wigwag.toml:3: namespace.chat.force_push_join_leave: needs joins and leaves; add join_leave = true",
    ),
    (
        "[channel]\nforce_recovery_mode = \"cache\"",
        "wigwag.toml:2: channel.force_recovery_mode: needs history; add history_size = 100 and history_ttl = \"5m\"",
    ),
    (
        "[channel]\nhistory_size = 1\nhistory_ttl = \"5m\"\nforce_recovery_mode = \"cache\"",
        "wigwag.toml:4: channel.force_recovery_mode: needs recovery; add force_recovery = true",
    ),
    (
        "[channel]\ncache_on_subscribe = true",
        "wigwag.toml:2: channel.cache_on_subscribe: needs the cache; add force_recovery_mode = \"cache\"",
    ),
    (
        "[channel]\ndelta_publish = true",
        "wigwag.toml:2: channel.delta_publish: needs deltas; add allowed_delta_types = [\"fossil\"]",
    ),
    (
        "[client]\nsingle_connection = true",
        "wigwag.toml:2: client.single_connection: needs the personal channel; add personal_channel = true",
    ),
    (
        "[client]\npersonal_channel_namespace = \"own\"",
        "wigwag.toml:2: client.personal_channel_namespace: needs the personal channel; add personal_channel = true",
    ),
    (
        "[client]\npersonal_channel = true\npersonal_channel_namespace = \"own\"",
        r#"wigwag.toml:3: client.personal_channel_namespace: there is no namespace "own"; add [[namespace]] with name = "own", or leave it empty"#,
    ),
    ("\n[[namespace]]\npresence = true", "wigwag.toml:2: namespace.name is missing; write name = \"chat\""),
    (
        "[[namespace]]\nname = \"a\"",
        r#"wigwag.toml:2: namespace.name: "a" is no name; write two or more letters, digits, - or _"#,
    ),
    (
        "[[namespace]]\nname = \"ch:at\"",
        r#"wigwag.toml:2: namespace.name: "ch:at" is no name; write two or more letters, digits, - or _"#,
    ),
    (
        "[[namespace]]\nname = \"chät\"",
        r#"wigwag.toml:2: namespace.name: "chät" is no name; write two or more letters, digits, - or _"#,
    ),
    (
        "[[namespace]]\nname = \"chat\"\n[[namespace]]\nname = \"chat\"",
        r#"wigwag.toml:4: namespace.name: "chat" is there already; give this one another name"#,
    ),
    (
        "[token]\nrsa_public_key = \"a\"\nrsa_public_key_file = \"b\"",
        "wigwag.toml:2: token.rsa_public_key: there is rsa_public_key_file as well; remove one of the two",
    ),
    (
        "[subscription_token]\nhmac_secret = \"s\"\nissuer = \"a\"\nissuer_regex = \"b\"",
        "wigwag.toml:3: subscription_token.issuer: there is issuer_regex as well; remove one of the two",
    ),
    (
        "[token]\nhmac_previous_secret = \"old\"",
        "wigwag.toml:2: token.hmac_previous_until: missing beside hmac_previous_secret; write for example hmac_previous_until = 2027-01-31",
    ),
    (
        "[token]\nhmac_previous_until = 2027-01-31",
        "wigwag.toml:2: token.hmac_previous_secret: missing beside hmac_previous_until; write the secret until then",
    ),
    (
        "[subscription_token]\nissuer = \"a\"",
        "wigwag.toml:2: subscription_token: verifies nothing; add hmac_secret, a public key or jwks_url, or remove the section",
    ),
    ("[jwks]\nurl = \"x\"", "wigwag.toml:1: jwks is a list of sections; write [[jwks]] with two brackets"),
    (
        "\n[[jwks]]\nissuers = [\"a\"]",
        r#"wigwag.toml:2: jwks.url is missing; write url = "https://…" or file = "keys.json""#,
    ),
    (
        "[[jwks]]\nurl = \"a\"\nfile = \"b\"",
        "wigwag.toml:1: jwks.url: there is file as well; remove one of the two",
    ),
    ("[[jwks]]\nurls = \"a\"", r#"wigwag.toml:2: unknown key "urls" in [[jwks]]; did you mean "url"?"#),
    (
        "[token]\naudience_regex = \"a(\"",
        r#"wigwag.toml:2: token.audience_regex: "a(" is not a regex (unclosed group); write for example "https://[a-z]+[.]example[.]com""#,
    ),
    (
        "[subscription_token]\nhmac_secret = \"s\"\nissuer_regex = \"a)|(b\"",
        r#"wigwag.toml:3: subscription_token.issuer_regex: "a)|(b" is not a regex (unopened group); write for example "https://[a-z]+[.]example[.]com""#,
    ),
    (
        "[api]\nkey = \"clé\"",
        "wigwag.toml:2: api.key: holds a space, a line break or a letter beyond ASCII, which no header carries; write visible ASCII only",
    ),
    (
        "[api]\nkey = \"key\\n\"",
        "wigwag.toml:2: api.key: holds a space, a line break or a letter beyond ASCII, which no header carries; write visible ASCII only",
    ),
    // Exposure.
    (
        "[server]\nlisten = \"0.0.0.0:80\"\nallowed_origins = [\"*\"]\n[api]\nkey = \"k\"\n[client]\ninsecure = true\n[token]\nhmac_secret = \"s\"",
        "wigwag.toml:2: server.listen: 0.0.0.0:80 can be reached from other machines; write insecure = false under [client] first",
    ),
    (
        "[server]\ntrusted_proxies = [\"10.0.0.0/33\"]",
        r#"wigwag.toml:2: server.trusted_proxies: "10.0.0.0/33" is not a network; write for example "10.0.0.0/8" or "::1""#,
    ),
    (
        "[server]\nlisten = \"0.0.0.0:80\"\nallowed_origins = [\"*\"]\n[api]\nkey = \"k\"\ninsecure = true\n[token]\nhmac_secret = \"s\"",
        "wigwag.toml:2: server.listen: 0.0.0.0:80 can be reached from other machines; write insecure = false under [api] first",
    ),
    (
        "[server]\nlisten = \"0.0.0.0:80\"",
        "wigwag.toml:2: server.listen: 0.0.0.0:80 can be reached from other machines; write hmac_secret = \"…\" or another key under [token] and key = \"…\" under [api] and allowed_origins = [\"https://app.example.com\"] under [server] first",
    ),
    (
        "[server]\nlisten = \"[::]:80\"\nallowed_origins = [\"*\"]\n[api]\nkey = \"k\"",
        "wigwag.toml:2: server.listen: [::]:80 can be reached from other machines; write hmac_secret = \"…\" or another key under [token] first",
    ),
];

/// A variable, its value and the line that answers it.
const VARIABLES: &[(&str, &str, &str)] = &[
    (
        "WIGWAG_SERVER__LISTN",
        "x",
        "WIGWAG_SERVER__LISTN: unknown setting; did you mean WIGWAG_SERVER__LISTEN?",
    ),
    (
        "WIGWAG_DATABASE__URL",
        "x",
        "WIGWAG_DATABASE__URL: unknown setting; variables are named WIGWAG_SECTION__KEY, for example WIGWAG_SERVER__LISTEN",
    ),
    (
        "WIGWAG_JWKS__URL",
        "x",
        "WIGWAG_JWKS__URL: unknown setting; sections [[jwks]] can be written in the file only; write WIGWAG_TOKEN__JWKS_URL for a single one",
    ),
    (
        "WIGWAG_NAMESPACE__NAME",
        "x",
        "WIGWAG_NAMESPACE__NAME: unknown setting; namespaces can be written in the file only",
    ),
    (
        "WIGWAG_SERVER__LISTEN",
        "80",
        r#"WIGWAG_SERVER__LISTEN: server.listen: "80" is not an address; write for example "127.0.0.1:8000""#,
    ),
    (
        "WIGWAG_CLIENT__INSECURE",
        "1",
        r#"WIGWAG_CLIENT__INSECURE: client.insecure: "1" is not a switch; write true or false, without quotes"#,
    ),
    (
        "WIGWAG_CLIENT__CHANNELS_MAX",
        "many",
        r#"WIGWAG_CLIENT__CHANNELS_MAX: client.channels_max: "many" is not a whole number; write for example 1000, without quotes"#,
    ),
    (
        "WIGWAG_CLIENT__PING_INTERVAL",
        "5s",
        "WIGWAG_CLIENT__PING_INTERVAL: client.pong_timeout: 8s is not shorter than client.ping_interval (5s); write a shorter one",
    ),
    (
        "WIGWAG_CLIENT__PERSONAL_CHANNEL",
        "true",
        "WIGWAG_CLIENT__PERSONAL_CHANNEL: client.personal_channel: channels without a namespace are unknown here; add a [channel] section",
    ),
    (
        "WIGWAG_SERVER__LISTEN",
        "0.0.0.0:1",
        "WIGWAG_SERVER__LISTEN: server.listen: 0.0.0.0:1 can be reached from other machines; write hmac_secret = \"…\" or another key under [token] and key = \"…\" under [api] and allowed_origins = [\"https://app.example.com\"] under [server] first",
    ),
];

#[test]
fn stars_and_filters_that_make_sense_are_taken() {
    let origins =
        ["*", "null", "https://*.example.com", "http://*.example.com:8080", "https://app.example.com"];
    for origin in origins {
        assert_eq!(refusal(read(Some(&format!("[server]\nallowed_origins = [{origin:?}]")), &[])), "");
    }
    for origin in
        ["https://*", "https://*.", "https://*.*.example.com", "*://a.example.com", "https://a.*.com"]
    {
        let refused = refusal(read(Some(&format!("[server]\nallowed_origins = [{origin:?}]")), &[]));
        assert!(refused.contains("has a star where none may be"), "{origin}: {refused}");
    }
    for log in
        ["", "off", "WARN", "info,wigwag=debug", "wigwag::http=debug", "warn,[session{id=3}]=debug", "3"]
    {
        assert_eq!(refusal(read(Some(&format!("[server]\nlog = {log:?}")), &[])), "");
    }
}

#[test]
fn section_like_no_other_is_answered_with_all_there_are() {
    let refused = refusal(read(Some("[redis]"), &[]));

    assert!(
        refused.starts_with("wigwag.toml:1: unknown section [redis]; there are [server], [tls], "),
        "{refused}"
    );
    assert!(refused.ends_with(", [[namespace]], [[jwks]]"), "{refused}");
}

#[test]
fn every_mistake_in_a_file_is_answered_with_one_line() {
    for (text, expected) in FILES {
        assert_eq!(refusal(read(Some(text), &[])), *expected, "{text}");
    }
}

#[test]
fn every_mistake_in_a_variable_is_answered_with_one_line() {
    for (name, value, expected) in VARIABLES {
        assert_eq!(refusal(read(None, &[(name, value)])), *expected);
    }
}

#[test]
fn mistake_on_the_command_line_is_answered_with_the_option() {
    let given = vec![Given { option: "--listen", setting: "server.listen", value: "80".into() }];

    assert_eq!(
        refusal(Config::parse(None, std::iter::empty(), given)),
        r#"--listen: server.listen: "80" is not an address; write for example "127.0.0.1:8000""#
    );
}

proptest! {
    #[test]
    fn damaged_configuration_is_read_or_refused_in_one_line(at in 0..GOOD.len(), with in "\\PC{0,3}", drop in 0..9_usize) {
        let end = (at + drop).min(GOOD.len());
        let mut text = GOOD.to_owned();
        text.replace_range(at..end, &with);

        if let Err(error) = read(Some(&text), &[]) {
            let line = error.to_string();
            prop_assert!(line.starts_with("wigwag.toml:") && !line.contains('\n'), "{}", line);
            prop_assert!(line.contains("; "), "{}", line);
        }
    }
}

fn refusal(found: Result<Config, ConfigError>) -> String {
    found.err().map(|error| error.to_string()).unwrap_or_default()
}
