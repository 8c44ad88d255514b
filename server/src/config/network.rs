//! Networks as people write them: `10.0.0.0/8`, `::1`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// The network that a text spells: an address, or an address with the number of bits that count behind a slash.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => bits_max,
        };
        (bits <= bits_max).then_some(Self { address, bits })
    }

    /// Whether an address is in it. An IPv4 address within IPv6 is taken for itself.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => self.is_prefix(own, other),
            (IpAddr::V6(own), IpAddr::V4(other)) => self.is_prefix(own, other.to_ipv6_mapped()),
            (IpAddr::V4(_), IpAddr::V6(_)) => false,
        }
    }

    /// Whether it holds every address of its family.
    pub fn is_everything(&self) -> bool {
        self.bits == 0
    }

    fn is_prefix(&self, own: Ipv6Addr, other: Ipv6Addr) -> bool {
        let differing = own.to_bits() ^ other.to_bits();
        differing.checked_shr(128 - self.bits).unwrap_or(0) == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().holds(address.parse().unwrap())
    }

    #[test]
    fn network_holds_what_begins_with_the_same_bits() {
        assert!(holds("10.0.0.0/8", "10.255.1.2") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("10.1.2.3/8", "10.0.0.1"), "further bits do not count");
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && !holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::2") && !holds("2001:db8::/32", "2001:db9::"));
        assert!(holds("::/0", "2001:db8::1") && holds("::1/128", "::1"));
        assert!(holds("127.0.0.0/8", "::ffff:127.0.0.1") && holds("::ffff:10.0.0.0/104", "10.1.1.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "example.com", "*"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
