//! Corners of connecting, of staying and of being sent away (1 to 6, 22, 39), and proof that no corner is left out.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use wigwag_tests::client::{ABNORMAL, Client, Manners, Way};
use wigwag_tests::house::{House, grant};
use wigwag_tests::wire::Dialect;
use wigwag_tests::{in_both, in_each, in_every};

/// Pings that come soon, and pongs and connects that must.
const QUICK: &str = "[client]\nping_interval = \"1100ms\"\npong_timeout = \"1s\"\nstale_timeout = \"1s\"";
/// What a busy machine may add to any bound.
const SLACK: Duration = Duration::from_secs(3);

// A query of an event source holds one command only.
in_each!(
    [json: Json, protobuf: Protobuf, http_stream_json: HttpStreamJson, http_stream_protobuf: HttpStreamProtobuf]
    corner_01_first_frame_holds_connect_and_subscribes_of_which_one_is_forbidden,
    corner_02_unsubscribe_before_the_connect_reply_is_obeyed,
);
in_every!(
    corner_03_second_connect_ends_the_connection,
    corner_04_pong_that_nobody_asked_for_ends_the_connection,
    corner_22_refresh_with_an_unfit_token_ends_the_connection,
    corner_22_refresh_with_a_good_token_extends_the_connection,
);
in_both!(
    corner_02_expired_token_is_one_error_reply_and_the_end,
    corner_04_two_pongs_for_one_ping_end_the_connection,
    refresh_within_the_grace_comes_in_time,
    corner_05_missing_pong_ends_the_connection_and_the_polite_stay,
    corner_06_silent_socket_is_closed_as_stale,
    corner_39_newcomer_beyond_the_limit_is_turned_away_and_others_are_not,
    corner_39_half_open_socket_locks_its_user_out_no_longer_than_ping_and_pong,
    single_connection_belongs_to_who_came_last,
    protobuf_may_be_asked_for_in_the_query,
);

async fn corner_01_first_frame_holds_connect_and_subscribes_of_which_one_is_forbidden(way: Way) {
    let house = House::start().await;
    let mut bob = house.stranger_by(way).await;
    let there = |channel: &str| ("subscribe", json!({ "channel": channel }));

    let connect = ("connect", json!({ "token": house.token("bob") }));
    bob.say_together([connect, there("a"), there("closed:b"), there("c")]);

    let mut order = Vec::new();
    for _ in 0..4 {
        let reply = bob.next().await;
        order.push((reply["id"].clone(), reply.pointer("/error/code").and_then(Value::as_u64)));
    }
    let expected = [(1, None), (2, None), (3, Some(103)), (4, None)];
    assert_eq!(order, expected.map(|(id, code)| (Value::from(id), code)));
    for (number, channel) in ["a", "c"].into_iter().enumerate() {
        house.publish(channel, json!(number)).await;
        bob.expects(number).await;
    }
}

async fn corner_02_expired_token_is_one_error_reply_and_the_end(way: Way) {
    const GRACE: Duration = Duration::from_secs(5);
    let house = House::start().await;
    let mut bob = house.stranger_by(way).await;
    let begin = Instant::now();

    bob.say_together([
        ("connect", json!({ "token": stale_token(&house, "bob") })),
        ("subscribe", json!({ "channel": "a" })),
        ("subscribe", json!({ "channel": "b" })),
    ]);

    let error = json!({ "code": 109, "message": "token expired" });
    assert_eq!(bob.last_words().await, [json!({ "id": 1, "error": error })]);
    assert_eq!(bob.close_code().await, ABNORMAL);
    assert!(begin.elapsed() < GRACE + SLACK, "{:?}", begin.elapsed());
    house.is_empty().await;
}

async fn corner_02_unsubscribe_before_the_connect_reply_is_obeyed(way: Way) {
    let house = House::start().await;
    let mut bob = house.stranger_by(way).await;
    let there = json!({ "channel": "a" });

    let ids = bob.say_together([
        ("connect", json!({ "token": house.token("bob") })),
        ("unsubscribe", there.clone()),
        ("subscribe", there.clone()),
        ("unsubscribe", there),
    ]);

    for id in ids {
        assert!(bob.answer(id).await.is_ok(), "{id}");
    }
    house.publish("a", json!("unheard")).await;
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
}

async fn corner_03_second_connect_ends_the_connection(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;

    bob.say("connect", json!({ "token": house.token("bob") }));

    assert_eq!(bob.close_code().await, 3501);
}

async fn corner_04_pong_that_nobody_asked_for_ends_the_connection(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;

    bob.tell(&[json!({})]);

    assert_eq!(bob.close_code().await, 3501);
}

async fn corner_04_two_pongs_for_one_ping_end_the_connection(way: Way) {
    let house = House::with(QUICK).await;
    let mut eager = Client::open_in(way, house.address, Manners::AnswersTwice).await;
    eager.connect(&house.token("bob")).await.unwrap();

    assert_eq!(eager.close_code().await, 3501);
}

async fn corner_05_missing_pong_ends_the_connection_and_the_polite_stay(way: Way) {
    let house = House::with(QUICK).await;
    let mut polite = house.client_by(way, "ann").await;
    let mut mute = Client::open_in(way, house.address, Manners::NeverAnswers).await;
    mute.connect(&house.token("bob")).await.unwrap();

    assert_eq!(mute.close_code().await, 3012);

    polite.hears_pings(2).await;
    polite.subscribe("a").await;
}

async fn corner_06_silent_socket_is_closed_as_stale(way: Way) {
    let house = House::with(QUICK).await;

    assert_eq!(house.stranger_by(way).await.close_code().await, 3502);

    house.is_empty().await;
}

async fn corner_22_refresh_with_an_unfit_token_ends_the_connection(way: Way) {
    let house = House::start().await;
    let cases = [
        (house.token("eve"), 3500),
        ("nonsense".to_owned(), 3500),
        (house.sub_token("bob", "a"), 3500),
        (stale_token(&house, "bob"), 3005),
        (String::new(), 3501),
    ];

    for (token, code) in cases {
        let mut bob = house.client_by(way, "bob").await;
        bob.say("refresh", json!({ "token": token }));

        assert_eq!(bob.close_code().await, code, "{token}");
    }
}

async fn corner_22_refresh_with_a_good_token_extends_the_connection(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by_with(way, &brief_token(&house, "bob", 60)).await;
    assert_eq!(bob.connected["expires"], true);

    let extended = bob.ask("refresh", json!({ "token": brief_token(&house, "bob", 3_600) })).await.unwrap();
    let lasting = bob.ask("refresh", json!({ "token": house.token("bob") })).await.unwrap();

    assert_eq!(extended["expires"], true);
    assert!((3_500..=3_600).contains(&extended["ttl"].as_u64().unwrap()), "{extended}");
    assert_eq!((lasting.get("expires"), lasting.get("ttl")), (None, None));
}

async fn refresh_within_the_grace_comes_in_time(way: Way) {
    const LIFE: Duration = Duration::from_secs(1);
    let house = House::with("[client]\nexpiry_grace = \"2s\"").await;
    let token = brief_token(&house, "bob", LIFE.as_secs());
    let over = house.after(LIFE);
    let mut bob = house.client_by_with(way, &token).await;
    let mut left = house.client_by_with(way, &token).await;

    passes(&house, over).await;
    bob.ask("refresh", json!({ "token": house.token("bob") })).await.unwrap();

    assert_eq!(left.close_code().await, 3005);
    bob.subscribe("a").await;
    assert_eq!(bob.closed(), None);
}

async fn corner_39_newcomer_beyond_the_limit_is_turned_away_and_others_are_not(way: Way) {
    let house = House::with("[client]\nuser_connections_max = 1").await;
    let mut first = house.client_by(way, "bob").await;

    let mut second = house.stranger_by(way).await;
    second.say("connect", json!({ "token": house.token("bob") }));
    assert_eq!(second.close_code().await, 3504);

    house.client_by(way, "ann").await;
    first.subscribe("a").await;
    drop(first);
    house.is_empty().await;
    house.client_by(way, "bob").await;
}

async fn corner_39_half_open_socket_locks_its_user_out_no_longer_than_ping_and_pong(way: Way) {
    const PING_AND_PONG: Duration = Duration::from_millis(2_100);
    const MARGIN: Duration = Duration::from_secs(1);
    let house = House::with(&format!("{QUICK}\nuser_connections_max = 1")).await;
    let token = house.token("bob");
    let mut half_open = Client::open_in(way, house.address, Manners::NeverAnswers).await;
    half_open.connect(&token).await.unwrap();
    let begin = Instant::now();

    let mut refused = 0;
    let mut again = loop {
        let mut again = house.stranger_by(way).await;
        match again.is_let_in(&token).await {
            Ok(()) => break again,
            Err(code) => assert_eq!(code, 3504),
        }
        refused += 1;
        assert!(begin.elapsed() < PING_AND_PONG + MARGIN + SLACK, "{refused} times turned away");
        sleep(Duration::from_millis(50)).await;
    };

    assert!(refused > 0);
    assert_eq!(half_open.close_code().await, 3012);
    again.subscribe("a").await;
}

async fn single_connection_belongs_to_who_came_last(way: Way) {
    let house = House::with("[client]\npersonal_channel = true\nsingle_connection = true").await;
    let mut older = house.client_by(way, "bob").await;
    let mut other = house.client_by(way, "ann").await;
    // Of two that come within the same millisecond, either may be taken for the newer one.
    passes(&house, house.after(Duration::from_millis(20))).await;

    let mut newer = house.client_by(way, "bob").await;

    assert_eq!(older.close_code().await, 3504);
    newer.subscribe("a").await;
    other.subscribe("a").await;
    assert_eq!((newer.closed(), other.closed()), (None, None));
}

async fn protobuf_may_be_asked_for_in_the_query(way: Way) {
    let house = House::start().await;
    let queries = match way.dialect() {
        Dialect::Protobuf => ["?cf_protocol=protobuf", "?format=protobuf&cf_protocol_version=v2"],
        Dialect::Json => ["?cf_protocol=json", "?cf_protocol_version=v2"],
    };

    for query in queries {
        let path = format!("/connection/websocket{query}");
        let mut bob = Client::open_at(&path, way, house.address, Manners::Answers).await;
        bob.connect(&house.token("bob")).await.unwrap();
        bob.subscribe("a").await;
    }
}

/// Every corner of the protocol has a test, in whichever suite.
#[test]
fn every_corner_has_its_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut text = String::new();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if file.path().extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(file.path()).unwrap();
        }
    }
    let is_there = |number: &u32| text.contains(&format!("async fn corner_{number:02}_"));

    let missing: Vec<_> = (1..=40).filter(|number| !is_there(number)).collect();
    assert_eq!(missing, [] as [u32; 0]);
}

fn brief_token(house: &House, user: &str, seconds: u64) -> String {
    let mut brief = grant(user);
    brief.expire_at = Some(house.after(Duration::from_secs(seconds)));
    house.sign(&brief)
}

fn stale_token(house: &House, user: &str) -> String {
    brief_token(house, user, 0)
}

/// Returns after this time of the house.
async fn passes(house: &House, time: ports::time::Timestamp) {
    wigwag_tests::patience::until("the time has come", || house.after(Duration::ZERO) > time).await;
}
