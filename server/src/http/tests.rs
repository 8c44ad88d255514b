//! The server API over its routes, without sockets.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use crypto::{Secret, Tokens, Trust};
use futures_util::stream;
use http_body_util::BodyExt as _;
use memory::{Limits, MemoryBroker, MemoryPresence};
use ports::channels::Retention;
use ports::ids::{NodeId, TenantId};
use serde_json::{Value, json};
use system::{OsEntropy, SystemClock};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use wigwag_core::channels::{Allowed, History, Namespace, RecoveryMode, Wanted};
use wigwag_core::session::Realm;
use wigwag_core::{App, Ports, Settings};

use super::room::{ANSWERS_BYTES_MAX, Answers};
use super::v1::throttle::Throttle;
use super::{Edge, router};
use crate::keys::ApiKey;
use crate::node::{Bounds, Readiness, Services};
use crate::telemetry::process::Process;
use crate::transport::link::Pending;
use crate::transport::origin::Origins;
use crate::transport::{admission, emulation};

const MIB: usize = 1 << 20;

/// Twelve messages of a megabyte less a little: history of 11.5 MiB, which fits twice.
const MESSAGES: usize = 12;
const MESSAGE_BYTES: usize = MIB - MIB / 24;

#[tokio::test]
async fn answers_of_a_batch_are_bounded_together() {
    let api = api(false);
    fill(&api).await;
    let history = json!({ "history": { "channel": "room", "limit": -1 } });
    let publish = json!({ "publish": { "channel": "room", "data": 1 } });
    let commands = json!([history, history, history, publish, history]);

    for parallel in [false, true] {
        let (status, answer) =
            post(&api, "/api/batch", json!({ "commands": commands, "parallel": parallel })).await;

        assert_eq!(status, StatusCode::OK);
        let replies = answer["replies"].as_array().unwrap();
        let codes: Vec<&Value> = replies.iter().map(|reply| &reply["error"]["code"]).collect();
        assert_eq!(codes, [&Value::Null, &Value::Null, &json!(106), &Value::Null, &json!(106)]);
        let message = replies[2]["error"]["message"].as_str().unwrap();
        assert!(message.contains("33554432") && message.contains("limit and since"), "{message}");
    }
}

#[tokio::test]
async fn answers_of_the_old_form_are_bounded_together() {
    let api = api(false);
    fill(&api).await;
    let history = json!({ "method": "history", "params": { "channel": "room", "limit": -1 } }).to_string();

    let text = text(&api, "/api", history.repeat(4)).await;

    let refused: Vec<bool> = text.lines().map(|line| line.starts_with(r#"{"error":{"code":106"#)).collect();
    assert_eq!(refused, [false, false, true, true]);
}

#[tokio::test]
async fn history_longer_than_one_answer_says_how_to_ask_for_less() {
    let api = api(false);
    for _ in 0..3 {
        fill(&api).await;
    }

    let (_, answer) = post(&api, "/api/history", json!({ "channel": "room", "limit": -1 })).await;
    assert_eq!(answer["error"]["code"], 106);
    assert!(answer["error"]["message"].as_str().unwrap().contains("limit and since"), "{answer}");

    let (_, answer) = post(&api, "/api/history", json!({ "channel": "room", "limit": 2 })).await;
    assert_eq!(answer["result"]["publications"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn long_calls_let_others_have_their_turn() {
    let api = api(false);
    let info = json!({ "info": {} });
    let channels: Vec<String> = (0..1_000).map(|number| format!("room{number}")).collect();
    let old = json!({ "method": "info" }).to_string();
    let calls = [
        ("/api/batch", json!({ "commands": vec![info; 200] }).to_string(), 200),
        ("/api/broadcast", json!({ "channels": channels, "data": 1 }).to_string(), 1_000 / 64),
        ("/api", old.repeat(200), 200),
    ];

    for (path, body, turns_min) in calls {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&turns);
        let other = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });

        text(&api, path, body).await;
        other.abort();

        assert!(turns.load(Ordering::Relaxed) >= turns_min, "{path}: {turns:?}");
    }
}

#[tokio::test]
async fn without_a_key_pages_of_other_hosts_are_refused() {
    let api = api(true);
    let status = async |origin: Option<&str>| {
        let request = Request::post("/api/publish").header(header::HOST, "localhost:8000");
        let request = request.header(header::CONTENT_TYPE, "text/plain");
        let request =
            origin.into_iter().fold(request, |request, origin| request.header(header::ORIGIN, origin));
        let body = Body::from(r#"{"channel":"room","data":1}"#);
        api.clone().oneshot(request.body(body).unwrap()).await.unwrap().status().as_u16()
    };

    assert_eq!(status(Some("https://evil.com")).await, 403);
    assert_eq!(status(Some("null")).await, 403);
    assert_eq!(status(Some("http://localhost:8000")).await, 200);
    assert_eq!(status(None).await, 200);
}

#[tokio::test]
async fn body_that_is_too_long_is_refused() {
    let api = api(false);

    assert_eq!(
        post(&api, "/api/info", Value::String("x".repeat(MIB))).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let pieces = stream::iter(std::iter::repeat_n(Ok::<_, Infallible>("x"), MIB + 1));
    let request =
        Request::post("/api/info").header("x-api-key", "k").body(Body::from_stream(pieces)).unwrap();
    assert_eq!(api.oneshot(request).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_call_is_over_when_its_answer_has_been_read() {
    let mut edge = edge(false);
    edge.api_calls = Arc::new(Semaphore::new(1));
    let calls = Arc::clone(&edge.api_calls);
    let api = router(edge);
    fill(&api).await;
    let history = json!({ "channel": "room", "limit": -1 }).to_string();
    let whole = json!({ "commands": [{ "history": { "channel": "room", "limit": 1_000 } }] }).to_string();
    for (path, body) in [("/api/history", history), ("/v1/batch", whole)] {
        let request = || {
            let request = Request::post(path).header("x-api-key", "k");
            request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.clone())).unwrap()
        };

        let unread = api.clone().oneshot(request()).await.unwrap();
        assert_eq!((unread.status().as_u16(), calls.available_permits()), (200, 0), "{path}");
        assert_eq!(api.clone().oneshot(request()).await.unwrap().status().as_u16(), 503, "{path}");
        let read = unread.into_body().collect().await.unwrap().to_bytes();

        assert!(read.len() > 3 * MIB, "{path}: {}", read.len());
        assert_eq!(calls.available_permits(), 1, "{path}");
    }
}

#[tokio::test]
async fn answers_that_are_not_read_leave_no_room_for_further_long_ones() {
    let mut edge = edge(false);
    edge.answers = Answers::new(20 * MIB);
    let api = router(edge);
    fill(&api).await;
    let history = json!({ "channel": "room", "limit": -1 });
    let request = Request::post("/api/history").header("x-api-key", "k");
    let unread = api.clone().oneshot(request.body(Body::from(history.to_string())).unwrap()).await.unwrap();

    let (_, answer) = post(&api, "/api/history", history.clone()).await;
    assert_eq!(answer["error"]["code"], 100, "{answer}");
    let publish = json!({ "channel": "other", "data": 1 });
    assert_eq!(post(&api, "/api/publish", publish).await.1["error"], Value::Null);
    drop(unread);

    let (_, answer) = post(&api, "/api/history", history).await;
    assert_eq!(answer["result"]["publications"].as_array().map(Vec::len), Some(MESSAGES));
}

/// Routes of a node without shards, where all channels have history.
fn api(insecure: bool) -> Router {
    router(edge(insecure))
}

/// What the routes of such a node need.
pub(super) fn edge(insecure: bool) -> Edge {
    edge_over(Arc::new(MemoryBroker::new(Arc::new(OsEntropy), Limits::default())), insecure)
}

/// The same with a broker of one's own.
pub(super) fn edge_over(broker: Arc<MemoryBroker>, insecure: bool) -> Edge {
    let (entropy, clock) = (Arc::new(OsEntropy), Arc::new(SystemClock::new()));
    let trust = Trust::hmac(Secret::new("s").unwrap(), None, None);
    let ports = Ports {
        broker,
        presence: Arc::new(MemoryPresence::new()),
        tokens: Arc::new(Tokens::new(&crypto::Config::new(trust)).unwrap()),
        clock: clock.clone(),
    };
    let hour = Duration::from_secs(3_600);
    let history = History {
        keep: Retention { size: 1_000, ttl: hour, meta_ttl: hour },
        read: Allowed::NOBODY,
        recovery: Wanted::Off,
        positioning: Wanted::Off,
        mode: RecoveryMode::Stream,
    };
    let mut settings = Settings::default();
    settings.namespaces.nameless = Some(Namespace { history: Some(history), ..Namespace::default() });
    let settings = Arc::new(settings);
    let node = NodeId::from_random([7; 16]);
    let app = App::new(ports, node, Arc::clone(&settings));
    let realm = Arc::new(Realm { tenant: TenantId::default(), node, settings });
    let runtime = tokio::runtime::Handle::current();
    let pending = Arc::new(Pending::new(MIB));
    let bounds = Bounds { pending, crowding: Arc::default(), frame_bytes_max: MIB };
    let services = Services::new(app, realm, clock, entropy, runtime, bounds);
    Edge {
        services: Arc::new(services),
        readiness: Arc::new(Readiness::default()),
        connections: Arc::new(Semaphore::new(1)),
        connections_max: 1,
        origins: Origins::new(&["*".to_owned()]),
        api_key: ApiKey::new(Secret::new("k").unwrap()),
        api_insecure: insecure,
        throttle: Throttle::default(),
        api_calls: Arc::new(Semaphore::new(8)),
        answers: Answers::new(ANSWERS_BYTES_MAX),
        process: Process::default(),
        emulations: Arc::new(Semaphore::new(emulation::REQUESTS_MAX)),
        refusals: Semaphore::new(admission::REFUSALS_WAITING_MAX),
    }
}

async fn fill(api: &Router) {
    let publish = json!({ "channel": "room", "data": "x".repeat(MESSAGE_BYTES) });
    for _ in 0..MESSAGES {
        assert_eq!(post(api, "/api/publish", publish.clone()).await.1["error"], Value::Null);
    }
}

async fn post(api: &Router, path: &str, body: Value) -> (StatusCode, Value) {
    let (status, text) = answer(api, path, body.to_string()).await;
    (status, serde_json::from_str(&text).unwrap())
}

async fn text(api: &Router, path: &str, body: String) -> String {
    let (status, text) = answer(api, path, body).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

async fn answer(api: &Router, path: &str, body: String) -> (StatusCode, String) {
    let request = Request::post(path).header("x-api-key", "k").body(Body::from(body)).unwrap();
    let response = api.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}
