//! What is said to the server: requests, and commands over one WebSocket.

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Client, Response, StatusCode, Upgraded, header};
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::advice;
use super::place::Place;
use super::said::{Answer, Fault, Problem, Said};

/// Bytes of a refusal that are read.
const BODY_BYTES_MAX: usize = 4_096;

/// A WebSocket on which JSON is spoken.
pub(super) struct Line {
    socket: WebSocketStream<Upgraded>,
    id: u32,
    nonce: String,
    is_heard: bool,
}

/// What is published: nobody else's message looks like it.
pub(super) fn data(nonce: &str) -> Value {
    json!({ "smoke": nonce })
}

/// Asks a probe.
pub(super) async fn probe(http: &Client, place: &Place, path: &str) -> Result<(), String> {
    let answer = http.get(place.at(path)).send().await.map_err(advice::unreachable)?;
    match answer.status() {
        StatusCode::OK => Ok(()),
        status => Err(advice::probe(status, &detail(answer).await)),
    }
}

/// Publishes as a back end does.
pub(super) async fn publish(
    http: &Client,
    place: &Place,
    key: &str,
    publication: &Value,
) -> Result<(), String> {
    let request = http.post(place.at("/api/publish")).header("X-API-Key", key).body(publication.to_string());
    let answer = request.send().await.map_err(advice::unreachable)?;
    let status = answer.status();
    if status != StatusCode::OK {
        return Err(advice::api(status, &detail(answer).await));
    }
    let answer: Answer = serde_json::from_str(&body(answer).await)
        .map_err(|error| format!("the answer is no JSON ({error}); something between makes its own"))?;
    Fault::outcome(answer.error, "publish")
}

impl Line {
    /// Opens a WebSocket, by hand, so that a refusal can be read.
    pub(super) async fn open(
        http: &Client,
        place: &Place,
        origin: Option<&str>,
        nonce: String,
    ) -> Result<Self, String> {
        let key = generate_key();
        let mut request = http
            .get(place.at("/connection/websocket"))
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, &key);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        let answer = request.send().await.map_err(advice::unreachable)?;
        let status = answer.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            return Err(advice::upgrade(status, origin.is_some(), &detail(answer).await));
        }
        let accepted = answer.headers().get(header::SEC_WEBSOCKET_ACCEPT);
        if accepted.is_none_or(|accepted| accepted.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes())
        {
            return Err("the answer is not that of a WebSocket; something between changes requests".into());
        }
        let raw = answer.upgrade().await.map_err(advice::unreachable)?;
        let socket = WebSocketStream::from_raw_socket(raw, Role::Client, None).await;
        Ok(Self { socket, id: 0, nonce, is_heard: false })
    }

    /// Sends a command and waits for its reply.
    pub(super) async fn call(&mut self, command: &str, parameters: Value) -> Result<(), String> {
        self.id += 1;
        self.send(json!({ "id": self.id, command: parameters })).await?;
        loop {
            for said in self.next().await? {
                if said.id == self.id {
                    return Fault::outcome(said.error, command);
                }
            }
        }
    }

    /// Waits for the message that was published, which may have come already.
    pub(super) async fn hear(&mut self) -> Result<(), String> {
        while !self.is_heard {
            self.next().await?;
        }
        Ok(())
    }

    /// Says goodbye and waits for the answer.
    pub(super) async fn close(&mut self) -> Result<(), String> {
        self.socket.close(None).await.map_err(advice::broken)?;
        while let Some(Ok(_)) = self.socket.next().await {}
        Ok(())
    }

    /// What the next frame says; publications and pings are dealt with.
    async fn next(&mut self) -> Result<Vec<Said>, String> {
        let text = match self.socket.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => {
                return Err(frame.map_or_else(
                    || "the connection was closed without a word".to_owned(),
                    |frame| advice::close(frame.code.into(), &frame.reason),
                ));
            }
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                return Ok(Vec::new());
            }
            Some(Err(error)) => return Err(advice::broken(error)),
            None => return Err("the connection ended without a word".into()),
        };
        let mut replies = Vec::new();
        for said in text.lines() {
            let said: Said =
                serde_json::from_str(said).map_err(|error| format!("the server sent no JSON: {error}"))?;
            if said.is_ping() {
                self.send(json!({})).await?;
            }
            self.is_heard |= said.data() == Some(&data(&self.nonce));
            replies.push(said);
        }
        Ok(replies)
    }

    async fn send(&mut self, said: Value) -> Result<(), String> {
        self.socket.send(Message::text(said.to_string())).await.map_err(advice::broken)
    }
}

/// What a refusal says, if it is one of ours.
async fn detail(answer: Response) -> String {
    serde_json::from_str::<Problem>(&body(answer).await).unwrap_or_default().detail
}

async fn body(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > BODY_BYTES_MAX {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
