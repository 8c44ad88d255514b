//! Publications over the HTTP API, on connections that are kept.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde_json::{Map, Value, json};

use crate::drive::host::{Cpu, Memory, round};
use crate::drive::latency::Latency;

/// Its options.
#[derive(Args)]
pub struct Options {
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// The key that is presented.
    #[arg(long, default_value = "benchkey")]
    key: String,
    /// Bytes of a payload, a JSON string with its quotes.
    #[arg(long, default_value_t = 128)]
    payload: usize,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 3.0)]
    duration: f64,
    /// Seconds before that.
    #[arg(long, default_value_t = 1.0)]
    warmup: f64,
}

struct Caller {
    stream: TcpStream,
    asked: Instant,
    unread: Vec<u8>,
}

struct Office {
    poll: Poll,
    callers: Vec<Caller>,
    request: Vec<u8>,
    answered: u64,
    latency: Latency,
}

impl Options {
    pub(super) fn run(&self, target: SocketAddr, server: u32) -> anyhow::Result<Map<String, Value>> {
        let mut office = Office {
            poll: Poll::new()?,
            callers: Vec::new(),
            request: self.request(target),
            answered: 0,
            latency: Latency::default(),
        };
        for place in 0..self.connections {
            office.call(target, place)?;
        }
        office.go(Duration::from_secs_f64(self.warmup))?;
        office.latency = Latency::default();
        let (at, cpu, answered) = (Instant::now(), Cpu::of(server), office.answered);
        office.go(Duration::from_secs_f64(self.duration))?;
        let (seconds, cpu) = (at.elapsed().as_secs_f64(), Cpu::of(server).since(cpu));
        let requests = office.answered - answered;
        let mut report = Map::new();
        report.insert("requests".into(), json!(requests));
        report.insert("requests_per_s".into(), json!(round(requests as f64 / seconds, 0)));
        report.insert("requests_per_cpu_s".into(), json!(round(requests as f64 / cpu.seconds(), 0)));
        report.insert("latency_us".into(), office.latency.report());
        cpu.report(requests, "request", &mut report);
        Memory::of(server).report(&mut report);
        Ok(report)
    }

    fn request(&self, target: SocketAddr) -> Vec<u8> {
        let data = "x".repeat(self.payload.saturating_sub(2));
        let body = format!(r#"{{"channel":"b0","data":"{data}"}}"#);
        let head = format!(
            "POST /api/publish HTTP/1.1\r\nHost: {target}\r\nX-API-Key: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.key,
            body.len()
        );
        [head, body].concat().into_bytes()
    }
}

impl Office {
    fn call(&mut self, target: SocketAddr, place: usize) -> anyhow::Result<()> {
        let stream = std::net::TcpStream::connect(target)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(place), Interest::READABLE)?;
        let mut caller = Caller { stream, asked: Instant::now(), unread: Vec::new() };
        caller.ask(&self.request)?;
        self.callers.push(caller);
        Ok(())
    }

    fn go(&mut self, time: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        let mut events = Events::with_capacity(64);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            match self.poll.poll(&mut events, Some(left)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                let caller = self.callers.get_mut(event.token().0).context("an unknown caller")?;
                if caller.listen()? {
                    self.latency.record(caller.asked.elapsed().as_nanos() as u64);
                    self.answered += 1;
                    caller.ask(&self.request)?;
                }
            }
        }
    }
}

impl Caller {
    fn ask(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.asked = Instant::now();
        let taken = self.stream.write(request)?;
        ensure!(taken == request.len(), "the socket did not take a whole request");
        Ok(())
    }

    /// Whether the answer is there in full.
    fn listen(&mut self) -> anyhow::Result<bool> {
        let mut buffer = [0; 4_096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(got) => self.unread.extend_from_slice(&buffer[..got]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        let Some(length) = answer_length(&self.unread)?.filter(|length| *length <= self.unread.len()) else {
            return Ok(false);
        };
        self.unread.drain(..length);
        Ok(true)
    }
}

/// The bytes of the answer at the beginning, once its head is there.
fn answer_length(bytes: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(head) = crate::handshake::head_length(bytes) else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..head])?;
    ensure!(text.starts_with("HTTP/1.1 200 "), "a publish was refused: {text}");
    let mut fields = text.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, length) = fields
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("an answer without length")?;
    Ok(Some(head + length.trim().parse::<usize>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_where_their_length_says() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1";

        assert_eq!(answer_length(answer).unwrap(), Some(answer.len() - 8));
        assert_eq!(answer_length(&answer[..20]).unwrap(), None);
        assert!(answer_length(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").is_err());
        assert!(answer_length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
