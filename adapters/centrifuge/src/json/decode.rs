//! Frames of bytes to commands.

mod filter;
mod lone;
mod requests;

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use ports::protocol::{Command, Malformed, Request};

use self::requests::Kind;
use crate::agreed::FrameRules;

/// Appends the commands of one frame, up to the first that cannot be read (P-FRM-3).
pub(super) fn frame(frame: &[u8], commands: &mut Vec<Command>) -> Result<(), Malformed> {
    let (text, is_whole) = text(frame.strip_suffix(b"\n").unwrap_or(frame));

    let mut rules = FrameRules::default();
    let mut lines = text.split('\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let is_text = is_whole || lines.peek().is_some();
        let command = if is_text { command(line) } else { Err("not UTF-8") };
        let command = command.and_then(|command| rules.allow(&command.request).map(|()| command));
        let command = command.map_err(|fault| Malformed(format!("command {}: {fault}", index + 1)))?;
        commands.push(command);
    }
    Ok(())
}

/// The text at the beginning of a frame, and whether that is all of it. If not, its last line is broken.
fn text(frame: &[u8]) -> (&str, bool) {
    match std::str::from_utf8(frame) {
        Ok(text) => (text, true),
        Err(_) => (frame.utf8_chunks().next().map_or("", |chunk| chunk.valid()), false),
    }
}

/// What is wrong with an object. Never quotes the input, which may hold tokens and ends up in logs.
pub(crate) type Fault = &'static str;

fn command(line: &str) -> Result<Command, Fault> {
    lone::command(line).map_or_else(|| any_command(line), Ok)
}

fn any_command(line: &str) -> Result<Command, Fault> {
    let envelope: Envelope<'_> = object(line)?;

    Ok(Command { id: envelope.id.unwrap_or_default(), request: envelope.request()? })
}

/// A command before its request has been read. Only the request that counts ever is.
#[derive(Deserialize)]
struct Envelope<'a> {
    id: Option<u32>,
    #[serde(borrow)]
    connect: Option<&'a RawValue>,
    #[serde(borrow)]
    subscribe: Option<&'a RawValue>,
    #[serde(borrow)]
    unsubscribe: Option<&'a RawValue>,
    #[serde(borrow)]
    publish: Option<&'a RawValue>,
    #[serde(borrow)]
    presence: Option<&'a RawValue>,
    #[serde(borrow)]
    presence_stats: Option<&'a RawValue>,
    #[serde(borrow)]
    history: Option<&'a RawValue>,
    #[serde(borrow)]
    ping: Option<&'a RawValue>,
    #[serde(borrow)]
    send: Option<&'a RawValue>,
    #[serde(borrow)]
    rpc: Option<&'a RawValue>,
    #[serde(borrow)]
    refresh: Option<&'a RawValue>,
    #[serde(borrow)]
    sub_refresh: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// The first request that is present (P-ENC-9).
    fn request(&self) -> Result<Request, Fault> {
        if self.id.unwrap_or_default() == 0 && self.send.is_none() {
            return Ok(Request::Pong);
        }
        let in_order = [
            (self.connect, Kind::Connect),
            (self.subscribe, Kind::Subscribe),
            (self.unsubscribe, Kind::Unsubscribe),
            (self.publish, Kind::Publish),
            (self.presence, Kind::Presence),
            (self.presence_stats, Kind::PresenceStats),
            (self.history, Kind::History),
            (self.ping, Kind::Ping),
            (self.send, Kind::Send),
            (self.rpc, Kind::Rpc),
            (self.refresh, Kind::Refresh),
            (self.sub_refresh, Kind::SubRefresh),
        ];
        let first = in_order.into_iter().find_map(|(raw, kind)| Some((raw?, kind)));

        match first {
            Some((raw, kind)) => requests::read(kind, raw),
            None => Ok(Request::Unknown),
        }
    }
}

/// Reads an object. Everything else is refused by its first byte, as serde would take an array for a struct.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Fault> {
    if !json.trim_start().starts_with('{') {
        return Err("not a JSON object");
    }
    serde_json::from_str(json).map_err(|error| match error.classify() {
        Category::Io | Category::Syntax => "not JSON",
        Category::Eof => "cut short",
        Category::Data => "a field of the wrong type, out of range or given twice",
    })
}
