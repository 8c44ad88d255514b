//! What an idle connection weighs in a whole node, from its socket to its place in the channel.

use wigwag_tests::heap::Counting;
use wigwag_tests::house::House;
use wigwag_tests::mob::settled_bytes;
use wigwag_tests::raw::Raw;

#[global_allocator]
static HEAP: Counting = Counting::new();

/// Tables double. At these counts of connections all of them are equally full.
const WARM: usize = 500;
const MEASURED: usize = 1_500;
/// Bytes and blocks of one connection: token, one recoverable subscription, nothing under way.
const BYTES_MAX: usize = 1_400;
const BLOCKS_MAX: usize = 6;

/// The client's end lives in this process, too: its registration with the runtime and its buffer.
const CLIENT_BYTES: usize = 512;
const CLIENT_BLOCKS: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_is_a_few_small_blocks() {
    let house = House::with("[client]\nping_interval = \"10m\"").await;
    let mut inside = Vec::with_capacity(WARM + MEASURED);
    for number in 0..WARM {
        inside.push(enter(&house, number).await);
    }
    let (bytes, blocks) = (settled_bytes(&HEAP).await, HEAP.live_blocks());

    for number in WARM..WARM + MEASURED {
        inside.push(enter(&house, number).await);
    }

    let bytes = (settled_bytes(&HEAP).await - bytes) / MEASURED - CLIENT_BYTES;
    let tenths = (HEAP.live_blocks() - blocks) * 10 / MEASURED - CLIENT_BLOCKS * 10;
    println!("{bytes} bytes and {}.{} blocks per connection", tenths / 10, tenths % 10);
    assert!(bytes <= BYTES_MAX, "{bytes} bytes, at most {BYTES_MAX} were expected");
    assert!(tenths <= BLOCKS_MAX * 10, "{tenths} tenths of a block, at most {BLOCKS_MAX} were expected");
}

/// A connection that says no more.
async fn enter(house: &House, number: usize) -> Raw {
    let mut client = Raw::open(house.address).await;
    client.connect(&house.token(&format!("user-{number}"))).await;
    client.say(r#"{"id":2,"subscribe":{"channel":"few:shared"}}"#).await;
    client.next_frame().await;
    client
}
