//! Conversations in frames: what is said in one go, and what must be heard.

use std::time::Duration;

use tokio::time::timeout;
use wigwag_tests::house::House;
use wigwag_tests::raw::{BINARY, CLOSE, Raw, TEXT, frame, header};

pub(crate) const CONTINUATION: u8 = 0x80;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8A;
/// Taken off a first byte, it makes the frame a fragment with others to come.
pub(crate) const FINAL: u8 = 0x80;

pub(crate) const PROTOCOL_ERROR: u16 = 1002;
pub(crate) const NOT_UTF8: u16 = 1007;
pub(crate) const TOO_BIG: u16 = 1009;

/// Longest message that a house takes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// What is sent in one go, and what must be heard.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) heard: Vec<Heard>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    /// A close frame with this code, after which the server has nothing to say.
    Close(u16),
    /// What no server may send, with its first byte.
    Nonsense(u8),
    /// Neither a frame nor the end, for too long.
    Silence,
    /// The end without a close frame.
    Broken,
}

/// How bytes go over the wire.
#[derive(Clone, Copy)]
pub(crate) enum Pieces {
    Whole,
    Of(usize),
}

pub(crate) fn case(name: impl Into<String>, frames: impl AsRef<[u8]>, heard: impl Into<Vec<Heard>>) -> Case {
    Case { name: name.into(), bytes: frames.as_ref().to_vec(), heard: heard.into() }
}

pub(crate) fn refused(name: impl Into<String>, frames: impl AsRef<[u8]>, code: u16) -> Case {
    case(name, frames, [Heard::Close(code)])
}

pub(crate) fn text(payload: impl AsRef<[u8]>) -> Heard {
    Heard::Text(payload.as_ref().to_vec())
}

pub(crate) fn pong(payload: impl AsRef<[u8]>) -> Heard {
    Heard::Pong(payload.as_ref().to_vec())
}

/// A fragment that begins a message, with others to come.
pub(crate) fn begin(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(first & !FINAL, payload.as_ref())
}

pub(crate) fn middle(payload: impl AsRef<[u8]>) -> Vec<u8> {
    begin(CONTINUATION, payload)
}

pub(crate) fn end(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(CONTINUATION, payload.as_ref())
}

pub(crate) fn said(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(TEXT, payload.as_ref())
}

pub(crate) fn ping(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(PING, payload.as_ref())
}

pub(crate) fn close(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason.as_ref()].concat())
}

/// A frame whose length is spelled with sixteen bits.
pub(crate) fn spelled_in_16(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[first, 0x80 | 126][..], &length, &[0; 4], payload].concat()
}

/// A frame whose length is spelled with sixty-four bits.
pub(crate) fn spelled_in_64(first: u8, length: u64, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | 127][..], &length.to_be_bytes(), &[0; 4], payload].concat()
}

/// A frame under another mask than the usual one.
pub(crate) fn masked(mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    header(TEXT, payload.len() as u64).into_iter().chain(mask).chain(masked).collect()
}

pub(crate) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, u8::try_from(payload.len()).unwrap()][..], payload].concat()
}

/// Runs cases one after the other, each over a connection of its own, and names those that went wrong.
pub(crate) async fn check(pieces: Pieces, cases: Vec<Case>) {
    let house = House::start().await;
    let mut problems = Vec::new();
    for Case { name, bytes, heard } in &cases {
        let found = converse(&house, pieces, bytes, heard).await;
        if found != *heard {
            problems.push(format!("{name}: heard {}, not {}", brief(&found), brief(heard)));
        }
    }
    house.stop().await;
    assert!(problems.is_empty(), "{} of {}\n{}", problems.len(), cases.len(), problems.join("\n"));
}

/// The last word of a client to whom nothing should have happened.
pub(crate) const STILL_THERE: &[u8] = b"still there?";

/// Sends the bytes and listens to the end; a connection that should be alive after them must show it. Pongs come first
/// in what was heard, as they may overtake messages.
pub(crate) async fn converse(house: &House, pieces: Pieces, bytes: &[u8], expected: &[Heard]) -> Vec<Heard> {
    const SILENCE: Duration = Duration::from_secs(5);
    let mut raw = Raw::open_at(house.address, "/echo").await;
    match pieces {
        Pieces::Whole => raw.send(bytes).await,
        Pieces::Of(count) => {
            for piece in bytes.chunks(count) {
                raw.send(piece).await;
            }
        }
    }
    let ends = expected.iter().any(|heard| matches!(heard, Heard::Close(_)));
    if !ends {
        raw.send(&said(STILL_THERE)).await;
    }

    let mut found = Vec::new();
    loop {
        match timeout(SILENCE, raw.next_frame_ever()).await {
            Ok(Some((TEXT, payload))) if payload == STILL_THERE => break,
            Ok(Some((first, payload))) => found.push(understood(first, payload)),
            Ok(None) if found.iter().any(|heard| matches!(heard, Heard::Close(_))) => break,
            Ok(None) => {
                found.push(Heard::Broken);
                break;
            }
            Err(_) => {
                found.push(Heard::Silence);
                break;
            }
        }
    }
    found.sort_by_key(|heard| !matches!(heard, Heard::Pong(_)));
    found
}

pub(crate) fn understood(first: u8, payload: Vec<u8>) -> Heard {
    match first {
        TEXT => Heard::Text(payload),
        BINARY => Heard::Binary(payload),
        PONG => Heard::Pong(payload),
        CLOSE => Heard::Close(payload.first_chunk().map_or(0, |code| u16::from_be_bytes(*code))),
        other => Heard::Nonsense(other),
    }
}

pub(crate) fn brief(heard: &[Heard]) -> String {
    let mut text = format!("{heard:?}");
    text.truncate(200);
    text
}
