//! What the server owes one connection, and whether what it says is true. Asked at the moment of speaking.

mod recovery;
mod timers;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use ports::channels::{Address, ChannelName, Epoch, Event, Position, Publication, Published};
use ports::ids::TenantId;
use ports::protocol::{Answer, Command, ErrorReply, Push, Recovery, Reply, Request, SubscribeAnswer};
use wigwag_core::shard::Outgoing;

use self::recovery::Appetite;
pub(super) use self::timers::Timers;
use super::broker::Streams;

/// The record of one connection as its server sees it.
#[derive(Debug)]
pub(super) struct Ledger {
    tenant: TenantId,
    expected: VecDeque<Expected>,
    /// Channels between their subscribe reply and their end, with the order of the last unplaced publication.
    open: BTreeMap<ChannelName, Option<usize>>,
    is_connected: bool,
    is_refused: bool,
    appetite: Appetite,
    pub(super) timers: Timers,
}

/// A command that wants a reply.
#[derive(Debug)]
struct Expected {
    id: u32,
    asked: Asked,
    received_at: u64,
}

#[derive(Debug)]
enum Asked {
    Connect { wishes: BTreeMap<String, Recovery>, tops: BTreeMap<String, Position> },
    Subscribe { channel: String, wish: Option<Recovery>, top: Option<Position> },
    Unsubscribe { channel: String },
    Publish { data: Bytes },
    History { channel: String },
    Presence,
}

/// A request for a subscription, with what was true when it came in.
#[derive(Clone, Copy, Debug)]
struct Claim<'a> {
    address: &'a Arc<Address>,
    wish: Option<&'a Recovery>,
    /// Where the stream stood then.
    top: Option<&'a Position>,
    received_at: u64,
    appetite: &'a Appetite,
}

const UNRECOVERABLE: u32 = 112;

impl Ledger {
    pub(super) fn new(tenant: TenantId, now: u64) -> Self {
        Self {
            tenant,
            expected: VecDeque::new(),
            open: BTreeMap::new(),
            is_connected: false,
            is_refused: false,
            appetite: Appetite::default(),
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
                Asked::Connect { wishes: request.subs.clone(), tops: tops.collect() }
            }
            Request::Subscribe(request) => Asked::Subscribe {
                channel: request.channel.clone(),
                wish: request.recover.clone(),
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
        self.expected.push_back(Expected { id: command.id, asked, received_at: now });
    }

    /// The server says something.
    pub(super) fn said(&mut self, now: u64, outgoing: &Outgoing, streams: &Streams) -> Result<(), String> {
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
            Outgoing::Push(Push::Unsubscribe { channel, .. }) => match self.open.remove(channel) {
                Some(_) => Ok(()),
                None => Err(format!("unsubscribes {channel}, which is not subscribed")),
            },
            Outgoing::Push(Push::Disconnect(_)) => Ok(()),
            Outgoing::Event(published) => self.delivered(published, streams),
        }
    }

    fn delivered(&mut self, published: &Published, streams: &Streams) -> Result<(), String> {
        let address = &published.address;
        if address.tenant != self.tenant || !self.is_connected {
            return Err("is sent an event of another tenant, or before it is connected".into());
        }
        let Some(last_order) = self.open.get_mut(address.place.channel()) else {
            return Err("is sent an event of a channel that it is not subscribed to".into());
        };
        match &published.event {
            Event::Publication(publication, Some(epoch)) => {
                self.is_true(address, epoch, publication, streams)
            }
            Event::Publication(publication, None) => {
                let order = streams.order_of(address, &publication.data);
                if order.is_none() || *last_order > order {
                    return Err(format!("hears unplaced publication {order:?} after {last_order:?}"));
                }
                *last_order = order;
                Ok(())
            }
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
            Some(acknowledged) if acknowledged.data == publication.data => {}
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
        let Some(Expected { asked, received_at, .. }) = expected.filter(|expected| expected.id == reply.id)
        else {
            return Err(format!("is given reply {} out of turn", reply.id));
        };
        let answer = match &reply.outcome {
            Ok(answer) => answer,
            Err(error) => return self.refused(&asked, error, received_at, streams),
        };
        match (asked, answer) {
            (Asked::Connect { wishes, tops }, Answer::Connect(answer)) => {
                self.is_connected = true;
                self.timers.connected(now);
                for (channel, answer) in &answer.subs {
                    let name = channel.as_str();
                    let (wish, top) = (wishes.get(name), tops.get(name));
                    self.subscribed(name, wish, top, received_at, answer, streams)?;
                }
                Ok(())
            }
            (Asked::Subscribe { channel, wish, top }, Answer::Subscribe(answer)) => {
                self.subscribed(&channel, wish.as_ref(), top.as_ref(), received_at, answer, streams)
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
                Ok(())
            }
            Asked::Subscribe { channel, wish, top } if error.code == UNRECOVERABLE => {
                let Some(address) = self.address(channel) else { return Ok(()) };
                let Some(place) = streams.top(&address) else { return Ok(()) };
                let (wish, top) = (wish.as_ref(), top.as_ref());
                let claim = Claim { address: &address, wish, top, received_at, appetite: &self.appetite };
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
        channel: &str,
        wish: Option<&Recovery>,
        top: Option<&Position>,
        received_at: u64,
        answer: &SubscribeAnswer,
        streams: &Streams,
    ) -> Result<(), String> {
        let Some(address) = self.address(channel) else { return Ok(()) };
        let place = answer.position.as_ref();
        for publication in &answer.publications {
            let epoch = place.map_or_else(|| Epoch::new(""), |place| place.epoch.clone());
            self.is_true(&address, &epoch, publication, streams)?;
        }
        let claim = Claim { address: &address, wish, top, received_at, appetite: &self.appetite };
        recovery::judge(&claim, answer, streams)?;
        self.appetite.swallow(&answer.publications);
        match self.open.insert(address.place.channel().clone(), None) {
            None => Ok(()),
            Some(_) => Err(format!("is subscribed to {channel} twice")),
        }
    }

    /// Commands that have not been answered.
    pub(super) fn owed(&self) -> usize {
        self.expected.len()
    }
}
