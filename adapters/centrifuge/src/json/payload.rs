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
    if has_newline(json.as_bytes()) {
        Cow::Owned(json.replace(['\n', '\r'], ""))
    } else {
        Cow::Borrowed(json)
    }
}

/// Looks at sixteen bytes at once, with nothing to decide among them.
fn has_newline(bytes: &[u8]) -> bool {
    let is_newline = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let (chunks, rest) = bytes.as_chunks::<16>();
    let in_chunk = |chunk: &[u8; 16]| chunk.iter().fold(false, |found, byte| found | is_newline(byte));
    chunks.iter().any(in_chunk) || rest.iter().any(is_newline)
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
    fn a_newline_is_found_wherever_it_is() {
        for (length, newline) in (1..40).flat_map(|length| [(length, '\n'), (length, '\r')]) {
            let blanks = " ".repeat(length);
            assert_eq!(on_one_line(&blanks), blanks);
            for place in 0..length {
                let mut json = blanks.clone();
                json.insert(place, newline);
                assert_eq!(on_one_line(&json), blanks, "{json:?}");
            }
        }
    }

    #[test]
    fn newlines_between_words_vanish_and_escaped_ones_stay() {
        assert_eq!(on_one_line("{\r\n \"a\":\n\"b\\n\"\n}"), "{ \"a\":\"b\\n\"}");
        assert!(matches!(on_one_line("{ }"), Cow::Borrowed("{ }")));
    }
}
