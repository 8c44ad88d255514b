//! The parts that answers are made of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ports::time::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::verdict::Fault;

/// A JSON value, kept as it is but on one line: clients read line by line.
pub(crate) struct Payload(pub(crate) Bytes);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        // Within the texts of valid JSON there are no bare line breaks.
        let on_one_line = |byte: u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte };
        Ok(Self(raw.get().bytes().map(on_one_line).collect()))
    }
}

/// A point in time in whole seconds since 1970.
#[derive(Deserialize)]
pub(crate) struct Moment(u64);

impl Moment {
    /// When something ends; zero is never.
    pub(crate) fn expiry(self) -> Option<Timestamp> {
        (self.0 > 0).then(|| Timestamp::from_secs(self.0))
    }
}

/// A payload in either of its forms; bytes in base64 win.
pub(crate) fn payload(json: Option<Payload>, base64: Option<String>) -> Result<Option<Bytes>, Fault> {
    match base64.filter(|text| !text.is_empty()) {
        Some(text) => STANDARD.decode(text).map(|bytes| Some(bytes.into())).map_err(|_| "broken base64"),
        None => Ok(json.map(|Payload(bytes)| bytes)),
    }
}

/// Reads an object. Everything else is refused by its first byte, as serde would take an array for a struct.
pub(crate) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("not a JSON object");
    }
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Io | Category::Syntax => "not JSON",
        Category::Eof => "cut short",
        Category::Data => "a field of the wrong type or out of range",
    })
}
