//! What a run has to keep to, and whether it did.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::outcome::{Figures, Line};
use crate::row::Row;
use crate::scenarios::{Kind, nearest};
use crate::units::{duration, share};

/// What was read from a file: limits by scenario and row.
#[derive(Debug, Default)]
pub(crate) struct Budgets(Vec<(Kind, Row, Limits)>);

/// What is built in.
pub(crate) const DEFAULT: &str = include_str!("../budgets.toml");

/// The limits of one row.
#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(deny_unknown_fields)]
struct Limits {
    #[serde(default, deserialize_with = "read_duration")]
    p50: Option<Duration>,
    #[serde(default, deserialize_with = "read_duration")]
    p95: Option<Duration>,
    #[serde(default, deserialize_with = "read_duration")]
    p99: Option<Duration>,
    #[serde(default, deserialize_with = "read_duration")]
    max: Option<Duration>,
    #[serde(default, deserialize_with = "read_share")]
    errors: Option<f64>,
    rps: Option<f64>,
}

/// One limit, and what became of it.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) scenario: Kind,
    pub(crate) row: Row,
    /// `p50`, `p95`, `p99`, `max`, `errors` or `rps`.
    pub(crate) measure: String,
    /// What was found, for people.
    pub(crate) value: String,
    /// What was allowed, for people.
    pub(crate) limit: String,
    pub(crate) passed: bool,
}

impl Budgets {
    /// Reads a file. An error says what is wrong and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let scenarios: BTreeMap<String, BTreeMap<String, toml::Value>> =
            toml::from_str(text).map_err(|error| error.to_string())?;
        let mut budgets = Vec::new();
        for (scenario, rows) in scenarios {
            let kind = Kind::named(&scenario)?;
            for (name, limits) in rows {
                let row = Row::ALL.into_iter().find(|row| row.to_string() == name);
                let row = row.ok_or_else(|| unknown_row(&scenario, &name))?;
                let limits: Limits =
                    limits.try_into().map_err(|error| format!("[{scenario}.{name:?}]: {}", brief(&error)))?;
                budgets.push((kind, row, limits));
            }
        }
        Ok(Self(budgets))
    }

    /// Judges what was played. A row that should be there and is not is a breach: a budget that nothing is held against
    /// would look kept.
    pub(crate) fn judge(&self, kinds: &[Kind], lines: &[Line]) -> Vec<Judgement> {
        let mut judgements = Vec::new();
        for (kind, row, limits) in self.0.iter().filter(|(kind, ..)| kinds.contains(kind)) {
            let line = lines.iter().find(|line| line.scenario == *kind && line.row == *row);
            match line {
                Some(line) => limits.judge(&line.figures, &mut |measure, value, limit, passed| {
                    judgements.push(judgement(*kind, *row, measure, value, limit, passed));
                }),
                None => judgements.push(judgement(
                    *kind,
                    *row,
                    "rps",
                    "no samples".to_owned(),
                    "some".to_owned(),
                    false,
                )),
            }
        }
        judgements
    }
}

impl Limits {
    fn judge(&self, figures: &Figures, say: &mut dyn FnMut(&str, String, String, bool)) {
        let times = [
            ("p50", self.p50, figures.p50_ms),
            ("p95", self.p95, figures.p95_ms),
            ("p99", self.p99, figures.p99_ms),
            ("max", self.max, figures.max_ms),
        ];
        for (measure, limit, value_ms) in times {
            let Some(limit) = limit else { continue };
            let limit_ms = limit.as_secs_f64() * 1e3;
            let value = value_ms.map_or("no samples".to_owned(), |ms| format!("{ms:.2} ms"));
            say(measure, value, format!("≤ {limit_ms} ms"), value_ms.is_some_and(|ms| ms <= limit_ms));
        }
        if let Some(limit) = self.errors {
            let found = figures.error_share();
            say(
                "errors",
                format!("{:.3} %", found * 100.0),
                format!("≤ {} %", limit * 100.0),
                found <= limit,
            );
        }
        if let Some(limit) = self.rps {
            say("rps", format!("{:.1}/s", figures.rps), format!("≥ {limit}/s"), figures.rps >= limit);
        }
    }
}

fn judgement(
    scenario: Kind,
    row: Row,
    measure: &str,
    value: String,
    limit: String,
    passed: bool,
) -> Judgement {
    Judgement { scenario, row, measure: measure.to_owned(), value, limit, passed }
}

fn unknown_row(scenario: &str, name: &str) -> String {
    let names = Row::ALL.map(|row| row.to_string());
    let near = nearest(name, names.iter().map(String::as_str));
    format!("[{scenario}]: no row {name:?}{near}; there are: {}", names.join(", "))
}

fn brief(error: &toml::de::Error) -> String {
    error.message().to_owned()
}

fn read_duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    duration(&text).map(Some).map_err(serde::de::Error::custom)
}

fn read_share<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let text = String::deserialize(from)?;
    share(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(figures: Figures) -> Line {
        Line { scenario: Kind::FanOut, row: Row::Delivery, figures, errors: BTreeMap::new() }
    }

    fn verdicts(budgets: &str, figures: Figures) -> Vec<(String, bool)> {
        let judgements = Budgets::parse(budgets).unwrap().judge(&[Kind::FanOut], &[line(figures)]);
        judgements.into_iter().map(|judgement| (judgement.measure, judgement.passed)).collect()
    }

    fn figures() -> Figures {
        Figures {
            count: 990,
            error_count: 10,
            rps: 99.0,
            p50_ms: Some(1.0),
            p95_ms: Some(2.0),
            p99_ms: Some(3.0),
            max_ms: Some(4.0),
        }
    }

    #[test]
    fn what_is_built_in_can_be_read() {
        assert!(!Budgets::parse(DEFAULT).unwrap().0.is_empty());
    }

    #[test]
    fn the_smoke_knows_every_row_and_judges_nothing_but_errors() {
        let rows = |text| {
            let budgets = Budgets::parse(text).unwrap().0.into_iter();
            budgets.map(|(kind, row, limits)| ((kind, row), limits)).collect::<BTreeMap<_, _>>()
        };
        let smoke = rows(include_str!("../smoke.toml"));

        assert!(rows(DEFAULT).keys().all(|row| smoke.contains_key(row)));
        assert!(smoke.values().all(|limits| *limits == Limits { errors: Some(0.01), ..Limits::default() }));
    }

    #[test]
    fn every_measure_passes_at_its_limit_and_fails_beyond() {
        let at = r#"[fan-out."WS publish->delivery"]
            p50 = "1ms"
            p95 = "2ms"
            p99 = "3ms"
            max = "4ms"
            errors = "1%"
            rps = 99.0"#;
        let beyond = r#"[fan-out."WS publish->delivery"]
            p50 = "999us"
            p95 = "1.9ms"
            p99 = "2.9ms"
            max = "3.9ms"
            errors = "0.9%"
            rps = 99.1"#;

        let measures = ["p50", "p95", "p99", "max", "errors", "rps"];
        assert_eq!(verdicts(at, figures()), measures.map(|measure| (measure.to_owned(), true)));
        assert_eq!(verdicts(beyond, figures()), measures.map(|measure| (measure.to_owned(), false)));
    }

    #[test]
    fn a_row_without_samples_is_a_breach_and_a_scenario_that_was_not_played_is_none() {
        let budgets =
            Budgets::parse("[fan-out.\"WS connect\"]\np50 = \"1s\"\n[api.\"API publish\"]\nrps = 1.0")
                .unwrap();

        let judgements = budgets.judge(&[Kind::FanOut], &[]);

        assert_eq!(judgements.len(), 1);
        assert!(!judgements[0].passed);
        assert_eq!(judgements[0].value, "no samples");
    }

    #[test]
    fn every_error_names_the_fix() {
        for (text, fix) in [
            ("[fanout.\"WS connect\"]\np50 = \"1s\"", "did you mean \"fan-out\"?"),
            ("[fan-out.\"WS conect\"]\np50 = \"1s\"", "did you mean \"WS connect\"?"),
            ("[fan-out.\"WS connect\"]\np55 = \"1s\"", "p50"),
            ("[fan-out.\"WS connect\"]\np50 = \"1\"", "20ms"),
            ("[fan-out.\"WS connect\"]\nerrors = \"few\"", "10%"),
        ] {
            let error = Budgets::parse(text).unwrap_err();
            assert!(error.contains(fix), "{text}: {error}");
        }
    }
}
