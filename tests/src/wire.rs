//! The protocol as an SDK would write it down, without a line of the server's: commands as JSON values go in, bytes in
//! either dialect come out, and what the server says comes back as the JSON value that JSON clients get.
#![expect(clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

mod messages;
mod payload;

use prost::Message as _;
use prost::encoding::{decode_varint, encode_varint};
use serde_json::Value;

use self::messages::{Command, EmulationRequest, Publication, Reply};

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Lines of JSON.
    Json,
    /// Messages, each behind its length.
    Protobuf,
}

/// Commands, or an answer to a ping, for one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// For a text frame.
    Text(String),
    /// For a binary frame.
    Bytes(Vec<u8>),
}

/// What a server says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// An empty message.
    Ping,
    /// A reply or a push.
    Message(Value),
}

impl Dialect {
    /// These commands in one frame. An empty object is a pong.
    pub fn frame(self, commands: &[Value]) -> Frame {
        match self {
            Self::Json => Frame::Text(Vec::from_iter(commands.iter().map(Value::to_string)).join("\n")),
            Self::Protobuf => Frame::Bytes(commands.iter().flat_map(command).collect()),
        }
    }

    /// Takes all messages that are whole out of what has come so far.
    pub fn take(self, heard: &mut Vec<u8>) -> Vec<Said> {
        match self {
            Self::Json => {
                let whole = heard.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let lines: Vec<u8> = heard.drain(..whole).collect();
                lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(said).collect()
            }
            Self::Protobuf => {
                let mut all = Vec::new();
                while let Some((message, used)) = first(heard) {
                    all.push(reply(message));
                    heard.drain(..used);
                }
                all
            }
        }
    }
}

impl Frame {
    /// What is in it.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The upstream half of an emulated connection: its content type and body.
pub fn emulation(session: &str, node: &str, frame: Frame) -> (&'static str, Vec<u8>) {
    match frame {
        Frame::Text(text) => {
            let body = serde_json::json!({ "session": session, "node": node, "data": text });
            ("application/json", body.to_string().into_bytes())
        }
        Frame::Bytes(data) => {
            let request = EmulationRequest { session: session.to_owned(), node: node.to_owned(), data };
            ("application/octet-stream", request.encode_to_vec())
        }
    }
}

/// The payloads of the publications in a Protobuf frame, byte for byte.
pub fn payloads(frame: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = frame.to_vec();
    let mut all = Vec::new();
    while let Some((message, used)) = first(&rest) {
        let reply = Reply::decode(message).unwrap_or_else(|error| panic!("no reply: {error}"));
        let pushed = reply.push.and_then(|push| push.r#pub).into_iter();
        let recovered = reply.subscribe.into_iter().flat_map(|result| result.publications);
        let read = reply.history.into_iter().flat_map(|result| result.publications);
        let data = |publication: Publication| publication.data;
        all.extend(pushed.chain(recovered).chain(read).map(data));
        rest.drain(..used);
    }
    all
}

/// A line of a JSON server.
pub fn said(line: impl AsRef<[u8]>) -> Said {
    let line = line.as_ref();
    if line == b"{}" {
        return Said::Ping;
    }
    let text = || String::from_utf8_lossy(line);
    Said::Message(serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}: {}", text())))
}

fn reply(message: &[u8]) -> Said {
    if message.is_empty() {
        return Said::Ping;
    }
    let reply = Reply::decode(message).unwrap_or_else(|error| panic!("no reply: {error}"));
    Said::Message(serde_json::to_value(reply).unwrap())
}

/// A command behind its length.
fn command(command: &Value) -> Vec<u8> {
    let command: Command = serde_json::from_value(command.clone()).unwrap();
    command.encode_length_delimited_to_vec()
}

/// The first message and how long it is together with its length, if it is there as a whole.
fn first(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let mut rest = bytes;
    let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
    let used = bytes.len() - rest.len() + length;
    Some((rest.get(..length)?, used))
}

/// A length as it stands before a message.
pub fn varint(number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_varint(number, &mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spot_checks_of_the_protocol_come_out_byte_for_byte() {
        let connect = Dialect::Protobuf.frame(&[json!({ "id": 1, "connect": {} })]);
        assert_eq!(connect, Frame::Bytes(vec![0x04, 0x08, 0x01, 0x22, 0x00]));
        assert_eq!(Dialect::Protobuf.frame(&[json!({})]), Frame::Bytes(vec![0]));

        let mut heard = vec![0x00, 0x04, 0x08, 0x03, 0x42, 0x00, 0x04, 0x08];
        let said = Dialect::Protobuf.take(&mut heard);
        assert_eq!(said, [Said::Ping, Said::Message(json!({ "id": 3, "publish": {} }))]);
        assert_eq!(heard, [0x04, 0x08]);
    }

    #[test]
    fn everything_a_reply_can_say_reads_like_json() {
        let info = json!({ "user": "", "client": "c", "conn_info": { "a": 1 } });
        let publication = json!({ "data": "b64:AP8=", "info": info, "offset": 7, "tags": { "k": "v" } });
        let replies = [
            json!({ "id": 1, "connect": { "client": "c", "ping": 25, "pong": true, "subs": { "a": { "offset": 3 } } } }),
            json!({ "id": 2, "subscribe": { "publications": [publication], "recovered": true, "data": null } }),
            json!({ "id": 3, "history": { "publications": [], "epoch": "", "offset": 0 } }),
            json!({ "id": 4, "presence": { "presence": {} } }),
            json!({ "id": 5, "presence_stats": { "num_clients": 0, "num_users": 0 } }),
            json!({ "id": 6, "error": { "code": 100, "message": "internal server error", "temporary": true } }),
            json!({ "push": { "channel": "a", "join": { "info": info } } }),
            json!({ "push": { "channel": "a", "unsubscribe": { "code": 2500, "reason": "insufficient state" } } }),
        ];

        for expected in replies {
            let reply: Reply = serde_json::from_value(expected.clone()).unwrap();
            let mut heard = reply.encode_length_delimited_to_vec();
            assert_eq!(Dialect::Protobuf.take(&mut heard), [Said::Message(expected)]);
        }
    }

    #[test]
    fn lines_are_taken_when_they_are_whole() {
        let mut heard = b"{}\n{\"id\":1,\"publish\":{}}\n{\"id\":".to_vec();

        let said = Dialect::Json.take(&mut heard);

        assert_eq!(said, [Said::Ping, Said::Message(json!({ "id": 1, "publish": {} }))]);
        assert_eq!(heard, b"{\"id\":");
    }
}
