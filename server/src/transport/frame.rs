//! WebSocket frames (RFC 6455): a lean reader that keeps only what is incomplete, and writers of whole frames.
//! Header fields are read with tungstenite's types; assembling, masking and checking are ours.

use std::io::Cursor;

use bytes::{BufMut as _, Bytes, BytesMut};
use thiserror::Error;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

#[cfg(test)]
mod tests;

/// One thing a client said.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A whole text or binary message. Text is valid UTF-8.
    Message(Kind, &'a [u8]),
    /// A WebSocket ping, to be answered with the same bytes.
    Ping(&'a [u8]),
    /// A WebSocket pong.
    Pong,
    /// The closing handshake, with the client's code if it gave one.
    Close(Option<u16>),
}

/// Why a byte stream is no WebSocket conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// 1002.
    #[error("protocol error")]
    Protocol,
    /// 1007.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// 1009.
    #[error("message too big")]
    TooBig,
}

impl Fault {
    /// The WebSocket close code.
    pub fn code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::NotUtf8 => 1007,
            Self::TooBig => 1009,
        }
    }
}

/// Turns what is read from one client's socket into items. Holds nothing while no frame or message is incomplete.
#[derive(Debug)]
pub struct Assembler {
    begun: Option<Box<Begun>>,
    message_bytes_max: usize,
}

/// What is not complete yet.
#[derive(Debug, Default)]
struct Begun {
    /// The beginning of a frame.
    frame: Vec<u8>,
    /// The beginning of a fragmented message, and of which kind it is.
    message: Vec<u8>,
    kind: Option<Data>,
}

/// Longest payload of a control frame.
const CONTROL_BYTES_MAX: u64 = 125;

impl Assembler {
    /// A reader that refuses messages longer than this.
    pub fn new(message_bytes_max: usize) -> Self {
        Self { begun: None, message_bytes_max }
    }

    /// Takes bytes as they were read, hands out what they complete. After a fault nothing more may be fed.
    pub fn feed(&mut self, bytes: &mut [u8], on: &mut dyn FnMut(Item<'_>)) -> Result<(), Fault> {
        let mut joined =
            self.begun.as_mut().map(|begun| std::mem::take(&mut begun.frame)).unwrap_or_default();
        if joined.is_empty() {
            let used = self.frames(bytes, on)?;
            joined.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            joined.extend_from_slice(bytes);
            let used = self.frames(&mut joined, on)?;
            joined.drain(..used.min(joined.len()));
        }
        if !joined.is_empty() {
            self.begun.get_or_insert_default().frame = joined;
        }
        self.begun.take_if(|begun| begun.frame.is_empty() && begun.kind.is_none());
        Ok(())
    }

    /// Reads all whole frames; returns how many bytes they took.
    fn frames(&mut self, bytes: &mut [u8], on: &mut dyn FnMut(Item<'_>)) -> Result<usize, Fault> {
        let mut used = 0;
        while let Some(rest) = bytes.get_mut(used..) {
            let mut cursor = Cursor::new(&*rest);
            let Some((header, length)) = FrameHeader::parse(&mut cursor).map_err(|_| Fault::Protocol)? else {
                break;
            };
            let begin = usize::try_from(cursor.position()).map_err(|_| Fault::TooBig)?;
            let mask = self.check(&header, length)?;
            let end = begin + usize::try_from(length).map_err(|_| Fault::TooBig)?;
            let Some(payload) = rest.get_mut(begin..end) else { break };
            unmask(payload, mask);
            self.frame(&header, payload, on)?;
            used += end;
        }
        Ok(used)
    }

    /// Checks all that can be checked before the payload is there, so that nothing is kept for a frame that will be
    /// refused; returns the mask.
    fn check(&self, header: &FrameHeader, length: u64) -> Result<[u8; 4], Fault> {
        let mask = header.mask.ok_or(Fault::Protocol)?;
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(Fault::Protocol);
        }
        let so_far = match header.opcode {
            OpCode::Control(Control::Reserved(_)) | OpCode::Data(Data::Reserved(_)) => {
                return Err(Fault::Protocol);
            }
            OpCode::Control(_) if !header.is_final || length > CONTROL_BYTES_MAX => {
                return Err(Fault::Protocol);
            }
            OpCode::Control(_) => return Ok(mask),
            OpCode::Data(Data::Continue) => self.message_begun().ok_or(Fault::Protocol)?.len() as u64,
            OpCode::Data(_) if self.message_begun().is_some() => return Err(Fault::Protocol),
            OpCode::Data(_) => 0,
        };
        if length.saturating_add(so_far) > self.message_bytes_max as u64 {
            return Err(Fault::TooBig);
        }
        Ok(mask)
    }

    /// The beginning of a fragmented message, if there is one.
    fn message_begun(&self) -> Option<&[u8]> {
        self.begun.as_ref().filter(|begun| begun.kind.is_some()).map(|begun| begun.message.as_slice())
    }

    fn frame(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
        on: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), Fault> {
        match header.opcode {
            OpCode::Control(Control::Ping) => on(Item::Ping(payload)),
            OpCode::Control(Control::Pong) => on(Item::Pong),
            OpCode::Control(Control::Close) => on(Item::Close(close_code(payload)?)),
            OpCode::Data(Data::Continue) => {
                let begun = self.begun.get_or_insert_default();
                begun.message.extend_from_slice(payload);
                if header.is_final
                    && let Some(kind) = begun.kind.take()
                {
                    let message = std::mem::take(&mut begun.message);
                    on(whole(kind, &message)?);
                }
            }
            OpCode::Data(kind) if header.is_final => on(whole(kind, payload)?),
            OpCode::Data(kind) => {
                let begun = self.begun.get_or_insert_default();
                begun.message = payload.to_vec();
                begun.kind = Some(kind);
            }
            OpCode::Control(Control::Reserved(_)) => return Err(Fault::Protocol),
        }
        Ok(())
    }
}

fn whole(kind: Data, message: &[u8]) -> Result<Item<'_>, Fault> {
    if kind != Data::Text {
        return Ok(Item::Message(Kind::Binary, message));
    }
    std::str::from_utf8(message).map_err(|_| Fault::NotUtf8)?;
    Ok(Item::Message(Kind::Text, message))
}

/// The code a client closes with; codes that may not be sent are faults (RFC 6455, 7.4).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Fault> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() { Ok(None) } else { Err(Fault::Protocol) };
    };
    let code = u16::from_be_bytes(*code);
    let is_allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    if !is_allowed {
        return Err(Fault::Protocol);
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Fault::NotUtf8);
    }
    Ok(Some(code))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (eights, rest) = payload.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text message.
    Text,
    /// A binary message.
    Binary,
    /// A WebSocket ping.
    Ping,
    /// The answer to one.
    Pong,
    /// The closing handshake.
    Close,
}

/// One whole frame around a payload.
pub fn frame(kind: Kind, payload: &[u8]) -> Bytes {
    const FINAL: u8 = 0x80;
    const HEADER_BYTES_MAX: usize = 10;
    let opcode = match kind {
        Kind::Text => 0x1,
        Kind::Binary => 0x2,
        Kind::Close => 0x8,
        Kind::Ping => 0x9,
        Kind::Pong => 0xA,
    };
    let mut out = BytesMut::with_capacity(HEADER_BYTES_MAX + payload.len());
    out.put_u8(FINAL | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..=125), _) => out.put_u8(short),
        (_, Ok(medium)) => {
            out.put_u8(126);
            out.put_u16(medium);
        }
        (_, Err(_)) => {
            out.put_u8(127);
            out.put_u64(payload.len() as u64);
        }
    }
    out.put_slice(payload);
    out.freeze()
}

/// A close frame; a reason that is too long is cut at a character (P-CLOSE-2).
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    const REASON_BYTES_MAX: usize = 123;
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
    frame(Kind::Close, &payload)
}
