//! Events and replies become frames.

use std::hint::black_box;

use ports::channels::Shape;
use ports::protocol::{Answer, ClientProtocol, Recovered, Reply, SubscribeAnswer};

use crate::channel::{address, at, publication, published};
use crate::path::{Path, Turn};

pub(super) const PATHS: [Path; 4] = [
    Path { name: "encode-json-event", turns: 2_000, prepare: json_event },
    Path { name: "encode-json-recovered", turns: 500, prepare: json_recovered },
    Path { name: "encode-protobuf-event", turns: 2_000, prepare: protobuf_event },
    Path { name: "encode-protobuf-recovered", turns: 500, prepare: protobuf_recovered },
];

/// Publications in the reply to somebody who comes back.
const MISSED: u64 = 10;

fn json_event() -> Turn {
    event(centrifuge::Json)
}

fn json_recovered() -> Turn {
    recovered(centrifuge::Json)
}

fn protobuf_event() -> Turn {
    event(centrifuge::Protobuf)
}

fn protobuf_recovered() -> Turn {
    recovered(centrifuge::Protobuf)
}

fn event(protocol: impl ClientProtocol + 'static) -> Turn {
    let event = published(&address(), 8);
    assert!(protocol.event(&event, Shape::Plain).is_ok());
    Box::new(move || {
        let _ = black_box(protocol.event(black_box(&event), Shape::Plain));
    })
}

fn recovered(protocol: impl ClientProtocol + 'static) -> Turn {
    let missed = |offset| Recovered { publication: publication(offset), patch: None };
    let answer = SubscribeAnswer {
        recoverable: true,
        positioned: true,
        position: Some(at(MISSED)),
        was_recovering: true,
        recovered: true,
        publications: (1..=MISSED).map(missed).collect(),
        ..SubscribeAnswer::default()
    };
    let reply = Reply { id: 7, outcome: Ok(Answer::Subscribe(Box::new(answer))) };
    assert!(protocol.reply(&reply).is_ok());
    Box::new(move || {
        let _ = black_box(protocol.reply(black_box(&reply)));
    })
}
