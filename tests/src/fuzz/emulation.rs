//! Bodies of the upstream half of emulated connections.
#![expect(clippy::panic, reason = "this is how a test fails")]

use centrifuge::emulation;

use super::memory;
use crate::wire::{self, Frame};

/// What was read can be written and read again; memory is bounded by the body.
pub fn emulation(data: &[u8]) {
    let json = memory::within(data.len(), 4, 1_024, || emulation::json(data));
    if let Ok(sent) = json {
        let text = String::from_utf8(sent.data.to_vec());
        let text = text.unwrap_or_else(|error| panic!("JSON that is no text: {error}"));
        let (_, body) = wire::emulation(&sent.session, &sent.node, Frame::Text(text));
        assert!(emulation::json(&body) == Ok(sent), "said again in JSON");
    }

    let protobuf = memory::within(data.len(), 4, 1_024, || emulation::protobuf(data));
    if let Ok(sent) = protobuf {
        let (_, body) = wire::emulation(&sent.session, &sent.node, Frame::Bytes(sent.data.to_vec()));
        assert!(emulation::protobuf(&body) == Ok(sent), "said again in Protobuf");
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let commands = "{\"id\":1,\"ping\":{}}\n{}";
    let (session, node) = ("7c9e6679-7425-40de-944b-e07fc1f90ae7", "3fa85f64-5717-4562-b3fc-2c963f66afa6");
    let frames = [
        Frame::Text(commands.to_owned()),
        Frame::Text("κύβος \"\\\u{0}".to_owned()),
        Frame::Bytes(vec![4, 8, 1, 0x22, 0]),
        Frame::Bytes(Vec::new()),
    ];
    let mut bodies: Vec<Vec<u8>> =
        frames.into_iter().map(|frame| wire::emulation(session, node, frame).1).collect();
    bodies.push(b"{\"session\":null,\"later\":[]}".to_vec());
    bodies
}
