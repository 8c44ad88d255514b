//! Results as JSON objects. Members that are zero are left out (P-API-5).

use std::pin::pin;

use futures_util::{Stream, StreamExt as _};
use ports::channels::Receipt;
use ports::protocol::{Answer, ErrorCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use crate::http::Edge;
use crate::node;

/// The result of a method that has nothing to tell.
pub(super) const NOTHING: &str = "{}";

/// A result as the whole answer.
pub(super) fn enveloped(result: &str) -> String {
    format!("{{\"result\":{result}}}")
}

/// Several JSON values as a list.
pub(super) async fn list(items: impl Stream<Item = String>) -> String {
    let mut list = String::from("[");
    let mut items = pin!(items);
    while let Some(item) = items.next().await {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&item);
    }
    list.push(']');
    list
}

/// Where a publication went.
pub(super) fn receipt(receipt: Receipt) -> String {
    let mut result = Map::new();
    if let Some(position) = receipt.position {
        result.insert("offset".into(), Value::from(position.offset));
        result.insert("epoch".into(), Value::from(position.epoch.as_str()));
    }
    Value::Object(result).to_string()
}

/// What clients are answered as well.
pub(super) fn shared(answer: &Answer) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Enveloped {
        result: Box<RawValue>,
    }
    let text = centrifuge::Json.api_result(answer).ok();
    let found = text.and_then(|text| serde_json::from_slice::<Enveloped>(&text).ok());
    found.map(|Enveloped { result }| Box::<str>::from(result).into_string()).ok_or_else(|| {
        let message = "a payload of this channel is not JSON and cannot be shown here";
        Failure::Refused(ErrorCode::Internal, message.into())
    })
}

/// The node and its numbers.
pub(super) fn info(edge: &Edge) -> String {
    let services = &edge.services;
    let counts = node::counts(services);
    let (num_clients, num_users) = services.app.census.count();
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
    json!({ "nodes": [node] }).to_string()
}
