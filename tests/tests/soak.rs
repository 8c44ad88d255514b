//! The long run, for `make soak`: the same storms and mobs as in the other suites, larger and longer.

use std::time::Duration;

use tokio::sync::Mutex;
use wigwag_tests::heap::Counting;
use wigwag_tests::house::House;
use wigwag_tests::mob::{MOB_RULES, settled_bytes, visit};
use wigwag_tests::sim::run_seeds;
use wigwag_tests::storm::Storm;

#[global_allocator]
static HEAP: Counting = Counting::new();

/// Heap and processors are shared, so only one of these runs at a time.
static TURN: Mutex<()> = Mutex::const_new(());

#[test]
fn twenty_thousand_simulated_worlds_keep_every_promise() {
    let _turn = TURN.blocking_lock();

    run_seeds(0..20_000).unwrap_or_else(|failure| panic!("{failure}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn great_storm_costs_nobody_a_message() {
    let _turn = TURN.lock().await;
    let house = House::start().await;
    let storm =
        Storm { clients: 1_000, drops: 50, channels: 10, rate: 200, calm: Duration::from_millis(2_400) };

    let aftermath = storm.blow(&house).await;

    println!("{aftermath:?}");
    assert!(aftermath.recovered == 1_000 * 50, "{aftermath:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_mobs_leave_a_flat_heap() {
    const MOB: usize = 500;
    const MOBS: usize = 20;
    let _turn = TURN.lock().await;
    let house = House::with(MOB_RULES).await;
    let mut readings = Vec::new();
    visit(&house, MOB, MOB).await;

    for _ in 0..MOBS {
        visit(&house, MOB, MOB / 2).await;
        readings.push(settled_bytes(&HEAP).await);
    }

    println!("live bytes after each mob: {readings:?}");
    let (middle, end) = (readings[MOBS / 2], readings[MOBS - 1]);
    assert!(end.abs_diff(middle) * 100 <= middle, "{readings:?}");
}
