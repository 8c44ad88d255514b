//! What a mob leaves behind on the heap: nothing.

use wigwag_tests::heap::Counting;
use wigwag_tests::house::House;
use wigwag_tests::mob::{MOB_RULES, settled_bytes, visit};

#[global_allocator]
static HEAP: Counting = Counting::new();

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_mob_leaves_the_heap_as_the_first_did() {
    const MOB: usize = 500;
    let house = House::with(MOB_RULES).await;

    visit(&house, MOB, 400).await;
    for _ in 0..6 {
        visit(&house, MOB, 250).await;
        println!("{}", settled_bytes(&HEAP).await);
    }
    let first = settled_bytes(&HEAP).await;
    visit(&house, MOB, 250).await;
    let second = settled_bytes(&HEAP).await;

    println!("live after the first mob: {first} bytes, after the second: {second} bytes");
    assert!(first.abs_diff(second) * 100 <= first, "{first} bytes became {second}");
}
