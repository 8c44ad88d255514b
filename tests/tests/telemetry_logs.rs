//! Log lines: their shape, and what must never be in them, nor in metrics, answers and words of panics.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use crypto::{Secret, Tokens, Trust};
use ports::access::TokenSigner as _;
use serde_json::{Value, json};
use wigwag_core::chaos::{POISON_SESSION, POISON_SHARD};
use wigwag_tests::client::{Client, Manners, Way};
use wigwag_tests::collector::talker::Talker;
use wigwag_tests::house::{grant, sub_grant};
use wigwag_tests::patience::until;

/// Known to the node and to back ends.
const HMAC_SECRET: &str = "canary-hmac-4f1c77";
const API_KEY: &str = "canary-key-9b2e55";
const HOOK_SECRET: &str = "canary-hook-5d08e1";
const OLD_HOOK_SECRET: &str = "canary-hook-c92a47";
/// Known to nobody else.
const EMAIL: &str = "canary.bird@example.org";
/// Sent by clients and back ends.
const PAYLOAD: &str = "canary-payload-31aa";
const BAD_TOKEN: &str = "canary-token-77cc";
const BAD_KEY: &str = "canary-wrong-key-12";

const CHANNELS: &str = "
[channel]
allow_subscribe_for_client = true
allow_publish_for_client = true
presence = true
join_leave = true
history_size = 10
history_ttl = \"1m\"
force_recovery = true
";

#[tokio::test]
async fn canaries_are_in_no_line_of_json() {
    let lines = sing("json").await;

    for line in lines.iter().filter(|line| !line.starts_with("wigwag: ")) {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "target"] {
            assert!(object[field].is_string(), "{field}: {line}");
        }
        assert!(object["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(object.get("fields").is_none(), "{line}");
    }
    let panicked = lines.iter().filter(|line| line.contains("\"message\":\"code panicked\"")).count();
    assert!(panicked >= 2, "{panicked}");
}

#[tokio::test]
async fn canaries_are_in_no_line_of_text() {
    let lines = sing("text").await;

    assert!(lines.iter().any(|line| line.contains("Z  INFO wigwag")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains(" TRACE ")), "a build without traces proves little");
}

/// Sends canaries wherever something can be sent; returns the log.
async fn sing(format: &str) -> Vec<String> {
    let variables = [
        ("WIGWAG_TOKEN__HMAC_SECRET", HMAC_SECRET),
        ("WIGWAG_API__KEY", API_KEY),
        ("WIGWAG_HOOKS__SECRET", HOOK_SECRET),
        ("WIGWAG_HOOKS__PREVIOUS_SECRET", OLD_HOOK_SECRET),
        ("WIGWAG_SERVER__LOG", "trace"),
        ("WIGWAG_SERVER__LOG_FORMAT", format),
    ];
    let talker = Talker::start(CHANNELS, &variables).await;
    let mut told = clients(&talker).await;
    told.extend(back_ends(&talker).await);
    panics(&talker).await;
    let metrics = reqwest::Client::builder().no_proxy().build().unwrap();
    let metrics = metrics.get(format!("http://{}/metrics", talker.address)).send().await.unwrap();
    no_canary("metrics", &metrics.text().await.unwrap(), &[]);

    let lines = talker.stop().await;
    for line in &lines {
        no_canary("log", line, &[]);
    }
    // A refusal may name the channel that its own request named, and nothing else of it.
    for answer in &told {
        no_canary("answer", answer, &[EMAIL]);
    }
    lines
}

fn no_canary(place: &str, text: &str, but: &[&str]) {
    let ours = [HMAC_SECRET, API_KEY, HOOK_SECRET, OLD_HOOK_SECRET];
    let all = [EMAIL, PAYLOAD, BAD_TOKEN, BAD_KEY, "canary.bird", "eyJ"].into_iter().chain(ours);
    let all: Vec<&str> = all.collect();
    for canary in all.iter().filter(|canary| but.iter().all(|allowed| !allowed.contains(**canary))) {
        assert!(!text.contains(canary), "{canary} in {place}: {text}");
    }
}

fn tokens() -> Tokens {
    let connection = Trust { hmac_secret: Secret::new(HMAC_SECRET), ..Trust::default() };
    Tokens::new(&crypto::Config { connection, subscription: None }).unwrap()
}

fn good_token() -> String {
    let mut grant = grant(EMAIL);
    grant.info = Some(json!({ "email": EMAIL, "note": PAYLOAD }).to_string().into());
    tokens().connection(&grant).unwrap()
}

/// What clients do; returns what they are refused with.
async fn clients(talker: &Talker) -> Vec<String> {
    let mut told = Vec::new();
    let channel = format!("room-{EMAIL}");
    for way in [Way::Json, Way::Protobuf, Way::HttpStreamJson, Way::Sse] {
        let mut bob = Client::open_in(way, talker.address, Manners::Answers).await;
        bob.connect(&good_token()).await.unwrap();
        bob.subscribe(&channel).await;
        let post = json!({ "channel": channel, "data": { "email": EMAIL, "secret": PAYLOAD } });
        bob.ask("publish", post).await.unwrap();
        bob.publication().await;
        let refused = bob.ask("subscribe", json!({ "channel": format!("none:{EMAIL}") })).await;
        told.push(format!("{refused:?}"));
        let strange = bob.ask("rpc", json!({ "method": EMAIL, "data": PAYLOAD })).await;
        told.push(format!("{strange:?}"));
    }
    for token in [BAD_TOKEN.to_owned(), format!("{}x", good_token()), sub_token()] {
        let mut eve = Client::open_in(Way::Json, talker.address, Manners::Answers).await;
        eve.say("connect", json!({ "token": token, "data": { "secret": PAYLOAD }, "name": EMAIL }));
        told.push(format!("{:?}", eve.farewell().await));
    }
    for nonsense in [
        PAYLOAD.to_owned(),
        format!("{{\"id\":1,\"connect\":{{\"token\":{BAD_TOKEN}"),
        format!("{{\"id\":1,\"{EMAIL}\":{{}}}}"),
    ] {
        let mut eve = Client::open_in(Way::Json, talker.address, Manners::Answers).await;
        eve.send_raw(nonsense);
        told.push(format!("{:?}", eve.farewell().await));
    }
    told
}

fn sub_token() -> String {
    tokens().subscription(&sub_grant(EMAIL, "room")).unwrap()
}

/// What back ends do; returns what they are refused with.
async fn back_ends(talker: &Talker) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let good = json!({ "channel": "room", "data": { "email": EMAIL, "secret": PAYLOAD } }).to_string();
    let wrong = json!({ "channle": EMAIL, "data": PAYLOAD }).to_string();
    let unknown = json!({ "channel": format!("none:{EMAIL}"), "data": PAYLOAD }).to_string();
    let not_json = format!("{{\"channel\": \"room\", \"data\": {PAYLOAD}");
    let mut told = Vec::new();
    for path in ["/api/publish", "/api/nothing", "/v1/publish", "/v1/channels/room/messages"] {
        for key in [API_KEY, BAD_KEY] {
            for body in [&good, &wrong, &unknown, &not_json] {
                let url = format!("http://{}{path}?api_key={BAD_KEY}&user={EMAIL}", talker.address);
                let request = client.post(url).header("X-API-Key", key).header("X-Request-Id", "request-7");
                let request = request.header("Content-Type", "application/json").body(body.clone());
                let answer = request.send().await.unwrap();
                let is_read = answer.status().is_success() && body == &good;
                let text = answer.text().await.unwrap();
                if !is_read {
                    told.push(text);
                }
            }
        }
    }
    told
}

/// Panics while canaries are around.
async fn panics(talker: &Talker) {
    for (poison, panics) in [(POISON_SESSION, 1), (POISON_SHARD, 2)] {
        let mut eve = Client::open_in(Way::Json, talker.address, Manners::Answers).await;
        eve.connect(&good_token()).await.unwrap();
        eve.subscribe(&format!("room-{EMAIL}")).await;
        let data: Value = serde_json::from_slice(poison).unwrap();
        eve.say("publish", json!({ "channel": format!("room-{EMAIL}"), "data": data }));
        let told = || talker.lines().iter().filter(|line| line.contains("code panicked")).count() >= panics;
        until("a panic", told).await;
    }
}

#[tokio::test]
async fn strangers_leave_no_line_in_an_ordinary_log() {
    let variables = [("WIGWAG_TOKEN__HMAC_SECRET", HMAC_SECRET), ("WIGWAG_API__KEY", API_KEY)];
    let talker = Talker::start(CHANNELS, &variables).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |path: &str, key: &str| {
        let request = http.get(format!("http://{}{path}", talker.address)).header("x-api-key", key);
        request.send().await.unwrap().status().as_u16()
    };

    for (path, status) in [("/v1/info", 401), ("/v1/nothing", 404), ("/v1/openapi.json", 200)] {
        assert_eq!(ask(path, BAD_KEY).await, status);
    }
    assert_eq!(ask("/v1/info", API_KEY).await, 200);
    talker.says("answered").await;

    let lines = talker.stop().await;
    assert_eq!(lines.iter().filter(|line| line.contains("answered")).count(), 1, "{lines:?}");
}
