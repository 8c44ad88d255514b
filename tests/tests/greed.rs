//! Strangers who send little and want much: what they cost is a small multiple of what they sent.

use std::time::Duration;

use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};
use wigwag_tests::heap::Counting;
use wigwag_tests::house::House;
use wigwag_tests::patience::{until, until_within};
use wigwag_tests::raw::{BINARY, Raw, frame};
use wigwag_tests::wire::{Dialect, Frame};

#[global_allocator]
static HEAP: Counting = Counting::new();

/// The allocator counts for all tests of this process: one at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// How many are greedy at a time.
const CROWD: usize = 20;
const FRAME_BYTES_MAX: usize = 64 * 1024;
/// What one of them may cost, who sends as much: buffers and books of both sides included.
const COST_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;
/// Sooner than anybody is parted with who does not answer.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn frame_of_unknown_requests_costs_little_while_its_sender_lingers() {
    const UNKNOWN: &[u8] = b"\x02\x08\x02";
    greedy_frames_cost_little(UNKNOWN).await;
}

#[tokio::test]
async fn frame_of_empty_commands_costs_little_while_its_sender_lingers() {
    const PING_COMMAND: &[u8] = b"\x04\x08\x02\x5a\x00";
    greedy_frames_cost_little(PING_COMMAND).await;
}

/// Strangers and guests alike: some are refused and read on for a while, some are closed and awaited.
async fn greedy_frames_cost_little(command: &[u8]) {
    let (house, _alone) = alone("").await;
    let greedy = |token: &str| {
        let connect = Dialect::Protobuf.frame(&[json!({ "id": 1, "connect": { "token": token } })]);
        let Frame::Bytes(mut bytes) = connect else { return Vec::new() };
        bytes.extend(command.repeat((FRAME_BYTES_MAX - bytes.len()) / command.len()));
        frame(BINARY, &bytes)
    };
    let greedy = [greedy(&house.token("eve")), greedy("")];
    let mut crowd = Vec::new();
    let before = HEAP.live_bytes();

    for greedy in greedy.iter().cycle().take(CROWD) {
        let mut eve = Raw::open_in(Dialect::Protobuf, house.address).await;
        eve.send(greedy).await;
        // The answer to connect, or the end: everything has been read.
        eve.next_frame().await;
        crowd.push(eve);
    }

    until_within(AT_ONCE, "nothing of it is kept", || cost(before) < COST_BYTES_MAX).await;
    drop(crowd);
}

#[tokio::test]
async fn bodies_in_chunks_of_a_byte_cost_no_more_than_whole_ones() {
    const HEAD: &str = "POST /emulation HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n";
    const CHUNK: &str = "1\r\nx\r\n";
    let (house, _alone) = alone("").await;
    let body = HEAD.to_owned() + &CHUNK.repeat(FRAME_BYTES_MAX - 1_000);
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(Raw::tcp(house.address).await);
    }
    let before = HEAP.live_bytes();
    let mut costs = Vec::new();

    let talk = async {
        for eve in &mut crowd {
            eve.send(body.as_bytes()).await;
        }
        for eve in &mut crowd {
            let answer = eve.end().await;
            assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));
        }
    };
    let watch = async {
        loop {
            costs.push(cost(before));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = talk => {}
        () = watch => {}
    }

    let most = costs.iter().max().unwrap();
    assert!(*most < COST_BYTES_MAX, "{most} bytes for each");
}

#[tokio::test]
async fn long_answers_to_those_who_do_not_read_stay_within_the_bound_of_the_node() {
    const PENDING_BYTES_MAX: usize = 16 << 20;
    const ITEM_BYTES: usize = 100_000;
    const ITEMS: usize = 80;
    let (house, _alone) = alone("[server]\npending_bytes_max = \"16 MiB\"").await;
    for _ in 0..ITEMS {
        house.publish("asked:x", json!("x".repeat(ITEM_BYTES))).await;
    }
    let pending = || house.node().services.pending.bytes();
    let mut deaf = Vec::new();

    for _ in 0..CROWD {
        let mut eve = Raw::open_narrow(house.address).await;
        eve.connect(&house.token("eve")).await;
        eve.say(r#"{"id":2,"subscribe":{"channel":"asked:x"}}"#).await;
        eve.next_frame().await;
        eve.say(r#"{"id":3,"history":{"channel":"asked:x","limit":-1}}"#).await;
        deaf.push(eve);
    }

    until("not all of them are served", || {
        assert!(pending() <= PENDING_BYTES_MAX, "{} bytes are queued", pending());
        house.node().counts().sessions < CROWD
    })
    .await;
    assert!(pending() <= PENDING_BYTES_MAX);
}

/// A house for one test at a time.
async fn alone(toml: &str) -> (House, MutexGuard<'static, ()>) {
    let alone = ALONE.lock().await;
    (House::with(toml).await, alone)
}

/// What each of the crowd costs by now.
fn cost(before: usize) -> usize {
    HEAP.live_bytes().saturating_sub(before) / CROWD
}
