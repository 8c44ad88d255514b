//! How much one client that floods disturbs the others: pairs of runs with and without it.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::histogram::Histogram;
use crate::ledger::{Journal, Ledger};
use crate::options::FloodOptions;
use crate::outcome::Verdict;
use crate::report::junit::Case;
use crate::report::table::Table;
use crate::report::{Papers, console, junit, markdown};
use crate::row::Row;
use crate::run::{FLOOD_SHARE, flood_rate};
use crate::scenarios::{Kind, POURED_MIN, Play, Pouring};
use crate::scout::scout;
use crate::stage::{Pace, Stage};
use crate::statistics::median;
use crate::target::Target;

/// The others' median without the flood and with it, and how much flooded.
struct Pair {
    quiet_ms: f64,
    flooded_ms: f64,
    flood_per_second: f64,
}

/// After the flood began or ended, before anything counts.
const SETTLING: Duration = Duration::from_millis(150);
/// With and without take turns of about this length, so that a neighbour who takes the machine away takes it from both.
const TURN: Duration = Duration::from_millis(500);

/// Runs all pairs, reports, and says how it ended.
pub(crate) async fn run(options: FloodOptions) -> Result<Verdict, String> {
    if options.pairs == 0 || options.fleet == 0 || !(0.2..=600.0).contains(&options.seconds) {
        return Err("flood: --pairs and --fleet of 1 at least, --seconds between 0.2 and 600".to_owned());
    }
    let target = Arc::new(Target::new(&options.target, &options.host)?);
    let mut findings = scout(&target).await?;
    if let Some(why) = findings.lacks(Kind::Flood) {
        return Err(format!("flood: {why}"));
    }
    let rate = flood_rate(&target, &findings, options.fleet).await?;
    findings.flood_rate = rate;
    let ledger = Arc::new(Ledger::default());
    let stage = Stage {
        target,
        journal: Journal::new(&ledger, Kind::Flood),
        user: 0,
        fleet: options.fleet,
        pace: Pace::Steady,
        findings: Arc::new(findings),
    };
    let mut others = Kind::Channels.enter(&stage).await.map_err(|refusal| format!("flood: {refusal}"))?;
    let mut pairs = Vec::new();
    for number in 0..options.pairs {
        let pair = measure(&options, &stage, &ledger, &mut others, number).await?;
        // Progress that nobody can see is no reason to stop.
        let _ = writeln!(
            std::io::stderr(),
            "pair {:>2}: {:.3} ms without, {:.3} ms with {:.0}/s",
            number + 1,
            pair.quiet_ms,
            pair.flooded_ms,
            pair.flood_per_second
        );
        pairs.push(pair);
    }
    others.leave(&stage).await;
    match ledger.faults().into_iter().next() {
        Some((fault, times)) => Err(format!("{fault} ({times} times)")),
        None => report(&options, &pairs, rate),
    }
}

/// What was counted on one side of a pair.
#[derive(Default)]
struct Side {
    took: Histogram,
    floods: u64,
    time: Duration,
}

impl Side {
    /// The others play for one turn.
    async fn turn(
        &mut self,
        stage: &Stage,
        ledger: &Ledger,
        others: &mut Box<dyn Play>,
        length: Duration,
    ) -> Result<(), String> {
        rounds(stage, others, SETTLING).await?;
        ledger.take();
        let begun = Instant::now();
        rounds(stage, others, length).await?;
        self.time += begun.elapsed();
        for (_, row, entry) in ledger.take() {
            if row == Row::Delivery {
                self.took.merge(&entry.took);
            } else if row == Row::Flood {
                self.floods += entry.took.count();
            }
        }
        Ok(())
    }

    fn p50_ms(&self) -> Result<f64, String> {
        let p50 = self.took.quantile(0.5).ok_or("flood: the others got nothing")?;
        Ok(p50.as_secs_f64() * 1e3)
    }
}

async fn rounds(stage: &Stage, others: &mut Box<dyn Play>, length: Duration) -> Result<(), String> {
    let end = Instant::now() + length;
    while Instant::now() < end {
        others.round(stage).await.map_err(|refusal| format!("flood: {refusal}"))?;
    }
    Ok(())
}

/// One pair, in turns with and without.
async fn measure(
    options: &FloodOptions,
    stage: &Stage,
    ledger: &Ledger,
    others: &mut Box<dyn Play>,
    number: usize,
) -> Result<Pair, String> {
    let (mut quiet, mut flooded) = (Side::default(), Side::default());
    let turns = (options.seconds / TURN.as_secs_f64()).ceil().max(1.0);
    let length = Duration::from_secs_f64(options.seconds / turns);
    for turn in 0..turns as usize {
        let first_flooded = (number + turn) % 2 == 1;
        for with in [first_flooded, !first_flooded] {
            let pouring = if with { Pouring::begin(stage) } else { None };
            let side = if with { &mut flooded } else { &mut quiet };
            side.turn(stage, ledger, others, length).await?;
            drop(pouring);
        }
    }
    let flood_per_second = flooded.floods as f64 / flooded.time.as_secs_f64();
    Ok(Pair { quiet_ms: quiet.p50_ms()?, flooded_ms: flooded.p50_ms()?, flood_per_second })
}

fn report(options: &FloodOptions, pairs: &[Pair], rate: f64) -> Result<Verdict, String> {
    let ratios: Vec<f64> = pairs.iter().map(|pair| pair.flooded_ms / pair.quiet_ms).collect();
    let ratio = median(&ratios).unwrap_or(f64::INFINITY);
    let poured = median(&pairs.iter().map(|pair| pair.flood_per_second).collect::<Vec<_>>());
    let poured = poured.unwrap_or_default();
    let ended = judge(ratio, options.ratio_max, poured / rate);
    let rows = pairs.iter().zip(&ratios).enumerate().map(|(number, (pair, ratio))| {
        vec![
            (number + 1).to_string(),
            format!("{:.3}", pair.quiet_ms),
            format!("{:.3}", pair.flooded_ms),
            format!("{:.0}", pair.flood_per_second),
            format!("{ratio:.3}"),
        ]
    });
    let table = Table {
        title: "Flood (the others' median in ms)",
        columns: vec!["pair", "without", "with", "flood per s", "ratio"],
        rows: rows.collect(),
    };
    let sentence = format!(
        "{}: one client floods with {poured:.0} publications per s (intended {rate:.0}, {:.0} % of the capacity, \
         at least {:.0} % of that); the others' median is {ratio:.2} times as long, allowed {}",
        ended.word(),
        FLOOD_SHARE * 100.0,
        POURED_MIN * 100.0,
        options.ratio_max,
    );
    let tables = [table];
    console::print(&tables, &sentence);
    let (details, failures) = if ended == Verdict::Pass {
        (vec![sentence.clone()], Vec::new())
    } else {
        (Vec::new(), vec![sentence.clone()])
    };
    let case = Case { suite: "flood".to_owned(), name: "others".to_owned(), details, failures };
    let papers = Papers {
        json: &json!({
            "verdict": ended,
            "ratio": ratio,
            "ratio_max": options.ratio_max,
            "ratios": ratios,
            "flood_per_second": poured,
            "flood_intended_per_second": rate,
        }),
        markdown: markdown::render("Flood", &sentence, &tables),
        junit: junit::render(&[case]),
    };
    papers.write(&options.reports)?;
    Ok(ended)
}

/// A flood that hardly flowed is a fault: what it did to the others proves nothing.
fn judge(ratio: f64, ratio_max: f64, poured_share: f64) -> Verdict {
    match (poured_share >= POURED_MIN, ratio <= ratio_max) {
        (false, _) => Verdict::Fault,
        (true, false) => Verdict::Breach,
        (true, true) => Verdict::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_who_wait_too_long_are_a_breach_and_a_trickle_is_a_fault() {
        assert_eq!(judge(1.2, 1.2, 0.8), Verdict::Pass);
        assert_eq!(judge(1.3, 1.2, 1.0), Verdict::Breach);
        assert_eq!(judge(1.0, 1.2, 0.79), Verdict::Fault);
        assert_eq!(judge(1.3, 1.2, 0.0), Verdict::Fault);
    }
}
