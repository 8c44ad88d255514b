//! The load driver; see `drive --help`.

use std::process::ExitCode;

use clap::Parser as _;
use wigwag_forms::drive::scenario::{self, Options};

/// What a run ends with in which messages were lost, repeated or out of order.
const INEXACT: u8 = 3;

fn main() -> anyhow::Result<ExitCode> {
    let report = scenario::run(&Options::parse())?;
    let exact = ["lost", "duplicates", "out_of_order"]
        .iter()
        .all(|count| report.get(*count).is_none_or(|value| value.as_u64() == Some(0)));
    println!("{}", serde_json::to_string(&report)?);
    Ok(if exact { ExitCode::SUCCESS } else { ExitCode::from(INEXACT) })
}
