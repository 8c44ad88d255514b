//! Replies, pushes and events to lines of JSON.

mod object;
mod parts;
mod results;

use bytes::Bytes;

use ports::channels::{Event, Published, Shape};
use ports::protocol::{Answer, Disconnect, ErrorReply, Push, Reply, Unspeakable};

use crate::agreed;
use object::{NotJson, Object, Said};

/// Room for a small message; also for what stands around a payload.
const FLAT_BYTES: usize = 128;

pub(super) fn reply(reply: &Reply) -> Result<Bytes, Unspeakable> {
    object::line(FLAT_BYTES, NotJson::Unspeakable, |line| {
        line.number("id", reply.id);
        match &reply.outcome {
            // Under its own key, even if it is empty (P-ENC-5).
            Ok(answer) => line.object(results::key(answer), |result| results::write(result, answer)),
            Err(refusal) => line.object("error", |error| refused(error, refusal)),
        }
    })
}

/// A result as the server API gives it: always under the key `result` (P-API-2).
pub(super) fn api_result(answer: &Answer) -> Result<Bytes, Unspeakable> {
    object::line(FLAT_BYTES, NotJson::Base64, |line| {
        line.object("result", |result| results::write(result, answer))
    })
}

pub(super) fn push(push: &Push) -> Result<Bytes, Unspeakable> {
    object::line(FLAT_BYTES, NotJson::Unspeakable, |line| match push {
        Push::Ping => Ok(()),
        Push::Unsubscribe { channel, code } => line.object("push", |push| {
            push.text("channel", channel.as_str());
            push.object("unsubscribe", |body| {
                body.number("code", code.number());
                body.text("reason", code.reason());
                Ok(())
            })
        }),
        Push::Subscribe { channel, answer } => line.object("push", |push| {
            push.text("channel", channel.as_str());
            push.object("subscribe", |body| {
                parts::stream_features(body, answer);
                body.json("data", answer.data.as_deref().unwrap_or_default())
            })
        }),
        Push::Refresh(expiry) => line.object("push", |push| {
            push.object("refresh", |body| {
                parts::expires(body, *expiry);
                Ok(())
            })
        }),
        Push::Disconnect(disconnect) => line.object("push", |push| {
            push.object("disconnect", |body| {
                farewell(body, disconnect);
                Ok(())
            })
        }),
    })
}

pub(super) fn event(published: &Published, shape: Shape<'_>) -> Result<Bytes, Unspeakable> {
    object::line(published.weight() + FLAT_BYTES, NotJson::Unspeakable, |line| {
        line.object("push", |push| {
            push.text("channel", published.address.place.channel().as_str());
            match &published.event {
                Event::Publication(item, epoch) => push.object("pub", |body| {
                    parts::publication(body, item, shape)?;
                    if let Some(epoch) = agreed::epoch_told(item, epoch.as_ref()) {
                        body.text("epoch", epoch.as_str());
                    }
                    Ok(())
                }),
                Event::Join(info) => push.object("join", |body| parts::presence_change(body, info)),
                Event::Leave(info) => push.object("leave", |body| parts::presence_change(body, info)),
            }
        })
    })
}

fn refused(error: &mut Object<'_>, refusal: &ErrorReply) -> Said {
    error.number("code", refusal.code);
    error.text("message", &refusal.message);
    error.flag("temporary", refusal.temporary);
    Ok(())
}

fn farewell(body: &mut Object<'_>, disconnect: &Disconnect) {
    body.number("code", disconnect.code);
    body.text("reason", &disconnect.reason);
    body.flag("reconnect", agreed::reconnects(disconnect));
}
