//! `wigwag smoke`: whether a server that runs somewhere does its work, seen from outside.

mod advice;
mod line;
mod place;
mod report;
mod said;
#[cfg(test)]
mod tests;

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use crypto::{Secret, Tokens, Trust};
use ports::access::{ConnectionGrant, TokenSigner as _};
use ports::ids::UserId;
use ports::time::{Clock as _, Entropy as _};
use serde_json::{Value, json};
use system::{OsEntropy, SystemClock};
use tokio::time::{Instant, timeout_at};

use self::line::Line;
pub use self::place::Place;
pub use self::report::Step;

/// How long everything may take together.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long the token that is made from a secret is good.
const TOKEN_TTL: Duration = Duration::from_secs(60);
/// The user of that token.
const USER: &str = "smoke";

/// Where to look, and as whom.
#[derive(Args, Debug)]
pub struct SmokeArgs {
    /// Where the server is, for example http://127.0.0.1:8000 or https://live.example.com/realtime. With --probes it may be
    /// left out: then the one that is configured here is asked.
    #[arg(value_name = "URL", value_parser = Place::parse, required_unless_present = "probes")]
    pub place: Option<Place>,
    /// Connection token to connect with.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "WIGWAG_TOKEN",
        hide_env_values = true,
        conflicts_with = "secret"
    )]
    pub token: Option<String>,
    /// Secret (token.hmac_secret) to make a token with.
    #[arg(long, value_name = "SECRET", env = "WIGWAG_TOKEN_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
    /// Key of the server API; with it the message is published by HTTP, as a back end would.
    #[arg(long, value_name = "KEY", env = "WIGWAG_API_KEY", hide_env_values = true)]
    pub api_key: Option<String>,
    /// Channel to publish in and to listen to.
    #[arg(long, value_name = "NAME", default_value = "demo:smoke", value_parser = super::args::channel)]
    pub channel: String,
    /// Page to come from, as a browser says it, for example https://app.example.com.
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<String>,
    /// Asks the probes only, as the health check of a container does.
    #[arg(long)]
    pub probes: bool,
    /// Writes a report in the JUnit format.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// Goes through all steps at a place until one fails; `tell` hears of each as it ends. The answer sums up.
pub fn smoke(args: &SmokeArgs, place: &Place, tell: impl FnMut(&Step)) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut course = Course { tell, steps: Vec::new(), until: Instant::now() };
    let outcome = runtime.block_on(async {
        course.until = Instant::now() + DEADLINE;
        course.run(args, place).await
    });
    // A name that is still looked up must not delay the end.
    runtime.shutdown_background();
    let steps = course.steps;
    if let Some(file) = &args.junit {
        fs::write(file, report::junit(place, &steps))
            .with_context(|| format!("{}: cannot be written", file.display()))?;
    }
    outcome.map(|()| report::summary(&steps))
}

/// The way through the steps.
struct Course<Tell> {
    tell: Tell,
    steps: Vec<Step>,
    until: Instant,
}

impl<Tell: FnMut(&Step)> Course<Tell> {
    async fn run(&mut self, args: &SmokeArgs, place: &Place) -> anyhow::Result<()> {
        let http = place.client()?;
        self.step("livez", line::probe(&http, place, "/livez")).await?;
        self.step("readyz", line::probe(&http, place, "/readyz")).await?;
        if args.probes {
            return Ok(());
        }

        let nonce = OsEntropy.number().to_string();
        let token = token(args)?;
        let mut line =
            self.step("open", Line::open(&http, place, args.origin.as_deref(), nonce.clone())).await?;
        let connect = json!({ "token": token, "name": "wigwag-smoke" });
        self.step("connect", line.call("connect", connect)).await?;
        let subscribe = json!({ "channel": args.channel });
        self.step("subscribe", line.call("subscribe", subscribe)).await?;
        let publication = json!({ "channel": args.channel, "data": line::data(&nonce) });
        match &args.api_key {
            Some(key) => self.step("publish", line::publish(&http, place, key, &publication)).await?,
            None => self.step("publish", line.call("publish", publication)).await?,
        }
        self.step("receive", line.hear()).await?;
        self.step("close", line.close()).await
    }

    /// Does one step and tells of it.
    async fn step<T>(
        &mut self,
        name: &'static str,
        work: impl Future<Output = Result<T, String>>,
    ) -> anyhow::Result<T> {
        let began = Instant::now();
        let outcome = timeout_at(self.until, work).await.unwrap_or_else(|_elapsed| {
            Err(format!("not done after {} s; {}", DEADLINE.as_secs(), advice::late(name)))
        });
        let (value, problem) = match outcome {
            Ok(value) => (Ok(value), None),
            Err(problem) => (Err(anyhow!("smoke: {name} failed")), Some(problem)),
        };
        self.steps.push(Step { name, took: began.elapsed(), problem });
        self.steps.last().into_iter().for_each(&mut self.tell);
        value
    }
}

/// The token that was given, or one made from the secret that was given. Without either the server is asked to let an
/// anonymous user in.
fn token(args: &SmokeArgs) -> anyhow::Result<Value> {
    let made = match (&args.token, &args.secret) {
        (Some(token), _) => Some(token.clone()),
        (None, Some(secret)) => {
            let secret = Secret::new(secret).context("--secret is empty")?;
            let tokens = Tokens::new(&crypto::Config::new(Trust::hmac(secret, None, None)))?;
            Some(tokens.connection(&ConnectionGrant {
                user: UserId::new(USER),
                expire_at: Some(SystemClock::new().now().plus(TOKEN_TTL)),
                info: None,
                channels: std::collections::BTreeMap::new(),
            })?)
        }
        (None, None) => None,
    };
    Ok(made.map_or(Value::Null, Value::String))
}
