//! Payloads: JSON that travels as it was written, or bytes in base64 (P-API-6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ports::channels::ClientInfo;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::refusal::bad_field;
use crate::http::problem::Problem;

/// JSON text. Where it is the payload itself, `null` is a payload as well.
pub(in crate::http) type Json = Option<Box<RawValue>>;

/// The payload in one of two members. `None` if it is in neither.
pub(super) fn payload(json: Json, base64: Option<String>, name: &str) -> Result<Option<Bytes>, Problem> {
    match (json, base64) {
        (Some(_), Some(_)) => {
            let json_name = name.trim_start_matches("b64");
            Err(bad_field(name, format!("is given beside {json_name}; give one of the two")))
        }
        (None, Some(text)) => decoded(&text).map(Some).map_err(|problem| bad_field(name, problem)),
        (json, None) => Ok(json.map(written)),
    }
}

/// The bytes that are spelled in base64, or what is wrong with the spelling.
pub(in crate::http) fn decoded(base64: &str) -> Result<Bytes, String> {
    let bytes = STANDARD.decode(base64).map(Bytes::from);
    bytes.map_err(|error| format!("{error}; write base64 with padding"))
}

/// JSON as it was written.
pub(in crate::http) fn written(json: Box<RawValue>) -> Bytes {
    Box::<str>::from(json).into_string().into()
}

/// A member that is there, be it `null`.
pub(in crate::http) fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Json, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}

/// A payload as it is shown: as JSON if it is JSON, else in base64.
pub(super) fn shown(bytes: Option<&Bytes>) -> (Json, Option<String>) {
    let Some(bytes) = bytes else { return (None, None) };
    match serde_json::from_slice(bytes) {
        Ok(json) => (Some(json), None),
        Err(_) => (None, Some(STANDARD.encode(bytes))),
    }
}

/// A connection as others see it in a channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Client")]
pub(super) struct Client {
    /// The connection's id.
    #[schema(format = "uuid")]
    client: String,
    /// Its user; empty for the anonymous one.
    user: String,
    /// What its connection token says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    conn_info: Json,
    /// The same in base64, if it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    b64conn_info: Option<String>,
    /// What its subscription token says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    chan_info: Json,
    /// The same in base64, if it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    b64chan_info: Option<String>,
}

impl From<&ClientInfo> for Client {
    fn from(info: &ClientInfo) -> Self {
        let (conn_info, b64conn_info) = shown(info.conn_info.as_ref());
        let (chan_info, b64chan_info) = shown(info.chan_info.as_ref());
        let (client, user) = (info.client.to_string(), info.user.to_string());
        Self { client, user, conn_info, b64conn_info, chan_info, b64chan_info }
    }
}
