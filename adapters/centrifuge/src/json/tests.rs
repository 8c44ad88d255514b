//! The codec as a whole: what goes in, what comes out.

mod api;
mod deltas;
mod fidelity;
mod hostile;
mod malformed;
mod presence_rules;
mod round_trip;
mod transcript;

use std::sync::Arc;

use ports::channels::{
    Address, ChannelName, ClientInfo, Epoch, Event, Position, Publication, Published, Shape,
};
use ports::ids::{ClientId, TenantId, UserId};
use ports::protocol::{
    Answer, ClientProtocol, Command, Malformed, Push, Recovered, Reply, Request, Unspeakable,
};

use super::Json;

const CLIENT: &str = "6f1c0000-0000-4000-8000-000000000001";

fn decode(frame: impl AsRef<[u8]>) -> Result<Vec<Command>, Malformed> {
    let mut commands = Vec::new();
    Json.decode(frame.as_ref(), &mut commands).map(|()| commands)
}

/// The request of the only command in a frame.
fn request(frame: &str) -> Request {
    let mut commands = decode(frame).unwrap();
    assert_eq!(commands.len(), 1, "{frame}");
    commands.remove(0).request
}

fn answered(id: u32, answer: Answer) -> Result<String, Unspeakable> {
    Json.reply(&Reply { id, outcome: Ok(answer) }).map(text)
}

fn pushed(push: &Push) -> String {
    text(Json.push(push).unwrap())
}

fn happened(event: Event) -> Result<String, Unspeakable> {
    happened_in(event, Shape::Plain)
}

fn happened_in(event: Event, shape: Shape<'_>) -> Result<String, Unspeakable> {
    let address = Address::public(TenantId::default(), channel("news:a"));
    Json.event(&Published::new(Arc::new(address), event), shape).map(text)
}

fn text(bytes: bytes::Bytes) -> String {
    String::from_utf8(bytes.into()).unwrap()
}

fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).unwrap()
}

fn client() -> ClientId {
    ClientId::parse(CLIENT).unwrap()
}

fn position(offset: u64) -> Position {
    Position { offset, epoch: Epoch::new("kQzWbnLd") }
}

fn publication(offset: u64, data: &'static str) -> Publication {
    Publication { offset, data: data.into(), info: None, tags: None, delta: false }
}

fn missed(publication: Publication) -> Recovered {
    Recovered { publication: Arc::new(publication), patch: None }
}

fn info(user: &str) -> Arc<ClientInfo> {
    Arc::new(ClientInfo { user: UserId::new(user), client: client(), conn_info: None, chan_info: None })
}
