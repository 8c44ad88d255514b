//! Where a server is, from what people type.

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

/// The address under which a server's paths are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(Url);

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
        Ok(Self(url))
    }

    /// The address of one of the server's paths.
    pub(super) fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url
    }

    /// What speaks to it. Plain HTTP needs no certificates, which an empty container has not got.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let builder = Client::builder().redirect(Policy::none()).referer(false);
        let builder = if self.0.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        let builder = if self.is_loopback() { builder.no_proxy() } else { builder };
        Ok(builder.build()?)
    }

    fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without a name and a password that may be in it.
        let port = self.0.port().map(|port| format!(":{port}")).unwrap_or_default();
        write!(f, "{}://{}{port}{}", self.0.scheme(), self.0.host_str().unwrap_or_default(), self.0.path())
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
    fn a_password_is_not_shown() {
        let place = Place::parse("https://ann:secret@live.example.com/rt").unwrap();

        assert_eq!(place.to_string(), "https://live.example.com/rt");
    }
}
