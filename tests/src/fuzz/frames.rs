//! WebSocket frames.

use wigwag::transport::frame::{Assembler, Fault, Item, Kind};

use super::dice::Dice;
use super::memory;
use crate::raw::{BINARY, CLOSE, TEXT, frame};

/// Short, so that many inputs pass it.
const MESSAGE_BYTES_MAX: usize = 2_048;
const CONTROL_BYTES_MAX: usize = 125;

const PING: u8 = 0x89;
const PONG: u8 = 0x8A;
const FRAGMENT: u8 = 0x01;
const CONTINUATION: u8 = 0x00;
const LAST: u8 = 0x80;

/// What an item says, for keeps.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Message(Kind, Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

impl Said {
    fn of(item: &Item<'_>) -> Self {
        match item {
            Item::Message(kind, payload) => Self::Message(*kind, payload.to_vec()),
            Item::Ping(payload) => Self::Ping(payload.to_vec()),
            Item::Pong => Self::Pong,
            Item::Close(code) => Self::Close(*code),
        }
    }

    /// A client's frame that says the same.
    fn frame(&self) -> Vec<u8> {
        match self {
            Self::Message(Kind::Text, payload) => frame(TEXT, payload),
            Self::Message(_, payload) => frame(BINARY, payload),
            Self::Ping(payload) => frame(PING, payload),
            Self::Pong => frame(PONG, b""),
            Self::Close(None) => frame(CLOSE, b""),
            Self::Close(Some(code)) => frame(CLOSE, &code.to_be_bytes()),
        }
    }

    fn check(&self) {
        match self {
            Self::Message(kind, payload) => {
                assert!(matches!(kind, Kind::Text | Kind::Binary), "a message that is a {kind:?}");
                assert!(payload.len() <= MESSAGE_BYTES_MAX, "a message of {} bytes", payload.len());
                assert!(*kind == Kind::Binary || str::from_utf8(payload).is_ok(), "a text that is none");
            }
            Self::Ping(payload) => assert!(payload.len() <= CONTROL_BYTES_MAX, "a ping of {}", payload.len()),
            Self::Close(Some(code)) => {
                let is_reserved = matches!(code, ..1000 | 1004..=1006 | 1015..3000 | 5000..);
                assert!(!is_reserved, "closed with {code}");
            }
            Self::Pong | Self::Close(None) => {}
        }
    }
}

/// However the bytes of a connection are cut, the same is heard; what is heard keeps the rules and can be said again;
/// nothing is kept but what is incomplete.
pub fn frames(data: &[u8]) {
    let at_once = heard([data]);
    let one_by_one = heard(data.chunks(1));
    let in_pieces = heard(pieces(data));
    assert_eq!(one_by_one, at_once, "one by one and at once");
    assert_eq!(in_pieces, at_once, "in pieces and at once");

    at_once.0.iter().for_each(Said::check);
    let again = Vec::from_iter(at_once.0.iter().map(Said::frame)).concat();
    assert_eq!(heard([&again[..]]), (at_once.0, Ok(())), "said again");

    let mut copy = data.to_vec();
    let mut assembler = Assembler::new(MESSAGE_BYTES_MAX);
    // A fragmented message, which has room twice at most, and a frame that is not whole.
    let _ = memory::within(data.len(), 4, 256, || assembler.feed(&mut copy, &mut |_| {}));
}

fn heard<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Said>, Result<(), Fault>) {
    let mut assembler = Assembler::new(MESSAGE_BYTES_MAX);
    let mut all = Vec::new();
    for piece in pieces {
        let fed = assembler.feed(&mut piece.to_vec(), &mut |item| all.push(Said::of(&item)));
        if fed.is_err() {
            return (all, fed);
        }
    }
    (all, Ok(()))
}

/// Cut at places that depend on the bytes.
fn pieces(mut data: &[u8]) -> Vec<&[u8]> {
    let sum = data.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let mut dice = Dice::new(sum);
    let mut pieces = Vec::new();
    while !data.is_empty() {
        let longest = dice.pick(&[2, 16, 300]);
        let (piece, rest) = data.split_at(data.len().min(dice.below(longest) + 1));
        pieces.push(piece);
        data = rest;
    }
    pieces
}

pub(super) const WORDS: &[&[u8]] = &[
    b"\x81\x80\0\0\0\0",
    b"\x01\x80\0\0\0\0",
    b"\x00\x80\0\0\0\0",
    b"\x80\x80\0\0\0\0",
    b"\x82\x81\0\0\0\0x",
    b"\x88\x80\0\0\0\0",
    b"\x88\x82\0\0\0\0\x03\xe8",
    b"\x88\x82\0\0\0\0\x03\xee",
    b"\x89\x80\0\0\0\0",
    b"\x8a\x80\0\0\0\0",
    b"\x81\xfe\0\x05\0\0\0\0hello",
    b"\x81\xff\0\0\0\0\0\0\0\x05\0\0\0\0hello",
    b"\x81\xff\0\0\0\0\0\0\x08\0\0\0\0\0",
    b"\xce\xba",
    b"\xf0\x9f\x98\x80",
    b"\xed\xa0\x80",
];

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let fragments = [
        frame(FRAGMENT, "κύ".as_bytes()),
        frame(PING, b"p"),
        frame(CONTINUATION, "β".as_bytes()),
        frame(LAST, "ος".as_bytes()),
    ];
    let goodbye = [&1000_u16.to_be_bytes()[..], "wiederhören".as_bytes()].concat();
    vec![
        frame(TEXT, b"hello"),
        frame(BINARY, &[0xff; 126]),
        frame(TEXT, &[b'*'; MESSAGE_BYTES_MAX]),
        fragments.concat(),
        [frame(FRAGMENT, &[b'a'; 1_000]), frame(LAST, &[b'b'; 1_000])].concat(),
        [frame(PING, &[7; CONTROL_BYTES_MAX]), frame(PONG, b""), frame(TEXT, "👋".as_bytes())].concat(),
        [frame(TEXT, b"bye"), frame(CLOSE, &goodbye)].concat(),
        frame(CLOSE, b""),
    ]
}
