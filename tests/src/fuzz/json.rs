//! Commands in lines of JSON.

use centrifuge::{Json, Protobuf};
use serde_json::value::RawValue;

use super::speech::{self, Speech};
use crate::wire::Dialect;

/// Whatever is read is read the same with something behind it, can be said again, also in Protobuf, and takes a bounded
/// amount of memory. Payloads are whole JSON values on one line.
pub fn json(data: &[u8]) {
    let speech = Speech {
        protocol: &Json,
        dialect: Dialect::Json,
        joint: b"\n",
        nonsense: b"{",
        memory_factor: MEMORY_FACTOR,
    };
    for command in speech.check(data) {
        let (command, payload) = speech::without_payload(command);
        let is_value = |payload: &[u8]| serde_json::from_slice::<&RawValue>(payload).is_ok();
        assert!(payload.is_empty() || is_value(&payload), "a payload that is no JSON");
        assert!(!payload.contains(&b'\n'), "a payload on two lines");

        if speech::can_be_said(&command) {
            super::protobuf::means_the_same(&Protobuf, &command);
        }
    }
}

/// The worst are commands without anything in them.
const MEMORY_FACTOR: usize = 48;

pub(super) const WORDS: &[&[u8]] = &[
    b"\n",
    b"{}",
    b"{}\n{}",
    b"\"id\":",
    b"\"connect\":",
    b"\"subscribe\":",
    b"\"send\":",
    b"\"ping\":{}",
    b"\"data\":",
    b"\"subs\":{",
    b"\"tf\":{\"nodes\":[",
    b"\"nodes\":[{},{},{}]",
    b"\"vals\":[\"\",\"\",\"\"]",
    b"\"since\":{}",
    b"\"offset\":18446744073709551615,",
    b"\"recover\":true,",
    b"\"flag\":-1,",
    b"null",
    b"true",
    b"1e400",
    b"\\u0000",
    b"\\ud800",
    b"\\",
    b"[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":",
    b"\r",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"\xed\xa0\x80",
];

pub(super) fn seeds() -> Vec<Vec<u8>> {
    speech::seeds(Dialect::Json)
}
