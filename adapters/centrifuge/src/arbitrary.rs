//! Any command that a client may write, for property tests.

use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use ports::channels::{Epoch, FilterNode};
use ports::protocol::{
    Command, ConnectRequest, HistoryRequest, Recovery, Request, Resume, SubscribeFlags, SubscribeRequest,
};

/// Those of one frame, which holds one pong and one unknown request at most, each to be written plainly or not.
pub(crate) fn commands() -> impl Strategy<Value = Vec<(Command, bool)>> {
    vec((command(), any::<bool>()), 1..6).prop_map(|mut commands| {
        for once in [Request::Pong, Request::Unknown] {
            let mut count = 0;
            commands.retain(|(command, _)| {
                count += usize::from(command.request == once);
                command.request != once || count == 1
            });
        }
        commands
    })
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    let pong = Just(Command { id: 0, request: Request::Pong });
    let send =
        (any::<u32>(), payload()).prop_map(|(id, data)| Command { id, request: Request::Send { data } });
    let others = (1u32.., request()).prop_map(|(id, request)| Command { id, request });
    prop_oneof![1 => pong, 1 => send, 12 => others]
}

fn request() -> impl Strategy<Value = Request> {
    let subs = btree_map(any::<String>(), resume(), 0..3);
    let headers = btree_map(any::<String>(), any::<String>(), 0..3);
    let connect = (any::<(String, String, String)>(), payload(), subs, headers).prop_map(
        |((token, name, version), data, subs, headers)| {
            Request::Connect(Box::new(ConnectRequest { token, data, subs, name, version, headers }))
        },
    );
    let history = (any::<String>(), any::<i32>(), option::of(recovery()), any::<bool>()).prop_map(
        |(channel, limit, since, reverse)| {
            Request::History(HistoryRequest { channel, limit, since, reverse })
        },
    );
    prop_oneof![
        Just(Request::Unknown),
        Just(Request::Ping),
        connect,
        subscribe(),
        history,
        any::<String>().prop_map(|channel| Request::Unsubscribe { channel }),
        any::<String>().prop_map(|channel| Request::Presence { channel }),
        any::<String>().prop_map(|channel| Request::PresenceStats { channel }),
        any::<String>().prop_map(|token| Request::Refresh { token }),
        (any::<String>(), payload()).prop_map(|(channel, data)| Request::Publish { channel, data }),
        (any::<String>(), payload()).prop_map(|(method, data)| Request::Rpc { method, data }),
        any::<(String, String)>().prop_map(|(channel, token)| Request::SubRefresh { channel, token }),
    ]
}

fn subscribe() -> impl Strategy<Value = Request> {
    let texts = any::<(String, String, String)>();
    let wishes = any::<(bool, bool, bool)>();
    let places = (option::of(recovery()), option::of(filter()));
    (texts, places, payload(), wishes, any::<i64>(), any::<i32>()).prop_map(
        |((channel, token, delta), (recover, filter), data, wishes, flags, kind)| {
            let (positioned, recoverable, join_leave) = wishes;
            Request::Subscribe(Box::new(SubscribeRequest {
                channel,
                token,
                recover,
                data,
                positioned,
                recoverable,
                join_leave,
                delta,
                filter,
                flags: SubscribeFlags(flags),
                kind,
            }))
        },
    )
}

fn filter() -> impl Strategy<Value = FilterNode> {
    let texts = any::<(String, String, String, String)>();
    let leaf = (texts, vec(any::<String>(), 0..3)).prop_map(|((op, key, cmp, val), vals)| FilterNode {
        op,
        key,
        cmp,
        val,
        vals,
        nodes: Vec::new(),
    });
    leaf.prop_recursive(4, 12, 3, |node| {
        (any::<String>(), vec(node, 0..3)).prop_map(|(op, nodes)| FilterNode {
            op,
            nodes,
            ..FilterNode::default()
        })
    })
}

fn resume() -> impl Strategy<Value = Resume> {
    (option::of(recovery()), any::<String>()).prop_map(|(recover, delta)| Resume { recover, delta })
}

fn recovery() -> impl Strategy<Value = Recovery> {
    any::<(u64, String)>().prop_map(|(offset, epoch)| Recovery { offset, epoch: Epoch::new(&epoch) })
}

fn payload() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        Just(Bytes::new()),
        Just(Bytes::from_static(b"null")),
        Just(Bytes::from_static(br#"{"b": 1e400, "a":[-0, "\ud800\/"], "b":{}}"#)),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap().into()),
        any::<i64>().prop_map(|number| number.to_string().into()),
    ]
}
