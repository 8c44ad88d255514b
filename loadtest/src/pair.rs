//! Two servers in pairs of runs: both just started, measured in turns.

mod contender;
mod cpu;
mod report;
mod server;

use std::time::Duration;

use serde::Serialize;

use crate::ending::Ending;
use crate::options::PairOptions;
use crate::outcome::Verdict;
use crate::statistics::{Difference, Finding, judge};

use contender::Contender;

pub(crate) use cpu::of_process;
pub(crate) use server::free_port;

/// What one server showed in one pair.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Reading {
    pub(crate) p50_ms: f64,
    pub(crate) per_second: f64,
    /// Processor time of the server for each operation; none if it was not us who started it.
    pub(crate) cpu_us: Option<f64>,
}

/// What both showed.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Pair {
    pub(crate) a: Reading,
    pub(crate) b: Reading,
}

/// One measure, and what is to be said of it.
pub(crate) struct Judged {
    pub(crate) measure: &'static str,
    pub(crate) finding: Finding,
}

/// The two take turns of this length, so that a neighbour who takes the machine away takes it from both.
const TURN: Duration = Duration::from_millis(250);

/// Runs all pairs, reports, and says how it ended.
pub(crate) async fn run(options: PairOptions) -> Result<Verdict, String> {
    options.check()?;
    let mut ending = Ending::listen()?;
    let mut pairs = Vec::new();
    for number in 0..options.pairs {
        let pair = measure(&options, number, &mut ending).await?;
        report::progress(number, &pair);
        pairs.push(pair);
    }
    let judged = judge_pairs(&pairs, options.tolerance);
    let slower = judged.iter().any(|judged| judged.finding.verdict == Difference::Slower);
    let verdict = if slower { Verdict::Breach } else { Verdict::Pass };
    report::write(&options, &pairs, &judged, verdict)?;
    Ok(verdict)
}

/// One pair: both servers fresh, in turns. Whatever happens, also if we are told to end, they are ended.
async fn measure(options: &PairOptions, number: usize, ending: &mut Ending) -> Result<Pair, String> {
    let (mut a, mut b) = (None, None);
    let compared = tokio::select! {
        compared = compare(options, number, &mut a, &mut b) => compared,
        signal = ending.told() => Err(signal.to_owned()),
    };
    let (a, b) = (end("a", a).await, end("b", b).await);
    compared?;
    Ok(Pair { a: a?, b: b? })
}

async fn end(name: &str, contender: Option<Contender>) -> Result<Reading, String> {
    let ended = match contender {
        Some(contender) => contender.end().await,
        None => Err("was not started".to_owned()),
    };
    ended.map_err(|error| format!("{name}: {error}"))
}

async fn compare(
    options: &PairOptions,
    number: usize,
    a: &mut Option<Contender>,
    b: &mut Option<Contender>,
) -> Result<(), String> {
    // The second port is looked for when somebody listens on the first, so that it is another one.
    let a = start(options, "a", &options.a, a).await?;
    let b = start(options, "b", &options.b, b).await?;
    a.enter(options).await.map_err(|error| format!("a: {error}"))?;
    b.enter(options).await.map_err(|error| format!("b: {error}"))?;
    let turns = (options.seconds / TURN.as_secs_f64()).ceil() as usize;
    for turn in 0..turns.max(1) {
        // Whatever favours the first of two favours each of them as often.
        let mut order = [("a", &mut *a), ("b", &mut *b)];
        if (number + turn) % 2 == 1 {
            order.reverse();
        }
        for (name, contender) in order {
            contender.turn().await.map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

/// Starts one and waits until it answers. It is in its place before anything is waited for.
async fn start<'a>(
    options: &PairOptions,
    name: &str,
    side: &str,
    place: &'a mut Option<Contender>,
) -> Result<&'a mut Contender, String> {
    let failed = |error: String| format!("{name}: {error}");
    let contender = place.insert(Contender::start(options, side).map_err(failed)?);
    contender.ready().await.map_err(failed)?;
    Ok(contender)
}

/// Every measure that both servers have, as ratios of which more than one means that the second is slower.
fn judge_pairs(pairs: &[Pair], tolerance: f64) -> Vec<Judged> {
    let times: Vec<f64> = pairs.iter().map(|pair| pair.b.p50_ms / pair.a.p50_ms).collect();
    let rates: Vec<f64> = pairs.iter().map(|pair| pair.a.per_second / pair.b.per_second).collect();
    let cpu: Vec<f64> = pairs.iter().filter_map(|pair| Some(pair.b.cpu_us? / pair.a.cpu_us?)).collect();
    let mut measures = vec![("p50 latency", times), ("time per operation", rates)];
    if cpu.len() == pairs.len() {
        measures.push(("server CPU per operation", cpu));
    }
    let count = measures.len();
    let judged = measures.into_iter().map(|(measure, ratios)| {
        let finding = judge(&ratios, tolerance, count);
        Judged { measure, finding }
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(slower: f64, cpu: Option<f64>) -> Pair {
        let a = Reading { p50_ms: 1.0, per_second: 1000.0, cpu_us: cpu };
        let b = Reading { p50_ms: slower, per_second: 1000.0 / slower, cpu_us: cpu.map(|cpu| cpu * slower) };
        Pair { a, b }
    }

    #[test]
    fn every_measure_of_a_slower_server_says_so() {
        let pairs: Vec<Pair> =
            (0..7).map(|number| pair(1.3 + f64::from(number) / 100.0, Some(5.0))).collect();

        let judged = judge_pairs(&pairs, 0.1);

        assert_eq!(judged.len(), 3);
        assert!(judged.iter().all(|judged| judged.finding.verdict == Difference::Slower));
    }

    #[test]
    fn a_server_that_others_started_has_no_processor_time() {
        assert_eq!(judge_pairs(&[pair(1.0, None)], 0.1).len(), 2);
    }
}
