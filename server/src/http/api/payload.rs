//! Payloads as the older face takes them: in base64 if there is some, else in JSON (P-API-6).

use bytes::Bytes;

use super::failure::Failure;
use crate::http::v1::payload::{decoded, written};

pub(super) use crate::http::v1::payload::{Json, given};

/// The payload in one of two members; base64 wins. `None` if it is in neither.
pub(super) fn payload(json: Json, base64: Option<String>, name: &str) -> Result<Option<Bytes>, Failure> {
    match base64.filter(|text| !text.is_empty()) {
        Some(text) => {
            let problem = |problem| Failure::bad_request(format!("{name}: {problem}"));
            decoded(&text).map(Some).map_err(problem)
        }
        None => Ok(json.map(written)),
    }
}
