//! Frames of clients become commands.

use std::hint::black_box;

use ports::protocol::ClientProtocol;

use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 4] = [
    Path { name: "decode-json-subscribe", turns: 2_000, prepare: json_subscribe },
    Path { name: "decode-json-publish", turns: 2_000, prepare: json_publish },
    Path { name: "decode-protobuf-subscribe", turns: 2_000, prepare: protobuf_subscribe },
    Path { name: "decode-protobuf-publish", turns: 2_000, prepare: protobuf_publish },
];

const JSON_SUBSCRIBE: &[u8] =
    br#"{"id":2,"subscribe":{"channel":"news:a","recover":true,"epoch":"kQzWbnLd","offset":7,"flag":1}}"#;
const JSON_PUBLISH: &[u8] =
    br#"{"id":3,"publish":{"channel":"news:a","data":{"text":"hello","stamp":12345}}}"#;
const PROTOBUF_SUBSCRIBE: &[u8] = b"\x1c\x08\x02*\x18\n\x06news:a\x18\x012\x08kQzWbnLd8\x07p\x01";
const PROTOBUF_PUBLISH: &[u8] = b",\x08\x03:(\n\x06news:a\x12\x1e{\"text\":\"hello\",\"stamp\":12345}";

fn json_subscribe() -> Turn {
    decode(centrifuge::Json, JSON_SUBSCRIBE)
}

fn json_publish() -> Turn {
    decode(centrifuge::Json, JSON_PUBLISH)
}

fn protobuf_subscribe() -> Turn {
    decode(centrifuge::Protobuf, PROTOBUF_SUBSCRIBE)
}

fn protobuf_publish() -> Turn {
    decode(centrifuge::Protobuf, PROTOBUF_PUBLISH)
}

fn decode(protocol: impl ClientProtocol + 'static, frame: &'static [u8]) -> Turn {
    let mut commands = Vec::new();
    Box::new(move || {
        commands.clear();
        let result = protocol.decode(black_box(frame), &mut commands);
        black_box((&result, &commands));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_protocols_are_asked_for_the_same() {
        for (text, bytes) in [(JSON_SUBSCRIBE, PROTOBUF_SUBSCRIBE), (JSON_PUBLISH, PROTOBUF_PUBLISH)] {
            let (mut written, mut packed) = (Vec::new(), Vec::new());

            centrifuge::Json.decode(text, &mut written).unwrap();
            centrifuge::Protobuf.decode(bytes, &mut packed).unwrap();

            assert_eq!(written, packed);
            assert_eq!(written.len(), 1);
        }
    }
}
