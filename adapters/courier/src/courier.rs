//! Brings questions to the back end and its verdicts back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::hooks::{HookError, Hooks, Question, Verdict};
use ports::time::{Clock, Entropy};
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use tracing::{Instrument as _, debug_span};

use crate::config::is_reserved;
use crate::door::Door;
use crate::guide::{Guide, Names, SystemNames};
use crate::signature::signatures;
use crate::{Config, ConfigError, Kind, Secret, letter, verdict};

/// How long an unused connection is kept: shorter than common servers keep theirs, or a question would now and then meet
/// one that is just being closed.
const IDLE: Duration = Duration::from_secs(4);

/// The courier to one back end.
pub struct Courier {
    doors: BTreeMap<Kind, Door>,
    secrets: Vec<Secret>,
    binary: bool,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Courier {
    /// A courier that asks as configured. It connects to nobody yet.
    pub fn new(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ConfigError> {
        Self::with_names(config, Arc::new(SystemNames), clock, entropy)
    }

    /// The same where somebody else knows the names.
    pub(crate) fn with_names(
        config: Config,
        names: Arc<dyn Names>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ConfigError> {
        let Config { urls, timeout, concurrency, secrets, reach, binary } = config;
        let reach = Arc::new(reach);
        let (mut plain, mut secure) = (None, None);
        let mut doors = BTreeMap::new();
        for (kind, text) in urls {
            let url = reach.check(&text)?;
            let is_plain = url.scheme() == "http";
            let made = if is_plain { &mut plain } else { &mut secure };
            let client = match made {
                Some(client) => Client::clone(client),
                None => {
                    let guide = Guide { names: Arc::clone(&names), reach: Arc::clone(&reach), is_plain };
                    made.insert(client(guide, concurrency)?).clone()
                }
            };
            doors.insert(kind, Door::new(kind, client, url, timeout, concurrency));
        }
        Ok(Self { doors, secrets, binary, clock, entropy })
    }

    fn headers(&self, question: &Question, body: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let visitor = question.asker.visitor.iter();
        for (name, value) in visitor.flat_map(|visitor| &visitor.headers) {
            if is_reserved(name) {
                continue;
            }
            // A client may claim any text; what cannot be a header is none.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if !self.secrets.is_empty() {
            let id = self
                .entropy
                .sixteen()
                .iter()
                .fold(String::from("msg_"), |id, byte| id + &format!("{byte:02x}"));
            let timestamp = self.clock.now().as_millis() / 1_000;
            let signature = signatures(&self.secrets, &id, timestamp, body);
            let own = [
                ("webhook-id", id),
                ("webhook-timestamp", timestamp.to_string()),
                ("webhook-signature", signature),
            ];
            for (name, value) in own {
                if let Ok(value) = HeaderValue::try_from(value) {
                    headers.insert(HeaderName::from_static(name), value);
                }
            }
        }
        headers
    }
}

fn client(guide: Guide, concurrency: usize) -> Result<Client, ConfigError> {
    let is_plain = guide.is_plain;
    let builder = Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .dns_resolver(guide)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(concurrency)
        .user_agent(concat!("wigwag/", env!("CARGO_PKG_VERSION")));
    let builder = if is_plain { builder.tls_certs_only([]) } else { builder.https_only(true) };
    builder.build().map_err(|error| ConfigError::Client(error.to_string()))
}

#[async_trait]
impl Hooks for Courier {
    async fn ask(&self, question: Question) -> Result<Verdict, HookError> {
        // Whoever asks polls once on the thread that many connections share, which is not to read and sign payloads.
        tokio::task::yield_now().await;
        let kind = Kind::of(&question.event);
        let unavailable = |reason: &str| HookError::Unavailable(reason.to_owned());
        let door = self.doors.get(&kind).ok_or_else(|| unavailable("no endpoint is configured for this"))?;
        let write = || -> Result<_, String> {
            let body = letter::body(&question, self.binary)?;
            Ok((self.headers(&question, &body), body))
        };
        let span = debug_span!("hook", event = kind.name(), client = %question.asker.client);

        let asked = door.ask(&*self.clock, write).instrument(span).await;
        let verdict = match asked {
            Ok(answer) => verdict::read(kind, &answer).map_err(|fault| format!("unreadable answer: {fault}")),
            Err(failure) => Err(failure.reason),
        };
        match &verdict {
            Ok(_) => door.all_clear(),
            Err(reason) => door.warn(self.clock.now(), reason),
        }
        verdict.map_err(HookError::Unavailable)
    }
}
