//! The commands of a connected client (P section 8).

use std::sync::Arc;

use bytes::Bytes;
use ports::channels::{Address, ChannelName, Draft, Order, StreamView};
use ports::hooks::Revision;
use ports::protocol::{Answer, Command, Disconnect, ErrorCode, HistoryRequest, Request, StreamAnswer};
use ports::time::Timestamp;

use super::task::Task;
use super::{Effect, Job, Session, Stage, answer, refusal};
use crate::channels::permission::{self, Party};
use crate::channels::{Namespace, StreamRequest};

/// Who decides whether a client may publish.
enum Judge {
    /// The options of the namespace, and they allow it.
    Rules,
    /// The application's back end, which is still to be asked.
    BackEnd,
}

impl Session {
    /// Carries out one command. Before `connect` nothing else is accepted, and `connect` only once (P-CONN-1, P-CONN-2).
    pub(super) fn execute(&mut self, now: Timestamp, command: Command, effects: &mut Vec<Effect>) {
        let id = command.id;
        let is_fresh = matches!(self.stage, Stage::Fresh { .. });
        let in_order = matches!(command.request, Request::Connect(_)) == is_fresh;
        let has_id = id > 0 || matches!(command.request, Request::Send { .. });
        if !in_order || !has_id {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        match command.request {
            Request::Connect(request) => self.connect(now, id, request, effects),
            Request::Subscribe(request) => self.subscribe(now, id, *request, effects),
            Request::Unsubscribe { channel } => self.unsubscribe(now, id, &channel, effects),
            Request::Publish { channel, data } => self.publish(now, id, &channel, data, effects),
            Request::Presence { channel } => self.presence(now, id, &channel, effects),
            Request::PresenceStats { channel } => self.presence_stats(now, id, &channel, effects),
            Request::History(request) => self.history(now, id, request, effects),
            Request::Refresh { token } => self.refresh(now, id, token, effects),
            Request::SubRefresh { channel, token } => self.sub_refresh(now, id, &channel, token, effects),
            Request::Rpc { method, data } => self.rpc(now, id, method, data, effects),
            Request::Send { .. } => self.end(now, Disconnect::NOT_AVAILABLE, effects),
            Request::Pong | Request::Ping | Request::Unknown => {
                self.end(now, Disconnect::BAD_REQUEST, effects);
            }
        }
    }

    /// The channel a command names, with its options and who asks; an empty name costs the connection.
    fn channel(&self, raw: &str) -> Result<(ChannelName, &Namespace, Party<'_>), ErrorCode> {
        let channel = ChannelName::parse(raw).map_err(|_| ErrorCode::BadRequest)?;
        let namespace = self.realm.settings.namespaces.find(&channel)?;
        let subscribed = self.live().is_some_and(|live| live.subscriptions.contains(&channel));
        Ok((channel, namespace, self.party(subscribed)))
    }

    fn address(&self, channel: ChannelName) -> Arc<Address> {
        let subscription = self.live().and_then(|live| live.subscriptions.get(&channel));
        match subscription {
            Some(subscription) => Arc::clone(&subscription.address),
            None => Arc::new(Address::public(self.realm.tenant.clone(), channel)),
        }
    }

    fn publish(&mut self, now: Timestamp, id: u32, raw: &str, data: Bytes, effects: &mut Vec<Effect>) {
        if raw.is_empty() {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        #[cfg(feature = "chaos")]
        {
            assert!(data != crate::chaos::POISON_SESSION, "poisonous session");
            self.poisoned |= data == crate::chaos::POISON_TIMER;
        }
        match self.may_publish(raw, &data) {
            Ok((channel, Judge::BackEnd)) => self.ask_to_publish(now, id, channel, data, effects),
            Ok((channel, Judge::Rules)) => {
                self.publish_revised(now, id, (channel, data), Revision::default(), effects);
            }
            Err(error) => effects.push(refusal(id, error)),
        }
    }

    /// The channel, and who decides whether the client may publish there, if it is not decided already.
    fn may_publish(&self, raw: &str, data: &Bytes) -> Result<(ChannelName, Judge), ErrorCode> {
        if data.is_empty() {
            return Err(ErrorCode::BadRequest);
        }
        let (channel, namespace, party) = self.channel(raw)?;
        if namespace.hooks.publish {
            return Ok((channel, Judge::BackEnd));
        }
        permission::publish(namespace, party)?;
        Ok((channel, Judge::Rules))
    }

    /// Publishes this payload with everything else that the revision says.
    pub(super) fn publish_revised(
        &mut self,
        now: Timestamp,
        id: u32,
        (channel, data): (ChannelName, Bytes),
        revision: Revision,
        effects: &mut Vec<Effect>,
    ) {
        match self.publish_job(channel, data, revision) {
            Ok(work) => self.run(now, Task::Publishing { id }, work, effects),
            Err(error) => effects.push(refusal(id, error)),
        }
    }

    fn publish_job(&self, channel: ChannelName, data: Bytes, revision: Revision) -> Result<Job, ErrorCode> {
        let namespace = self.realm.settings.namespaces.of(&channel).ok_or(ErrorCode::UnknownChannel)?;
        let live = self.live().ok_or(ErrorCode::Internal)?;
        let subscription = live.subscriptions.get(&channel);
        let chan_info = subscription.and_then(|subscription| subscription.info.as_ref()?.chan_info.clone());
        let keep = namespace.history.as_ref().map(|history| history.keep);
        let draft = Draft {
            data,
            info: Some(live.face.in_channel(self.client, chan_info)),
            tags: (!revision.tags.is_empty()).then(|| Arc::new(revision.tags)),
            keep: keep.filter(|_| !revision.skip_history),
            idempotency_key: revision.idempotency_key,
            version: revision.version,
            delta: revision.delta || namespace.delta_publish,
            ..Draft::default()
        };
        Ok(Job::Publish { address: self.address(channel), draft })
    }

    fn presence(&mut self, now: Timestamp, id: u32, raw: &str, effects: &mut Vec<Effect>) {
        if raw.is_empty() {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        match self.with_presence(raw) {
            Ok(address) => {
                self.run(now, Task::ReadingMembers { id }, Job::Members { address }, effects);
            }
            Err(error) => effects.push(refusal(id, error)),
        }
    }

    fn presence_stats(&mut self, now: Timestamp, id: u32, raw: &str, effects: &mut Vec<Effect>) {
        if raw.is_empty() {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        match self.with_presence(raw) {
            Ok(address) => self.run(now, Task::Counting { id }, Job::Count { address }, effects),
            Err(error) => effects.push(refusal(id, error)),
        }
    }

    fn with_presence(&self, raw: &str) -> Result<Arc<Address>, ErrorCode> {
        let (channel, namespace, party) = self.channel(raw)?;
        permission::presence(namespace, party)?;
        Ok(self.address(channel))
    }

    fn history(&mut self, now: Timestamp, id: u32, request: HistoryRequest, effects: &mut Vec<Effect>) {
        if request.channel.is_empty() {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        match self.history_job(request) {
            Ok(work) => self.run(now, Task::ReadingHistory { id }, work, effects),
            Err(error) => effects.push(refusal(id, error)),
        }
    }

    fn history_job(&self, request: HistoryRequest) -> Result<Job, ErrorCode> {
        let (channel, namespace, party) = self.channel(&request.channel)?;
        let history = permission::history(namespace, party)?.clone();
        let order = if request.reverse { Order::NewestFirst } else { Order::OldestFirst };
        let cap = self.realm.settings.recovery_items_max;
        let request =
            StreamRequest::new(request.limit, request.since, order, cap).map_err(|error| error.code())?;
        Ok(Job::History { address: self.address(channel), request, history })
    }

    pub(super) fn history_read(
        &mut self,
        id: u32,
        result: Result<StreamView, ErrorCode>,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(match result {
            Ok(StreamView { publications, top }) => {
                answer(id, Answer::History(Box::new(StreamAnswer { publications, top })))
            }
            Err(error) => refusal(id, error),
        });
    }
}
