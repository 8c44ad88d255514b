//! One run from the scout to the verdict.

use std::path::Path;
use std::sync::Arc;

use tokio::time::Instant;

use crate::attack::Attack;
use crate::baseline;
use crate::budgets::{self, Budgets};
use crate::ledger::{Journal, Ledger};
use crate::options::RunOptions;
use crate::outcome::{Outcome, Verdict, lines};
use crate::progress::Progress;
use crate::report::table::tables;
use crate::report::{Papers, console, html, junit, markdown};
use crate::scenarios::{Kind, capacity};
use crate::scout::scout;
use crate::stage::{Findings, Pace, Stage};
use crate::target::Target;

/// Which part of what the machine can take one client floods with.
pub(crate) const FLOOD_SHARE: f64 = 0.1;

/// Runs, reports, and says how it ended. An error is a fault that left nothing to report.
pub(crate) async fn run(options: RunOptions) -> Result<Verdict, String> {
    options.check()?;
    let budgets = read_budgets(&options)?;
    let before = options.baseline.as_deref().map(|file| read(file).and_then(|text| baseline::read(&text)));
    let before = before.transpose().map_err(|error| format!("--baseline: {error}"))?;
    let target = Arc::new(Target::new(&options.target, &options.host)?);
    let mut findings = scout(&target).await?;
    let (kinds, notices) = choose(&options.scenarios, &findings)?;
    if options.all && !notices.is_empty() {
        return Err(notices.iter().map(|notice| format!("--all: {notice}\n")).collect());
    }
    let users = options.users(&kinds)?;
    if kinds.contains(&Kind::Flood) {
        findings.flood_rate = flood_rate(&target, &findings, options.fleet).await?;
    }

    let ledger = Arc::new(Ledger::default());
    let begun = Instant::now();
    let progress = Progress::of(&ledger);
    let attack = Attack {
        target: Arc::clone(&target),
        findings: Arc::new(findings),
        ledger: Arc::clone(&ledger),
        kinds: &kinds,
        users,
        fleet: options.fleet,
        ramp: options.ramp,
        run_time: options.run_time,
        report_html: options.report_html.as_deref(),
    };
    attack.run().await?;
    drop(progress);

    let mut outcome = Outcome {
        host: target.host().to_owned(),
        seconds: begun.elapsed().as_secs_f64(),
        users,
        fleet: options.fleet,
        scenarios: kinds,
        verdict: Verdict::Pass,
        notices,
        faults: Default::default(),
        rows: Vec::new(),
        budgets: Vec::new(),
        baseline: Vec::new(),
    };
    outcome.rows = lines(&ledger, outcome.seconds);
    note_what_never_ran(&outcome, &ledger);
    outcome.faults = ledger.faults();
    outcome.budgets = budgets.judge(&outcome.scenarios, &outcome.rows);
    if let Some(before) = before {
        let asked = asked(&options.scenarios);
        outcome.baseline = baseline::compare(&before.rows, &outcome.rows, &asked, options.baseline_tolerance);
    }
    outcome.judge();
    report(&options, &outcome)?;
    Ok(outcome.verdict)
}

/// What is named, or everything if nothing is.
fn asked(named: &[Kind]) -> Vec<Kind> {
    if named.is_empty() { Kind::ALL.to_vec() } else { named.to_vec() }
}

/// What is named, if it can be played; everything that can be played, if nothing is named. And what is left out.
fn choose(named: &[Kind], findings: &Findings) -> Result<(Vec<Kind>, Vec<String>), String> {
    for kind in named {
        if let Some(why) = findings.lacks(*kind) {
            return Err(format!("--scenarios {kind}: {why}"));
        }
    }
    let (fitting, lacking): (Vec<Kind>, Vec<Kind>) =
        asked(named).into_iter().partition(|kind| findings.lacks(*kind).is_none());
    let mut notices: Vec<String> =
        lacking.iter().filter_map(|kind| findings.lacks(*kind).map(|why| format!("{kind}: {why}"))).collect();
    for (kinds, why) in &findings.parts {
        let names: Vec<&str> =
            kinds.iter().filter(|kind| fitting.contains(kind)).map(|kind| kind.name()).collect();
        if !names.is_empty() {
            notices.push(format!("{}, in part: {why}", names.join(", ")));
        }
    }
    Ok((fitting, notices))
}

/// How fast one client floods a server that has nothing else to do.
pub(crate) async fn flood_rate(
    target: &Arc<Target>,
    findings: &Findings,
    fleet: usize,
) -> Result<f64, String> {
    let stage = Stage {
        target: Arc::clone(target),
        journal: Journal::new(&Arc::new(Ledger::default()), Kind::Flood),
        user: 0,
        fleet,
        pace: Pace::Steady,
        findings: Arc::new(Findings { publishing: findings.publishing, ..Findings::default() }),
    };
    let capacity = capacity(&stage).await.map_err(|refusal| format!("measuring the capacity: {refusal}"))?;
    if capacity <= 0.0 {
        return Err("measuring the capacity: nothing was published".to_owned());
    }
    Ok(capacity * FLOOD_SHARE)
}

fn note_what_never_ran(outcome: &Outcome, ledger: &Ledger) {
    for kind in &outcome.scenarios {
        let ran = outcome.rows.iter().any(|line| line.scenario == *kind && line.figures.count > 0);
        if !ran {
            ledger.fault(&format!("{kind}: nothing went well in the whole run"));
        }
    }
}

fn read_budgets(options: &RunOptions) -> Result<Budgets, String> {
    if options.no_budgets {
        return Ok(Budgets::default());
    }
    match &options.budgets {
        None => Budgets::parse(budgets::DEFAULT),
        Some(file) => {
            Budgets::parse(&read(file)?).map_err(|error| format!("--budgets {}: {error}", file.display()))
        }
    }
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn report(options: &RunOptions, outcome: &Outcome) -> Result<(), String> {
    let tables = tables(outcome);
    let sentence = format!(
        "{}: {} scenarios, {} users with {} sockets each, {:.0} s against {}",
        outcome.verdict.word(),
        outcome.scenarios.len(),
        outcome.users,
        outcome.fleet,
        outcome.seconds,
        outcome.host,
    );
    console::print(&tables, &sentence);
    if let Some(file) = &options.report_html {
        html::complete(file, &sentence, &tables)?;
    }
    let papers = Papers {
        json: outcome,
        markdown: markdown::render("Load test", &sentence, &tables),
        junit: junit::render(&junit::cases(outcome)),
    };
    papers.write(&options.reports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_possible_is_left_out_unless_it_is_named() {
        let mut findings = Findings::default();
        findings.lacking.insert(Kind::Api, "no key".to_owned());

        let (kinds, notices) = choose(&[], &findings).unwrap();

        assert!(!kinds.contains(&Kind::Api));
        assert_eq!(notices, ["api: no key"]);
        assert_eq!(choose(&[Kind::Api], &findings).unwrap_err(), "--scenarios api: no key");
        assert_eq!(choose(&[Kind::Health], &findings).unwrap(), (vec![Kind::Health], Vec::new()));
    }

    #[test]
    fn what_is_played_only_in_part_is_told_of_the_scenarios_that_are_played() {
        let mut findings = Findings::default();
        findings.parts.push((&[Kind::Api, Kind::Presence], "no presence".to_owned()));

        assert_eq!(choose(&[], &findings).unwrap().1, ["api, presence, in part: no presence"]);
        assert_eq!(choose(&[Kind::Api], &findings).unwrap().1, ["api, in part: no presence"]);
        assert!(choose(&[Kind::Health], &findings).unwrap().1.is_empty());
    }
}
