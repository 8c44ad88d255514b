//! Corners of differences and of choosing by tags (26 to 28, 30), and of both with recovery.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wigwag_tests::client::{Client, Way};
use wigwag_tests::fossil;
use wigwag_tests::house::House;
use wigwag_tests::house::rooms::{DELTAS, TAGS};
use wigwag_tests::wire::Dialect;
use wigwag_tests::{in_both, in_every};

in_every!(
    corner_26_first_publication_after_an_empty_recovery_is_whole,
    corner_27_edits_of_single_letters_are_decoded_whatever_the_alphabet,
);
in_both!(
    corner_30_gaps_between_chosen_publications_are_no_losses,
    corner_26_every_subscription_begins_with_a_whole_publication,
    corner_28_patch_that_would_be_longer_is_sent_whole,
    recovered_publications_are_patched_one_after_another,
    publisher_decides_about_patches_where_they_are_not_forced,
    those_who_did_not_ask_and_histories_are_never_patched,
    deltas_are_left_out_where_they_are_not_allowed,
    filters_and_deltas_do_not_mix,
    filters_that_make_no_sense_are_refused,
    filters_choose_by_every_comparison,
    filtered_recovery_leaves_out_what_was_not_wanted,
);

/// Long enough for a patch to be worth while.
const TEXT: &str = "Съешь же ещё этих мягких французских булок, да выпей чаю; 🍵 naïve façade, Zürich.";

/// Somebody who keeps the last payload, as SDKs do.
struct Reader {
    client: Client,
    dialect: Dialect,
    channel: String,
    base: Option<Vec<u8>>,
    patches: usize,
}

impl Reader {
    /// Connected and subscribed with deltas; also the reply.
    async fn enters(house: &House, way: Way, channel: &str, from: Option<(&str, u64)>) -> (Self, Value) {
        let mut client = house.client_by(way, "reader").await;
        let mut params = json!({ "channel": channel, "delta": "fossil" });
        if let Some((epoch, offset)) = from {
            params["recover"] = json!(true);
            params["epoch"] = json!(epoch);
            params["offset"] = json!(offset);
        }
        let reply = client.ask("subscribe", params).await.unwrap();
        assert_eq!(reply["delta"], true, "{reply}");
        let (channel, dialect) = (channel.to_owned(), way.dialect());
        (Self { client, dialect, channel, base: None, patches: 0 }, reply)
    }

    /// What a publication says, and whether it was a patch.
    fn reads(&mut self, publication: &Value) -> (String, bool) {
        let data = match (self.dialect, &publication["data"]) {
            (Dialect::Json, Value::String(text)) => text.clone().into_bytes(),
            (Dialect::Json, other) => panic!("{}: not a string: {other}", self.channel),
            (Dialect::Protobuf, Value::String(text)) if text.starts_with("b64:") => {
                STANDARD.decode(text.trim_start_matches("b64:")).unwrap()
            }
            (Dialect::Protobuf, whole) => whole.to_string().into_bytes(),
        };
        let is_patch = publication.get("delta") == Some(&json!(true));
        let payload = match (&self.base, is_patch) {
            (Some(base), true) => {
                fossil::apply(base, &data).unwrap_or_else(|error| panic!("{error}: {publication}"))
            }
            (None, true) => panic!("a patch of nothing: {publication}"),
            (_, false) => data,
        };
        self.patches += usize::from(is_patch);
        let text = serde_json::from_slice::<String>(&payload).unwrap();
        self.base = Some(payload);
        (text, is_patch)
    }

    async fn next(&mut self) -> (String, bool) {
        let publication = self.client.publication().await;
        self.reads(&publication)
    }
}

async fn corner_26_first_publication_after_an_empty_recovery_is_whole(way: Way) {
    let house = House::with(DELTAS).await;
    let (top, epoch) = house.publish("patch:x", json!(TEXT)).await;
    let (mut reader, reply) = Reader::enters(&house, way, "patch:x", Some((&epoch, top))).await;
    assert_eq!((&reply["recovered"], reply.get("publications")), (&json!(true), None));

    for (number, is_patch) in [(1, false), (2, true), (3, true)] {
        let text = format!("{TEXT} {number}");
        house.publish("patch:x", json!(text)).await;
        assert_eq!(reader.next().await, (text, is_patch));
    }
}

async fn corner_26_every_subscription_begins_with_a_whole_publication(way: Way) {
    let house = House::with(DELTAS).await;
    house.publish("patch:x", json!(TEXT)).await;
    let (mut reader, _) = Reader::enters(&house, way, "patch:x", None).await;

    for round in 0..3 {
        for (number, is_patch) in [(1, false), (2, true)] {
            let text = format!("{TEXT} {round} {number}");
            house.publish("patch:x", json!(text)).await;
            assert_eq!(reader.next().await, (text, is_patch), "round {round}");
        }
        let there = json!({ "channel": "patch:x", "delta": "fossil" });
        reader.client.ask("unsubscribe", there.clone()).await.unwrap();
        house.publish("patch:x", json!(format!("{TEXT} unheard"))).await;
        assert_eq!(reader.client.ask("subscribe", there).await.unwrap()["delta"], true);
        reader.base = None;
    }
}

async fn corner_27_edits_of_single_letters_are_decoded_whatever_the_alphabet(way: Way) {
    const LETTERS: [char; 8] = ['a', 'ё', 'ж', 'é', '中', '🍵', '\u{301}', '\u{2028}'];
    let house = House::with(DELTAS).await;
    let (mut reader, _) = Reader::enters(&house, way, "patch:x", None).await;
    let mut letters: Vec<char> = TEXT.chars().collect();
    let mut edits = 0;

    for (turn, place) in (0..letters.len()).step_by(2).enumerate() {
        letters[place] = LETTERS[turn % LETTERS.len()];
        let text = String::from_iter(&letters);
        house.publish("patch:x", json!(text)).await;
        assert_eq!(reader.next().await.0, text);
        edits += 1;
    }

    assert!(reader.patches * 10 >= edits * 9, "{} patches for {edits} edits", reader.patches);
}

async fn corner_28_patch_that_would_be_longer_is_sent_whole(way: Way) {
    let house = House::with(DELTAS).await;
    let (mut reader, _) = Reader::enters(&house, way, "patch:x", None).await;

    for text in ["a", "b", "no letter in common", "QWZ", "", "1"] {
        house.publish("patch:x", json!(text)).await;
        assert_eq!(reader.next().await, (text.to_owned(), false));
    }
}

async fn recovered_publications_are_patched_one_after_another(way: Way) {
    let house = House::with(DELTAS).await;
    let text = |number: u64| format!("{TEXT} {number}");
    let mut epoch = String::new();
    for number in 1..=4 {
        (_, epoch) = house.publish("patch:x", json!(text(number))).await;
    }

    let (mut reader, reply) = Reader::enters(&house, way, "patch:x", Some((&epoch, 1))).await;
    let missed = reply["publications"].as_array().unwrap();
    let read: Vec<_> = missed.iter().map(|publication| reader.reads(publication)).collect();
    house.publish("patch:x", json!(text(5))).await;

    assert_eq!(read, [(text(2), false), (text(3), true), (text(4), true)]);
    assert_eq!(reader.next().await, (text(5), true));
}

async fn publisher_decides_about_patches_where_they_are_not_forced(way: Way) {
    let house = House::with(DELTAS).await;
    let (mut reader, _) = Reader::enters(&house, way, "plain:x", None).await;

    for (number, wanted, is_patch) in [(1, true, false), (2, true, true), (3, false, false), (4, true, true)]
    {
        let text = format!("{TEXT} {number}");
        let params = json!({ "channel": "plain:x", "data": text, "delta": wanted });
        house.api("publish", params).await.unwrap();
        assert_eq!(reader.next().await, (text, is_patch));
    }
}

async fn those_who_did_not_ask_and_histories_are_never_patched(way: Way) {
    let house = House::with(DELTAS).await;
    let (mut reader, _) = Reader::enters(&house, way, "patch:x", None).await;
    let mut other = house.client_by(way, "other").await;
    assert_eq!(other.subscribe("patch:x").await.get("delta"), None);

    let texts = [1, 2, 3].map(|number| format!("{TEXT} {number}"));
    for text in &texts {
        house.publish("patch:x", json!(text)).await;
        assert_eq!(&reader.next().await.0, text);
        let plain = other.publication().await;
        assert_eq!((&plain["data"], plain.get("delta")), (&json!(text), None));
    }

    let all = json!({ "channel": "patch:x", "limit": -1 });
    let by_client = reader.client.ask("history", all.clone()).await.unwrap();
    for history in [by_client, house.api("history", all).await.unwrap()] {
        for (publication, text) in history["publications"].as_array().unwrap().iter().zip(&texts) {
            assert_eq!((&publication["data"], publication.get("delta")), (&json!(text), None));
        }
    }
    assert_eq!(reader.patches, 2);
}

async fn deltas_are_left_out_where_they_are_not_allowed(way: Way) {
    let house = House::start().await;
    let mut bob = house.client_by(way, "bob").await;

    let reply = bob.ask("subscribe", json!({ "channel": "room", "delta": "fossil" })).await.unwrap();
    house.publish("room", json!("plain")).await;

    assert_eq!(reply.get("delta"), None);
    bob.expects("plain").await;
    bob.say("subscribe", json!({ "channel": "other", "delta": "zip" }));
    assert_eq!(bob.close_code().await, 3501);
}

async fn filters_and_deltas_do_not_mix(way: Way) {
    let house = House::with(TAGS).await;
    let mut bob = house.client_by(way, "bob").await;
    let good = json!({ "key": "mood", "cmp": "eq", "val": "good" });

    let both = json!({ "channel": "tags:x", "tf": good, "delta": "fossil" });
    assert_eq!(bob.ask("subscribe", both).await, Err(107));
    assert!(bob.ask("subscribe", json!({ "channel": "tags:x", "tf": good })).await.is_ok());
}

async fn corner_30_gaps_between_chosen_publications_are_no_losses(way: Way) {
    let house = House::with(&format!("[client]\nposition_check_interval = \"1s\"\n{TAGS}")).await;
    let mut bob = house.client_by(way, "bob").await;
    let good = json!({ "key": "mood", "cmp": "eq", "val": "good" });
    bob.ask("subscribe", json!({ "channel": "tags:x", "tf": good })).await.unwrap();

    for number in 1..=20 {
        let mood = if number % 5 == 0 { "good" } else { "bad" };
        tagged(&house, json!(number), json!({ "mood": mood })).await;
    }
    for number in [5, 10, 15, 20] {
        let publication = bob.publication().await;
        assert_eq!((&publication["data"], &publication["offset"]), (&json!(number), &json!(number)));
    }
    tagged(&house, json!(21), json!({ "mood": "bad" })).await;

    house.compares_positions().await;
    tagged(&house, json!(22), json!({ "mood": "good" })).await;
    bob.expects(22).await;
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
}

async fn filtered_recovery_leaves_out_what_was_not_wanted(way: Way) {
    let house = House::with(TAGS).await;
    let mut epoch = Value::Null;
    for number in 1..=6 {
        let mood = if number % 2 == 0 { "good" } else { "bad" };
        epoch = tagged(&house, json!(number), json!({ "mood": mood })).await["epoch"].clone();
    }
    let good = json!({ "key": "mood", "cmp": "eq", "val": "good" });
    let mut bob = house.client_by(way, "bob").await;

    let params = json!({ "channel": "tags:x", "tf": good, "recover": true, "epoch": epoch, "offset": 2 });
    let reply = bob.ask("subscribe", params).await.unwrap();

    assert_eq!((&reply["recovered"], &reply["offset"]), (&json!(true), &json!(2)));
    let missed = reply["publications"].as_array().unwrap();
    assert_eq!(Vec::from_iter(missed.iter().map(|one| one["offset"].as_u64().unwrap())), [4, 6]);
    tagged(&house, json!(7), json!({})).await;
    tagged(&house, json!(8), json!({ "mood": "good" })).await;
    bob.expects(8).await;
}

async fn filters_that_make_no_sense_are_refused(way: Way) {
    let house = House::with(TAGS).await;
    let mut bob = house.client_by(way, "bob").await;
    let good = json!({ "key": "mood", "cmp": "eq", "val": "good" });
    let senseless = [
        json!({ "cmp": "eq", "val": "good" }),
        json!({ "key": "mood", "cmp": "eq" }),
        json!({ "key": "mood", "val": "good" }),
        json!({ "key": "mood", "cmp": "like", "val": "good" }),
        json!({ "key": "mood", "cmp": "in", "val": "good" }),
        json!({ "key": "mood", "cmp": "eq", "val": "good", "vals": ["good"] }),
        json!({ "key": "mood", "cmp": "ex", "val": "good" }),
        json!({ "op": "xor", "nodes": [good] }),
        json!({ "op": "and", "nodes": [] }),
        json!({ "op": "not", "nodes": [good, good] }),
        json!({ "op": "or", "nodes": vec![good.clone(); 1_000] }),
        (0..40).fold(good.clone(), |inner, _| json!({ "op": "not", "nodes": [inner] })),
    ];

    for filter in senseless {
        let answer = bob.ask("subscribe", json!({ "channel": "tags:x", "tf": filter })).await;
        assert_eq!(answer, Err(107), "{filter}");
    }
    assert_eq!(bob.ask("subscribe", json!({ "channel": "room", "tf": good })).await, Err(107), "off");
}

async fn filters_choose_by_every_comparison(way: Way) {
    let house = House::with(TAGS).await;
    let leaf = |cmp: &str, val: &str| json!({ "key": "n", "cmp": cmp, "val": val });
    let list = |cmp: &str| json!({ "key": "n", "cmp": cmp, "vals": ["10", "abc"] });
    // The values of the tag: 9, 10, abc and none at all.
    let cases = [
        (leaf("eq", "10"), vec!["10"]),
        (leaf("neq", "10"), vec!["9", "abc", "none"]),
        (list("in"), vec!["10", "abc"]),
        (list("nin"), vec!["9", "none"]),
        (json!({ "key": "n", "cmp": "ex" }), vec!["9", "10", "abc"]),
        (json!({ "key": "n", "cmp": "nex" }), vec!["none"]),
        (leaf("sw", "a"), vec!["abc"]),
        (leaf("ew", "0"), vec!["10"]),
        (leaf("ct", "b"), vec!["abc"]),
        (leaf("lt", "10"), vec!["9"]),
        (leaf("lte", "10.0"), vec!["9", "10"]),
        (leaf("gt", "9"), vec!["10"]),
        (leaf("gte", "9"), vec!["9", "10"]),
        (leaf("gt", "a"), vec![]),
        (json!({ "op": "and", "nodes": [leaf("gt", "8"), leaf("lt", "10")] }), vec!["9"]),
        (json!({ "op": "or", "nodes": [leaf("eq", "9"), leaf("eq", "abc")] }), vec!["9", "abc"]),
        (json!({ "op": "not", "nodes": [leaf("eq", "9")] }), vec!["10", "abc", "none"]),
    ];

    let mut listeners = Vec::new();
    for (filter, expected) in cases {
        let mut client = house.client_by(way, "bob").await;
        let params = json!({ "channel": "tags:x", "tf": filter });
        assert!(client.ask("subscribe", params).await.is_ok(), "{filter}");
        listeners.push((client, filter, expected));
    }
    for value in ["9", "10", "abc"] {
        tagged(&house, json!(value), json!({ "n": value })).await;
    }
    tagged(&house, json!("none"), json!({})).await;

    for (mut client, filter, expected) in listeners {
        let mut heard: Vec<String> = Vec::new();
        // The API answers when the broker has a publication; a busy shard hands it out a moment later.
        for _ in 0..50 {
            let pushes = client.pushes_so_far().await;
            heard.extend(pushes.iter().map(|push| push["pub"]["data"].as_str().unwrap().to_owned()));
            if heard.len() >= expected.len() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(heard, expected, "{filter}");
    }
}

/// Publishes with tags; returns offset and epoch.
async fn tagged(house: &House, data: Value, tags: Value) -> Value {
    house.api("publish", json!({ "channel": "tags:x", "data": data, "tags": tags })).await.unwrap()
}
