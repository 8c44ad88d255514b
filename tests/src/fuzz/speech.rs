//! What must hold for each way of writing commands.

use ports::channels::FilterNode;
use ports::protocol::{ClientProtocol, Command, Malformed, Recovery, Request};
use serde_json::{Map, Value, json};

use super::memory;
use crate::wire::{Dialect, Frame};

/// One way of writing commands.
pub(super) struct Speech<'a> {
    pub(super) protocol: &'a dyn ClientProtocol,
    pub(super) dialect: Dialect,
    /// What stands between one frame and the next when they are put together.
    pub(super) joint: &'a [u8],
    /// What can never be read, wherever it begins.
    pub(super) nonsense: &'a [u8],
    /// Most bytes of memory for each byte of a frame.
    pub(super) memory_factor: usize,
}

/// How many commands of one frame are said again; more would say little more.
const SAID_AGAIN_MAX: usize = 32;
/// Most commands of a frame.
const COMMANDS_MAX: usize = 4_096;
/// Memory for a frame of any length: a filter keeps a thousand nodes, whatever it holds.
const FLAT_BYTES: usize = 300 * 1024;

impl Speech<'_> {
    /// Checks what can be checked of any bytes; the commands in them.
    pub(super) fn check(&self, data: &[u8]) -> Vec<Command> {
        let (commands, read) = memory::within(data.len(), self.memory_factor, FLAT_BYTES, || self.read(data));
        assert!(commands.len() <= data.len(), "more commands than bytes");
        assert!(read.is_err() || !commands.is_empty(), "nothing and no fault");
        if read.is_ok() {
            self.check_joined(data, &commands);
        }
        for command in commands.iter().filter(|command| can_be_said(command)).take(SAID_AGAIN_MAX) {
            self.check_said_again(command);
        }
        commands
    }

    /// What comes behind changes nothing of what was said before.
    fn check_joined(&self, data: &[u8], commands: &[Command]) {
        let data = data.strip_suffix(self.joint).filter(|_| !self.joint.is_empty()).unwrap_or(data);

        let (twice, read) = self.read(&[data, self.joint, data].concat());
        let is_single = |command: &Command| matches!(command.request, Request::Pong | Request::Unknown);
        let is_too_much = commands.iter().any(is_single) || 2 * commands.len() > COMMANDS_MAX;
        assert_eq!(
            read.is_ok(),
            !is_too_much,
            "two pongs and two unknown requests are too many, nothing else is"
        );
        let again = twice.strip_prefix(commands);
        assert!(again.is_some_and(|again| commands.starts_with(again)), "other commands together: {twice:?}");
        assert!(is_too_much || twice.len() == 2 * commands.len(), "commands lost together: {twice:?}");

        let (before, read) = self.read(&[data, self.joint, self.nonsense].concat());
        assert!(read.is_err(), "nonsense is read");
        assert_eq!(before, commands, "other commands before nonsense");
    }

    /// What was understood can be said, and is understood again. Payloads are left out, as they are nobody's business.
    fn check_said_again(&self, command: &Command) {
        let (command, _) = without_payload(command.clone());
        let frame = self.dialect.frame(&[notation(&command)]).into_bytes();

        let (again, read) = self.read(&frame);

        assert_eq!((again.as_slice(), read), ([command].as_slice(), Ok(())), "said again: {frame:?}");
    }

    fn read(&self, frame: &[u8]) -> (Vec<Command>, Result<(), Malformed>) {
        let mut commands = Vec::new();
        let read = self.protocol.decode(frame, &mut commands);
        (commands, read)
    }
}

/// Two requests in one command can mean the first one and have no id, because the second one needs none. A command with
/// one request cannot say that.
pub(super) fn can_be_said(command: &Command) -> bool {
    command.id > 0 || matches!(command.request, Request::Pong | Request::Send { .. })
}

/// The command and the payload it had.
pub(super) fn without_payload(mut command: Command) -> (Command, bytes::Bytes) {
    let payload = match &mut command.request {
        Request::Connect(asked) => std::mem::take(&mut asked.data),
        Request::Subscribe(asked) => std::mem::take(&mut asked.data),
        Request::Publish { data, .. } | Request::Send { data } | Request::Rpc { data, .. } => {
            std::mem::take(data)
        }
        Request::Pong
        | Request::Unknown
        | Request::Unsubscribe { .. }
        | Request::Presence { .. }
        | Request::PresenceStats { .. }
        | Request::History(_)
        | Request::Ping
        | Request::Refresh { .. }
        | Request::SubRefresh { .. } => bytes::Bytes::new(),
    };
    (command, payload)
}

/// A command without a payload, as SDKs note it.
pub(super) fn notation(command: &Command) -> Value {
    let channel = |channel: &String| json!({ "channel": channel });
    let (name, request) = match &command.request {
        Request::Pong => return json!({}),
        Request::Unknown => return json!({ "id": command.id }),
        Request::Connect(asked) => {
            let subs = asked.subs.iter().map(|(channel, resume)| {
                let mut sub = recovery(resume.recover.as_ref());
                sub.insert("delta".to_owned(), json!(resume.delta));
                (channel.clone(), Value::Object(sub))
            });
            let subs = Value::Object(subs.collect());
            let request = json!({
                "token": asked.token,
                "subs": subs,
                "name": asked.name,
                "version": asked.version,
                "headers": asked.headers,
            });
            ("connect", request)
        }
        Request::Subscribe(asked) => {
            let mut request = recovery(asked.recover.as_ref());
            let rest = json!({
                "channel": asked.channel,
                "token": asked.token,
                "positioned": asked.positioned,
                "recoverable": asked.recoverable,
                "join_leave": asked.join_leave,
                "delta": asked.delta,
                "flag": asked.flags.0,
                "type": asked.kind,
                "tf": asked.filter.as_ref().map(filter),
            });
            request.extend(rest.as_object().cloned().unwrap_or_default());
            ("subscribe", Value::Object(request))
        }
        Request::Unsubscribe { channel: name } => ("unsubscribe", channel(name)),
        Request::Publish { channel: name, .. } => ("publish", channel(name)),
        Request::Presence { channel: name } => ("presence", channel(name)),
        Request::PresenceStats { channel: name } => ("presence_stats", channel(name)),
        Request::History(asked) => {
            let since = asked.since.as_ref();
            let since = since.map(|place| json!({ "offset": place.offset, "epoch": place.epoch.as_str() }));
            let request = json!({
                "channel": asked.channel,
                "limit": asked.limit,
                "since": since,
                "reverse": asked.reverse,
            });
            ("history", request)
        }
        Request::Ping => ("ping", json!({})),
        Request::Send { .. } => ("send", json!({})),
        Request::Rpc { method, .. } => ("rpc", json!({ "method": method })),
        Request::Refresh { token } => ("refresh", json!({ "token": token })),
        Request::SubRefresh { channel, token } => {
            ("sub_refresh", json!({ "channel": channel, "token": token }))
        }
    };
    json!({ "id": command.id, name: request })
}

fn recovery(place: Option<&Recovery>) -> Map<String, Value> {
    let Some(place) = place else { return Map::new() };
    let noted = json!({ "recover": true, "offset": place.offset, "epoch": place.epoch.as_str() });
    noted.as_object().cloned().unwrap_or_default()
}

/// Empty lists are left out: they would make a filter deeper than it was.
fn filter(node: &FilterNode) -> Value {
    let mut noted = json!({ "op": node.op, "key": node.key, "cmp": node.cmp, "val": node.val });
    if let Some(fields) = noted.as_object_mut() {
        fields.extend((!node.vals.is_empty()).then(|| ("vals".to_owned(), json!(node.vals))));
        let nodes = Vec::from_iter(node.nodes.iter().map(filter));
        fields.extend((!nodes.is_empty()).then(|| ("nodes".to_owned(), Value::Array(nodes))));
    }
    noted
}

/// Frames with every kind of command, in this dialect.
pub(super) fn seeds(dialect: Dialect) -> Vec<Vec<u8>> {
    let leaf = json!({ "key": "lang", "cmp": "in", "vals": ["de", "fr"] });
    let number = json!({ "key": "price", "cmp": "gte", "val": "9.5" });
    let filter = json!({ "op": "and", "nodes": [leaf, { "op": "not", "nodes": [number] }] });
    let resume = json!({ "recover": true, "offset": 7, "epoch": "abcdefgh", "delta": "fossil" });
    let connect = json!({ "token": "a.b.c", "data": { "a": [1, 2.5, null] }, "name": "js", "version": "1" });
    let recovering = json!({ "channel": "a", "recover": true, "offset": u64::MAX, "epoch": "x", "flag": 2 });
    let asking = json!({ "channel": "a:b", "positioned": true, "recoverable": true, "join_leave": true,
        "delta": "fossil", "type": 1, "data": "κύβος\n\"\\", "tf": filter });
    let commands = [
        json!({ "id": 1, "connect": connect }),
        json!({ "id": 2, "connect": { "token": "t", "subs": { "news": resume, "": {} } } }),
        json!({ "id": 3, "subscribe": recovering }),
        json!({ "id": 4, "subscribe": asking }),
        json!({ "id": 5, "unsubscribe": { "channel": "a" } }),
        json!({ "id": 6, "publish": { "channel": "a", "data": { "text": "hello" } } }),
        json!({ "id": 7, "presence": { "channel": "a" } }),
        json!({ "id": 8, "presence_stats": { "channel": "a" } }),
        json!({ "id": 9, "history": { "channel": "a", "limit": -1, "since": { "offset": 3, "epoch": "e" }, "reverse": true } }),
        json!({ "id": 10, "ping": {} }),
        json!({ "send": { "data": [0] } }),
        json!({ "id": u32::MAX, "rpc": { "method": "m", "data": 1e-7 } }),
        json!({ "id": 12, "refresh": { "token": "a.b.c" } }),
        json!({ "id": 13, "sub_refresh": { "channel": "a", "token": "a.b.c" } }),
        json!({ "id": 14 }),
        json!({}),
    ];
    let alone = commands.iter().map(|command| dialect.frame(std::slice::from_ref(command)));
    let frames = alone.chain([dialect.frame(&commands), dialect.frame(&vec![json!({ "id": 1 }); BOMB])]);
    frames.chain(bombs().map(|bomb| dialect.frame(&[bomb]))).map(Frame::into_bytes).collect()
}

/// Just more than a list that doubles has room for.
const BOMB: usize = 1_025;

/// Commands that are small to send and large to hold.
fn bombs() -> [Value; 3] {
    let subs: Map<String, Value> = (0..BOMB / 4).map(|number| (number.to_string(), json!({}))).collect();
    [
        json!({ "id": 1, "subscribe": { "tf": { "nodes": vec![json!({}); BOMB] } } }),
        json!({ "id": 1, "subscribe": { "tf": { "vals": vec![""; BOMB] } } }),
        json!({ "id": 1, "connect": { "subs": subs } }),
    ]
}
