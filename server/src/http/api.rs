//! The server API as Centrifugo's back-end libraries speak it (P section 18): `POST /api/<method>`.

mod requests;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Path, RawQuery, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ports::channels::{Order, Receipt, StreamView, Version};
use ports::ids::{Caller, TenantId, Who};
use ports::protocol::{Answer, ErrorCode, Recovery, StreamAnswer};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use wigwag_core::channels::{ChannelError, Channels, Post};

use self::requests::{ChannelRequest, HistoryRequest, PublishRequest};
use super::Edge;
use super::problem::Problem;
use crate::node;
use crate::telemetry::metrics as names;

/// Why a call has no result: an error of the API, or a request that is none.
enum Failure {
    Api(ErrorCode, String),
    Malformed(String),
}

impl From<ChannelError> for Failure {
    fn from(error: ChannelError) -> Self {
        Self::Api(error.code(), error.to_string())
    }
}

/// `POST /api/{method}`.
pub async fn call(
    State(edge): State<Arc<Edge>>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    // Before the body is read, so that strangers cannot fill the memory.
    if let Err(problem) = edge.authenticate(request.headers(), query.as_deref().unwrap_or_default()) {
        return problem.into_response();
    }
    let Ok(_permit) = edge.api_calls.try_acquire() else {
        let detail = "too many calls at a time; try again";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_calls", detail);
        return problem.retry_after(1).into_response();
    };
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) => {
            let detail = format!("the body cannot be taken: {}", rejection.body_text());
            return Problem::new(rejection.status(), "body_refused", detail).into_response();
        }
    };
    let (label, result) = dispatch(&edge, &method, &body).await;
    let outcome = if result.is_ok() { "ok" } else { "error" };
    metrics::counter!(names::API_CALLS, "method" => label, "outcome" => outcome).increment(1);
    match result {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(Failure::Api(code, message)) => {
            let error = json!({ "error": { "code": code.number(), "message": message } });
            ([(header::CONTENT_TYPE, "application/json")], error.to_string()).into_response()
        }
        Err(Failure::Malformed(detail)) => {
            Problem::new(StatusCode::BAD_REQUEST, "malformed_request", detail).into_response()
        }
    }
}

/// The method's name as a metric label, and what came of it.
async fn dispatch(edge: &Edge, method: &str, body: &[u8]) -> (&'static str, Result<Bytes, Failure>) {
    let caller = Caller { tenant: TenantId::default(), who: Who::Backend };
    let channels = &edge.services.app.channels;
    match method {
        "publish" => ("publish", publish(channels, &caller, body).await),
        "history" => ("history", history(channels, &caller, body).await),
        "presence" => ("presence", presence(channels, &caller, body).await),
        "presence_stats" => ("presence_stats", presence_stats(channels, &caller, body).await),
        "info" => ("info", Ok(info(edge))),
        _ => {
            let served = "served are publish, history, presence, presence_stats and info";
            let message = format!("method not found: {served}");
            ("unknown", Err(Failure::Api(ErrorCode::MethodNotFound, message)))
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::Malformed(error.to_string()))
}

async fn publish(channels: &Channels, caller: &Caller, body: &[u8]) -> Result<Bytes, Failure> {
    let request: PublishRequest = read(body)?;
    let base64 = request.b64data.filter(|base64| !base64.is_empty());
    let data = match (&base64, &request.data) {
        (Some(base64), _) => STANDARD
            .decode(base64)
            .map_err(|error| Failure::Api(ErrorCode::BadRequest, format!("b64data: {error}")))?,
        (None, Some(data)) => data.get().as_bytes().to_vec(),
        (None, None) => Vec::new(),
    };
    let version = Version {
        number: request.version.unwrap_or_default(),
        epoch: request.version_epoch.unwrap_or_default(),
    };
    let post = Post {
        data: data.into(),
        tags: request.tags.unwrap_or_default(),
        skip_history: request.skip_history.unwrap_or_default(),
        idempotency_key: request.idempotency_key.filter(|key| !key.is_empty()),
        version: Some(version).filter(|version| version.number > 0),
    };
    let Receipt { position, .. } =
        channels.publish(caller, &request.channel.unwrap_or_default(), post).await?;
    let mut result = Map::new();
    if let Some(position) = position {
        result.insert("offset".into(), Value::from(position.offset));
        result.insert("epoch".into(), Value::from(position.epoch.as_str()));
    }
    Ok(json!({ "result": result }).to_string().into())
}

async fn history(channels: &Channels, caller: &Caller, body: &[u8]) -> Result<Bytes, Failure> {
    let request: HistoryRequest = read(body)?;
    let order = if request.reverse.unwrap_or_default() { Order::NewestFirst } else { Order::OldestFirst };
    let since = request.since.map(Recovery::from);
    let channel = request.channel.unwrap_or_default();
    let view = channels.history(caller, &channel, request.limit.unwrap_or_default(), since, order).await?;
    let StreamView { publications, top } = view;
    say(&Answer::History(Box::new(StreamAnswer { publications, top })))
}

async fn presence(channels: &Channels, caller: &Caller, body: &[u8]) -> Result<Bytes, Failure> {
    let request: ChannelRequest = read(body)?;
    say(&Answer::Presence(channels.presence(caller, &request.channel.unwrap_or_default()).await?))
}

async fn presence_stats(channels: &Channels, caller: &Caller, body: &[u8]) -> Result<Bytes, Failure> {
    let request: ChannelRequest = read(body)?;
    say(&Answer::PresenceStats(channels.presence_stats(caller, &request.channel.unwrap_or_default()).await?))
}

fn say(answer: &Answer) -> Result<Bytes, Failure> {
    centrifuge::Json.api_result(answer).map_err(|_| {
        let message = "a payload of this channel is not JSON and cannot be shown here";
        Failure::Api(ErrorCode::Internal, message.into())
    })
}

fn info(edge: &Edge) -> Bytes {
    let services = &edge.services;
    let counts = node::counts(services);
    let (num_clients, num_users) = services.census.count();
    let uid = services.app.node().to_string();
    let node = json!({
        "uid": uid,
        "name": uid,
        "version": services.realm.settings.version,
        "num_clients": num_clients,
        "num_users": num_users,
        "num_channels": counts.channels,
        "num_subs": counts.subscriptions,
        "uptime": services.now().since(services.started_at).as_secs(),
    });
    json!({ "result": { "nodes": [node] } }).to_string().into()
}
