//! Payloads: the applications' own JSON, carried but never rewritten.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// The payload as text, if it is one JSON value and nothing else.
pub(super) fn as_json(payload: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(payload).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    Some(text)
}

/// JSON without raw newlines. Valid JSON has them between its words only, so the value stays the same.
pub(super) fn on_one_line(json: &str) -> Cow<'_, str> {
    if json.contains('\n') || json.contains('\r') {
        Cow::Owned(json.replace(['\n', '\r'], ""))
    } else {
        Cow::Borrowed(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_json_value_is_a_payload() {
        for json in ["null", "0", "-1e400", "\"\"", "[]", "{\"a\":1,\"a\":2}", " 1 ", "\"\\ud800\""] {
            assert_eq!(as_json(json.as_bytes()), Some(json));
        }
    }

    #[test]
    fn anything_else_is_no_json() {
        let broken: [&[u8]; 9] =
            [b"", b" ", b"nul", b"01", b"{]", b"1 2", b"\"\n\"", b"\"\xff\"", b"{\"a\":1,}"];

        for bytes in broken {
            assert_eq!(as_json(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn newlines_between_words_vanish_and_escaped_ones_stay() {
        assert_eq!(on_one_line("{\r\n \"a\":\n\"b\\n\"\n}"), "{ \"a\":\"b\\n\"}");
        assert!(matches!(on_one_line("{ }"), Cow::Borrowed("{ }")));
    }
}
