//! The two encodings of the client protocol, as far as the driver speaks them.

use std::ops::Range;

use anyhow::{Context as _, bail};

use crate::frame;

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A JSON object per line, in frames of text.
    Json,
    /// Protobuf messages behind their lengths, in binary frames.
    Protobuf,
}

/// What a server says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'m> {
    /// Something that was not asked for.
    Push(&'m [u8]),
    /// It wants to hear a pong.
    Ping,
    /// The command with this number was carried out.
    Done(u32),
}

// Fields of a Protobuf command, of a reply and of what is in them.
const ID: u8 = 1;
const ERROR: u8 = 2;
const CONNECT: u8 = 4;
const SUBSCRIBE: u8 = 5;
const PUBLISH: u8 = 7;
const PUSH: u8 = 4;
const TOKEN: u8 = 1;
const CHANNEL: u8 = 1;
const DATA: u8 = 2;
/// The kind of a field that is a number.
const NUMBER: u8 = 0;
/// The kind of a field that has a length.
const BYTES: u8 = 2;

impl Dialect {
    /// What stands behind the path of the endpoint.
    pub(super) fn query(self) -> &'static str {
        match self {
            Self::Json => "",
            Self::Protobuf => "?format=protobuf",
        }
    }

    /// The opcode of its frames.
    pub(super) fn opcode(self) -> u8 {
        match self {
            Self::Json => frame::TEXT,
            Self::Protobuf => frame::BINARY,
        }
    }

    pub(super) fn pong(self) -> &'static [u8] {
        match self {
            Self::Json => b"{}",
            Self::Protobuf => &[0],
        }
    }

    /// A connect and, with the numbers that follow, a subscribe for each of the channels.
    pub(super) fn first(self, token: Option<String>, channels: Range<u32>) -> Vec<u8> {
        let subscribes = (2..).zip(channels.map(name));
        match self {
            Self::Json => {
                let token = token.map_or_else(String::new, |token| format!(r#""token":"{token}""#));
                let connect = format!(r#"{{"id":1,"connect":{{{token}}}}}"#);
                let subscribes = subscribes
                    .map(|(id, name)| format!(r#"{{"id":{id},"subscribe":{{"channel":"{name}"}}}}"#));
                std::iter::once(connect).chain(subscribes).collect::<Vec<_>>().join("\n").into_bytes()
            }
            Self::Protobuf => {
                let token = token.map_or_else(Vec::new, |token| field(TOKEN, token.as_bytes()));
                let subscribes =
                    subscribes.map(|(id, name)| command(id, SUBSCRIBE, &field(CHANNEL, name.as_bytes())));
                std::iter::once(command(1, CONNECT, &token)).chain(subscribes).flatten().collect()
            }
        }
    }

    /// A publication.
    pub(super) fn publish(self, id: u32, channel: u32, payload: &[u8]) -> Vec<u8> {
        let name = name(channel);
        match self {
            Self::Json => {
                let head = format!(r#"{{"id":{id},"publish":{{"channel":"{name}","data":"#);
                [head.as_bytes(), payload, b"}}"].concat()
            }
            Self::Protobuf => {
                command(id, PUBLISH, &[field(CHANNEL, name.as_bytes()), field(DATA, payload)].concat())
            }
        }
    }

    /// Takes the first message off a frame. A refusal is an error.
    pub(super) fn next<'m>(self, frame: &mut &'m [u8]) -> anyhow::Result<Option<Said<'m>>> {
        match self {
            Self::Json => {
                let end = memchr::memchr(b'\n', frame).unwrap_or(frame.len());
                let (line, rest) = frame.split_at(end);
                *frame = rest.get(1..).unwrap_or_default();
                json(line)
            }
            Self::Protobuf => {
                let length = varint(frame).context("a message without a length")?;
                let (message, rest) =
                    frame.split_at_checked(length as usize).context("a message that was cut off")?;
                *frame = rest;
                protobuf(message)
            }
        }
    }
}

/// The name of a channel.
fn name(channel: u32) -> String {
    format!("b{channel}")
}

fn json(line: &[u8]) -> anyhow::Result<Option<Said<'_>>> {
    if line.starts_with(b"{\"push\"") {
        return Ok(Some(Said::Push(line)));
    }
    if line == b"{}" {
        return Ok(Some(Said::Ping));
    }
    let Some(reply) = line.strip_prefix(b"{\"id\":") else { return Ok(None) };
    let (id, body) = std::str::from_utf8(reply)?.split_once(',').context("a reply without a body")?;
    if body.starts_with("\"error\"") {
        bail!("refused: {body}");
    }
    Ok(Some(Said::Done(id.parse()?)))
}

fn protobuf(message: &[u8]) -> anyhow::Result<Option<Said<'_>>> {
    let Some((&tag, mut rest)) = message.split_first() else { return Ok(Some(Said::Ping)) };
    if tag == PUSH << 3 | BYTES {
        return Ok(Some(Said::Push(message)));
    }
    if tag != ID << 3 | NUMBER {
        return Ok(None);
    }
    let id = varint(&mut rest).context("a reply without a number")?;
    if rest.first() == Some(&(ERROR << 3 | BYTES)) {
        bail!("refused: {}", String::from_utf8_lossy(rest));
    }
    Ok(Some(Said::Done(u32::try_from(id)?)))
}

/// A command with its length in front.
fn command(id: u32, kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![ID << 3 | NUMBER];
    put_varint(&mut message, id.into());
    message.extend_from_slice(&field(kind, body));
    let mut out = Vec::with_capacity(message.len() + 2);
    put_varint(&mut out, message.len() as u64);
    out.extend_from_slice(&message);
    out
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | BYTES];
    put_varint(&mut out, bytes.len() as u64);
    out.extend_from_slice(bytes);
    out
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let length = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at(length);
    *bytes = rest;
    Some(digits.iter().rev().fold(0, |value, digit| value << 7 | u64::from(digit & 0x7f)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(dialect: Dialect, mut frame: &[u8]) -> Vec<Said<'_>> {
        let mut all = Vec::new();
        while !frame.is_empty() {
            all.extend(dialect.next(&mut frame).unwrap());
        }
        all
    }

    #[test]
    fn a_first_frame_in_protobuf_reads_as_the_protocol_has_it() {
        assert_eq!(Dialect::Protobuf.first(None, 0..0), [4, 8, 1, 0x22, 0]);
        assert_eq!(
            Dialect::Protobuf.first(Some("t".into()), 3..4),
            [&[7, 8, 1, 0x22, 3, 0x0a, 1, b't'][..], &[8, 8, 2, 0x2a, 4, 0x0a, 2, b'b', b'3']].concat()
        );
        assert_eq!(
            Dialect::Protobuf.publish(300, 3, b"{}"),
            [13, 8, 0xac, 2, 0x3a, 8, 0x0a, 2, b'b', b'3', 0x12, 2, b'{', b'}']
        );
    }

    #[test]
    fn messages_of_one_frame_are_heard_one_by_one() {
        let json = heard(Dialect::Json, b"{}\n{\"id\":2,\"publish\":{}}\n{\"push\":{}}");
        let protobuf = heard(Dialect::Protobuf, &[0, 4, 8, 2, 0x42, 0, 2, 0x22, 0]);

        assert_eq!(json, [Said::Ping, Said::Done(2), Said::Push(b"{\"push\":{}}")]);
        assert_eq!(protobuf, [Said::Ping, Said::Done(2), Said::Push(&[0x22, 0])]);
    }

    #[test]
    fn a_refusal_ends_the_run() {
        assert!(Dialect::Json.next(&mut &b"{\"id\":2,\"error\":{\"code\":103}}"[..]).is_err());
        assert!(Dialect::Protobuf.next(&mut &[6, 8, 2, 0x12, 2, 8, 103][..]).is_err());
        assert!(Dialect::Protobuf.next(&mut &[6, 8, 2][..]).is_err());
    }
}
