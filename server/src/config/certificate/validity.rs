//! Until when a certificate is good: the one field of it that is looked at here.

use ports::time::Timestamp;

use crate::config::units::moment;

/// The last moment of a certificate in DER (RFC 5280, 4.1).
pub(super) fn end(certificate: &[u8]) -> Option<Timestamp> {
    const VERSION: u8 = 0xa0;
    let (_, certificate, _) = element(certificate)?;
    let (_, fields, _) = element(certificate)?;
    let (first, _, after_first) = element(fields)?;
    let serial = if first == VERSION { after_first } else { fields };
    let (_, _, algorithm) = element(serial)?;
    let (_, _, issuer) = element(algorithm)?;
    let (_, _, validity) = element(issuer)?;
    let (_, validity, _) = element(validity)?;
    let (_, _, end) = element(validity)?;
    let (kind, end, _) = element(end)?;
    time(kind, end)
}

/// Tag and content of the first element, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    const LONG: u8 = 0x80;
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    if first < LONG {
        let (content, rest) = rest.split_at_checked(usize::from(first))?;
        return Some((tag, content, rest));
    }
    let (length, rest) = rest.split_at_checked(usize::from(first - LONG))?;
    let length = length
        .iter()
        .try_fold(0_usize, |sum, byte| sum.checked_mul(256).map(|sum| sum + usize::from(*byte)))?;
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ`, of the years up to 2049, or with the whole year.
fn time(kind: u8, text: &[u8]) -> Option<Timestamp> {
    const SHORT: u8 = 0x17;
    let text = std::str::from_utf8(text).ok()?;
    let (year, rest) = if kind == SHORT {
        let (year, rest) = text.split_at_checked(2)?;
        (format!("{}{year}", if year < "50" { "20" } else { "19" }), rest)
    } else {
        let (year, rest) = text.split_at_checked(4)?;
        (year.to_owned(), rest)
    };
    let two = |at: usize| rest.get(at..at + 2);
    let (month, day, hour, minute, second) = (two(0)?, two(2)?, two(4)?, two(6)?, two(8)?);
    let written = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    written.parse().ok().as_ref().and_then(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_two_or_four_digits_of_the_year() {
        let seconds = |kind, text: &str| time(kind, text.as_bytes()).map(|at| at.as_millis() / 1_000);

        assert_eq!(seconds(0x17, "270131120000Z"), Some(1_801_396_800));
        assert_eq!(seconds(0x18, "20270131120000Z"), Some(1_801_396_800));
        assert_eq!(seconds(0x17, "991231235959Z"), Some(946_684_799));
        for bad in ["", "27", "2701311200", "27013112000é"] {
            assert_eq!(seconds(0x17, bad), None, "{bad}");
        }
    }

    #[test]
    fn noise_is_no_certificate() {
        for noise in [&[][..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x89], &[0x30; 300]] {
            assert_eq!(end(noise), None);
        }
    }
}
