//! What is spoken on a connection: a protocol within a framing.

use std::collections::VecDeque;

use bytes::{BufMut as _, Bytes, BytesMut};
use ports::protocol::{ClientProtocol, Command, Disconnect, Push};
use wigwag_core::session;

use super::frame::{self, Kind};

static JSON: centrifuge::Json = centrifuge::Json;
static PROTOBUF: centrifuge::Protobuf = centrifuge::Protobuf;

/// A protocol within a framing, together with the place of its encodings in shared events.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// The protocol.
    pub protocol: &'static dyn ClientProtocol,
    /// What stands around each message.
    pub framing: Framing,
    /// Which of the [`SLOTS`](ports::channels::SLOTS) its encodings use.
    pub slot: usize,
}

/// What a client said, while it waits for its session. Less than half as large as the input it becomes.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A command.
    Command(Command),
    /// What is no command.
    Malformed,
    /// The answer to a ping frame.
    FramePong,
    /// Nothing, for it does not read either.
    TooSlow,
}

impl From<Heard> for session::Input {
    fn from(heard: Heard) -> Self {
        match heard {
            Heard::Command(command) => Self::Command(command),
            Heard::Malformed => Self::Malformed,
            Heard::FramePong => Self::FramePong,
            Heard::TooSlow => Self::Close(Disconnect::SLOW),
        }
    }
}

/// What stands around each message of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A WebSocket text frame.
    TextFrames,
    /// A WebSocket binary frame.
    BinaryFrames,
    /// A line's end.
    Lines,
    /// Nothing: the message tells its own length.
    Bare,
    /// A Server-Sent Event.
    Events,
}

impl Dialect {
    /// JSON over WebSocket.
    pub const WEBSOCKET_JSON: Self = Self { protocol: &JSON, framing: Framing::TextFrames, slot: 0 };
    /// Protobuf over WebSocket.
    pub const WEBSOCKET_PROTOBUF: Self =
        Self { protocol: &PROTOBUF, framing: Framing::BinaryFrames, slot: 1 };
    /// JSON in a streamed response.
    pub const STREAM_JSON: Self = Self { protocol: &JSON, framing: Framing::Lines, slot: 2 };
    /// Protobuf in a streamed response.
    pub const STREAM_PROTOBUF: Self = Self { protocol: &PROTOBUF, framing: Framing::Bare, slot: 3 };
    /// JSON in Server-Sent Events.
    pub const EVENTS: Self = Self { protocol: &JSON, framing: Framing::Events, slot: 4 };

    /// What stands before the first message, so that proxies have something to pass on (P-EM-7).
    pub fn opening(&self) -> Option<Bytes> {
        (self.framing == Framing::Events).then(|| Bytes::from_static(b"\r\n"))
    }

    /// Reads a frame of a client, in order, up to what cannot be read (P-FRM-3).
    pub fn decode(&self, frame: &[u8], heard: &mut VecDeque<Heard>) {
        let mut commands = Vec::new();
        let decoded = self.protocol.decode(frame, &mut commands);
        heard.extend(commands.into_iter().map(Heard::Command));
        if decoded.is_err() {
            heard.push_back(Heard::Malformed);
        }
    }

    /// One message, ready to be sent.
    pub fn wrap(&self, message: Bytes) -> Bytes {
        match self.framing {
            Framing::TextFrames => frame::frame(Kind::Text, &message),
            Framing::BinaryFrames => frame::frame(Kind::Binary, &message),
            Framing::Lines => joined(&[&message, b"\n"]),
            Framing::Bare => message,
            Framing::Events => joined(&[b"data: ", &message, b"\n\n"]),
        }
    }

    /// The last thing a client hears on a connection that ends like this (P-CLOSE-1).
    pub fn goodbye(&self, disconnect: &Disconnect) -> Bytes {
        match self.framing {
            Framing::TextFrames | Framing::BinaryFrames => {
                frame::close_frame(disconnect.code, &disconnect.reason)
            }
            Framing::Lines | Framing::Bare | Framing::Events => {
                let push = self.protocol.push(&Push::Disconnect(disconnect.clone()));
                push.map(|message| self.wrap(message)).unwrap_or_default()
            }
        }
    }
}

fn joined(parts: &[&[u8]]) -> Bytes {
    let mut whole = BytesMut::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        whole.put_slice(part);
    }
    whole.freeze()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ports::channels::SLOTS;

    use super::*;

    const ALL: [Dialect; 5] = [
        Dialect::WEBSOCKET_JSON,
        Dialect::WEBSOCKET_PROTOBUF,
        Dialect::STREAM_JSON,
        Dialect::STREAM_PROTOBUF,
        Dialect::EVENTS,
    ];

    fn wrapped(dialect: Dialect) -> Bytes {
        dialect.wrap(Bytes::from_static(b"{}"))
    }

    #[test]
    fn every_dialect_has_a_slot_of_its_own() {
        let slots: BTreeSet<usize> = ALL.iter().map(|dialect| dialect.slot).collect();

        assert_eq!(slots, (0..SLOTS).collect());
    }

    #[test]
    fn messages_are_framed_as_the_transport_wants_them() {
        assert_eq!(wrapped(Dialect::WEBSOCKET_JSON), &b"\x81\x02{}"[..]);
        assert_eq!(wrapped(Dialect::WEBSOCKET_PROTOBUF), &b"\x82\x02{}"[..]);
        assert_eq!(wrapped(Dialect::STREAM_JSON), &b"{}\n"[..]);
        assert_eq!(wrapped(Dialect::STREAM_PROTOBUF), &b"{}"[..]);
        assert_eq!(wrapped(Dialect::EVENTS), &b"data: {}\n\n"[..]);
    }

    #[test]
    fn goodbye_is_a_close_frame_or_a_push() {
        let end = Disconnect::SHUTDOWN;

        assert_eq!(Dialect::WEBSOCKET_PROTOBUF.goodbye(&end), &b"\x88\x0a\x0b\xb9shutdown"[..]);
        let line = Dialect::STREAM_JSON.goodbye(&end);
        assert!(line.starts_with(br#"{"push":{"disconnect":{"code":3001,"#) && line.ends_with(b"}\n"));
        assert!(Dialect::EVENTS.goodbye(&end).starts_with(br#"data: {"push":{"disconnect":"#));
        assert!(!Dialect::STREAM_PROTOBUF.goodbye(&end).is_empty());
    }
}
