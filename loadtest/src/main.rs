//! `wigwag-loadtest`: users that connect, subscribe, publish, ask, are cut off and come back, beside back ends that use
//! the HTTP API, judged by budgets, by an earlier run, or against another server in pairs of runs.

mod attack;
mod baseline;
mod brake;
mod budgets;
mod clock;
mod ear;
mod ending;
mod fleet;
mod flood;
mod histogram;
mod ledger;
mod line;
mod options;
mod outcome;
mod pair;
mod progress;
mod refusal;
mod report;
mod row;
mod run;
mod scenarios;
mod scout;
mod socket;
mod stage;
mod statistics;
mod tally;
mod target;
mod units;
mod voice;
mod wire;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime::{Builder, Runtime};

use crate::options::{Command, Options};
use crate::outcome::Verdict;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            // Whoever closed the pipe does not want to know.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let ended = runtime(&options)
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(perform(options)));
    match ended {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(fault) => {
            for line in fault.lines() {
                let _ = writeln!(std::io::stderr(), "wigwag-loadtest: {}", report::escape::terminal(line));
            }
            ExitCode::from(Verdict::Fault.exit_code())
        }
    }
}

/// A brake has one thread, so that what it takes from one client it takes from all.
fn runtime(options: &Options) -> std::io::Result<Runtime> {
    let mut builder = match options.command {
        Some(Command::Brake(_)) => Builder::new_current_thread(),
        None | Some(Command::Pair(_) | Command::Flood(_)) => Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}

async fn perform(options: Options) -> Result<Verdict, String> {
    match options.command {
        None => run::run(options.run).await,
        Some(Command::Pair(options)) => pair::run(options).await,
        Some(Command::Flood(options)) => flood::run(options).await,
        Some(Command::Brake(options)) => brake::run(options).await,
    }
}
