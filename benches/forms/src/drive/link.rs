//! One connection of the driver.

use std::io::{self, ErrorKind, Read as _, Write as _};

use anyhow::bail;

use super::dialect::{Dialect, Said};
use super::stamp::{Stamp, Stamps};
use super::wire::Wire;
use crate::frame;
use crate::handshake;

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Connecting,
    Upgrading,
    /// The commands are sent; ready when the last of them is answered.
    Joining {
        last: u32,
    },
    Open,
    /// It has said goodbye.
    Leaving,
}

/// What a connection has to tell.
pub(super) enum Note {
    Ready,
    Delivery(Stamp),
    Answer,
    Ping,
}

pub(super) struct Link {
    pub(super) wire: Wire,
    dialect: Dialect,
    pub(super) who: u32,
    pub(super) stage: Stage,
    /// When it was begun, on the driver's clock.
    pub(super) born: u64,
    /// What it asks for first, as one frame.
    first: Vec<u8>,
    last: u32,
    unwritten: Vec<u8>,
    unread: Vec<u8>,
    id: u32,
}

impl Link {
    /// A connection under way, whose first frame has so many commands.
    pub(super) fn new(
        wire: Wire,
        dialect: Dialect,
        who: u32,
        born: u64,
        first: Vec<u8>,
        commands: u32,
    ) -> Self {
        Self {
            wire,
            dialect,
            who,
            stage: Stage::Connecting,
            born,
            first,
            last: commands,
            unwritten: Vec::new(),
            unread: Vec::new(),
            id: commands,
        }
    }

    /// Queues a publication.
    pub(super) fn publish(&mut self, channel: u32, payload: &[u8]) {
        self.id += 1;
        let command = self.dialect.publish(self.id, channel, payload);
        self.queue(&command);
    }

    fn queue(&mut self, commands: &[u8]) {
        frame::encode_masked(&mut self.unwritten, self.dialect.opcode(), commands);
    }

    pub(super) fn say_goodbye(&mut self) {
        frame::encode_masked(&mut self.unwritten, frame::CLOSE, &1_000_u16.to_be_bytes());
        self.stage = Stage::Leaving;
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        while !self.unwritten.is_empty() {
            match self.wire.write(&self.unwritten) {
                Ok(taken) if taken == self.unwritten.len() => self.unwritten.clear(),
                Ok(taken) => drop(self.unwritten.drain(..taken)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.wire.flush()
    }

    /// The socket takes bytes.
    pub(super) fn writable(&mut self, host: &str) -> io::Result<()> {
        if self.stage == Stage::Connecting {
            if let Some(error) = self.wire.socket().take_error()? {
                return Err(error);
            }
            self.unwritten = handshake::request(host, self.dialect.query());
            self.stage = Stage::Upgrading;
        }
        self.flush()
    }

    /// Reads what there is: as a rule one read and one search for each delivery.
    pub(super) fn readable(
        &mut self,
        buffer: &mut [u8],
        stamps: &Stamps,
        note: &mut impl FnMut(&Self, Note),
    ) -> anyhow::Result<()> {
        loop {
            let got = match self.wire.read(buffer) {
                Ok(0) => bail!("closed by the server"),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            if self.unread.is_empty() {
                let used = self.take_in(&mut buffer[..got], stamps, note)?;
                self.unread.extend_from_slice(&buffer[used..got]);
            } else {
                let mut bytes = std::mem::take(&mut self.unread);
                bytes.extend_from_slice(&buffer[..got]);
                let used = self.take_in(&mut bytes, stamps, note)?;
                self.unread = bytes.split_off(used);
            }
            if !self.unwritten.is_empty() {
                self.flush()?;
            }
            if got < buffer.len() && self.wire.is_drained_by_a_short_read() {
                return Ok(());
            }
        }
    }

    fn take_in(
        &mut self,
        bytes: &mut [u8],
        stamps: &Stamps,
        note: &mut impl FnMut(&Self, Note),
    ) -> anyhow::Result<usize> {
        let mut at = 0;
        if self.stage == Stage::Upgrading {
            let Some(head) = handshake::head_length(bytes) else { return Ok(0) };
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                bail!("refused: {}", String::from_utf8_lossy(&bytes[..head]));
            }
            at = head;
            let first = std::mem::take(&mut self.first);
            self.queue(&first);
            self.stage = Stage::Joining { last: self.last };
        }
        while let Some(found) = frame::decode(&mut bytes[at..])? {
            let payload = &bytes[at + found.payload.start..at + found.payload.end];
            match found.opcode {
                frame::TEXT | frame::BINARY => {
                    let mut rest = payload;
                    while !rest.is_empty() {
                        if let Some(said) = self.dialect.next(&mut rest)? {
                            self.hear(said, stamps, note);
                        }
                    }
                }
                frame::PING => frame::encode_masked(&mut self.unwritten, frame::PONG, payload),
                frame::CLOSE => {
                    let reason = payload.get(2..).unwrap_or_default();
                    bail!("closed by the server: {}", String::from_utf8_lossy(reason));
                }
                _ => {}
            }
            at += found.end;
        }
        Ok(at)
    }

    fn hear(&mut self, said: Said<'_>, stamps: &Stamps, note: &mut impl FnMut(&Self, Note)) {
        match said {
            Said::Push(push) => {
                if let Some(stamp) = stamps.find(push) {
                    note(self, Note::Delivery(stamp));
                }
            }
            Said::Ping => {
                self.queue(self.dialect.pong());
                note(self, Note::Ping);
            }
            Said::Done(id) if self.stage == Stage::Joining { last: id } => {
                self.stage = Stage::Open;
                note(self, Note::Ready);
            }
            Said::Done(_) if self.stage == Stage::Open => note(self, Note::Answer),
            Said::Done(_) => {}
        }
    }
}
