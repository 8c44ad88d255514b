//! Durations and sizes as people write them.

use std::time::Duration;

const DURATION_UNITS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

const SIZE_UNITS: &[(&str, u64)] = &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Longest duration that can be written; far beyond any sense, far below any overflow.
const DURATION_DAYS_MAX: u64 = 36_500;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub usize);

impl Size {
    /// The number.
    pub fn bytes(self) -> usize {
        self.0
    }

    /// The size that a text such as `64 KiB` spells.
    pub(super) fn parse(text: &str) -> Option<Self> {
        scaled(text, SIZE_UNITS).and_then(|bytes| usize::try_from(bytes).ok()).map(Self)
    }
}

/// The duration that a text such as `250ms`, `30s`, `5m`, `1h` or `30d` spells.
pub fn duration(text: &str) -> Option<Duration> {
    let longest = Duration::from_secs(DURATION_DAYS_MAX * 86_400);
    scaled(text, DURATION_UNITS).map(Duration::from_millis).filter(|duration| *duration <= longest)
}

/// A whole number times the unit after it.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_numbers_with_a_unit() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("30s"), Some(Duration::from_secs(30)));
        assert_eq!(duration("5m"), Some(Duration::from_secs(300)));
        assert_eq!(duration(" 1 h "), Some(Duration::from_secs(3_600)));
        assert_eq!(duration("30d"), Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(duration("0s"), Some(Duration::ZERO));
        for bad in
            ["", "s", "30", "-1s", "1.5s", "1h30m", "30S", "1w", "99999999999999999999s", "36501d", "3é"]
        {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_whole_numbers_with_a_binary_unit() {
        assert_eq!(Size::parse("64 KiB"), Some(Size(65_536)));
        assert_eq!(Size::parse("1MiB"), Some(Size(1 << 20)));
        assert_eq!(Size::parse("2 GiB"), Some(Size(2 << 30)));
        assert_eq!(Size::parse("512 B"), Some(Size(512)));
        for bad in ["", "64", "64 KB", "KiB", "-1 KiB", "1.5 MiB", "17179869184 GiB"] {
            assert_eq!(Size::parse(bad), None, "{bad}");
        }
    }
}
