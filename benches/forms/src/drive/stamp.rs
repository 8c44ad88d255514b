//! What every message carries: who sent it, which of its messages it is, and when it was due.

use std::io::Write as _;

use memchr::memmem::Finder;

/// What stands before a stamp in a push, in whatever encoding, and nowhere else: no name here begins with this sign.
const MARK: &str = "\"@";
/// Sixteen digits of time, eight of publisher, eight of number.
const DIGITS: usize = 32;
/// The shortest payload: a stamp in quotes.
pub const PAYLOAD_BYTES_MIN: usize = DIGITS + 3;

/// The stamp of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds on the driver's clock.
    pub due: u64,
    /// The number of the publisher.
    pub publisher: u32,
    /// The number of the message among those of its publisher.
    pub number: u32,
}

impl Stamp {
    /// Appends a JSON string of so many bytes, quotes included.
    pub fn write(self, out: &mut Vec<u8>, bytes: usize) {
        let start = out.len();
        // A vector takes everything.
        let _ = write!(out, "\"@{:016x}{:08x}{:08x}", self.due, self.publisher, self.number);
        out.resize(start + bytes.max(PAYLOAD_BYTES_MIN) - 1, b'x');
        out.push(b'"');
    }
}

/// Finds stamps in messages.
pub struct Stamps(Finder<'static>);

impl Stamps {
    /// Ready to search.
    pub fn new() -> Self {
        Self(Finder::new(MARK))
    }

    /// The stamp of a message, if it has one.
    pub fn find(&self, message: &[u8]) -> Option<Stamp> {
        let at = self.0.find(message)? + MARK.len();
        let digits = message.get(at..at + DIGITS)?;
        let (due, rest) = digits.split_at(16);
        let (publisher, number) = rest.split_at(8);
        Some(Stamp { due: hex(due)?, publisher: hex(publisher)? as u32, number: hex(number)? as u32 })
    }
}

impl Default for Stamps {
    fn default() -> Self {
        Self::new()
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |sum, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(sum << 4 | u64::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_found_again_in_a_push_and_fills_its_payload() {
        let stamp = Stamp { due: 0x1234_5678_9abc, publisher: 77, number: u32::MAX };
        let mut payload = Vec::new();
        stamp.write(&mut payload, 128);
        let push = [b"{\"push\":{\"channel\":\"a\",\"pub\":{\"data\":", &payload[..], b"}}}"].concat();

        assert_eq!(payload.len(), 128);
        assert_eq!(Stamps::new().find(&push), Some(stamp));
        assert_eq!(Stamps::new().find(&push[..60]), None);
        assert_eq!(Stamps::new().find(b"{\"data\":\"hello\"}"), None);
    }
}
