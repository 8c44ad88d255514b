//! A mixed mob: guests by every way, who read differences or choose by tags, come back for what they missed, and leave in
//! whatever manner.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{NO_PONG, is_deserted};
use crate::client::{Client, Manners, Way};
use crate::house::House;

/// Configuration that a house needs for a mixed mob: pings that come soon, and streams that keep little, so that what
/// they keep is the same after each mob.
pub const MIXED_MOB_RULES: &str = r#"
[client]
ping_interval = "3s"
pong_timeout = "2s"

[[namespace]]
name = "mixed"
allow_subscribe_for_client = true
history_size = 3
history_ttl = "5m"
force_recovery = true
allowed_delta_types = ["fossil"]
delta_publish = true
allow_tags_filter = true
"#;

/// The code for those who introduce themselves twice.
const BAD_REQUEST: u16 = 3501;
const CHANNELS: usize = 7;
/// Messages in each channel while the mob is there, every second of which has the tag that some choose.
const MESSAGES: usize = 6;
const WAYS: [Way; 5] = [Way::Json, Way::Protobuf, Way::HttpStreamJson, Way::HttpStreamProtobuf, Way::Sse];

/// One of the mob. Every sixty in a row are all different.
struct Guest {
    number: usize,
    channel: String,
    client: Client,
    epoch: Value,
}

/// How somebody leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    /// The line is cut.
    Silently,
    /// The line is cut, and somebody returns to it, and it is cut again.
    Twice,
    /// By saying what must not be said.
    Rudely,
    /// By never answering a ping.
    Mutely,
}

/// Lets so many guests in, publishes to them all, and returns when the house is empty again.
pub async fn visit_mixed(house: &House, size: usize) {
    const AT_ONCE: usize = 100;
    let mut inside = Vec::new();
    for some in Vec::from_iter(0..size).chunks(AT_ONCE) {
        inside.extend(join_all(some.iter().map(|number| Guest::enters(house, *number))).await);
    }
    let mut top = 0;
    for message in 0..MESSAGES {
        for room in 0..CHANNELS {
            top = publish(house, &format!("mixed:{room}"), message).await;
        }
    }
    join_all(inside.iter_mut().map(Guest::listens)).await;
    join_all(inside.into_iter().map(|guest| guest.leaves(house, top))).await;
    is_deserted(house).await;
}

/// Publishes the next message into a channel; returns its offset, which grows alike in all channels.
async fn publish(house: &House, channel: &str, message: usize) -> u64 {
    let text = format!("берег берёг берег берёг, message {message}, берег берёг берег берёг");
    let kind = if message.is_multiple_of(2) { "even" } else { "odd" };
    let params = json!({ "channel": channel, "data": text, "tags": { "kind": kind } });
    let result = house.api("publish", params).await.unwrap_or_else(|code| panic!("refused with {code}"));
    result["offset"].as_u64().unwrap()
}

impl Guest {
    async fn enters(house: &House, number: usize) -> Self {
        let manners =
            if leaving(number) == Leaving::Mutely { Manners::NeverAnswers } else { Manners::Answers };
        let mut client = Client::open_in(WAYS[number % 5], house.address, manners).await;
        client.connect(&house.token(&format!("user-{number}"))).await.unwrap();
        let channel = format!("mixed:{}", number % CHANNELS);
        let reply = client.ask("subscribe", wish(number, &channel)).await.unwrap();
        Self { number, channel, client, epoch: reply["epoch"].clone() }
    }

    /// Hears all that was meant for it.
    async fn listens(&mut self) {
        if leaving(self.number) == Leaving::Mutely {
            return;
        }
        let count = if chooses(self.number) { MESSAGES / 2 } else { MESSAGES };
        for _ in 0..count {
            self.client.publication().await;
        }
    }

    async fn leaves(mut self, house: &House, top: u64) {
        match leaving(self.number) {
            Leaving::Silently => {}
            Leaving::Twice => {
                drop(self.client);
                let way = WAYS[self.number % 5];
                let mut client = house.client_by(way, &format!("user-{}", self.number)).await;
                let mut wish = wish(self.number, &self.channel);
                wish["recover"] = json!(true);
                wish["epoch"] = self.epoch;
                wish["offset"] = json!(top - 2);
                let reply = client.ask("subscribe", wish).await.unwrap();
                assert_eq!(reply["recovered"], true, "{reply}");
            }
            Leaving::Rudely => {
                self.client.tell(&[json!({ "id": 9, "connect": {} })]);
                assert_eq!(self.client.close_code().await, BAD_REQUEST);
            }
            Leaving::Mutely => assert_eq!(self.client.close_code().await, NO_PONG),
        }
    }
}

fn leaving(number: usize) -> Leaving {
    match number / 15 % 4 {
        0 => Leaving::Silently,
        1 => Leaving::Twice,
        2 => Leaving::Rudely,
        _ => Leaving::Mutely,
    }
}

/// Whether it hears only what has a certain tag.
fn chooses(number: usize) -> bool {
    number / 5 % 3 == 1
}

/// What a guest subscribes with: differences, a choice by tags, or neither.
fn wish(number: usize, channel: &str) -> Value {
    match number / 5 % 3 {
        0 => json!({ "channel": channel, "delta": "fossil" }),
        1 => json!({ "channel": channel, "tf": { "key": "kind", "cmp": "eq", "val": "odd" } }),
        _ => json!({ "channel": channel }),
    }
}
