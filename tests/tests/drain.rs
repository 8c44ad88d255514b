//! The planned stop of the real binary with thousands of connections.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use wigwag_tests::house::House;
use wigwag_tests::raw::{CLOSE, Raw, frame};

const CONNECTIONS: usize = 5_000;
const DRAIN: Duration = Duration::from_secs(3);
const LAST_WORDS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_process_sees_everybody_off_in_time_and_evenly() {
    let mut house = House::binary("[server]\ndrain_time = \"3s\"\n[client]\nping_interval = \"1h\"").await;
    let guests = arrive(&house).await;
    for number in 0..LAST_WORDS {
        house.publish("live:all", json!(number)).await;
    }

    let begin = Instant::now();
    house.terminate().await;
    assert!(is_closed_to_newcomers(&house, begin).await);

    let mut ends = Vec::new();
    for guest in guests {
        ends.push(guest.await.unwrap());
    }
    let status = house.exit_status().await;
    let took = begin.elapsed();

    assert!(status.success(), "{status}");
    assert!(took <= DRAIN + Duration::from_secs(8), "the process took {took:?}");
    let unserved = ends.iter().filter(|end| end.heard != LAST_WORDS).count();
    assert_eq!(unserved, 0, "some missed what was queued for them");
    assert_eq!(ends.iter().filter(|end| end.code != 3001).count(), 0);
    let (tenths, last) = (by_tenth(&ends), ends.iter().map(|end| end.at).max().unwrap() - begin);
    println!("closes by tenth: {tenths:?}, the last after {last:?}, the end after {took:?}");
    assert!(tenths.iter().all(|count| count * 4 <= CONNECTIONS), "{tenths:?}");
    assert!(last >= DRAIN.mul_f64(0.7), "the last after {last:?}");
}

struct End {
    heard: usize,
    code: u16,
    at: Instant,
}

/// Everybody is connected and subscribed when this returns.
async fn arrive(house: &House) -> Vec<JoinHandle<End>> {
    const AT_ONCE: usize = 100;
    let mut guests = Vec::new();
    for group in 0..CONNECTIONS / AT_ONCE {
        let numbers = 0..AT_ONCE;
        let arriving = numbers.map(|number| {
            let token = house.token(&format!("user-{group}-{number}"));
            enter(house.address, token)
        });
        guests.extend(join_all(arriving).await.into_iter().map(|guest| tokio::spawn(stay(guest))));
    }
    guests
}

async fn enter(address: SocketAddr, token: String) -> Raw {
    let mut guest = Raw::open(address).await;
    guest.connect(&token).await;
    guest.say(r#"{"id":2,"subscribe":{"channel":"live:all"}}"#).await;
    guest.next_frame().await;
    guest
}

async fn stay(mut guest: Raw) -> End {
    let (mut heard, mut code) = (0, 0);
    while let Some((first, payload)) = guest.next_frame_ever().await {
        if first == CLOSE {
            code = payload.first_chunk().map_or(0, |code| u16::from_be_bytes(*code));
            break;
        }
        heard += payload.split(|byte| *byte == b'\n').filter(|line| line.starts_with(br#"{"push""#)).count();
    }
    let at = Instant::now();
    guest.send(&frame(CLOSE, &code.to_be_bytes())).await;
    End { heard, code, at }
}

/// Not ready and no upgrades, soon after the signal.
async fn is_closed_to_newcomers(house: &House, begin: Instant) -> bool {
    const AT_ONCE: Duration = Duration::from_secs(2);
    while house.get("/readyz").await.0 != 503 {
        if begin.elapsed() > AT_ONCE {
            return false;
        }
    }
    let refused = house.knock("/connection/websocket", &[]).await;
    refused.status() == 503 && house.get("/livez").await.0 == 200
}

/// How many connections were closed in each tenth of the drain time.
fn by_tenth(ends: &[End]) -> [usize; 10] {
    let first = ends.iter().map(|end| end.at).min();
    let mut tenths = [0; 10];
    for end in ends {
        let since_first = first.map_or(Duration::ZERO, |first| end.at - first);
        let tenth = since_first.as_millis() * 10 / DRAIN.as_millis();
        if let Some(count) = tenths.get_mut(usize::try_from(tenth).unwrap_or(9).min(9)) {
            *count += 1;
        }
    }
    tenths
}
