//! Frames of bytes to commands.

mod requests;

use prost::Message;

use ports::protocol::{Command, Malformed, Request};

use super::wire::command as wire;
use crate::agreed::FrameRules;

/// Appends the commands of one frame, up to the first that cannot be read (P-FRM-3).
pub(super) fn frame(frame: &[u8], commands: &mut Vec<Command>) -> Result<(), Malformed> {
    let mut rest = frame;
    let mut number = 1_usize;
    let mut rules = FrameRules::default();

    loop {
        let command = next(&mut rest).and_then(|command| rules.allow(&command.request).map(|()| command));
        let command = command.map_err(|fault| Malformed(format!("command {number}: {fault}")))?;
        commands.push(command);
        if rest.is_empty() {
            return Ok(());
        }
        number += 1;
    }
}

/// What is wrong with a command. Never quotes the input, which may hold tokens and ends up in logs.
type Fault = &'static str;

/// The length is compared with what is there before anything is made of it (P-FRM-4).
fn next(rest: &mut &[u8]) -> Result<Command, Fault> {
    let bytes = prost::decode_length_delimiter(&mut *rest).map_err(|_| "no length")?;
    let (message, behind) = rest.split_at_checked(bytes).ok_or("longer than the frame")?;
    let command = wire::Command::decode(message).map_err(|_| "not Protobuf, or a field of the wrong type")?;
    *rest = behind;

    Ok(Command { id: command.id, request: request(command) })
}

/// The first request that is present (P-ENC-9).
fn request(command: wire::Command) -> Request {
    if command.id == 0 && command.send.is_none() {
        return Request::Pong;
    }
    None.or_else(|| command.connect.map(requests::connect))
        .or_else(|| command.subscribe.map(requests::subscribe))
        .or_else(|| command.unsubscribe.map(|asked| Request::Unsubscribe { channel: asked.channel }))
        .or_else(|| command.publish.map(requests::publish))
        .or_else(|| command.presence.map(|asked| Request::Presence { channel: asked.channel }))
        .or_else(|| command.presence_stats.map(|asked| Request::PresenceStats { channel: asked.channel }))
        .or_else(|| command.history.map(requests::history))
        .or_else(|| command.ping.map(|_| Request::Ping))
        .or_else(|| command.send.map(|asked| Request::Send { data: asked.data }))
        .or_else(|| command.rpc.map(|asked| Request::Rpc { method: asked.method, data: asked.data }))
        .or_else(|| command.refresh.map(|asked| Request::Refresh { token: asked.token }))
        .or_else(|| command.sub_refresh.map(requests::sub_refresh))
        .unwrap_or(Request::Unknown)
}
