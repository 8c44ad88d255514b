//! A run beside an earlier one.

use serde::{Deserialize, Serialize};

use crate::outcome::{Line, Outcome};
use crate::row::Row;
use crate::scenarios::Kind;

/// One number of one row, then and now.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) scenario: Kind,
    pub(crate) row: Row,
    /// `p50` in milliseconds, `rps`, or `errors` in percent of all operations.
    pub(crate) measure: String,
    pub(crate) before: f64,
    pub(crate) after: f64,
    /// How much has changed, of `errors` in points; less is worse for `rps`, more for the others.
    pub(crate) change_percent: f64,
    pub(crate) passed: bool,
}

/// Reads an earlier JSON report.
pub(crate) fn read(text: &str) -> Result<Outcome, String> {
    serde_json::from_str(text).map_err(|error| format!("no report that --report-json wrote: {error}"))
}

/// So many points more of errors are chance.
const ERRORS_POINTS: f64 = 0.1;

/// Compares row by row what was there before and should be there again: a row of a scenario that was asked for and has
/// vanished is a rate of nothing. Half of a tail is chance, so of the times only the median is judged.
pub(crate) fn compare(before: &[Line], after: &[Line], asked: &[Kind], tolerance: f64) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for then in before.iter().filter(|then| asked.contains(&then.scenario)) {
        let now = after.iter().find(|now| now.scenario == then.scenario && now.row == then.row);
        let now = now.map(|now| now.figures.clone()).unwrap_or_default();
        let mut add = |measure: &str, before: f64, after: f64, change_percent: f64, passed: bool| {
            let (scenario, row, measure) = (then.scenario, then.row, measure.to_owned());
            comparisons.push(Comparison { scenario, row, measure, before, after, change_percent, passed });
        };
        if let (Some(before), Some(after)) = (positive(then.figures.p50_ms), now.p50_ms) {
            add("p50", before, after, (after / before - 1.0) * 100.0, after <= before * (1.0 + tolerance));
        }
        if let Some(before) = positive(Some(then.figures.rps)) {
            let after = now.rps;
            add("rps", before, after, (after / before - 1.0) * 100.0, before <= after * (1.0 + tolerance));
        }
        let (before, after) = (then.figures.error_share() * 100.0, now.error_share() * 100.0);
        if before > 0.0 || after > 0.0 {
            let passed = after <= before * (1.0 + tolerance) + ERRORS_POINTS;
            add("errors", before, after, after - before, passed);
        }
    }
    comparisons
}

fn positive(number: Option<f64>) -> Option<f64> {
    number.filter(|number| *number > 0.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::outcome::Figures;

    fn line(p50_ms: f64, rps: f64) -> Line {
        let figures = Figures { p50_ms: Some(p50_ms), rps, ..Figures::default() };
        Line { scenario: Kind::FanOut, row: Row::Delivery, figures, errors: BTreeMap::new() }
    }

    fn passed(before: Line, after: Line) -> Vec<bool> {
        compare(&[before], &[after], &[Kind::FanOut], 0.2)
            .iter()
            .map(|comparison| comparison.passed)
            .collect()
    }

    #[test]
    fn slower_than_the_tolerance_is_a_breach_and_faster_never_is() {
        assert_eq!(passed(line(10.0, 100.0), line(11.9, 84.0)), [true, true]);
        assert_eq!(passed(line(10.0, 100.0), line(12.1, 83.0)), [false, false]);
        assert_eq!(passed(line(10.0, 100.0), line(1.0, 900.0)), [true, true]);
        assert_eq!(passed(line(10.0, 100.0), line(10.0, 0.0)), [true, false]);
    }

    #[test]
    fn the_change_is_in_percent_of_before() {
        let comparisons = compare(&[line(10.0, 100.0)], &[line(12.0, 50.0)], &[Kind::FanOut], 0.2);

        assert!((comparisons[0].change_percent - 20.0).abs() < 1e-9);
        assert!((comparisons[1].change_percent + 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_row_that_was_not_there_before_is_not_compared() {
        assert!(compare(&[], &[line(1.0, 1.0)], &[Kind::FanOut], 0.2).is_empty());
        assert!(read("{}").unwrap_err().contains("--report-json"));
    }

    #[test]
    fn a_row_that_has_vanished_is_a_breach_if_its_scenario_was_asked_for() {
        let comparisons = compare(&[line(10.0, 100.0)], &[], &[Kind::FanOut], 0.2);

        assert_eq!(comparisons.len(), 1);
        assert_eq!((comparisons[0].measure.as_str(), comparisons[0].passed), ("rps", false));
        assert!(compare(&[line(10.0, 100.0)], &[], &[Kind::Api], 0.2).is_empty());
    }

    #[test]
    fn more_errors_than_before_are_a_breach() {
        let failing = |error_count| {
            let mut line = line(10.0, 100.0);
            (line.figures.count, line.figures.error_count) = (1000 - error_count, error_count);
            line
        };

        assert_eq!(passed(failing(0), failing(1)), [true, true, true]);
        assert_eq!(passed(failing(0), failing(2)), [true, true, false]);
        assert_eq!(passed(failing(100), failing(120)), [true, true, true]);
        assert_eq!(passed(failing(100), failing(130)), [true, true, false]);
    }
}
