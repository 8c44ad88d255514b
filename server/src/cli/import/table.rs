//! Which key there is which setting here: its name in version 5, its name in version 6, what becomes of it.

use super::form::Form;
use Form::{Duration, Level, Number, Opposite, Size, Switch, Text, Texts};
use To::{Advice, Given, Only, Setting};

/// What becomes of a key.
pub(super) enum To {
    /// A section, a key of it, and how the value is written.
    Setting(&'static str, &'static str, Form),
    /// Nothing need be written: so it is here, or it has no meaning here.
    Given,
    /// Nothing need be written if this is the value, else there is something to do.
    Only(&'static str, &'static str),
    /// There is no such setting here, but there is something to do.
    Advice(&'static str),
}

type Row = (&'static str, &'static str, To);

const PATHS: &str = "paths are fixed here; let the proxy in front rewrite them";
const ONE_PORT: &str = "there is one port; let the proxy in front keep /api, /v1 and /metrics to yourself";
const SIGNS: &str = "names of channels have fixed signs here ($ : # ,); rename the channels";
const NO_FILE: &str = "log lines go to the error stream; let systemd or the container keep them";

/// All settings that are not about channels or proxies.
pub(super) const ROWS: &[Row] = &[
    ("address", "http_server.address", Given), // together with the port
    ("port", "http_server.port", Given),
    ("internal_address", "http_server.internal_address", Advice(ONE_PORT)),
    ("internal_port", "http_server.internal_port", Advice(ONE_PORT)),
    ("tls", "http_server.tls.enabled", Given), // it is on where there is a certificate
    ("tls_cert", "http_server.tls.cert_pem", Setting("tls", "cert_file", Text)),
    ("tls_key", "http_server.tls.key_pem", Setting("tls", "key_file", Text)),
    ("tls_external", "http_server.tls_external", Advice(ONE_PORT)),
    ("http3", "http_server.http3.enabled", Only("false", "HTTP/3 is not spoken here; clients use WebSocket")),
    ("log_level", "log.level", Setting("server", "log", Level)),
    ("log_file", "log.file", Only("", NO_FILE)),
    ("shutdown_timeout", "shutdown.timeout", Setting("server", "drain_time", Duration)),
    ("pid_file", "pid_file", Advice("no such file is written; systemd and containers know the process")),
    ("name", "node.name", Given),
    ("node_info_metrics_aggregate_interval", "node.info_metrics_aggregate_interval", Given),
    (
        "engine",
        "engine.type",
        Only("memory", "one process keeps everything in memory; there is no other engine"),
    ),
    ("allowed_origins", "client.allowed_origins", Setting("server", "allowed_origins", Texts)),
    ("api_key", "http_api.key", Setting("api", "key", Text)),
    ("api_insecure", "http_api.insecure", Setting("api", "insecure", Switch)),
    ("api_disable", "http_api.disabled", Only("false", "the API is always there; keep its key to yourself")),
    ("api_external", "http_api.external", Given),
    ("api_handler_prefix", "http_api.handler_prefix", Only("/api", PATHS)),
    (
        "api_error_mode",
        "http_api.error_mode",
        Only("", "send the header X-Centrifugo-Error-Mode: transport with each call, or use /v1"),
    ),
    ("token_hmac_secret_key", "client.token.hmac_secret_key", Setting("token", "hmac_secret", Text)),
    ("token_rsa_public_key", "client.token.rsa_public_key", Setting("token", "rsa_public_key", Text)),
    ("token_ecdsa_public_key", "client.token.ecdsa_public_key", Setting("token", "ec_public_key", Text)),
    ("token_jwks_public_endpoint", "client.token.jwks_public_endpoint", Setting("token", "jwks_url", Text)),
    ("token_audience", "client.token.audience", Setting("token", "audience", Text)),
    ("token_audience_regex", "client.token.audience_regex", Setting("token", "audience_regex", Text)),
    ("token_issuer", "client.token.issuer", Setting("token", "issuer", Text)),
    ("token_issuer_regex", "client.token.issuer_regex", Setting("token", "issuer_regex", Text)),
    ("token_user_id_claim", "client.token.user_id_claim", Setting("token", "user_id_claim", Text)),
    (
        "token_hmac_previous_secret_key",
        "client.token.hmac_previous_secret_key",
        Advice("write token.hmac_previous_secret, and a date as token.hmac_previous_until"),
    ),
    (
        "token_hmac_previous_secret_key_valid_until",
        "client.token.hmac_previous_secret_key_valid_until",
        Advice("write token.hmac_previous_until = 2027-01-31 or another date"),
    ),
    ("separate_subscription_token_config", "client.subscription_token.enabled", Given),
    (
        "subscription_token_hmac_secret_key",
        "client.subscription_token.hmac_secret_key",
        Setting("subscription_token", "hmac_secret", Text),
    ),
    (
        "subscription_token_rsa_public_key",
        "client.subscription_token.rsa_public_key",
        Setting("subscription_token", "rsa_public_key", Text),
    ),
    (
        "subscription_token_ecdsa_public_key",
        "client.subscription_token.ecdsa_public_key",
        Setting("subscription_token", "ec_public_key", Text),
    ),
    (
        "subscription_token_jwks_public_endpoint",
        "client.subscription_token.jwks_public_endpoint",
        Setting("subscription_token", "jwks_url", Text),
    ),
    (
        "subscription_token_audience",
        "client.subscription_token.audience",
        Setting("subscription_token", "audience", Text),
    ),
    (
        "subscription_token_audience_regex",
        "client.subscription_token.audience_regex",
        Setting("subscription_token", "audience_regex", Text),
    ),
    (
        "subscription_token_issuer",
        "client.subscription_token.issuer",
        Setting("subscription_token", "issuer", Text),
    ),
    (
        "subscription_token_issuer_regex",
        "client.subscription_token.issuer_regex",
        Setting("subscription_token", "issuer_regex", Text),
    ),
    (
        "subscription_token_user_id_claim",
        "client.subscription_token.user_id_claim",
        Setting("subscription_token", "user_id_claim", Text),
    ),
    ("client_insecure", "client.insecure", Setting("client", "insecure", Switch)),
    (
        "client_insecure_skip_token_signature_verify",
        "client.insecure_skip_token_signature_verify",
        Only("false", "signatures are always verified; sign with a secret of the development machine"),
    ),
    (
        "client_user_id_http_header",
        "client.user_id_http_header",
        Only("", "no header is believed about who somebody is; use tokens or hooks.connect"),
    ),
    (
        "allow_anonymous_connect_without_token",
        "client.allow_anonymous_connect_without_token",
        Setting("client", "anonymous", Switch),
    ),
    (
        "disallow_anonymous_connection_tokens",
        "client.disallow_anonymous_connection_tokens",
        Setting("client", "anonymous_tokens", Opposite),
    ),
    ("ping_interval", "client.ping_interval", Setting("client", "ping_interval", Duration)),
    ("pong_timeout", "client.pong_timeout", Setting("client", "pong_timeout", Duration)),
    ("client_stale_close_delay", "client.stale_close_delay", Setting("client", "stale_timeout", Duration)),
    ("client_expired_close_delay", "client.expired_close_delay", Setting("client", "expiry_grace", Duration)),
    (
        "client_expired_sub_close_delay",
        "client.expired_sub_close_delay",
        Setting("client", "expiry_grace", Duration),
    ),
    ("client_channel_limit", "client.channel_limit", Setting("client", "channels_max", Number)),
    ("client_queue_max_size", "client.queue_max_size", Setting("client", "queue_bytes_max", Size)),
    (
        "client_user_connection_limit",
        "client.user_connection_limit",
        Setting("client", "user_connections_max", Number),
    ),
    ("client_connection_limit", "client.connection_limit", Setting("server", "connections_max", Number)),
    (
        "client_connection_rate_limit",
        "client.connection_rate_limit",
        Only("0", "newcomers are counted by address here; write server.address_rate_max"),
    ),
    (
        "client_channel_position_check_delay",
        "client.channel_position_check_delay",
        Setting("client", "position_check_interval", Duration),
    ),
    ("client_channel_position_max_time_lag", "client.channel_position_max_time_lag", Given),
    ("client_presence_update_interval", "client.presence_update_interval", Given),
    ("client_concurrency", "client.concurrency", Given),
    (
        "client_connect_include_server_time",
        "client.connect_include_server_time",
        Only("false", "the time is not told at connecting; let the back end tell it"),
    ),
    (
        "client_history_max_publication_limit",
        "client.history_max_publication_limit",
        Advice("history is bounded by history_size of the namespace; write what you need there"),
    ),
    (
        "client_recovery_max_publication_limit",
        "client.recovery_max_publication_limit",
        Advice("recovery is bounded by history_size of the namespace; write what you need there"),
    ),
    (
        "user_subscribe_to_personal",
        "client.subscribe_to_user_personal_channel.enabled",
        Setting("client", "personal_channel", Switch),
    ),
    (
        "user_personal_channel_namespace",
        "client.subscribe_to_user_personal_channel.personal_channel_namespace",
        Setting("client", "personal_channel_namespace", Text),
    ),
    (
        "user_personal_single_connection",
        "client.subscribe_to_user_personal_channel.single_connection",
        Setting("client", "single_connection", Switch),
    ),
    ("global_history_meta_ttl", "channel.history_meta_ttl", Given), // written into each section with history
    ("channel_max_length", "channel.max_length", Only("255", "the length of names is fixed here; see P 6")),
    ("channel_private_prefix", "channel.private_prefix", Only("$", SIGNS)),
    ("channel_namespace_boundary", "channel.namespace_boundary", Only(":", SIGNS)),
    ("channel_user_boundary", "channel.user_boundary", Only("#", SIGNS)),
    ("channel_user_separator", "channel.user_separator", Only(",", SIGNS)),
    (
        "websocket_message_size_limit",
        "websocket.message_size_limit",
        Setting("client", "frame_bytes_max", Size),
    ),
    (
        "websocket_disable",
        "websocket.disabled",
        Only("false", "all transports are on; close paths in the proxy"),
    ),
    ("websocket_handler_prefix", "websocket.handler_prefix", Only("/connection/websocket", PATHS)),
    (
        "websocket_compression",
        "websocket.compression",
        Only("false", "WebSockets are not compressed; use deltas"),
    ),
    ("websocket_write_timeout", "websocket.write_timeout", Given),
    ("websocket_read_buffer_size", "websocket.read_buffer_size", Given),
    ("websocket_write_buffer_size", "websocket.write_buffer_size", Given),
    ("websocket_use_write_buffer_pool", "websocket.use_write_buffer_pool", Given),
    ("http_stream", "http_stream.enabled", Given),
    ("http_stream_handler_prefix", "http_stream.handler_prefix", Only("/connection/http_stream", PATHS)),
    ("http_stream_max_request_body_size", "http_stream.max_request_body_size", Given),
    ("sse", "sse.enabled", Given),
    ("sse_handler_prefix", "sse.handler_prefix", Only("/connection/sse", PATHS)),
    ("sse_max_request_body_size", "sse.max_request_body_size", Given),
    ("emulation_handler_prefix", "emulation.handler_prefix", Only("/emulation", PATHS)),
    ("emulation_max_request_body_size", "emulation.max_request_body_size", Given),
    ("health", "health.enabled", Given),
    ("health_handler_prefix", "health.handler_prefix", Only("/health", PATHS)),
    ("prometheus", "prometheus.enabled", Given),
    ("prometheus_handler_prefix", "prometheus.handler_prefix", Only("/metrics", PATHS)),
    ("swagger", "swagger.enabled", Given), // /v1/docs
    ("debug", "debug.enabled", Given),
    ("usage_stats_disable", "usage_stats.disabled", Given), // nothing is sent to anybody
    ("rpc_namespace_boundary", "rpc.namespace_boundary", Given),
];

/// Options of channels, which have the same names in all versions and here.
pub(super) const CHANNEL: &[(&str, Form)] = &[
    ("allow_subscribe_for_client", Switch),
    ("allow_subscribe_for_anonymous", Switch),
    ("allow_user_limited_channels", Switch),
    ("channel_regex", Text),
    ("allow_publish_for_client", Switch),
    ("allow_publish_for_subscriber", Switch),
    ("allow_publish_for_anonymous", Switch),
    ("presence", Switch),
    ("allow_presence_for_client", Switch),
    ("allow_presence_for_subscriber", Switch),
    ("allow_presence_for_anonymous", Switch),
    ("join_leave", Switch),
    ("force_push_join_leave", Switch),
    ("history_size", Number),
    ("history_ttl", Duration),
    ("history_meta_ttl", Duration),
    ("allow_history_for_client", Switch),
    ("allow_history_for_subscriber", Switch),
    ("allow_history_for_anonymous", Switch),
    ("force_recovery", Switch),
    ("allow_recovery", Switch),
    ("force_recovery_mode", Text),
    ("force_positioning", Switch),
    ("allow_positioning", Switch),
    ("allowed_delta_types", Texts),
    ("delta_publish", Switch),
    ("allow_tags_filter", Switch),
];

/// Other options of channels that version 5 has at the top level.
const PROXIED: [&str; 6] = [
    "proxy_subscribe",
    "proxy_publish",
    "proxy_sub_refresh",
    "subscribe_proxy_name",
    "publish_proxy_name",
    "sub_refresh_proxy_name",
];

/// Whether a key at the top level is about channels without a namespace.
pub(super) fn is_option(key: &str) -> bool {
    CHANNEL.iter().any(|(name, _)| *name == key) || PROXIED.contains(&key)
}

/// What there is to say of keys that begin alike.
pub(super) const PREFIXES: &[(&[&str], &str)] = &[
    (
        &["redis", "engine.", "broker", "presence_manager", "nats_", "tarantool", "controller"],
        "one process keeps everything in memory; remove it",
    ),
    (&["admin"], "there is no admin page; GET /v1/connections and /metrics tell what is going on"),
    (&["uni_"], "there are no unidirectional transports; use the SDKs"),
    (&["webtransport"], "WebTransport is not spoken here; clients use WebSocket"),
    (&["grpc_api"], "the API is spoken over HTTP only; use /api or /v1"),
    (&["graphite"], "metrics are fetched from /metrics"),
    (&["opentelemetry"], "write the address of your collector as telemetry.otlp_endpoint"),
    (&["tls_autocert", "http_server.tls_autocert"], "certificates come from files; see tls.cert_file"),
    (
        &["tls_", "http_server.tls.", "http_server.internal_tls"],
        "write tls.cert_file and tls.key_file; certificates of clients are not asked for",
    ),
    (&["consumers"], "nothing is consumed from queues; publish with POST /v1/publish"),
    (&["rpc."], "calls are not divided into namespaces; hooks.rpc = true sends all of them"),
    (&["rpc_"], "calls are not divided into namespaces; hooks.rpc = true sends all of them"),
    (&["channel.patterns", "channel_patterns"], "channels have no patterns here; use namespaces"),
    (&["prometheus."], "metrics are as docs/metrics.md lists them; remove it"),
    (
        &["push_notifications", "clickhouse", "database", "user_", "token_revoke", "license", "cache"],
        "there is no such feature here; remove it",
    ),
];
