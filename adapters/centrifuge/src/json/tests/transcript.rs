//! The example exchanges of P section 24, as they stand there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ports::channels::{Epoch, Event, Publication};
use ports::protocol::{
    Answer, ClientProtocol, Command, ConnectAnswer, ConnectRequest, ErrorCode, HistoryRequest, Push,
    Recovery, Reply, Request, StreamAnswer, SubscribeAnswer, SubscribeFlags, SubscribeRequest,
    UnsubscribeCode,
};

use super::*;

#[test]
fn connect_and_ping_as_in_the_transcript() {
    let asked = decode(r#"{"id":1,"connect":{"token":"jwt","name":"js"}}"#);
    let connect = ConnectRequest { token: "jwt".into(), name: "js".into(), ..ConnectRequest::default() };
    assert_eq!(asked, Ok(vec![Command { id: 1, request: Request::Connect(Box::new(connect)) }]));

    let connected = ConnectAnswer {
        client: client(),
        version: Cow::Borrowed("0.1.0"),
        expiry: Some(600),
        subs: BTreeMap::new(),
        ping_secs: 25,
        pong: true,
        emulation: None,
        data: None,
    };
    assert_eq!(
        answered(1, Answer::Connect(Box::new(connected))).unwrap(),
        format!(
            r#"{{"id":1,"connect":{{"client":"{CLIENT}","version":"0.1.0","expires":true,"ttl":600,"ping":25,"pong":true}}}}"#
        )
    );

    assert_eq!(pushed(&Push::Ping), "{}");
    assert_eq!(decode("{}"), Ok(vec![Command { id: 0, request: Request::Pong }]));
}

#[test]
fn subscribe_and_publish_as_in_the_transcript() {
    assert_eq!(
        request(r#"{"id":2,"subscribe":{"channel":"news:a","flag":1}}"#),
        Request::Subscribe(Box::new(SubscribeRequest {
            channel: "news:a".into(),
            flags: SubscribeFlags(1),
            ..SubscribeRequest::default()
        }))
    );
    let subscribed = SubscribeAnswer {
        recoverable: true,
        positioned: true,
        position: Some(position(7)),
        ..SubscribeAnswer::default()
    };
    assert_eq!(
        answered(2, Answer::Subscribe(Box::new(subscribed))).unwrap(),
        r#"{"id":2,"subscribe":{"recoverable":true,"positioned":true,"epoch":"kQzWbnLd","offset":7}}"#
    );
    assert_eq!(
        happened(Event::Publication(Arc::new(publication(8, r#"{"t":1}"#)), Some(Epoch::new("kQzWbnLd")))),
        Ok(r#"{"push":{"channel":"news:a","pub":{"data":{"t":1},"offset":8}}}"#.into())
    );

    assert_eq!(
        request(r#"{"id":3,"publish":{"channel":"news:a","data":{"t":2}}}"#),
        Request::Publish { channel: "news:a".into(), data: r#"{"t":2}"#.into() }
    );
    let by_client = Publication { info: Some(info("7")), ..publication(9, r#"{"t":2}"#) };
    assert_eq!(
        happened(Event::Publication(Arc::new(by_client), Some(Epoch::new("kQzWbnLd")))).unwrap(),
        format!(
            r#"{{"push":{{"channel":"news:a","pub":{{"data":{{"t":2}},"info":{{"user":"7","client":"{CLIENT}"}},"offset":9}}}}}}"#
        )
    );
    assert_eq!(answered(3, Answer::Publish).unwrap(), r#"{"id":3,"publish":{}}"#);
}

#[test]
fn recovery_as_in_the_transcript() {
    let frame = concat!(
        r#"{"id":1,"connect":{"token":"jwt","name":"js"}}"#,
        "\n",
        r#"{"id":2,"subscribe":{"channel":"news:a","recover":true,"epoch":"kQzWbnLd","offset":9,"flag":1}}"#,
    );
    let commands = decode(frame).unwrap();
    assert_eq!(commands.len(), 2);
    assert_eq!(
        commands[1].request,
        Request::Subscribe(Box::new(SubscribeRequest {
            channel: "news:a".into(),
            recover: Some(Recovery { offset: 9, epoch: Epoch::new("kQzWbnLd") }),
            flags: SubscribeFlags(1),
            ..SubscribeRequest::default()
        }))
    );

    let recovered = SubscribeAnswer {
        recoverable: true,
        positioned: true,
        position: Some(position(9)),
        was_recovering: true,
        recovered: true,
        publications: vec![missed(publication(10, r#"{"t":3}"#)), missed(publication(11, r#"{"t":4}"#))],
        ..SubscribeAnswer::default()
    };
    assert_eq!(
        answered(2, Answer::Subscribe(Box::new(recovered))).unwrap(),
        concat!(
            r#"{"id":2,"subscribe":{"recoverable":true,"positioned":true,"epoch":"kQzWbnLd","offset":9,"#,
            r#""was_recovering":true,"recovered":true,"#,
            r#""publications":[{"data":{"t":3},"offset":10},{"data":{"t":4},"offset":11}]}}"#,
        )
    );
}

#[test]
fn history_presence_and_unsubscribe_as_in_the_transcript() {
    assert_eq!(
        request(r#"{"id":4,"history":{"channel":"news:a","limit":0}}"#),
        Request::History(HistoryRequest { channel: "news:a".into(), ..HistoryRequest::default() })
    );
    assert_eq!(
        answered(4, Answer::History(Box::new(StreamAnswer { publications: Vec::new(), top: position(11) })))
            .unwrap(),
        r#"{"id":4,"history":{"publications":[],"epoch":"kQzWbnLd","offset":11}}"#
    );

    assert_eq!(
        request(r#"{"id":5,"presence":{"channel":"news:a"}}"#),
        Request::Presence { channel: "news:a".into() }
    );
    let refusal = Reply { id: 5, outcome: Err(ErrorCode::NotAvailable.into()) };
    assert_eq!(
        text(Json.reply(&refusal).unwrap()),
        r#"{"id":5,"error":{"code":108,"message":"not available"}}"#
    );

    let push = Push::Unsubscribe { channel: channel("news:a"), code: UnsubscribeCode::Insufficient };
    assert_eq!(
        pushed(&push),
        r#"{"push":{"channel":"news:a","unsubscribe":{"code":2500,"reason":"insufficient state"}}}"#
    );
}
