//! `[hooks]`: what the application's back end is asked, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use courier::{Kind, Reach};
use crypto::Secret;
use wigwag_core::settings::Hooking;

use super::Config;
use super::channel::Channel;
use super::section::section;

/// Less would give up on answers that are on their way.
pub const TIMEOUT_LEAST: Duration = Duration::from_millis(50);
/// With half as much for a place among the questions under way it fits into the time that any job of a session has.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(2);

section! {
    /// Questions to the application's back end, see [the guide](guides/hooks.md). Those about channels are switched on
    /// by `proxy_subscribe`, `proxy_sub_refresh` and `proxy_publish` in `[channel]` and `[[namespace]]`.
    Hooks {
        /// Where questions go: `https`, and a public address unless one of the keys below says otherwise.
        endpoint: Option<String> = None, like "\"https://app.example.com/wigwag\"", at start;
        /// The back end decides who may connect without a token, and as whom.
        connect: bool = false, at start;
        /// The back end decides whether a connection goes on that it let in and that has expired. Needs `connect`.
        refresh: bool = false, at start;
        /// Clients may call the back end.
        rpc: bool = false, at start;
        /// Where the questions of `connect` go, if not to `endpoint`.
        connect_endpoint: Option<String> = None, like "\"https://app.example.com/connect\"", at start;
        /// Where the questions of `refresh` go, if not to `endpoint`.
        refresh_endpoint: Option<String> = None, like "\"https://app.example.com/refresh\"", at start;
        /// Where the questions of `proxy_subscribe` go, if not to `endpoint`.
        subscribe_endpoint: Option<String> = None, like "\"https://app.example.com/subscribe\"", at start;
        /// Where the questions of `proxy_sub_refresh` go, if not to `endpoint`.
        sub_refresh_endpoint: Option<String> = None, like "\"https://app.example.com/sub_refresh\"", at start;
        /// Where the questions of `proxy_publish` go, if not to `endpoint`.
        publish_endpoint: Option<String> = None, like "\"https://app.example.com/publish\"", at start;
        /// Where calls go, if not to `endpoint`.
        rpc_endpoint: Option<String> = None, like "\"https://app.example.com/rpc\"", at start;
        /// How long the back end may take to answer.
        timeout: Duration = Duration::from_secs(1), within TIMEOUT_LEAST..=TIMEOUT_MAX, at start;
        /// Most questions of one kind under way at a time; others wait for half of `timeout`.
        concurrency: usize = 64, within 1..=10_000, at start;
        /// Secret that questions are signed with; one of Standard Webhooks begins with `whsec_`.
        secret: Option<Secret> = None, at start;
        /// The secret before this one, which signs as well while the back end still knows it.
        previous_secret: Option<Secret> = None, at start;
        /// Headers of a client's request that are passed on. Its address always is, as `x-forwarded-for`.
        headers: Vec<String> = Vec::new(), like "[\"cookie\", \"authorization\"]", at start;
        /// Headers that a client may claim when it connects, as pages cannot send them. They are passed on where its
        /// request has none of that name, and hold whatever the client likes.
        claimed_headers: Vec<String> = Vec::new(), like "[\"authorization\"]", at start;
        /// The back end may have a private or loopback address, and need not speak TLS there.
        allow_private_networks: bool = false, at start;
        /// Hosts that may have any address, and need not speak TLS.
        allowed_hosts: Vec<String> = Vec::new(), like "[\"app.internal\"]", at start;
        /// Payloads are passed on as base64 even if they are JSON.
        binary: bool = false, at start;
    }
}

impl Hooks {
    /// Where questions of this kind go, and the key that says so.
    pub(super) fn endpoint_of(&self, kind: Kind) -> Option<(&'static str, &str)> {
        let (key, own) = match kind {
            Kind::Connect => ("connect_endpoint", &self.connect_endpoint),
            Kind::Refresh => ("refresh_endpoint", &self.refresh_endpoint),
            Kind::Subscribe => ("subscribe_endpoint", &self.subscribe_endpoint),
            Kind::SubRefresh => ("sub_refresh_endpoint", &self.sub_refresh_endpoint),
            Kind::Publish => ("publish_endpoint", &self.publish_endpoint),
            Kind::Rpc => ("rpc_endpoint", &self.rpc_endpoint),
        };
        let own = own.as_deref().map(|url| (key, url));
        own.or_else(|| self.endpoint.as_deref().map(|url| ("endpoint", url)))
    }

    pub(super) fn reach(&self) -> Reach {
        let hosts = self.allowed_hosts.iter().map(|host| host.to_ascii_lowercase());
        Reach { private_networks: self.allow_private_networks, hosts: hosts.collect() }
    }

    /// In the core's words.
    pub(super) fn hooking(&self) -> Hooking {
        let small = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Hooking {
            connect: self.connect,
            refresh: self.refresh,
            rpc: self.rpc,
            headers: small(&self.headers),
            claimed_headers: small(&self.claimed_headers),
        }
    }
}

impl Config {
    /// How the back end is asked; `None` if nothing can be asked.
    pub fn back_end(&self) -> Option<courier::Config> {
        let hooks = &self.hooks;
        let endpoint = |kind| hooks.endpoint_of(kind).map(|(_, url)| (kind, url.to_owned()));
        let urls: BTreeMap<Kind, String> = Kind::ALL.into_iter().filter_map(endpoint).collect();
        let secrets = [&hooks.secret, &hooks.previous_secret].into_iter().flatten();
        (!urls.is_empty()).then(|| courier::Config {
            urls,
            timeout: hooks.timeout,
            concurrency: hooks.concurrency,
            secrets: secrets.filter_map(|secret| courier::Secret::new(secret.expose())).collect(),
            reach: hooks.reach(),
            binary: hooks.binary,
        })
    }

    /// What the back end is asked about, and where.
    pub fn questions(&self) -> BTreeMap<Kind, &str> {
        let kinds = self.hook_switches().into_iter().map(|(_, kind)| kind);
        kinds.filter_map(|kind| Some((kind, self.hooks.endpoint_of(kind)?.1))).collect()
    }

    /// Switches of questions that a node which was started with another configuration has nowhere to send.
    pub fn unasked_since(&self, started: &Self) -> BTreeSet<String> {
        let unasked = |(_, kind): &(String, Kind)| started.hooks.endpoint_of(*kind).is_none();
        self.hook_switches().into_iter().filter(unasked).map(|(switch, _)| switch).collect()
    }

    /// Every switch that sends a question of some kind to the back end, with where it is written.
    pub(super) fn hook_switches(&self) -> Vec<(String, Kind)> {
        let hooks = &self.hooks;
        let own = [("connect", Kind::Connect, hooks.connect), ("refresh", Kind::Refresh, hooks.refresh)];
        let own = own.into_iter().chain([("rpc", Kind::Rpc, hooks.rpc)]);
        let own = own.filter(|(.., on)| *on).map(|(key, kind, _)| (format!("hooks.{key}"), kind));
        let nameless = self.channel.iter().map(|options| ("channel".to_owned(), options));
        let named = self.namespaces.iter().map(|one| (format!("namespace.{}", one.name), &one.options));
        let of_channels = nameless.chain(named).flat_map(|(section, options)| switches(&section, options));
        own.chain(of_channels).collect()
    }
}

fn switches(section: &str, options: &Channel) -> Vec<(String, Kind)> {
    let all = [
        ("proxy_subscribe", Kind::Subscribe, options.proxy_subscribe),
        ("proxy_sub_refresh", Kind::SubRefresh, options.proxy_sub_refresh),
        ("proxy_publish", Kind::Publish, options.proxy_publish),
    ];
    all.into_iter().filter(|(.., on)| *on).map(|(key, kind, _)| (format!("{section}.{key}"), kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, String> {
        let config = Config::parse(Some(("wigwag.toml", text)), std::iter::empty(), Vec::new());
        config.map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(lines: &str, told: &str) {
        let error = load(&format!("[hooks]\n{lines}")).err().unwrap();
        assert_eq!(error, format!("wigwag.toml:2: hooks.{told}"));
    }

    #[test]
    fn refusals_name_what_to_write() {
        let private = "write allow_private_networks = true, or the host into allowed_hosts";
        for host in ["127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254"] {
            let told = format!("endpoint: {host} is not a public address; {private}");
            refused(&format!("endpoint = \"https://{host}/\""), &told);
        }
        refused(
            "endpoint = \"http://app.example.com/\"",
            "endpoint: https is needed; for a back end in your own network allow_private_networks = true permits http",
        );
        refused(
            "connect_endpoint = \"app.example.com\"",
            "connect_endpoint: this is no address; write for example \"https://app.example.com/wigwag\"",
        );
        refused(
            "rpc = true",
            "rpc: nobody is there to be asked; write endpoint = \"https://…\" under [hooks]",
        );
        refused(
            "headers = [\"cookie\", \"x app\"]",
            "headers: \"x app\" cannot be passed on; write names such as \"cookie\"",
        );
    }

    #[test]
    fn public_address_without_tls_stays_refused_where_private_ones_may_be_asked() {
        let text = "[hooks]\nendpoint = \"http://1.1.1.1/\"\nallow_private_networks = true";
        assert!(load(text).err().unwrap().contains("hooks.endpoint: https is needed"));
        let named = "[hooks]\nendpoint = \"http://1.1.1.1/\"\nallowed_hosts = [\"1.1.1.1\"]";
        assert!(load(named).is_ok());
    }

    #[test]
    fn unknown_keys_and_times_out_of_range_are_refused() {
        let error = load("[hooks]\nendpont = \"https://a.example\"").err().unwrap();
        assert!(error.contains("did you mean \"endpoint\"?"), "{error}");
        for timeout in ["10ms", "2001ms"] {
            let error = load(&format!("[hooks]\ntimeout = \"{timeout}\"")).err().unwrap();
            assert!(error.starts_with("wigwag.toml:2: hooks.timeout: "), "{error}");
        }
    }

    #[test]
    fn secrets_may_be_in_files() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("secret");
        std::fs::write(&file, "whsec_c2VjcmV0\n").unwrap();
        let endpoint = "endpoint = \"https://a.example\"";
        let path = file.display().to_string();
        let text = format!("[hooks]\n{endpoint}\nsecret_file = {path:?}\nprevious_secret_file = {path:?}\n");
        assert_eq!(load(&text).ok().and_then(|config| config.back_end()).unwrap().secrets.len(), 2);

        std::fs::write(&file, "whsec_!\n").unwrap();
        let error = load(&text).err().unwrap();
        assert!(error.contains("hooks.secret: what stands behind whsec_ is not base64"), "{error}");
    }

    #[test]
    fn node_asks_as_it_was_started_and_switches_without_an_endpoint_wait() {
        let endpoint = "_endpoint = \"https://a.example\"\n";
        let started = load(&format!("[hooks]\nrpc{endpoint}publish{endpoint}rpc = true")).ok().unwrap();
        let all = "connect = true\nheaders = [\"cookie\"]\nclaimed_headers = [\"x-app\"]\n";
        let channels = "[channel]\nproxy_publish = true\nproxy_subscribe = true\n[[namespace]]\nname = \"chat\"\nproxy_subscribe = true\n";
        let next = load(&format!("[hooks]\nendpoint = \"https://b.example\"\n{all}{channels}")).ok().unwrap();

        let settings = next.client_settings_since(&started);

        assert_eq!(settings.hooks, Hooking { rpc: true, ..Hooking::default() });
        assert!(settings.namespaces.nameless.unwrap().hooks.publish);
        let waiting = ["channel.proxy_subscribe", "hooks.connect", "namespace.chat.proxy_subscribe"];
        assert_eq!(next.unasked_since(&started), waiting.map(str::to_owned).into());
        assert!(started.unasked_since(&started).is_empty());
    }

    #[test]
    fn headers_are_compared_without_regard_to_case() {
        let config = load("[hooks]\nheaders = [\"Cookie\", \"X-App\"]").ok().unwrap();
        assert_eq!(config.hooks.hooking().headers, ["cookie", "x-app"]);
        for header in ["Host", "CONTENT-LENGTH", "Webhook-Signature", "Sec-WebSocket-Key"] {
            refused(
                &format!("headers = [{header:?}]"),
                &format!("headers: {header:?} cannot be passed on; write names such as \"cookie\""),
            );
        }
    }
}
