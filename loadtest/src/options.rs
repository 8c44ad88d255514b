//! What can be said on the command line. A word that is wrong names the one that is right.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::scenarios::Kind;
use crate::units::{duration, share};

/// Load scenarios for a realtime server, judged by budgets, by an earlier run, or against another server.
///
/// Exit code: 0 within budget, 99 on a breach, 1 on a fault (no connection, a wrong key, lost messages, bad options).
#[derive(Parser, Debug)]
#[command(name = "wigwag-loadtest", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// What to do in place of a run.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// A run.
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// Other things than a run.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Compares two servers, in pairs of runs that alternate.
    Pair(PairOptions),
    /// Judges how much one client that floods disturbs the others, in pairs of runs with and without it.
    Flood(FloodOptions),
    /// Starts a server and makes it slower by a given share, to prove that pairs find it.
    Brake(BrakeOptions),
}

/// The server and our credentials.
#[derive(Args, Debug, Clone)]
pub(crate) struct TargetOptions {
    /// Path of the WebSocket.
    #[arg(long, value_name = "PATH", default_value = "/connection/websocket")]
    pub(crate) ws_path: String,
    /// Path of the HTTP API.
    #[arg(long, value_name = "PATH", default_value = "/api")]
    pub(crate) api_path: String,
    /// Connection token of all clients.
    #[arg(
        long,
        value_name = "JWT",
        env = "WIGWAG_TOKEN",
        hide_env_values = true,
        conflicts_with = "token_secret"
    )]
    pub(crate) token: Option<String>,
    /// Secret to sign a token for each client with (HS256).
    #[arg(long, value_name = "SECRET", env = "WIGWAG_TOKEN_SECRET", hide_env_values = true)]
    pub(crate) token_secret: Option<String>,
    /// Key of the HTTP API.
    #[arg(long, value_name = "KEY", env = "WIGWAG_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
    /// What the names of all channels begin with, the namespace above all.
    #[arg(long, value_name = "TEXT", default_value = "demo:")]
    pub(crate) channel_prefix: String,
}

/// A run.
#[derive(Args, Debug)]
pub(crate) struct RunOptions {
    /// The server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    pub(crate) host: String,
    /// The server and our credentials.
    #[command(flatten)]
    pub(crate) target: TargetOptions,
    /// Scenarios to play, separated by commas; all that the server has the permissions for if none are named.
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = Kind::named)]
    pub(crate) scenarios: Vec<Kind>,
    /// What cannot be played as it should be is a fault, and not only a notice.
    #[arg(long)]
    pub(crate) all: bool,
    /// Users; as many as the scenarios weigh if not given.
    #[arg(long, short, value_name = "N")]
    pub(crate) users: Option<usize>,
    /// Sockets that each user drives.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) fleet: usize,
    /// How long to run once all users are there.
    #[arg(long, short = 't', value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) run_time: Duration,
    /// In which time the users come.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub(crate) ramp: Duration,
    /// Budgets; those that are built in if not given.
    #[arg(long, value_name = "FILE", conflicts_with = "no_budgets")]
    pub(crate) budgets: Option<PathBuf>,
    /// Judges no times, only faults.
    #[arg(long)]
    pub(crate) no_budgets: bool,
    /// Compares with the JSON report of an earlier run.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// How much slower than the baseline is a breach.
    #[arg(long, value_name = "PERCENT", default_value = "20%", value_parser = share)]
    pub(crate) baseline_tolerance: f64,
    /// Where to write what was found.
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
    /// Writes the report with graphs.
    #[arg(long, value_name = "FILE")]
    pub(crate) report_html: Option<PathBuf>,
}

/// Where to write what was found.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct ReportOptions {
    /// Writes a report for people.
    #[arg(long, value_name = "FILE")]
    pub(crate) report_markdown: Option<PathBuf>,
    /// Writes a report for programs, and for `--baseline`.
    #[arg(long, value_name = "FILE")]
    pub(crate) report_json: Option<PathBuf>,
    /// Writes a report for continuous integration: a test case for each budget.
    #[arg(long, value_name = "FILE")]
    pub(crate) report_junit: Option<PathBuf>,
}

/// A comparison of two servers.
#[derive(Args, Debug)]
pub(crate) struct PairOptions {
    /// The server that is the measure: a command, or an address. In a command `{port}` stands for a free port, `{data}`
    /// for an empty folder and `{config}` for the file of `--config`; `NAME=value` in front of it sets its environment.
    #[arg(long, value_name = "COMMAND|URL")]
    pub(crate) a: String,
    /// The server that is measured.
    #[arg(long, value_name = "COMMAND|URL")]
    pub(crate) b: String,
    /// A configuration file for the commands, in which `{port}` and `{data}` stand for the same.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The server and our credentials.
    #[command(flatten)]
    pub(crate) target: TargetOptions,
    /// How many pairs; six is the least that can tell anything from chance.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) pairs: usize,
    /// What is played.
    #[arg(long, value_name = "NAME", default_value = "fan-out", value_parser = Kind::named)]
    pub(crate) scenario: Kind,
    /// Seconds of each run that count, after one that does not.
    #[arg(long, value_name = "N", default_value_t = 5.0)]
    pub(crate) seconds: f64,
    /// Sockets in each run.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) fleet: usize,
    /// How much slower is still no verdict.
    #[arg(long, value_name = "PERCENT", default_value = "10%", value_parser = share)]
    pub(crate) tolerance: f64,
    /// Where to write what was found.
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
}

/// A judgement of fairness.
#[derive(Args, Debug)]
pub(crate) struct FloodOptions {
    /// The server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    pub(crate) host: String,
    /// The server and our credentials.
    #[command(flatten)]
    pub(crate) target: TargetOptions,
    /// How many pairs.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) pairs: usize,
    /// Seconds of each run.
    #[arg(long, value_name = "N", default_value_t = 2.0)]
    pub(crate) seconds: f64,
    /// Sockets of the others.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) fleet: usize,
    /// How many times as long the others' median may be.
    #[arg(long, value_name = "N", default_value_t = 1.2)]
    pub(crate) ratio_max: f64,
    /// Where to write what was found.
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
}

/// A server behind a brake.
#[derive(Args, Debug)]
pub(crate) struct BrakeOptions {
    /// Where clients find it.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: String,
    /// How much slower it is made.
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    pub(crate) share: f64,
    /// The server; `{inner}` stands for the port that it has to listen on.
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<String>,
}

impl RunOptions {
    /// How many users there are for so many scenarios.
    pub(crate) fn users(&self, kinds: &[Kind]) -> Result<usize, String> {
        let scenarios = kinds.len();
        match self.users {
            Some(users) if users < scenarios => Err(format!(
                "--users {users} are fewer than the {scenarios} scenarios: --users {scenarios}, or name fewer in \
                 --scenarios"
            )),
            Some(users) => Ok(users),
            None => Ok(kinds.iter().map(|kind| kind.weight()).sum()),
        }
    }

    /// What no single option shows to be wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.fleet == 0 || self.fleet > 15_000 {
            return Err(format!("--fleet {}: between 1 and 15000; more sockets by --users", self.fleet));
        }
        if self.run_time < Duration::from_secs(1) {
            return Err("--run-time: one second at least, for example --run-time 10s".to_owned());
        }
        Ok(())
    }
}

impl PairOptions {
    /// What no single option shows to be wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.pairs < 6 || self.pairs > 1000 {
            return Err(format!(
                "--pairs {}: 6 at least (fewer cannot tell from chance) and 1000 at most",
                self.pairs
            ));
        }
        if !(0.2..=3600.0).contains(&self.seconds) {
            return Err(format!("--seconds {}: between 0.2 and 3600", self.seconds));
        }
        if self.fleet == 0 || self.fleet > 15_000 {
            return Err(format!("--fleet {}: between 1 and 15000", self.fleet));
        }
        for (option, side) in [("--a", &self.a), ("--b", &self.b)] {
            let is_url = side.starts_with("http://") || side.starts_with("https://");
            if !is_url && !side.contains("{port}") && !side.contains("{config}") {
                return Err(format!(
                    "{option} {side:?}: an address begins with http:// or https://; a command says where its server \
                     has to listen, for example \"wigwag serve --listen 127.0.0.1:{{port}} --data-dir {{data}}\""
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> Result<RunOptions, String> {
        let words = std::iter::once(&"wigwag-loadtest").chain(words);
        let options = Options::try_parse_from(words).map_err(|error| error.to_string())?;
        options.run.check().map(|()| options.run)
    }

    fn pair(words: &[&str]) -> Result<(), String> {
        let words = ["wigwag-loadtest", "pair"].iter().chain(words);
        match Options::try_parse_from(words).map_err(|error| error.to_string())?.command {
            Some(Command::Pair(options)) => options.check(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_options_there_is_a_run_of_a_minute() {
        let options = run(&[]).unwrap();

        assert_eq!(options.run_time, Duration::from_secs(60));
        assert!(options.scenarios.is_empty());
    }

    #[test]
    fn every_error_names_the_fix() {
        for (words, fix) in [
            (&["--scenarios", "fanout"][..], "did you mean \"fan-out\"?"),
            (&["--run-time", "10"], "\"30s\""),
            (&["--run-time", "0s"], "\"30s\""),
            (&["--baseline-tolerance", "much"], "10%"),
            (&["--fleet", "0"], "between 1 and 15000"),
            (&["--hots", "x"], "'--host'"),
            (&["--token", "a", "--token-secret", "b"], "cannot be used with"),
        ] {
            let error = run(words).unwrap_err();
            assert!(error.contains(fix), "{words:?}: {error}");
        }
    }

    #[test]
    fn there_are_users_for_every_scenario() {
        let kinds = [Kind::Health, Kind::Api, Kind::FanOut];

        assert!(run(&["--users", "2"]).unwrap().users(&kinds).unwrap_err().contains("--users 3"));
        assert_eq!(run(&["--users", "3"]).unwrap().users(&kinds), Ok(3));
        assert_eq!(run(&[]).unwrap().users(&kinds), Ok(4));
    }

    #[test]
    fn a_pair_needs_two_servers_and_enough_runs() {
        let command = "wigwag serve --listen 127.0.0.1:{port}";

        assert_eq!(pair(&["--a", command, "--b", "http://127.0.0.1:1"]), Ok(()));
        assert!(pair(&["--a", command]).unwrap_err().contains("--b"));
        assert!(pair(&["--a", command, "--b", command, "--pairs", "5"]).unwrap_err().contains("6 at least"));
        assert!(pair(&["--a", "wigwag serve", "--b", command]).unwrap_err().contains("{port}"));
    }
}
