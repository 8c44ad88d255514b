//! Questions to JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ports::hooks::{Asker, Event, Question};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::Kind;

/// A question as the back end reads it. What a question does not have is left out.
#[derive(Default, Serialize)]
struct Letter<'q> {
    event: &'static str,
    client: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    transport: &'q str,
    #[serde(skip_serializing_if = "str::is_empty")]
    protocol: &'q str,
    #[serde(skip_serializing_if = "str::is_empty")]
    encoding: &'q str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'q str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<&'q RawValue>,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'q str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'q str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    channels: &'q [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'q str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'q str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'q RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b64data: Option<String>,
}

/// The body of a question. Payloads that are not JSON go as base64, all of them if `binary` says so.
pub(crate) fn body(question: &Question, binary: bool) -> Result<Vec<u8>, String> {
    let Question { asker, event } = question;
    let mut letter = opening(asker, Kind::of(event));
    let payload = match event {
        Event::Connect(introduction) => {
            (letter.name, letter.version) = (&introduction.name, &introduction.version);
            letter.channels = &introduction.channels;
            Some(&introduction.data)
        }
        Event::Refresh => None,
        Event::SubRefresh { channel } => {
            letter.channel = Some(channel);
            None
        }
        Event::Subscribe { channel, data } | Event::Publish { channel, data } => {
            letter.channel = Some(channel);
            Some(data)
        }
        Event::Rpc { method, data } => {
            letter.method = Some(method);
            Some(data)
        }
    };
    if let Some(payload) = payload.filter(|payload| !payload.is_empty()) {
        letter.data = json(payload).filter(|_| !binary);
        letter.b64data = letter.data.is_none().then(|| STANDARD.encode(payload));
    }
    serde_json::to_vec(&letter).map_err(|error| error.to_string())
}

fn opening(asker: &Asker, kind: Kind) -> Letter<'_> {
    let visitor = asker.visitor.as_deref();
    let told = |of: fn(&ports::hooks::Visitor) -> &'static str| visitor.map_or("", of);
    Letter {
        event: kind.name(),
        client: asker.client.to_string(),
        transport: told(|visitor| visitor.transport),
        protocol: told(|visitor| visitor.protocol),
        encoding: told(|visitor| visitor.encoding),
        user: asker.user.as_ref().map(|user| user.as_str()),
        meta: asker.meta.as_ref().and_then(json),
        ..Letter::default()
    }
}

fn json(payload: &Bytes) -> Option<&RawValue> {
    serde_json::from_slice(payload).ok()
}
