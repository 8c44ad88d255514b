//! The long run, for `make soak`: the same storms, mobs and hostile bytes as in the other suites, larger and longer.

use std::time::Duration;

use ports::time::Clock as _;
use system::SystemClock;
use tokio::sync::Mutex;
use tokio::time::Instant;
use wigwag_tests::fuzz::TARGETS;
use wigwag_tests::heap::Counting;
use wigwag_tests::house::House;
use wigwag_tests::mob::{MIXED_MOB_RULES, MOB_RULES, settled_bytes, visit, visit_mixed};
use wigwag_tests::sim::run_seeds;
use wigwag_tests::storm::{MIXED_RULES, Storm};

#[global_allocator]
static HEAP: Counting = Counting::new();

/// Heap and processors are shared, so only one of these runs at a time.
static TURN: Mutex<()> = Mutex::const_new(());

#[test]
fn twenty_thousand_simulated_worlds_keep_every_promise() {
    let _turn = TURN.blocking_lock();

    run_seeds(0..20_000).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn minute_of_hostile_bytes_for_each_reader_breaks_no_promise() {
    const MINUTE: Duration = Duration::from_secs(60);
    let _turn = TURN.blocking_lock();
    let seed = SystemClock::new().now().as_millis();
    println!("seed of the hostile bytes: {seed}");

    for target in &TARGETS {
        let begin = Instant::now();
        target.run(seed, |_| begin.elapsed() < MINUTE);
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn great_storm_of_all_dialects_and_differences_leaves_everything_readable() {
    let _turn = TURN.lock().await;
    let house = House::with(MIXED_RULES).await;
    let storm =
        Storm { clients: 1_000, drops: 50, channels: 10, rate: 200, calm: Duration::from_millis(2_400) };

    let aftermath = storm.blow_mixed(&house).await;

    println!("0 lost, 0 doubled, 0 undecodable: {aftermath:?}");
    assert!(aftermath.recovered == 1_000 * 50, "{aftermath:?}");
    assert!(aftermath.patched * 3 > aftermath.heard, "{aftermath:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_mixed_mobs_leave_a_flat_heap() {
    const MOB: usize = 400;
    const MOBS: usize = 20;
    // Buffers and tables of HTTP breathe by some ten thousand bytes. Whatever a guest leaves behind is no smaller than
    // this, and adds up to more.
    const SMALLEST_LEAK_BYTES: usize = 32;
    let _turn = TURN.lock().await;
    let house = House::with(MIXED_MOB_RULES).await;
    let mut readings = Vec::new();
    visit_mixed(&house, 2 * MOB).await;

    for _ in 0..MOBS {
        visit_mixed(&house, MOB).await;
        readings.push(settled_bytes(&HEAP).await);
    }

    println!("live bytes after each mixed mob: {readings:?}");
    let (first, second) = readings.split_at(MOBS / 2);
    let (before, after) = (median(first), median(second));
    let guests_between = MOBS / 2 * MOB;
    assert!(after < before + guests_between * SMALLEST_LEAK_BYTES, "{before} to {after}: {readings:?}");
}

fn median(readings: &[usize]) -> usize {
    let mut readings = readings.to_vec();
    readings.sort_unstable();
    readings.get(readings.len() / 2).copied().unwrap_or_default()
}
