//! What a mob leaves behind on the heap: nothing.

use wigwag_tests::heap::Counting;
use wigwag_tests::house::House;
use wigwag_tests::mob::{MOB_RULES, settled_bytes, visit};

#[global_allocator]
static HEAP: Counting = Counting::new();

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mob_leaves_the_heap_as_the_one_before_did() {
    const MOB: usize = 500;
    const CROWD: usize = MOB / 2;
    const MOBS_MAX: usize = 6;
    let house = House::with(MOB_RULES).await;
    visit(&house, MOB, MOB).await;
    visit(&house, MOB, CROWD).await;
    let mut readings = vec![settled_bytes(&HEAP).await];

    // What comes to rest late may need another round; a leak would grow each time.
    while readings.len() < MOBS_MAX {
        visit(&house, MOB, CROWD).await;
        let (before, after) = (readings[readings.len() - 1], settled_bytes(&HEAP).await);
        readings.push(after);
        if before.abs_diff(after) * 100 <= before {
            return println!("live bytes after each mob: {readings:?}");
        }
    }

    panic!("live bytes never settled within one percent: {readings:?}");
}
