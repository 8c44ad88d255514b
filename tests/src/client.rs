//! A well-behaved client: it answers pings, sorts replies from pushes, and never waits for ever.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::VecDeque;
use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::patience::within;

/// The result of a command, or its error code.
pub type Answer = Result<Value, u64>;

/// The close code of a connection that ended without one.
pub const ABNORMAL: u16 = 1006;

/// Whether a client answers the server's pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// As SDKs do.
    Answers,
    /// It is mute.
    NeverAnswers,
}

/// One connection. Dropping it drops the socket without a word.
pub struct Client {
    orders: UnboundedSender<String>,
    heard: UnboundedReceiver<Heard>,
    /// Heard, but not yet asked for.
    kept: VecDeque<Value>,
    closed: Option<u16>,
    id: u32,
    pump: JoinHandle<()>,
    /// What the server said to `connect`.
    pub connected: Value,
}

enum Heard {
    Line(String),
    Closed(u16),
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Client {
    /// An open WebSocket over which nothing has been said.
    pub async fn open(address: SocketAddr, manners: Manners) -> Self {
        const BUFFER_BYTES: usize = 4_096;
        let url = format!("ws://{address}/connection/websocket");
        let config = WebSocketConfig::default().read_buffer_size(BUFFER_BYTES).write_buffer_size(0);
        let opened = within("the upgrade", connect_async_with_config(url, Some(config), true)).await;
        let (socket, _) = opened.unwrap_or_else(|error| panic!("no WebSocket: {error}"));
        let (orders, taken) = unbounded_channel();
        let (hear, heard) = unbounded_channel();
        let pump = tokio::spawn(pump(socket, taken, hear, manners));
        let (kept, connected) = (VecDeque::new(), Value::Null);
        Self { orders, heard, kept, closed: None, id: 0, pump, connected }
    }

    /// The connection's id, as the server gave it.
    pub fn id(&self) -> &str {
        self.connected["client"].as_str().unwrap_or_default()
    }

    /// Sends a text as it is, in a frame of its own.
    pub fn send_raw(&self, text: impl Into<String>) {
        // A client that is gone says nothing; what comes next will tell.
        let _ = self.orders.send(text.into());
    }

    /// Sends a command without waiting; returns its id.
    pub fn say(&mut self, method: &str, params: Value) -> u32 {
        let (id, line) = self.command(method, &params);
        self.send_raw(line);
        id
    }

    /// Sends several commands in one frame; returns their ids.
    pub fn say_together<const N: usize>(&mut self, commands: [(&str, Value); N]) -> [u32; N] {
        let commands = commands.map(|(method, params)| self.command(method, &params));
        self.send_raw(commands.each_ref().map(|(_, line)| line.as_str()).join("\n"));
        commands.map(|(id, _)| id)
    }

    fn command(&mut self, method: &str, params: &Value) -> (u32, String) {
        self.id += 1;
        (self.id, json!({ "id": self.id, method: params }).to_string())
    }

    /// Sends a command and waits for its answer.
    pub async fn ask(&mut self, method: &str, params: Value) -> Answer {
        let id = self.say(method, params);
        self.answer(id).await
    }

    /// The answer to a command that was sent before.
    pub async fn answer(&mut self, id: u32) -> Answer {
        let mut reply = self.first(&format!("the reply {id}"), |message| message["id"] == id).await;
        if let Some(error) = reply.get("error") {
            return Err(error["code"].as_u64().unwrap());
        }
        let result = reply.as_object_mut().unwrap().iter_mut().find(|(key, _)| *key != "id");
        Ok(result.unwrap_or_else(|| panic!("a reply without a result")).1.take())
    }

    /// `connect` with this token, or with none if it is empty.
    pub async fn connect(&mut self, token: &str) -> Answer {
        let params = if token.is_empty() { json!({}) } else { json!({ "token": token }) };
        let answer = self.ask("connect", params).await;
        if let Ok(result) = &answer {
            self.connected = result.clone();
        }
        answer
    }

    /// Subscribes, which must succeed; returns the result.
    pub async fn subscribe(&mut self, channel: &str) -> Value {
        let answer = self.ask("subscribe", json!({ "channel": channel })).await;
        answer.unwrap_or_else(|code| panic!("{channel}: refused with {code}"))
    }

    /// Subscribes and continues at a position.
    pub async fn recover(&mut self, channel: &str, epoch: &str, offset: u64) -> Value {
        let params = json!({ "channel": channel, "recover": true, "epoch": epoch, "offset": offset });
        self.ask("subscribe", params).await.unwrap_or_else(|code| panic!("{channel}: refused with {code}"))
    }

    /// Publishes, which must succeed.
    pub async fn publish(&mut self, channel: &str, data: Value) {
        let answer = self.ask("publish", json!({ "channel": channel, "data": data })).await;
        answer.unwrap_or_else(|code| panic!("{channel}: refused with {code}"));
    }

    /// The next push that was not asked for yet.
    pub async fn next_push(&mut self) -> Value {
        self.first("a push", |message| message.get("push").is_some()).await["push"].take()
    }

    /// The next push, which must be a publication.
    pub async fn publication(&mut self) -> Value {
        let mut push = self.next_push().await;
        assert!(push.get("pub").is_some(), "no publication: {push}");
        push["pub"].take()
    }

    /// The next push, which must be a publication of this.
    pub async fn expects(&mut self, data: impl Into<Value>) {
        let publication = self.publication().await;
        assert_eq!(publication["data"], data.into());
    }

    /// Pushes that came before the server had answered everything said so far.
    pub async fn pushes_so_far(&mut self) -> Vec<Value> {
        // Nothing serves `rpc`; its refusal comes in turn.
        assert_eq!(self.ask("rpc", json!({ "method": "fence" })).await, Err(108));
        self.take_pushes()
    }

    /// Pushes that have arrived already, without waiting for more.
    pub fn pushes_at_hand(&mut self) -> Vec<Value> {
        self.closed();
        self.take_pushes()
    }

    fn take_pushes(&mut self) -> Vec<Value> {
        let kept = std::mem::take(&mut self.kept);
        let (pushes, rest): (VecDeque<_>, VecDeque<_>) =
            kept.into_iter().partition(|message| message.get("push").is_some());
        self.kept = rest;
        pushes.into_iter().map(|mut message| message["push"].take()).collect()
    }

    /// The next message, whatever it is.
    pub async fn next(&mut self) -> Value {
        self.first("a message", |_| true).await
    }

    /// The code that the connection ends with; what comes before is of no interest any more.
    pub async fn close_code(&mut self) -> u16 {
        while self.closed.is_none() {
            self.kept.clear();
            self.listen("the close frame").await;
        }
        self.closed.unwrap_or(ABNORMAL)
    }

    /// The code it has ended with already, if it has.
    pub fn closed(&mut self) -> Option<u16> {
        while let Ok(heard) = self.heard.try_recv() {
            self.take_in(heard);
        }
        self.closed
    }

    async fn first(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut looked_at = 0;
        loop {
            if let Some(found) = self.kept.iter().skip(looked_at).position(&wanted) {
                return self.kept.remove(looked_at + found).unwrap();
            }
            looked_at = self.kept.len();
            if let Some(code) = self.closed {
                panic!("closed with {code} instead of {what}");
            }
            self.listen(what).await;
        }
    }

    async fn listen(&mut self, what: &str) {
        let heard = within(what, self.heard.recv()).await.unwrap_or(Heard::Closed(ABNORMAL));
        self.take_in(heard);
    }

    fn take_in(&mut self, heard: Heard) {
        match heard {
            Heard::Line(line) => self.kept.push_back(serde_json::from_str(&line).unwrap()),
            Heard::Closed(code) => self.closed = Some(code),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// Reads and writes until the connection is over or nobody wants it any more.
async fn pump(
    mut socket: Socket,
    mut orders: UnboundedReceiver<String>,
    heard: UnboundedSender<Heard>,
    manners: Manners,
) {
    const PING: &str = "{}";
    let mut code = ABNORMAL;
    loop {
        let message = tokio::select! {
            order = orders.recv() => {
                let Some(text) = order else { return };
                // A failed write is followed by the end of what can be read.
                let _ = socket.send(Message::text(text)).await;
                continue;
            }
            message = socket.next() => message,
        };
        match message {
            Some(Ok(Message::Text(text))) => {
                for line in text.as_str().split('\n') {
                    if line != PING {
                        let _ = heard.send(Heard::Line(line.to_owned()));
                    } else if manners == Manners::Answers {
                        let _ = socket.send(Message::text(PING)).await;
                    }
                }
            }
            Some(Ok(Message::Close(frame))) => code = frame.map_or(ABNORMAL, |frame| frame.code.into()),
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(_)) | None => break,
        }
    }
    let _ = heard.send(Heard::Closed(code));
}
