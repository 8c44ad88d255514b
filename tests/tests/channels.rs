//! Subscribing, publishing, presence, joins and leaves, over real sockets.

use std::time::Duration;

use ports::access::ChannelGrant;
use serde_json::{Value, json};
use wigwag_tests::house::{House, grant, sub_grant};
use wigwag_tests::raw::Raw;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn publisher_gets_its_own_publication_and_so_does_everybody_else() {
    let house = House::start().await;
    let (mut ann, mut bob) = (house.client("ann").await, house.client("bob").await);
    ann.subscribe("room").await;
    bob.subscribe("room").await;

    let answer = ann.ask("publish", json!({ "channel": "room", "data": { "text": "hi" } })).await;

    assert_eq!(answer, Ok(json!({})));
    let info = json!({ "user": "ann", "client": ann.id() });
    for client in [&mut ann, &mut bob] {
        let publication = client.publication().await;
        assert_eq!(publication["data"], json!({ "text": "hi" }));
        assert_eq!((&publication["info"], &publication["offset"]), (&info, &json!(1)));
    }
}

#[tokio::test]
async fn channel_without_history_has_no_positions() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    assert_eq!(bob.subscribe("live:x").await, json!({}));

    assert_eq!(house.publish("live:x", json!(1)).await, (0, String::new()));

    assert_eq!(bob.next_push().await, json!({ "channel": "live:x", "pub": { "data": 1 } }));
}

#[tokio::test]
async fn publishing_is_refused_where_it_is_not_allowed() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    let publish = |channel: &str| json!({ "channel": channel, "data": 1 });

    assert_eq!(bob.ask("publish", publish("room")).await, Err(103));
    assert_eq!(bob.ask("publish", publish("hall:x")).await, Err(103));
    assert_eq!(bob.ask("publish", publish("nowhere:x")).await, Err(102));
    assert_eq!(bob.ask("publish", publish("räum")).await, Err(107));
    assert_eq!(bob.ask("publish", json!({ "channel": "live:x" })).await, Err(107));
    bob.say("publish", publish(""));
    assert_eq!(bob.close_code().await, 3501);
}

#[tokio::test]
async fn payload_arrives_as_it_was_sent_but_for_line_breaks() {
    let house = House::start().await;
    let mut bob = Raw::open(house.address).await;
    bob.connect(&house.token("bob")).await;
    bob.say(r#"{"id":2,"subscribe":{"channel":"live:x"}}"#).await;
    assert_eq!(bob.next_frame().await.unwrap().1, br#"{"id":2,"subscribe":{}}"#);
    let odd =
        r#"{"b":1,"a":1.10,"b":123456789012345678901234567890,"s":"\u00e9 "#.to_owned() + "\u{2028}é\\n\" }";

    let body = format!("{{\"channel\":\"live:x\",\"data\":{}}}", odd.replace(",\"a\"", "\n,\r\n\"a\""));
    assert_eq!(house.post("publish", Some(wigwag_tests::house::API_KEY), body).await.0, 200);

    let frame = String::from_utf8(bob.next_frame().await.unwrap().1).unwrap();
    assert_eq!(frame, format!(r#"{{"push":{{"channel":"live:x","pub":{{"data":{odd}}}}}}}"#));
}

#[tokio::test]
async fn subscribing_is_refused_for_one_reason_each() {
    let house = House::with("[client]\nchannels_max = 2").await;
    let mut bob = house.client("bob").await;
    bob.subscribe("a").await;
    let mut refused = async |params: Value| bob.ask("subscribe", params).await.unwrap_err();

    assert_eq!(refused(json!({ "channel": "a" })).await, 105);
    assert_eq!(refused(json!({ "channel": "x".repeat(256) })).await, 107);
    assert_eq!(refused(json!({ "channel": "nowhere:x" })).await, 102);
    assert_eq!(refused(json!({ "channel": "closed:x" })).await, 103);
    assert_eq!(refused(json!({ "channel": "$a" })).await, 103);
    assert_eq!(refused(json!({ "channel": "b", "type": 1 })).await, 103);
    assert_eq!(refused(json!({ "channel": "b", "tf": { "op": "" } })).await, 107);
    bob.subscribe("b").await;
    assert_eq!(bob.ask("subscribe", json!({ "channel": "c" })).await, Err(106));
}

#[tokio::test]
async fn senseless_subscribes_end_the_connection() {
    let house = House::start().await;

    for params in [json!({ "channel": "" }), json!({ "channel": "a", "delta": "zip" })] {
        let mut bob = house.client("bob").await;
        bob.say("subscribe", params.clone());
        assert_eq!(bob.close_code().await, 3501, "{params}");
    }
}

#[tokio::test]
async fn unserved_delta_is_no_reason_to_refuse() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;

    let answer = bob.ask("subscribe", json!({ "channel": "a", "delta": "fossil" })).await.unwrap();

    assert_eq!(answer.get("delta"), None);
}

#[tokio::test]
async fn private_channel_opens_only_to_a_token_made_for_it() {
    let house = House::start().await;
    let mut stale = sub_grant("bob", "$vault");
    stale.expire_at = Some(house.after(Duration::ZERO));
    let subscribe = |token: String| json!({ "channel": "$vault", "token": token });

    let mut bob = house.client("bob").await;
    assert_eq!(bob.ask("subscribe", json!({ "channel": "$vault" })).await, Err(103));
    assert_eq!(bob.ask("subscribe", subscribe(house.token("bob"))).await, Err(103));
    assert_eq!(bob.ask("subscribe", subscribe("nonsense".into())).await, Err(103));
    assert_eq!(bob.ask("subscribe", subscribe(house.sign_sub(&stale))).await, Err(109));
    assert!(bob.ask("subscribe", subscribe(house.sub_token("bob", "$vault"))).await.is_ok());
    house.publish("$vault", json!("gold")).await;
    bob.expects("gold").await;
}

#[tokio::test]
async fn subscription_token_of_another_user_channel_or_client_ends_the_connection() {
    let house = House::start().await;
    let mut of_another_client = sub_grant("bob", "$vault");
    of_another_client.client = Some("6f1c2b34-0000-4000-8000-000000000000".into());
    let tokens = [
        house.sub_token("eve", "$vault"),
        house.sub_token("bob", "$cellar"),
        house.sign_sub(&of_another_client),
    ];

    for token in tokens {
        let mut bob = house.client("bob").await;
        bob.say("subscribe", json!({ "channel": "$vault", "token": token }));
        assert_eq!(bob.close_code().await, 3500);
    }
}

#[tokio::test]
async fn expired_subscription_ends_with_2501_and_a_refreshed_one_stays() {
    let house = House::with("[client]\nexpiry_grace = \"100ms\"").await;
    let mut bob = house.client("bob").await;
    for channel in ["$brief", "$kept"] {
        let mut pass = sub_grant("bob", channel);
        pass.expire_at = Some(house.after(3 * SECOND));
        let params = json!({ "channel": channel, "token": house.sign_sub(&pass) });
        let answer = bob.ask("subscribe", params).await.unwrap();
        assert_eq!(answer["expires"], true);
        assert!((1..=3).contains(&answer["ttl"].as_u64().unwrap()));
    }

    let renewed = json!({ "channel": "$kept", "token": house.sub_token("bob", "$kept") });
    assert_eq!(bob.ask("sub_refresh", renewed).await, Ok(json!({})));

    let unsubscribe = json!({ "code": 2501, "reason": "subscription expired" });
    assert_eq!(bob.next_push().await, json!({ "channel": "$brief", "unsubscribe": unsubscribe }));
    house.publish("$brief", json!("missed")).await;
    house.publish("$kept", json!("heard")).await;
    bob.expects("heard").await;
}

#[tokio::test]
async fn sub_refresh_says_what_is_wrong() {
    let house = House::start().await;
    let mut stale = sub_grant("bob", "a");
    stale.expire_at = Some(house.after(Duration::ZERO));

    let mut bob = house.client("bob").await;
    assert_eq!(bob.ask("sub_refresh", json!({ "channel": "a", "token": "x" })).await, Err(103));
    bob.subscribe("a").await;
    assert_eq!(bob.ask("sub_refresh", json!({ "channel": "a" })).await, Err(107));
    bob.say("sub_refresh", json!({ "channel": "a", "token": house.sign_sub(&stale) }));
    assert_eq!(bob.close_code().await, 3006);

    let mut bob = house.client("bob").await;
    bob.subscribe("a").await;
    bob.say("sub_refresh", json!({ "channel": "a", "token": house.sub_token("eve", "a") }));
    assert_eq!(bob.close_code().await, 3500);
}

#[tokio::test]
async fn refreshed_subscription_shows_its_new_info_in_presence() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    let seat = |info: &str| {
        let mut pass = sub_grant("bob", "hall:x");
        pass.details.info = Some(info.to_owned().into());
        json!({ "channel": "hall:x", "token": house.sign_sub(&pass) })
    };
    bob.ask("subscribe", seat("4")).await.unwrap();

    bob.ask("sub_refresh", seat("5")).await.unwrap();

    let presence = bob.ask("presence", json!({ "channel": "hall:x" })).await.unwrap();
    let entry = json!({ "user": "bob", "client": bob.id(), "chan_info": 5 });
    assert_eq!(presence["presence"][bob.id()], entry);
}

#[tokio::test]
async fn server_side_subscription_is_not_refreshed_by_its_client() {
    let house = House::start().await;
    let mut granted = grant("bob");
    granted.channels.insert("room".to_owned(), ChannelGrant::default());
    let mut bob = house.client_with(&house.sign(&granted)).await;

    bob.say("sub_refresh", json!({ "channel": "room", "token": house.sub_token("bob", "room") }));

    assert_eq!(bob.close_code().await, 3501);
}

#[tokio::test]
async fn payload_that_is_not_json_costs_its_json_subscribers_only() {
    let house = House::start().await;
    let (mut ann, mut bob) = (house.client("ann").await, house.client("bob").await);
    let mut eve = house.client("eve").await;
    ann.subscribe("live:x").await;
    bob.subscribe("live:x").await;
    eve.subscribe("live:y").await;

    let binary = json!({ "channel": "live:x", "b64data": "AP8=" });
    house.api("publish", binary).await.unwrap();

    assert_eq!((ann.close_code().await, bob.close_code().await), (3506, 3506));
    house.publish("live:y", json!("still here")).await;
    eve.expects("still here").await;
    let mut back = house.client("ann").await;
    back.subscribe("live:x").await;
    house.publish("live:x", json!("again")).await;
    back.expects("again").await;
}

#[tokio::test]
async fn info_that_is_not_json_is_left_out_and_costs_nobody_anything() {
    let house = House::start().await;
    let mut ann = house.client("ann").await;
    ann.subscribe("hall:x").await;
    ann.pushes_so_far().await;
    let mut odd = grant("bob");
    odd.info = Some("plain words".into());

    let mut bob = house.client_with(&house.sign(&odd)).await;
    bob.subscribe("hall:x").await;

    let info = json!({ "user": "bob", "client": bob.id() });
    assert_eq!(ann.next_push().await, json!({ "channel": "hall:x", "join": { "info": info } }));
    let presence = ann.ask("presence", json!({ "channel": "hall:x" })).await.unwrap();
    assert_eq!(presence["presence"][bob.id()], info);
}

#[tokio::test]
async fn presence_names_connections_and_counts_users() {
    let house = House::start().await;
    let (mut ann, mut bob) = (house.client("ann").await, house.client("bob").await);
    let mut tablet = house.client("bob").await;
    for client in [&mut ann, &mut bob, &mut tablet] {
        client.subscribe("room").await;
    }

    let presence = ann.ask("presence", json!({ "channel": "room" })).await.unwrap();
    let stats = ann.ask("presence_stats", json!({ "channel": "room" })).await.unwrap();

    let entry = |user: &str, id: &str| (id.to_owned(), json!({ "user": user, "client": id }));
    let entries = [entry("ann", ann.id()), entry("bob", bob.id()), entry("bob", tablet.id())];
    assert_eq!(presence, json!({ "presence": serde_json::Map::from_iter(entries) }));
    assert_eq!(stats, json!({ "num_clients": 3, "num_users": 2 }));
}

#[tokio::test]
async fn presence_is_refused_where_it_is_off_or_not_allowed() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;

    for method in ["presence", "presence_stats"] {
        assert_eq!(bob.ask(method, json!({ "channel": "live:x" })).await, Err(108));
        assert_eq!(bob.ask(method, json!({ "channel": "room" })).await, Err(103));
        assert_eq!(bob.ask(method, json!({ "channel": "nowhere:x" })).await, Err(102));
    }
}

#[tokio::test]
async fn who_comes_and_goes_is_announced_to_everybody_in_the_hall() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    bob.subscribe("hall:x").await;
    let notice = |kind: &str, user: &str, id: &str| json!({ "channel": "hall:x", kind: { "info": { "user": user, "client": id } } });
    assert_eq!(bob.next_push().await, notice("join", "bob", bob.id()));

    let mut ann = house.client("ann").await;
    ann.subscribe("hall:x").await;
    assert_eq!(bob.next_push().await, notice("join", "ann", ann.id()));
    assert_eq!(ann.ask("unsubscribe", json!({ "channel": "hall:x" })).await, Ok(json!({})));
    assert_eq!(bob.next_push().await, notice("leave", "ann", ann.id()));

    let mut eve = house.client("eve").await;
    eve.subscribe("hall:x").await;
    assert_eq!(bob.next_push().await, notice("join", "eve", eve.id()));
    let gone = eve.id().to_owned();
    drop(eve);
    assert_eq!(bob.next_push().await, notice("leave", "eve", &gone));
    let stats = bob.ask("presence_stats", json!({ "channel": "hall:x" })).await;
    assert_eq!(stats, Ok(json!({ "num_clients": 1, "num_users": 1 })));
}

#[tokio::test]
async fn joins_that_are_not_forced_come_to_those_who_ask() {
    let house = House::start().await;
    let (mut curious, mut quiet) = (house.client("ann").await, house.client("bob").await);
    quiet.subscribe("room").await;
    // Joins are announced after the reply, but before the next command is taken up.
    quiet.pushes_so_far().await;
    let params = json!({ "channel": "room", "join_leave": true });
    curious.ask("subscribe", params).await.unwrap();

    assert_eq!(curious.next_push().await["join"]["info"]["user"], "ann");
    assert_eq!(quiet.pushes_so_far().await, [] as [Value; 0]);
}

#[tokio::test]
async fn unsubscribed_client_hears_no_more_and_may_unsubscribe_again() {
    let house = House::start().await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;
    for _ in 0..2 {
        assert_eq!(bob.ask("unsubscribe", json!({ "channel": "room" })).await, Ok(json!({})));
    }

    house.publish("room", json!("unheard")).await;

    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
}

#[tokio::test]
async fn hasty_subscribe_unsubscribe_subscribe_ends_subscribed_without_ghosts() {
    let house = House::start().await;
    let mut watcher = house.client("ann").await;
    watcher.subscribe("hall:x").await;
    let join = watcher.next_push().await;
    assert_eq!(join["join"]["info"]["user"], "ann");
    let mut bob = house.client("bob").await;
    let there = json!({ "channel": "hall:x" });

    let ids = bob.say_together([
        ("subscribe", there.clone()),
        ("unsubscribe", there.clone()),
        ("subscribe", there.clone()),
    ]);
    for id in ids {
        assert!(bob.answer(id).await.is_ok());
    }
    // A join is announced after its reply, but before the next command is taken up.
    let mut heard = bob.pushes_so_far().await;

    house.publish("hall:x", json!("here")).await;
    let mut kinds = Vec::new();
    loop {
        let push = watcher.next_push().await;
        match push.get("pub") {
            Some(_) => break,
            None => kinds.push(if push.get("join").is_some() { "join" } else { "leave" }),
        }
    }
    assert_eq!(kinds, ["join", "leave", "join"]);
    let stats = watcher.ask("presence_stats", there).await;
    assert_eq!(stats, Ok(json!({ "num_clients": 2, "num_users": 2 })));
    heard.extend(bob.pushes_so_far().await);
    assert_eq!(heard.iter().filter(|push| push.get("pub").is_some()).count(), 1);
}

#[tokio::test]
async fn death_in_the_middle_of_a_subscribe_leaves_nothing_behind() {
    let house = House::start().await;
    for round in 0..20 {
        let mut bob = house.client("bob").await;
        for channel in 0..5 {
            bob.say("subscribe", json!({ "channel": format!("hall:{round}-{channel}") }));
        }
        drop(bob);
    }

    house.is_empty().await;

    for round in 0..20 {
        for channel in 0..5 {
            let there = json!({ "channel": format!("hall:{round}-{channel}") });
            assert_eq!(
                house.api("presence_stats", there).await,
                Ok(json!({ "num_clients": 0, "num_users": 0 }))
            );
        }
    }
}
