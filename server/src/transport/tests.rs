//! Streamed connections over the routes and a shard, without sockets.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use crypto::{Secret, Tokens, Trust};
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use memory::{Limits, MemoryBroker, MemoryPresence};
use ports::ids::{NodeId, TenantId};
use serde_json::{Value, json};
use system::{OsEntropy, SystemClock};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;
use wigwag_core::session::{self, Realm};
use wigwag_core::shard::{Input, SeatId};
use wigwag_core::{App, Ports, Settings};

use crate::actors::hub::HubTable;
use crate::actors::session_shard::{Control, SessionShard, ShardCell};
use crate::http::room::{ANSWERS_BYTES_MAX, Answers};
use crate::http::v1::throttle::Throttle;
use crate::http::{self, Edge};
use crate::node::{Bounds, Readiness, Services};
use crate::telemetry::process::Process;
use crate::transport::callers::{Callers, Caps};
use crate::transport::link::{CLOSE_WAIT, Pending};
use crate::transport::origin::Origins;
use crate::transport::stay::Stay;
use crate::transport::{admission, emulation};

const CONNECTIONS_MAX: usize = 2;
const FRAME_BYTES_MAX: usize = 1_000;
const ORIGIN: &str = "https://app.example.com";

/// A node with one shard and no listener.
struct Node {
    router: Router,
    services: Arc<Services>,
    connections: Arc<Semaphore>,
}

/// A streamed connection.
struct Guest {
    body: Body,
    unread: String,
    session: String,
    node: String,
}

impl Node {
    async fn start() -> Self {
        let (entropy, clock) = (Arc::new(OsEntropy), Arc::new(SystemClock::new()));
        let trust = Trust::hmac(Secret::new("s").unwrap(), None, None);
        let ports = Ports {
            broker: Arc::new(MemoryBroker::new(entropy.clone(), Limits::default())),
            presence: Arc::new(MemoryPresence::new()),
            tokens: Arc::new(Tokens::new(&crypto::Config::new(trust)).unwrap()),
            clock: clock.clone(),
        };
        let settings = Arc::new(Settings { insecure: true, ..Settings::default() });
        let node = NodeId::from_random([7; 16]);
        let app = App::new(ports, node, Arc::clone(&settings));
        let realm = Arc::new(Realm { tenant: TenantId::default(), node, settings });
        let runtime = tokio::runtime::Handle::current();
        let pending = Arc::new(Pending::new(1 << 20));
        let bounds = Bounds { pending, crowding: Arc::default(), frame_bytes_max: FRAME_BYTES_MAX };
        let services = Arc::new(Services::new(app, realm, clock, entropy, runtime, bounds));
        let cell = Arc::new(ShardCell::new(0, Arc::clone(&services)));
        services.set_hub(Arc::new(HubTable::new(vec![Arc::clone(&cell)], Arc::downgrade(&services))));
        ractor::Actor::spawn(None, SessionShard, cell).await.unwrap();
        let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let edge = Edge {
            services: Arc::clone(&services),
            readiness: Arc::new(Readiness::default()),
            connections: Arc::clone(&connections),
            connections_max: 1,
            origins: Origins::new(&[ORIGIN.to_owned()]),
            api_key: crate::keys::ApiKey::new(Secret::new("k").unwrap()),
            api_insecure: false,
            throttle: Throttle::default(),
            api_calls: Arc::new(Semaphore::new(1)),
            answers: Answers::new(ANSWERS_BYTES_MAX),
            process: Process::default(),
            emulations: Arc::new(Semaphore::new(emulation::REQUESTS_MAX)),
            refusals: Semaphore::new(admission::REFUSALS_WAITING_MAX),
        };
        Self { router: http::router(edge), services, connections }
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let mut request = request;
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        request.extensions_mut().insert(ConnectInfo(peer));
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> Response<Body> {
        self.answer(Request::post(path).body(body.into()).unwrap()).await
    }

    async fn guest(&self) -> Guest {
        let response = self.post("/connection/http_stream", r#"{"id":1,"connect":{}}"#).await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut guest = Guest {
            body: response.into_body(),
            unread: String::new(),
            session: String::new(),
            node: String::new(),
        };
        let reply = guest.next().await;
        let told = |name: &str| reply["connect"][name].as_str().unwrap().to_owned();
        (guest.session, guest.node) = (told("session"), told("node"));
        guest
    }

    async fn say(&self, guest: &Guest, data: &str) -> StatusCode {
        let body = json!({ "session": guest.session, "node": guest.node, "data": data });
        self.post("/emulation", body.to_string()).await.status()
    }

    /// Returns when nobody is there any more.
    async fn is_empty(&self) {
        let counts = || crate::node::counts(&self.services).sessions;
        while counts() > 0 || self.connections.available_permits() < CONNECTIONS_MAX {
            tokio::task::yield_now().await;
        }
        assert!(self.services.switchboard.is_empty());
    }
}

impl Guest {
    /// The next message; null at the end.
    async fn next(&mut self) -> Value {
        loop {
            if let Some((line, rest)) = self.unread.split_once('\n') {
                let message = serde_json::from_str(line).unwrap();
                self.unread = rest.to_owned();
                return message;
            }
            let Some(frame) = self.body.frame().await else { return Value::Null };
            self.unread.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn commands_of_one_request_are_answered_in_order() {
    let node = Node::start().await;
    let mut guest = node.guest().await;
    let commands: Vec<String> =
        (2..40).map(|id| format!(r#"{{"id":{id},"rpc":{{"method":"none"}}}}"#)).collect();
    let (first, second) = commands.split_at(19);

    for part in [first, second] {
        for some in part.chunks(10) {
            assert_eq!(node.say(&guest, &some.join("\n")).await, StatusCode::NO_CONTENT);
        }
    }

    for id in 2..40 {
        assert_eq!(guest.next().await["id"], id);
    }
}

#[tokio::test]
async fn body_that_is_dropped_ends_the_session() {
    let node = Node::start().await;
    let guest = node.guest().await;
    let (session, key) = (guest.session.clone(), guest.node.clone());
    assert_eq!(node.services.switchboard.len(), 1);

    drop(guest);

    node.is_empty().await;
    let late = Guest { body: Body::empty(), unread: String::new(), session, node: key };
    assert_eq!(node.say(&late, "{}").await, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(start_paused = true)]
async fn socket_of_a_dropped_body_is_closed_soon() {
    let (node, stay, listening) = (Node::start().await, Stay::default(), watch::Sender::new(true));
    let request = Request::post("/connection/http_stream").extension(stay.clone());
    let response = node.answer(request.body(r#"{"id":1,"connect":{}}"#.into()).unwrap()).await;

    drop(response);

    let mut listening = listening.subscribe();
    assert!(tokio::time::timeout(CLOSE_WAIT, stay.overdue(&mut listening)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn bodies_that_do_not_come_keep_nobody_out() {
    let node = Node::start().await;
    let mut guest = node.guest().await;
    let begin = Ok::<_, Infallible>(Bytes::from_static(b"{"));
    let slow = || Body::from_stream(stream::iter([begin.clone()]).chain(stream::pending()));
    let slow = join_all((0..=emulation::REQUESTS_MAX).map(|_| node.post("/emulation", slow())));
    let honest = async {
        tokio::task::yield_now().await;
        assert_eq!(node.say(&guest, r#"{"id":2,"rpc":{"method":"none"}}"#).await, StatusCode::NO_CONTENT);
    };

    let (slow, ()) = tokio::join!(slow, honest);

    assert!(slow.iter().all(|response| response.status() == StatusCode::REQUEST_TIMEOUT));
    assert_eq!(guest.next().await["id"], 2);
}

#[tokio::test]
async fn garbage_is_taken_and_ends_the_stream_with_3501() {
    let node = Node::start().await;
    let mut guest = node.guest().await;

    assert_eq!(node.say(&guest, "garbage").await, StatusCode::NO_CONTENT);

    assert_eq!(guest.next().await["push"]["disconnect"]["code"], 3501);
    assert_eq!(guest.next().await, Value::Null);
    drop(guest);
    node.is_empty().await;
}

#[tokio::test]
async fn requests_go_to_their_own_node_and_session_only() {
    let node = Node::start().await;
    let mut guest = node.guest().await;
    guest.node = NodeId::from_random([8; 16]).to_string();
    assert_eq!(node.say(&guest, "{}").await, StatusCode::NOT_FOUND);

    guest.node = node.services.app.node().to_string();
    guest.session = NodeId::from_random([8; 16]).to_string();
    assert_eq!(node.say(&guest, "{}").await, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(node.post("/emulation", "[]").await.status(), StatusCode::BAD_REQUEST);
    let long = "x".repeat(FRAME_BYTES_MAX + 1);
    assert_eq!(node.post("/emulation", long).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(start_paused = true)]
async fn refusals_over_http_take_their_time() {
    let node = Node::start().await;
    let paths = ["/connection/http_stream", "/connection/sse"];
    let long = "x".repeat(FRAME_BYTES_MAX + 1);

    for path in paths {
        for (body, status) in [("", StatusCode::BAD_REQUEST), (&long, StatusCode::PAYLOAD_TOO_LARGE)] {
            let mut refused = std::pin::pin!(node.post(path, body.to_owned()));
            let soon = tokio::time::timeout(Duration::from_millis(490), refused.as_mut()).await;
            assert!(soon.is_err(), "{path} said no at once");
            let late = tokio::time::timeout(Duration::from_millis(520), refused).await;
            assert_eq!(late.unwrap().status(), status, "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_the_bound_are_refused_until_there_is_room() {
    let node = Node::start().await;
    let guests = [node.guest().await, node.guest().await];
    let connect = r#"{"id":1,"connect":{}}"#;

    let refused = node.post("/connection/http_stream", connect).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);

    drop(guests);
    node.is_empty().await;
    assert_eq!(node.post("/connection/http_stream", connect).await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn overloaded_node_refuses_for_a_while_and_takes_nobody_s_place() {
    let node = Node::start().await;
    let caps = Caps { connections_max: 1, rate_max: 0 };
    let callers = Arc::new(Callers::new(caps, Arc::new(SystemClock::new())));
    let slot = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let stay = Stay::with(slot, callers.enter(Ipv4Addr::LOCALHOST.into()));
    let ask = async || {
        let request = Request::post("/connection/http_stream").extension(stay.clone());
        node.answer(request.body(r#"{"id":1,"connect":{}}"#.into()).unwrap()).await
    };

    // Nothing of this is worked off before the request has been looked at.
    let hub = node.services.hub();
    let nobody = SeatId { index: u32::MAX, generation: 0 };
    while !hub.is_overloaded() {
        hub.shards()[0].control(Control::Input(Input::Session(nobody, session::Input::Gone)));
    }
    let refused = ask().await;

    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers().get(header::RETRY_AFTER).unwrap(), "1");
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], "overload");
    assert_eq!((hub.shards()[0].load(), node.connections.available_permits()), (0, CONNECTIONS_MAX));
    assert_eq!(ask().await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn only_pages_of_allowed_origins_get_in() {
    let node = Node::start().await;
    let ask = async |method: Method, path: &str, origin: &str| {
        let request = Request::builder().method(method).uri(path).header(header::ORIGIN, origin);
        let request = request.body(Body::from(r#"{"id":1,"connect":{}}"#)).unwrap();
        let response = node.answer(request).await;
        let told = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        (response.status(), told.map(|told| told.to_str().unwrap().to_owned()))
    };
    let allowed = Some(ORIGIN.to_owned());

    for path in ["/connection/http_stream", "/connection/sse", "/emulation"] {
        assert_eq!(ask(Method::OPTIONS, path, ORIGIN).await, (StatusCode::NO_CONTENT, allowed.clone()));
        assert_eq!(ask(Method::OPTIONS, path, "https://evil.com").await, (StatusCode::FORBIDDEN, None));
        assert_eq!(ask(Method::POST, path, "https://evil.com").await, (StatusCode::FORBIDDEN, None));
        assert_eq!(ask(Method::PUT, path, ORIGIN).await, (StatusCode::METHOD_NOT_ALLOWED, None));
    }
    assert_eq!(ask(Method::HEAD, "/connection/sse", ORIGIN).await, (StatusCode::METHOD_NOT_ALLOWED, None));
    assert_eq!(ask(Method::POST, "/connection/sse", ORIGIN).await, (StatusCode::OK, allowed.clone()));
    assert_eq!(ask(Method::POST, "/emulation", ORIGIN).await, (StatusCode::NOT_FOUND, allowed));
}

#[tokio::test]
async fn events_begin_with_an_empty_line() {
    let node = Node::start().await;
    let path = "/connection/sse?cf_connect=%7B%22id%22%3A1,%22connect%22:%7B%7D%7D";

    let response = node.answer(Request::get(path).body(Body::empty()).unwrap()).await;

    assert_eq!(response.headers().get(header::CONTENT_TYPE).unwrap(), "text/event-stream");
    assert_eq!(response.headers().get("x-accel-buffering").unwrap(), "no");
    let mut body = response.into_body();
    let mut next = async || body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(next().await, "\r\n");
    let reply = next().await;
    assert!(reply.starts_with(br#"data: {"id":1,"connect":{"client":"#) && reply.ends_with(b"}\n\n"));
}
