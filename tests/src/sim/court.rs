//! What the server owes one connection, and whether what it says is true. Asked at the moment of speaking.

mod connected;
mod membership;
mod orders;
mod recovery;
mod timers;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use ports::channels::{Address, ChannelName, Epoch, Event, Position, Publication, Published};
use ports::ids::{ClientId, TenantId};
use ports::protocol::{Answer, Command, ErrorReply, Push, Reply, Request, Resume, SubscribeAnswer};
use wigwag_core::shard::Outgoing;

use self::membership::Membership;
use self::orders::Orders;
use self::recovery::{Appetite, Claim};
pub(super) use self::timers::Timers;
use super::broker::Streams;
use super::taste::Taste;

/// The record of one connection as its server sees it.
#[derive(Debug)]
pub(super) struct Ledger {
    client: ClientId,
    tenant: TenantId,
    /// Whether users have channels of their own.
    is_personal: bool,
    /// Counts what is received, ordered and said.
    step: u64,
    expected: VecDeque<Expected>,
    /// Channels between their subscribe reply and their end.
    open: BTreeMap<ChannelName, Membership>,
    is_connected: bool,
    is_refused: bool,
    appetite: Appetite,
    orders: Orders,
    pub(super) timers: Timers,
}

/// A command that wants a reply.
#[derive(Debug)]
struct Expected {
    id: u32,
    asked: Asked,
    received_at: u64,
    step: u64,
}

#[derive(Debug)]
enum Asked {
    Connect { token: String, resumes: BTreeMap<String, Resume>, tops: BTreeMap<String, Position> },
    Subscribe { channel: String, resume: Resume, taste: Taste, top: Option<Position> },
    Unsubscribe { channel: String },
    Publish { data: Bytes },
    History { channel: String },
    Presence,
}

const ALREADY_SUBSCRIBED: u32 = 105;
const UNRECOVERABLE: u32 = 112;

impl Ledger {
    pub(super) fn new(client: ClientId, tenant: TenantId, is_personal: bool, now: u64) -> Self {
        Self {
            client,
            tenant,
            is_personal,
            step: 0,
            expected: VecDeque::new(),
            open: BTreeMap::new(),
            is_connected: false,
            is_refused: false,
            appetite: Appetite::default(),
            orders: Orders::default(),
            timers: Timers::new(now),
        }
    }

    fn address(&self, channel: &str) -> Option<Arc<Address>> {
        let name = ChannelName::parse(channel).ok()?;
        Some(Arc::new(Address::public(self.tenant.clone(), name)))
    }

    /// The server has read a command.
    pub(super) fn received(&mut self, now: u64, command: &Command, streams: &Streams) {
        if self.is_refused {
            return;
        }
        self.step += 1;
        if matches!(command.request, Request::Connect(_)) {
            self.timers.introduced();
        }
        let top_of = |channel: &str| self.address(channel).and_then(|address| streams.top(&address));
        let asked = match &command.request {
            Request::Pong => {
                self.timers.ponged();
                self.appetite.returns();
                return;
            }
            Request::Connect(request) => {
                let tops = super::house::CHANNELS.iter();
                let tops = tops.filter_map(|channel| Some(((*channel).to_owned(), top_of(channel)?)));
                let (token, resumes) = (request.token.clone(), request.subs.clone());
                Asked::Connect { token, resumes, tops: tops.collect() }
            }
            Request::Subscribe(request) => Asked::Subscribe {
                channel: request.channel.clone(),
                resume: Resume { recover: request.recover.clone(), delta: request.delta.clone() },
                taste: request.filter.clone().map_or(Taste::Plain, Taste::Passing),
                top: top_of(&request.channel),
            },
            Request::Unsubscribe { channel } => Asked::Unsubscribe { channel: channel.clone() },
            Request::Publish { data, .. } => Asked::Publish { data: data.clone() },
            Request::History(request) => Asked::History { channel: request.channel.clone() },
            Request::Presence { .. } | Request::PresenceStats { .. } => Asked::Presence,
            Request::Unknown
            | Request::Ping
            | Request::Send { .. }
            | Request::Rpc { .. }
            | Request::Refresh { .. }
            | Request::SubRefresh { .. } => return,
        };
        self.expected.push_back(Expected { id: command.id, asked, received_at: now, step: self.step });
    }

    /// The server says something.
    pub(super) fn said(&mut self, now: u64, outgoing: &Outgoing, streams: &Streams) -> Result<(), String> {
        self.step += 1;
        match outgoing {
            Outgoing::Reply(reply) => {
                let verdict = self.replied(now, reply, streams);
                self.appetite.next_command();
                verdict
            }
            Outgoing::Push(Push::Ping) => {
                self.appetite.pinged();
                self.timers.pinged(now)
            }
            Outgoing::Push(Push::Unsubscribe { channel, code }) => {
                self.unsubscribed(channel, code.number(), streams)
            }
            Outgoing::Push(Push::Subscribe { channel, answer }) => {
                self.subscribed_by_order(channel, answer, streams)
            }
            Outgoing::Push(Push::Refresh(expiry)) => self.refreshed(now, *expiry),
            Outgoing::Push(Push::Disconnect(_)) => Ok(()),
            Outgoing::Event(published, _) => self.delivered(published, streams),
        }
    }

    fn delivered(&mut self, published: &Published, streams: &Streams) -> Result<(), String> {
        let address = &published.address;
        if address.tenant != self.tenant || !self.is_connected {
            return Err("is sent an event of another tenant, or before it is connected".into());
        }
        if !self.open.contains_key(address.place.channel()) {
            return Err("is sent an event of a channel that it is not subscribed to".into());
        }
        if let Event::Publication(publication, Some(epoch)) = &published.event {
            self.is_true(address, epoch, publication, streams)?;
        }
        let Some(membership) = self.open.get_mut(address.place.channel()) else { return Ok(()) };
        match &published.event {
            Event::Publication(publication, Some(epoch)) => {
                membership.placed(address, epoch, publication, streams)
            }
            Event::Publication(publication, None) => membership.unplaced(address, publication, streams),
            Event::Join(info) | Event::Leave(info)
                if !info.user.as_str().starts_with(self.tenant.as_str()) =>
            {
                Err(format!("hears of {}, who is another tenant's", info.user))
            }
            Event::Join(_) | Event::Leave(_) => Ok(()),
        }
    }

    /// Whether the broker acknowledged exactly this at this place.
    fn is_true(
        &self,
        address: &Arc<Address>,
        epoch: &Epoch,
        publication: &Publication,
        streams: &Streams,
    ) -> Result<(), String> {
        let offset = publication.offset;
        match streams.acknowledged(address, epoch, offset) {
            Some(acknowledged) if **acknowledged == *publication => {}
            other => return Err(format!("hears a lie about {epoch}#{offset}; the truth is {other:?}")),
        }
        let mark = format!("{{\"t\":\"{}\"", self.tenant);
        if publication.data.starts_with(mark.as_bytes()) {
            Ok(())
        } else {
            Err("hears another tenant".into())
        }
    }

    fn replied(&mut self, now: u64, reply: &Reply, streams: &Streams) -> Result<(), String> {
        let expected = self.expected.pop_front();
        let Some(Expected { asked, received_at, step, .. }) =
            expected.filter(|expected| expected.id == reply.id)
        else {
            return Err(format!("is given reply {} out of turn", reply.id));
        };
        self.has_obeyed(step)?;
        let answer = match &reply.outcome {
            Ok(answer) => answer,
            Err(error) => return self.refused(&asked, error, received_at, streams),
        };
        match (asked, answer) {
            (Asked::Connect { token, resumes, tops }, Answer::Connect(answer)) => {
                self.connected(now, &token, answer)?;
                for (channel, answer) in &answer.subs {
                    let name = channel.as_str();
                    let resume = resumes.get(name).cloned().unwrap_or_default();
                    let top = tops.get(name).cloned();
                    let asked = Asked::Subscribe { channel: name.into(), resume, taste: Taste::Plain, top };
                    self.subscribed(asked, received_at, answer, streams)?;
                }
                Ok(())
            }
            (asked @ Asked::Subscribe { .. }, Answer::Subscribe(answer)) => {
                self.subscribed(asked, received_at, answer, streams)
            }
            (Asked::Unsubscribe { channel }, Answer::Unsubscribe) => {
                self.open.retain(|name, _| name.as_str() != channel);
                Ok(())
            }
            (Asked::History { channel }, Answer::History(view)) => {
                let Some(address) = self.address(&channel) else { return Ok(()) };
                let told = view.publications.iter();
                told.clone().try_for_each(|item| self.is_true(&address, &view.top.epoch, item, streams))?;
                let gapless = told.clone().zip(told.skip(1)).all(|(a, b)| a.offset.abs_diff(b.offset) == 1);
                if gapless { Ok(()) } else { Err("reads a history with a hole".into()) }
            }
            (Asked::Presence, Answer::Presence(members)) => {
                let stranger =
                    members.iter().find(|info| !info.user.as_str().starts_with(self.tenant.as_str()));
                stranger.map_or(Ok(()), |info| Err(format!("sees {}, who is another tenant's", info.user)))
            }
            (Asked::Publish { data }, Answer::Publish) if !streams.has(&data) => {
                Err("is told that the broker has what it never took".into())
            }
            (Asked::Publish { .. }, Answer::Publish) | (Asked::Presence, Answer::PresenceStats(_)) => Ok(()),
            (asked, _) => Err(format!("asked {asked:?} and is answered something else")),
        }
    }

    fn refused(
        &mut self,
        asked: &Asked,
        error: &ErrorReply,
        received_at: u64,
        streams: &Streams,
    ) -> Result<(), String> {
        match asked {
            Asked::Connect { .. } => {
                self.is_refused = true;
                self.expected.clear();
                self.timers.expires(None);
                Ok(())
            }
            Asked::Subscribe { channel, .. } if error.code == ALREADY_SUBSCRIBED => {
                let is_open = self.open.keys().any(|name| name.as_str() == channel);
                if is_open { Ok(()) } else { Err(format!("is told that it is in {channel} already")) }
            }
            Asked::Subscribe { channel, resume, taste, top } if error.code == UNRECOVERABLE => {
                let Some(address) = self.address(channel) else { return Ok(()) };
                let Some(place) = streams.top(&address) else { return Ok(()) };
                if channel == super::house::CURRENT {
                    return Err(format!("is refused on {channel}, where nobody is"));
                }
                let (wish, top) = (resume.recover.as_ref(), top.as_ref());
                let appetite = &self.appetite;
                let claim = Claim { address: &address, wish, top, taste, received_at, appetite };
                recovery::refused(&claim, &place, streams)
            }
            Asked::Subscribe { .. }
            | Asked::Unsubscribe { .. }
            | Asked::Publish { .. }
            | Asked::History { .. }
            | Asked::Presence => Ok(()),
        }
    }

    fn subscribed(
        &mut self,
        asked: Asked,
        received_at: u64,
        answer: &SubscribeAnswer,
        streams: &Streams,
    ) -> Result<(), String> {
        let Asked::Subscribe { channel, resume, taste, top } = asked else { return Ok(()) };
        let Some(address) = self.address(&channel) else { return Ok(()) };
        let place = answer.position.as_ref();
        for recovered in &answer.publications {
            let epoch = place.map_or_else(|| Epoch::new(""), |place| place.epoch.clone());
            self.is_true(&address, &epoch, &recovered.publication, streams)?;
        }
        if answer.delta != (!resume.delta.is_empty() && super::house::DIFFERENT.contains(&channel.as_str())) {
            return Err(format!("is told wrongly whether differences come on {channel}"));
        }
        let wish = super::house::effective_wish(&channel, resume.recover);
        let (wish, top, appetite) = (wish.as_ref(), top.as_ref(), &self.appetite);
        let claim = Claim { address: &address, wish, top, taste: &taste, received_at, appetite };
        let covered = recovery::judge(&claim, answer, streams)?;
        let bytes = recovery::bytes(&answer.publications);
        self.appetite.swallow(bytes, bytes);
        self.open(address.place.channel(), Membership::new(taste, covered, self.step))
    }

    fn open(&mut self, channel: &ChannelName, membership: Membership) -> Result<(), String> {
        match self.open.insert(channel.clone(), membership) {
            None => Ok(()),
            Some(_) => Err(format!("is subscribed to {channel} twice")),
        }
    }

    /// Commands that have not been answered.
    pub(super) fn owed(&self) -> usize {
        self.expected.len()
    }

    /// What it should have been sent by now, as nothing is on its way any more.
    pub(super) fn lacks(&self, streams: &Streams) -> Result<(), String> {
        self.has_obeyed(u64::MAX)?;
        for (channel, membership) in &self.open {
            if let Some(address) = self.address(channel.as_str()) {
                membership.lacks(&address, streams)?;
            }
        }
        Ok(())
    }
}
