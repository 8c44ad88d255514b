//! What must have words, and what must have none.

use std::sync::Arc;

use bytes::Bytes;

use super::{Dialect, assert_said, samples};
use crate::channels::{Event, Publication, Shape};
use crate::protocol::{Answer, Disconnect, ErrorCode, Frames, Push, Reply, Unspeakable, UnsubscribeCode};

const JSON: &[u8] = b"{\"answer\":42}";

/// One payload for each way of not being JSON.
const OFF_JSON: [&[u8]; 5] = [b"\x00\xff", b"{\"cut\":", b"plain words", b"1 2", b"\"\xff\""];

/// P 11.1.
pub fn every_error_code_can_be_said(dialect: &Dialect) {
    for code in ErrorCode::ALL {
        let reply = Reply { id: 7, outcome: Err(code.into()) };

        assert_said(dialect, &dialect.protocol.reply(&reply));
    }
}

/// P section 9, P 11.2, P 11.3, P-PING-1.
pub fn every_push_can_be_said(dialect: &Dialect) {
    let ends = Disconnect::ALL.iter().cloned().map(Push::Disconnect);
    let codes = [UnsubscribeCode::Server, UnsubscribeCode::Insufficient, UnsubscribeCode::Expired];
    let lost = codes.map(|code| Push::Unsubscribe { channel: samples::channel(), code });
    let expiries = [Push::Refresh(None), Push::Refresh(Some(600))];

    for push in ends.chain(lost).chain(expiries).chain([subscribed(JSON), Push::Ping]) {
        assert_said(dialect, &dialect.protocol.push(&push));
    }
}

/// P 4.2.
pub fn every_answer_can_be_said(dialect: &Dialect) {
    for answer in samples::answers(JSON) {
        assert_said(dialect, &dialect.protocol.reply(&samples::reply(answer)));
    }
}

/// P 9.1.
pub fn every_event_can_be_said(dialect: &Dialect) {
    for event in samples::events(JSON) {
        assert_said(dialect, &dialect.protocol.event(&samples::published(event), Shape::Plain));
    }
}

/// Encoding has no state, so that one encoding serves all subscribers.
pub fn the_same_is_said_the_same_way(dialect: &Dialect) {
    let (text, binary) = (samples::text_patch(), samples::binary_patch());
    for event in samples::events(JSON) {
        let published = samples::published(event);
        for shape in [Shape::Plain, Shape::Whole, Shape::Patch(&text), Shape::Patch(&binary)] {
            assert_eq!(dialect.protocol.event(&published, shape), dialect.protocol.event(&published, shape));
        }
    }
}

/// P-FRM-6. Protocols with binary frames carry anything.
pub fn a_payload_that_is_not_json_is_unspeakable_in_text(dialect: &Dialect) {
    let patch = samples::text_patch();
    for payload in OFF_JSON {
        for answer in samples::answers_with_payload(payload) {
            check(dialect, dialect.protocol.reply(&samples::reply(answer)));
        }
        check(dialect, dialect.protocol.push(&subscribed(payload)));
        let event = Event::Publication(Arc::new(samples::publication(payload)), Some(samples::epoch()));
        let published = samples::published(event);
        for shape in [Shape::Plain, Shape::Whole, Shape::Patch(&patch)] {
            check(dialect, dialect.protocol.event(&published, shape));
        }
    }

    fn check(dialect: &Dialect, said: Result<Bytes, Unspeakable>) {
        match dialect.protocol.offer().frames {
            Frames::Text => assert_eq!(said, Err(Unspeakable)),
            Frames::Binary => assert_said(dialect, &said),
        }
    }
}

/// P-FRM-6. What is said of one connection never keeps a message from the others.
pub fn info_that_is_not_json_spoils_nothing(dialect: &Dialect) {
    for odd in OFF_JSON {
        let info = || samples::info(odd);
        let signed = Publication { info: Some(info()), ..samples::publication(b"1") };
        for event in [Event::Join(info()), Event::Leave(info()), Event::Publication(Arc::new(signed), None)] {
            assert_said(dialect, &dialect.protocol.event(&samples::published(event), Shape::Plain));
        }
        let present = samples::reply(Answer::Presence(vec![info()]));
        assert_said(dialect, &dialect.protocol.reply(&present));
    }
}

/// P-FRM-5.
pub fn newlines_in_payloads_do_not_split_text(dialect: &Dialect) {
    let pretty = b"{\r\n  \"line\": \"a\\nb\"\n}";
    let patch = samples::text_patch();

    for answer in samples::answers(pretty) {
        assert_said(dialect, &dialect.protocol.reply(&samples::reply(answer)));
    }
    assert_said(dialect, &dialect.protocol.push(&subscribed(pretty)));
    for event in samples::events(pretty) {
        let published = samples::published(event);
        for shape in [Shape::Plain, Shape::Whole, Shape::Patch(&patch)] {
            assert_said(dialect, &dialect.protocol.event(&published, shape));
        }
    }
}

fn subscribed(payload: &'static [u8]) -> Push {
    Push::Subscribe { channel: samples::channel(), answer: Box::new(samples::with_data(payload)) }
}
