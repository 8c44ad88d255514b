//! Who restarts whom. Children are restarted one for one; a parent whose children keep failing fails itself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ports::time::Timestamp;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use tracing::{error, info};

use super::hub::{HubActor, HubTable};
use super::session_shard::{SessionShard, ShardCell};
use crate::node::Services;

/// The time over which failures are counted.
const WINDOW: Duration = Duration::from_secs(10);
/// A shard's failures within it: the first restarts the actor with its state, the second with an empty state, the
/// third fails the parent.
const SHARD_FAILURES_MAX: usize = 2;
/// Failures of the hub actor within it before the parent fails.
const HUB_FAILURES_MAX: usize = 5;

/// The top of the tree: owns the session shards and the hub actor. When it stops, the process ends.
pub struct Root;

/// What the tree is made of.
#[derive(Clone)]
pub struct Tree {
    /// What everybody needs.
    pub services: Arc<Services>,
    /// The shards' state, which outlives their actors, with the runtimes of their threads.
    pub shards: Vec<(Arc<ShardCell>, tokio::runtime::Handle)>,
    /// The interest table.
    pub hub: Arc<HubTable>,
}

/// The tree with the failures of its children.
pub struct State {
    tree: Tree,
    hub: Option<ActorRef<()>>,
    shard_failures: Vec<Failures>,
    hub_failures: Failures,
}

/// When something failed, within the window.
#[derive(Default)]
struct Failures(VecDeque<Timestamp>);

impl Failures {
    /// Notes one more; returns how many there have been within the window.
    fn note(&mut self, now: Timestamp) -> usize {
        self.0.push_back(now);
        while self.0.pop_front_if(|at| now.since(*at) > WINDOW).is_some() {}
        self.0.len()
    }
}

impl Actor for Root {
    type Msg = ();
    type State = State;
    type Arguments = Tree;

    async fn pre_start(&self, myself: ActorRef<()>, tree: Tree) -> Result<State, ActorProcessingErr> {
        for (cell, runtime) in &tree.shards {
            start_shard(cell, runtime, &myself);
        }
        let (hub, _) = Actor::spawn_linked(None, HubActor, Arc::clone(&tree.hub), myself.get_cell()).await?;
        let shard_failures = tree.shards.iter().map(|_| Failures::default()).collect();
        Ok(State { tree, hub: Some(hub), shard_failures, hub_failures: Failures::default() })
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<()>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(child, reason) => {
                state.failed(&myself, &child, &reason.to_string())
            }
            SupervisionEvent::ActorTerminated(child, _, _) => state.failed(&myself, &child, "it stopped"),
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => Ok(()),
        }
    }
}

impl State {
    fn failed(
        &mut self,
        myself: &ActorRef<()>,
        child: &ActorCell,
        reason: &str,
    ) -> Result<(), ActorProcessingErr> {
        let now = self.tree.services.now();
        if self.hub.as_ref().is_some_and(|hub| hub.get_id() == child.get_id()) {
            return self.hub_failed(myself, now, reason);
        }
        let shards = self.tree.shards.iter().zip(&mut self.shard_failures);
        for ((cell, runtime), failures) in shards {
            if !cell.is_run_by(child.get_id()) {
                continue;
            }
            let count = failures.note(now);
            error!(shard = cell.index(), count, reason, "a shard actor failed");
            if count > SHARD_FAILURES_MAX {
                return Err(format!("shard {} failed {count} times", cell.index()).into());
            }
            if count == SHARD_FAILURES_MAX {
                cell.start_over();
            }
            start_shard(cell, runtime, myself);
            return Ok(());
        }
        Ok(())
    }

    fn hub_failed(
        &mut self,
        myself: &ActorRef<()>,
        now: Timestamp,
        reason: &str,
    ) -> Result<(), ActorProcessingErr> {
        let count = self.hub_failures.note(now);
        error!(count, reason, "the hub actor failed");
        if count > HUB_FAILURES_MAX {
            return Err(format!("the hub actor failed {count} times").into());
        }
        let (hub, _) = ractor::ActorRuntime::spawn_linked_instant(
            None,
            HubActor,
            Arc::clone(&self.tree.hub),
            myself.get_cell(),
        )?;
        self.hub = Some(hub);
        Ok(())
    }
}

/// Starts a shard's actor on the shard's own thread.
fn start_shard(cell: &Arc<ShardCell>, runtime: &tokio::runtime::Handle, parent: &ActorRef<()>) {
    let (cell, parent) = (Arc::clone(cell), parent.get_cell());
    runtime.spawn(async move {
        let index = cell.index();
        match Actor::spawn_linked(None, SessionShard, cell, parent.clone()).await {
            Ok(_) => info!(shard = index, "shard actor started"),
            Err(error) => {
                error!(shard = index, %error, "a shard actor could not be started");
                parent.stop(Some("a shard could not be started".into()));
            }
        }
    });
}
