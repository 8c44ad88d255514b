//! Corners of subscriptions: permissions, tokens, races, presence (10, 18 to 21, 23 to 25, 33).
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use wigwag_tests::client::{Client, Way};
use wigwag_tests::house::rooms::LISTS;
use wigwag_tests::house::{House, sub_grant};
use wigwag_tests::{in_both, in_every};

in_both!(
    corner_10_publications_that_race_a_subscription_come_exactly_once_and_in_order,
    corner_19_unsubscribe_of_the_server_racing_a_resubscribe_is_never_silent,
    corner_24_private_channel_is_closed_to_those_without_a_token,
    corner_25_listed_users_may_enter_and_nobody_else,
    channel_whose_name_does_not_match_is_refused,
    personal_channel_is_there_for_everybody_with_a_name,
    personal_channel_in_a_namespace_of_lists_is_closed_to_others,
    presence_survives_many_fast_resubscribes,
    sub_refresh_within_the_grace_comes_in_time,
);
in_every!(
    corner_18_hasty_subscribe_unsubscribe_subscribe_ends_subscribed_without_ghosts,
    corner_20_death_in_the_middle_of_a_subscribe_leaves_nothing_behind,
    corner_21_expired_subscription_token_ends_the_connection,
    corner_23_tokens_of_one_kind_are_none_of_the_other,
    corner_33_presence_that_is_off_is_not_available_rather_than_forbidden,
    back_end_subscribes_and_unsubscribes_a_connection_that_is_there,
    back_end_tells_of_another_expiry,
);

/// All rounds of one dialect together; both make ten thousand.
const RACING_ROUNDS: usize = 5_000;
const RACING_CHANNELS: usize = 4;
const RACERS_PER_CHANNEL: usize = 2;

async fn corner_10_publications_that_race_a_subscription_come_exactly_once_and_in_order(way: Way) {
    let house = House::with("[client]\nping_interval = \"1100ms\"\npong_timeout = \"1s\"").await;
    let over = Cell::new(false);
    let publish = join_all((0..RACING_CHANNELS).map(async |number| {
        let channel = format!("race-{number}");
        while !over.get() {
            house.publish(&channel, json!("x")).await;
        }
    }));
    let race = join_all((0..RACING_CHANNELS * RACERS_PER_CHANNEL).map(async |number| {
        let client = house.client_by(way, &format!("racer-{number}")).await;
        let mut racer = Racer { client, channel: format!("race-{}", number % RACING_CHANNELS), offset: 0 };
        racer.runs(RACING_ROUNDS / RACING_CHANNELS / RACERS_PER_CHANNEL).await
    }));
    let race = async {
        let recovered = race.await;
        over.set(true);
        recovered
    };

    let (recovered, _) = tokio::join!(race, publish);

    let recovered: usize = recovered.iter().sum();
    assert!(recovered > RACING_ROUNDS / 4, "{recovered} recoveries only");
}

/// Subscribes and unsubscribes all the time, and looks at every message in its turn.
struct Racer {
    client: Client,
    channel: String,
    offset: u64,
}

impl Racer {
    /// Every second round recovers; returns how many of them did.
    async fn runs(&mut self, rounds: usize) -> usize {
        let mut recovered = 0;
        let mut epoch = Value::Null;
        for round in 0..rounds {
            let there = json!({ "channel": self.channel });
            let back =
                json!({ "channel": self.channel, "recover": true, "epoch": epoch, "offset": self.offset });
            let id = self.client.say("subscribe", if round % 2 == 1 { back } else { there.clone() });
            let reply = self.client.next().await;
            assert_eq!(reply["id"], id, "a push before the reply: {reply}");
            let result = &reply["subscribe"];
            epoch = result["epoch"].clone();
            if result["recovered"] == true {
                recovered += 1;
                for publication in result["publications"].as_array().into_iter().flatten() {
                    self.hears(publication);
                }
            } else {
                assert_eq!(result.get("publications"), None);
                self.offset = result["offset"].as_u64().unwrap_or_default();
            }
            for _ in 0..=round % 3 {
                let message = self.client.next().await;
                self.hears(&message["push"]["pub"]);
            }
            self.leaves(there).await;
        }
        recovered
    }

    async fn leaves(&mut self, there: Value) {
        let id = self.client.say("unsubscribe", there);
        loop {
            let message = self.client.next().await;
            if message["id"] == id {
                return;
            }
            self.hears(&message["push"]["pub"]);
        }
    }

    fn hears(&mut self, publication: &Value) {
        assert_eq!(publication["offset"], self.offset + 1, "{}: lost, doubled or out of order", self.channel);
        self.offset += 1;
    }
}

async fn corner_18_hasty_subscribe_unsubscribe_subscribe_ends_subscribed_without_ghosts(way: Way) {
    let house = House::start().await;
    let mut watcher = house.client("ann").await;
    watcher.subscribe("hall:x").await;
    assert_eq!(watcher.next_push().await["join"]["info"]["user"], "ann");
    let mut bob = house.client_by(way, "bob").await;
    let there = json!({ "channel": "hall:x" });

    let commands = ["subscribe", "unsubscribe", "subscribe"].map(|method| (method, there.clone()));
    for id in bob.say_together(commands) {
        assert!(bob.answer(id).await.is_ok());
    }
    bob.pushes_so_far().await;

    house.publish("hall:x", json!("here")).await;
    bob.expects("here").await;
    assert_eq!(notices_before_publication(&mut watcher).await, ["join", "leave", "join"]);
    let stats = watcher.ask("presence_stats", there).await;
    assert_eq!(stats, Ok(json!({ "num_clients": 2, "num_users": 2 })));
}

async fn presence_survives_many_fast_resubscribes(way: Way) {
    const ROUNDS: usize = 50;
    let house = House::start().await;
    let mut watcher = house.client("ann").await;
    watcher.subscribe("hall:x").await;
    watcher.next_push().await;
    let mut bob = house.client_by(way, "bob").await;
    let there = json!({ "channel": "hall:x" });
    bob.subscribe("hall:x").await;

    let mut last = 0;
    for _ in 0..ROUNDS {
        [_, last] = bob.say_together([("unsubscribe", there.clone()), ("subscribe", there.clone())]);
    }
    bob.answer(last).await.unwrap();
    bob.pushes_so_far().await;

    let presence = house.api("presence", there.clone()).await.unwrap();
    assert_eq!(presence["presence"].as_object().unwrap().len(), 2);
    assert_eq!(presence["presence"][bob.id()]["user"], "bob");
    house.publish("hall:x", json!("end")).await;
    let notices = notices_before_publication(&mut watcher).await;
    let paired = ["join", "leave"].repeat(ROUNDS + 1);
    assert_eq!(notices, paired[..=2 * ROUNDS]);

    drop(bob);
    assert_eq!(watcher.next_push().await["leave"]["info"]["user"], "bob");
    let stats = house.api("presence_stats", there).await;
    assert_eq!(stats, Ok(json!({ "num_clients": 1, "num_users": 1 })));
}

async fn corner_19_unsubscribe_of_the_server_racing_a_resubscribe_is_never_silent(way: Way) {
    const ROUNDS: usize = 200;
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    let there = json!({ "channel": "room" });
    let order = json!({ "user": "bob", "channel": "room" });
    let mut subscribed = false;
    let mut ended_by_server = 0;

    for round in 0..ROUNDS {
        let ordered = house.api("unsubscribe", order.clone());
        let resubscribed = async {
            for _ in 0..round % 20 {
                tokio::task::yield_now().await;
            }
            bob.say_together([("unsubscribe", there.clone()), ("subscribe", there.clone())]);
            bob.say("rpc", json!({ "method": "fence" }))
        };
        let (ordered, fence) = tokio::join!(ordered, resubscribed);
        assert_eq!(ordered, Ok(json!({})));
        loop {
            let message = bob.next().await;
            if message["id"] == fence {
                break;
            }
            ended_by_server += note(&message, &mut subscribed);
        }

        // Whoever believes to be subscribed hears this, or that it is not subscribed.
        house.publish("room", json!(round)).await;
        while subscribed {
            let message = bob.next().await;
            ended_by_server += note(&message, &mut subscribed);
            if message.pointer("/push/pub/data") == Some(&json!(round)) {
                break;
            }
        }
    }
    assert!(ended_by_server > 0, "the server was never in time");
}

/// What a message says about the subscription; returns how many the server has ended.
fn note(message: &Value, subscribed: &mut bool) -> usize {
    let code = message.pointer("/push/unsubscribe/code");
    assert!(code.is_none_or(|code| code == 2000), "{message}");
    if message.get("subscribe").is_some() {
        *subscribed = true;
    }
    if message.get("unsubscribe").is_some() || code.is_some() {
        *subscribed = false;
    }
    usize::from(code.is_some())
}

async fn corner_20_death_in_the_middle_of_a_subscribe_leaves_nothing_behind(way: Way) {
    const ROUNDS: usize = 10;
    let house = House::start().await;
    let channel = |round: usize, number: usize| format!("hall:{round}-{number}");
    for round in 0..ROUNDS {
        let mut bob = house.client_by(way, "bob").await;
        for number in 0..5 {
            bob.say("subscribe", json!({ "channel": channel(round, number) }));
        }
        if round % 2 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(bob);
    }

    house.is_empty().await;

    for round in 0..ROUNDS {
        for number in 0..5 {
            let stats = house.api("presence_stats", json!({ "channel": channel(round, number) })).await;
            assert_eq!(stats, Ok(json!({ "num_clients": 0, "num_users": 0 })));
        }
    }
}

async fn corner_21_expired_subscription_token_ends_the_connection(way: Way) {
    let house = House::start().await;
    let mut stale = sub_grant("bob", "a");
    stale.expire_at = Some(house.after(Duration::ZERO));
    let mut bob = house.client_by(way, "bob").await;
    bob.subscribe("a").await;

    bob.say("sub_refresh", json!({ "channel": "a", "token": house.sign_sub(&stale) }));

    assert_eq!(bob.close_code().await, 3006);
}

async fn sub_refresh_within_the_grace_comes_in_time(way: Way) {
    const LIFE: Duration = Duration::from_secs(1);
    let house = House::with("[client]\nexpiry_grace = \"2s\"").await;
    let mut bob = house.client_by(way, "bob").await;
    let over = house.after(LIFE);
    for channel in ["$brief", "$kept"] {
        let mut pass = sub_grant("bob", channel);
        pass.expire_at = Some(over);
        let params = json!({ "channel": channel, "token": house.sign_sub(&pass) });
        assert_eq!(bob.ask("subscribe", params).await.unwrap()["expires"], true);
    }

    wigwag_tests::patience::until("both have expired", || house.after(Duration::ZERO) > over).await;
    let renewed = json!({ "channel": "$kept", "token": house.sub_token("bob", "$kept") });
    assert_eq!(bob.ask("sub_refresh", renewed).await, Ok(json!({})));

    let unsubscribe = json!({ "code": 2501, "reason": "subscription expired" });
    assert_eq!(bob.next_push().await, json!({ "channel": "$brief", "unsubscribe": unsubscribe }));
    house.publish("$brief", json!("missed")).await;
    house.publish("$kept", json!("heard")).await;
    bob.expects("heard").await;
}

async fn corner_23_tokens_of_one_kind_are_none_of_the_other(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    let params = json!({ "channel": "$vault", "token": house.token("bob") });
    assert_eq!(bob.ask("subscribe", params).await, Err(103));

    let mut eve = house.stranger_by(way).await;
    eve.say("connect", json!({ "token": house.sub_token("eve", "$vault") }));
    assert_eq!(eve.close_code().await, 3500);
}

async fn corner_24_private_channel_is_closed_to_those_without_a_token(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;

    for channel in ["$vault", "$live:vault"] {
        assert_eq!(bob.ask("subscribe", json!({ "channel": channel })).await, Err(103), "{channel}");
        let token = house.sub_token("bob", channel);
        assert!(bob.ask("subscribe", json!({ "channel": channel, "token": token })).await.is_ok());
    }
    let unknown = json!({ "channel": "$nowhere:vault" });
    assert_eq!(bob.ask("subscribe", unknown).await, Err(102));
}

async fn corner_25_listed_users_may_enter_and_nobody_else(way: Way) {
    let house = House::with(LISTS).await;
    let cases = [
        ("1", "list:x#11,12", Err(103)),
        ("11", "list:x#11,12", Ok(())),
        ("12", "list:x#11,12", Ok(())),
        ("11", "list:x#11#12", Err(103)),
        ("12", "list:x#11#12", Ok(())),
        ("11", "list:x#", Err(103)),
        ("11", "list:x", Err(103)),
        // Where there are no lists, the sign means nothing.
        ("1", "live:x#11,12", Ok(())),
    ];

    for (user, channel, expected) in cases {
        let mut client = house.client_by(way, user).await;
        let answer = client.ask("subscribe", json!({ "channel": channel })).await;
        assert_eq!(answer.map(drop), expected, "{user} in {channel}");
    }
    let mut guest = house.client_by(way, "1").await;
    let pass = house.sub_token("1", "list:x#11,12");
    let with_pass = json!({ "channel": "list:x#11,12", "token": pass });
    assert!(guest.ask("subscribe", with_pass).await.is_ok(), "a token wins");
}

async fn channel_whose_name_does_not_match_is_refused(way: Way) {
    let house = House::with(LISTS).await;
    let mut bob = house.client_by(way, "bob").await;

    // Whether the pattern sees the name with or without its namespace, small letters alone match neither.
    assert_eq!(bob.ask("subscribe", json!({ "channel": "upper:small" })).await, Err(107));
}

async fn personal_channel_is_there_for_everybody_with_a_name(way: Way) {
    let house = House::with("[client]\npersonal_channel = true").await;
    let mut bob = house.client_by(way, "bob").await;
    let nameless = house.client_by(way, "").await;

    assert!(bob.connected["subs"].get("#bob").is_some(), "{}", bob.connected);
    assert_eq!(nameless.connected.get("subs"), None);
    house.publish("#bob", json!("for you")).await;
    bob.expects("for you").await;
}

async fn personal_channel_in_a_namespace_of_lists_is_closed_to_others(way: Way) {
    let personal = "[client]\npersonal_channel = true\npersonal_channel_namespace = \"list\"\n";
    let house = House::with(&format!("{personal}{LISTS}")).await;
    let mut bob = house.client_by(way, "bob").await;
    let mut eve = house.client_by(way, "eve").await;

    assert_eq!(eve.ask("subscribe", json!({ "channel": "list:#bob" })).await, Err(103));
    house.publish("list:#bob", json!("for you")).await;
    bob.expects("for you").await;
    assert_eq!(bob.ask("subscribe", json!({ "channel": "list:#bob" })).await, Err(105));
}

async fn corner_33_presence_that_is_off_is_not_available_rather_than_forbidden(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;

    for method in ["presence", "presence_stats"] {
        assert_eq!(bob.ask(method, json!({ "channel": "live:x" })).await, Err(108));
        assert_eq!(bob.ask(method, json!({ "channel": "room" })).await, Err(103));
    }
}

async fn back_end_subscribes_and_unsubscribes_a_connection_that_is_there(way: Way) {
    let house = House::start().await;
    let (_, epoch) = house.publish("room", json!("before")).await;
    let mut bob = house.client_by(way, "bob").await;
    let mut ann = house.client_by(way, "ann").await;
    let there = json!({ "user": "bob", "channel": "room" });

    assert_eq!(house.api("subscribe", there.clone()).await, Ok(json!({})));
    house.publish("room", json!("during")).await;

    let subscribe = json!({ "recoverable": true, "positioned": true, "epoch": epoch, "offset": 1 });
    assert_eq!(bob.next_push().await, json!({ "channel": "room", "subscribe": subscribe }));
    bob.expects("during").await;
    assert_eq!(bob.ask("subscribe", json!({ "channel": "room" })).await, Err(105));

    assert_eq!(house.api("unsubscribe", there).await, Ok(json!({})));
    house.publish("room", json!("after")).await;
    let unsubscribe = json!({ "code": 2000, "reason": "server unsubscribe" });
    assert_eq!(bob.next_push().await, json!({ "channel": "room", "unsubscribe": unsubscribe }));
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
    assert_eq!(ann.pushes_so_far().await, [] as [Value; 0], "of another user");
}

async fn back_end_tells_of_another_expiry(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;
    let expire_at = house.after(Duration::from_secs(600)).as_millis() / 1_000;

    let refresh = json!({ "user": "bob", "expire_at": expire_at });
    assert_eq!(house.api("refresh", refresh).await, Ok(json!({})));

    let push = bob.next_push().await;
    assert_eq!(push["refresh"]["expires"], true, "{push}");
    assert!((590..=600).contains(&push["refresh"]["ttl"].as_u64().unwrap()), "{push}");
    assert_eq!(house.api("refresh", json!({ "user": "bob", "expired": true })).await, Ok(json!({})));
    assert_eq!(bob.close_code().await, 3005);
}

/// What was told of comings and goings before the next publication.
async fn notices_before_publication(watcher: &mut Client) -> Vec<&'static str> {
    let mut notices = Vec::new();
    loop {
        let push = watcher.next_push().await;
        match (push.get("pub"), push.get("join")) {
            (Some(_), _) => return notices,
            (None, Some(_)) => notices.push("join"),
            (None, None) => notices.push("leave"),
        }
    }
}
