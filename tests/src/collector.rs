//! Those whom a node tells about itself: a collector of traces, a tracker of errors, and whoever reads the log.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

pub mod exposition;
pub mod otlp;
pub mod talker;

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use self::otlp::Span;
use crate::patience::until;

/// How a collector receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It takes everything.
    Takes,
    /// It answers 503.
    Refuses,
    /// It sends elsewhere.
    SendsOn,
    /// It takes the connection and never says a word.
    Silent,
}

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its first line and headers.
    pub head: String,
    /// The rest.
    pub body: Vec<u8>,
}

/// Listens for posts.
pub struct Collector {
    /// Where.
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    accepting: JoinHandle<()>,
}

impl Collector {
    /// A collector on a port of its own.
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let kept = Arc::clone(&received);
        let accepting = tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                if manner == Manner::Silent {
                    silent.push(stream);
                } else {
                    tokio::spawn(answer(stream, manner, Arc::clone(&kept)));
                }
            }
        });
        Self { address, received, accepting }
    }

    /// What has come so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }

    /// The spans that have come so far.
    pub fn spans(&self) -> Vec<Span> {
        self.received().iter().flat_map(|request| otlp::spans(&request.body)).collect()
    }

    /// The spans, once there are enough of them.
    pub async fn spans_until(&self, what: &str, is_enough: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        until(what, || is_enough(&self.spans())).await;
        self.spans()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Answers posts on one connection until it ends.
async fn answer(mut stream: TcpStream, manner: Manner, kept: Arc<Mutex<Vec<Received>>>) {
    let mut bytes = Vec::new();
    loop {
        let head_end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let end = head_end + length.unwrap_or(0_usize);
        while bytes.len() < end {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let rest = bytes.split_off(end);
        let body = bytes.split_off(head_end);
        bytes = rest;
        kept.lock().push(Received { head, body });
        let status = match manner {
            Manner::Takes => "200 OK",
            Manner::SendsOn => "307 Temporary Redirect\r\nLocation: /elsewhere",
            Manner::Refuses | Manner::Silent => "503 Service Unavailable",
        };
        let said = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        if stream.write_all(said.as_bytes()).await.is_err() {
            return;
        }
    }
}
