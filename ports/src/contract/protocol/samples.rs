//! What the suite talks about.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::channels::{
    Address, ChannelName, ClientInfo, Epoch, Event, FilterNode, Headcount, Patch, Position, Publication,
    Published,
};
use crate::ids::{ClientId, NodeId, SessionKey, TenantId, UserId};
use crate::protocol::{
    Answer, Command, ConnectAnswer, ConnectRequest, HistoryRequest, Recovered, Recovery, Reply, Request,
    Resume, StreamAnswer, SubscribeAnswer, SubscribeFlags, SubscribeRequest,
};

/// The commands that every dialect knows to write: each request once, and the difficult ones with all they have.
pub fn commands() -> Vec<Command> {
    let channel = || "news:a".to_owned();
    let data = || Bytes::from_static(b"{\"a\":[1]}");
    let numbered = [
        Request::Connect(Box::new(connect())),
        Request::Subscribe(Box::new(subscribe())),
        Request::Unsubscribe { channel: channel() },
        Request::Publish { channel: channel(), data: data() },
        Request::Presence { channel: channel() },
        Request::PresenceStats { channel: channel() },
        Request::History(HistoryRequest {
            channel: channel(),
            limit: -1,
            since: Some(Recovery { offset: 1, epoch: epoch() }),
            reverse: true,
        }),
        Request::Ping,
        Request::Rpc { method: "sum".into(), data: data() },
        Request::Refresh { token: "t".into() },
        Request::SubRefresh { channel: channel(), token: "t".into() },
        Request::Unknown,
    ];
    let unnumbered = [Request::Send { data: data() }, Request::Pong];
    let numbered = (1..).zip(numbered).map(|(id, request)| Command { id, request });
    numbered.chain(unnumbered.map(|request| Command { id: 0, request })).collect()
}

/// The first of [`commands`]: with a channel that is recovered as deltas, one that is recovered from the beginning of
/// an unknown timeline, and one that is only named.
fn connect() -> ConnectRequest {
    let recover = Some(Recovery { offset: 3, epoch: epoch() });
    let from_zero = Some(Recovery { offset: 0, epoch: Epoch::new("") });
    ConnectRequest {
        token: "t".into(),
        data: Bytes::from_static(b"7"),
        subs: BTreeMap::from([
            ("a".into(), Resume { recover, delta: "fossil".into() }),
            ("b".into(), Resume { recover: from_zero, delta: String::new() }),
            ("c".into(), Resume::default()),
        ]),
        name: "js".into(),
        version: "1.0".into(),
        headers: BTreeMap::from([("cookie".into(), "a=b".into())]),
    }
}

/// The second of [`commands`], with everything a subscription can ask for.
fn subscribe() -> SubscribeRequest {
    let leaf =
        |key: &str, cmp: &str| FilterNode { key: key.into(), cmp: cmp.into(), ..FilterNode::default() };
    let exists = leaf("a", "ex");
    let is = FilterNode { val: "x".into(), ..leaf("b", "eq") };
    let is_one_of = FilterNode { vals: vec!["x".into(), "y".into()], ..leaf("c", "in") };
    let not = FilterNode { op: "not".into(), nodes: vec![is_one_of], ..FilterNode::default() };
    SubscribeRequest {
        channel: "news:a".into(),
        token: "t".into(),
        recover: Some(Recovery { offset: 9, epoch: epoch() }),
        data: Bytes::from_static(b"7"),
        positioned: true,
        recoverable: true,
        join_leave: true,
        delta: "fossil".into(),
        filter: Some(FilterNode { op: "and".into(), nodes: vec![exists, is, not], ..FilterNode::default() }),
        flags: SubscribeFlags(3),
        kind: 1,
    }
}

/// Every answer, some with this payload.
pub(super) fn answers(payload: &'static [u8]) -> Vec<Answer> {
    let mut answers = answers_with_payload(payload);
    answers.extend([
        Answer::Connect(Box::new(connected(SubscribeAnswer::default()))),
        Answer::Subscribe(Box::default()),
        Answer::Unsubscribe,
        Answer::Publish,
        Answer::Presence(Vec::new()),
        Answer::Presence(vec![info(payload)]),
        Answer::PresenceStats(Headcount::default()),
        Answer::PresenceStats(Headcount { clients: 3, users: 2 }),
        Answer::History(Box::new(StreamAnswer { publications: Vec::new(), top: top() })),
        Answer::Rpc { data: Bytes::new() },
        Answer::Refresh { client: client(), expiry: Some(600) },
        Answer::Refresh { client: client(), expiry: None },
        Answer::SubRefresh(Some(600)),
        Answer::SubRefresh(None),
    ]);
    answers
}

/// One answer for each way a payload can hide in it.
pub(super) fn answers_with_payload(payload: &'static [u8]) -> Vec<Answer> {
    let item = || Arc::new(publication(payload));
    let missed = |patch| Recovered { publication: item(), patch };
    let recovered = |delta, publications| SubscribeAnswer {
        expiry: Some(600),
        recoverable: true,
        positioned: true,
        position: Some(top()),
        was_recovering: true,
        recovered: true,
        publications,
        data: None,
        delta,
    };
    vec![
        Answer::Connect(Box::new(connected(with_data(payload)))),
        Answer::Subscribe(Box::new(with_data(payload))),
        Answer::Subscribe(Box::new(recovered(false, vec![missed(None)]))),
        Answer::Subscribe(Box::new(recovered(true, vec![missed(None)]))),
        Answer::Subscribe(Box::new(recovered(true, vec![missed(Some(text_patch()))]))),
        Answer::Subscribe(Box::new(recovered(true, vec![missed(Some(binary_patch()))]))),
        Answer::History(Box::new(StreamAnswer { publications: vec![item()], top: top() })),
        Answer::Rpc { data: Bytes::from_static(payload) },
    ]
}

/// A subscription that brings data.
pub(super) fn with_data(payload: &'static [u8]) -> SubscribeAnswer {
    SubscribeAnswer {
        recoverable: true,
        positioned: true,
        position: Some(top()),
        data: Some(Bytes::from_static(payload)),
        ..SubscribeAnswer::default()
    }
}

fn connected(subscription: SubscribeAnswer) -> ConnectAnswer {
    ConnectAnswer {
        client: client(),
        version: Cow::Borrowed("0.1.0"),
        expiry: Some(600),
        subs: BTreeMap::from([(channel(), subscription)]),
        ping_secs: 25,
        pong: true,
        emulation: Some((SessionKey::from_random([1; 16]), NodeId::from_random([2; 16]))),
        data: None,
    }
}

/// Every event, with this payload.
pub(super) fn events(payload: &'static [u8]) -> Vec<Event> {
    let plain = Publication { offset: 0, info: None, tags: None, ..publication(payload) };
    let signed = Publication { info: Some(info(payload)), ..publication(payload) };
    vec![
        Event::Publication(Arc::new(plain), None),
        Event::Publication(Arc::new(publication(payload)), Some(epoch())),
        Event::Publication(Arc::new(signed), Some(epoch())),
        Event::Join(info(payload)),
        Event::Leave(info(payload)),
    ]
}

pub(super) fn text_patch() -> Patch {
    Patch { bytes: Bytes::from_static("C\n6@0,6:\"ü\\\n\r~3;".as_bytes()), is_text: true }
}

pub(super) fn binary_patch() -> Patch {
    Patch { bytes: Bytes::from_static(b"2\n2:\xff\x00~3;"), is_text: false }
}

pub(super) fn publication(payload: &'static [u8]) -> Publication {
    let tags = BTreeMap::from([("kind".to_owned(), "line\nbreak".to_owned())]);
    Publication {
        offset: 1,
        data: Bytes::from_static(payload),
        info: None,
        tags: Some(Arc::new(tags)),
        delta: false,
    }
}

pub(super) fn info(payload: &'static [u8]) -> Arc<ClientInfo> {
    Arc::new(ClientInfo {
        user: UserId::new("tab\tand\nnewline"),
        client: client(),
        conn_info: Some(Bytes::from_static(payload)),
        chan_info: None,
    })
}

pub(super) fn published(event: Event) -> Published {
    Published::new(Arc::new(Address::public(TenantId::default(), channel())), event)
}

pub(super) fn reply(answer: Answer) -> Reply {
    Reply { id: 7, outcome: Ok(answer) }
}

pub(super) fn channel() -> ChannelName {
    match ChannelName::parse("news:\"a\\b\"") {
        Ok(name) => name,
        Err(error) => unreachable!("{error}"),
    }
}

fn client() -> ClientId {
    ClientId::from_random([7; 16])
}

pub(super) fn epoch() -> Epoch {
    Epoch::new("kQzWbnLd")
}

fn top() -> Position {
    Position { offset: 1, epoch: epoch() }
}
