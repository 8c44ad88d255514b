//! A broadcaster with nothing in it but the system calls.

mod peer;

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read as _};
use std::time::Instant;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use crate::frame::{self, FRAME_BYTES_MAX};
use crate::handshake;
use crate::protocol::{self, PING, PING_INTERVAL, Request};
use peer::{NOTHING, Peer};

/// Events taken from the system at a time.
const EVENTS: usize = 512;
const LISTENER: Token = Token(usize::MAX);

/// What leaves with one write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Batching {
    /// One message.
    Never,
    /// All messages for a subscriber that one round of events brought.
    ByRound,
}

/// The whole server.
pub struct Server {
    poll: Poll,
    listener: TcpListener,
    batching: Batching,
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    names: HashMap<Box<str>, usize>,
    /// Members by channel, as places in `peers`.
    channels: Vec<Vec<usize>>,
    round: Round,
}

/// What a round of events has to be followed by.
#[derive(Default)]
struct Round {
    /// Finished frames by channel.
    broadcasts: Vec<(usize, Vec<u8>)>,
    /// Answers by place. They leave together with what their receiver gets as a subscriber, in front of it.
    answers: Vec<(usize, Vec<u8>)>,
}

impl Server {
    /// A server that listens already.
    pub fn new(listener: std::net::TcpListener, batching: Batching) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            batching,
            peers: Vec::new(),
            free: Vec::new(),
            names: HashMap::new(),
            channels: Vec::new(),
            round: Round::default(),
        })
    }

    /// Serves until the system refuses to.
    pub fn serve(mut self) -> io::Result<()> {
        let mut buffer = vec![0; FRAME_BYTES_MAX];
        let mut events = Events::with_capacity(EVENTS);
        let mut ping_at = Instant::now() + PING_INTERVAL;
        loop {
            match self.poll.poll(&mut events, Some(ping_at.saturating_duration_since(Instant::now()))) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                let place = event.token().0;
                if event.is_writable()
                    && let Some(peer) = &mut self.peers[place]
                {
                    peer.resume();
                }
                if (event.is_readable() || event.is_error()) && self.read(place, &mut buffer).is_err() {
                    self.close(place);
                }
            }
            self.send_round();
            if Instant::now() >= ping_at {
                ping_at += PING_INTERVAL;
                self.ping();
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let place = self.free.pop().unwrap_or_else(|| {
                self.peers.push(None);
                self.peers.len() - 1
            });
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(place), both)?;
            self.peers[place] = Some(Peer::new(stream));
        }
    }

    /// An error is the end of the connection.
    fn read(&mut self, place: usize, buffer: &mut [u8]) -> io::Result<()> {
        loop {
            let Some(peer) = &mut self.peers[place] else { return Ok(()) };
            let got = match peer.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let mut unread = peer.take_unread();
            if unread.is_empty() {
                let used = self.take_in(place, &mut buffer[..got])?;
                unread.extend_from_slice(&buffer[used..got]);
            } else {
                unread.extend_from_slice(&buffer[..got]);
                let used = self.take_in(place, &mut unread)?;
                unread.drain(..used);
            }
            if !unread.is_empty()
                && let Some(peer) = &mut self.peers[place]
            {
                peer.keep_unread(unread);
            }
            // After a short read there is nothing more until the next event.
            if got < buffer.len() {
                return Ok(());
            }
        }
    }

    fn take_in(&mut self, place: usize, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(peer) = &mut self.peers[place] else { return Ok(0) };
        let mut at = 0;
        if !peer.open {
            let Some(head) = handshake::head_length(bytes) else { return Ok(0) };
            peer.send(&handshake::answer(&bytes[..head]).ok_or(ErrorKind::InvalidData)?);
            peer.open = true;
            at = head;
        }
        while let Some(found) = frame::decode(&mut bytes[at..]).map_err(io::Error::other)? {
            let payload = &bytes[at + found.payload.start..at + found.payload.end];
            match found.opcode {
                frame::TEXT => self.carry_out(place, payload)?,
                frame::PING => self.answer(place, frame::PONG, payload),
                frame::CLOSE => {
                    self.answer(place, frame::CLOSE, payload);
                    self.send_round();
                    return Err(ErrorKind::ConnectionAborted.into());
                }
                _ => {}
            }
            at += found.end;
        }
        Ok(at)
    }

    fn carry_out(&mut self, place: usize, payload: &[u8]) -> io::Result<()> {
        for command in protocol::commands(payload) {
            let (id, request) = command.map_err(io::Error::other)?;
            let text = match request {
                Request::Pong => continue,
                Request::Connect => protocol::connected(id, &peer::client_id(place)),
                Request::Subscribe(channel) => {
                    self.join(place, &channel);
                    protocol::subscribed(id)
                }
                Request::Publish(publish) => {
                    if let Some(&channel) = self.names.get(&*publish.channel) {
                        let text = protocol::push(&publish.channel, publish.data, &peer::client_id(place));
                        self.broadcast(channel, text.as_bytes());
                    }
                    protocol::published(id)
                }
            };
            self.answer(place, frame::TEXT, text.as_bytes());
        }
        Ok(())
    }

    fn join(&mut self, place: usize, name: &str) {
        let channel = self.names.get(name).copied().unwrap_or_else(|| {
            self.channels.push(Vec::new());
            self.names.insert(name.into(), self.channels.len() - 1);
            self.channels.len() - 1
        });
        if let Some(peer) = &mut self.peers[place] {
            self.channels[channel].push(place);
            peer.channels.push(channel);
        }
    }

    fn broadcast(&mut self, channel: usize, message: &[u8]) {
        let latest = self.round.broadcasts.last_mut().filter(|(last, _)| *last == channel);
        match latest.filter(|_| self.batching == Batching::ByRound) {
            Some((_, frames)) => frame::encode(frames, frame::TEXT, message),
            None => {
                let mut frames = Vec::with_capacity(message.len() + 4);
                frame::encode(&mut frames, frame::TEXT, message);
                self.round.broadcasts.push((channel, frames));
            }
        }
    }

    fn answer(&mut self, place: usize, opcode: u8, payload: &[u8]) {
        let Some(peer) = &mut self.peers[place] else { return };
        if peer.answers == NOTHING {
            peer.answers = self.round.answers.len();
            self.round.answers.push((place, Vec::new()));
        }
        frame::encode(&mut self.round.answers[peer.answers].1, opcode, payload);
    }

    fn send_round(&mut self) {
        let mut round = std::mem::take(&mut self.round);
        for (channel, frames) in &round.broadcasts {
            for &place in &self.channels[*channel] {
                let Some(peer) = &mut self.peers[place] else { continue };
                if peer.answers == NOTHING {
                    peer.send(frames);
                } else {
                    let mut all = std::mem::take(&mut round.answers[peer.answers].1);
                    peer.answers = NOTHING;
                    all.extend_from_slice(frames);
                    peer.send(&all);
                }
            }
        }
        for (place, answers) in &round.answers {
            if let Some(peer) = &mut self.peers[*place]
                && !answers.is_empty()
            {
                peer.answers = NOTHING;
                peer.send(answers);
            }
        }
        round.broadcasts.clear();
        round.answers.clear();
        self.round = round;
    }

    fn ping(&mut self) {
        let mut bytes = Vec::new();
        frame::encode(&mut bytes, frame::TEXT, PING);
        self.peers.iter_mut().flatten().filter(|peer| peer.open).for_each(|peer| peer.send(&bytes));
    }

    fn close(&mut self, place: usize) {
        let Some(peer) = self.peers[place].take() else { return };
        if let Some((_, answers)) = self.round.answers.get_mut(peer.answers) {
            answers.clear();
        }
        for &channel in &peer.channels {
            let members = &mut self.channels[channel];
            if let Some(at) = members.iter().position(|member| *member == place) {
                members.swap_remove(at);
            }
        }
        self.free.push(place);
    }
}
