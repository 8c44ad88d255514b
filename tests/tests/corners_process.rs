//! Corners of whole processes: hostile lengths, shutdown, a process that stands still (7, 36, 40).
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};
use wigwag_tests::client::{Client, Manners, Way};
use wigwag_tests::house::House;
use wigwag_tests::in_each;
use wigwag_tests::wire::varint;

in_each!(
    [json: Json, protobuf: Protobuf, sse: Sse]
    corner_36_shutdown_sees_everybody_off_with_what_was_queued,
);

/// What is wrong, and the bytes.
fn hostile_frames() -> Vec<(&'static str, Vec<u8>)> {
    const TWO_GIB: u64 = 2 << 30;
    let field = |tag: u8, length: u64| [vec![tag], varint(length)].concat();
    let message = |body: Vec<u8>| [varint(body.len() as u64), body].concat();
    let connect = |body: Vec<u8>| message([vec![0x08, 1], field(0x22, body.len() as u64), body].concat());
    vec![
        ("nothing at all", vec![]),
        ("a message of 2 GiB", [varint(TWO_GIB), vec![0x08, 0x01]].concat()),
        ("a message of all bytes there are", varint(u64::MAX)),
        ("a message cut short", vec![0x04, 0x08, 0x01, 0x22]),
        ("half a length", vec![0x84]),
        ("a length of eleven bytes", [vec![0x80; 10], vec![0x01]].concat()),
        ("an endless length", vec![0xff; 1_000]),
        ("a field of 2 GiB", message([vec![0x08, 1], field(0x22, TWO_GIB)].concat())),
        ("a token of 2 GiB", connect(field(0x0a, TWO_GIB))),
        ("a token that is no text", connect(vec![0x0a, 1, 0xff])),
        ("an unknown kind of field", message(vec![0x0f, 0x00])),
        ("a group that never ends", message(vec![0x0b, 0x0b, 0x0b])),
        ("field number zero", message(vec![0x02, 0x00])),
    ]
}

#[tokio::test]
async fn corner_07_hostile_lengths_end_the_connection_and_take_no_memory() {
    const SPARED: u64 = 1 << 30;
    let house = House::binary("").await;
    let before = peak_bytes(&house);

    for (fault, bytes) in hostile_frames() {
        let mut early = house.stranger_by(Way::Protobuf).await;
        early.send_bytes(bytes.clone());
        assert_eq!(early.close_code().await, 3501, "{fault}, at once");
        let mut late = house.client_by(Way::Protobuf, "eve").await;
        late.send_bytes(bytes);
        assert_eq!(late.close_code().await, 3501, "{fault}, later");
    }

    let after = peak_bytes(&house);
    assert!(after < before + SPARED, "{before} bytes became {after}");
    house.client_by(Way::Protobuf, "bob").await.subscribe("room").await;
}

#[tokio::test]
async fn corner_07_commands_before_a_hostile_length_are_carried_out() {
    let house = House::start().await;
    let mut ann = house.client("ann").await;
    ann.subscribe("live:x").await;
    let mut eve = house.client_by(Way::Protobuf, "eve").await;
    let publish = |data: &str| json!({ "id": 7, "publish": { "channel": "live:x", "data": data } });
    let frame = |data: &str| Way::Protobuf.dialect().frame(&[publish(data)]).into_bytes();

    eve.send_bytes([frame("before"), varint(2 << 30), frame("behind")].concat());

    assert_eq!(eve.close_code().await, 3501);
    ann.expects("before").await;
    assert_eq!(ann.pushes_so_far().await.len(), 0);
}

/// The most memory, mapped or not, that the process ever had.
fn peak_bytes(house: &House) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

async fn corner_36_shutdown_sees_everybody_off_with_what_was_queued(way: Way) {
    const SOCKETS: usize = 200;
    const LAST_WORDS: usize = 3;
    const AT_LATEST: Duration = Duration::from_secs(10);
    let house = House::with("[server]\ndrain_time = \"1s\"").await;
    let mut clients = join_all((0..SOCKETS).map(async |number| {
        let mut client = house.client_by(way, &format!("user-{number}")).await;
        client.subscribe("live:all").await;
        client
    }))
    .await;
    for number in 0..LAST_WORDS {
        house.publish("live:all", json!(number)).await;
    }

    let begin = Instant::now();
    let (ends, ()) = tokio::join!(join_all(clients.iter_mut().map(end)), house.stop());

    assert!(begin.elapsed() < AT_LATEST, "{:?}", begin.elapsed());
    assert_eq!(ends, vec![(3001, LAST_WORDS); SOCKETS]);
}

/// Its close code, and how many publications came before.
async fn end(client: &mut Client) -> (u16, usize) {
    let last_words = client.last_words().await;
    let heard = last_words.iter().filter(|message| message.pointer("/push/pub").is_some()).count();
    (client.close_code().await, heard)
}

#[tokio::test]
async fn corner_40_process_that_stood_still_expires_nobody() {
    const STANDSTILL: Duration = Duration::from_secs(3);
    // No interval may be shorter than a second, and no pong timeout as long as the interval.
    let rules =
        "[client]\nping_interval = \"1100ms\"\npong_timeout = \"1s\"\nposition_check_interval = \"1s\"";
    let house = House::binary(rules).await;
    let mut clients = Vec::new();
    for number in 0..20 {
        let mut client = house.client(&format!("user-{number}")).await;
        client.subscribe("room").await;
        clients.push(client);
    }
    // Some have been pinged and some have not.
    sleep(Duration::from_millis(500)).await;

    house.signal("STOP").await;
    sleep(STANDSTILL).await;
    house.signal("CONT").await;

    house.publish("room", json!("awake")).await;
    for client in &mut clients {
        client.hears_pings(2).await;
        client.expects("awake").await;
        assert_eq!(client.closed(), None);
    }
    // Those that do not answer are noticed as before.
    let mut mute = Client::open(house.address, Manners::NeverAnswers).await;
    mute.connect(&house.token("mute")).await.unwrap();
    assert_eq!(mute.close_code().await, 3012);
}
