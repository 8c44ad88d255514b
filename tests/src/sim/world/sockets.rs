//! Connections between clients and shards.

use ports::ids::{ClientId, TenantId};
use ports::protocol::{Command, Disconnect, Push, UnsubscribeCode};
use wigwag_core::session::{self, Opening, Pings};
use wigwag_core::shard::{Input, Outgoing, SeatId};

use super::{Phase, World};
use crate::sim::agenda::{Message, What};
use crate::sim::client::Client;
use crate::sim::court::Ledger;
use crate::sim::node::Stage;
use crate::sim::socket::{Socket, UNTAKEN_MAX};
use crate::sim::weather::Flaw;
use crate::sim::words;

impl World {
    pub(super) fn conn_at(&self, node: usize, slot: usize, seat: SeatId) -> Option<usize> {
        self.nodes.get(node)?.slots.get(slot)?.seats.get(&seat).copied()
    }

    pub(super) fn tenant_of(&self, node: usize, slot: usize) -> Option<TenantId> {
        self.nodes.get(node)?.slots.get(slot).map(|slot| slot.tenant.clone())
    }

    /// A client opens a socket to some shard of some node that accepts.
    pub(super) fn open(&mut self, client: usize) {
        let Some(tenant) = self.clients.get(client).map(|client| client.tenant.clone()) else { return };
        let mut places = Vec::new();
        for node in self.nodes.iter().filter(|node| node.stage == Stage::Up) {
            for (slot, _) in node.slots.iter().enumerate().filter(|(_, slot)| slot.tenant == tenant) {
                places.push((node.owner, slot));
            }
        }
        let now = self.timestamp();
        let is_personal = self.settings.personal_channel.is_some();
        let id = ClientId::from_random(self.rng.sixteen());
        let luck = u16::try_from(self.rng.below(1 << 16)).unwrap_or(0);
        let conn = self.sockets.len();
        let Some((owner, slot)) = self.rng.pick(&places).copied() else {
            return self.with_client(client, Client::lost);
        };
        let Some(entry) = self.nodes.get_mut(owner.node).and_then(|node| node.slots.get_mut(slot)) else {
            return;
        };
        let opening = Opening { client: id, luck, emulation: None, pings: Pings::Messages };
        let seat = entry.shard.open(now, opening);
        entry.seats.insert(seat, conn);
        self.sockets.push(Socket {
            client,
            id,
            owner,
            slot,
            seat,
            up_busy_until: 0,
            down_busy_until: 0,
            is_cut: false,
            is_abandoned: false,
            is_closed: false,
            is_paused: false,
            unread: std::collections::VecDeque::new(),
            untaken: std::collections::VecDeque::new(),
            ledger: Ledger::new(id, tenant, is_personal, now.as_millis()),
        });
        if let Some(line) = self.lines.get_mut(client) {
            *line = Some(conn);
        }
        self.note(format_args!("c{client} opens s{conn} to n{}.{slot}", owner.node));
        self.with_client(client, Client::opened);
    }

    fn line(&self, client: usize) -> Option<usize> {
        self.lines.get(client).copied().flatten()
    }

    /// A client writes a frame.
    pub(super) fn say(&mut self, client: usize, frame: Vec<Command>) {
        let Some(conn) = self.line(client) else { return };
        let latency = self.latency();
        let mut cluster = self.shared.lock();
        let Some(socket) = self.sockets.get_mut(conn) else { return };
        cluster.note(format_args!("c{client} > s{conn} {}", words::frame(&frame)));
        if !socket.is_cut {
            socket.up_busy_until = socket.up_busy_until.max(cluster.now + latency);
            cluster.agenda.at(socket.up_busy_until, Some(socket.owner), What::Up { conn, frame });
        }
    }

    fn latency(&mut self) -> u64 {
        if self.phase == Phase::Chaos && self.rng.happens(10) {
            self.rng.within(100, 900)
        } else {
            self.rng.within(1, 40)
        }
    }

    /// A client drops its socket; the server learns it soon, or never.
    pub(super) fn hang_up(&mut self, client: usize) {
        let Some(conn) = self.line(client) else { return };
        let is_told = self.phase != Phase::Chaos || self.rng.happens(700);
        let latency = self.latency();
        let mut cluster = self.shared.lock();
        let Some(socket) = self.sockets.get_mut(conn) else { return };
        cluster.note(format_args!("c{client} drops s{conn}"));
        socket.is_abandoned = true;
        socket.untaken.clear();
        if is_told {
            socket.up_busy_until = socket.up_busy_until.max(cluster.now + latency);
            cluster.agenda.at(socket.up_busy_until, Some(socket.owner), What::HungUp { conn });
        } else {
            socket.is_cut = true;
        }
        if let Some(line) = self.lines.get_mut(client) {
            *line = None;
        }
    }

    /// The server reads a frame, unless it has stopped reading.
    pub(super) fn came_up(&mut self, conn: usize, frame: Vec<Command>) {
        let Some(socket) = self.sockets.get_mut(conn) else { return };
        if socket.is_closed {
            return;
        }
        if socket.is_paused {
            socket.unread.push_back(frame);
            return;
        }
        let (node, slot, seat) = (socket.owner.node, socket.slot, socket.seat);
        for command in frame {
            let cluster = self.shared.lock();
            let Some(socket) = self.sockets.get_mut(conn) else { return };
            if socket.is_closed {
                return;
            }
            socket.ledger.received(cluster.now, &command, &cluster.streams);
            drop(cluster);
            self.drive(node, slot, Input::Session(seat, session::Input::Command(command)));
        }
    }

    pub(super) fn hung_up(&mut self, conn: usize) {
        let Some(socket) = self.sockets.get_mut(conn) else { return };
        let (node, slot, seat) = (socket.owner.node, socket.slot, socket.seat);
        self.drive(node, slot, Input::Session(seat, session::Input::Gone));
    }

    pub(super) fn pause(&mut self, node: usize, slot: usize, seat: SeatId) {
        self.tally.paused += 1;
        let conn = self.conn_at(node, slot, seat);
        if let Some(socket) = conn.and_then(|conn| self.sockets.get_mut(conn)) {
            socket.is_paused = true;
            socket.ledger.timers.paused();
        }
    }

    pub(super) fn resume(&mut self, node: usize, slot: usize, seat: SeatId) {
        let Some(conn) = self.conn_at(node, slot, seat) else { return };
        let mut cluster = self.shared.lock();
        let Some(socket) = self.sockets.get_mut(conn) else { return };
        socket.is_paused = false;
        socket.ledger.timers.resumed(cluster.now);
        for frame in std::mem::take(&mut socket.unread) {
            cluster.later(0, Some(socket.owner), What::Up { conn, frame });
        }
    }

    /// The server writes to a connection. A client that does not read is parted with.
    pub(super) fn send(&mut self, node: usize, slot: usize, seat: SeatId, said: Outgoing) -> Option<Input> {
        let conn = self.conn_at(node, slot, seat)?;
        let said = self.spoil(said)?;
        self.count_sent(&said);
        let latency = self.latency();
        let lucky = self.rng.happens(980);
        let mut cluster = self.shared.lock();
        let socket = self.sockets.get_mut(conn)?;
        cluster.note(format_args!("n{node}.{slot} > s{conn} {}", words::outgoing(&said)));
        if socket.is_closed {
            cluster.complain(format!("s{conn} is sent something after its end"));
            return None;
        }
        if let Err(fault) = socket.ledger.said(cluster.now, &said, &cluster.streams) {
            cluster.complain(format!("s{conn} of c{} {fault}", socket.client));
        }
        let times = match (cluster.flaw, &said) {
            (Flaw::DoubledDelivery, Outgoing::Event(..)) if !lucky => 2,
            (Flaw::SwallowedDelivery, Outgoing::Event(..)) if !lucky => 0,
            _ => 1,
        };
        if !socket.is_cut {
            socket.down_busy_until = socket.down_busy_until.max(cluster.now + latency);
            for _ in 0..times {
                let message = Message::Said(said.clone());
                cluster.agenda.at(socket.down_busy_until, None, What::Down { conn, message });
            }
        }
        let is_slow = socket.untaken.len() >= UNTAKEN_MAX;
        is_slow.then(|| Input::Session(seat, session::Input::Close(Disconnect::SLOW)))
    }

    fn count_sent(&mut self, said: &Outgoing) {
        match said {
            Outgoing::Event(..) => self.tally.deliveries += 1,
            Outgoing::Push(Push::Unsubscribe { code: UnsubscribeCode::Server, .. }) => {
                self.tally.dismissed += 1;
            }
            Outgoing::Push(Push::Unsubscribe { .. }) => self.tally.insufficient += 1,
            Outgoing::Push(Push::Refresh(_)) => self.tally.refreshed += 1,
            Outgoing::Push(Push::Ping | Push::Subscribe { .. } | Push::Disconnect(_)) => {}
            Outgoing::Reply(reply) => {
                let Ok(ports::protocol::Answer::Subscribe(answer)) = &reply.outcome else { return };
                self.tally.recovered += u64::from(!answer.publications.is_empty());
                self.tally.not_recovered += u64::from(answer.was_recovering && !answer.recovered);
            }
        }
    }

    /// The server closes a connection.
    pub(super) fn close(&mut self, node: usize, slot: usize, seat: SeatId, disconnect: Disconnect) {
        match disconnect.code {
            3012 => self.tally.no_pong += 1,
            3502 => self.tally.stale += 1,
            3008 => self.tally.slow += 1,
            3005 => self.tally.expired += 1,
            3504 => self.tally.ousted += 1,
            3011 | 3503 | 4000.. => self.tally.banned += 1,
            _ => {}
        }
        let Some(conn) = self.conn_at(node, slot, seat) else { return };
        let latency = self.latency();
        let mut cluster = self.shared.lock();
        let Some(socket) = self.sockets.get_mut(conn) else { return };
        cluster.note(format_args!("n{node}.{slot} closes s{conn} with {}", disconnect.code));
        socket.is_closed = true;
        if let Err(fault) = socket.ledger.closed(cluster.now, &disconnect, &cluster.streams) {
            cluster.complain(format!("s{conn} of c{} {fault}", socket.client));
        }
        cluster.later(latency, Some(socket.owner), What::HungUp { conn });
        if !socket.is_cut {
            let at = socket.down_busy_until.max(cluster.now + latency);
            cluster.agenda.at(at, None, What::Down { conn, message: Message::Closed(disconnect) });
        }
    }

    /// Something reaches a client's socket, where it may have to wait until the client reads.
    pub(super) fn came_down(&mut self, conn: usize, message: Message) {
        let now = self.cluster().now;
        let Some(socket) = self.sockets.get_mut(conn) else { return };
        if socket.is_abandoned || socket.is_cut {
            return;
        }
        let client = socket.client;
        let is_deaf = self.clients.get(client).is_some_and(|client| now < client.mood.deaf_until);
        if is_deaf || !socket.untaken.is_empty() {
            socket.untaken.push_back(message);
        } else {
            self.take(client, message);
        }
    }

    pub(super) fn take_untaken(&mut self, client: usize) {
        let now = self.cluster().now;
        if self.clients.get(client).is_some_and(|client| now < client.mood.deaf_until) {
            return;
        }
        let Some(conn) = self.line(client) else { return };
        while let Some(socket) = self.sockets.get_mut(conn)
            && !socket.is_abandoned
            && let Some(message) = socket.untaken.pop_front()
        {
            self.take(client, message);
        }
    }

    fn take(&mut self, client: usize, message: Message) {
        if matches!(message, Message::Closed(_) | Message::Lost) {
            self.note(format_args!("c{client} < {}", words::message(&message)));
            if let Some(line) = self.lines.get_mut(client)
                && let Some(socket) = line.take().and_then(|conn| self.sockets.get_mut(conn))
            {
                socket.is_abandoned = true;
            }
        }
        self.with_client(client, |client, turn| client.hear(turn, message));
    }
}
