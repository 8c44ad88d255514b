//! What the pairs showed, for people and programs.

use std::io::Write as _;

use serde_json::{Value, json};

use super::{Judged, Pair, Reading};
use crate::options::PairOptions;
use crate::outcome::Verdict;
use crate::report::junit::Case;
use crate::report::table::Table;
use crate::report::{Papers, console, junit, markdown};
use crate::statistics::{Difference, Finding};

/// A line for each pair, while the others are still to come.
pub(super) fn progress(number: usize, pair: &Pair) {
    let [p50, rate, cpu] =
        ratios(pair).map(|ratio| ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.3}")));
    // Progress that nobody can see is no reason to stop.
    let _ = writeln!(
        std::io::stderr(),
        "pair {:>2}: b/a p50 {p50}, time per operation {rate}, server CPU {cpu}",
        number + 1
    );
}

/// All reports.
pub(super) fn write(
    options: &PairOptions,
    pairs: &[Pair],
    judged: &[Judged],
    verdict: Verdict,
) -> Result<(), String> {
    let tables = [pairs_table(pairs), verdicts_table(judged)];
    let sentence = format!(
        "{}: {} by {} pairs of {} s with {} sockets, tolerance {:.0} %",
        summary(judged),
        options.scenario,
        pairs.len(),
        options.seconds,
        options.fleet,
        options.tolerance * 100.0
    );
    console::print(&tables, &sentence);
    let papers = Papers {
        json: &as_json(options, pairs, judged, verdict),
        markdown: markdown::render("Load test in pairs", &sentence, &tables),
        junit: junit::render(&judged.iter().map(|judged| case(options, judged)).collect::<Vec<_>>()),
    };
    papers.write(&options.reports)
}

fn summary(judged: &[Judged]) -> String {
    let of = |wanted: Difference| {
        let named = judged.iter().filter(|judged| judged.finding.verdict == wanted);
        named
            .map(|judged| format!("{} {}", judged.measure, percent(&judged.finding)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (slower, faster) = (of(Difference::Slower), of(Difference::Faster));
    match (slower.is_empty(), faster.is_empty()) {
        (false, _) => format!("b is SLOWER ({slower})"),
        (true, false) => format!("b is faster ({faster})"),
        (true, true) => "no difference beyond tolerance and chance".to_owned(),
    }
}

/// By how much the second is slower.
fn percent(finding: &Finding) -> String {
    format!("{:+.1} %", (finding.ratio - 1.0) * 100.0)
}

fn word(finding: &Finding) -> &'static str {
    match finding.verdict {
        Difference::Slower => "FAIL",
        Difference::Faster => "faster",
        Difference::None => "PASS",
    }
}

fn verdicts_table(judged: &[Judged]) -> Table {
    let row = |Judged { measure, finding }: &Judged| {
        vec![
            (*measure).to_owned(),
            format!("{:.3}", finding.ratio),
            format!("{:.3} to {:.3}", finding.between.0, finding.between.1),
            percent(finding),
            format!("{:.4}", finding.chance),
            word(finding).to_owned(),
        ]
    };
    Table {
        title: "Verdict (b / a, more is slower)",
        columns: vec!["measure", "median ratio", "between", "change", "by chance", "verdict"],
        rows: judged.iter().map(row).collect(),
    }
}

fn pairs_table(pairs: &[Pair]) -> Table {
    let cell = |reading: &Reading| {
        let cpu = reading.cpu_us.map_or("–".to_owned(), |us| format!("{us:.2}"));
        [format!("{:.3}", reading.p50_ms), format!("{:.0}", reading.per_second), cpu]
    };
    let row = |(number, pair): (usize, &Pair)| {
        let mut cells = vec![(number + 1).to_string()];
        cells.extend(cell(&pair.a));
        cells.extend(cell(&pair.b));
        cells
    };
    Table {
        title: "Pairs (p50 in ms, operations per s, server CPU per operation in µs)",
        columns: vec!["pair", "a p50", "a per s", "a CPU", "b p50", "b per s", "b CPU"],
        rows: pairs.iter().enumerate().map(row).collect(),
    }
}

fn ratios(pair: &Pair) -> [Option<f64>; 3] {
    let cpu = pair.b.cpu_us.zip(pair.a.cpu_us).map(|(b, a)| b / a);
    [Some(pair.b.p50_ms / pair.a.p50_ms), Some(pair.a.per_second / pair.b.per_second), cpu]
}

fn case(options: &PairOptions, judged: &Judged) -> Case {
    let finding = &judged.finding;
    let detail = format!(
        "{} (between {:.3} and {:.3}), by chance {:.4}, tolerance {:.0} %",
        percent(finding),
        finding.between.0,
        finding.between.1,
        finding.chance,
        options.tolerance * 100.0
    );
    let (details, failures) = if finding.verdict == Difference::Slower {
        (Vec::new(), vec![detail])
    } else {
        (vec![detail], Vec::new())
    };
    Case { suite: format!("pair {}", options.scenario), name: judged.measure.to_owned(), details, failures }
}

fn as_json(options: &PairOptions, pairs: &[Pair], judged: &[Judged], verdict: Verdict) -> Value {
    let findings = judged.iter().map(|Judged { measure, finding }| {
        json!({
            "measure": measure,
            "ratio": finding.ratio,
            "between": [finding.between.0, finding.between.1],
            "chance": finding.chance,
            "slower": finding.verdict == Difference::Slower,
            "faster": finding.verdict == Difference::Faster,
        })
    });
    json!({
        "scenario": options.scenario,
        "seconds": options.seconds,
        "fleet": options.fleet,
        "tolerance": options.tolerance,
        "verdict": verdict,
        "findings": findings.collect::<Vec<_>>(),
        "pairs": pairs,
    })
}
