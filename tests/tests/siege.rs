//! Many at once who want the node to waste itself: it spends little on them, turns them away as documented, and serves
//! the others meanwhile.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::sleep;
use wigwag_tests::heap::Counting;
use wigwag_tests::house::{API_KEY, House};
use wigwag_tests::neighbour::Neighbour;
use wigwag_tests::raw::{Raw, frame};

#[global_allocator]
static HEAP: Counting = Counting::new();

/// The allocator counts for all tests of this process: one at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

const CROWD: usize = 200;
/// What one of the besiegers may cost, both sides included.
const COST_BYTES_MAX: usize = 100 * 1024;
/// What others do meanwhile, such as the neighbour.
const SLACK_BYTES: usize = 1 << 20;

#[tokio::test]
async fn heads_that_trickle_in_are_cut_off_and_cost_little() {
    // Longer than a head may take.
    const BYTES: usize = 44;
    let siege = Siege::lay("").await;
    let slowly = async |number: usize| {
        let mut eve = Raw::tcp(siege.house.address).await;
        eve.send(format!("GET /connection/websocket HTTP/1.1\r\nHost: here\r\nX-{number}: ").as_bytes())
            .await;
        for _ in 0..BYTES {
            sleep(Duration::from_millis(250)).await;
            eve.send(b"x").await;
        }
        assert_eq!(eve.end().await, b"", "there is no request to answer");
    };

    siege.withstands(CROWD, join_all((0..CROWD).map(slowly))).await;
}

#[tokio::test]
async fn million_continuations_of_nothing_cost_nothing() {
    const FRAMES: usize = 1_000_000;
    const AT_A_TIME: usize = 10_000;
    const UNFINISHED_TEXT: u8 = 0x01;
    const UNFINISHED_CONTINUATION: u8 = 0x00;
    const LAST_CONTINUATION: u8 = 0x80;
    let siege = Siege::lay("").await;
    let token = siege.house.token("eve");
    let endlessly = async {
        let mut eve = Raw::open(siege.house.address).await;
        eve.connect(&token).await;
        eve.send(&frame(UNFINISHED_TEXT, br#"{"id":2,"subscribe":"#)).await;
        let nothing = frame(UNFINISHED_CONTINUATION, b"").repeat(AT_A_TIME);
        for _ in 0..FRAMES / AT_A_TIME {
            eve.send(&nothing).await;
        }
        eve.send(&frame(LAST_CONTINUATION, br#"{"channel":"live:y"}}"#)).await;
        let (_, answer) = eve.next_frame().await.unwrap();
        assert!(answer.starts_with(br#"{"id":2,"subscribe":{"#), "{}", String::from_utf8_lossy(&answer));
    };

    siege.withstands(1, endlessly).await;
}

#[tokio::test]
async fn message_of_a_million_pieces_is_too_big_when_its_bytes_are() {
    const FRAMES: usize = 1_000_000;
    const AT_A_TIME: usize = 10_000;
    let siege = Siege::lay("").await;
    let token = siege.house.token("eve");
    let endlessly = async {
        let mut eve = Raw::open(siege.house.address).await;
        eve.connect(&token).await;
        eve.send(&frame(0x01, b"x")).await;
        let piece = frame(0x00, b"x").repeat(AT_A_TIME);
        for _ in 0..FRAMES / AT_A_TIME {
            eve.send(&piece).await;
        }
        assert_eq!(eve.close_code().await, 1009);
    };

    siege.withstands(1, endlessly).await;
}

#[tokio::test]
async fn heads_and_bodies_beyond_their_bounds_are_refused_before_they_are_kept() {
    const ENDLESS: usize = 4 << 20;
    let siege = Siege::lay("").await;
    let address = siege.house.address;
    let head = format!("GET / HTTP/1.1\r\nHost: here\r\nX-Long: {}", "x".repeat(ENDLESS));
    let body = format!(
        "POST /v1/channels/live:x/publish HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {API_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        1_u64 << 40,
        "x".repeat(ENDLESS)
    );
    let greedily = async |number: usize| {
        let mut eve = Raw::tcp(address).await;
        let (sent, status) = if number.is_multiple_of(2) { (&head, "431") } else { (&body, "413") };
        eve.send(sent.as_bytes()).await;
        let answer = eve.end().await;
        let answer = String::from_utf8_lossy(&answer);
        // Whoever goes on sending may find the line cut before the answer is read.
        assert!(answer.is_empty() || answer.split(' ').nth(1) == Some(status), "{status}: {answer}");
    };

    siege.withstands(CROWD, join_all((0..CROWD).map(greedily))).await;
}

#[tokio::test]
async fn flood_from_one_address_is_refused_with_429_and_others_come_in() {
    let siege = Siege::lay("[server]\naddress_connections_max = 50").await;
    let address = siege.house.address;
    let flood = async {
        let mut inside = Vec::new();
        let mut refused = 0;
        for _ in 0..CROWD {
            let mut eve = Raw::tcp(address).await;
            let upgrade = "GET /connection/websocket HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\n\
                Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
            eve.send(upgrade.as_bytes()).await;
            let answer = eve.head().await;
            match answer.split(' ').nth(1) {
                Some("101") => inside.push(eve),
                Some("429") => refused += 1,
                other => assert_eq!(other, None, "{answer}"),
            }
        }
        // One place is the neighbour's, who comes from the same address.
        assert_eq!(inside.len(), 49);
        assert!(refused > 0);
        let mut elsewhere = Raw::open_from(Ipv4Addr::new(127, 0, 0, 99), address).await;
        elsewhere.connect(&siege.house.token("bob")).await;
    };

    siege.withstands(CROWD, flood).await;
}

/// Some attacks are over before anybody could have noticed.
const WATCHED_AT_LEAST: Duration = Duration::from_millis(500);

/// A house under siege, one at a time in this process.
struct Siege {
    house: House,
    _alone: MutexGuard<'static, ()>,
}

impl Siege {
    async fn lay(toml: &str) -> Self {
        let alone = ALONE.lock().await;
        Self { house: House::with(toml).await, _alone: alone }
    }

    /// While that goes on, a neighbour hears everything and the heap hardly grows; afterwards everybody is served.
    async fn withstands(&self, crowd: usize, attack: impl Future) {
        let mut neighbour = Neighbour::of(&self.house, "live:x").await;
        let before = HEAP.live_bytes();
        let mut most = 0;
        let watched = async {
            tokio::select! {
                _ = async { tokio::join!(attack, sleep(WATCHED_AT_LEAST)) } => {}
                () = async { loop {
                    most = most.max(HEAP.live_bytes().saturating_sub(before));
                    sleep(Duration::from_millis(5)).await;
                } } => {}
            }
        };

        neighbour.chats_during(&self.house, watched).await;

        assert!(most < crowd * COST_BYTES_MAX + SLACK_BYTES, "{most} bytes for {crowd}");
        assert_eq!(self.house.get("/livez").await.0, 200);
    }
}
