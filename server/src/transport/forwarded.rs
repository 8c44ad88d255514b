//! What proxies say about their clients, and whom to believe.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue};
use courier::is_of_proxies;

use crate::config::Network;

/// Whether the client came with `http` or `https`. Behind [`Proxies::client`] it holds what a trusted proxy said, or is
/// not there.
pub const SCHEME: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// From whom a request has come through which proxies.
pub const ADDRESSES: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose word counts.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<Network>);

impl Proxies {
    /// Those in these networks.
    pub fn new(networks: &[Network]) -> Self {
        Self(networks.to_vec())
    }

    /// Whether the word of this address counts.
    pub fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }

    /// Where a request comes from. What its sender may not say is taken out of its head.
    pub fn client(&self, peer: SocketAddr, headers: &mut HeaderMap) -> SocketAddr {
        if !headers.keys().any(|name| is_of_proxies(name.as_str())) {
            return peer;
        }
        if !self.trust(peer.ip()) {
            let all: Vec<_> = headers.keys().filter(|name| is_of_proxies(name.as_str())).cloned().collect();
            for name in all {
                headers.remove(name);
            }
            return peer;
        }
        let (client, scheme) = self.told(peer, headers);
        headers.remove(ADDRESSES);
        headers.remove(FORWARDED);
        headers.remove(SCHEME);
        if let Some(scheme) = scheme {
            headers.insert(SCHEME, HeaderValue::from_static(scheme));
        }
        client
    }

    /// The client and its scheme. A proxy that writes one of the two headers may pass on the other one as the client has
    /// sent it: where they differ, neither is believed.
    fn told(&self, peer: SocketAddr, headers: &HeaderMap) -> (SocketAddr, Option<&'static str>) {
        let hops: Vec<_> = parts(headers, ADDRESSES).map(address).collect();
        let elements: Vec<_> = parts(headers, FORWARDED).map(element).collect();
        let pairs: Vec<_> = elements.iter().map(|(address, _)| *address).collect();
        let client = match (self.nearest_stranger(peer, &hops), self.nearest_stranger(peer, &pairs)) {
            (client, _) if elements.is_empty() => client,
            (_, client) if hops.is_empty() => client,
            (one, other) if one.ip() == other.ip() => one,
            (_, _) => peer,
        };
        let schemes =
            parts(headers, SCHEME).map(scheme).chain(elements.iter().filter_map(|(_, proto)| *proto));
        (client, unanimous(schemes))
    }

    /// The last address that is no proxy, read from the right; what cannot be read ends the search at the proxy that
    /// reported it.
    fn nearest_stranger(&self, peer: SocketAddr, hops: &[Option<SocketAddr>]) -> SocketAddr {
        let mut nearest = peer;
        for hop in hops.iter().rev() {
            let Some(address) = hop else { return nearest };
            nearest = *address;
            if !self.trust(address.ip()) {
                return nearest;
            }
        }
        nearest
    }
}

/// The elements of a list that may stretch over several lines. What is no text counts as one that cannot be read.
fn parts(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).iter().flat_map(|line| line.to_str().unwrap_or("?").split(',')).map(str::trim)
}

/// An address with or without a port, as it is written in both headers.
fn address(text: &str) -> Option<SocketAddr> {
    let text = text.trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().map(|address| SocketAddr::new(address, 0));
    let address = address.or_else(|_| text.parse::<SocketAddr>()).ok()?;
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

/// What one proxy says in `Forwarded` (RFC 7239, 4): `for=192.0.2.1;proto=https`.
fn element(text: &str) -> (Option<SocketAddr>, Option<Option<&'static str>>) {
    let pair = |wanted: &str| {
        text.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then_some(value.trim())
        })
    };
    (pair("for").and_then(address), pair("proto").map(|value| scheme(value.trim_matches('"'))))
}

fn scheme(text: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|known| text.eq_ignore_ascii_case(known))
}

/// What all say, if they agree.
fn unanimous(mut schemes: impl Iterator<Item = Option<&'static str>>) -> Option<&'static str> {
    let first = schemes.next()??;
    schemes.all(|scheme| scheme == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.5:4711";

    /// The client's address and scheme behind two trusted networks.
    fn client(peer: &str, lines: &[(&str, &str)]) -> (String, Option<String>) {
        let networks = ["10.0.0.0/8", "2001:db8:1::/48"].map(|network| Network::parse(network).unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }

        let client = Proxies::new(&networks).client(peer.parse().unwrap(), &mut headers);

        assert!(!headers.contains_key(ADDRESSES) && !headers.contains_key(FORWARDED));
        (client.ip().to_string(), headers.get(SCHEME).map(|scheme| scheme.to_str().unwrap().to_owned()))
    }

    fn address_told(lines: &[(&str, &str)]) -> String {
        client(PROXY, lines).0
    }

    #[test]
    fn client_is_the_rightmost_address_that_is_no_proxy() {
        assert_eq!(address_told(&[("x-forwarded-for", "203.0.113.9")]), "203.0.113.9");
        assert_eq!(address_told(&[("x-forwarded-for", "1.2.3.4, 203.0.113.9, 10.1.1.1")]), "203.0.113.9");
        let lines = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "203.0.113.9, 10.1.1.1")];
        assert_eq!(address_told(&lines), "203.0.113.9");
        assert_eq!(address_told(&[("x-forwarded-for", "10.2.2.2, 10.1.1.1")]), "10.2.2.2");
        assert_eq!(address_told(&[("x-forwarded-for", "[2001:db8::7]:443")]), "2001:db8::7");
        assert_eq!(address_told(&[("x-forwarded-for", "::ffff:203.0.113.9")]), "203.0.113.9");
        assert_eq!(address_told(&[("forwarded", "for=1.2.3.4, for=203.0.113.9;proto=https")]), "203.0.113.9");
        assert_eq!(address_told(&[("forwarded", "For=\"[2001:db8::7]:47\"")]), "2001:db8::7");
    }

    #[test]
    fn stranger_changes_nothing() {
        let lines = [
            ("x-forwarded-for", "203.0.113.9"),
            ("forwarded", "for=203.0.113.9"),
            ("x-forwarded-proto", "https"),
        ];

        assert_eq!(client("198.51.100.1:1", &lines), ("198.51.100.1".to_owned(), None));
    }

    #[test]
    fn what_strangers_say_of_proxies_is_taken_out_and_what_proxies_say_is_left() {
        for (peer, is_left) in [("198.51.100.1:1", false), (PROXY, true)] {
            let mut headers = HeaderMap::new();
            for name in ["x-real-ip", "x-forwarded-host", "cookie"] {
                headers.insert(name, HeaderValue::from_static("v"));
            }

            Proxies::new(&[Network::parse("10.0.0.0/8").unwrap()])
                .client(peer.parse().unwrap(), &mut headers);

            assert!(headers.contains_key("cookie"));
            assert_eq!(headers.contains_key("x-real-ip"), is_left, "{peer}");
            assert_eq!(headers.contains_key("x-forwarded-host"), is_left, "{peer}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_believed() {
        for bad in ["unknown", "", "1.2.3.4.5", "203.0.113.9, nonsense", "_hidden", "localhost"] {
            assert_eq!(address_told(&[("x-forwarded-for", bad)]), "10.0.0.5", "{bad}");
        }
        assert_eq!(address_told(&[("x-forwarded-for", "nonsense, 10.1.1.1")]), "10.1.1.1");
        assert_eq!(address_told(&[("forwarded", "for=unknown")]), "10.0.0.5");
    }

    #[test]
    fn headers_that_contradict_each_other_are_not_believed() {
        let spoofed = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=1.2.3.4")];
        assert_eq!(address_told(&spoofed), "10.0.0.5");

        let agreed = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        assert_eq!(address_told(&agreed), "203.0.113.9");
    }

    #[test]
    fn scheme_counts_if_all_agree() {
        let told = |lines: &[(&str, &str)]| client(PROXY, lines).1;

        assert_eq!(told(&[("x-forwarded-proto", "https")]).as_deref(), Some("https"));
        assert_eq!(told(&[("x-forwarded-proto", "HTTPS, https")]).as_deref(), Some("https"));
        assert_eq!(told(&[("forwarded", "for=1.2.3.4;proto=http")]).as_deref(), Some("http"));
        assert_eq!(told(&[("x-forwarded-proto", "https, http")]), None);
        assert_eq!(told(&[("x-forwarded-proto", "gopher")]), None);
    }
}
