//! What a connected user does: connect, subscribe, publish and wait for the message to come back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use goose::prelude::*;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::channel;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A user's connection; none after a failure, until the next transaction makes a new one.
#[derive(Clone, Default)]
struct Seat(Arc<Mutex<Option<Socket>>>);

/// No answer within this is a failure.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two messages of one user.
const PAUSE: Duration = Duration::from_millis(200);
/// The default is 128 KiB for each side.
const BUFFER_BYTES: usize = 4 * 1024;

/// Connects and subscribes.
pub(crate) async fn arrive(user: &mut GooseUser) -> TransactionResult {
    user.set_session_data(Seat::default());
    let connected = connect(user).await?;
    put(user, connected).await;
    Ok(())
}

/// Publishes and waits for the message.
pub(crate) async fn echo(user: &mut GooseUser) -> TransactionResult {
    let Some(mut socket) = take(user).await else {
        tokio::time::sleep(PAUSE).await;
        let connected = connect(user).await?;
        put(user, connected).await;
        return Ok(());
    };
    let stamp = format!("{}-{}", user.weighted_users_index, user.get_iterations());
    let begun = Instant::now();
    let publish = json!({ "id": 3, "publish": { "channel": own_channel(user), "data": { "stamp": stamp } } });
    let delivered = async {
        socket.send(Message::text(publish.to_string())).await.map_err(|error| error.to_string())?;
        expect(&mut socket, |message| text(message, "/push/pub/data/stamp") == Some(stamp.as_str())).await
    };
    let outcome = within(delivered).await;
    book(user, "publish->delivery", begun, &outcome).await?;
    if outcome.is_ok() {
        put(user, Some(socket)).await;
    }
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

/// Closes the connection.
pub(crate) async fn leave(user: &mut GooseUser) -> TransactionResult {
    if let Some(mut socket) = take(user).await {
        // The run is over; a socket that will not close is dropped.
        let _ = tokio::time::timeout(PATIENCE, socket.close(None)).await;
    }
    Ok(())
}

async fn connect(user: &mut GooseUser) -> Result<Option<Socket>, Box<TransactionError>> {
    let begun = Instant::now();
    let outcome = within(introduce(user)).await;
    book(user, "connect", begun, &outcome).await?;
    let Ok(mut socket) = outcome else { return Ok(None) };

    let begun = Instant::now();
    let subscribe = json!({ "id": 2, "subscribe": { "channel": own_channel(user) } });
    let subscribed = async {
        socket.send(Message::text(subscribe.to_string())).await.map_err(|error| error.to_string())?;
        expect(&mut socket, |message| message.pointer("/id") == Some(&json!(2))).await
    };
    let outcome = within(subscribed).await;
    book(user, "subscribe", begun, &outcome).await?;
    Ok(outcome.is_ok().then_some(socket))
}

async fn introduce(user: &GooseUser) -> Result<Socket, String> {
    let url = user.build_url("/connection/websocket").map_err(|error| error.to_string())?;
    let url = url.replacen("http", "ws", 1);
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = BUFFER_BYTES;
    config.write_buffer_size = 0;
    let nodelay = true;
    let connected = tokio_tungstenite::connect_async_with_config(url, Some(config), nodelay).await;
    let (mut socket, _) = connected.map_err(|error| error.to_string())?;
    let token = std::env::var("WIGWAG_TOKEN").unwrap_or_default();
    let connect = json!({ "id": 1, "connect": { "token": token, "name": "loadtest" } });
    socket.send(Message::text(connect.to_string())).await.map_err(|error| error.to_string())?;
    expect(&mut socket, |message| message.pointer("/id") == Some(&json!(1))).await?;
    Ok(socket)
}

/// Reads until the message that is waited for; answers pings, fails on an error reply.
async fn expect(socket: &mut Socket, is_it: impl Fn(&Value) -> bool) -> Result<(), String> {
    loop {
        let frame = socket.next().await.ok_or("the connection ended")?.map_err(|error| error.to_string())?;
        let Message::Text(text) = frame else { continue };
        for line in text.lines() {
            let message: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
            if message == json!({}) {
                socket.send(Message::text("{}")).await.map_err(|error| error.to_string())?;
            }
            if let Some(error) = message.get("error") {
                return Err(error.to_string());
            }
            if is_it(&message) {
                return Ok(());
            }
        }
    }
}

fn text<'m>(message: &'m Value, pointer: &str) -> Option<&'m str> {
    message.pointer(pointer)?.as_str()
}

async fn within<T>(step: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, step).await.unwrap_or_else(|_| Err("no answer in five seconds".into()))
}

async fn book<T>(
    user: &mut GooseUser,
    name: &str,
    begun: Instant,
    outcome: &Result<T, String>,
) -> TransactionResult {
    let error = outcome.as_ref().err().map(String::as_str);
    let booked =
        user.record_custom_request_duration("WS", name, begun.elapsed(), error.is_none(), None, error).await;
    // A failed operation is in the books; the user goes on.
    if error.is_some() { Ok(()) } else { booked }
}

fn own_channel(user: &GooseUser) -> String {
    channel(&format!("user-{}", user.weighted_users_index))
}

async fn take(user: &GooseUser) -> Option<Socket> {
    let seat = user.get_session_data::<Seat>()?.clone();
    seat.0.lock().await.take()
}

async fn put(user: &GooseUser, socket: Option<Socket>) {
    if let Some(seat) = user.get_session_data::<Seat>() {
        *seat.0.lock().await = socket;
    }
}
