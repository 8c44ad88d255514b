//! Flaws in what servers say, for those who judge it.

use std::sync::Arc;

use ports::channels::{Address, ChannelName, Event, Form};
use ports::protocol::{Answer, Push, Reply, SubscribeAnswer, UnsubscribeCode};
use wigwag_core::shard::Outgoing;

use super::World;
use crate::sim::house;
use crate::sim::weather::Flaw;

impl World {
    /// What becomes of something said; nothing if it is withheld.
    pub(super) fn spoil(&mut self, mut said: Outgoing) -> Option<Outgoing> {
        let flaw = self.cluster().flaw;
        match (flaw, &mut said) {
            (Flaw::StaleBase, Outgoing::Event(published, Form::Delta(Some(base)))) => {
                let cluster = self.shared.lock();
                if let Some((_, epoch)) = published.position()
                    && let Some(older) =
                        cluster.streams.acknowledged(&published.address, epoch, base.offset.saturating_sub(1))
                {
                    *base = Arc::clone(older);
                }
            }
            (Flaw::OverzealousFilter, Outgoing::Event(published, _)) => {
                let is_filtered = house::FILTERED.contains(&published.address.place.channel().as_str());
                let is_publication = matches!(published.event, Event::Publication(..));
                if is_filtered && is_publication && self.rng.happens(200) {
                    return None;
                }
            }
            (Flaw::StaleState, Outgoing::Reply(reply)) => self.age_state(reply),
            (Flaw::UntoldUnsubscribe, Outgoing::Push(Push::Unsubscribe { code, .. }))
                if *code == UnsubscribeCode::Server =>
            {
                return None;
            }
            _ => {}
        }
        Some(said)
    }

    fn age_state(&self, reply: &mut Reply) {
        let Ok(Answer::Subscribe(answer)) = &mut reply.outcome else { return };
        let SubscribeAnswer { publications, position: Some(place), .. } = answer.as_mut() else { return };
        let cluster = self.shared.lock();
        let Ok(name) = ChannelName::parse(house::CURRENT) else { return };
        for tenant in &self.tenants {
            let address = Arc::new(Address::public(tenant.clone(), name.clone()));
            for item in &mut *publications {
                let published = &item.publication;
                let older = published.offset.saturating_sub(1);
                let is_here =
                    cluster.streams.acknowledged(&address, &place.epoch, published.offset).is_some();
                if let Some(older) = cluster.streams.acknowledged(&address, &place.epoch, older)
                    && is_here
                {
                    item.publication = Arc::clone(older);
                }
            }
        }
    }
}
