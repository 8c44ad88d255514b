//! Nodes come, stand still, crash and go.

use std::time::Duration;

use ports::ids::{ClientId, NodeId};
use wigwag_core::channels::hub;
use wigwag_core::shard::Input;

use super::World;
use super::perform::Task;
use crate::sim::agenda::{Message, Owner, What};
use crate::sim::node::{Node, Stage};
use crate::sim::weather::Flaw;

const TICK_MS: u64 = 250;
/// A shard calls a later tick a standstill.
const STANDSTILL_MS: u64 = 2_000;
const DRAIN: Duration = Duration::from_secs(3);
const DRAIN_PATIENCE_MS: u64 = 9_000;
const REAP_AFTER_MS: u64 = 3_000;

impl World {
    pub(super) fn start_node(&mut self, index: usize) {
        let life = self.nodes.get(index).map_or(0, |node| node.owner.life + 1);
        let owner = Owner { node: index, life };
        let id = NodeId::from_random(self.rng.sixteen());
        let now = self.timestamp();
        let node = Node::start(&self.shared, owner, id, &self.settings, &self.realms, now);
        self.note(format_args!("n{index} starts its life {life}"));
        self.cluster().lives.insert(owner);
        match self.nodes.get_mut(index) {
            Some(place) => *place = node,
            None => self.nodes.push(node),
        }
        let first = self.rng.within(1, TICK_MS);
        self.cluster().later(first, Some(owner), What::Tick);
    }

    pub(super) fn tick(&mut self, index: usize) {
        let now = self.timestamp();
        let Some(node) = self.nodes.get_mut(index) else { return };
        let owner = node.owner;
        let late = u64::try_from(now.since(node.ticked_at).as_millis()).unwrap_or(0);
        node.ticked_at = now;
        let slots = node.slots.len();
        let is_hub_due = node.hub.wakeup().is_some_and(|at| at <= now);
        if late > STANDSTILL_MS {
            for socket in self.sockets.iter_mut().filter(|socket| socket.owner == owner) {
                socket.ledger.timers.stood_still(late);
            }
        }
        if self.cluster().flaw != Flaw::StoppedWatch {
            for slot in 0..slots {
                self.drive(index, slot, Input::Tick);
            }
        }
        if is_hub_due {
            self.drive_hub(index, hub::Input::Wakeup);
        }
        let now = now.as_millis();
        let open = self.sockets.iter().enumerate().filter(|(_, s)| s.owner == owner && !s.is_closed);
        for (conn, socket) in open {
            if let Err(fault) = socket.ledger.timers.overdue(now) {
                self.complain(format!("s{conn} of c{} {fault}", socket.client));
            }
        }
        self.cluster().later(TICK_MS, Some(owner), What::Tick);
    }

    /// The whole process stands still; the world does not.
    pub(super) fn freeze(&mut self, index: usize) {
        let millis = self.rng.within(300, 6_000);
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.stage == Stage::Up) else { return };
        node.stage = Stage::Frozen;
        let owner = node.owner;
        self.note(format_args!("n{index} stands still for {millis} ms"));
        self.cluster().later(millis, None, What::Thaw(owner));
    }

    pub(super) fn thaw(&mut self, owner: Owner) {
        let ticks_first = self.rng.happens(500);
        let Some(node) = self.nodes.get_mut(owner.node) else { return };
        if node.owner != owner || node.stage != Stage::Frozen {
            return;
        }
        node.stage = Stage::Up;
        let mut deferred = std::mem::take(&mut node.deferred);
        if let Some(at) = deferred.iter().position(|event| matches!(event.what, What::Tick))
            && ticks_first
            && let Some(tick) = deferred.remove(at)
        {
            deferred.push_front(tick);
        }
        self.note(format_args!("n{} goes on", owner.node));
        for event in deferred {
            self.happen(event);
        }
    }

    /// The process is gone, and everything in it.
    pub(super) fn crash(&mut self, index: usize) {
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.stage != Stage::Down) else { return };
        node.stage = Stage::Down;
        node.deferred.clear();
        let (owner, id) = (node.owner, node.id);
        self.tally.crashes += 1;
        self.note(format_args!("n{index} crashes"));
        for socket in self.sockets.iter().filter(|socket| socket.owner == owner) {
            self.orphans.insert(socket.id);
        }
        self.end_life(owner);
        self.cluster().later(REAP_AFTER_MS, None, What::Reap(id));
        let restart_in = self.rng.within(500, 6_000);
        self.cluster().later(restart_in, None, What::Restart { node: index });
    }

    /// Sockets drop; some clients hear of it, others have to find out.
    fn end_life(&mut self, owner: Owner) {
        let ended: Vec<ClientId> =
            self.tasks.values().filter(|task| task.owner == owner).filter_map(Task::client).collect();
        self.tasks.retain(|_, task| task.owner != owner);
        self.cluster().tainted.extend(ended);
        self.cluster().forget_node(owner);
        for conn in 0..self.sockets.len() {
            let is_told = self.rng.happens(700);
            let delay = self.rng.within(1, 200);
            let Some(socket) = self.sockets.get_mut(conn) else { continue };
            if socket.owner != owner || socket.is_closed {
                continue;
            }
            socket.is_closed = true;
            if is_told {
                self.cluster().later(delay, None, What::Down { conn, message: Message::Lost });
            }
        }
    }

    /// The node is told to stop: it parts with its connections one by one.
    pub(super) fn drain(&mut self, index: usize) {
        let now = self.timestamp();
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.stage == Stage::Up) else { return };
        node.stage = Stage::Draining;
        for slot in &mut node.slots {
            slot.shard.drain(now, DRAIN);
        }
        let owner = node.owner;
        self.note(format_args!("n{index} drains"));
        self.cluster().later(DRAIN_PATIENCE_MS, None, What::Stop(owner));
    }

    /// A drained node is empty unless its clean-up met with failures; what is left then is a crash's.
    pub(super) fn stop(&mut self, owner: Owner) {
        let Some(node) = self.nodes.get_mut(owner.node).filter(|node| node.lives(owner)) else { return };
        if node.session_count() > 0 {
            let open = self.sockets.iter().position(|socket| socket.owner == owner && !socket.is_closed);
            if let Some(conn) = open {
                self.complain(format!("s{conn} is still open on a drained node"));
            }
            return self.crash(owner.node);
        }
        node.stage = Stage::Down;
        let census = node.census;
        self.note(format_args!("n{} stops", owner.node));
        if census != 0 {
            self.complain(format!("n{} counts {census} connections when it has none", owner.node));
        }
        self.end_life(owner);
        self.cluster().later(1_000, None, What::Restart { node: owner.node });
    }
}
