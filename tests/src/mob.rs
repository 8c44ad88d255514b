//! A mob: many clients at once, half of which misbehave, and all of which leave.

mod mixed;

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use crate::heap::Counting;
use crate::house::House;
use crate::patience::{PATIENCE, until_within};
use crate::raw::{CLOSE, Raw, TEXT, frame, header};

pub use self::mixed::{MIXED_MOB_RULES, visit_mixed};

/// Configuration that a house needs for a mob: pings that come soon, and a small queue.
pub const MOB_RULES: &str = "[client]\nping_interval = \"2s\"\npong_timeout = \"1s\"\nstale_timeout = \"1s\"\nqueue_bytes_max = \"64 KiB\"";

/// Lets so many clients in, in crowds of this size, each with a way of its own to behave, and returns when the house is
/// empty again.
///
/// Tables keep the size that the largest crowd needed, and at more than half of it they may double at any time, to make
/// room among what was removed. So what is left on the heap can be compared after a crowd twice as large has been there.
pub async fn visit(house: &House, size: usize, crowd: usize) {
    let numbers = Vec::from_iter(0..size);
    for some in numbers.chunks(crowd) {
        // All are inside before the first one leaves, and nothing of them is left when others come: every crowd is of the
        // same size, and so are the tables that it needs.
        let inside = join_all(some.iter().map(|number| enter(house, *number))).await;
        join_all(inside.into_iter().zip(some).map(|(client, number)| behave(client, *number))).await;
        is_deserted(house).await;
    }
}

/// Returns when no session, channel or socket of any client is left in the house.
pub async fn is_deserted(house: &House) {
    house.is_empty().await;
    let shards = || house.node().services.hub().shards().iter().map(|shard| shard.load()).sum::<usize>();
    until_within(PATIENCE, "all sockets are closed", || shards() == 0).await;
}

/// The middle one of several readings of the heap, once it has come to rest.
pub async fn settled_bytes(heap: &Counting) -> usize {
    const READINGS: usize = 15;
    const PAUSE: Duration = Duration::from_millis(100);
    let mut readings = Vec::new();
    for _ in 0..READINGS {
        sleep(PAUSE).await;
        readings.push(heap.live_bytes());
    }
    readings.sort_unstable();
    readings.get(READINGS / 2).copied().unwrap_or_default()
}

async fn enter(house: &House, number: usize) -> Raw {
    let mut client = Raw::open(house.address).await;
    if number % 10 == NEVER_CONNECTS {
        return client;
    }
    client.connect(&house.token(&format!("user-{number}"))).await;
    let stream = format!("few:{}", number % 7);
    for (id, channel) in [(2, stream.as_str()), (3, "hall:x"), (4, &format!("live:{number}"))] {
        client.say(&format!(r#"{{"id":{id},"subscribe":{{"channel":"{channel}"}}}}"#)).await;
        client.next_frame().await;
    }
    // A stream that keeps little, so that what it keeps is the same after each mob.
    client.say(&format!(r#"{{"id":5,"publish":{{"channel":"{stream}","data":"hello"}}}}"#)).await;
    client
}

/// The last digit of those who are silent from the beginning.
const NEVER_CONNECTS: usize = 9;

async fn behave(mut client: Raw, number: usize) {
    match number % 10 {
        NEVER_CONNECTS => assert_eq!(client.close_code().await, 3502),
        0..4 => client.is_told(1000, &frame(CLOSE, &1000_u16.to_be_bytes())).await,
        // Never answers a ping.
        4 => assert_eq!(client.close_code().await, NO_PONG),
        // Goes without a word.
        5 => {}
        6 => client.is_told(3501, &frame(TEXT, b"oops")).await,
        7 => client.is_told(1002, &frame(0xF1, b"oops")).await,
        // Goes in the middle of a frame.
        _ => client.send(&[header(TEXT, 60_000), vec![0; 10_000]].concat()).await,
    }
}

/// The code for those whose time is up; nobody in a mob answers pings.
const NO_PONG: u16 = 3012;

impl Raw {
    /// Sends something and is closed with this code, unless the machine was so busy that the next ping is overdue.
    async fn is_told(&mut self, code: u16, bytes: &[u8]) {
        self.send(bytes).await;
        let told = self.close_code().await;
        assert!(told == code || told == NO_PONG, "closed with {told} instead of {code}");
    }
}
