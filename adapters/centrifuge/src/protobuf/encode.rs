//! Replies, pushes and events to messages. Payloads are shared with their origin until the message is written.

mod parts;
mod results;

use ports::channels::{ChannelName, Event, Published, Shape};
use ports::protocol::{Push, Reply};

use super::wire::push::{Body, Disconnect, PresenceChange, Push as Pushed, Refresh, Subscribe, Unsubscribe};
use super::wire::reply::{self as wire, Error, Outcome};
use crate::agreed;

pub(super) fn reply(reply: &Reply) -> wire::Reply {
    let outcome = match &reply.outcome {
        Ok(answer) => results::outcome(answer),
        Err(refusal) => Outcome::Error(Error {
            code: refusal.code,
            message: refusal.message.clone().into_owned(),
            temporary: refusal.temporary,
        }),
    };
    wire::Reply { id: reply.id, outcome: Some(outcome) }
}

pub(super) fn push(push: &Push) -> wire::Reply {
    match push {
        Push::Ping => wire::Reply::default(),
        Push::Unsubscribe { channel, code } => {
            let body = Unsubscribe { code: code.number(), reason: code.reason().to_owned() };
            pushed(Some(channel), Body::Unsubscribe(body))
        }
        Push::Subscribe { channel, answer } => {
            let (epoch, offset) = parts::position(answer.position.as_ref());
            let body = Subscribe {
                recoverable: answer.recoverable,
                epoch,
                offset,
                positioned: answer.positioned,
                data: answer.data.clone().unwrap_or_default(),
            };
            pushed(Some(channel), Body::Subscribe(body))
        }
        Push::Refresh(expiry) => {
            let body = Refresh { expires: expiry.is_some(), ttl: expiry.unwrap_or_default() };
            pushed(None, Body::Refresh(body))
        }
        Push::Disconnect(disconnect) => {
            let body = Disconnect {
                code: disconnect.code.into(),
                reason: disconnect.reason.clone().into_owned(),
                reconnect: agreed::reconnects(disconnect),
            };
            pushed(None, Body::Disconnect(body))
        }
    }
}

pub(super) fn event(published: &Published, shape: Shape<'_>) -> wire::Reply {
    let change = |info| PresenceChange { info: Some(parts::client_info(info)) };
    let body = match &published.event {
        Event::Publication(item, epoch) => {
            let mut body = parts::publication(item, shape);
            if let Some(epoch) = agreed::epoch_told(item, epoch.as_ref()) {
                epoch.as_str().clone_into(&mut body.epoch);
            }
            Body::Pub(body)
        }
        Event::Join(info) => Body::Join(change(info)),
        Event::Leave(info) => Body::Leave(change(info)),
    };
    pushed(Some(published.address.place.channel()), body)
}

fn pushed(channel: Option<&ChannelName>, body: Body) -> wire::Reply {
    let channel = channel.map(|name| name.as_str().to_owned()).unwrap_or_default();
    wire::Reply { id: 0, outcome: Some(Outcome::Push(Box::new(Pushed { channel, body: Some(body) }))) }
}
