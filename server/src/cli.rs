//! The command line: what can be typed, and what happens then. Everything that is printed is printed here.

mod args;
#[cfg(test)]
mod tests;
mod token;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use crypto::{Secret, Tokens};
use ports::time::{Clock as _, Entropy};
use system::{OsEntropy, SystemClock};

pub use args::{Cli, Command, Options, TokenArgs};
pub use token::token;

use crate::config::{Config, ConfigError};
use crate::keys::Keys;

/// Why a command came to nothing; decides the exit code.
#[derive(Debug)]
enum Failure {
    /// What was typed or configured makes no sense: code 2.
    Usage(String),
    /// It made sense but did not work: code 1.
    Failed(anyhow::Error),
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
    let config = Config::load_with(cli.options.config.as_deref(), env, cli.options.given())?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let keys = keys(&config, &OsEntropy)?;
            serve(config, keys).map_err(Failure::Failed)?;
            Ok(None)
        }
        Command::Token(args) => {
            let keys = keys(&config, &OsEntropy)?;
            token(&args, &keys, SystemClock::new().now()).map(Some).map_err(Failure::Failed)
        }
        Command::Check => {
            let warning = check(&config)?.map(|warning| format!(", but {warning}"));
            Ok(Some(format!("configuration is good{}", warning.unwrap_or_default())))
        }
    }
}

/// Looks at the keys of tokens and at the certificate as well, without making any. The answer is a warning.
fn check(config: &Config) -> Result<Option<String>, Failure> {
    let stand_in = Secret::new("what the first start will make");
    let tokens = config.trust(stand_in).map_err(Failure::Usage)?;
    Tokens::new(&tokens).map(drop).map_err(|error| Failure::Usage(format!("token: {error}")))?;
    let certificate = config.certificate().map_err(Failure::Usage)?;
    Ok(certificate.and_then(|certificate| certificate.warning(SystemClock::new().now())))
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
    };
    let line = line.replace('\n', " ");
    let _ = writeln!(io::stderr().lock(), "wigwag: {line}");
    ExitCode::from(code)
}
