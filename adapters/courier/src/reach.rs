//! Which addresses may be asked: a setting must not become a way into the operator's own network by mistake, nor a name
//! that somebody else controls.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::ConfigError;

/// What an operator allows beyond public addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Private and loopback addresses may be asked, also without TLS.
    pub private_networks: bool,
    /// Hosts, in small letters, that may have any address.
    pub hosts: BTreeSet<String>,
}

/// To whom an address may belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Anybody.
    Public,
    /// Somebody of this network, or this machine.
    Private,
    /// A neighbour on the wire, such as a cloud's store of secrets, or nobody.
    Special,
}

impl Reach {
    /// The address of a setting, if it may be asked; names are checked again when they are resolved.
    pub fn check(&self, text: &str) -> Result<Url, ConfigError> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or(ConfigError::NoUrl)?;
        let host = url.host_str().map(bare).ok_or(ConfigError::NoUrl)?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ConfigError::UserInfo);
        }
        let is_listed = self.is_listed(&host);
        if url.scheme() == "http" && !self.private_networks && !is_listed {
            return Err(ConfigError::Insecure);
        }
        let literal = if is_local(&host) { Some(Ipv4Addr::LOCALHOST.into()) } else { host.parse().ok() };
        let is_plain = url.scheme() == "http";
        match literal {
            Some(address) if !self.allows(&host, address, is_plain) => match place(address) {
                Place::Public => Err(ConfigError::Insecure),
                Place::Private | Place::Special => Err(ConfigError::Private(host)),
            },
            Some(_) | None => Ok(url),
        }
    }

    fn is_listed(&self, host: &str) -> bool {
        self.hosts.contains(&host.to_ascii_lowercase())
    }

    /// Whether a host may be asked at this address; without TLS only where nobody else listens.
    pub(crate) fn allows(&self, host: &str, address: IpAddr, is_plain: bool) -> bool {
        self.is_listed(host)
            || match place(address) {
                Place::Public => !is_plain,
                Place::Private => self.private_networks,
                Place::Special => false,
            }
    }
}

/// Whether a name means this machine by definition (RFC 6761).
fn is_local(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host == "localhost" || host.ends_with(".localhost")
}

/// A host without the brackets of IPv6.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => place_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped().or_else(|| embedded(address)) {
            Some(inner) => place_v4(inner),
            None => place_v6(address),
        },
    }
}

fn place_v4(address: Ipv4Addr) -> Place {
    match address.octets() {
        // A cloud's store of secrets amid the addresses that carriers share.
        [100, 100, 100, 200] => Place::Special,
        [127, ..] | [10, ..] | [192, 168, ..] => Place::Private,
        [172, second, ..] if (16..32).contains(&second) => Place::Private,
        [100, second, ..] if (64..128).contains(&second) => Place::Private,
        // This network, link-local, protocol assignments, documentation, benchmarks, multicast, reserved.
        [0, ..] | [169, 254, ..] | [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Place::Special
        }
        [198, 18 | 19, ..] | [224..=255, ..] => Place::Special,
        _ => Place::Public,
    }
}

/// The IPv4 address that an address of a translator stands for.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match [a, b, c, d, e, f] {
        [0x64, 0xff9b, 0, 0, 0, 0] => Some(v4(g, h)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

fn place_v6(address: Ipv6Addr) -> Place {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Place::Private,
        // A cloud's store of secrets lies among the private ones.
        [0xfd00, 0x0ec2, ..] => Place::Special,
        [first, ..] if first & 0xfe00 == 0xfc00 => Place::Private,
        // Only 2000::/3 is given out; of it not protocol assignments and documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => Place::Special,
        [0x3fff, second, ..] if second < 0x1000 => Place::Special,
        [first, ..] if first & 0xe000 == 0x2000 => Place::Public,
        _ => Place::Special,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(private_networks: bool, hosts: &[&str]) -> Reach {
        Reach { private_networks, hosts: hosts.iter().map(|host| (*host).to_owned()).collect() }
    }

    #[test]
    fn addresses_belong_somewhere() {
        let public = ["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8"];
        let private = ["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"];
        let also_private = ["100.64.0.1", "::1", "fc00::1", "fd12::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"];
        let special = [
            "0.0.0.0",
            "100.100.100.200",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.19.0.1",
        ];
        let also_special = ["::", "fe80::1", "fec0::1", "ff02::1", "fd00:ec2::254", "2001:db8::1", "2001::1"];
        let odd = [
            "::ffff:169.254.169.254",
            "::ffff:100.100.100.200",
            "2002:a9fe:a9fe::",
            "::7f00:1",
            "100::1",
            "3fff::1",
            "4000::1",
        ];

        for (list, expected) in [
            (&public[..], Place::Public),
            (&private, Place::Private),
            (&also_private, Place::Private),
            (&special, Place::Special),
            (&also_special, Place::Special),
            (&odd, Place::Special),
        ] {
            for text in list {
                assert_eq!(place(text.parse().unwrap()), expected, "{text}");
            }
        }
    }

    #[test]
    fn public_addresses_need_tls_and_nothing_else() {
        for reach in [reach(false, &[]), reach(true, &[])] {
            assert!(reach.check("https://app.example.com/a?b").is_ok());
            assert!(reach.check("https://1.1.1.1/").is_ok());
            assert_eq!(reach.check("http://1.1.1.1/"), Err(ConfigError::Insecure));
        }
        assert_eq!(reach(false, &[]).check("http://app.example.com"), Err(ConfigError::Insecure));
    }

    #[test]
    fn private_addresses_need_a_word_of_the_operator() {
        let hosts = [
            "127.0.0.1",
            "localhost",
            "LOCALHOST.",
            "app.localhost",
            "[::1]",
            "10.1.2.3",
            "2130706433",
            "0x7f.1",
            "[::ffff:10.0.0.1]",
        ];
        for host in hosts {
            let url = format!("https://{host}:8080/hooks");
            assert!(matches!(reach(false, &[]).check(&url), Err(ConfigError::Private(_))), "{host}");
            assert!(reach(true, &[]).check(&url).is_ok(), "{host}");
        }
        assert!(reach(true, &[]).check("http://127.0.0.1:1").is_ok());
        assert!(reach(false, &["127.0.0.1"]).check("http://127.0.0.1:1").is_ok());
        assert!(reach(false, &["127.0.0.1"]).check("https://127.0.0.2:1").is_err());
    }

    #[test]
    fn stores_of_secrets_need_to_be_named() {
        let url = "http://169.254.169.254/latest";
        assert!(matches!(reach(true, &[]).check(url), Err(ConfigError::Private(_))));
        assert!(reach(false, &["169.254.169.254"]).check(url).is_ok());
    }

    #[test]
    fn what_is_no_address_or_holds_a_password_is_refused() {
        for text in ["", "app", "ftp://a.example", "https://", "file:///etc/passwd", "//a.example"] {
            assert_eq!(reach(true, &[]).check(text), Err(ConfigError::NoUrl), "{text}");
        }
        for text in ["https://ann@a.example", "https://ann:pw@a.example", "https://:pw@a.example"] {
            assert_eq!(reach(true, &[]).check(text), Err(ConfigError::UserInfo), "{text}");
        }
    }
}
