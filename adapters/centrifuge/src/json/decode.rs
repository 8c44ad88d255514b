//! Frames of bytes to commands.

mod filter;
mod requests;

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use ports::protocol::{Command, Malformed, Request};

use crate::agreed::FrameRules;

/// Appends the commands of one frame, up to the first that cannot be read (P-FRM-3).
pub(super) fn frame(frame: &[u8], commands: &mut Vec<Command>) -> Result<(), Malformed> {
    let lines = frame.strip_suffix(b"\n").unwrap_or(frame);

    let mut rules = FrameRules::default();
    for (index, line) in lines.split(|byte| *byte == b'\n').enumerate() {
        let command = command(line).and_then(|command| rules.allow(&command.request).map(|()| command));
        let command = command.map_err(|fault| Malformed(format!("command {}: {fault}", index + 1)))?;
        commands.push(command);
    }
    Ok(())
}

/// What is wrong with an object. Never quotes the input, which may hold tokens and ends up in logs.
pub(crate) type Fault = &'static str;

fn command(line: &[u8]) -> Result<Command, Fault> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8")?;
    let envelope: Envelope<'_> = object(text)?;

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

type Read = fn(&str) -> Result<Request, Fault>;

impl Envelope<'_> {
    /// The first request that is present (P-ENC-9).
    fn request(&self) -> Result<Request, Fault> {
        if self.id.unwrap_or_default() == 0 && self.send.is_none() {
            return Ok(Request::Pong);
        }
        let in_order: [(Option<&RawValue>, Read); 12] = [
            (self.connect, requests::connect),
            (self.subscribe, requests::subscribe),
            (self.unsubscribe, requests::unsubscribe),
            (self.publish, requests::publish),
            (self.presence, requests::presence),
            (self.presence_stats, requests::presence_stats),
            (self.history, requests::history),
            (self.ping, requests::ping),
            (self.send, requests::send),
            (self.rpc, requests::rpc),
            (self.refresh, requests::refresh),
            (self.sub_refresh, requests::sub_refresh),
        ];
        let first = in_order.into_iter().find_map(|(raw, read)| Some((raw?, read)));

        match first {
            Some((raw, read)) => read(raw.get()),
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
