//! What goes wrong of its own accord.

use std::sync::Arc;

use bytes::Bytes;
use ports::channels::{Address, ChannelName, Tags};
use ports::ids::{Caller, TenantId, Who};
use wigwag_core::channels::Post;

use super::{Phase, World};
use crate::sim::agenda::{Answer, Errand, What};
use crate::sim::broker::Loss;
use crate::sim::client::Client;
use crate::sim::client::wishes::payload;
use crate::sim::cluster::NEVER;
use crate::sim::house;
use crate::sim::node::Stage;
use crate::sim::taste::random_tags;
use crate::sim::weather::{Flaw, Weather};
use crate::sim::words;

impl World {
    pub(super) fn mischief(&mut self) {
        if self.phase != Phase::Chaos {
            return;
        }
        let client = self.rng.index(self.clients.len());
        let node = self.rng.index(self.nodes.len());
        match self.rng.below(100) {
            0..16 => self.with_client(client, Client::drop_socket),
            16..24 => self.cut(client),
            24..30 => self.crash(node),
            30..36 => self.drain(node),
            36..46 => self.freeze(node),
            46..58 => self.crash_broker(),
            58..64 => self.forget_items(),
            64..82 => self.spoil_mood(client),
            _ => self.burst(),
        }
        let mischief_ms = self.cluster().weather.mischief_ms;
        let next = self.rng.within(mischief_ms / 2, mischief_ms);
        self.cluster().later(next, None, What::Mischief);
    }

    /// Nothing passes any more between a client and its server, and nobody tells them.
    fn cut(&mut self, client: usize) {
        let conn = self.lines.get(client).copied().flatten();
        if let Some(socket) = conn.and_then(|conn| self.sockets.get_mut(conn)) {
            socket.is_cut = true;
            self.note(format_args!("c{client} is cut off"));
        }
    }

    fn spoil_mood(&mut self, client: usize) {
        let now = self.cluster().now;
        let kind = self.rng.below(3);
        let until =
            now + if kind == 1 { self.rng.within(500, 6_000) } else { self.rng.within(3_000, 12_000) };
        let Some(client) = self.clients.get_mut(client) else { return };
        match kind {
            0 => client.mood.mute_until = until,
            1 => client.mood.deaf_until = until,
            _ => client.mood.silent_until = until,
        }
    }

    fn crash_broker(&mut self) {
        let down_ms = if self.rng.happens(500) { 0 } else { self.rng.below(2_000) };
        let loss = self.shared.lock().streams.addresses();
        let mut cluster = self.shared.lock();
        let now = cluster.now;
        cluster.broker_down_until = now + down_ms;
        for address in loss {
            if !self.rng.happens(400) {
                continue;
            }
            let kind = if cluster.flaw == Flaw::ReusedEpoch { Loss::Concealed } else { Loss::Honest };
            cluster.streams.lose(&address, kind, &mut self.rng, now);
            let top = cluster.streams.top(&address);
            cluster.note(format_args!("broker loses items of {}: {top:?}", words::address(&address)));
        }
    }

    fn forget_items(&mut self) {
        let addresses = self.cluster().streams.addresses();
        if let Some(address) = self.rng.pick(&addresses) {
            self.note(format_args!("items of {} are removed", words::address(address)));
            self.cluster().streams.forget(address);
        }
    }

    /// An application publishes a lot at once.
    fn burst(&mut self) {
        let count = self.rng.within(3, 30);
        let Some(tenant) = self.rng.pick(&self.tenants).cloned() else { return };
        let Some(channel) = self.rng.pick(&house::CHANNELS).copied() else { return };
        for _ in 0..count {
            let skip_history = self.rng.happens(50);
            self.post(&tenant, channel, skip_history);
        }
    }

    /// An application publishes through a node that is up.
    pub(super) fn post(
        &mut self,
        tenant: &TenantId,
        channel: &str,
        skip_history: bool,
    ) -> Option<(Bytes, Tags)> {
        let node = self.nodes.iter().position(|node| node.stage == Stage::Up)?;
        let app = self.nodes.get(node).map(|node| Arc::clone(&node.app))?;
        let data = payload(tenant, &mut self.rng, &mut self.payloads);
        let (tags, delta) = (random_tags(&mut self.rng), self.rng.happens(700));
        let post = Post { data: data.clone(), tags: tags.clone(), skip_history, delta, ..Post::default() };
        let caller = Caller { tenant: tenant.clone(), who: Who::Backend };
        let channel = channel.to_owned();
        let work = async move {
            // A failed one is the application's to try again.
            let _ = app.channels.publish(&caller, &channel, post).await;
            Answer::Posted
        };
        self.start(node, Errand::Post, NEVER, work);
        Some((data, tags))
    }

    /// Nothing goes wrong from here on.
    pub(super) fn calm_down(&mut self) {
        self.note(format_args!("== calm"));
        self.phase = Phase::Calm;
        let mut cluster = self.shared.lock();
        self.calm_since = cluster.now;
        cluster.weather = Weather::calm();
        cluster.broker_down_until = 0;
        drop(cluster);
        for client in &mut self.clients {
            client.mood = Default::default();
        }
    }

    /// Says something last in every channel.
    pub(super) fn probe(&mut self) {
        for tenant in self.tenants.clone() {
            for channel in house::CHANNELS.into_iter().filter(|channel| *channel != house::ORDERED) {
                let Ok(name) = ChannelName::parse(channel) else { continue };
                let address = Arc::new(Address::public(tenant.clone(), name));
                if let Some(said) = self.post(&tenant, channel, false) {
                    self.probes.insert(address, said);
                }
            }
        }
    }
}
