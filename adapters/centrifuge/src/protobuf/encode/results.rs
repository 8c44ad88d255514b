//! The results of commands. A result is there even if it is empty (P-ENC-5).

use ports::channels::{ClientInfo, Shape};
use ports::protocol::{Answer, ConnectAnswer, StreamAnswer, SubscribeAnswer};

use super::super::wire::Empty;
use super::super::wire::reply::{
    ConnectResult, HistoryResult, Member, Outcome, PresenceResult, PresenceStatsResult, RefreshResult,
    RpcResult, Sub, SubRefreshResult, SubscribeResult,
};
use super::parts;
use crate::agreed;

pub(super) fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Answer::Connect(given) => Outcome::Connect(Box::new(connected(given))),
        Answer::Subscribe(given) => Outcome::Subscribe(Box::new(subscribed(given))),
        Answer::Unsubscribe => Outcome::Unsubscribe(Empty {}),
        Answer::Publish => Outcome::Publish(Empty {}),
        Answer::Presence(members) => {
            let presence = members.iter().map(|info| member(info)).collect();
            Outcome::Presence(PresenceResult { presence })
        }
        Answer::PresenceStats(headcount) => Outcome::PresenceStats(PresenceStatsResult {
            num_clients: headcount.clients,
            num_users: headcount.users,
        }),
        Answer::History(given) => Outcome::History(stream(given)),
        Answer::Rpc { data } => Outcome::Rpc(RpcResult { data: data.clone() }),
        Answer::Refresh { client, expiry } => Outcome::Refresh(RefreshResult {
            client: client.to_string(),
            expires: expiry.is_some(),
            ttl: expiry.unwrap_or_default(),
        }),
        Answer::SubRefresh(expiry) => Outcome::SubRefresh(SubRefreshResult {
            expires: expiry.is_some(),
            ttl: expiry.unwrap_or_default(),
        }),
    }
}

fn connected(answer: &ConnectAnswer) -> ConnectResult {
    let (session, node) = match &answer.emulation {
        Some((session, node)) => (session.to_string(), node.to_string()),
        None => Default::default(),
    };
    ConnectResult {
        client: answer.client.to_string(),
        version: answer.version.clone().into_owned(),
        expires: answer.expiry.is_some(),
        ttl: answer.expiry.unwrap_or_default(),
        data: answer.data.clone().unwrap_or_default(),
        subs: answer
            .subs
            .iter()
            .map(|(channel, given)| Sub { channel: channel.as_str().to_owned(), result: subscribed(given) })
            .collect(),
        ping: answer.ping_secs,
        pong: answer.pong,
        session,
        node,
    }
}

fn subscribed(answer: &SubscribeAnswer) -> SubscribeResult {
    let (epoch, offset) = parts::position(answer.position.as_ref());
    let missed = answer.publications.iter();
    SubscribeResult {
        expires: answer.expiry.is_some(),
        ttl: answer.expiry.unwrap_or_default(),
        recoverable: answer.recoverable,
        epoch,
        publications: missed
            .map(|missed| parts::publication(&missed.publication, agreed::shape(answer, missed)))
            .collect(),
        recovered: answer.recovered,
        offset,
        positioned: answer.positioned,
        data: answer.data.clone().unwrap_or_default(),
        was_recovering: answer.was_recovering,
        delta: answer.delta,
    }
}

fn member(info: &ClientInfo) -> Member {
    Member { client: info.client.to_string(), info: parts::client_info(info) }
}

fn stream(answer: &StreamAnswer) -> HistoryResult {
    let items = answer.publications.iter();
    HistoryResult {
        publications: items.map(|item| parts::publication(item, Shape::Plain)).collect(),
        epoch: answer.top.epoch.as_str().to_owned(),
        offset: answer.top.offset,
    }
}
