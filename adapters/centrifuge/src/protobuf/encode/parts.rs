//! What answers and pushes share.

use ports::channels::{ClientInfo, Position, Publication, Shape};

use super::super::wire::push as wire;

pub(super) fn publication(item: &Publication, shape: Shape<'_>) -> wire::Publication {
    let (data, delta) = match shape {
        Shape::Plain | Shape::Whole => (item.data.clone(), false),
        Shape::Patch(patch) => (patch.bytes.clone(), true),
    };
    let tags = item.tags.as_deref().into_iter().flatten();
    wire::Publication {
        data,
        info: item.info.as_deref().map(client_info),
        offset: item.offset,
        tags: tags.map(|(name, value)| wire::Tag { name: name.clone(), value: value.clone() }).collect(),
        delta,
        epoch: String::new(),
    }
}

pub(super) fn client_info(info: &ClientInfo) -> wire::ClientInfo {
    wire::ClientInfo {
        user: info.user.as_str().to_owned(),
        client: info.client.to_string(),
        conn_info: info.conn_info.clone().unwrap_or_default(),
        chan_info: info.chan_info.clone().unwrap_or_default(),
    }
}

/// Epoch and offset.
pub(super) fn position(position: Option<&Position>) -> (String, u64) {
    position.map(|position| (position.epoch.as_str().to_owned(), position.offset)).unwrap_or_default()
}
