//! The driver's only loop: one thread, one poll, one buffer for all connections.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use super::alarm::Alarm;
use super::dialect::Dialect;
use super::link::{Link, Note, Stage};
use super::stamp::{Stamp, Stamps};
use super::token;
use super::wire::{Trust, Wire};
use crate::frame;

const EVENTS: usize = 1_024;
/// What is read at a time.
const BUFFER_BYTES: usize = 4 * frame::FRAME_BYTES_MAX;
const ALARM: Token = Token(usize::MAX);
/// Deadlines nearer than this get the exact timer.
const NEAR_NS: u64 = 20_000_000;
/// Loopback addresses that connections leave from, in turn: each has ports of its own.
const SOURCES: u32 = 200;

/// What happens on a connection.
pub enum Event {
    /// It is open and in all its channels.
    Ready {
        /// Its place.
        place: usize,
        /// How long that took.
        took_ns: u64,
    },
    /// A message came.
    Delivery {
        /// To whom.
        who: u32,
        /// What it carries.
        stamp: Stamp,
        /// When, on the driver's clock.
        at: u64,
    },
    /// A publication was accepted.
    Answer,
    /// A ping came and was answered.
    Ping,
    /// It is over. The place may be taken by the next connection.
    Closed {
        /// Nothing if it was told to end.
        fault: Option<anyhow::Error>,
    },
}

/// All connections of the driver.
pub struct Engine {
    poll: Poll,
    events: Events,
    alarm: Alarm,
    links: Vec<Slot>,
    free: Vec<usize>,
    target: SocketAddr,
    host: String,
    secret: Option<String>,
    trust: Option<Trust>,
    dialect: Dialect,
    opened: u32,
    buffer: Vec<u8>,
    stamps: Stamps,
    epoch: Instant,
}

#[derive(Default)]
struct Slot {
    /// Which of the connections that had the place; events of earlier ones may still be about.
    generation: u32,
    link: Option<Link>,
}

impl Engine {
    /// Connections will go to `target`, with a token if there is a secret to sign it, and with TLS if there is somebody
    /// to trust.
    pub fn new(
        target: SocketAddr,
        secret: Option<String>,
        trust: Option<Trust>,
        dialect: Dialect,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        Ok(Self {
            alarm: Alarm::new(poll.registry(), ALARM)?,
            poll,
            events: Events::with_capacity(EVENTS),
            links: Vec::new(),
            free: Vec::new(),
            target,
            host: target.to_string(),
            secret,
            trust,
            dialect,
            opened: 0,
            buffer: vec![0; BUFFER_BYTES],
            stamps: Stamps::new(),
            epoch: Instant::now(),
        })
    }

    /// Nanoseconds since the driver began.
    pub fn now(&self) -> u64 {
        now(self.epoch)
    }

    /// Begins a connection that is to hear these channels.
    pub fn open(&mut self, who: u32, channels: Range<u32>) -> io::Result<usize> {
        let born = self.now();
        let mut stream = self.connect()?;
        let place = self.free.pop().unwrap_or_else(|| {
            self.links.push(Slot::default());
            self.links.len() - 1
        });
        let slot = &mut self.links[place];
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, token_of(place, slot.generation), both)?;
        let commands = channels.len() as u32 + 1;
        let token = self.secret.as_deref().map(|secret| token::sign(secret, who));
        let first = self.dialect.first(token, channels);
        let wire = Wire::new(stream, self.trust.as_ref())?;
        slot.link = Some(Link::new(wire, self.dialect, who, born, first, commands));
        Ok(place)
    }

    fn connect(&mut self) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(self.target), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if self.target.ip().is_loopback() && self.target.is_ipv4() {
            let turn = self.opened % SOURCES;
            let source = Ipv4Addr::new(127, 1, 0, turn as u8 + 1);
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        self.opened = self.opened.wrapping_add(1);
        match socket.connect(&self.target.into()) {
            Err(error) if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
                Err(error)
            }
            _ => Ok(TcpStream::from_std(socket.into())),
        }
    }

    /// Queues a publication; it leaves with the next flush.
    pub fn publish(&mut self, place: usize, channel: u32, payload: &[u8]) {
        if let Some(link) = self.links[place].link.as_mut() {
            link.publish(channel, payload);
        }
    }

    /// Writes what is queued. A broken connection is told by its next event.
    pub fn flush(&mut self, place: usize) {
        if let Some(link) = self.links[place].link.as_mut() {
            let _ = link.flush();
        }
    }

    /// Says goodbye; `Event::Closed` follows.
    pub fn close(&mut self, place: usize) {
        if let Some(link) = self.links[place].link.as_mut() {
            link.say_goodbye();
        }
        self.flush(place);
    }

    /// Waits until something happens or the time has come, and tells what did.
    pub fn turn(&mut self, until: u64, hear: &mut impl FnMut(Event)) -> io::Result<()> {
        let wait = until.saturating_sub(self.now());
        let timeout = match wait {
            0 => Some(Duration::ZERO),
            near @ 1..NEAR_NS => {
                self.alarm.ring_in(near)?;
                None
            }
            far => Some(Duration::from_nanos(far)),
        };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in self.events.iter().filter(|event| event.token() != ALARM) {
            let (place, generation) = (event.token().0 & 0xffff_ffff, event.token().0 >> 32);
            let slot = &mut self.links[place];
            let Some(link) = slot.link.as_mut().filter(|_| slot.generation as usize == generation) else {
                continue;
            };
            let mut outcome = Ok(());
            if event.is_writable() {
                outcome = link.writable(&self.host).map_err(anyhow::Error::from);
            }
            if outcome.is_ok() && event.is_readable() {
                let at = now(self.epoch);
                outcome = link.readable(&mut self.buffer, &self.stamps, &mut |link, note| {
                    hear(match note {
                        Note::Ready => Event::Ready { place, took_ns: at - link.born },
                        Note::Delivery(stamp) => Event::Delivery { who: link.who, stamp, at },
                        Note::Answer => Event::Answer,
                        Note::Ping => Event::Ping,
                    });
                });
            }
            if let Err(fault) = outcome {
                let fault = (link.stage != Stage::Leaving).then_some(fault);
                slot.link = None;
                slot.generation = slot.generation.wrapping_add(1);
                self.free.push(place);
                hear(Event::Closed { fault });
            }
        }
        Ok(())
    }
}

fn now(epoch: Instant) -> u64 {
    epoch.elapsed().as_nanos() as u64
}

fn token_of(place: usize, generation: u32) -> Token {
    Token((generation as usize) << 32 | place)
}
