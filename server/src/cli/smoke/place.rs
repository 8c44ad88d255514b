//! Where a server is, from what people type.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::config::Config;

/// The address under which a server's paths are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    url: Url,
    trust: Trust,
}

/// Whom one believes to be the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// Whoever has a certificate for the name.
    Certified,
    /// Whoever answers there: it is this machine, whose certificate is made out to another name.
    Anybody,
}

/// What is cut off an address that was copied from a client's settings.
const ENDPOINTS: [&str; 3] = ["/connection/websocket", "/connection/http_stream", "/connection/sse"];

impl Place {
    /// An address with or without a path, also that of the WebSocket.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "write for example http://127.0.0.1:8000 or https://live.example.com";
        let text = match text.split_once("://") {
            Some(("ws", rest)) => format!("http://{rest}"),
            Some(("wss", rest)) => format!("https://{rest}"),
            Some(("http" | "https", _)) => text.to_owned(),
            Some((scheme, _)) => return Err(format!("{scheme} is not spoken here; {example}")),
            None => format!("http://{text}"),
        };
        let mut url = Url::parse(&text).map_err(|error| format!("not an address ({error}); {example}"))?;
        if !url.has_host() {
            return Err(format!("no host; {example}"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        let path = ENDPOINTS.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(&path).to_owned();
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { url, trust: Trust::Certified })
    }

    /// The server that is configured here, if it runs.
    pub fn of(config: &Config) -> Result<Self, String> {
        let scheme = if config.tls.cert_file.is_some() { "https" } else { "http" };
        let mut address = config.server.listen;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        let place = Self::parse(&format!("{scheme}://{address}"))?;
        Ok(Self { trust: Trust::Anybody, ..place })
    }

    /// The address of one of the server's paths.
    pub(super) fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url
    }

    /// What speaks to it. Plain HTTP needs no certificates, which an empty container has not got.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let builder = Client::builder().redirect(Policy::none()).referer(false);
        let builder = if self.url.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        let is_here = self.trust == Trust::Anybody;
        let builder = if is_here { builder.tls_danger_accept_invalid_certs(true) } else { builder };
        let builder = if is_here || self.is_loopback() { builder.no_proxy() } else { builder };
        Ok(builder.build()?)
    }

    fn is_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without a name and a password that may be in it.
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        write!(
            f,
            "{}://{}{port}{}",
            self.url.scheme(),
            self.url.host_str().unwrap_or_default(),
            self.url.path()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_kinds_lead_to_the_paths_of_the_server() {
        let ready = |typed: &str| Place::parse(typed).map(|place| place.at("/readyz").to_string());

        for typed in [
            "http://127.0.0.1:8000",
            "http://127.0.0.1:8000/",
            "127.0.0.1:8000",
            "ws://127.0.0.1:8000/connection/websocket",
            "ws://127.0.0.1:8000/connection/websocket?format=protobuf#x",
        ] {
            assert_eq!(ready(typed), Ok("http://127.0.0.1:8000/readyz".into()), "{typed}");
        }
        assert_eq!(ready("wss://a.example/rt/connection/sse"), Ok("https://a.example/rt/readyz".into()));
        for typed in ["ftp://a.example", "http://", "http://a.example:port"] {
            assert!(ready(typed).is_err_and(|problem| problem.contains("write for example")), "{typed}");
        }
    }

    #[test]
    fn the_configured_server_is_asked_where_it_listens_and_as_it_speaks() {
        let at = |listen: &str, is_tls: bool| {
            let mut config = Config::load(Some("/dev/null".as_ref()), std::iter::empty()).ok().unwrap();
            config.server.listen = listen.parse().unwrap();
            config.tls.cert_file = is_tls.then(|| "cert.pem".into());
            Place::of(&config).unwrap().at("/livez").to_string()
        };

        assert_eq!(at("0.0.0.0:8000", false), "http://127.0.0.1:8000/livez");
        assert_eq!(at("[::]:8443", true), "https://[::1]:8443/livez");
        assert_eq!(at("192.0.2.7:9000", false), "http://192.0.2.7:9000/livez");
    }

    #[test]
    fn a_password_is_not_shown() {
        let place = Place::parse("https://ann:secret@live.example.com/rt").unwrap();

        assert_eq!(place.to_string(), "https://live.example.com/rt");
    }
}
