//! The results of commands.

use ports::channels::{Publication, Shape};
use ports::protocol::{Answer, ConnectAnswer, StreamAnswer, SubscribeAnswer};

use super::object::{Object, Said};
use super::{FLAT_BYTES, parts};
use crate::agreed;

/// The name of a result in a reply.
pub(super) fn key(answer: &Answer) -> &'static str {
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

pub(super) fn write(result: &mut Object<'_>, answer: &Answer) -> Said {
    match answer {
        Answer::Connect(given) => connected(result, given),
        Answer::Subscribe(given) => subscribed(result, given),
        Answer::Unsubscribe | Answer::Publish => Ok(()),
        Answer::Presence(members) => result.object("presence", |map| {
            members.iter().try_for_each(|info| {
                map.object(&info.client.to_string(), |entry| parts::client_info(entry, info))
            })
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
            parts::expires(result, *expiry);
            Ok(())
        }
        Answer::SubRefresh(expiry) => {
            parts::expires(result, *expiry);
            Ok(())
        }
    }
}

fn connected(result: &mut Object<'_>, answer: &ConnectAnswer) -> Said {
    result.text("client", &answer.client.to_string());
    result.text("version", &answer.version);
    parts::expires(result, answer.expiry);
    if !answer.subs.is_empty() {
        result.object("subs", |subs| {
            answer.subs.iter().try_for_each(|(channel, given)| {
                subs.object(channel.as_str(), |result| subscribed(result, given))
            })
        })?;
    }
    result.json("data", answer.data.as_deref().unwrap_or_default())?;
    result.number("ping", answer.ping_secs);
    result.flag("pong", answer.pong);
    if let Some((session, node)) = &answer.emulation {
        result.text("session", &session.to_string());
        result.text("node", &node.to_string());
    }
    Ok(())
}

fn subscribed(result: &mut Object<'_>, answer: &SubscribeAnswer) -> Said {
    parts::expires(result, answer.expiry);
    parts::stream_features(result, answer);
    result.flag("was_recovering", answer.was_recovering);
    result.flag("recovered", answer.recovered);
    if !answer.publications.is_empty() {
        reserve(result, answer.publications.iter().map(|missed| &*missed.publication));
        result.objects("publications", &answer.publications, |entry, missed| {
            parts::publication(entry, &missed.publication, agreed::shape(answer, missed))
        })?;
    }
    result.json("data", answer.data.as_deref().unwrap_or_default())?;
    result.flag("delta", answer.delta);
    Ok(())
}

/// Position and list are always present (P-ENC-4).
fn stream(result: &mut Object<'_>, answer: &StreamAnswer) -> Said {
    reserve(result, answer.publications.iter().map(|item| &**item));
    result.objects("publications", &answer.publications, |entry, item| {
        parts::publication(entry, item, Shape::Plain)
    })?;
    result.text_always("epoch", answer.top.epoch.as_str());
    result.number_always("offset", answer.top.offset);
    Ok(())
}

fn reserve<'a>(result: &mut Object<'_>, items: impl Iterator<Item = &'a Publication>) {
    result.reserve(items.map(|item| FLAT_BYTES + item.data.len()).sum());
}
