//! What can be asked of a server.

pub mod channels;
pub mod chat;
pub mod churn;
pub mod fanout;
pub mod idle;
pub mod pings;
pub mod publish_http;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::{Map, Value};

use super::dialect::Dialect;
use super::engine::Engine;
use super::wire::Trust;

/// Puts load on a server and says in one line of JSON what that cost it. Exit status 3 if a message was lost.
#[derive(Parser)]
pub struct Options {
    /// Where the server listens.
    #[arg(long)]
    pub target: SocketAddr,
    /// The process whose time and memory are measured.
    #[arg(long)]
    pub server_pid: u32,
    /// Connections present a token signed with this.
    #[arg(long)]
    pub token_secret: Option<String>,
    /// Connections use TLS, and the server has the certificate in this file.
    #[arg(long)]
    pub certificate: Option<PathBuf>,
    /// Connections speak Protobuf instead of JSON.
    #[arg(long)]
    pub protobuf: bool,
    /// What to ask.
    #[command(subcommand)]
    pub scenario: Scenario,
}

/// The questions.
#[derive(Subcommand)]
pub enum Scenario {
    /// One channel with many subscribers.
    Fanout(fanout::Options),
    /// Many channels with few members, all of whom publish; with one member, an echo.
    Chat(chat::Options),
    /// Few sockets that hold many channels.
    Channels(channels::Options),
    /// Connections that come and go.
    Churn(churn::Options),
    /// Memory of connections that do nothing.
    Idle(idle::Options),
    /// Connections that only answer pings.
    Pings(pings::Options),
    /// Publications over the HTTP API.
    PublishHttp(publish_http::Options),
}

/// Runs the scenario that was asked for.
pub fn run(options: &Options) -> anyhow::Result<Map<String, Value>> {
    let trust = options.certificate.as_deref().map(Trust::in_certificate).transpose()?;
    let dialect = if options.protobuf { Dialect::Protobuf } else { Dialect::Json };
    let mut engine = Engine::new(options.target, options.token_secret.clone(), trust, dialect)?;
    let server = options.server_pid;
    match &options.scenario {
        Scenario::Fanout(options) => options.run(&mut engine, server),
        Scenario::Chat(options) => options.run(&mut engine, server),
        Scenario::Channels(options) => options.run(&mut engine, server),
        Scenario::Churn(options) => options.run(&mut engine, server),
        Scenario::Idle(options) => options.run(&mut engine, server),
        Scenario::Pings(options) => options.run(&mut engine, server),
        Scenario::PublishHttp(publish) => publish.run(options.target, server),
    }
}
