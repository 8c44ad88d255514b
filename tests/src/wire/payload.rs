//! Payloads between bytes and JSON values: JSON as it is, anything else as a string that begins with `b64:`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize as _, Deserializer, Error as _};
use serde::ser::{Serialize as _, Serializer};
use serde_json::Value;

/// What stands before bytes that are not JSON.
const MARK: &str = "b64:";

pub(super) fn serialize<S: Serializer>(bytes: &Vec<u8>, serializer: S) -> Result<S::Ok, S::Error> {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => value.serialize(serializer),
        Err(_) => format!("{MARK}{}", STANDARD.encode(bytes)).serialize(serializer),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match value.as_str().and_then(|text| text.strip_prefix(MARK)) {
        Some(base64) => STANDARD.decode(base64).map_err(D::Error::custom),
        None => Ok(value.to_string().into_bytes()),
    }
}
