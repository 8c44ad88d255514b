//! Durations, sizes and dates as people write them.

use std::fmt;
use std::time::Duration;

use ports::time::Timestamp;
use toml::value::{Datetime, Offset};

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

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = u64::try_from(self.0).unwrap_or(u64::MAX);
        let (name, factor) = largest(bytes, SIZE_UNITS);
        write!(f, "{} {name}", bytes / factor)
    }
}

/// The text that spells a duration.
pub(super) fn written_duration(duration: Duration) -> String {
    if duration.is_zero() {
        return "0s".to_owned();
    }
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let (name, factor) = largest(millis, DURATION_UNITS);
    format!("{}{name}", millis / factor)
}

/// The largest unit of which a number is a multiple.
fn largest(number: u64, units: &[(&'static str, u64)]) -> (&'static str, u64) {
    let fits = |(_, factor): &&(&str, u64)| number >= *factor && number.is_multiple_of(*factor);
    units.iter().rev().find(fits).or(units.first()).copied().unwrap_or(("", 1))
}

/// The text that spells a point in time, in UTC.
pub(super) fn written_moment(at: Timestamp) -> String {
    let seconds = at.as_millis() / 1_000;
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date so many days after 1970 began. Years begin in March here too.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_BEFORE_1970: u64 = 719_468;
    const DAYS_OF_400_YEARS: u64 = 146_097;
    let days = days + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = if months_since_march < 10 { months_since_march + 3 } else { months_since_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The point in time that a date names: its first moment in UTC, or a time of it with an offset.
pub(super) fn moment(written: &Datetime) -> Option<Timestamp> {
    let date = written.date?;
    let (year, month, day) = (i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let seconds = match (written.time, written.offset) {
        (None, None) => 0,
        (Some(time), Some(offset)) => {
            let minutes = match offset {
                Offset::Z => 0,
                Offset::Custom { minutes } => i64::from(minutes),
            };
            (i64::from(time.hour) * 60 + i64::from(time.minute) - minutes) * 60
                + i64::from(time.second.unwrap_or(0))
        }
        (Some(_), None) | (None, Some(_)) => return None,
    };
    let total = days_since_1970(year, month, day) * 86_400 + seconds;
    u64::try_from(total).ok().map(Timestamp::from_secs)
}

/// Days of the Gregorian calendar. Years begin in March here, so that the leap day is their last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    const DAYS_BEFORE_1970: i64 = 719_468;
    let year = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    year * 365 + leap_days + day_of_year - DAYS_BEFORE_1970
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
    fn dates_are_days_in_utc_or_times_with_an_offset() {
        let seconds = |text: &str| moment(&text.parse().unwrap()).map(|at| at.as_millis() / 1_000);

        assert_eq!(seconds("1970-01-01"), Some(0));
        assert_eq!(seconds("2000-03-01"), Some(951_868_800));
        assert_eq!(seconds("2024-02-29"), Some(1_709_164_800));
        assert_eq!(seconds("2027-01-31T12:00:00Z"), Some(1_801_396_800));
        assert_eq!(seconds("2027-01-31T12:00:30+02:00"), Some(1_801_389_630));
        for bad in ["2027-01-31T12:00:00", "12:00:00", "1969-12-31"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["250ms", "30s", "90s", "5m", "1h", "30d", "0s"] {
            assert_eq!(written_duration(duration(text).unwrap()), text);
        }
        for text in ["0 B", "512 B", "1025 B", "64 KiB", "256 MiB", "3 GiB"] {
            assert_eq!(Size::parse(text).unwrap().to_string(), text);
        }
        let moments =
            ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2024-12-31T12:30:00Z", "2100-03-01T00:00:00Z"];
        for text in moments {
            assert_eq!(written_moment(moment(&text.parse().unwrap()).unwrap()), text);
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
