//! One connection of a client: a task that owns the socket, and a handle to it.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::{self, Message as Frame};

use crate::ear::Ear;
use crate::refusal::Refusal;
use crate::socket::{self, Socket};
use crate::target::{PATIENCE, Target};
use crate::wire;

/// A connection that has been accepted. Dropping it cuts it without a goodbye.
pub(crate) struct Line {
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

/// How a client reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appetite {
    /// Whatever comes.
    Hearty,
    /// One frame in a while.
    Poor(Duration),
    /// Nothing once it is subscribed.
    None,
}

/// What the server says to a command.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Whether a subscription brought everything that was missed.
    pub(crate) recovered: bool,
    /// Whether a subscription can be recovered later.
    pub(crate) recoverable: bool,
    /// How many clients are in a channel.
    pub(crate) present: usize,
}

type Asker = oneshot::Sender<Result<Answer, Refusal>>;

struct Order {
    command: Value,
    asker: Asker,
    /// How to read from the answer on.
    appetite: Appetite,
}

/// Commands on their way to the socket; one who orders more waits.
const ORDERS_MAX: usize = 256;

impl Line {
    /// Connects as a user and waits for the reply.
    pub(crate) async fn connect(target: &Target, user: &str, ear: Ear) -> Result<Self, Refusal> {
        let socket = within(socket::open(target, ear.is_slow())).await?;
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        let life = Life { socket, ear, waiting: HashMap::new(), next_id: 1, appetite: Appetite::Hearty };
        let line = Self { orders, task: tokio::spawn(life.live(inbox)) };
        line.ask(wire::connect(&target.token(user))).await?;
        Ok(line)
    }

    /// Sends a command and waits for the answer.
    pub(crate) async fn ask(&self, command: Value) -> Result<Answer, Refusal> {
        self.ask_then(command, Appetite::Hearty).await
    }

    /// Sends a command, waits for the answer and reads differently from then on.
    pub(crate) async fn ask_then(&self, command: Value, appetite: Appetite) -> Result<Answer, Refusal> {
        let (asker, answer) = oneshot::channel();
        let asked = async {
            self.orders.send(Order { command, asker, appetite }).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        };
        within(asked).await
    }

    /// Whether the connection still stands, as far as is known.
    pub(crate) fn is_alive(&self) -> bool {
        !self.task.is_finished()
    }

    /// Cuts it without a goodbye and waits until nothing is read from it any more.
    pub(crate) async fn cut(mut self) {
        self.task.abort();
        // It was aborted, which is what it will say.
        let _ = (&mut self.task).await;
    }

    /// Says goodbye and waits for it to be said, for a while.
    pub(crate) async fn close(mut self) {
        let (orders, _) = mpsc::channel(1);
        // Without anybody who could order something, the task closes the socket.
        drop(std::mem::replace(&mut self.orders, orders));
        // A server that does not answer a goodbye is left alone.
        let _ = timeout(Duration::from_secs(1), &mut self.task).await;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn gone() -> Refusal {
    Refusal::Closed { code: 1006, reason: "the connection is gone".to_owned() }
}

async fn within<T>(step: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    timeout(PATIENCE, step).await.unwrap_or(Err(Refusal::TimedOut(PATIENCE.as_secs())))
}

/// The task's side.
struct Life {
    socket: Socket,
    ear: Ear,
    waiting: HashMap<u32, (Asker, Appetite)>,
    next_id: u32,
    appetite: Appetite,
}

impl Life {
    async fn live(mut self, mut inbox: mpsc::Receiver<Order>) {
        let end = self.converse(&mut inbox).await;
        if let Err(refusal) = end {
            for (asker, _) in self.waiting.into_values() {
                // One who does not wait any longer needs no answer.
                let _ = asker.send(Err(refusal.clone()));
            }
            self.ear.ended(&refusal);
        }
    }

    /// Until the handle is closed, which is the good end, or the server ends it.
    async fn converse(&mut self, inbox: &mut mpsc::Receiver<Order>) -> Result<(), Refusal> {
        loop {
            tokio::select! {
                order = inbox.recv() => match order {
                    Some(order) => self.obey(order, inbox).await?,
                    None => {
                        // The connection ends one way or the other.
                        let _ = self.socket.close(None).await;
                        return Ok(());
                    }
                },
                frame = self.socket.next(), if self.appetite != Appetite::None => {
                    self.read(frame).await?;
                    if let Appetite::Poor(pause) = self.appetite {
                        tokio::time::sleep(pause).await;
                    }
                }
            }
        }
    }

    /// Everything that is ordered goes out in one write.
    async fn obey(&mut self, order: Order, inbox: &mut mpsc::Receiver<Order>) -> Result<(), Refusal> {
        let mut next = Some(order);
        while let Some(Order { command, asker, appetite }) = next {
            let id = self.next_id;
            self.next_id += 1;
            self.waiting.insert(id, (asker, appetite));
            self.socket.feed(Frame::text(wire::numbered(id, command))).await.map_err(broken)?;
            next = inbox.try_recv().ok();
        }
        self.socket.flush().await.map_err(broken)
    }

    async fn read(&mut self, frame: Option<Result<Frame, tungstenite::Error>>) -> Result<(), Refusal> {
        match frame {
            Some(Ok(Frame::Text(text))) => self.understand(&text).await,
            Some(Ok(Frame::Close(Some(close)))) => {
                Err(Refusal::Closed { code: close.code.into(), reason: close.reason.to_string() })
            }
            Some(Ok(Frame::Close(None))) | None => Err(gone()),
            Some(Ok(Frame::Binary(_) | Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => Ok(()),
            Some(Err(error)) => Err(broken(error)),
        }
    }

    async fn understand(&mut self, text: &str) -> Result<(), Refusal> {
        let arrived = Instant::now();
        for line in text.lines() {
            if line == "{}" {
                self.socket.send(Frame::text("{}")).await.map_err(broken)?;
                continue;
            }
            let message: wire::Message<'_> =
                serde_json::from_str(line).map_err(|error| Refusal::Garbled(error.to_string()))?;
            if let Some(push) = message.push {
                self.ear.push(&push, arrived)?;
            } else if let Some((asker, appetite)) = self.waiting.remove(&message.id) {
                let answer = self.ear.reply(message);
                if answer.is_ok() && appetite != Appetite::Hearty {
                    self.appetite = appetite;
                }
                // One who does not wait any longer needs no answer.
                let _ = asker.send(answer);
            }
        }
        Ok(())
    }
}

fn broken(error: tungstenite::Error) -> Refusal {
    Refusal::Closed { code: 1006, reason: error.to_string() }
}
