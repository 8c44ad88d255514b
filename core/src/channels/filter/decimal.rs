//! Decimal numbers as text, compared exactly.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A decimal number of any size up to [`Decimal::BYTES_MAX`]: its digits without leading and trailing zeros, so that
/// equal numbers are equal texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal<'a> {
    negative: bool,
    integer: Cow<'a, str>,
    fraction: Cow<'a, str>,
}

impl<'a> Decimal<'a> {
    /// Longest text that counts as a number.
    pub(super) const BYTES_MAX: usize = 64;

    /// The number a text spells: an optional sign, digits, and perhaps a point with digits on at least one side. No
    /// exponents, no spaces.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > Self::BYTES_MAX {
            return None;
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_numeric(integer) || !is_numeric(fraction) || (integer.is_empty() && fraction.is_empty()) {
            return None;
        }
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let is_zero = integer.is_empty() && fraction.is_empty();
        Some(Self {
            negative: text.starts_with('-') && !is_zero,
            integer: integer.into(),
            fraction: fraction.into(),
        })
    }

    /// The same number with digits of its own.
    pub(super) fn into_owned(self) -> Decimal<'static> {
        Decimal {
            negative: self.negative,
            integer: Cow::Owned(self.integer.into_owned()),
            fraction: Cow::Owned(self.fraction.into_owned()),
        }
    }

    /// How the two lie on the number line.
    pub(super) fn cmp(&self, other: &Decimal<'_>) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_size(other),
            (true, true) => other.cmp_size(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }

    fn cmp_size(&self, other: &Decimal<'_>) -> Ordering {
        let digits = self.integer.len().cmp(&other.integer.len());
        digits.then_with(|| self.integer.cmp(&other.integer)).then_with(|| self.fraction.cmp(&other.fraction))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(less: &str, greater: &str) {
        let parse = |text| Decimal::parse(text).unwrap();

        assert_eq!(parse(less).cmp(&parse(greater)), Ordering::Less);
        assert_eq!(parse(greater).cmp(&parse(less)), Ordering::Greater);
    }

    #[test]
    fn numbers_lie_on_a_line() {
        check("-2", "-1");
        check("-1", "0");
        check("9", "10");
        check("1.09", "1.1");
        check("-1.1", "-1.09");
        check("0.1", "0.11");
        check("-0.5", ".4");
    }

    #[test]
    fn no_digit_is_rounded_away() {
        check("9007199254740992", "9007199254740993"); // equal as binary floating-point numbers
        check("0.1", "0.1000000000000000000000000000000000000000000000000001");
        check("99999999999999999999999999999999", "100000000000000000000000000000000");
    }

    #[test]
    fn the_same_number_has_many_spellings() {
        let one = Decimal::parse("1");

        for text in ["1.0", "01", "+1", "1.", "0001.000"] {
            assert_eq!(Decimal::parse(text), one);
        }
        for text in ["-0", "0.0", ".0", "+0.", "000"] {
            assert_eq!(Decimal::parse(text), Decimal::parse("0"));
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in ["", ".", "-", "+.", "1e3", " 1", "1 ", "--1", "1.2.3", "0x1", "1,5", "NaN", "inf", "١"]
        {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_length_of_a_number_is_bounded() {
        assert!(Decimal::parse(&"1".repeat(Decimal::BYTES_MAX)).is_some());
        assert_eq!(Decimal::parse(&"1".repeat(Decimal::BYTES_MAX + 1)), None);
    }

    /// A number in millionths, and one of its spellings.
    fn spelled() -> impl Strategy<Value = (i64, String)> {
        let number = prop_oneof![-3_000_000_i64..3_000_000, any::<i64>()];
        (number, 0_usize..3, 0_usize..3).prop_map(|(millionths, before, after)| {
            let size = millionths.unsigned_abs();
            let sign = if millionths < 0 { "-" } else { "" };
            let (integer, fraction) = (size / 1_000_000, size % 1_000_000);
            let (before, after) = ("0".repeat(before), "0".repeat(after));
            (millionths, format!("{sign}{before}{integer}.{fraction:06}{after}"))
        })
    }

    proptest! {
        #[test]
        fn texts_compare_as_their_numbers((one, one_text) in spelled(), (other, other_text) in spelled()) {
            let one_parsed = Decimal::parse(&one_text).unwrap();
            let other_parsed = Decimal::parse(&other_text).unwrap();

            prop_assert_eq!(one_parsed.cmp(&other_parsed), one.cmp(&other));
            prop_assert_eq!(one_parsed == other_parsed, one == other);
        }
    }
}
