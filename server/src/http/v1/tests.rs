//! What all operations have in common, over their routes and by their description.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt as _;
use memory::{Limits, MemoryBroker};
use parking_lot::Mutex;
use ports::channels::{Broker as _, Published, Sink};
use ports::orders::Order;
use serde_json::{Value, json};
use system::OsEntropy;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use super::refusal::Refusal;
use super::{openapi, throttle};
use crate::config::Api;
use crate::http::tests::{edge, edge_over};
use crate::http::{BODY_BYTES_MAX, Edge, router};

/// Statuses that single operations declare beside those of all.
const OWN: [&str; 7] = ["200", "202", "204", "304", "404", "416", "422"];

/// An operation with values for everything that it needs.
struct Operation {
    method: Method,
    path: String,
    body: Option<Value>,
    declared: Value,
}

impl Operation {
    fn all() -> Vec<Self> {
        let description: Value = serde_json::from_str(&openapi::text()).unwrap();
        let paths = description["paths"].as_object().unwrap().clone();
        let shared = &description["components"]["responses"];
        let methods = |(path, methods): (String, Value)| {
            let methods = methods.as_object().unwrap().clone();
            methods.into_iter().map(move |(method, mut declared)| {
                for response in declared["responses"].as_object_mut().unwrap().values_mut() {
                    if let Some(name) = response["$ref"].as_str() {
                        *response = shared[name.rsplit('/').next().unwrap()].clone();
                    }
                }
                Self::new(&path, &method, declared)
            })
        };
        paths.into_iter().flat_map(methods).collect()
    }

    fn new(path: &str, method: &str, declared: Value) -> Self {
        let mut path = path.to_owned();
        let needed = declared["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in needed.iter().filter(|parameter| parameter["required"] == true) {
            let name = parameter["name"].as_str().unwrap();
            let place = format!("{{{name}}}");
            let value = if name == "client" { "6f1c2a7e-0000-4000-8000-000000000001" } else { "room" };
            match path.contains(&place) {
                true => path = path.replace(&place, value),
                false => path = format!("{path}?{name}={value}"),
            }
        }
        let content = &declared["requestBody"]["content"]["application/json"];
        let examples = content["examples"].as_object().and_then(|all| all.values().next());
        let body = examples.map(|example| &example["value"]).or(content.get("example")).cloned();
        Self { method: method.to_uppercase().parse().unwrap(), path, body, declared }
    }

    fn request(&self) -> Request<Body> {
        let body = self.body.as_ref().map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.request_with(body)
    }

    fn request_with(&self, body: impl Into<Body>) -> Request<Body> {
        let request = Request::builder().method(&self.method).uri(&self.path);
        let request = request.header(header::AUTHORIZATION, "Bearer k");
        request.header(header::CONTENT_TYPE, "application/json").body(body.into()).unwrap()
    }

    fn with_parameter(&self, parameter: &str) -> Request<Body> {
        let mut request = self.request();
        let sign = if self.path.contains('?') { '&' } else { '?' };
        *request.uri_mut() = format!("{}{sign}{parameter}", self.path).parse().unwrap();
        request
    }

    /// The problem in an answer, which must be one that is declared.
    async fn refused(&self, api: &Router, request: Request<Body>, expected: Refusal) -> Value {
        let response = api.clone().oneshot(request).await.unwrap();
        let (head, problem) = parts(response).await;
        let what = format!("{} {}: {problem}", self.method, self.path);
        assert_eq!(head.status, expected.status(), "{what}");
        assert_eq!(head.headers[header::CONTENT_TYPE], "application/problem+json", "{what}");
        let declared = &self.declared["responses"][expected.status().as_str()];
        assert!(declared["description"].as_str().unwrap().contains(expected.name()), "{what}");
        assert_eq!(problem["error"], expected.name(), "{what}");
        assert_eq!(problem["status"], expected.status().as_u16(), "{what}");
        assert_eq!(problem["code"].as_u64(), expected.code().map(u64::from), "{what}");
        assert_eq!(problem["detail"], problem["message"], "{what}");
        assert_eq!(problem["type"], format!("/v1/docs#error-{}", expected.name()), "{what}");
        assert_eq!(problem["request_id"], head.headers["x-request-id"].to_str().unwrap(), "{what}");
        problem
    }
}

async fn parts(response: Response<Body>) -> (axum::http::response::Parts, Value) {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn api_with(change: impl FnOnce(&mut Edge)) -> Router {
    let mut edge = edge(false);
    change(&mut edge);
    router(edge)
}

#[tokio::test]
async fn every_operation_is_described_with_examples() {
    let operations = Operation::all();

    assert_eq!(operations.len(), 24);
    for Operation { method, path, declared, body } in operations {
        let what = format!("{method} {path}");
        assert!(!declared["summary"].as_str().unwrap_or_default().is_empty(), "{what}");
        let is_told_something = method == Method::POST && path != "/v1/reload";
        assert_eq!(is_told_something, body.is_some(), "{what}: an example of the body");
        for parameter in declared["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{what}: {parameter}");
        }
        for (status, response) in declared["responses"].as_object().unwrap() {
            let content = response["content"].as_object().and_then(|content| content.values().next());
            let is_shown = content.is_none_or(|content| content.get("example").is_some());
            assert!(
                is_shown || matches!(status.as_str(), "404" | "416" | "422"),
                "{what}: an example of {status}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_operation_refuses_as_it_declares() {
    let api = router(edge(false));
    let insecure = router(edge(true));
    let full = api_with(|edge| edge.api_calls = Arc::new(Semaphore::new(0)));
    for operation in Operation::all() {
        let mut tried = vec![Refusal::InvalidRequest, Refusal::Unauthorized, Refusal::OriginNotAllowed];
        // The deadline is that of all, and is tried below with a body that does not come.
        tried.extend([Refusal::TooManyRequests, Refusal::Unavailable, Refusal::RequestTimeout]);

        let problem =
            operation.refused(&api, operation.with_parameter("zzzz=1"), Refusal::InvalidRequest).await;
        assert_eq!(problem["errors"][0]["field"], "zzzz");

        let mut stranger = operation.request();
        stranger.headers_mut().remove(header::AUTHORIZATION);
        operation.refused(&api, stranger, Refusal::Unauthorized).await;

        let mut foreign = operation.request();
        foreign.headers_mut().insert(header::ORIGIN, header::HeaderValue::from_static("https://evil.com"));
        operation.refused(&insecure, foreign, Refusal::OriginNotAllowed).await;

        operation.refused(&full, operation.request(), Refusal::Unavailable).await;

        let api_settings = Api { rate_max: 1, ..Api::default() };
        let throttled = api_with(|edge| edge.throttle = throttle::Throttle::new(&api_settings));
        throttled.clone().oneshot(operation.request()).await.unwrap();
        operation.refused(&throttled, operation.request(), Refusal::TooManyRequests).await;

        if operation.body.is_some() {
            refuses_bodies(&api, &operation).await;
            tried.extend([Refusal::BodyTooLarge, Refusal::UnsupportedMediaType]);
        }
        let declared = operation.declared["responses"].as_object().unwrap();
        let mut declared: Vec<&str> = declared.keys().map(String::as_str).collect();
        declared.retain(|status| !OWN.contains(status));
        let mut tried: Vec<String> = tried.iter().map(|one| one.status().as_str().to_owned()).collect();
        tried.sort();
        assert_eq!(declared, tried, "{} {}", operation.method, operation.path);
    }
}

async fn refuses_bodies(api: &Router, operation: &Operation) {
    let malformed = operation.request_with("{\n\"x\": }");
    let problem = operation.refused(api, malformed, Refusal::MalformedJson).await;
    assert!(problem["detail"].as_str().unwrap().contains("line 2 column 6"), "{problem}");

    let mut unknown = operation.body.clone().unwrap();
    unknown["zzzzzzzzzz"] = json!(1);
    let unknown = operation.request_with(unknown.to_string());
    let problem = operation.refused(api, unknown, Refusal::InvalidRequest).await;
    assert_eq!(problem["errors"][0]["field"], "zzzzzzzzzz");

    let mut text = operation.request();
    text.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    operation.refused(api, text, Refusal::UnsupportedMediaType).await;

    let long = operation.request_with("x".repeat(BODY_BYTES_MAX + 1));
    operation.refused(api, long, Refusal::BodyTooLarge).await;

    let pending = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    operation.refused(api, operation.request_with(pending), Refusal::RequestTimeout).await;
}

/// Shards that do not come to their orders.
#[derive(Default)]
struct Busy(Mutex<Vec<Arc<Order>>>);

impl Sink for Busy {
    fn deliver(&self, _published: Arc<Published>) {}

    fn obey(&self, order: Arc<Order>) {
        self.0.lock().push(order);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_not_carried_out_soon_is_not_told_to_be() {
    let broker = Arc::new(MemoryBroker::new(Arc::new(OsEntropy), Limits::default()));
    let busy = Arc::new(Busy::default());
    broker.listen(Arc::clone(&busy) as Arc<dyn Sink>);
    let api = router(edge_over(broker, false));
    for operation in Operation::all().into_iter().filter(|operation| operation.path.starts_with("/v1/users/"))
    {
        if operation.method == Method::GET {
            continue;
        }
        let mut request = operation.request();
        if operation.path.ends_with("/subscribe") || operation.path.ends_with("/unsubscribe") {
            *request.body_mut() = Body::from(r#"{"channel": "room"}"#);
        }

        let (head, _) = parts(api.clone().oneshot(request).await.unwrap()).await;

        assert_eq!(head.status, StatusCode::ACCEPTED, "{}", operation.path);
        assert!(operation.declared["responses"]["202"].is_object(), "{}", operation.path);
    }
    assert_eq!(busy.0.lock().len(), 4);
    let command = json!({ "commands": [{ "disconnect": { "user": "ann", "body": {} } }] });
    let request =
        Request::post("/v1/batch").header("x-api-key", "k").header("content-type", "application/json");
    let (_, answer) =
        parts(api.oneshot(request.body(Body::from(command.to_string())).unwrap()).await.unwrap()).await;
    assert_eq!(answer["results"][0]["status"], 202, "{answer}");
}

#[tokio::test]
async fn an_empty_id_does_not_mean_all_connections_of_a_user() {
    let api = router(edge(false));
    let cases = [
        ("disconnect", json!({ "client": "" }), "client"),
        ("disconnect", json!({ "except": ["typo"] }), "except[0]"),
        ("subscribe", json!({ "channel": "room", "session": "" }), "session"),
        ("unsubscribe", json!({ "client": "typo" }), "client"),
        ("refresh", json!({ "client": "" }), "client"),
    ];

    for (what, body, field) in cases {
        let request = Request::post(format!("/v1/users/ann/{what}")).header("x-api-key", "k");
        let request =
            request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()));
        let (head, problem) = parts(api.clone().oneshot(request.unwrap()).await.unwrap()).await;

        assert_eq!(
            (head.status, &problem["errors"][0]["field"]),
            (StatusCode::BAD_REQUEST, &json!(field)),
            "{what}"
        );
    }
}

#[tokio::test]
async fn examples_of_bodies_are_understood() {
    let api = router(edge(false));
    for operation in Operation::all().into_iter().filter(|operation| operation.body.is_some()) {
        let (head, answer) = parts(api.clone().oneshot(operation.request()).await.unwrap()).await;

        // The house of this test knows channels without a namespace only.
        let is_fine = head.status.is_success() || answer["error"] == "unknown_channel";
        assert!(is_fine, "{}: {answer}", operation.path);
    }
}

#[tokio::test]
async fn paths_and_methods_that_are_not_served_are_problems_too() {
    let api = router(edge(false));
    let ask = async |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path).header("x-api-key", "k");
        parts(api.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()).await
    };

    for path in ["/v1/nothing", "/v1/channels/a/b/c", "/v1/users/a"] {
        let (head, problem) = ask(Method::GET, path).await;
        assert_eq!((head.status.as_u16(), &problem["error"]), (404, &json!("not_found")), "{path}");
        assert!(problem["request_id"].is_string());
    }
    for (method, path, allowed) in [
        (Method::GET, "/v1/publish", "POST"),
        (Method::PUT, "/v1/history", "GET,HEAD,DELETE"),
        (Method::POST, "/v1/openapi.json", "GET,HEAD"),
    ] {
        let (head, problem) = ask(method, path).await;
        assert_eq!((head.status.as_u16(), &problem["error"]), (405, &json!("method_not_allowed")), "{path}");
        assert_eq!(head.headers[header::ALLOW], allowed, "{path}");
    }
    let (head, problem) = ask(Method::GET, "/v1/channels/%ff/history").await;
    assert_eq!((head.status, &problem["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")));
}

#[tokio::test]
async fn ids_of_requests_come_back() {
    let api = router(edge(false));
    let id_for = async |id: Option<&str>| {
        let request = Request::get("/v1/info").header("x-api-key", "k");
        let request = id.into_iter().fold(request, |request, id| request.header("x-request-id", id));
        let response = api.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        response.headers()["x-request-id"].to_str().unwrap().to_owned()
    };

    assert_eq!(id_for(Some("abc-1")).await, "abc-1");
    assert_eq!(id_for(Some("two words")).await.len(), 32);
    assert_ne!(id_for(None).await, id_for(None).await);
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let api = router(edge(false));
    for path in ["/v1/namespaces", "/v1/info", "/v1/openapi.json"] {
        let ask = async |mark: Option<&str>| {
            let request = Request::get(path).header("x-api-key", "k");
            let request =
                mark.into_iter().fold(request, |request, mark| request.header("if-none-match", mark));
            api.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
        };
        let first = ask(None).await;
        let mark = first.headers()[header::ETAG].to_str().unwrap().to_owned();

        let again = ask(Some(&mark)).await;

        assert_eq!((first.status().as_u16(), again.status().as_u16()), (200, 304), "{path}");
        assert_eq!(again.headers()[header::ETAG], mark);
        assert!(again.into_body().collect().await.unwrap().to_bytes().is_empty());
        assert_eq!(ask(Some("W/\"0\"")).await.status(), 200);
    }
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_ask() {
    let api = router(edge(false));
    let encoding = async |path: &str, accepted: Option<&str>| {
        let request = Request::get(path).header("x-api-key", "k");
        let request = accepted
            .into_iter()
            .fold(request, |request, accepted| request.header("accept-encoding", accepted));
        let response = api.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let encoding = response.headers().get("content-encoding");
        let encoding = encoding.map(|encoding| encoding.to_str().unwrap().to_owned());
        (encoding, response.into_body().collect().await.unwrap().to_bytes().len())
    };

    let (plain, length) = encoding("/v1/openapi.json", None).await;
    assert_eq!(plain, None);
    for method in ["gzip", "br"] {
        let (encoding, compressed) = encoding("/v1/openapi.json", Some(method)).await;
        assert_eq!(encoding.as_deref(), Some(method));
        assert!(compressed * 4 < length, "{method}: {compressed} of {length}");
    }
    assert_eq!(encoding("/v1/info", Some("gzip, br")).await.0, None);
}

/// A page of the documentation.
fn page(name: &str) -> String {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/");
    std::fs::read_to_string(format!("{docs}{name}")).unwrap_or_default()
}

#[test]
fn description_is_the_committed_one() {
    let committed = page("openapi.json");

    assert!(
        openapi::text() == committed,
        "docs/openapi.json is stale; run wigwag openapi > docs/openapi.json"
    );
}

#[test]
fn every_refusal_is_in_the_guide() {
    let guide = page("guides/rest.md");

    for refusal in Refusal::ALL {
        let code = refusal.code().map_or("–".to_owned(), |code| code.to_string());
        let row =
            format!("| `{}` | {} | {code} | {}", refusal.name(), refusal.status().as_u16(), refusal.title());
        assert!(guide.contains(&row), "no row {row:?}");
    }
}
