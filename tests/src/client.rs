//! A well-behaved client: it answers pings, sorts replies from pushes, and never waits for ever.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

mod emulated;
mod line;
mod way;
mod websocket;

use std::collections::VecDeque;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use self::line::{Heard, Line};
use crate::patience::within;
use crate::wire::{Dialect, Frame};

pub use self::emulated::open as open_stream;
pub use self::line::Farewell;
pub use self::way::{Transport, Way};

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
    /// It says everything twice.
    AnswersTwice,
}

impl Manners {
    /// How many pongs a ping is worth.
    fn pongs(self) -> usize {
        match self {
            Self::NeverAnswers => 0,
            Self::Answers => 1,
            Self::AnswersTwice => 2,
        }
    }
}

/// One connection. Dropping it drops the socket without a word.
pub struct Client {
    orders: UnboundedSender<Frame>,
    heard: UnboundedReceiver<Heard>,
    dialect: Dialect,
    /// Heard, but not yet asked for.
    kept: VecDeque<Value>,
    pings: usize,
    closed: Option<Farewell>,
    id: u32,
    pump: JoinHandle<()>,
    /// What the server said to `connect`.
    pub connected: Value,
}

impl Client {
    /// An open WebSocket over which nothing has been said.
    pub async fn open(address: SocketAddr, manners: Manners) -> Self {
        Self::open_in(Way::Json, address, manners).await
    }

    /// The same by any way. Emulated streams are opened by the first frame, which must contain `connect`.
    pub async fn open_in(way: impl Into<Way>, address: SocketAddr, manners: Manners) -> Self {
        Self::open_at("/connection/websocket", way, address, manners).await
    }

    /// The same with a path of its own for WebSockets.
    pub async fn open_at(path: &str, way: impl Into<Way>, address: SocketAddr, manners: Manners) -> Self {
        let way = way.into();
        let dialect = way.dialect();
        let (orders, taken) = unbounded_channel();
        let (hear, heard) = unbounded_channel();
        let line = Line { orders: taken, heard: hear, manners };
        let pump = match way.transport() {
            Transport::WebSocket => {
                let socket = websocket::open(address, path, dialect).await;
                tokio::spawn(websocket::carry(socket, line, dialect))
            }
            Transport::HttpStream | Transport::Sse => tokio::spawn(emulated::carry(address, line, way)),
        };
        let (kept, connected) = (VecDeque::new(), Value::Null);
        Self { orders, heard, dialect, kept, pings: 0, closed: None, id: 0, pump, connected }
    }

    /// The connection's id, as the server gave it.
    pub fn id(&self) -> &str {
        self.connected["client"].as_str().unwrap_or_default()
    }

    /// Sends a text as it is, in a frame of its own.
    pub fn send_raw(&self, text: impl Into<String>) {
        self.send(Frame::Text(text.into()));
    }

    /// Sends bytes as they are, in a frame of their own.
    pub fn send_bytes(&self, bytes: impl Into<Vec<u8>>) {
        self.send(Frame::Bytes(bytes.into()));
    }

    /// Sends commands as they are in one frame; an empty object is a pong.
    pub fn tell(&self, commands: &[Value]) {
        self.send(self.dialect.frame(commands));
    }

    fn send(&self, frame: Frame) {
        // A client that is gone says nothing; what comes next will tell.
        let _ = self.orders.send(frame);
    }

    /// Sends a command without waiting; returns its id.
    pub fn say(&mut self, method: &str, params: Value) -> u32 {
        let [id] = self.say_together([(method, params)]);
        id
    }

    /// Sends several commands in one frame; returns their ids.
    pub fn say_together<const N: usize>(&mut self, commands: [(&str, Value); N]) -> [u32; N] {
        let commands = commands.map(|(method, params)| {
            self.id += 1;
            (self.id, json!({ "id": self.id, method: params }))
        });
        self.tell(&commands.each_ref().map(|(_, command)| command.clone()));
        commands.map(|(id, _)| id)
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

    /// `connect` with this token by somebody who may be turned away: with this close code.
    pub async fn is_let_in(&mut self, token: &str) -> Result<(), u16> {
        self.say("connect", json!({ "token": token }));
        while self.kept.is_empty() && self.closed.is_none() {
            self.listen("an answer to connect").await;
        }
        match (self.kept.pop_front(), &self.closed) {
            (Some(reply), _) if reply.get("connect").is_some() => Ok(()),
            (Some(reply), _) => panic!("neither in nor out: {reply}"),
            (None, farewell) => Err(farewell.as_ref().map_or(ABNORMAL, |farewell| farewell.code)),
        }
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

    /// Returns when so many pings more have come.
    pub async fn hears_pings(&mut self, count: usize) {
        let wanted = self.pings + count;
        while self.pings < wanted {
            assert_eq!(self.closed, None, "closed instead of a ping");
            self.listen("a ping").await;
        }
    }

    /// The code that the connection ends with; what comes before is of no interest any more.
    pub async fn close_code(&mut self) -> u16 {
        self.farewell().await.code
    }

    /// The same with its reason.
    pub async fn farewell(&mut self) -> Farewell {
        loop {
            if let Some(farewell) = &self.closed {
                return farewell.clone();
            }
            self.kept.clear();
            self.listen("the close frame").await;
        }
    }

    /// The code it has ended with already, if it has.
    pub fn closed(&mut self) -> Option<u16> {
        while let Ok(heard) = self.heard.try_recv() {
            self.take_in(heard);
        }
        self.closed.as_ref().map(|farewell| farewell.code)
    }

    /// Everything heard up to the end of the connection that was not asked for yet.
    pub async fn last_words(&mut self) -> Vec<Value> {
        while self.closed.is_none() {
            self.listen("the end").await;
        }
        std::mem::take(&mut self.kept).into()
    }

    async fn first(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut looked_at = 0;
        loop {
            if let Some(found) = self.kept.iter().skip(looked_at).position(&wanted) {
                return self.kept.remove(looked_at + found).unwrap();
            }
            looked_at = self.kept.len();
            if let Some(Farewell { code, reason }) = &self.closed {
                panic!("closed with {code} ({reason}) instead of {what}");
            }
            self.listen(what).await;
        }
    }

    async fn listen(&mut self, what: &str) {
        let over = Farewell { code: ABNORMAL, reason: String::new() };
        let heard = within(what, self.heard.recv()).await.unwrap_or(Heard::Closed(over));
        self.take_in(heard);
    }

    fn take_in(&mut self, heard: Heard) {
        match heard {
            Heard::Ping => self.pings += 1,
            Heard::Message(message) => self.kept.push_back(message),
            Heard::Closed(farewell) => self.closed = Some(farewell),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.pump.abort();
    }
}
