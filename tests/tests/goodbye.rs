//! How conversations end, and what a client that talks too much may cost its neighbours.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use wigwag_tests::house::House;
use wigwag_tests::raw::{CLOSE, Raw, TEXT, frame};

const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

#[tokio::test]
async fn socket_is_closed_as_soon_as_both_have_said_goodbye() {
    let house = House::start().await;
    let mut polite = Raw::open(house.address).await;
    polite.connect(&house.token("polite")).await;
    let begun = Instant::now();

    polite.send(&frame(CLOSE, &1000_u16.to_be_bytes())).await;

    assert_eq!(polite.close_code().await, 1000);
    assert_eq!(polite.end().await, b"");
    // The server waits up to five seconds for clients that owe it a close frame; this one does not.
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    house.is_empty().await;
}

#[tokio::test]
async fn codes_of_ours_mean_nothing_special_in_a_client_s_mouth() {
    let house = House::start().await;
    for code in [3000_u16, 3008] {
        let mut odd = Raw::open(house.address).await;

        odd.send(&frame(CLOSE, &code.to_be_bytes())).await;

        assert_eq!(odd.close_code().await, code);
    }
}

#[tokio::test]
async fn nothing_after_a_close_frame_is_carried_out() {
    let house = House::start().await;
    let mut hasty = Raw::open(house.address).await;
    hasty.connect(&house.token("hasty")).await;
    let publish = |id: u32, text: &str| {
        let command = json!({ "id": id, "publish": { "channel": "live:x", "data": text } });
        frame(TEXT, command.to_string().as_bytes())
    };
    let mut ear = house.client("ear").await;
    ear.subscribe("live:x").await;

    let bytes = [publish(7, "before"), frame(CLOSE, &1000_u16.to_be_bytes()), publish(8, "after")].concat();
    hasty.send(&bytes).await;

    assert_eq!(hasty.close_code().await, 1000);
    house.publish("live:x", json!("end")).await;
    ear.expects("before").await;
    ear.expects("end").await;
}

#[tokio::test]
async fn huge_message_is_answered_with_1009_and_no_reset() {
    let house = House::start().await;
    for megabytes in [1, 20] {
        let mut huge = Raw::open(house.address).await;
        huge.connect(&house.token("huge")).await;

        huge.send(&frame(TEXT, &vec![b'x'; megabytes << 20])).await;

        assert_eq!(huge.close_code().await, 1009, "{megabytes} MB");
    }
}

#[tokio::test]
async fn noise_after_a_bad_frame_costs_nobody_the_goodbye() {
    const NOISE_BYTES: usize = 200_000;
    let house = House::start().await;
    let bad = [frame(0xF1, b"oops"), vec![b'x'; NOISE_BYTES]].concat();
    for attempt in 0..50 {
        let mut broken = Raw::open(house.address).await;
        broken.connect(&house.token("broken")).await;

        broken.send(&bad).await;

        assert_eq!(broken.close_code().await, 1002, "attempt {attempt}");
        assert!(broken.is_parted_from().await, "attempt {attempt} ended with a reset");
    }
}

#[tokio::test]
async fn of_many_pings_at_once_the_latest_is_answered() {
    let house = House::start().await;
    let mut eager = Raw::open(house.address).await;

    let pings: Vec<u8> = (0..1_000).flat_map(|number| frame(PING, format!("{number}").as_bytes())).collect();
    eager.send(&pings).await;

    loop {
        let (first, payload) = eager.next_frame().await.unwrap();
        assert_eq!(first, PONG);
        if payload == b"999" {
            break;
        }
    }
}

#[tokio::test]
async fn newcomer_is_served_while_a_busy_channel_is_worked_off() {
    let house = House::with("[server]\nshards = 1").await;
    let mut listeners = Vec::new();
    for number in 0..200 {
        let mut listener = Raw::open(house.address).await;
        listener.connect(&house.token(&format!("listener-{number}"))).await;
        listener.say(&json!({ "id": 2, "subscribe": { "channel": "live:busy" } }).to_string()).await;
        listeners.push(listener);
    }
    let mut busy = Raw::open(house.address).await;
    busy.connect(&house.token("busy")).await;
    let burst: Vec<u8> = (0..10_000_u32)
        .flat_map(|number| {
            let publish = json!({ "id": number + 10, "publish": { "channel": "live:busy", "data": number } });
            frame(TEXT, publish.to_string().as_bytes())
        })
        .collect();
    let mut last = listeners.pop().unwrap();
    let sending = tokio::spawn(async move {
        busy.send(&burst).await;
        busy
    });
    last.next_frame().await.unwrap();
    let begun = Instant::now();
    house.client("newcomer").await;
    let served_after = begun.elapsed();
    while !String::from_utf8_lossy(&last.next_frame().await.unwrap().1).contains("\"data\":9999,") {}
    let done_after = begun.elapsed();
    let _busy = sending.await.unwrap();

    // Two million messages take a while; who comes meanwhile is not kept waiting for all of them.
    assert!(
        served_after < done_after * 3 / 4,
        "served after {served_after:?}, all done after {done_after:?}"
    );
}
