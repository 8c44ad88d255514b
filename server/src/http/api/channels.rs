//! The methods about channels.

use futures_util::stream;
use ports::channels::{Order, Receipt, StreamView};
use ports::ids::Caller;
use ports::protocol::{Answer, Recovery, StreamAnswer};
use serde_json::{Map, Value, json};
use wigwag_core::channels::ChannelError;

use super::answers::{self, NOTHING};
use super::failure::Failure;
use super::requests::{ChannelRequest, ChannelsRequest, HistoryRequest, PublishRequest, read};
use crate::http::Edge;
use crate::http::broadcasting::{self, CHANNELS_MAX};
use crate::http::room::Room;

pub(super) async fn publish(edge: &Edge, caller: &Caller, body: &[u8]) -> Result<String, Failure> {
    let mut request: PublishRequest = read(body)?;
    let channel = request.channel.take().unwrap_or_default();
    let receipt = edge.services.app.channels.publish(caller, &channel, request.post()?).await?;
    Ok(answers::receipt(receipt))
}

/// The same to many channels, each with an answer of its own.
pub(super) async fn broadcast(edge: &Edge, body: &[u8]) -> Result<String, Failure> {
    let mut request: PublishRequest = read(body)?;
    let targets = request.channels.take().unwrap_or_default();
    if targets.is_empty() {
        return Err(Failure::bad_request("channels is empty; name at least one"));
    }
    if targets.len() > CHANNELS_MAX {
        let message =
            format!("{} channels are too many; name at most {CHANNELS_MAX} in one broadcast", targets.len());
        return Err(Failure::bad_request(message));
    }
    let post = request.post()?;
    if post.data.is_empty() {
        return Err(Failure::bad_request("no data to publish; give data or b64data"));
    }
    let told = |_channel: String, published: Result<Receipt, ChannelError>| match published {
        Ok(receipt) => answers::enveloped(&answers::receipt(receipt)),
        Err(error) => json!({ "error": Failure::from(error).error() }).to_string(),
    };
    let responses = broadcasting::broadcast(edge, targets, &post, told).await;
    let responses = answers::list(stream::iter(responses)).await;
    Ok(format!("{{\"responses\":{responses}}}"))
}

pub(super) async fn history(
    edge: &Edge,
    caller: &Caller,
    body: &[u8],
    room: &Room,
) -> Result<String, Failure> {
    let request: HistoryRequest = read(body)?;
    let order = if request.reverse.unwrap_or_default() { Order::NewestFirst } else { Order::OldestFirst };
    let since = request.since.map(Recovery::from);
    let channel = request.channel.unwrap_or_default();
    let limit = request.limit.unwrap_or_default();
    let view = edge.services.app.channels.history(caller, &channel, limit, since, order).await?;
    let StreamView { publications, top } = view;
    // Payloads are shared as long as they are not written out.
    room.check(publications.iter().map(|publication| publication.payload_bytes()).sum())?;
    answers::shared(&Answer::History(Box::new(StreamAnswer { publications, top })))
}

pub(super) async fn history_remove(edge: &Edge, caller: &Caller, body: &[u8]) -> Result<String, Failure> {
    edge.services.app.channels.forget(caller, &channel(body)?).await?;
    Ok(NOTHING.into())
}

pub(super) async fn presence(edge: &Edge, caller: &Caller, body: &[u8]) -> Result<String, Failure> {
    answers::shared(&Answer::Presence(edge.services.app.channels.presence(caller, &channel(body)?).await?))
}

pub(super) async fn presence_stats(edge: &Edge, caller: &Caller, body: &[u8]) -> Result<String, Failure> {
    let count = edge.services.app.channels.presence_stats(caller, &channel(body)?).await?;
    answers::shared(&Answer::PresenceStats(count))
}

/// The channels that somebody is subscribed to.
pub(super) fn channels(edge: &Edge, caller: &Caller, body: &[u8]) -> Result<String, Failure> {
    let request: ChannelsRequest = read(body)?;
    let live = edge.services.hub().channels();
    let pattern = request.pattern.unwrap_or_default();
    let found = edge.services.app.channels.matching(caller, &pattern, live)?;
    let channels: Map<_, _> = found
        .into_iter()
        .map(|(name, count)| {
            (name.to_string(), if count == 0 { json!({}) } else { json!({ "num_clients": count }) })
        })
        .collect();
    Ok(json!({ "channels": Value::Object(channels) }).to_string())
}

fn channel(body: &[u8]) -> Result<String, Failure> {
    read::<ChannelRequest>(body).map(|request| request.channel.unwrap_or_default())
}
