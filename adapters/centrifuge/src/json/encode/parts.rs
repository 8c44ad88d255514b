//! What results and pushes share.

use ports::channels::{ClientInfo, Publication, Shape};
use ports::protocol::{Expiry, SubscribeAnswer};

use super::object::{Object, Said};

pub(super) fn publication(body: &mut Object<'_>, item: &Publication, shape: Shape<'_>) -> Said {
    let patch = text_of(shape);
    match shape {
        Shape::Plain => body.json("data", &item.data)?,
        Shape::Whole | Shape::Patch(_) => body.json_as_text("data", &item.data, patch)?,
    }
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
    body.flag("delta", patch.is_some());
    Ok(())
}

/// The patch, if there is one that JSON can carry (P-DL-7).
fn text_of(shape: Shape<'_>) -> Option<&str> {
    match shape {
        Shape::Patch(patch) if patch.is_text => std::str::from_utf8(&patch.bytes).ok(),
        Shape::Plain | Shape::Whole | Shape::Patch(_) => None,
    }
}

pub(super) fn presence_change(body: &mut Object<'_>, info: &ClientInfo) -> Said {
    body.object("info", |entry| client_info(entry, info))
}

/// User and client are always present, also the anonymous user (P-ENC-4).
pub(super) fn client_info(entry: &mut Object<'_>, info: &ClientInfo) -> Said {
    entry.text_always("user", info.user.as_str());
    entry.text_always("client", &info.client.to_string());
    entry.json_if_it_is("conn_info", info.conn_info.as_deref().unwrap_or_default());
    entry.json_if_it_is("chan_info", info.chan_info.as_deref().unwrap_or_default());
    Ok(())
}

/// What a subscription is told of its stream.
pub(super) fn stream_features(body: &mut Object<'_>, answer: &SubscribeAnswer) {
    body.flag("recoverable", answer.recoverable);
    body.flag("positioned", answer.positioned);
    if let Some(position) = &answer.position {
        body.text("epoch", position.epoch.as_str());
        body.number("offset", position.offset);
    }
}

pub(super) fn expires(body: &mut Object<'_>, expiry: Expiry) {
    if let Some(ttl_secs) = expiry {
        body.flag("expires", true);
        body.number("ttl", ttl_secs);
    }
}
