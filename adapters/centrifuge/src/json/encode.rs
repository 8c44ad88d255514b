//! Replies, pushes and events to lines of JSON.

mod object;

use std::sync::Arc;

use bytes::Bytes;

use ports::channels::{ClientInfo, Event, Publication, Published};
use ports::protocol::{
    Answer, ConnectAnswer, ErrorReply, Expiry, Push, Reply, StreamAnswer, SubscribeAnswer, Unspeakable,
};

use object::{Object, Said};

/// Room for a small message; also for what stands around a payload.
const FLAT_BYTES: usize = 128;

pub(super) fn reply(reply: &Reply) -> Result<Bytes, Unspeakable> {
    object::line(FLAT_BYTES, |line| {
        line.number("id", reply.id);
        match &reply.outcome {
            Ok(given) => answer(line, given),
            Err(refusal) => line.object("error", |error| refused(error, refusal)),
        }
    })
}

pub(super) fn push(push: &Push) -> Result<Bytes, Unspeakable> {
    object::line(FLAT_BYTES, |line| match push {
        Push::Ping => Ok(()),
        Push::Unsubscribe { channel, code } => line.object("push", |push| {
            push.text("channel", channel.as_str());
            push.object("unsubscribe", |body| {
                body.number("code", code.number());
                body.text("reason", code.reason());
                Ok(())
            })
        }),
        Push::Disconnect(disconnect) => line.object("push", |push| {
            push.object("disconnect", |body| {
                body.number("code", disconnect.code);
                body.text("reason", &disconnect.reason);
                Ok(())
            })
        }),
    })
}

pub(super) fn event(published: &Published) -> Result<Bytes, Unspeakable> {
    object::line(published.weight() + FLAT_BYTES, |line| {
        line.object("push", |push| {
            push.text("channel", published.address.place.channel().as_str());
            match &published.event {
                Event::Publication(item, epoch) => push.object("pub", |body| {
                    publication(body, item)?;
                    // Lets a client that subscribed before there was an epoch adopt it (P-ST-8).
                    if let Some(epoch) = epoch.as_ref().filter(|_| item.offset == 1) {
                        body.text("epoch", epoch.as_str());
                    }
                    Ok(())
                }),
                Event::Join(info) => push.object("join", |body| presence_change(body, info)),
                Event::Leave(info) => push.object("leave", |body| presence_change(body, info)),
            }
        })
    })
}

/// Writes the result under its own key, even if it is empty (P-ENC-5).
fn answer(line: &mut Object<'_>, answer: &Answer) -> Said {
    line.object(key(answer), |result| result_of(result, answer))
}

/// The same result as the server API gives it: always under the key `result` (P-API-2).
pub(super) fn api_result(answer: &Answer) -> Result<Bytes, Unspeakable> {
    object::line(FLAT_BYTES, |line| line.object("result", |result| result_of(result, answer)))
}

fn key(answer: &Answer) -> &'static str {
    match answer {
        Answer::Connect(_) => "connect",
        Answer::Subscribe(_) => "subscribe",
        Answer::Unsubscribe => "unsubscribe",
        Answer::Publish => "publish",
        Answer::Presence(_) => "presence",
        Answer::PresenceStats(_) => "presence_stats",
        Answer::History(_) => "history",
        Answer::Rpc { .. } => "rpc",
        Answer::Refresh { .. } => "refresh",
        Answer::SubRefresh(_) => "sub_refresh",
    }
}

fn result_of(result: &mut Object<'_>, answer: &Answer) -> Said {
    match answer {
        Answer::Connect(given) => connected(result, given),
        Answer::Subscribe(given) => subscribed(result, given),
        Answer::Unsubscribe | Answer::Publish => Ok(()),
        Answer::Presence(members) => result.object("presence", |map| {
            members
                .iter()
                .try_for_each(|info| map.object(&info.client.to_string(), |entry| client_info(entry, info)))
        }),
        Answer::PresenceStats(headcount) => {
            result.number_always("num_clients", headcount.clients);
            result.number_always("num_users", headcount.users);
            Ok(())
        }
        Answer::History(given) => stream(result, given),
        Answer::Rpc { data } => result.json("data", data),
        Answer::Refresh { client, expiry } => {
            result.text("client", &client.to_string());
            expires(result, *expiry);
            Ok(())
        }
        Answer::SubRefresh(expiry) => {
            expires(result, *expiry);
            Ok(())
        }
    }
}

fn refused(error: &mut Object<'_>, refusal: &ErrorReply) -> Said {
    error.number("code", refusal.code);
    error.text("message", &refusal.message);
    error.flag("temporary", refusal.temporary);
    Ok(())
}

fn connected(result: &mut Object<'_>, answer: &ConnectAnswer) -> Said {
    result.text("client", &answer.client.to_string());
    result.text("version", &answer.version);
    expires(result, answer.expiry);
    if !answer.subs.is_empty() {
        result.object("subs", |subs| {
            answer.subs.iter().try_for_each(|(channel, given)| {
                subs.object(channel.as_str(), |result| subscribed(result, given))
            })
        })?;
    }
    result.number("ping", answer.ping_secs);
    result.flag("pong", answer.pong);
    Ok(())
}

fn subscribed(result: &mut Object<'_>, answer: &SubscribeAnswer) -> Said {
    expires(result, answer.expiry);
    result.flag("recoverable", answer.recoverable);
    result.flag("positioned", answer.positioned);
    if let Some(position) = &answer.position {
        result.text("epoch", position.epoch.as_str());
        result.number("offset", position.offset);
    }
    result.flag("was_recovering", answer.was_recovering);
    result.flag("recovered", answer.recovered);
    if !answer.publications.is_empty() {
        publications(result, &answer.publications)?;
    }
    result.json("data", answer.data.as_deref().unwrap_or_default())
}

/// Position and list are always present (P-ENC-4).
fn stream(result: &mut Object<'_>, answer: &StreamAnswer) -> Said {
    publications(result, &answer.publications)?;
    result.text_always("epoch", answer.top.epoch.as_str());
    result.number_always("offset", answer.top.offset);
    Ok(())
}

fn publications(result: &mut Object<'_>, items: &[Arc<Publication>]) -> Said {
    result.reserve(items.iter().map(|item| FLAT_BYTES + item.data.len()).sum());
    result.objects("publications", items, |entry, item| publication(entry, item))
}

fn publication(body: &mut Object<'_>, item: &Publication) -> Said {
    body.json("data", &item.data)?;
    if let Some(info) = &item.info {
        body.object("info", |entry| client_info(entry, info))?;
    }
    body.number("offset", item.offset);
    if let Some(tags) = item.tags.as_ref().filter(|tags| !tags.is_empty()) {
        body.object("tags", |map| {
            tags.iter().for_each(|(name, value)| map.text_always(name, value));
            Ok(())
        })?;
    }
    Ok(())
}

fn presence_change(body: &mut Object<'_>, info: &ClientInfo) -> Said {
    body.object("info", |entry| client_info(entry, info))
}

/// User and client are always present, also the anonymous user (P-ENC-4).
fn client_info(entry: &mut Object<'_>, info: &ClientInfo) -> Said {
    entry.text_always("user", info.user.as_str());
    entry.text_always("client", &info.client.to_string());
    entry.json_if_it_is("conn_info", info.conn_info.as_deref().unwrap_or_default());
    entry.json_if_it_is("chan_info", info.chan_info.as_deref().unwrap_or_default());
    Ok(())
}

fn expires(result: &mut Object<'_>, expiry: Expiry) {
    if let Some(ttl_secs) = expiry {
        result.flag("expires", true);
        result.number("ttl", ttl_secs);
    }
}
