//! Where names lead, and what remains of questions that go nowhere.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use ports::hooks::{Asker, Consent, Event, HookError, Hooks as _, Question, Verdict};
use ports::ids::ClientId;
use ports::time::{Clock, Entropy, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::guide::Names;
use crate::{Config, Courier, Kind, Reach, Secret};

/// Generous: tests share their machine.
const PATIENCE: Duration = Duration::from_secs(10);
const NOWHERE: &str = "the host has no address that may be asked";

/// Tells the next of these addresses at each look-up, panics where there is none.
struct Turning {
    turns: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Turning {
    fn through(turns: &[&[&str]]) -> Arc<Self> {
        let addresses = |turn: &&[&str]| turn.iter().map(|text| text.parse().unwrap()).collect();
        let turns = Mutex::new(turns.iter().map(addresses).collect());
        Arc::new(Self { turns, asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Names for Turning {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(host, "app.example");
        self.asked.fetch_add(1, Ordering::Relaxed);
        let turn = self.turns.lock().pop_front();
        Ok(turn.expect("nothing is known of this name"))
    }
}

/// Counts how often a question is given a number, which only signed ones are.
#[derive(Default)]
struct Signing(AtomicUsize);

impl Entropy for Signing {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fetch_add(1, Ordering::Relaxed);
        bytes.fill(7);
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_000)
    }
}

/// A back end that answers every connection once, or only listens.
struct Backend {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Backend {
    async fn start(answer: Option<&'static str>) -> Self {
        Self::saying("200", answer).await
    }

    async fn saying(status: &'static str, answer: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let Some(answer) = answer else {
                    silent.push(socket);
                    continue;
                };
                let _ = socket.read(&mut [0; 4_096]).await;
                let head = format!("HTTP/1.1 {status} so\r\nconnection: close\r\ncontent-length");
                let whole = format!("{head}: {}\r\n\r\n{answer}", answer.len());
                let _ = socket.write_all(whole.as_bytes()).await;
                let _ = socket.shutdown().await;
            }
        });
        Self { port, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn courier(scheme: &str, port: u16, private_networks: bool, names: &Arc<Turning>) -> Courier {
    signing(scheme, port, private_networks, names, Arc::default())
}

fn signing(
    scheme: &str,
    port: u16,
    private_networks: bool,
    names: &Arc<Turning>,
    signatures: Arc<Signing>,
) -> Courier {
    let url = format!("{scheme}://app.example:{port}/");
    let config = Config {
        urls: BTreeMap::from([(Kind::Rpc, url)]),
        timeout: Duration::from_secs(2),
        concurrency: 1,
        secrets: Secret::new("s").into_iter().collect(),
        reach: Reach { private_networks, ..Reach::default() },
        binary: false,
    };
    Courier::with_names(config, Arc::clone(names) as _, Arc::new(Still), signatures).ok().unwrap()
}

fn call() -> Question {
    let asker = Asker { client: ClientId::from_random([7; 16]), user: None, meta: None, visitor: None };
    Question { asker, event: Event::Rpc { method: "m".to_owned(), data: Bytes::new() } }
}

async fn ask(courier: &Courier) -> Result<Verdict, HookError> {
    timeout(PATIENCE, courier.ask(call())).await.unwrap()
}

fn well() -> Result<Verdict, HookError> {
    Ok(Verdict::Granted(Consent::Rpc("1".into())))
}

#[track_caller]
fn goes_nowhere(answer: Result<Verdict, HookError>) {
    let Err(HookError::Unavailable(reason)) = answer else { panic!("{answer:?}") };
    assert!(reason.contains(NOWHERE), "{reason}");
}

const WELL: Option<&str> = Some(r#"{"result":{"data":1}}"#);

#[tokio::test]
async fn name_that_leads_into_the_own_network_is_not_followed() {
    let backend = Backend::start(WELL).await;
    for address in ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
    {
        let names = Turning::through(&[&[address]]);

        goes_nowhere(ask(&courier("https", backend.port, false, &names)).await);
    }
    assert_eq!(backend.connections(), 0);
}

#[tokio::test]
async fn name_that_changes_its_mind_is_checked_for_every_connection() {
    let backend = Backend::start(WELL).await;
    let names = Turning::through(&[&["127.0.0.1"], &["169.254.169.254"], &["127.0.0.1"]]);
    let courier = courier("http", backend.port, true, &names);

    assert_eq!(ask(&courier).await, well());
    goes_nowhere(ask(&courier).await);
    assert_eq!(ask(&courier).await, well());

    // Asked again between the check and the connection, the name would have run out of answers.
    assert_eq!((names.asked(), backend.connections()), (3, 2));
}

#[tokio::test]
async fn of_several_addresses_only_those_that_may_be_asked_are_tried() {
    let backend = Backend::start(WELL).await;
    let names = Turning::through(&[&["169.254.169.254", "fe80::1", "127.0.0.1", "0.0.0.0"]]);

    assert_eq!(ask(&courier("http", backend.port, true, &names)).await, well());
    assert_eq!(backend.connections(), 1);
}

#[tokio::test]
async fn plain_questions_go_to_private_addresses_only() {
    let names = Turning::through(&[&["1.1.1.1"]]);

    goes_nowhere(ask(&courier("http", 9, true, &names)).await);
}

#[tokio::test]
async fn panic_on_the_way_costs_one_question() {
    let backend = Backend::start(WELL).await;
    let names = Turning::through(&[]);
    let courier = Arc::new(courier("http", backend.port, true, &names));

    for _ in 0..2 {
        let asking = Arc::clone(&courier);
        let asked = tokio::spawn(async move { asking.ask(call()).await });
        // Whoever polls the resolver has the panic: the question, or a task of the client's own.
        assert!(!matches!(timeout(PATIENCE, asked).await.unwrap(), Ok(Ok(_))));
    }
    names.turns.lock().push_back(vec!["127.0.0.1".parse().unwrap()]);

    assert_eq!(ask(&courier).await, well());
}

#[tokio::test]
async fn question_that_nobody_waits_for_any_more_gives_its_place_back() {
    let silent = Backend::start(None).await;
    let names = Turning::through(&[HERE; 12]);
    let courier = courier("http", silent.port, true, &names);

    for given_up in 1..=10 {
        let mut asking = courier.ask(call());
        let connected = async {
            while silent.connections() < given_up {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = &mut asking => panic!("{answer:?}"),
            () = connected => {}
        }
    }

    // There is one place, and giving up says nothing of the back end, or it would be left alone by now.
    assert_eq!(silent.connections(), 10);
}

const HERE: &[&str] = &["127.0.0.1"];

#[tokio::test]
async fn only_what_stands_in_front_of_a_back_end_closes_the_door_for_everybody() {
    const ASKED: usize = 10;
    for (status, reach_it) in
        [("400", ASKED), ("429", ASKED), ("500", ASKED), ("501", ASKED), ("502", 5), ("503", 5), ("504", 5)]
    {
        let backend = Backend::saying(status, WELL).await;
        let courier = courier("http", backend.port, true, &Turning::through(&[HERE; ASKED]));

        for _ in 0..ASKED {
            assert!(ask(&courier).await.is_err());
        }

        assert_eq!(backend.connections(), reach_it, "{status}");
    }
}

#[tokio::test]
async fn nothing_is_written_on_the_thread_that_asks_nor_for_a_back_end_that_is_left_alone() {
    let (backend, signatures) = (Backend::saying("503", WELL).await, Arc::<Signing>::default());
    let names = Turning::through(&[HERE; 5]);
    let courier = signing("http", backend.port, true, &names, Arc::clone(&signatures));
    let signed = || signatures.0.load(Ordering::Relaxed);

    let first = courier.ask(call()).as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_pending());
    assert_eq!(signed(), 0);

    for _ in 0..10 {
        assert!(ask(&courier).await.is_err());
    }
    assert_eq!(signed(), 5);
}
