//! The lean session: one future for everything a connection does, which owns no buffer while it has nothing to read or
//! write. Run as a bare task it is form C2, inside an actor form B5.

use std::cell::RefCell;
use std::future::{Future as _, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use crate::frame::{self, FRAME_BYTES_MAX};
use crate::handshake;
use crate::hub::{Hub, Mailbox};
use crate::protocol::{self, PING, PING_INTERVAL, Request};

thread_local! {
    /// What is being read, for the length of a read.
    static INCOMING: RefCell<Vec<u8>> = RefCell::new(vec![0; FRAME_BYTES_MAX]);
    /// What is being written, for the length of a write.
    static OUTGOING: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Serves a connection until it ends.
pub async fn session(stream: TcpStream, hub: Arc<Hub>) {
    let mut session = Session {
        stream,
        hub,
        mailbox: Arc::default(),
        client: None,
        channels: Vec::new(),
        unread: Vec::new(),
        unwritten: Vec::new(),
    };
    // However it ends, it is over.
    let _ = session.run().await;
}

struct Session {
    stream: TcpStream,
    hub: Arc<Hub>,
    mailbox: Arc<Mailbox>,
    /// Nothing until the WebSocket is open.
    client: Option<Box<str>>,
    channels: Vec<Arc<str>>,
    /// The beginning of a frame whose end has not come.
    unread: Vec<u8>,
    /// What the socket did not take.
    unwritten: Vec<u8>,
}

enum Due {
    Reading,
    Writing,
    Frames,
    Ping,
}

impl Session {
    async fn run(&mut self) -> io::Result<()> {
        let mut pings = pin!(sleep_until(Instant::now() + PING_INTERVAL));
        loop {
            let due = poll_fn(|context| {
                if let Poll::Ready(due) = self.poll_io(context) {
                    return Poll::Ready(due);
                }
                pings.as_mut().poll(context).map(|()| Ok(Due::Ping))
            });
            match due.await? {
                Due::Reading => self.read()?,
                Due::Writing => self.write(|_| ())?,
                Due::Frames => {
                    let mailbox = Arc::clone(&self.mailbox);
                    self.write(|out| mailbox.drain(out))?;
                }
                Due::Ping => {
                    pings.as_mut().reset(Instant::now() + PING_INTERVAL);
                    self.write(|out| frame::encode(out, frame::TEXT, PING))?;
                }
            }
        }
    }

    /// A socket that is full is waited for; until it takes more, the mailbox fills.
    fn poll_io(&self, context: &mut Context<'_>) -> Poll<io::Result<Due>> {
        let sending = if self.unwritten.is_empty() {
            self.mailbox.poll_filled(context).map(|()| Ok(Due::Frames))
        } else {
            self.stream.poll_write_ready(context).map_ok(|()| Due::Writing)
        };
        if sending.is_ready() {
            return sending;
        }
        self.stream.poll_read_ready(context).map_ok(|()| Due::Reading)
    }

    fn read(&mut self) -> io::Result<()> {
        INCOMING.with_borrow_mut(|buffer| {
            let got = match self.stream.try_read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            if self.unread.is_empty() {
                let used = self.take_in(&mut buffer[..got])?;
                self.unread.extend_from_slice(&buffer[used..got]);
            } else {
                let mut bytes = std::mem::take(&mut self.unread);
                bytes.extend_from_slice(&buffer[..got]);
                let used = self.take_in(&mut bytes)?;
                self.unread = bytes.split_off(used);
            }
            Ok(())
        })
    }

    /// Carries out what is there in full, answers it in one write, and says how much that was.
    fn take_in(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut answers = Vec::new();
        let mut at = 0;
        if self.client.is_none() {
            let Some(head) = handshake::head_length(bytes) else { return Ok(0) };
            answers = handshake::answer(&bytes[..head]).ok_or(ErrorKind::InvalidData)?;
            self.client = Some(protocol::client_id().into());
            at = head;
        }
        while let Some(found) = frame::decode(&mut bytes[at..]).map_err(io::Error::other)? {
            let payload = &bytes[at + found.payload.start..at + found.payload.end];
            match found.opcode {
                frame::TEXT => self.carry_out(payload, &mut answers)?,
                frame::PING => frame::encode(&mut answers, frame::PONG, payload),
                frame::CLOSE => {
                    frame::encode(&mut answers, frame::CLOSE, payload);
                    let _ = self.stream.try_write(&answers);
                    return Err(ErrorKind::ConnectionAborted.into());
                }
                _ => {}
            }
            at += found.end;
        }
        if !answers.is_empty() {
            self.write(|out| out.extend_from_slice(&answers))?;
        }
        Ok(at)
    }

    fn carry_out(&mut self, payload: &[u8], answers: &mut Vec<u8>) -> io::Result<()> {
        for command in protocol::commands(payload) {
            let (id, request) = command.map_err(io::Error::other)?;
            let client = self.client.as_deref().unwrap_or_default();
            let answer = match request {
                Request::Pong => continue,
                Request::Connect => protocol::connected(id, client),
                Request::Subscribe(channel) => {
                    self.channels.push(self.hub.join(&channel, &self.mailbox));
                    protocol::subscribed(id)
                }
                Request::Publish(publish) => {
                    self.hub.publish(&publish, client);
                    protocol::published(id)
                }
            };
            frame::encode(answers, frame::TEXT, answer.as_bytes());
        }
        Ok(())
    }

    /// Writes what is left over, then what `fill` has.
    fn write(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        OUTGOING.with_borrow_mut(|bytes| {
            bytes.clear();
            bytes.append(&mut self.unwritten);
            fill(bytes);
            let taken = match self.stream.try_write(bytes) {
                Ok(taken) => taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => return Err(error),
            };
            self.unwritten = bytes[taken..].to_vec();
            Ok(())
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for channel in &self.channels {
            self.hub.leave(channel, &self.mailbox);
        }
    }
}
