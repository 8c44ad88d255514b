//! Replies, pushes and events by the numbers of their fields (P 4.1 to 4.3).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use ports::channels::{
    Address, ChannelName, ClientInfo, Epoch, Event, Headcount, Patch, Position, Publication, Published, Shape,
};
use ports::ids::{ClientId, NodeId, SessionKey, TenantId, UserId};
use ports::protocol::{
    Answer, ConnectAnswer, Disconnect, ErrorCode, Push, Recovered, Reply, StreamAnswer, SubscribeAnswer,
    UnsubscribeCode,
};

use super::notation::{bytes, frame, message, number};
use super::*;

const CLIENT: &str = "6f1c0000-0000-4000-8000-000000000001";
const ODD: &[u8] = b"\x00\xff\n";

#[test]
fn the_spot_checks_are_written() {
    assert_eq!(pushed(&Push::Ping), b"\x00".as_slice());
    assert_eq!(answered(3, Answer::Publish), b"\x04\x08\x03\x42\x00".as_slice());
}

#[test]
fn p_enc_5_a_result_is_there_even_when_it_is_empty() {
    let empty: [(u64, Answer); 7] = [
        (6, Answer::Subscribe(Box::default())),
        (7, Answer::Unsubscribe),
        (8, Answer::Publish),
        (9, Answer::Presence(Vec::new())),
        (10, Answer::PresenceStats(Headcount::default())),
        (13, Answer::Rpc { data: Bytes::new() }),
        (15, Answer::SubRefresh(None)),
    ];

    for (field, answer) in empty {
        assert_eq!(answered(5, answer), frame(&[number(1, 5), bytes(field, "")]));
    }
}

#[test]
fn an_error_reply_holds_the_error_and_nothing_else() {
    let refused = |code: ErrorCode| Protobuf.reply(&Reply { id: 3, outcome: Err(code.into()) }).unwrap();

    let denied = message(2, &[number(1, 103), bytes(2, "permission denied")]);
    assert_eq!(refused(ErrorCode::PermissionDenied), frame(&[number(1, 3), denied]));
    let internal = message(2, &[number(1, 100), bytes(2, "internal server error"), number(3, 1)]);
    assert_eq!(refused(ErrorCode::Internal), frame(&[number(1, 3), internal]));
}

#[test]
fn a_connect_reply_has_its_numbers() {
    let (session, node) = (SessionKey::from_random([1; 16]), NodeId::from_random([2; 16]));
    let connected = ConnectAnswer {
        client: client(),
        version: Cow::Borrowed("0.1.0"),
        expiry: Some(600),
        subs: BTreeMap::from([
            (channel("a"), SubscribeAnswer::default()),
            (channel("b"), SubscribeAnswer { recoverable: true, ..SubscribeAnswer::default() }),
        ]),
        ping_secs: 25,
        pong: true,
        emulation: Some((session, node)),
        data: Some(ODD.into()),
    };

    let parts = [
        bytes(1, CLIENT),
        bytes(2, "0.1.0"),
        number(3, 1),
        number(4, 600),
        bytes(5, ODD),
        message(6, &[bytes(1, "a"), bytes(2, "")]),
        message(6, &[bytes(1, "b"), message(2, &[number(3, 1)])]),
        number(7, 25),
        number(8, 1),
        bytes(9, session.to_string()),
        bytes(10, node.to_string()),
    ];
    assert_eq!(answered(1, Answer::Connect(Box::new(connected))), frame(&[number(1, 1), message(5, &parts)]));
}

#[test]
fn a_subscribe_reply_has_its_numbers() {
    let patch = Patch { bytes: ODD.into(), is_text: false };
    let answer = SubscribeAnswer {
        expiry: Some(60),
        recoverable: true,
        positioned: true,
        position: Some(position(9)),
        was_recovering: true,
        recovered: true,
        publications: vec![
            Recovered { publication: Arc::new(publication(10)), patch: None },
            Recovered { publication: Arc::new(publication(11)), patch: Some(patch) },
        ],
        data: Some(ODD.into()),
        delta: true,
    };

    let parts = [
        number(1, 1),
        number(2, 60),
        number(3, 1),
        bytes(6, "kQzWbnLd"),
        message(7, &[bytes(4, "payload"), number(6, 10)]),
        message(7, &[bytes(4, ODD), number(6, 11), number(8, 1)]),
        number(8, 1),
        number(9, 9),
        number(10, 1),
        bytes(11, ODD),
        number(12, 1),
        number(13, 1),
    ];
    let reply = frame(&[number(1, 2), message(6, &parts)]);
    assert_eq!(answered(2, Answer::Subscribe(Box::new(answer))), reply);
}

#[test]
fn the_other_results_have_their_numbers() {
    let ttl = |expires, ttl| [number(expires, 1), number(ttl, 60)].concat();
    let stream = StreamAnswer { publications: vec![Arc::new(publication(7))], top: position(7) };
    let results: [(Answer, Vec<u8>); 6] = [
        (
            Answer::Presence(vec![info()]),
            message(9, &[message(1, &[bytes(1, CLIENT), message(2, &[info_parts()])])]),
        ),
        (
            Answer::PresenceStats(Headcount { clients: 3, users: 2 }),
            message(10, &[number(1, 3), number(2, 2)]),
        ),
        (
            Answer::History(Box::new(stream)),
            message(
                11,
                &[message(1, &[bytes(4, "payload"), number(6, 7)]), bytes(2, "kQzWbnLd"), number(3, 7)],
            ),
        ),
        (Answer::Rpc { data: ODD.into() }, message(13, &[bytes(1, ODD)])),
        (Answer::Refresh { client: client(), expiry: Some(60) }, message(14, &[bytes(1, CLIENT), ttl(3, 4)])),
        (Answer::SubRefresh(Some(60)), message(15, &[ttl(1, 2)])),
    ];

    for (answer, field) in results {
        assert_eq!(answered(4, answer.clone()), frame(&[number(1, 4), field]), "{answer:?}");
    }
}

#[test]
fn pushes_have_their_numbers() {
    let answer = SubscribeAnswer {
        recoverable: true,
        positioned: true,
        position: Some(position(7)),
        data: Some(ODD.into()),
        delta: true,
        ..SubscribeAnswer::default()
    };
    let subscribe = [number(1, 1), bytes(4, "kQzWbnLd"), number(5, 7), number(6, 1), bytes(7, ODD)].concat();
    let pushes: [(Push, Vec<Vec<u8>>); 5] = [
        (
            Push::Unsubscribe { channel: channel("a"), code: UnsubscribeCode::Insufficient },
            vec![bytes(2, "a"), message(7, &[number(2, 2500), bytes(3, "insufficient state")])],
        ),
        (
            Push::Subscribe { channel: channel("a"), answer: Box::new(answer) },
            vec![bytes(2, "a"), message(9, &[subscribe])],
        ),
        (
            Push::Disconnect(Disconnect::SHUTDOWN),
            vec![message(11, &[number(1, 3001), bytes(2, "shutdown"), number(3, 1)])],
        ),
        (Push::Disconnect(Disconnect::STALE), vec![message(11, &[number(1, 3502), bytes(2, "stale")])]),
        (Push::Refresh(Some(60)), vec![message(12, &[number(1, 1), number(2, 60)])]),
    ];

    for (push, parts) in pushes {
        assert_eq!(pushed(&push), frame(&[message(4, &parts)]), "{push:?}");
    }
}

#[test]
fn a_publication_has_its_numbers() {
    let tags = BTreeMap::from([(String::new(), String::new()), ("b".to_owned(), "2".to_owned())]);
    let full = Publication { info: Some(info()), tags: Some(Arc::new(tags)), ..publication(1) };

    let parts = [
        bytes(4, "payload"),
        message(5, &[info_parts()]),
        number(6, 1),
        message(7, &[bytes(1, ""), bytes(2, "")]),
        message(7, &[bytes(1, "b"), bytes(2, "2")]),
        bytes(14, "kQzWbnLd"),
    ];
    assert_eq!(happened(published(full), Shape::Plain), in_channel(message(4, &parts)));
}

#[test]
fn p_dl_3_a_patch_is_marked_and_the_whole_payload_is_not() {
    let patch = Patch { bytes: ODD.into(), is_text: false };
    let event = || published(publication(2));

    let whole = in_channel(message(4, &[bytes(4, "payload"), number(6, 2)]));
    assert_eq!(happened(event(), Shape::Plain), whole);
    assert_eq!(happened(event(), Shape::Whole), whole);
    let patched = in_channel(message(4, &[bytes(4, ODD), number(6, 2), number(8, 1)]));
    assert_eq!(happened(event(), Shape::Patch(&patch)), patched);
}

#[test]
fn joins_and_leaves_have_their_numbers() {
    let change = |field| in_channel(message(field, &[message(1, &[info_parts()])]));

    assert_eq!(happened(Event::Join(info()), Shape::Plain), change(5));
    assert_eq!(happened(Event::Leave(info()), Shape::Plain), change(6));
}

#[test]
fn messages_have_no_room_to_spare() {
    let long = vec![b'x'; 70_000];
    let item = Publication { data: long.clone().into(), ..publication(2) };

    let said = happened(published(item), Shape::Plain);

    assert_eq!(said, in_channel(message(4, &[bytes(4, long), number(6, 2)])));
    assert_eq!(Vec::from(said.clone()).capacity(), said.len());
}

fn answered(id: u32, answer: Answer) -> Bytes {
    Protobuf.reply(&Reply { id, outcome: Ok(answer) }).unwrap()
}

fn pushed(push: &Push) -> Bytes {
    Protobuf.push(push).unwrap()
}

fn happened(event: Event, shape: Shape<'_>) -> Bytes {
    let address = Address::public(TenantId::default(), channel("news:a"));
    Protobuf.event(&Published::new(Arc::new(address), event), shape).unwrap()
}

/// A frame with a push of the channel.
fn in_channel(body: Vec<u8>) -> Vec<u8> {
    frame(&[message(4, &[bytes(2, "news:a"), body])])
}

fn published(item: Publication) -> Event {
    Event::Publication(Arc::new(item), Some(Epoch::new("kQzWbnLd")))
}

fn publication(offset: u64) -> Publication {
    Publication { offset, data: "payload".into(), info: None, tags: None, delta: false }
}

fn info() -> Arc<ClientInfo> {
    Arc::new(ClientInfo {
        user: UserId::new("7"),
        client: client(),
        conn_info: Some(ODD.into()),
        chan_info: Some("{}".into()),
    })
}

fn info_parts() -> Vec<u8> {
    [bytes(1, "7"), bytes(2, CLIENT), bytes(3, ODD), bytes(4, "{}")].concat()
}

fn position(offset: u64) -> Position {
    Position { offset, epoch: Epoch::new("kQzWbnLd") }
}

fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).unwrap()
}

fn client() -> ClientId {
    ClientId::parse(CLIENT).unwrap()
}
