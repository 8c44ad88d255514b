//! The world: what exists, and how time passes in it.

mod ending;
mod mischief;
mod nodes;
mod orders;
mod perform;
mod sockets;
mod spoiling;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use ports::channels::{Address, Tags};
use ports::ids::{ClientId, NodeId, TenantId};
use ports::time::Timestamp;
use wigwag_core::session::Realm;
use wigwag_core::settings::PersonalChannel;
use wigwag_core::{Settings, shard};

use self::perform::Task;
use super::agenda::{Event, What};
use super::client::{Act, Client, Turn};
use super::cluster::{Cluster, Shared};
use super::failure::{Failure, Story, Tally};
use super::house;
use super::node::Node;
use super::socket::Socket;
use super::trace::{LINES_MAX, Trace};
use super::weather::{Flaw, Weather};
use crate::rng::Rng;

/// A few nodes, a broker, and clients of two tenants, in a time of their own.
pub struct World {
    seed: u64,
    shared: Shared,
    rng: Rng,
    settings: Arc<Settings>,
    tenants: Vec<TenantId>,
    /// Whom the shards of each node serve; a tenant may have several.
    realms: Vec<Arc<Realm>>,
    nodes: Vec<Node>,
    clients: Vec<Client>,
    /// The socket that each client uses.
    lines: Vec<Option<usize>>,
    sockets: Vec<Socket>,
    tasks: BTreeMap<u64, Task>,
    tasks_begun: u64,
    payloads: u64,
    phase: Phase,
    calm_since: u64,
    /// What was said last in each channel.
    probes: BTreeMap<Arc<Address>, (Bytes, Tags)>,
    /// How often cleaning up after a connection went wrong.
    failed_farewells: BTreeMap<ClientId, u32>,
    /// Connections whose node crashed.
    orphans: BTreeSet<ClientId>,
    tally: Tally,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Everything goes wrong.
    Chaos,
    /// Nothing goes wrong any more; what did is being mended.
    Calm,
    /// It has been mended.
    Settled,
    /// Everybody has gone home.
    Empty,
}

/// Longer than a client that was cut off takes to notice.
const MENDING_MS: u64 = 20_000;
/// As long after the storm, connections of the dead may still take the place of the living.
const CONTEST_MS: u64 = 10_000;
const PROBING_MS: u64 = 5_000;
const LEAVING_MS: u64 = 20_000;

impl World {
    /// The world of a seed, without a flaw.
    pub fn new(seed: u64) -> Self {
        Self::flawed(seed, Flaw::None)
    }

    /// The world of a seed, broken on purpose.
    pub fn flawed(seed: u64, flaw: Flaw) -> Self {
        let mut rng = Rng::new(seed);
        let cluster = Cluster::new(rng.fork(), flaw, Trace::new(LINES_MAX));
        let personal = PersonalChannel { namespace: house::PERSONAL.to_owned(), single_connection: false };
        let personal = match rng.below(4) {
            0 => None,
            1 => Some(personal),
            _ => Some(PersonalChannel { single_connection: true, ..personal }),
        };
        let settings = Arc::new(house::settings(personal));
        let tenants = ["a", "b"].map(TenantId::new).to_vec();
        let shards = usize::try_from(rng.within(1, 2)).unwrap_or(1);
        let realm = |tenant: &TenantId| {
            Arc::new(Realm {
                tenant: tenant.clone(),
                node: NodeId::from_random([0; 16]),
                settings: Arc::clone(&settings),
            })
        };
        let realms = tenants.iter().map(realm).cycle().take(tenants.len() * shards).collect();
        Self {
            seed,
            shared: Arc::new(Mutex::new(cluster)),
            rng,
            settings,
            tenants,
            realms,
            nodes: Vec::new(),
            clients: Vec::new(),
            lines: Vec::new(),
            sockets: Vec::new(),
            tasks: BTreeMap::new(),
            tasks_begun: 0,
            payloads: 0,
            phase: Phase::Chaos,
            calm_since: u64::MAX,
            probes: BTreeMap::new(),
            failed_farewells: BTreeMap::new(),
            orphans: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    /// Shows more of the trace if something fails.
    #[must_use]
    pub fn remembering(self, lines_max: usize) -> Self {
        self.cluster().trace = Trace::new(lines_max);
        self
    }

    /// Lives from the first connection until everybody has left.
    pub fn run(mut self) -> Result<Story, Box<Failure>> {
        let lived = catch_unwind(AssertUnwindSafe(|| self.live()));
        if let Err(panic) = lived {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            self.complain(format!("panic: {}", text.unwrap_or_default()));
        }
        let cluster = self.cluster();
        if cluster.findings.is_empty() {
            let (hash, events) = (cluster.trace.hash(), cluster.trace.count());
            return Ok(Story { hash, events, tally: self.tally.clone() });
        }
        Err(Box::new(Failure {
            seed: self.seed,
            findings: cluster.findings.clone(),
            trace: cluster.trace.lines(),
        }))
    }

    fn live(&mut self) {
        self.begin();
        let chaos_ms = self.rng.within(25_000, 60_000);
        self.pass(chaos_ms);
        self.calm_down();
        self.pass(MENDING_MS);
        self.phase = Phase::Settled;
        self.note(format_args!("== settled"));
        self.probe();
        self.order_all();
        self.pass(PROBING_MS);
        if self.has_failed() {
            return;
        }
        self.judge_calm();
        if self.has_failed() {
            return;
        }
        self.go_home();
        self.pass(LEAVING_MS);
        if !self.has_failed() {
            self.judge_end();
        }
    }

    fn begin(&mut self) {
        let weather = Weather::chaotic(&mut self.rng);
        self.note(format_args!("== seed {}: {weather:?}", self.seed));
        let mischief_at = weather.mischief_ms;
        self.cluster().weather = weather;
        let (nodes, clients) = (1 + self.rng.index(3), 4 + self.rng.index(8));
        for index in 0..nodes {
            self.start_node(index);
        }
        for index in 0..clients {
            let Some(tenant) = self.tenants.get(index % 2).cloned() else { continue };
            let granted = self.rng.pick(&house::GRANTS).copied().unwrap_or_default();
            let twin = if (2..4).contains(&index) && self.rng.happens(500) { index - 2 } else { index };
            let (name, user) = (format!("{tenant}{index}"), format!("{tenant}{twin}"));
            self.clients.push(Client::new(name, user, tenant, granted));
            self.lines.push(None);
            self.with_client(index, |client, turn| client.wake_up(turn));
            let first = self.rng.below(2_000);
            self.cluster().later(first, None, What::ClientTick { client: index });
        }
        self.cluster().later(mischief_at, None, What::Mischief);
        self.cluster().later(1_500, None, What::Whim);
    }

    /// Users may have one connection at a time.
    fn is_single(&self) -> bool {
        self.settings.personal_channel.as_ref().is_some_and(|personal| personal.single_connection)
    }

    /// Lets so much time pass, unless something is found.
    fn pass(&mut self, millis: u64) {
        let end = self.cluster().now + millis;
        loop {
            let mut cluster = self.cluster();
            if !cluster.findings.is_empty() {
                return;
            }
            let Some((time, event)) = cluster.agenda.next(end) else { break };
            cluster.now = cluster.now.max(time);
            drop(cluster);
            self.happen(event);
        }
        self.cluster().now = end;
    }

    fn happen(&mut self, event: Event) {
        if let Some(owner) = event.owner {
            let Some(node) = self.nodes.get_mut(owner.node) else { return };
            if !node.lives(owner) {
                return;
            }
            if node.is_frozen() {
                node.deferred.push_back(event);
                return;
            }
        }
        let Event { owner, what } = event;
        let node = owner.map_or(0, |owner| owner.node);
        match what {
            What::Tick => self.tick(node),
            What::Flush { shard } => self.flush(node, shard),
            What::Arrive(published) => self.arrive(node, &published),
            What::Order(order) => self.order_came(node, &order),
            What::Obey { shard, order } => self.obey(node, shard, &order),
            What::Poll { task } => self.poll(task),
            What::Overdue { task } => self.overdue(task),
            What::Answer { errand, answer } => self.answered(node, errand, answer),
            What::Tell { shard, feed, address, result } => {
                self.drive(node, shard, shard::Input::Attached { address, feed, result });
            }
            What::Up { conn, frame } => self.came_up(conn, frame),
            What::HungUp { conn } => self.hung_up(conn),
            What::Down { conn, message } => self.came_down(conn, message),
            What::ClientTick { client } => self.client_tick(client),
            What::Thaw(owner) => self.thaw(owner),
            What::Stop(owner) => self.stop(owner),
            What::Restart { node } => self.start_node(node),
            What::Reap(node) => self.cluster().reap(node),
            What::Mischief => self.mischief(),
            What::Whim => self.whim(),
        }
    }

    /// Passes an input to a shard and performs what it wants, and what comes of that at once.
    fn drive(&mut self, node: usize, slot: usize, input: shard::Input) {
        let now = self.timestamp();
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut effects = Vec::new();
            let entry = self.nodes.get_mut(node).and_then(|node| node.slots.get_mut(slot));
            let Some(entry) = entry else { return };
            entry.shard.handle(now, input, &mut effects);
            for effect in effects {
                inputs.extend(self.perform(node, slot, effect));
            }
        }
        self.see_to_handing_out(node, slot);
    }

    /// Gives a client its turn and performs what it does.
    fn with_client(&mut self, index: usize, act: impl FnOnce(&mut Client, &mut Turn<'_>)) {
        let now = self.cluster().now;
        let Some(client) = self.clients.get_mut(index) else { return };
        let mut turn = Turn {
            now,
            rng: &mut self.rng,
            is_busy: self.phase == Phase::Chaos,
            is_settled: self.phase == Phase::Settled,
            is_contested: now < self.calm_since.saturating_add(CONTEST_MS),
            payloads: &mut self.payloads,
            tally: &mut self.tally,
            acts: Vec::new(),
            findings: Vec::new(),
        };
        act(client, &mut turn);
        let Turn { acts, findings, .. } = turn;
        for finding in findings {
            self.complain(finding);
        }
        for act in acts {
            match act {
                Act::Open => self.open(index),
                Act::Say(frame) => self.say(index, frame),
                Act::Post(channel) => {
                    if let Some(tenant) = self.clients.get(index).map(|client| client.tenant.clone()) {
                        self.post(&tenant, channel, false);
                    }
                }
                Act::HangUp => self.hang_up(index),
            }
        }
    }

    fn client_tick(&mut self, index: usize) {
        self.take_untaken(index);
        self.with_client(index, Client::tick);
        self.cluster().later(250, None, What::ClientTick { client: index });
    }

    fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.shared.lock()
    }

    fn timestamp(&self) -> Timestamp {
        self.cluster().timestamp()
    }

    fn has_failed(&self) -> bool {
        !self.cluster().findings.is_empty()
    }

    fn note(&self, what: std::fmt::Arguments<'_>) {
        self.cluster().note(what);
    }

    fn complain(&self, finding: String) {
        self.cluster().complain(finding);
    }
}
