//! A WebSocket as a carrier.
#![expect(clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::ABNORMAL;
use super::line::{Farewell, Line};
use crate::patience::within;
use crate::wire::{Dialect, Frame, Said, said};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An open socket over which nothing has been said. JSON is spoken unasked, as by most SDKs; Protobuf is asked for.
pub(super) async fn open(address: SocketAddr, path: &str, dialect: Dialect) -> Socket {
    const BUFFER_BYTES: usize = 4_096;
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    if dialect == Dialect::Protobuf && !path.contains('?') {
        request.headers_mut().insert("sec-websocket-protocol", "centrifuge-protobuf".parse().unwrap());
    }
    let config = WebSocketConfig::default().read_buffer_size(BUFFER_BYTES).write_buffer_size(0);
    let opened = within("the upgrade", connect_async_with_config(request, Some(config), true)).await;
    opened.unwrap_or_else(|error| panic!("no WebSocket: {error}")).0
}

/// Reads and writes until the connection is over or nobody wants it any more.
pub(super) async fn carry(mut socket: Socket, mut line: Line, dialect: Dialect) {
    let mut farewell = Farewell { code: ABNORMAL, reason: String::new() };
    loop {
        let message = tokio::select! {
            order = line.orders.recv() => {
                let Some(frame) = order else { return };
                // A failed write is followed by the end of what can be read.
                let _ = socket.send(message(frame)).await;
                continue;
            }
            message = socket.next() => message,
        };
        let said: Vec<Said> = match message {
            Some(Ok(Message::Text(text))) => {
                assert_eq!(dialect, Dialect::Json, "a text frame: {text}");
                text.as_str().lines().map(said).collect()
            }
            Some(Ok(Message::Binary(bytes))) => {
                assert_eq!(dialect, Dialect::Protobuf, "a binary frame: {bytes:?}");
                let mut bytes = bytes.to_vec();
                let said = dialect.take(&mut bytes);
                assert!(bytes.is_empty(), "a frame with half a message: {bytes:?}");
                said
            }
            Some(Ok(Message::Close(frame))) => {
                farewell = frame.map_or(farewell, |frame| Farewell {
                    code: frame.code.into(),
                    reason: frame.reason.to_string(),
                });
                continue;
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(_)) | None => break,
        };
        for _ in 0..line.hears(said) {
            let pong = dialect.frame(&[serde_json::json!({})]);
            let _ = socket.send(self::message(pong)).await;
        }
    }
    line.ends(farewell);
}

fn message(frame: Frame) -> Message {
    match frame {
        Frame::Text(text) => Message::text(text),
        Frame::Bytes(bytes) => Message::Binary(Bytes::from(bytes)),
    }
}
