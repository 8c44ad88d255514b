//! The requests inside commands.

use ports::channels::{Epoch, FilterNode};
use ports::protocol::{
    ConnectRequest, HistoryRequest, Recovery, Request, Resume, SubscribeFlags, SubscribeRequest,
};

use super::wire;
use crate::agreed::trimmed;

pub(super) fn connect(asked: wire::ConnectRequest) -> Request {
    let resume = |sub: wire::Resume| Resume {
        recover: sub.recover.then(|| recovery(sub.offset, &sub.epoch)),
        delta: sub.delta,
    };
    Request::Connect(Box::new(ConnectRequest {
        token: asked.token,
        data: asked.data,
        subs: asked.subs.into_iter().map(|(channel, sub)| (channel, resume(sub))).collect(),
        name: asked.name,
        version: asked.version,
        headers: asked.headers,
    }))
}

pub(super) fn subscribe(asked: wire::SubscribeRequest) -> Request {
    Request::Subscribe(Box::new(SubscribeRequest {
        channel: asked.channel,
        token: asked.token,
        recover: asked.recover.then(|| recovery(asked.offset, &asked.epoch)),
        data: asked.data,
        positioned: asked.positioned,
        recoverable: asked.recoverable,
        join_leave: asked.join_leave,
        delta: asked.delta,
        filter: asked.tf.map(filter).map(trimmed),
        flags: SubscribeFlags(asked.flag),
        kind: asked.kind,
    }))
}

/// Not deeper than the decoder that made it allows.
fn filter(node: wire::FilterNode) -> FilterNode {
    FilterNode {
        op: node.op,
        key: node.key,
        cmp: node.cmp,
        val: node.val,
        vals: node.vals,
        nodes: node.nodes.into_iter().map(filter).collect(),
    }
}

pub(super) fn publish(asked: wire::PublishRequest) -> Request {
    Request::Publish { channel: asked.channel, data: asked.data }
}

pub(super) fn history(asked: wire::HistoryRequest) -> Request {
    Request::History(HistoryRequest {
        channel: asked.channel,
        limit: asked.limit,
        since: asked.since.map(|since| recovery(since.offset, &since.epoch)),
        reverse: asked.reverse,
    })
}

pub(super) fn sub_refresh(asked: wire::SubRefreshRequest) -> Request {
    Request::SubRefresh { channel: asked.channel, token: asked.token }
}

fn recovery(offset: u64, epoch: &str) -> Recovery {
    Recovery { offset, epoch: Epoch::new(epoch) }
}
