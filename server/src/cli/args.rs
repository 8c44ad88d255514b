//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use ports::channels::ChannelName;
use serde_json::value::RawValue;

use super::import::ImportArgs;
use super::smoke::SmokeArgs;
use crate::config::{Given, duration};

/// Self-hosted realtime server. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "wigwag", version, about)]
pub struct Cli {
    /// Options of all commands.
    #[command(flatten)]
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of all commands.
#[derive(Args, Debug)]
pub struct Options {
    /// Configuration file; wigwag.toml in this directory if there is one.
    #[arg(long, global = true, value_name = "FILE", env = "WIGWAG_CONFIG")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on, for example 127.0.0.1:8000.
    #[arg(long, global = true, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Directory of everything that outlives the process.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<String>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves clients and back ends until told to stop.
    Serve,
    /// Prints a token for trying things out.
    Token(TokenArgs),
    /// Says whether the configuration is good and the machine fit for it.
    Check(CheckArgs),
    /// Shows what is configured and what can be.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints the description of the REST API (OpenAPI 3.1).
    Openapi,
    /// Translates a configuration of Centrifugo 5 or 6 and prints it; what has no counterpart is listed.
    ImportConfig(ImportArgs),
    /// Tries a running server out, from outside: connects, publishes, receives.
    Smoke(SmokeArgs),
}

/// How findings are told.
#[derive(Args, Clone, Copy, Debug)]
pub struct CheckArgs {
    /// Warnings count as errors.
    #[arg(long)]
    pub strict: bool,
    /// One JSON object in place of lines.
    #[arg(long)]
    pub json: bool,
}

/// What can be shown of the configuration.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// The value of each setting and where it comes from; secrets are hidden.
    Show {
        /// One JSON object in place of lines.
        #[arg(long)]
        json: bool,
    },
    /// The page that describes every setting.
    Reference,
    /// A file with every setting and its default.
    Example,
}

/// What goes into a token.
#[derive(Args, Debug)]
pub struct TokenArgs {
    /// The user; an empty text is the anonymous user.
    #[arg(long, value_name = "USER")]
    pub user: String,
    /// Channels that the server subscribes the connection to, separated by commas.
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = channel, conflicts_with = "channel")]
    pub channels: Vec<String>,
    /// Makes a subscription token for this channel; without it a connection token is made.
    #[arg(long, value_name = "NAME", value_parser = channel)]
    pub channel: Option<String>,
    /// How long the token is good.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = time_to_live)]
    pub ttl: Duration,
    /// JSON that others see beside the user.
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub info: Option<Box<str>>,
}

impl Options {
    /// The options that stand for settings.
    pub(super) fn given(&self) -> Vec<Given> {
        let given =
            [("--listen", "server.listen", &self.listen), ("--data-dir", "server.data_dir", &self.data_dir)];
        given
            .into_iter()
            .filter_map(|(option, setting, value)| Some(Given { option, setting, value: value.clone()? }))
            .collect()
    }
}

pub(super) fn channel(text: &str) -> Result<String, String> {
    ChannelName::parse(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn time_to_live(text: &str) -> Result<Duration, String> {
    duration(text)
        .filter(|ttl| *ttl >= Duration::from_secs(1))
        .ok_or_else(|| "write a second or more, for example 30s, 5m, 1h or 30d".to_owned())
}

fn json(text: &str) -> Result<Box<str>, String> {
    serde_json::from_str::<Box<RawValue>>(text)
        .map(Into::into)
        .map_err(|error| format!("not JSON ({error}); write for example '{{\"name\":\"Ann\"}}'"))
}
