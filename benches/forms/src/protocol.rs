//! The subset of the client protocol, in JSON: connect, subscribe, publish and pings. Messages have the bytes that the
//! real server sends, so that every server has the same amount to write.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Time between pings.
pub const PING_INTERVAL: Duration = Duration::from_secs(25);
/// A server's ping, and a client's answer.
pub const PING: &[u8] = b"{}";

/// What a client asks for.
pub enum Request<'a> {
    /// It answers a ping.
    Pong,
    /// It wants in. Any token will do, or none.
    Connect,
    /// It wants to hear a channel.
    Subscribe(Cow<'a, str>),
    /// It says something in a channel.
    Publish(Publish<'a>),
}

/// The body of a publish.
#[derive(Deserialize)]
pub struct Publish<'a> {
    /// Where to.
    #[serde(borrow)]
    pub channel: Cow<'a, str>,
    /// What, as it stood in the command.
    #[serde(borrow)]
    pub data: &'a RawValue,
}

#[derive(Deserialize)]
struct Subscribe<'a> {
    #[serde(borrow)]
    channel: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Command<'a> {
    #[serde(default)]
    id: u32,
    #[serde(borrow)]
    connect: Option<&'a RawValue>,
    #[serde(borrow)]
    subscribe: Option<Subscribe<'a>>,
    #[serde(borrow)]
    publish: Option<Publish<'a>>,
}

/// A command that is none, or none of the subset.
#[derive(Debug, thiserror::Error)]
#[error("not a command that is understood here")]
pub struct Unknown;

/// Reads the commands of a frame one by one.
pub fn commands(frame: &[u8]) -> impl Iterator<Item = Result<(u32, Request<'_>), Unknown>> {
    let lines = frame.strip_suffix(b"\n").unwrap_or(frame);
    lines.split(|byte| *byte == b'\n').map(command)
}

fn command(line: &[u8]) -> Result<(u32, Request<'_>), Unknown> {
    let command: Command<'_> = serde_json::from_slice(line).map_err(|_| Unknown)?;
    let request = match command {
        Command { publish: Some(publish), .. } => Request::Publish(publish),
        Command { subscribe: Some(subscribe), .. } => Request::Subscribe(subscribe.channel),
        Command { connect: Some(_), .. } => Request::Connect,
        Command { id: 0, .. } => Request::Pong,
        Command { .. } => return Err(Unknown),
    };
    Ok((command.id, request))
}

/// A fresh name for a connection, as long as a UUID.
pub fn client_id() -> String {
    static LATEST: AtomicU32 = AtomicU32::new(0);
    format!("{:08x}-0000-4000-8000-000000000000", LATEST.fetch_add(1, Ordering::Relaxed))
}

/// Answers a connect.
pub fn connected(id: u32, client: &str) -> String {
    let seconds = PING_INTERVAL.as_secs();
    format!(
        r#"{{"id":{id},"connect":{{"client":"{client}","version":"0.1.0","ping":{seconds},"pong":true}}}}"#
    )
}

/// Answers a subscribe.
pub fn subscribed(id: u32) -> String {
    format!(r#"{{"id":{id},"subscribe":{{}}}}"#)
}

/// Answers a publish.
pub fn published(id: u32) -> String {
    format!(r#"{{"id":{id},"publish":{{}}}}"#)
}

/// Tells a subscriber what was published.
pub fn push(channel: &str, data: &RawValue, client: &str) -> String {
    let info = Info { user: "", client };
    let publication = Publication { data, info };
    let message = Message { push: Push { channel, r#pub: publication } };
    serde_json::to_string(&message).unwrap_or_default()
}

#[derive(Serialize)]
struct Message<'a> {
    push: Push<'a>,
}

#[derive(Serialize)]
struct Push<'a> {
    channel: &'a str,
    r#pub: Publication<'a>,
}

#[derive(Serialize)]
struct Publication<'a> {
    data: &'a RawValue,
    info: Info<'a>,
}

#[derive(Serialize)]
struct Info<'a> {
    user: &'a str,
    client: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_bytes_of_the_real_server() {
        let client = client_id();
        let data = RawValue::from_string("\"hello\"".to_owned()).unwrap();

        assert_eq!(client.len(), 36);
        assert_eq!(
            connected(1, "c"),
            r#"{"id":1,"connect":{"client":"c","version":"0.1.0","ping":25,"pong":true}}"#
        );
        assert_eq!(subscribed(2), r#"{"id":2,"subscribe":{}}"#);
        assert_eq!(published(3), r#"{"id":3,"publish":{}}"#);
        assert_eq!(
            push("a", &data, "c"),
            r#"{"push":{"channel":"a","pub":{"data":"hello","info":{"user":"","client":"c"}}}}"#
        );
    }

    #[test]
    fn the_commands_of_a_frame_are_read_in_their_order() {
        let frame = br#"{"id":1,"connect":{"token":"t"}}
{"id":2,"subscribe":{"channel":"a"}}
{"id":3,"publish":{"channel":"a","data":{"b": [1]}}}
{}
"#;
        let mut read = commands(frame).map(Result::unwrap);

        assert!(matches!(read.next(), Some((1, Request::Connect))));
        assert!(matches!(read.next(), Some((2, Request::Subscribe(channel))) if channel == "a"));
        let Some((3, Request::Publish(publish))) = read.next() else { panic!("no publish") };
        assert_eq!((&*publish.channel, publish.data.get()), ("a", r#"{"b": [1]}"#));
        assert!(matches!(read.next(), Some((0, Request::Pong))));
        assert!(read.next().is_none());
    }

    #[test]
    fn what_is_not_of_the_subset_is_refused() {
        for line in ["", "[]", "{\"id\":1}", "{\"id\":1,\"rpc\":{}}", "{} {}"] {
            assert!(commands(line.as_bytes()).any(|read| read.is_err()), "{line}");
        }
    }
}
