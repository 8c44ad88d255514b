//! Clients that lose their connections again and again while messages flow miss nothing.

use std::time::Duration;

use tokio::sync::Mutex;
use wigwag_tests::house::House;
use wigwag_tests::storm::{MIXED_RULES, Storm};

/// One storm at a time: two would be weather that nobody ordered.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_has_every_message_once_and_in_order_after_a_storm() {
    let _turn = TURN.lock().await;
    let house = House::start().await;
    let storm = Storm { clients: 500, drops: 20, channels: 5, rate: 200, calm: Duration::from_millis(1_200) };

    let aftermath = storm.blow(&house).await;

    println!("{aftermath:?}");
    assert!(aftermath.published.iter().all(|count| *count > 0), "{aftermath:?}");
    assert!(aftermath.recovered == 500 * 20 && aftermath.caught_up > 0, "{aftermath:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_can_read_every_message_after_a_storm_of_all_dialects_and_differences() {
    let _turn = TURN.lock().await;
    let house = House::with(MIXED_RULES).await;
    let storm = Storm { clients: 200, drops: 20, channels: 5, rate: 150, calm: Duration::from_millis(700) };

    let aftermath = storm.blow_mixed(&house).await;

    println!("0 lost, 0 doubled, 0 undecodable: {aftermath:?}");
    assert!(aftermath.recovered == 200 * 20 && aftermath.caught_up > 0, "{aftermath:?}");
    // Half of the clients read patches wherever a message is not the first of its subscription.
    assert!(aftermath.patched * 3 > aftermath.heard, "{aftermath:?}");
}
