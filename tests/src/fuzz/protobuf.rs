//! Commands in Protobuf.

use centrifuge::Protobuf;
use ports::protocol::{ClientProtocol, Command};

use super::speech::{self, Speech};
use crate::wire::Dialect;

/// Whatever is read is read the same with something behind it, can be said again, and takes a bounded amount of memory.
/// Payloads are a part of the frame, byte for byte.
pub fn protobuf(data: &[u8]) {
    let speech = Speech {
        protocol: &Protobuf,
        dialect: Dialect::Protobuf,
        joint: b"",
        nonsense: b"\x05",
        memory_factor: MEMORY_FACTOR,
    };
    for command in speech.check(data) {
        let (_, payload) = speech::without_payload(command);
        let is_part = |payload: &[u8]| data.windows(payload.len()).any(|window| window == payload);
        assert!(payload.is_empty() || is_part(&payload), "a payload that was not sent");
    }
}

/// The worst are commands without anything in them: three bytes become a command.
const MEMORY_FACTOR: usize = 48;

/// Panics if this command cannot be said in Protobuf and understood.
pub(super) fn means_the_same(protocol: &dyn ClientProtocol, command: &Command) {
    let frame = Dialect::Protobuf.frame(&[speech::notation(command)]).into_bytes();
    let mut again = Vec::new();

    let read = protocol.decode(&frame, &mut again);

    assert_eq!((again.as_slice(), read), (std::slice::from_ref(command), Ok(())), "in Protobuf: {frame:?}");
}

pub(super) const WORDS: &[&[u8]] = &[
    b"\0",
    b"\x02\x08\x01",
    b"\x04\x08\x01\x22\x00",
    b"\x04\x08\x02\x2a\x00",
    b"\x02\x62\x00",
    b"\x08\x00",
    b"\x22\x00",
    b"\x2a\x02\x1a\x00",
    b"\x6a\x00",
    b"\x32\x00\x32\x00\x32\x00",
    b"\x2a\x00\x2a\x00\x2a\x00",
    b"\x1a\x00\x1a\x00",
    b"\x18\x01",
    b"\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x0b\x0c",
    b"\x0d\0\0\0\0",
    b"\x09\0\0\0\0\0\0\0\0",
    b"\xf8\xff\xff\xff\x0f\x01",
    b"\x0a\x01\xff",
];

pub(super) fn seeds() -> Vec<Vec<u8>> {
    speech::seeds(Dialect::Protobuf)
}
