//! The command line: what can be typed, and what happens then. Everything that is printed is printed here.

mod args;
pub mod check;
mod import;
mod show;
mod smoke;
#[cfg(test)]
mod tests;
mod token;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use ports::time::{Clock as _, Entropy};
use system::{OsEntropy, SystemClock};

pub use args::{CheckArgs, Cli, Command, ConfigCommand, Options, TokenArgs};
pub use import::{ImportArgs, Imported, import};
pub use smoke::{Place, SmokeArgs, Step, smoke};
pub use token::token;

use crate::config::{self, Config, ConfigError};
use crate::http::v1::openapi;
use crate::keys::Keys;

/// Why a command came to nothing; decides the exit code.
#[derive(Debug)]
enum Failure {
    /// What was typed or configured makes no sense: code 2.
    Usage(String),
    /// It made sense but did not work: code 1.
    Failed(anyhow::Error),
    /// The doctor has found something, which is the answer: code 1.
    Unfit(String),
}

/// What was typed.
pub fn parse() -> Result<Cli, clap::Error> {
    Cli::try_parse()
}

/// Does what was typed; `serve` is what happens when that is serving. Problems are one line on the error stream.
pub fn run(serve: impl FnOnce(Config, Keys) -> anyhow::Result<()>) -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            say(&error.to_string());
            return ExitCode::SUCCESS;
        }
        Err(error) => return complain(&Failure::Usage(bad_usage(&error))),
    };
    match perform(cli, env::vars_os(), serve) {
        Ok(Some(line)) => {
            say(&format!("{line}\n"));
            ExitCode::SUCCESS
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(failure) => complain(&failure),
    }
}

/// Carries a command out; the answer is a line to print.
fn perform(
    cli: Cli,
    env: impl Iterator<Item = (OsString, OsString)>,
    serve: impl FnOnce(Config, Keys) -> anyhow::Result<()>,
) -> Result<Option<String>, Failure> {
    let env = env.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let load = || Config::load_with(cli.options.config.as_deref(), env, cli.options.given());
    if let Some(Command::Smoke(args)) = &cli.command {
        // It is about another process; what is configured here matters only to find it.
        let place = match &args.place {
            Some(place) => place.clone(),
            None => Place::of(&load()?).map_err(Failure::Usage)?,
        };
        return smoke(args, &place, |step: &Step| say(&format!("{step}\n")))
            .map(Some)
            .map_err(Failure::Failed);
    }
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let config = load()?;
            let keys = keys(&config, &OsEntropy)?;
            serve(config, keys).map_err(Failure::Failed)?;
            Ok(None)
        }
        Command::Token(args) => {
            let keys = keys(&load()?, &OsEntropy)?;
            token(&args, &keys, SystemClock::new().now()).map(Some).map_err(Failure::Failed)
        }
        Command::Smoke(_) => Ok(None),
        Command::ImportConfig(args) => imported(&args),
        Command::Openapi => Ok(Some(openapi::text().trim_end().to_owned())),
        Command::Check(args) => checked(load(), args),
        Command::Config(ConfigCommand::Show { json }) => Ok(Some(show::show(&load()?.effective(), json))),
        Command::Config(ConfigCommand::Reference) => Ok(Some(config::page().trim_end().to_owned())),
        Command::Config(ConfigCommand::Example) => Ok(Some(config::example().trim_end().to_owned())),
    }
}

/// The translated file; what is missing from it goes to the error stream, so that both can be kept apart.
fn imported(args: &ImportArgs) -> Result<Option<String>, Failure> {
    let Imported { toml, left } = import(&args.file).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    for line in &left {
        let _ = writeln!(io::stderr().lock(), "not taken over: {line}");
    }
    let toml = toml.trim_end().to_owned();
    if args.strict && !left.is_empty() { Err(Failure::Unfit(toml)) } else { Ok(Some(toml)) }
}

/// What the doctor says; too much of it fails.
fn checked(config: Result<Config, ConfigError>, args: CheckArgs) -> Result<Option<String>, Failure> {
    let report = check::Report::of(config, SystemClock::new().now());
    let told = if args.json { report.json() } else { report.text() };
    if report.is_good(args.strict) { Ok(Some(told)) } else { Err(Failure::Unfit(told)) }
}

fn keys(config: &Config, entropy: &dyn Entropy) -> Result<Keys, Failure> {
    Keys::effective(config, entropy).map_err(|error| Failure::Failed(error.into()))
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// The first paragraph of the parser's message as one line.
fn bad_usage(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}; see wigwag --help", line.trim_start_matches("error: "))
}

/// A reader that has gone away is not worth a word.
fn say(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

fn complain(failure: &Failure) -> ExitCode {
    let (line, code) = match failure {
        Failure::Usage(problem) => (problem.clone(), 2),
        Failure::Failed(error) => (format!("{error:#}"), 1),
        Failure::Unfit(report) => {
            say(&format!("{report}\n"));
            return ExitCode::FAILURE;
        }
    };
    let line = line.replace('\n', " ");
    let _ = writeln!(io::stderr().lock(), "wigwag: {line}");
    ExitCode::from(code)
}
