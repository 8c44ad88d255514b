//! From configuration to a running node, read from top to bottom. The only file that knows everyone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use courier::Courier;
use memory::{Limits, MemoryBroker, MemoryPresence};
use ports::channels::{Broker as _, Sink};
use ports::ids::{NodeId, TenantId};
use ports::time::{Clock, Entropy, Timestamp};
use system::{OsEntropy, SystemClock};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tracing::warn;
use wigwag_core::session::Realm;
use wigwag_core::{App, Ports};

use crate::actors::crowding::{Crowding, Paced};
use crate::actors::hub::HubTable;
use crate::actors::session_shard::ShardCell;
use crate::actors::supervise::{Root, Tree};
use crate::config::{Config, Server};
use crate::http::room::{ANSWERS_BYTES_MAX, Answers};
use crate::http::v1::throttle::Throttle;
use crate::http::{self, Edge};
use crate::keys::{ApiKey, Keys, Verifier};
use crate::node::{Bounds, Node, Parts, Readiness, Reloader, Services, ShardThread};
use crate::telemetry::hooks::Timed;
use crate::telemetry::process::Process;
use crate::telemetry::traces::Traces;
use crate::telemetry::witness::{Counted, Witness};
use crate::transport::accept::Door;
use crate::transport::callers::{Callers, Caps};
use crate::transport::forwarded::Proxies;
use crate::transport::link::Pending;
use crate::transport::origin::Origins;
use crate::transport::tls::Tls;
use crate::transport::{accept, admission, emulation};

/// Starts a node; when this returns, it is ready.
pub async fn start(config: &Config, keys: &Keys) -> anyhow::Result<Node> {
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let clock = Arc::new(SystemClock::new());
    let broker = Arc::new(MemoryBroker::new(Arc::clone(&entropy), Limits::default()));
    let crowding = Arc::new(Crowding::default());
    let node = NodeId::from_random(entropy.sixteen());
    let (traces, witness) = watchers(config, node)?;
    let verifier = Verifier::new(keys.tokens()?);
    let ports = Ports {
        broker: Arc::new(Paced::new(Arc::clone(&broker) as _, Arc::clone(&crowding), Arc::clone(&witness))),
        presence: Arc::new(MemoryPresence::new()),
        tokens: Arc::new(Counted(verifier.clone())),
        clock: Arc::clone(&clock) as _,
    };

    let settings = Arc::new(config.client_settings());
    let app = App::new(ports, node, Arc::clone(&settings));
    let app = match courier(config, &clock, &entropy)? {
        Some(courier) => app.with_hooks(Arc::new(Timed(courier))),
        None => app,
    };
    let realm = Arc::new(Realm { tenant: TenantId::default(), node, settings });
    let tls = tls(config, clock.now())?;
    let callers = callers(&config.server, Arc::clone(&clock) as _);
    let services = Services::new(app, realm, clock, entropy, Handle::current(), bounds(config, crowding));
    let services = Arc::new(services.watched(traces, witness));

    // Before anything runs that would have to be stopped again.
    let listener = listen(config.server.listen).await?;
    let address = listener.local_addr()?;
    let (threads, shards) = start_threads(shard_count(config), &services)?;
    let cells = shards.iter().map(|(cell, _)| Arc::clone(cell)).collect();
    let hub = Arc::new(HubTable::new(cells, Arc::downgrade(&services)));
    services.set_hub(Arc::clone(&hub));
    broker.listen(Arc::clone(&hub) as Arc<dyn Sink>);
    let tree = Tree { services: Arc::clone(&services), shards, hub };
    let (root, _) = ractor::Actor::spawn(None, Root, tree).await.context("the actors cannot be started")?;

    let readiness = Arc::new(Readiness::default());
    let connections = Arc::new(Semaphore::new(config.server.connections_max));
    let parts = parts(config, keys, verifier, tls.clone());
    let edge = edge(config, &services, &readiness, &connections, &parts);
    let (listening, stop) = watch::channel(true);
    let door = Door {
        router: http::router(edge),
        connections_max: config.server.connections_max,
        callers,
        proxies: Proxies::new(&config.server.trusted_proxies),
        tls,
    };
    services.set_reloader(Reloader::new(config.clone(), parts));
    let accepting = tokio::spawn(accept::run(listener, door, stop));
    Ok(Node {
        address,
        services,
        readiness,
        connections,
        root,
        threads,
        listening,
        accepting,
        drain_time: config.server.drain_time,
        connections_max: config.server.connections_max,
    })
}

/// What a reload replaces.
fn parts(config: &Config, keys: &Keys, verifier: Verifier, tls: Option<Arc<Tls>>) -> Parts {
    let origins = Origins::new(&config.server.allowed_origins);
    Parts { verifier, api_key: ApiKey::new(keys.api_key.clone()), origins, tls }
}

fn edge(
    config: &Config,
    services: &Arc<Services>,
    readiness: &Arc<Readiness>,
    connections: &Arc<Semaphore>,
    parts: &Parts,
) -> Edge {
    Edge {
        services: Arc::clone(services),
        readiness: Arc::clone(readiness),
        connections: Arc::clone(connections),
        connections_max: config.server.connections_max,
        origins: parts.origins.clone(),
        api_key: parts.api_key.clone(),
        api_insecure: config.api.insecure,
        throttle: Throttle::new(&config.api),
        api_calls: Arc::new(Semaphore::new(http::API_CALLS_MAX)),
        answers: Answers::new(ANSWERS_BYTES_MAX),
        process: Process::default(),
        emulations: Arc::new(Semaphore::new(emulation::REQUESTS_MAX)),
        refusals: Semaphore::new(admission::REFUSALS_WAITING_MAX),
    }
}

fn watchers(config: &Config, node: NodeId) -> anyhow::Result<(Arc<Traces>, Arc<Witness>)> {
    let traces = Arc::new(Traces::new(&config.telemetry, node)?);
    Ok((Arc::clone(&traces), Arc::new(Witness::new(traces))))
}

fn bounds(config: &Config, crowding: Arc<Crowding>) -> Bounds {
    Bounds {
        pending: Arc::new(Pending::new(config.server.pending_bytes_max.bytes())),
        crowding,
        frame_bytes_max: config.client.frame_bytes_max.bytes(),
    }
}

/// Who asks the application's back end, if it is to be asked at all.
fn courier(
    config: &Config,
    clock: &Arc<SystemClock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Option<Courier>> {
    let Some(asked) = config.back_end() else { return Ok(None) };
    let courier = Courier::new(asked, Arc::clone(clock) as _, Arc::clone(entropy));
    courier.map(Some).context("hooks cannot be asked")
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}; choose another address with --listen"))
}

fn tls(config: &Config, now: Timestamp) -> anyhow::Result<Option<Arc<Tls>>> {
    let Some(certificate) = config.certificate().map_err(|problem| anyhow!(problem))? else {
        return Ok(None);
    };
    if let Some(warning) = certificate.warning(now) {
        warn!("{warning}");
    }
    Ok(Some(Arc::new(Tls::new(certificate.tls))))
}

/// Addresses are counted only if something comes of it.
fn callers(server: &Server, clock: Arc<dyn Clock>) -> Option<Arc<Callers>> {
    let cap = |setting: usize| u32::try_from(setting).unwrap_or(u32::MAX);
    let caps =
        Caps { connections_max: cap(server.address_connections_max), rate_max: cap(server.address_rate_max) };
    (caps.connections_max > 0 || caps.rate_max > 0).then(|| Arc::new(Callers::new(caps, clock)))
}

fn shard_count(config: &Config) -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let wanted = if config.server.shards == 0 { cores } else { config.server.shards };
    u16::try_from(wanted).unwrap_or(u16::MAX)
}

type Shards = Vec<(Arc<ShardCell>, Handle)>;

/// One thread with a runtime of its own for each shard.
fn start_threads(count: u16, services: &Arc<Services>) -> anyhow::Result<(Vec<ShardThread>, Shards)> {
    let mut threads = Vec::new();
    let mut shards = Vec::new();
    for index in 0..count {
        let cell = Arc::new(ShardCell::new(index, Arc::clone(services)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, mut ended) = watch::channel(false);
        let thread = std::thread::Builder::new().name(format!("shard-{index}")).spawn(move || {
            // The sender going away is an end as well.
            let _ = runtime.block_on(ended.wait_for(|ended| *ended));
            runtime.shutdown_timeout(Duration::from_secs(1));
        })?;
        shards.push((Arc::clone(&cell), handle));
        threads.push(ShardThread { cell, end, thread });
    }
    Ok((threads, shards))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crypto::{Secret, Trust};

    use super::*;

    #[tokio::test]
    async fn address_in_use_is_told_before_anything_runs() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("wigwag.toml");
        fs::write(&file, "").unwrap();
        let mut config = Config::load(Some(&file), std::iter::empty()).ok().unwrap();
        config.server.listen = taken.local_addr().unwrap();
        config.server.shards = 777;
        let secret = || Secret::new("s").unwrap();
        let tokens = crypto::Config::new(Trust::hmac(secret(), None, None));

        let refused = start(&config, &Keys { tokens, api_key: secret() }).await.err().unwrap();

        let told = refused.to_string();
        assert!(told.starts_with("cannot listen on 127.0.0.1:") && told.contains("--listen"), "{told}");
        let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let names = threads.map(|thread| fs::read_to_string(thread.path().join("comm")).unwrap_or_default());
        assert!(!names.into_iter().any(|name| name.trim() == "shard-776"));
    }
}
