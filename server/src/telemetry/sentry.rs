//! Panics and failed requests, told to an error tracker that understands Sentry's envelopes.
//!
//! An own sender: the format is two lines and an object, and the client is in the tree already.

use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ports::time::{Clock as _, Entropy as _};
use ports::trace::TraceContext;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use system::{OsEntropy, SystemClock};
use tracing::warn;

use super::traces::w3c::hex;
use super::{logs, traces};
use crate::config::Telemetry;

/// Most events that wait for the tracker; further ones are dropped.
const WAITING_MAX: usize = 64;
/// How long the tracker may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// After a failure nothing is sent for so long, and one warning is written.
const PAUSE: Duration = Duration::from_secs(60);

static EVENTS: OnceLock<SyncSender<Value>> = OnceLock::new();

/// Where events go, and the key to it.
#[derive(Debug, PartialEq, Eq)]
struct Tracker {
    url: String,
    key: String,
}

impl Tracker {
    /// `https://key@host/project`, perhaps with a path in front of the project.
    fn parse(dsn: &str) -> Option<Self> {
        let (scheme, rest) = dsn.trim_end_matches('/').split_once("://")?;
        let (key, place) = rest.split_once('@')?;
        let (place, project) = place.rsplit_once('/')?;
        let (host, path) =
            place.split_once('/').map_or((place, String::new()), |(host, path)| (host, format!("/{path}")));
        let key = key.split(':').next().unwrap_or_default();
        let is_whole = matches!(scheme, "http" | "https") && ![key, host, project].contains(&"");
        let url = format!("{scheme}://{host}{path}/api/{project}/envelope/");
        is_whole.then(|| Self { url, key: key.to_owned() })
    }
}

/// Begins telling, if a tracker is configured. A second call changes nothing.
pub fn init(telemetry: &Telemetry) {
    let Some(dsn) = &telemetry.sentry_dsn else { return };
    let Some(tracker) = Tracker::parse(dsn.expose()) else {
        return warn!("telemetry.sentry_dsn is no address with key and project; errors are not told");
    };
    let (sender, events) = sync_channel(WAITING_MAX);
    if EVENTS.set(sender).is_err() {
        return;
    }
    let sending = thread::Builder::new().name("errors".to_owned()).spawn(move || send_all(&tracker, &events));
    if let Err(error) = sending {
        return warn!(%error, "errors cannot be told");
    }
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        panicked_at(panicked);
        before(panicked);
    }));
}

fn panicked_at(panicked: &PanicHookInfo<'_>) {
    let message = panicked.payload_as_str().unwrap_or("a panic without words");
    let place = panicked.location().map(ToString::to_string).unwrap_or_default();
    let exception =
        json!({ "values": [{ "type": "panic", "value": logs::clean(message), "module": place }] });
    tell("fatal", traces::current().as_deref(), json!({ "exception": exception }));
}

/// A request was answered with an error of the server.
pub fn failed(method: &str, route: &str, status: u16, trace: Option<&TraceContext>) {
    let message = format!("{method} {route} was answered with {status}");
    let tags = json!({ "method": method, "route": route, "status": status.to_string() });
    tell("error", trace, json!({ "message": { "formatted": message }, "tags": tags }));
}

/// Never waits: what finds no room is dropped.
fn tell(level: &str, trace: Option<&TraceContext>, mut event: Value) {
    let Some(events) = EVENTS.get() else { return };
    if let Some(event) = event.as_object_mut() {
        event.insert("event_id".into(), hex(&OsEntropy.sixteen()).into());
        event.insert("timestamp".into(), (SystemClock::new().now().as_millis() as f64 / 1e3).into());
        event.insert("level".into(), level.into());
        event.insert("platform".into(), "native".into());
        event.insert("release".into(), concat!("wigwag@", env!("CARGO_PKG_VERSION")).into());
        if let Some(trace) = trace {
            let place = json!({ "trace_id": hex(&trace.trace), "span_id": hex(&trace.span) });
            event.insert("contexts".into(), json!({ "trace": place }));
        }
    }
    let _ = events.try_send(event);
}

fn send_all(tracker: &Tracker, events: &Receiver<Value>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // The key is for this address and no other.
    let client = reqwest::Client::builder().timeout(DEADLINE).redirect(Policy::none()).build();
    let (Ok(runtime), Ok(client)) = (runtime, client) else {
        return warn!("errors cannot be told: there is no HTTP client");
    };
    while let Ok(event) = events.recv() {
        let sent = runtime.block_on(send(tracker, &client, &event));
        if let Err(reason) = sent {
            warn!(reason, "errors cannot be told to telemetry.sentry_dsn; the next minute's are dropped");
            thread::sleep(PAUSE);
            while events.try_recv().is_ok() {}
        }
    }
}

async fn send(tracker: &Tracker, client: &reqwest::Client, event: &Value) -> Result<(), String> {
    let item = event.to_string();
    let head = json!({ "event_id": event.get("event_id") });
    let kind = json!({ "type": "event", "length": item.len() });
    let client_name = concat!("wigwag/", env!("CARGO_PKG_VERSION"));
    let key = &tracker.key;
    let request = client
        .post(&tracker.url)
        .header(
            "X-Sentry-Auth",
            format!("Sentry sentry_version=7, sentry_client={client_name}, sentry_key={key}"),
        )
        .header("Content-Type", "application/x-sentry-envelope")
        .body(format!("{head}\n{kind}\n{item}\n"));
    let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("status {}", answer.status().as_u16())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_trackers_are_read() {
        let url = |dsn| Tracker::parse(dsn).map(|tracker| (tracker.url, tracker.key));

        let plain = Some(("https://sentry.example/api/7/envelope/".to_owned(), "abc".to_owned()));
        assert_eq!(url("https://abc@sentry.example/7"), plain);
        assert_eq!(url("https://abc:old@sentry.example/7/"), plain);
        let behind = Some(("http://h:9000/errors/api/7/envelope/".to_owned(), "abc".to_owned()));
        assert_eq!(url("http://abc@h:9000/errors/7"), behind);
        for bad in ["", "https://sentry.example/7", "https://@h/7", "ftp://abc@h/7", "https://abc@h"] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }
}
