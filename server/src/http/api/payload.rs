//! Payloads: JSON that travels as it was written, or bytes in base64 (P-API-6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::failure::Failure;

/// JSON text. Where it is the payload itself, `null` is a payload as well.
pub(super) type Json = Option<Box<RawValue>>;

/// The payload in one of two members; base64 wins. `None` if it is in neither.
pub(super) fn payload(json: Json, base64: Option<String>, name: &str) -> Result<Option<Bytes>, Failure> {
    match base64.filter(|text| !text.is_empty()) {
        Some(text) => {
            let bytes = STANDARD.decode(text);
            let problem = |error| Failure::bad_request(format!("{name}: {error}; write base64 with padding"));
            bytes.map(|bytes| Some(bytes.into())).map_err(problem)
        }
        None => Ok(json.map(|json| Box::<str>::from(json).into_string().into())),
    }
}

/// A member that is there, be it `null`.
pub(super) fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Json, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}
