//! Presence: who is in which channel of this process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use ports::channels::{Address, ClientInfo, Headcount, Presence, PresenceError};
use ports::ids::{ClientId, NodeId};

use crate::shards::Shards;

/// Presence in this process's memory. A channel nobody is in takes up no room.
#[derive(Default)]
pub struct MemoryPresence(Shards<BTreeMap<Arc<Address>, Room>>);

/// The connections in one channel, each with the node that has it.
type Room = BTreeMap<ClientId, (NodeId, Arc<ClientInfo>)>;

impl MemoryPresence {
    /// Presence with nobody present.
    pub fn new() -> Self {
        Self::default()
    }

    fn read<R: Default>(&self, address: &Address, read: impl FnOnce(&Room) -> R) -> R {
        self.0.of(address).lock().get(address).map(read).unwrap_or_default()
    }
}

#[async_trait]
impl Presence for MemoryPresence {
    async fn enter(
        &self,
        address: &Arc<Address>,
        info: Arc<ClientInfo>,
        node: NodeId,
    ) -> Result<(), PresenceError> {
        let mut rooms = self.0.of(address).lock();
        rooms.entry(Arc::clone(address)).or_default().insert(info.client, (node, info));
        Ok(())
    }

    async fn leave(&self, address: &Arc<Address>, client: ClientId) -> Result<(), PresenceError> {
        let mut rooms = self.0.of(address).lock();
        if let Some(room) = rooms.get_mut(address) {
            room.remove(&client);
            if room.is_empty() {
                rooms.remove(address);
            }
        }
        Ok(())
    }

    async fn members(&self, address: &Arc<Address>) -> Result<Vec<Arc<ClientInfo>>, PresenceError> {
        Ok(self.read(address, |room| room.values().map(|(_, info)| Arc::clone(info)).collect()))
    }

    async fn count(&self, address: &Arc<Address>) -> Result<Headcount, PresenceError> {
        Ok(self.read(address, |room| {
            let users: BTreeSet<_> = room.values().map(|(_, info)| &info.user).collect();
            Headcount { clients: to_u32(room.len()), users: to_u32(users.len()) }
        }))
    }

    async fn reap(&self, node: NodeId) -> Result<(), PresenceError> {
        for shard in self.0.each() {
            shard.lock().retain(|_, room| {
                room.retain(|_, (of, _)| *of != node);
                !room.is_empty()
            });
        }
        Ok(())
    }
}

fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use ports::channels::ChannelName;
    use ports::contract::block_on;
    use ports::ids::{TenantId, UserId};

    use super::*;

    #[test]
    fn empty_rooms_take_up_no_space() {
        let presence = MemoryPresence::new();
        let room = Arc::new(Address::public(TenantId::default(), ChannelName::parse("room").unwrap()));
        let node = NodeId::from_random([1; 16]);
        let info = |n| {
            let client = ClientId::from_random([n; 16]);
            Arc::new(ClientInfo { user: UserId::new("ann"), client, conn_info: None, chan_info: None })
        };

        block_on(presence.enter(&room, info(1), node)).unwrap();
        block_on(presence.enter(&room, info(2), node)).unwrap();
        block_on(presence.leave(&room, info(1).client)).unwrap();
        assert_eq!(presence.0.of(&room).lock().len(), 1);

        block_on(presence.leave(&room, info(2).client)).unwrap();
        assert_eq!(presence.0.of(&room).lock().len(), 0);

        block_on(presence.enter(&room, info(1), node)).unwrap();
        block_on(presence.reap(node)).unwrap();
        assert_eq!(presence.0.of(&room).lock().len(), 0);
    }
}
