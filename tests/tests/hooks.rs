//! Questions to the application's back end, over real sockets (P section 19).
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::SinkExt as _;
use ports::time::Clock as _;
use serde_json::{Value, json};
use system::SystemClock;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use wigwag_tests::backend::{Backend, Reaction, disconnect, error, result};
use wigwag_tests::client::{Client, Way};
use wigwag_tests::house::House;
use wigwag_tests::patience::{PATIENCE, until, within};

const WAYS: [Way; 5] = [Way::Json, Way::Protobuf, Way::HttpStreamJson, Way::HttpStreamProtobuf, Way::Sse];
const SHORT: Duration = Duration::from_millis(100);

const CHANNELS: &str = r#"
[[namespace]]
name = "hook"
proxy_subscribe = true
proxy_sub_refresh = true
proxy_publish = true
history_size = 10
history_ttl = "5m"
"#;

/// A house that asks about everything.
async fn house(backend: &Backend, more: &str) -> House {
    let all = "connect = true\nrefresh = true\nrpc = true\n";
    let client = if more.contains("[client]") { "" } else { "[client]\nanonymous = false\n" };
    House::with(&format!("{}\n{client}\n{CHANNELS}", backend.hooks(&format!("{all}{more}")))).await
}

async fn ann(house: &House) -> Client {
    let mut client = house.stranger().await;
    client.connect("").await.unwrap();
    client
}

async fn call(client: &mut Client, method: &str) -> Result<Value, u64> {
    client.ask("rpc", json!({ "method": method, "data": { "a": 1 } })).await
}

fn now_secs() -> u64 {
    SystemClock::new().now().as_millis() / 1_000
}

#[tokio::test]
async fn back_end_lets_clients_in_by_every_way() {
    let backend = Backend::start(|asked| {
        result(json!({
            "user": asked.body["data"]["name"],
            "data": { "hello": "you" },
            "info": { "nick": "Annie" },
            "meta": { "note": "for the back end" },
            "channels": ["hall:all"],
        }))
    })
    .await;
    let house = house(&backend, "").await;

    for (number, way) in WAYS.into_iter().enumerate() {
        let mut client = house.stranger_by(way).await;
        let user = format!("user-{number}");
        let answer = client.ask("connect", json!({ "data": { "name": user }, "name": "js" })).await.unwrap();
        assert_eq!(answer["data"], json!({ "hello": "you" }), "{way:?}");
        assert!(answer["subs"]["hall:all"].is_object(), "{way:?}");
        assert!(answer.get("expires").is_none());
        assert!(!answer.to_string().contains("for the back end"), "{answer}"); // P-CONN-14

        let members = house.api("presence", json!({ "channel": "hall:all" })).await.unwrap();
        let member =
            members["presence"].as_object().unwrap().values().find(|info| info["user"] == json!(user));
        assert_eq!(member.unwrap()["conn_info"], json!({ "nick": "Annie" }), "{way:?}");
    }
    let asked = backend.asked().remove(0);
    assert_eq!((asked.path.as_str(), asked.event()), ("/hooks", "connect"));
    assert_eq!((&asked.body["name"], asked.body.get("user")), (&json!("js"), None));
    assert_eq!(asked.headers["content-type"], "application/json");
}

#[tokio::test]
async fn back_end_turns_clients_away_in_its_own_words() {
    let backend = Backend::start(|asked| match asked.body["data"].as_str() {
        Some("error") => error(1_001, "not you"),
        Some("known") => Reaction::Says(json!({ "error": { "code": 103 } })),
        _ => disconnect(4_501, "banned"),
    })
    .await;
    let house = house(&backend, "").await;

    for (data, code) in [("error", 1_001), ("known", 103)] {
        let mut client = house.stranger().await;
        assert_eq!(client.ask("connect", json!({ "data": data })).await, Err(code));
    }
    let mut client = house.stranger().await;
    client.say("connect", json!({}));
    let farewell = client.farewell().await;
    assert_eq!((farewell.code, farewell.reason.as_str()), (4_501, "banned"));
}

#[tokio::test]
async fn token_needs_no_back_end() {
    let backend = Backend::start(|_| Reaction::HangsUp).await;
    let house = house(&backend, "").await;

    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;

    assert_eq!(backend.count("connect"), 0);
}

#[tokio::test]
async fn headers_that_a_client_claims_are_passed_on_if_they_are_on_the_list() {
    let backend = Backend::start(|_| result(json!({ "user": "ann" }))).await;
    let house =
        house(&backend, "headers = [\"cookie\"]\nclaimed_headers = [\"Authorization\", \"X-App\"]\n").await;

    let mut client = house.stranger().await;
    let headers =
        json!({ "authorization": "Bearer t", "x-app": "7\r\nx-evil: 1", "cookie": "a=b", "webhook-id": "x" });
    client.ask("connect", json!({ "headers": headers })).await.unwrap();
    call(&mut client, "m").await.unwrap();

    for asked in backend.asked() {
        assert_eq!(asked.headers["authorization"], "Bearer t");
        for absent in ["x-app", "x-evil", "cookie", "webhook-id"] {
            assert!(!asked.headers.contains_key(absent), "{absent}");
        }
    }
}

#[tokio::test]
async fn back_end_is_told_how_clients_came() {
    let backend = Backend::start(|_| result(json!({ "user": "ann" }))).await;
    let house = house(&backend, "").await;
    let told = |asked: &Value| ["transport", "protocol", "encoding"].map(|part| asked[part].clone());

    for (way, expected) in WAYS.into_iter().zip([
        ["websocket", "json", "json"],
        ["websocket", "protobuf", "binary"],
        ["http_stream", "json", "json"],
        ["http_stream", "protobuf", "binary"],
        ["sse", "json", "json"],
    ]) {
        let mut client = house.stranger_by(way).await;
        client.connect("").await.unwrap();
        call(&mut client, "m").await.unwrap();
        for asked in backend.asked().iter().rev().take(2) {
            assert_eq!(told(&asked.body), expected.map(Value::from), "{way:?} {}", asked.event());
        }
    }
}

#[tokio::test]
async fn headers_of_the_request_are_passed_on_before_those_that_the_client_claims() {
    let backend = Backend::start(|_| result(json!({ "user": "ann" }))).await;
    let house = house(&backend, "headers = [\"cookie\"]\nclaimed_headers = [\"cookie\", \"x-app\"]\n").await;
    let claims = json!({ "cookie": "session=forged", "x-app": "7" });
    let connect = json!({ "id": 1, "connect": { "headers": claims } }).to_string();

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/connection/http_stream", house.address);
    let request = http.post(url).header("cookie", "session=real").header("authorization", "Bearer t");
    let _stream = within("the stream", request.body(connect.clone()).send()).await.unwrap();

    let url = format!("ws://{}/connection/websocket", house.address);
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("cookie", "session=real".parse().unwrap());
    request.headers_mut().insert("authorization", "Bearer t".parse().unwrap());
    let (mut socket, _) = within("the upgrade", connect_async(request)).await.unwrap();
    socket.send(Message::text(connect)).await.unwrap();

    backend.is_asked("connect", 2).await;
    for asked in backend.asked() {
        assert_eq!((&*asked.headers["cookie"], &*asked.headers["x-app"]), ("session=real", "7"));
        assert!(!asked.headers.contains_key("authorization"));
    }
}

/// Connects by HTTP with these headers; what the back end is asked then.
async fn comes_with(house: &House, backend: &Backend, headers: &[(&str, &str)]) -> BTreeMap<String, String> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = http.post(format!("http://{}/connection/http_stream", house.address));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let claims = json!({ "x-forwarded-for": "6.6.6.6", "x-real-ip": "6.6.6.6", "x-app": "forged" });
    let connect = json!({ "id": 1, "connect": { "headers": claims } }).to_string();
    let so_far = backend.count("connect");
    let _stream = within("the stream", request.body(connect).send()).await.unwrap();
    backend.is_asked("connect", so_far + 1).await;
    backend.asked().pop().unwrap().headers
}

#[tokio::test]
async fn back_end_is_told_the_address_that_was_found_out_and_nothing_that_a_client_claims_of_it() {
    let backend = Backend::start(|_| result(json!({ "user": "ann" }))).await;
    let headers = "headers = [\"x-forwarded-for\", \"x-real-ip\", \"x-app\"]\n";
    let lies = [("x-forwarded-for", "203.0.113.9"), ("x-real-ip", "203.0.113.9")];

    let alone = house(&backend, headers).await;
    for lies in [&[][..], &lies] {
        let told = comes_with(&alone, &backend, lies).await;
        assert_eq!(told["x-forwarded-for"], "127.0.0.1");
        assert!(!told.contains_key("x-real-ip") && !told.contains_key("x-app"), "{told:?}");
    }

    let trusted = format!("{headers}[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n");
    let behind = house(&backend, &trusted).await;
    let told = comes_with(&behind, &backend, &lies).await;
    assert_eq!((&*told["x-forwarded-for"], &*told["x-real-ip"]), ("203.0.113.9", "203.0.113.9"));
}

#[tokio::test]
async fn questions_are_signed_if_there_is_a_secret() {
    let backend = Backend::start(|_| result(json!({ "user": "ann" }))).await;
    let house = house(&backend, "secret = \"new\"\nprevious_secret = \"old\"\n").await;

    ann(&house).await;

    let headers = backend.asked().remove(0).headers;
    let signatures: Vec<&str> = headers["webhook-signature"].split(' ').collect();
    assert!(signatures.len() == 2 && signatures.iter().all(|one| one.starts_with("v1,") && one.len() == 47));
    assert!(headers["webhook-id"].starts_with("msg_"));
    assert!(headers["webhook-timestamp"].parse::<u64>().unwrap().abs_diff(now_secs()) < 60);
}

#[tokio::test]
async fn calls_are_answered_in_order() {
    let backend = Backend::start(|asked| match (asked.event(), asked.method()) {
        ("connect", _) => result(json!({ "user": "ann", "meta": { "role": "guest" } })),
        (_, "slow") => Reaction::After(SHORT, Box::new(result(json!({ "data": "slow" })))),
        (_, "error") => error(1_000, "no"),
        (_, "bytes") => result(json!({ "b64data": "eyJhIjoxfQ==" })),
        (_, "meta") => {
            result(json!({ "data": [asked.body["user"], asked.body["meta"], asked.body["data"]] }))
        }
        _ => result(json!({})),
    })
    .await;
    let house = house(&backend, "").await;
    let mut client = ann(&house).await;

    let calls = ["slow", "error", "bytes", "meta"];
    let ids =
        client.say_together(calls.map(|method| ("rpc", json!({ "method": method, "data": { "a": 1 } }))));
    client.subscribe("room").await;

    assert_eq!(client.answer(ids[0]).await, Ok(json!({ "data": "slow" })));
    assert_eq!(client.answer(ids[1]).await, Err(1_000));
    assert_eq!(client.answer(ids[2]).await, Ok(json!({ "data": { "a": 1 } })));
    let known = json!({ "data": ["ann", { "role": "guest" }, { "a": 1 }] });
    assert_eq!(client.answer(ids[3]).await, Ok(known));
    let methods: Vec<String> =
        backend.asked().iter().skip(1).map(|asked| asked.method().to_owned()).collect();
    assert_eq!(methods, calls);
}

#[tokio::test]
async fn back_end_that_misbehaves_costs_an_error_and_harms_nobody_else() {
    let elsewhere = Backend::start(|_| result(json!({ "data": "stolen" }))).await;
    let to = format!("http://{}/", elsewhere.address);
    let backend = Backend::start(move |asked| match asked.method() {
        "" => result(json!({ "user": "ann" })),
        "slow" => Reaction::After(Duration::from_secs(60), Box::new(result(json!({ "data": 1 })))),
        "silent" => Reaction::IsSilent,
        "dead" => Reaction::HangsUp,
        "broken" => Reaction::Answers(200, "application/json", "{\"result\":".into()),
        "wrong" => Reaction::Says(json!({ "result": { "b64data": 7 } })),
        "empty" => Reaction::Says(json!({})),
        "html" => Reaction::Answers(200, "text/html", "{\"result\":{}}".into()),
        "huge" => Reaction::Babbles(3 << 20),
        "fault" => Reaction::Answers(500, "application/json", "{\"result\":{}}".into()),
        "nothing" => Reaction::Answers(204, "application/json", String::new()),
        "elsewhere" => Reaction::Sends(to.clone()),
        "own code" => error(5, "reserved"),
        _ => result(json!({ "data": "well" })),
    })
    .await;
    let house = house(&backend, "").await;
    let (mut bob, mut client) = (house.client("bob").await, ann(&house).await);
    bob.subscribe("room").await;

    let faults = ["slow", "silent", "dead", "broken", "wrong", "empty", "html", "huge", "fault", "nothing"];
    for fault in faults.into_iter().chain(["elsewhere", "own code"]) {
        let id = client.say("rpc", json!({ "method": fault }));
        // Meanwhile another connection goes on as ever.
        bob.publish("room", json!(fault)).await;
        bob.expects(fault).await;

        assert_eq!(client.answer(id).await, Err(100), "{fault}");
        assert_eq!(call(&mut client, "well").await, Ok(json!({ "data": "well" })), "after {fault}");
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn back_end_that_is_down_makes_clients_come_again() {
    let address = wigwag_tests::backend::nowhere().await;
    let house = House::with(&wigwag_tests::backend::hooks(address, "connect = true")).await;

    for round in 0..8 {
        let mut client = house.stranger().await;
        assert_eq!(client.connect("").await, Err(100), "round {round}");
    }
    house.client("bob").await.subscribe("room").await;
}

#[tokio::test]
async fn back_end_that_fails_is_left_alone_for_a_moment_and_then_asked_again() {
    let backend = Backend::start(|asked| match asked.event() {
        "rpc" => Reaction::Answers(503, "application/json", String::new()),
        _ => result(json!({ "user": "ann" })),
    })
    .await;
    let house = house(&backend, "").await;
    let mut client = ann(&house).await;

    for _ in 0..20 {
        assert_eq!(call(&mut client, "m").await, Err(100));
    }
    // On a busy machine a probe or two may have passed meanwhile.
    assert!((5..10).contains(&backend.count("rpc")), "{}", backend.count("rpc"));
    // Calls that fail keep nobody from connecting.
    ann(&house).await;

    backend.will(|_| result(json!({ "data": 1 })));
    let begin = Instant::now();
    while call(&mut client, "m").await.is_err() {
        assert!(begin.elapsed() < PATIENCE, "never asked again");
        tokio::time::sleep(SHORT).await;
    }
    for _ in 0..10 {
        assert_eq!(call(&mut client, "m").await, Ok(json!({ "data": 1 })));
    }
}

#[tokio::test]
async fn client_that_makes_the_back_end_fail_closes_no_door_for_others() {
    let backend = Backend::start(|asked| match asked.method() {
        "" => result(json!({ "user": "ann" })),
        "fault" => Reaction::Answers(500, "application/json", String::new()),
        _ => result(json!({ "data": 1 })),
    })
    .await;
    let house = house(&backend, "").await;
    let (mut eve, mut client) = (ann(&house).await, ann(&house).await);

    for _ in 0..20 {
        assert_eq!(call(&mut eve, "fault").await, Err(100));
    }

    assert_eq!(call(&mut client, "well").await, Ok(json!({ "data": 1 })));
}

#[tokio::test]
async fn only_so_many_questions_are_under_way_and_others_wait_a_little() {
    let (answers, told) = watch::channel(false);
    let backend = Backend::start(move |asked| match asked.method() {
        "quick" => Reaction::After(SHORT / 2, Box::new(result(json!({})))),
        "held" => Reaction::WhenTold(told.clone(), Box::new(result(json!({})))),
        _ => result(json!({ "user": "ann" })),
    })
    .await;
    let house = house(&backend, "concurrency = 2\ntimeout = \"2s\"\n").await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(ann(&house).await);
    }

    let ids: Vec<u32> =
        clients.iter_mut().map(|client| client.say("rpc", json!({ "method": "quick" }))).collect();
    for (client, id) in clients.iter_mut().zip(ids) {
        assert!(client.answer(id).await.is_ok());
    }
    let refused = Arc::new(AtomicUsize::new(0));
    let mut calls = JoinSet::new();
    for mut client in clients {
        let refused = Arc::clone(&refused);
        calls.spawn(async move {
            let answer = call(&mut client, "held").await;
            refused.fetch_add(usize::from(answer == Err(100)), Ordering::Relaxed);
        });
    }
    until("those without a place are refused", || refused.load(Ordering::Relaxed) == 6).await;
    answers.send_replace(true);
    calls.join_all().await;

    assert_eq!((refused.load(Ordering::Relaxed), backend.at_once()), (6, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_who_wait_for_a_silent_back_end_may_leave_and_harm_nobody() {
    const CROWD: usize = 1_000;
    const PLACES: usize = 64;
    let backend = Backend::start(|_| Reaction::IsSilent).await;
    let house = house(&backend, "timeout = \"2s\"\n").await;
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;

    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        let mut client = house.stranger().await;
        let id = client.say("connect", json!({ "data": "x".repeat(1_000) }));
        crowd.push((client, id));
    }
    drop(crowd.split_off(CROWD / 2));
    bob.publish("room", json!("meanwhile")).await;
    bob.expects("meanwhile").await;
    for (mut client, id) in crowd {
        assert_eq!(client.answer(id).await, Err(100));
    }

    // What a question left unanswered may close a little later than the next one begins.
    assert!(backend.at_once() <= 2 * PLACES, "{}", backend.at_once());
    drop(bob);
    house.is_empty().await;
}

#[tokio::test]
async fn stopping_node_waits_for_no_back_end() {
    let backend = Backend::start(|asked| match asked.event() {
        "connect" => result(json!({ "user": "ann" })),
        _ => Reaction::IsSilent,
    })
    .await;
    let house = house(&backend, "timeout = \"2s\"\n").await;
    let mut client = ann(&house).await;
    client.say("rpc", json!({ "method": "m" }));
    backend.is_asked("rpc", 1).await;

    within("the end of the node", house.stop()).await;

    assert_eq!(client.close_code().await, 3_001);
}

#[tokio::test]
async fn payloads_go_as_base64_if_that_is_wanted() {
    let backend = Backend::start(|_| result(json!({ "user": "ann" }))).await;
    let house = house(&backend, "binary = true\n").await;
    let mut client = ann(&house).await;

    call(&mut client, "m").await.unwrap();

    let asked = backend.asked().pop().unwrap().body;
    assert_eq!((asked.get("data"), &asked["b64data"]), (None, &json!("eyJhIjoxfQ==")));
}

#[tokio::test]
async fn back_end_decides_who_subscribes() {
    let backend = Backend::start(|asked| match asked.body["channel"].as_str() {
        Some("hook:open") => result(json!({ "data": { "topic": 1 }, "info": "i", "override": {
            "presence": { "value": true } } })),
        Some("hook:gone") => disconnect(4_000, "go"),
        Some("hook:late") => result(json!({ "expire_at": 1 })),
        Some(_) => error(403, "not yours"),
        None => result(json!({ "user": "ann" })),
    })
    .await;
    let house = house(&backend, "").await;
    let mut client = ann(&house).await;

    let answer = client.ask("subscribe", json!({ "channel": "hook:open", "data": 5 })).await.unwrap();
    assert_eq!(answer["data"], json!({ "topic": 1 }));
    let asked = backend.asked().pop().unwrap().body;
    assert_eq!((&asked["user"], &asked["data"]), (&json!("ann"), &json!(5)));
    let members = house.api("presence", json!({ "channel": "hook:open" })).await;
    assert_eq!(members, Err(108), "presence is on for one subscription, not for the namespace");
    for (channel, code) in [("hook:closed", 403), ("hook:late", 110), ("$hook:open", 103)] {
        assert_eq!(client.ask("subscribe", json!({ "channel": channel })).await, Err(code), "{channel}");
    }
    client.say("subscribe", json!({ "channel": "hook:gone" }));
    assert_eq!(client.close_code().await, 4_000);
}

#[tokio::test]
async fn back_end_decides_what_is_published() {
    let backend = Backend::start(|asked| match (asked.event(), asked.body["data"].as_str()) {
        ("publish", Some("same")) => result(json!({})),
        ("publish", Some("kept out")) => result(json!({ "data": 1, "skip_history": true })),
        ("publish", Some("once")) => result(json!({ "idempotency_key": "k" })),
        ("publish", Some("never")) => error(1_002, "no"),
        ("publish", _) => result(json!({ "data": { "said": asked.body["data"] }, "tags": { "a": "b" } })),
        _ => result(json!({ "user": "ann" })),
    })
    .await;
    let house = house(&backend, "").await;
    let mut client = ann(&house).await;
    client.subscribe("hook:a").await;

    client.publish("hook:a", json!("hi")).await;
    let publication = client.publication().await;
    assert_eq!(
        (&publication["data"], &publication["tags"]),
        (&json!({ "said": "hi" }), &json!({ "a": "b" }))
    );
    assert_eq!(publication["info"]["user"], "ann");
    client.publish("hook:a", json!("same")).await;
    client.expects("same").await;
    client.publish("hook:a", json!("kept out")).await;
    client.expects(1).await;
    for _ in 0..2 {
        client.publish("hook:a", json!("once")).await;
    }
    client.expects("once").await;
    let answer = client.ask("publish", json!({ "channel": "hook:a", "data": "never" })).await;
    assert_eq!(answer, Err(1_002));

    let history = house.api("history", json!({ "channel": "hook:a", "limit": 10 })).await.unwrap();
    assert_eq!(history["publications"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn expired_connection_goes_on_while_the_back_end_says_so_and_through_an_outage() {
    let backend = Backend::start(|_| result(json!({ "user": "ann", "expire_at": now_secs() + 2 }))).await;
    let house = house(&backend, "[client]\nexpiry_grace = \"6s\"\n").await;
    let mut client = ann(&house).await;

    backend.is_asked("refresh", 1).await;
    backend.will(|_| Reaction::HangsUp);
    backend.is_asked("refresh", 3).await;
    backend.will(|_| result(json!({ "expire_at": now_secs() + 2, "info": { "n": 2 } })));
    let so_far = backend.count("refresh");
    backend.is_asked("refresh", so_far + 2).await;
    assert_eq!(client.closed(), None);

    backend.will(|_| result(json!({ "expired": true })));
    assert_eq!(client.close_code().await, 3_005);
}

#[tokio::test]
async fn expired_subscription_goes_on_while_the_back_end_says_so() {
    let backend = Backend::start(|asked| match asked.event() {
        "connect" => result(json!({ "user": "ann" })),
        _ => result(json!({ "expire_at": now_secs() + 2 })),
    })
    .await;
    let house = house(&backend, "").await;
    let mut client = ann(&house).await;

    let answer = client.subscribe("hook:a").await;
    assert!(answer.get("expires").is_none());
    backend.is_asked("sub_refresh", 2).await;
    assert!(client.pushes_at_hand().is_empty());
    backend.will(|_| result(json!({ "expired": true })));

    assert_eq!(client.next_push().await["unsubscribe"]["code"], 2_501);
}

#[tokio::test]
async fn client_that_the_back_end_let_in_has_nothing_to_refresh() {
    let backend = Backend::start(|_| result(json!({ "user": "ann" }))).await;
    let house = house(&backend, "").await;

    let mut client = ann(&house).await;
    client.say("refresh", json!({ "token": house.token("ann") }));
    assert_eq!(client.close_code().await, 3_501); // P-EXP-3

    let mut client = ann(&house).await;
    client.subscribe("hook:a").await;
    client.say("sub_refresh", json!({ "channel": "hook:a", "token": house.sub_token("ann", "hook:a") }));
    assert_eq!(client.close_code().await, 3_501);
}
