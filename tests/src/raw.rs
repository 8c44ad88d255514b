//! A client without manners: bytes over TCP, frames made by hand.
#![expect(clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::client::ABNORMAL;
use crate::patience::within;
use crate::wire::{Dialect, Frame};

const WEBSOCKET: &str = "/connection/websocket";
const IN_PROTOBUF: &str = "/connection/websocket?cf_protocol=protobuf";

/// Binary frame, final.
pub const BINARY: u8 = 0x82;
/// Text frame, final.
pub const TEXT: u8 = 0x81;
/// Close frame, final.
pub const CLOSE: u8 = 0x88;

/// A bare connection.
pub struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    /// A TCP connection over which nothing has been said.
    pub async fn tcp(address: SocketAddr) -> Self {
        Self::over(TcpSocket::new_v4().unwrap(), address).await
    }

    /// An upgraded connection.
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_at(address, WEBSOCKET).await
    }

    /// An upgraded connection from an address of its own.
    pub async fn open_from(source: Ipv4Addr, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((source, 0))).unwrap();
        Self::over(socket, address).await.upgraded(WEBSOCKET).await
    }

    /// An upgraded connection on which this dialect is spoken.
    pub async fn open_in(dialect: Dialect, address: SocketAddr) -> Self {
        Self::open_at(address, path(dialect)).await
    }

    /// An upgraded connection at a path of its own.
    pub async fn open_at(address: SocketAddr, path: &str) -> Self {
        Self::tcp(address).await.upgraded(path).await
    }

    /// An upgraded connection whose owner's system takes very little before somebody reads.
    pub async fn open_narrow(address: SocketAddr) -> Self {
        Self::open_narrow_in(Dialect::Json, address).await
    }

    /// The same in any dialect.
    pub async fn open_narrow_in(dialect: Dialect, address: SocketAddr) -> Self {
        const BUFFER_BYTES: u32 = 2_048;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(BUFFER_BYTES).unwrap();
        Self::over(socket, address).await.upgraded(path(dialect)).await
    }

    async fn over(socket: TcpSocket, address: SocketAddr) -> Self {
        let stream = within("TCP", socket.connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, unread: Vec::new() }
    }

    async fn upgraded(mut self, path: &str) -> Self {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        self.send(request.as_bytes()).await;
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(within("the upgrade", self.read()).await, "closed instead of upgraded");
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        self
    }

    /// Sends bytes. That the server may have closed already is no fault.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = within("room to send", self.stream.write_all(bytes)).await;
    }

    /// Sends a text in a proper frame.
    pub async fn say(&mut self, text: &str) {
        self.send(&frame(TEXT, text.as_bytes())).await;
    }

    /// Sends commands in one proper frame.
    pub async fn tell(&mut self, dialect: Dialect, commands: &[Value]) {
        let (first, payload) = match dialect.frame(commands) {
            Frame::Text(text) => (TEXT, text.into_bytes()),
            Frame::Bytes(bytes) => (BINARY, bytes),
        };
        self.send(&frame(first, &payload)).await;
    }

    /// Introduces itself and waits for the answer.
    pub async fn connect(&mut self, token: &str) {
        self.say(&format!(r#"{{"id":1,"connect":{{"token":"{token}"}}}}"#)).await;
        let reply = self.next_frame().await.map(|(_, payload)| payload).unwrap_or_default();
        let reply = String::from_utf8_lossy(&reply);
        assert!(reply.starts_with(r#"{"id":1,"connect""#), "not connected: {reply}");
    }

    /// The first byte and the payload of the next frame; nothing at the end of the connection.
    pub async fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        within("a frame", self.next_frame_ever()).await
    }

    /// The same without a bound, for those who wait with another one.
    pub async fn next_frame_ever(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((first, payload, used)) = parse(&self.unread) {
                self.unread.drain(..used);
                return Some((first, payload));
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// The code in the server's close frame; what comes before is skipped.
    pub async fn close_code(&mut self) -> u16 {
        while let Some((first, payload)) = self.next_frame().await {
            if first == CLOSE {
                return payload.first_chunk().map_or(ABNORMAL, |code| u16::from_be_bytes(*code));
            }
        }
        ABNORMAL
    }

    /// The head of an answer over HTTP, or what came of it before the end.
    pub async fn head(&mut self) -> String {
        while !self.unread.windows(4).any(|end| end == b"\r\n\r\n") && within("a head", self.read()).await {}
        String::from_utf8_lossy(&self.unread).into_owned()
    }

    /// Returns when the server has closed the socket; everything it said until then.
    pub async fn end(&mut self) -> Vec<u8> {
        while within("the end", self.read()).await {}
        std::mem::take(&mut self.unread)
    }

    /// Whether the server ends the connection in peace, and not with a reset.
    pub async fn is_parted_from(&mut self) -> bool {
        loop {
            match within("the end", self.stream.read_buf(&mut self.unread)).await {
                Ok(0) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }

    /// Leaves with a reset.
    pub fn break_off(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Reads some more; false at the end.
    async fn read(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.unread).await, Ok(1..))
    }
}

fn path(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Json => WEBSOCKET,
        Dialect::Protobuf => IN_PROTOBUF,
    }
}

/// A masked frame with this first byte.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = header(first, payload.len() as u64);
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The head of a masked frame that announces so many bytes, without the mask.
pub fn header(first: u8, length: u64) -> Vec<u8> {
    const MASKED: u8 = 0x80;
    let mut header = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => header.push(MASKED | short),
        (_, Ok(medium)) => {
            header.push(MASKED | 126);
            header.extend(medium.to_be_bytes());
        }
        (_, Err(_)) => {
            header.push(MASKED | 127);
            header.extend(length.to_be_bytes());
        }
    }
    header
}

/// First byte, payload and length of an unmasked frame, if it is whole.
fn parse(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let (&first, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=125 => (usize::from(short), rest),
        126 => {
            rest.split_first_chunk().map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?
        }
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest)).map(
            |(length, rest)| {
                (usize::try_from(length).unwrap_or_else(|_| panic!("a frame of {length}")), rest)
            },
        )?,
        128.. => panic!("servers do not mask"),
    };
    let payload = rest.get(..length)?.to_vec();
    let used = bytes.len() - rest.len() + length;
    Some((first, payload, used))
}
