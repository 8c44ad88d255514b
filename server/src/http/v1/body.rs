//! The JSON in a request's body, read into a type.

mod strict;

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use self::strict::Strict;
use super::refusal::{Refusal, bad_fields};
use crate::http::BODY_BYTES_MAX;
use crate::http::problem::Problem;
use crate::transport::body;

/// A body that was understood.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if !essence.trim().eq_ignore_ascii_case("application/json") {
            let detail = "send JSON with the header Content-Type: application/json";
            return Err(Refusal::UnsupportedMediaType.because(detail));
        }
        let bytes = body::read(request.into_body(), BODY_BYTES_MAX).await?;
        parse(&bytes).map(Self)
    }
}

/// What some bytes say.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let raw = serde_json::from_slice::<&RawValue>(bytes)
        .map_err(|error| Refusal::MalformedJson.because(format!("the body is not JSON: {error}")))?;
    read(raw)
}

/// What some JSON says.
pub(super) fn read<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Problem> {
    T::deserialize(Strict(raw)).map_err(|wrong| bad_fields(wrong.0))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Order {
        channel: String,
        count: Option<u32>,
        data: Option<Box<RawValue>>,
        parts: Option<Vec<Part>>,
    }

    #[derive(Debug, Deserialize)]
    struct Part {
        presence: bool,
    }

    #[test]
    fn payloads_are_kept_as_they_were_written() {
        let order: Order =
            parse(br#"{"data":{"b" : 1e2,"a":[ 1 ]},"channel":"x","count":null}"#).ok().unwrap();

        assert_eq!(order.data.unwrap().get(), r#"{"b" : 1e2,"a":[ 1 ]}"#);
        assert_eq!((order.channel.as_str(), order.count), ("x", None));
        assert!(
            parse::<Order>(br#"{"channel":"x","parts":[{"presence":true}]}"#).unwrap().parts.unwrap()[0]
                .presence
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_field() {
        let cases = [
            (r#"{"chanel":"x"}"#, "chanel", "did you mean \"channel\"?"),
            (r#"{"channel":"x","zzzzzzzz":1}"#, "zzzzzzzz", "there are channel, count, data, parts"),
            (r#"{"count":1}"#, "channel", "is missing"),
            (r#"{"channel":"x","channel":"y"}"#, "channel", "twice"),
            (r#"{"channel":7}"#, "channel", "expected a string"),
            (r#"{"channel":"x","count":-1}"#, "count", "expected u32"),
            (
                r#"{"channel":"x","parts":[{"presence":true},{"presense":1}]}"#,
                "parts[1].presense",
                "presence",
            ),
            (r#"{"channel":"x","parts":{}}"#, "parts", "expected a sequence"),
            ("[]", "", "expected an object"),
            ("7", "", "expected an object"),
        ];

        for (text, field, message) in cases {
            let problem = parse::<Order>(text.as_bytes()).err().unwrap();
            let error = &problem.errors[0];
            assert_eq!((problem.name, error.field.as_str()), ("invalid_request", field), "{text}");
            assert!(error.message.contains(message), "{text}: {error:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_by_line_and_column() {
        let problem = parse::<Order>(b"{\n  \"channel\": \"x\",\n}").err().unwrap();

        assert_eq!((problem.name, problem.status.as_u16()), ("malformed_json", 400));
        assert!(problem.detail.contains("line 3 column 1"), "{}", problem.detail);
        for bad in [&b""[..], b"{", b"\xff", b"{} {}", b"\"\xff\""] {
            assert_eq!(parse::<Order>(bad).err().unwrap().name, "malformed_json", "{bad:?}");
        }
    }

    #[test]
    fn of_many_mistakes_the_first_twenty_are_told() {
        let members = vec![r#""":0"#; 200_000].join(",");
        let problem = parse::<Order>(format!("{{{members}}}").as_bytes()).err().unwrap();

        assert_eq!(problem.errors.len(), 20);
        assert!(problem.detail.len() < 4_096, "{}", problem.detail.len());
    }
}
