//! Clients that lose their connections again and again while messages flow miss nothing.

use std::time::Duration;

use wigwag_tests::house::House;
use wigwag_tests::storm::Storm;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_has_every_message_once_and_in_order_after_a_storm() {
    let house = House::start().await;
    let storm = Storm { clients: 500, drops: 20, channels: 5, rate: 200, calm: Duration::from_millis(1_200) };

    let aftermath = storm.blow(&house).await;

    println!("{aftermath:?}");
    assert!(aftermath.published.iter().all(|count| *count > 0), "{aftermath:?}");
    assert!(aftermath.recovered == 500 * 20 && aftermath.caught_up > 0, "{aftermath:?}");
}
