//! The part of OTLP's messages that tests look at.

use prost::Message;

/// A span as it was sent.
#[derive(Clone, PartialEq, Message)]
pub struct Span {
    /// Its trace.
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    /// Its id.
    #[prost(bytes = "vec", tag = "2")]
    pub span_id: Vec<u8>,
    /// The span it belongs to; empty if none.
    #[prost(bytes = "vec", tag = "4")]
    pub parent_span_id: Vec<u8>,
    /// What was done.
    #[prost(string, tag = "5")]
    pub name: String,
    /// When it began.
    #[prost(fixed64, tag = "7")]
    pub start_time_unix_nano: u64,
    /// When it ended.
    #[prost(fixed64, tag = "8")]
    pub end_time_unix_nano: u64,
    /// What is known of it.
    #[prost(message, repeated, tag = "9")]
    pub attributes: Vec<Attribute>,
}

/// Something known of a span.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// Its name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Its value.
    #[prost(message, optional, tag = "2")]
    pub value: Option<Value>,
}

/// A text or a number.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// The text.
    #[prost(string, optional, tag = "1")]
    pub text: Option<String>,
    /// The number.
    #[prost(int64, optional, tag = "3")]
    pub number: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

impl Span {
    /// The number of an attribute.
    pub fn number(&self, key: &str) -> Option<i64> {
        self.attributes.iter().find(|one| one.key == key)?.value.as_ref()?.number
    }
}

/// The spans of a message.
pub fn spans(body: &[u8]) -> Vec<Span> {
    let request = Request::decode(body).unwrap_or_default();
    request.resources.into_iter().flat_map(|one| one.scopes).flat_map(|one| one.spans).collect()
}
