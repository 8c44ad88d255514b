//! Tables, the same ones for every form.

use crate::outcome::Outcome;

/// A heading, column names and cells. The last column of a table with a verdict says `PASS` or `FAIL`.
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// What is to be said about a run, in the order of importance; nothing that is empty.
pub(crate) fn tables(outcome: &Outcome) -> Vec<Table> {
    let all = [
        faults(outcome),
        notices(outcome),
        rows(outcome),
        errors(outcome),
        budgets(outcome),
        baseline(outcome),
    ];
    all.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

/// `PASS` or `FAIL`.
pub(crate) fn verdict(passed: bool) -> String {
    if passed { "PASS" } else { "FAIL" }.to_owned()
}

fn faults(outcome: &Outcome) -> Table {
    let row = |(text, count): (&String, &u64)| vec![text.clone(), count.to_string()];
    Table { title: "Faults", columns: vec!["fault", "times"], rows: outcome.faults.iter().map(row).collect() }
}

fn notices(outcome: &Outcome) -> Table {
    let rows = outcome.notices.iter().map(|notice| vec![notice.clone()]).collect();
    Table { title: "Left out", columns: vec!["what and why"], rows }
}

fn rows(outcome: &Outcome) -> Table {
    let ms = |value: Option<f64>| value.map_or("–".to_owned(), |ms| format!("{ms:.2}"));
    let rows = outcome.rows.iter().map(|line| {
        let figures = &line.figures;
        vec![
            line.scenario.to_string(),
            line.row.to_string(),
            figures.count.to_string(),
            figures.error_count.to_string(),
            format!("{:.1}", figures.rps),
            ms(figures.p50_ms),
            ms(figures.p95_ms),
            ms(figures.p99_ms),
            ms(figures.max_ms),
        ]
    });
    Table {
        title: "Operations (times in ms)",
        columns: vec!["scenario", "row", "count", "errors", "per s", "p50", "p95", "p99", "max"],
        rows: rows.collect(),
    }
}

fn errors(outcome: &Outcome) -> Table {
    let rows = outcome.rows.iter().flat_map(|line| {
        let row = |(text, count): (&String, &u64)| {
            vec![line.scenario.to_string(), line.row.to_string(), text.clone(), count.to_string()]
        };
        line.errors.iter().map(row).collect::<Vec<_>>()
    });
    Table { title: "Errors", columns: vec!["scenario", "row", "error", "times"], rows: rows.collect() }
}

fn budgets(outcome: &Outcome) -> Table {
    let rows = outcome.budgets.iter().map(|judgement| {
        vec![
            judgement.scenario.to_string(),
            judgement.row.to_string(),
            judgement.measure.clone(),
            judgement.value.clone(),
            judgement.limit.clone(),
            verdict(judgement.passed),
        ]
    });
    Table {
        title: "Budgets",
        columns: vec!["scenario", "row", "measure", "value", "limit", "verdict"],
        rows: rows.collect(),
    }
}

fn baseline(outcome: &Outcome) -> Table {
    let rows = outcome.baseline.iter().map(|comparison| {
        vec![
            comparison.scenario.to_string(),
            comparison.row.to_string(),
            comparison.measure.clone(),
            format!("{:.2}", comparison.before),
            format!("{:.2}", comparison.after),
            format!("{:+.1} %", comparison.change_percent),
            verdict(comparison.passed),
        ]
    });
    Table {
        title: "Baseline",
        columns: vec!["scenario", "row", "measure", "before", "after", "change", "verdict"],
        rows: rows.collect(),
    }
}
