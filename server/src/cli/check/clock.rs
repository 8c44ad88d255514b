//! Whether the machine knows the time, by which tokens and certificates are judged.

use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use ports::time::Timestamp;

use super::Finding;

/// 1 January 2025 and 2100.
const SANE: std::ops::Range<u64> = 1_735_689_600..4_102_444_800;
/// How long the two clocks are watched, and how far they may go apart meanwhile.
const WATCHED: Duration = Duration::from_millis(100);
const APART_MAX: Duration = Duration::from_millis(50);

pub(super) fn look(now: Timestamp) -> Vec<Finding> {
    vec![year(now), steps(WATCHED)]
}

fn year(now: Timestamp) -> Finding {
    if SANE.contains(&(now.as_millis() / 1_000)) {
        return Finding::ok("clock", "the date is a likely one");
    }
    let what = "the date is far off, and by it tokens expire and certificates count";
    Finding::error("clock", what, Some("set the clock, for example with timedatectl set-ntp true".to_owned()))
}

/// Compares how far the clock of the day and the one that only runs on get within a moment.
#[expect(clippy::disallowed_methods, reason = "both clocks are what is looked at")]
fn steps(watched: Duration) -> Finding {
    let (steady, day) = (Instant::now(), SystemTime::now());
    sleep(watched);
    let steady = steady.elapsed();
    let day = day.elapsed().unwrap_or_default();
    if steady.abs_diff(day) <= APART_MAX {
        return Finding::ok("clock", "it runs evenly");
    }
    let what = format!("it jumped by {:?} just now; something is setting it in steps", steady.abs_diff(day));
    Finding::warning("clock", what, Some("let chrony or systemd-timesyncd steer it gently".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn years_that_cannot_be_are_told() {
        assert_eq!(year(Timestamp::from_secs(0)).grade, Grade::Error);
        assert_eq!(year(Timestamp::from_secs(1_800_000_000)).grade, Grade::Ok);
        assert_eq!(year(Timestamp::from_secs(5_000_000_000)).grade, Grade::Error);
    }

    #[test]
    fn clock_that_runs_evenly_is_fine() {
        assert_eq!(steps(Duration::from_millis(1)).grade, Grade::Ok);
    }
}
