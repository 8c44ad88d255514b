//! Whatever a client writes is read as it was meant: a plain writer here, the reader there.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use ports::channels::FilterNode;
use ports::protocol::{ConnectRequest, HistoryRequest, Recovery, SubscribeRequest};

use super::*;
use crate::arbitrary::commands;

proptest! {
    #[test]
    fn any_command_is_read_as_it_was_written(
        commands in commands(),
        ends in any::<bool>(),
    ) {
        let lines: Vec<_> = commands.iter().map(|(command, noisy)| written(command, *noisy)).collect();
        let frame = lines.join("\n") + if ends { "\n" } else { "" };
        let meant: Vec<_> = commands.into_iter().map(|(command, _)| command).collect();

        prop_assert_eq!(decode(&frame), Ok(meant), "{}", frame);
    }
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
        .map(|(channel, resume)| {
            let mut fields = resume.recover.as_ref().map(position_fields).unwrap_or_default();
            fields.push(("recover", resume.recover.is_some().to_string()));
            fields.push(("delta", quoted(&resume.delta)));
            (quoted(channel), object(&fields))
        })
        .collect();
    let subs: Vec<_> = subs.into_iter().map(|(channel, sub)| format!("{channel}:{sub}")).collect();
    let headers = asked.headers.iter();
    let headers: Vec<_> =
        headers.map(|(name, value)| format!("{}:{}", quoted(name), quoted(value))).collect();
    vec![
        ("token", quoted(&asked.token)),
        ("data", raw(&asked.data)),
        ("headers", format!("{{{}}}", headers.join(","))),
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
        ("tf", asked.filter.as_ref().map_or("null".into(), filter)),
        ("flag", asked.flags.0.to_string()),
        ("type", asked.kind.to_string()),
    ]);
    fields
}

fn filter(node: &FilterNode) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    object(&[
        ("op", quoted(&node.op)),
        ("key", quoted(&node.key)),
        ("cmp", quoted(&node.cmp)),
        ("val", quoted(&node.val)),
        ("vals", list(node.vals.iter().map(|text| quoted(text)).collect())),
        ("nodes", list(node.nodes.iter().map(filter).collect())),
    ])
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
