//! Whatever a client writes is read as it was meant: a plain writer here, the reader there.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use ports::protocol::{ConnectRequest, HistoryRequest, Recovery, SubscribeFlags, SubscribeRequest};

use super::*;

proptest! {
    #[test]
    fn any_command_is_read_as_it_was_written(
        commands in vec((command(), any::<bool>()), 1..6),
        ends in any::<bool>(),
    ) {
        let lines: Vec<_> = commands.iter().map(|(command, noisy)| written(command, *noisy)).collect();
        let frame = lines.join("\n") + if ends { "\n" } else { "" };
        let meant: Vec<_> = commands.into_iter().map(|(command, _)| command).collect();

        prop_assert_eq!(decode(&frame), Ok(meant), "{}", frame);
    }
}

fn command() -> impl Strategy<Value = Command> {
    let pong = Just(Command { id: 0, request: Request::Pong });
    let send =
        (any::<u32>(), payload()).prop_map(|(id, data)| Command { id, request: Request::Send { data } });
    let others = (1u32.., request()).prop_map(|(id, request)| Command { id, request });
    prop_oneof![1 => pong, 1 => send, 12 => others]
}

fn request() -> impl Strategy<Value = Request> {
    let connect = (any::<String>(), payload(), btree_map(any::<String>(), recovery(), 0..3))
        .prop_flat_map(|(token, data, subs)| {
            (Just(token), Just(data), Just(subs), any::<String>(), any::<String>())
        })
        .prop_map(|(token, data, subs, name, version)| {
            Request::Connect(Box::new(ConnectRequest { token, data, subs, name, version }))
        });
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
    let wishes = any::<(bool, bool, bool, bool)>();
    (texts, option::of(recovery()), payload(), wishes, any::<i64>(), any::<i32>()).prop_map(
        |((channel, token, delta), recover, data, wishes, flags, kind)| {
            let (positioned, recoverable, join_leave, filtered) = wishes;
            Request::Subscribe(Box::new(SubscribeRequest {
                channel,
                token,
                recover,
                data,
                positioned,
                recoverable,
                join_leave,
                delta,
                filtered,
                flags: SubscribeFlags(flags),
                kind,
            }))
        },
    )
}

fn recovery() -> impl Strategy<Value = Recovery> {
    any::<(u64, String)>().prop_map(|(offset, epoch)| Recovery { offset, epoch: Epoch::new(&epoch) })
}

fn payload() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        Just(Bytes::new()),
        Just(Bytes::from_static(b"null")),
        Just(Bytes::from_static(br#"{"b": 1e400, "a":[-0, "\ud800\/"], "b":{}}"#)),
        any::<String>().prop_map(|text| quoted(&text).into()),
        any::<i64>().prop_map(|number| number.to_string().into()),
    ]
}

/// A command as JSON, in a noisy version with unknown fields and white space.
fn written(command: &Command, noisy: bool) -> String {
    let body = body(&command.request);
    let (key, fields) = body.unwrap_or_default();
    let request =
        if key.is_empty() { String::new() } else { format!(",{}:{}", quoted(key), object(&fields)) };
    if noisy {
        format!(" {{ \"later\" : [{{}}] , \"id\" :\t{}{request} , \"unknown\":null}}\r", command.id)
    } else {
        format!("{{\"id\":{}{request}}}", command.id)
    }
}

type Fields = Vec<(&'static str, String)>;

fn body(request: &Request) -> Option<(&'static str, Fields)> {
    let said = match request {
        Request::Pong | Request::Unknown => return None,
        Request::Ping => ("ping", vec![]),
        Request::Connect(asked) => ("connect", connect_fields(asked)),
        Request::Subscribe(asked) => ("subscribe", subscribe_fields(asked)),
        Request::Unsubscribe { channel } => ("unsubscribe", vec![("channel", quoted(channel))]),
        Request::Publish { channel, data } => {
            ("publish", vec![("channel", quoted(channel)), ("data", raw(data))])
        }
        Request::Presence { channel } => ("presence", vec![("channel", quoted(channel))]),
        Request::PresenceStats { channel } => ("presence_stats", vec![("channel", quoted(channel))]),
        Request::History(asked) => ("history", history_fields(asked)),
        Request::Send { data } => ("send", vec![("data", raw(data))]),
        Request::Rpc { method, data } => ("rpc", vec![("data", raw(data)), ("method", quoted(method))]),
        Request::Refresh { token } => ("refresh", vec![("token", quoted(token))]),
        Request::SubRefresh { channel, token } => {
            ("sub_refresh", vec![("channel", quoted(channel)), ("token", quoted(token))])
        }
    };
    Some(said)
}

fn connect_fields(asked: &ConnectRequest) -> Fields {
    let subs: BTreeMap<_, _> = asked
        .subs
        .iter()
        .map(|(channel, recovery)| {
            let mut fields = position_fields(recovery);
            fields.push(("recover", "true".into()));
            (quoted(channel), object(&fields))
        })
        .collect();
    let subs: Vec<_> = subs.into_iter().map(|(channel, sub)| format!("{channel}:{sub}")).collect();
    vec![
        ("token", quoted(&asked.token)),
        ("data", raw(&asked.data)),
        ("subs", format!("{{{}}}", subs.join(","))),
        ("name", quoted(&asked.name)),
        ("version", quoted(&asked.version)),
    ]
}

fn subscribe_fields(asked: &SubscribeRequest) -> Fields {
    let mut fields = asked.recover.as_ref().map(position_fields).unwrap_or_default();
    fields.extend([
        ("recover", asked.recover.is_some().to_string()),
        ("channel", quoted(&asked.channel)),
        ("token", quoted(&asked.token)),
        ("data", raw(&asked.data)),
        ("positioned", asked.positioned.to_string()),
        ("recoverable", asked.recoverable.to_string()),
        ("join_leave", asked.join_leave.to_string()),
        ("delta", quoted(&asked.delta)),
        ("tf", if asked.filtered { "{}".into() } else { "null".into() }),
        ("flag", asked.flags.0.to_string()),
        ("type", asked.kind.to_string()),
    ]);
    fields
}

fn history_fields(asked: &HistoryRequest) -> Fields {
    let since = asked.since.as_ref().map(|since| object(&position_fields(since)));
    vec![
        ("channel", quoted(&asked.channel)),
        ("limit", asked.limit.to_string()),
        ("since", since.unwrap_or_default()),
        ("reverse", asked.reverse.to_string()),
    ]
}

fn position_fields(recovery: &Recovery) -> Fields {
    vec![("offset", recovery.offset.to_string()), ("epoch", quoted(recovery.epoch.as_str()))]
}

/// An object of those fields that have a value.
fn object(fields: &[(&str, String)]) -> String {
    let members: Vec<_> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn raw(payload: &Bytes) -> String {
    String::from_utf8(payload.to_vec()).unwrap()
}
