//! An application's back end that answers hooks by a script, and misbehaves on demand.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

mod http;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::patience::until;

/// A question as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Where it was sent.
    pub path: String,
    /// Its headers, names in small letters.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Value,
}

impl Asked {
    /// What it is about.
    pub fn event(&self) -> &str {
        self.body["event"].as_str().unwrap_or_default()
    }

    /// The method, if it is a call.
    pub fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or_default()
    }
}

/// What the back end does about a question.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// It answers with this.
    Says(Value),
    /// It answers with this status, content type and body.
    Answers(u16, &'static str, String),
    /// It answers with more bytes than anybody wants.
    Babbles(usize),
    /// It sends elsewhere.
    Sends(String),
    /// It hangs up.
    HangsUp,
    /// It says nothing.
    IsSilent,
    /// It takes its time.
    After(Duration, Box<Reaction>),
    /// It does this when it is told to.
    WhenTold(watch::Receiver<bool>, Box<Reaction>),
}

/// A result.
pub fn result(result: Value) -> Reaction {
    Reaction::Says(json!({ "result": result }))
}

/// An error of the application's own.
pub fn error(code: u32, message: &str) -> Reaction {
    Reaction::Says(json!({ "error": { "code": code, "message": message } }))
}

/// A disconnect.
pub fn disconnect(code: u32, reason: &str) -> Reaction {
    Reaction::Says(json!({ "disconnect": { "code": code, "reason": reason } }))
}

type Script = dyn Fn(&Asked) -> Reaction + Send + Sync;

struct State {
    script: Mutex<Arc<Script>>,
    asked: Mutex<Vec<Asked>>,
    now: AtomicUsize,
    at_once: AtomicUsize,
}

/// A running back end; dropping it ends it.
pub struct Backend {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

impl Backend {
    /// A back end that does as this script says.
    pub async fn start(script: impl Fn(&Asked) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            script: Mutex::new(Arc::new(script)),
            asked: Mutex::default(),
            now: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
        });
        let listening = tokio::spawn(http::listen(listener, Arc::clone(&state)));
        Self { address, state, listening }
    }

    /// Configuration of a house that asks this back end, with more lines for `[hooks]`.
    pub fn hooks(&self, more: &str) -> String {
        hooks(self.address, more)
    }

    /// From now on it does this.
    pub fn will(&self, script: impl Fn(&Asked) -> Reaction + Send + Sync + 'static) {
        *self.state.script.lock() = Arc::new(script);
    }

    /// Everything it was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().clone()
    }

    /// How often it was asked about this.
    pub fn count(&self, event: &str) -> usize {
        self.state.asked.lock().iter().filter(|asked| asked.event() == event).count()
    }

    /// Returns when it has been asked so often about this.
    pub async fn is_asked(&self, event: &str, times: usize) {
        until(&format!("{times} questions about {event}"), || self.count(event) >= times).await;
    }

    /// The most questions that were under way together.
    pub fn at_once(&self) -> usize {
        self.state.at_once.load(Ordering::Relaxed)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Configuration of a house that asks whoever listens there.
pub fn hooks(address: SocketAddr, more: &str) -> String {
    format!("[hooks]\nendpoint = \"http://{address}/hooks\"\nallow_private_networks = true\n{more}\n")
}

/// An address where nobody listens.
pub async fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.and_then(|listener| listener.local_addr()).unwrap()
}

impl State {
    fn react(&self, asked: Asked) -> Reaction {
        let script = Arc::clone(&self.script.lock());
        let reaction = script(&asked);
        self.asked.lock().push(asked);
        reaction
    }

    fn begin(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.at_once.fetch_max(now, Ordering::Relaxed);
    }

    fn end(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}
