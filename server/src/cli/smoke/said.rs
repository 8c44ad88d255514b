//! What the server says, as far as it matters here.

use serde::Deserialize;
use serde_json::Value;

/// A reply, a push, or a ping, which is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) id: u32,
    pub(super) error: Option<Fault>,
    push: Option<Push>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

/// An error, of a command or of the server API.
#[derive(Deserialize)]
pub(super) struct Fault {
    pub(super) code: u32,
    #[serde(default)]
    pub(super) message: String,
}

/// The answer of the server API.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) error: Option<Fault>,
}

/// A refusal by HTTP.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    pub(super) detail: String,
}

#[derive(Deserialize)]
struct Push {
    #[serde(rename = "pub")]
    publication: Option<Publication>,
}

#[derive(Deserialize)]
struct Publication {
    data: Value,
}

impl Said {
    /// The server wants to know whether somebody is there.
    pub(super) fn is_ping(&self) -> bool {
        self.id == 0 && self.error.is_none() && self.push.is_none() && self.rest.is_empty()
    }

    /// The data of a publication.
    pub(super) fn data(&self) -> Option<&Value> {
        Some(&self.push.as_ref()?.publication.as_ref()?.data)
    }
}

impl Fault {
    /// The error as an outcome.
    pub(super) fn outcome(error: Option<Self>, of: &str) -> Result<(), String> {
        error.map_or(Ok(()), |fault| Err(super::advice::error(of, &fault)))
    }
}
