//! The emulated transports as a carrier: one response without end, and a POST for everything that is said (P section 16).
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::net::SocketAddr;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use super::ABNORMAL;
use super::line::{Farewell, Line};
use super::way::{Transport, Way};
use crate::patience::within;
use crate::wire::{Dialect, Frame, Said, emulation};

/// Waits for the first frame, opens the stream with it, and carries until the stream is over.
pub(super) async fn carry(address: SocketAddr, mut line: Line, way: Way) {
    let Some(first) = line.orders.recv().await else { return };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = open(&http, address, way, first).await;
    if response.status() != StatusCode::OK {
        return line.ends(Farewell { code: response.status().as_u16(), reason: String::new() });
    }
    let (tell, told) = watch::channel(None);
    let (pongs, due) = unbounded_channel();
    let Line { orders, heard, manners } = line;
    let (_unused, none) = unbounded_channel();
    let down = down(response, Line { orders: none, heard, manners }, way, &tell, &pongs);
    let up = up(&http, address, orders, due, told);
    tokio::select! {
        () = down => {}
        () = up => {}
    }
}

/// Opens the downstream half with the first frame.
pub async fn open(http: &reqwest::Client, address: SocketAddr, way: Way, first: Frame) -> Response {
    let request = match way.transport() {
        Transport::Sse => {
            let query = escaped(&first.into_bytes());
            http.get(format!("http://{address}/connection/sse?cf_connect={query}"))
        }
        Transport::HttpStream | Transport::WebSocket => {
            let kind = match way.dialect() {
                Dialect::Json => "application/json",
                Dialect::Protobuf => "application/octet-stream",
            };
            let url = format!("http://{address}/connection/http_stream");
            http.post(url).header("content-type", kind).body(first.into_bytes())
        }
    };
    within("the head of the stream", request.send()).await.unwrap()
}

/// Where commands go: the session and node of the connect reply.
type Bearer = (String, String);

async fn down(
    mut response: Response,
    line: Line,
    way: Way,
    tell: &watch::Sender<Option<Bearer>>,
    pongs: &UnboundedSender<Frame>,
) {
    let mut farewell = Farewell { code: ABNORMAL, reason: String::new() };
    let mut heard = Vec::new();
    let mut events = Events::default();
    while let Ok(Some(chunk)) = response.chunk().await {
        match way.transport() {
            Transport::Sse => heard.extend(events.take(&chunk)),
            Transport::HttpStream | Transport::WebSocket => heard.extend(chunk),
        }
        let mut said = way.dialect().take(&mut heard);
        said.retain(|said| match said {
            Said::Ping => true,
            Said::Message(message) => {
                if let Some(bearer) = bearer(message) {
                    let _ = tell.send(Some(bearer));
                }
                let over = disconnect(message);
                farewell = over.clone().unwrap_or(farewell.clone());
                over.is_none()
            }
        });
        for _ in 0..line.hears(said) {
            let _ = pongs.send(way.dialect().frame(&[json!({})]));
        }
    }
    line.ends(farewell);
}

fn bearer(message: &Value) -> Option<Bearer> {
    let connect = message.get("connect")?;
    Some((connect.get("session")?.as_str()?.to_owned(), connect.get("node")?.as_str()?.to_owned()))
}

/// What a `disconnect` push says.
fn disconnect(message: &Value) -> Option<Farewell> {
    let push = message.get("push")?.get("disconnect")?;
    let code = u16::try_from(push.get("code")?.as_u64()?).ok()?;
    let reason = push.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Farewell { code, reason })
}

/// Posts what is said, one frame after another, since frames under way at the same time may overtake each other.
async fn up(
    http: &reqwest::Client,
    address: SocketAddr,
    mut orders: UnboundedReceiver<Frame>,
    mut pongs: UnboundedReceiver<Frame>,
    mut told: watch::Receiver<Option<Bearer>>,
) {
    let Some((session, node)) = told.wait_for(Option::is_some).await.ok().and_then(|told| told.clone())
    else {
        return std::future::pending().await;
    };
    loop {
        let frame = tokio::select! {
            order = orders.recv() => order,
            pong = pongs.recv() => pong,
        };
        let Some(frame) = frame else { return };
        let (kind, body) = emulation(&session, &node, frame);
        let request = http.post(format!("http://{address}/emulation")).header("content-type", kind);
        // What becomes of it shows in the stream, or in its end.
        let _ = within("the emulated frame", request.body(body).send()).await;
    }
}

/// Every byte but letters and digits as a query may hold it.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| match byte {
        plain if plain.is_ascii_alphanumeric() => text + &char::from(*plain).to_string(),
        other => format!("{text}%{other:02X}"),
    })
}

/// Events, of which only the data matters.
#[derive(Default)]
struct Events {
    unread: Vec<u8>,
    data: Vec<u8>,
}

impl Events {
    /// The data of all events that are whole, each with a line break behind it.
    fn take(&mut self, chunk: &[u8]) -> Vec<u8> {
        self.unread.extend(chunk);
        let mut taken = Vec::new();
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let line = line.trim_ascii_end();
            if let Some(data) = line.strip_prefix(b"data:") {
                self.data.extend(data.strip_prefix(b" ").unwrap_or(data));
                self.data.push(b'\n');
            } else if line.is_empty() {
                taken.append(&mut self.data);
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_taken_when_their_blank_line_has_come() {
        let mut events = Events::default();

        assert_eq!(events.take(b"\r\ndata: {\"id\":1}\n"), b"");
        assert_eq!(events.take(b"\ndata: {}\r\n\r\n: remark\n\ndata: x"), b"{\"id\":1}\n{}\n");
    }

    #[test]
    fn commands_fit_into_a_query() {
        assert_eq!(escaped(b"{\"a\":1}\n"), "%7B%22a%22%3A1%7D%0A");
    }
}
