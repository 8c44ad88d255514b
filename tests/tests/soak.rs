//! The long run, for `make soak`: the same storms, mobs and hostile bytes as in the other suites, larger and longer.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this is how a test speaks and fails"
)]

use std::time::Duration;

use ports::time::Clock as _;
use serde_json::json;
use system::SystemClock;
use tokio::sync::Mutex;
use tokio::time::Instant;
use wigwag_tests::fuzz::TARGETS;
use wigwag_tests::heap::Counting;
use wigwag_tests::house::House;
use wigwag_tests::mob::{MIXED_MOB_RULES, MOB_RULES, settled_bytes, visit, visit_mixed};
use wigwag_tests::patience::within;
use wigwag_tests::report::Report;
use wigwag_tests::sim::run_seeds;
use wigwag_tests::storm::{MIXED_RULES, Storm};
use wigwag_tests::turnstile::pass;

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

/// So many unless `WIGWAG_SOAK_CYCLES` says otherwise.
const CYCLES: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn million_visits_leave_nothing_behind() {
    const TIME_MAX: Duration = Duration::from_secs(30 * 60);
    let _turn = TURN.lock().await;
    let cycles = std::env::var("WIGWAG_SOAK_CYCLES").map_or(CYCLES, |cycles| cycles.parse().unwrap());

    tokio::time::timeout(TIME_MAX, visits_leave_nothing_behind(cycles)).await.unwrap();
}

/// Visitors at a time. The first tenth comes in a larger crowd, so that tables have the size that they will ever need: they
/// keep it, and at more than half of it may double at any time.
const ABREAST: usize = 200;

async fn visits_leave_nothing_behind(cycles: usize) {
    let mut house = House::reporting("").await;
    let begin = Instant::now();
    pass(&house, 0..cycles / 10, 4 * ABREAST).await;
    let warm = rest(&mut house).await;
    println!("after {} visits in {:?}: {warm:?}", cycles / 10, begin.elapsed());
    pass(&house, cycles / 10..cycles / 2, ABREAST).await;
    let half = rest(&mut house).await;
    println!("after {} visits in {:?}: {half:?}", cycles / 2, begin.elapsed());
    pass(&house, cycles / 2..cycles, ABREAST).await;
    let end = rest(&mut house).await;
    println!("after {cycles} visits in {:?}: {end:?}", begin.elapsed());

    assert!(end.live_bytes.abs_diff(warm.live_bytes) * 100 <= warm.live_bytes, "the heap");
    assert!(end.live_blocks * 100 <= warm.live_blocks * 101, "blocks on the heap");
    assert!(end.resident_kib_max * 100 <= half.resident_kib_max * 105, "resident memory");
    assert_eq!((end.descriptors, end.tasks), (warm.descriptors, warm.tasks));
    let info = house.api("info", json!({})).await.unwrap();
    assert_eq!(info["nodes"][0]["num_clients"], 0, "{info}");
}

/// The middle one of several reports once everybody has left.
async fn rest(house: &mut House) -> Report {
    const READINGS: usize = 15;
    const PAUSE: Duration = Duration::from_millis(100);
    let empties = async {
        loop {
            let report = house.report().await;
            if report.sessions == 0 && report.connections == 0 {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    within("everybody has left", empties).await;
    let mut readings = Vec::new();
    for _ in 0..READINGS {
        tokio::time::sleep(PAUSE).await;
        readings.push(house.report().await);
    }
    readings.sort_unstable_by_key(|report| report.live_bytes);
    readings[READINGS / 2]
}

fn median(readings: &[usize]) -> usize {
    let mut readings = readings.to_vec();
    readings.sort_unstable();
    readings.get(readings.len() / 2).copied().unwrap_or_default()
}
