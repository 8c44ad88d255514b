//! Durations and shares as people write them.

use std::time::Duration;

/// `250us`, `20ms`, `30s`, `5m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let number = text.strip_suffix(unit).and_then(|number| number.parse::<f64>().ok());
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => 0.0,
    };
    match number.map(|number| Duration::try_from_secs_f64(number * seconds)) {
        Some(Ok(duration)) if !duration.is_zero() => Ok(duration),
        _ => {
            Err(format!("{text:?} is no duration: write for example \"250us\", \"20ms\", \"30s\" or \"5m\""))
        }
    }
}

/// `0.1%` or `0.001`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 0.01));
    match number.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number * scale),
        _ => Err(format!("{text:?} is no share: write for example \"10%\" or 0.1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_shares_are_written_for_people() {
        assert_eq!(duration("250us"), Ok(Duration::from_micros(250)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(share("0.1%"), Ok(0.001));
        assert_eq!(share("0.1"), Ok(0.1));
        assert!(share("-1%").is_err());
    }
}
