//! The REST API under `/v1` over a real server.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use wigwag_tests::client::Client;
use wigwag_tests::house::{API_KEY, House, grant};

const NOBODY: &str = "6f1c2a7e-0000-4000-8000-000000000001";

/// Somebody who calls a house.
#[derive(Clone)]
struct Caller {
    base: String,
    http: reqwest::Client,
}

impl Caller {
    fn of(house: &House) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base: format!("http://{}", house.address), http }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(API_KEY);
        let request = match &body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> u16 {
        self.ask(Method::DELETE, path, None).await.0
    }

    /// All items of a list, and how many pieces they came in.
    async fn pieces(&self, path: &str, member: &str) -> (Vec<Value>, usize) {
        let sign = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut pieces, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let piece = self.get(&format!("{path}{cursor}")).await;
            items.extend(piece[member].as_array().unwrap().iter().cloned());
            pieces += 1;
            let Some(next) = piece["next_cursor"].as_str() else { return (items, pieces) };
            cursor = format!("{sign}cursor={next}");
        }
    }
}

/// Every operation with every status of its own; those that all operations have in common are tried beside their code.
#[tokio::test]
async fn every_operation_answers_as_it_declares() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;
    let connection = format!("/v1/connections/{}", bob.id());
    let nobody = format!("/v1/connections/{NOBODY}");
    let lost = "since_offset=1&since_epoch=elsewhen";
    let data = json!({ "data": 1 });
    let unknown = json!({ "channel": "nowhere:x" });
    let cases = [
        ("publish", "POST", "/v1/publish".into(), json!({ "channel": "room", "data": 1 }), 200),
        ("publish", "POST", "/v1/publish".into(), json!({ "channel": "nowhere:x", "data": 1 }), 404),
        ("publish_to_channel", "POST", "/v1/channels/room/publish".into(), data.clone(), 200),
        ("publish_to_channel", "POST", "/v1/channels/nowhere:x/publish".into(), data, 404),
        ("broadcast", "POST", "/v1/broadcast".into(), json!({ "channels": ["room"], "data": 1 }), 200),
        ("batch", "POST", "/v1/batch".into(), json!({ "commands": [{}] }), 200),
        ("channels", "GET", "/v1/channels".into(), Value::Null, 200),
        ("history", "GET", "/v1/history?channel=room".into(), Value::Null, 200),
        ("history", "GET", "/v1/history?channel=nowhere:x".into(), Value::Null, 404),
        ("history", "GET", format!("/v1/history?channel=room&{lost}"), Value::Null, 416),
        ("history_of_channel", "GET", "/v1/channels/room/history".into(), Value::Null, 200),
        ("history_of_channel", "GET", "/v1/channels/nowhere:x/history".into(), Value::Null, 404),
        ("history_of_channel", "GET", format!("/v1/channels/room/history?{lost}"), Value::Null, 416),
        ("forget_history", "DELETE", "/v1/history?channel=room".into(), Value::Null, 204),
        ("forget_history", "DELETE", "/v1/history?channel=nowhere:x".into(), Value::Null, 404),
        ("forget_history_of_channel", "DELETE", "/v1/channels/room/history".into(), Value::Null, 204),
        ("forget_history_of_channel", "DELETE", "/v1/channels/nowhere:x/history".into(), Value::Null, 404),
        ("presence", "GET", "/v1/presence?channel=room".into(), Value::Null, 200),
        ("presence", "GET", "/v1/presence?channel=nowhere:x".into(), Value::Null, 404),
        ("presence_of_channel", "GET", "/v1/channels/room/presence".into(), Value::Null, 200),
        ("presence_of_channel", "GET", "/v1/channels/nowhere:x/presence".into(), Value::Null, 404),
        ("presence_stats", "GET", "/v1/presence/stats?channel=room".into(), Value::Null, 200),
        ("presence_stats", "GET", "/v1/presence/stats?channel=nowhere:x".into(), Value::Null, 404),
        ("presence_stats_of_channel", "GET", "/v1/channels/room/presence/stats".into(), Value::Null, 200),
        (
            "presence_stats_of_channel",
            "GET",
            "/v1/channels/nowhere:x/presence/stats".into(),
            Value::Null,
            404,
        ),
        ("connections", "GET", "/v1/connections".into(), Value::Null, 200),
        ("connection", "GET", connection.clone(), Value::Null, 200),
        ("connection", "GET", nobody.clone(), Value::Null, 404),
        ("connections_of_user", "GET", "/v1/users/bob/connections".into(), Value::Null, 200),
        ("namespaces", "GET", "/v1/namespaces".into(), Value::Null, 200),
        ("info", "GET", "/v1/info".into(), Value::Null, 200),
        ("reload", "POST", "/v1/reload".into(), Value::Null, 200),
        ("subscribe", "POST", "/v1/users/bob/subscribe".into(), json!({ "channel": "live:x" }), 204),
        ("subscribe", "POST", "/v1/users/bob/subscribe".into(), unknown.clone(), 404),
        ("unsubscribe", "POST", "/v1/users/bob/unsubscribe".into(), json!({ "channel": "live:x" }), 204),
        ("unsubscribe", "POST", "/v1/users/bob/unsubscribe".into(), unknown, 404),
        ("refresh", "POST", "/v1/users/bob/refresh".into(), json!({}), 204),
        ("close_connection", "DELETE", nobody, Value::Null, 404),
        ("close_connection", "DELETE", connection, Value::Null, 204),
        ("disconnect", "POST", "/v1/users/bob/disconnect".into(), json!({}), 204),
    ];

    let mut tried = BTreeSet::new();
    for (operation, method, path, body, expected) in cases {
        let body = Some(body).filter(|body| !body.is_null());
        let (status, answer) = caller.ask(method.parse().unwrap(), &path, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
        tried.insert((operation.to_owned(), expected.to_string()));
    }

    // What is declared twice has its test beside its code.
    let declared = declared(&caller).await;
    assert_eq!(tried, declared.into_iter().filter(|(_, status)| status != "304").collect());
}

/// Operations with the statuses that only some of them have.
async fn declared(caller: &Caller) -> BTreeSet<(String, String)> {
    let description = caller.get("/v1/openapi.json").await;
    let own = ["200", "204", "304", "404", "416"];
    let mut declared = BTreeSet::new();
    for methods in description["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            let statuses = operation["responses"].as_object().unwrap().keys();
            let statuses = statuses.filter(|status| own.contains(&status.as_str()));
            declared.extend(statuses.map(|status| (id.to_owned(), status.clone())));
        }
    }
    declared
}

#[tokio::test]
async fn publications_arrive_once_per_key_whichever_way_it_is_given() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;
    let publish = |header: Option<&'static str>, body: Value| {
        let request = caller.http.post(format!("{}/v1/publish", caller.base)).header("x-api-key", API_KEY);
        let request = header.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key));
        let request = request.header("content-type", "application/json").body(body.to_string());
        async move {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            (status, serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap())
        }
    };

    let (_, first) = publish(Some("k1"), json!({ "channel": "room", "data": "a" })).await;
    let (_, again) = publish(None, json!({ "channel": "room", "data": "b", "idempotency_key": "k1" })).await;
    let both = json!({ "channel": "room", "data": "c", "idempotency_key": "k1" });
    let (same, _) = publish(Some("k1"), both.clone()).await;
    let (status, refused) = publish(Some("k2"), both).await;

    assert_eq!((&first["offset"], &first["skipped"]), (&json!(1), &json!(false)));
    assert_eq!((&again["offset"], &again["skipped"]), (&json!(1), &json!(true)));
    assert_eq!(same, 200);
    assert_eq!((status, &refused["errors"][0]["field"]), (400, &json!("idempotency_key")));
    bob.expects("a").await;
    caller.post("/v1/publish", json!({ "channel": "room", "data": null, "tags": { "a": "b" } })).await;
    assert_eq!(bob.next_push().await["pub"]["data"], Value::Null);
    assert_eq!(bob.pushes_so_far().await, [] as [Value; 0]);
}

#[tokio::test]
async fn channels_of_any_name_are_reached_by_path_and_by_query() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    let encoded = "a%2Fb%3Fc%23d%25e%20f";

    caller.post(&format!("/v1/channels/{encoded}/publish"), json!({ "data": { "b" : [1, 2] } })).await;

    let (by_path, by_query) =
        (format!("/v1/channels/{encoded}/history"), format!("/v1/history?channel={encoded}"));
    let history = caller.get(&by_path).await;
    assert_eq!(history["publications"][0]["data"], json!({ "b": [1, 2] }));
    assert_eq!(caller.get(&by_query).await, history);
    assert_eq!(house.api("history", json!({ "channel": "a/b?c#d%e f" })).await.unwrap()["offset"], 1);
    assert_eq!(caller.delete(&by_query).await, 204);
    assert_eq!(caller.get(&by_path).await["publications"], json!([]));
    assert_eq!(caller.get(&by_path).await["offset"], 1);
}

#[tokio::test]
async fn history_comes_in_pieces_while_more_is_published() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    for number in 1..=25 {
        house.publish("room", json!(number)).await;
    }

    for (order, expected) in
        [("oldest", (1..=25).collect::<Vec<u64>>()), ("newest", (1..=25).rev().collect())]
    {
        let path = format!("/v1/history?channel=room&limit=10&order={order}");
        let first = caller.get(&path).await;
        let more = house.publish("other", json!(0));
        more.await;
        let mut offsets = offsets(&first);
        let mut next = first["next_cursor"].as_str().map(str::to_owned);
        while let Some(cursor) = next {
            let piece = caller.get(&format!("/v1/history?channel=room&limit=10&cursor={cursor}")).await;
            offsets.extend(self::offsets(&piece));
            next = piece["next_cursor"].as_str().map(str::to_owned);
        }
        assert_eq!(offsets, expected, "{order}");
    }
    let top = caller.get("/v1/history?channel=room&limit=0").await;
    assert_eq!((&top["publications"], &top["offset"]), (&json!([]), &json!(25)));
    let since =
        format!("/v1/history?channel=room&since_offset=23&since_epoch={}", top["epoch"].as_str().unwrap());
    assert_eq!(offsets(&caller.get(&since).await), [24, 25]);
}

fn offsets(history: &Value) -> Vec<u64> {
    let publications = history["publications"].as_array().unwrap();
    publications.iter().map(|publication| publication["offset"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn batches_have_a_result_for_each_command() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    let mut bob = house.client("bob").await;
    bob.subscribe("room").await;
    let commands = json!([
        { "publish": { "channel": "room", "data": "a" } },
        { "publish": { "channel": "nowhere:x", "data": 1 } },
        { "publish": { "chanel": "room", "data": 1 } },
        { "history": { "channel": "room", "limit": 1 } },
        { "presence": { "channel": "room" } },
        { "presence_stats": { "channel": "room" } },
        { "broadcast": { "channels": ["room", "nowhere:x"], "data": "b" } },
        { "subscribe": { "user": "bob", "body": { "channel": "live:x" } } },
        { "unsubscribe": { "user": "bob", "body": { "channel": "live:x" } } },
        { "refresh": { "user": "bob", "body": {} } },
        { "forget_history": { "channel": "room" } },
        { "disconnect": { "user": "bob", "body": { "code": 4001 } } },
        { "dance": {} },
        {},
        { "publish": { "channel": "room", "data": 1 }, "history": { "channel": "room" } },
    ]);

    let (status, answer) = caller.post("/v1/batch", json!({ "commands": commands })).await;

    assert_eq!(status, 200, "{answer}");
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<u64> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 404, 400, 200, 200, 200, 200, 204, 204, 204, 204, 204, 400, 400, 400]);
    assert_eq!(answer["failed"], 5);
    assert_eq!(results[0]["body"]["offset"], 1);
    assert_eq!(results[1]["problem"]["error"], "unknown_channel");
    assert_eq!(results[2]["problem"]["errors"][0]["field"], "publish.chanel");
    assert_eq!(offsets(&results[3]["body"]), [1]);
    assert_eq!(results[4]["body"]["clients"][0]["user"], "bob");
    assert_eq!(results[5]["body"], json!({ "clients": 1, "users": 1 }));
    assert_eq!(results[6]["body"]["results"][1]["status"], 404);
    assert_eq!(bob.close_code().await, 4001);
    for count in [0, 1_001] {
        let commands = vec![json!({}); count];
        assert_eq!(caller.post("/v1/batch", json!({ "commands": commands })).await.0, 400);
    }
}

#[tokio::test]
async fn a_batch_is_cheaper_than_as_many_calls() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    let command = |number: usize| json!({ "publish": { "channel": "room", "data": number } });
    let commands: Vec<Value> = (0..1_000).map(command).collect();

    let begin = tokio::time::Instant::now();
    let (_, answer) = caller.post("/v1/batch", json!({ "commands": commands })).await;
    let batch = begin.elapsed();
    let begin = tokio::time::Instant::now();
    for number in 0..1_000 {
        caller.post("/v1/publish", json!({ "channel": "other", "data": number })).await;
    }
    let calls = begin.elapsed();

    assert_eq!(answer["failed"], 0);
    let offsets: Vec<&Value> =
        answer["results"].as_array().unwrap().iter().map(|one| &one["body"]["offset"]).collect();
    assert!(offsets.iter().zip(1..).all(|(offset, number)| **offset == json!(number)));
    assert!(batch * 2 < calls, "{batch:?} for a batch, {calls:?} for calls");
}

#[tokio::test]
async fn lists_show_what_stays_once_while_others_come_and_go() {
    let house = House::with("[server]\nshards = 3\n").await;
    let caller = Caller::of(&house);
    let mut stay = Vec::new();
    for number in 0..12 {
        stay.push(member(&house, &format!("user{}", number % 3), &format!("room{number:02}")).await);
    }
    let mut leaving = Vec::new();
    for number in 0..6 {
        leaving.push(member(&house, "guest", &format!("guest{number}")).await);
    }

    let first = caller.get("/v1/connections?limit=5").await;
    let mut clients = ids(&first);
    let mut next = first["next_cursor"].as_str().map(str::to_owned);
    while let Some(cursor) = next {
        leaving.pop();
        leaving.insert(0, member(&house, "guest", "guests").await);
        let piece = caller.get(&format!("/v1/connections?limit=5&cursor={cursor}")).await;
        clients.extend(ids(&piece));
        next = piece["next_cursor"].as_str().map(str::to_owned);
    }

    for client in &stay {
        assert_eq!(clients.iter().filter(|id| *id == client.id()).count(), 1);
    }
    assert!(clients.is_sorted());
    let (users, _) = caller.pieces("/v1/users/user1/connections?limit=3", "connections").await;
    assert_eq!(users.len(), 4);
    assert_eq!(caller.get("/v1/connections?user=user1").await["connections"].as_array().unwrap().len(), 4);
    assert_eq!(ids(&caller.get("/v1/connections?channel=room07").await), [stay[7].id()]);
    let (channels, pieces) = caller.pieces("/v1/channels?prefix=room&limit=5", "channels").await;
    let names: Vec<&str> = channels.iter().map(|one| one["channel"].as_str().unwrap()).collect();
    assert_eq!((names.len(), pieces, names.is_sorted()), (12, 3, true));
}

async fn member(house: &House, user: &str, channel: &str) -> Client {
    let mut client = house.client(user).await;
    client.subscribe(channel).await;
    client
}

fn ids(piece: &Value) -> Vec<String> {
    let connections = piece["connections"].as_array().unwrap();
    connections.iter().map(|one| one["client"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn presence_comes_in_pieces() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    let mut members = Vec::new();
    for number in 0..7 {
        members.push(member(&house, &format!("user{number}"), "room").await);
    }

    let (clients, pieces) = caller.pieces("/v1/presence?channel=room&limit=3", "clients").await;

    let listed: BTreeSet<&str> = clients.iter().map(|one| one["client"].as_str().unwrap()).collect();
    assert_eq!((clients.len(), listed.len(), pieces), (7, 7, 3));
    assert_eq!(caller.get("/v1/channels/room/presence/stats").await, json!({ "clients": 7, "users": 7 }));
}

#[tokio::test]
async fn a_connection_is_shown_and_closed_by_its_id() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    let until = house.after(std::time::Duration::from_secs(3_600));
    let mut bob = house
        .client_with(&house.sign(&ports::access::ConnectionGrant { expire_at: Some(until), ..grant("bob") }))
        .await;
    bob.subscribe("room").await;
    let mut other = house.client("bob").await;
    let path = format!("/v1/connections/{}", bob.id());

    let shown = caller.get(&path).await;
    assert_eq!((&shown["user"], &shown["channels"]), (&json!("bob"), &json!(["room"])));
    assert_eq!(shown["expire_at"], until.as_millis() / 1_000);
    for bad in ["code=4000&reason=%7B%7D", "code=3000", "code=99", "resson=x"] {
        assert_eq!(caller.delete(&format!("{path}?{bad}")).await, 400, "{bad}");
    }
    assert_eq!(caller.delete(&format!("{path}?code=4007&reason=moved")).await, 204);
    assert_eq!(bob.close_code().await, 4007);
    assert_eq!(caller.delete(&path).await, 404);
    other.subscribe("room").await;
}

#[tokio::test]
async fn users_are_subscribed_refreshed_and_disconnected() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    let mut bob = house.client("bob/1").await;
    let path = |what: &str| format!("/v1/users/bob%2F1/{what}");

    assert_eq!(
        caller.post(&path("subscribe"), json!({ "channel": "room", "data": { "a": 1 } })).await.0,
        204
    );
    let push = bob.next_push().await;
    assert_eq!((&push["channel"], &push["subscribe"]["data"]), (&json!("room"), &json!({ "a": 1 })));
    assert_eq!(caller.get(&path("connections")).await["connections"][0]["channels"], json!(["room"]));

    assert_eq!(caller.post(&path("unsubscribe"), json!({})).await.0, 204);
    assert_eq!(bob.next_push().await["unsubscribe"]["code"], 2000);

    assert_eq!(caller.post(&path("refresh"), json!({ "expire_at": 4_102_444_800_u64 })).await.0, 204);
    assert_eq!(bob.next_push().await["refresh"]["expires"], true);

    let (status, problem) =
        caller.post(&path("subscribe"), json!({ "channel": "room", "expire_at": 1 })).await;
    assert_eq!((status, &problem["error"], &problem["code"]), (400, &json!("expired"), &json!(110)));
    let (status, problem) = caller.post(&path("disconnect"), json!({ "code": 3000 })).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!("code")));
    let wrong = json!({ "channel": "room", "override": { "presense": true } });
    let (_, problem) = caller.post(&path("subscribe"), wrong).await;
    assert_eq!(problem["errors"][0]["field"], "override.presense");

    assert_eq!(caller.post(&path("disconnect"), json!({ "reason": "bye" })).await.0, 204);
    assert_eq!(bob.close_code().await, 3503);
}

#[tokio::test]
async fn features_that_are_off_are_told_from_mistakes() {
    let house = House::start().await;
    let caller = Caller::of(&house);

    for path in
        ["/v1/history?channel=live:x", "/v1/presence?channel=live:x", "/v1/presence/stats?channel=live:x"]
    {
        let (status, problem) = caller.ask(Method::GET, path, None).await;
        assert_eq!(
            (status, &problem["error"], &problem["code"]),
            (400, &json!("not_available"), &json!(108)),
            "{path}"
        );
    }
    for (path, field) in [
        ("/v1/history?channel=", "channel"),
        ("/v1/history", "channel"),
        ("/v1/history?channel=room&limit=1001", "limit"),
        ("/v1/history?channel=room&order=up", "order"),
        ("/v1/history?channel=room&since_epoch=x", "since_epoch"),
        ("/v1/history?channel=room&order=newest&since_offset=0", "since_offset"),
        ("/v1/history?channel=room&cursor=x", "cursor"),
        ("/v1/channels?limit=0", "limit"),
        ("/v1/channels?cursor=bm8", "cursor"),
        ("/v1/connections?channel=", "channel"),
        ("/v1/presence?channel=r%C3%BC", "channel"),
    ] {
        let (status, problem) = caller.ask(Method::GET, path, None).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!(field)), "{path}: {problem}");
    }
}

#[tokio::test]
async fn the_node_tells_what_it_is_configured_to_do() {
    let house = House::start().await;
    let caller = Caller::of(&house);
    let bob = member(&house, "bob", "room").await;

    let info = caller.get("/v1/info").await;
    let namespaces = caller.get("/v1/namespaces").await;

    assert_eq!((&info["connections"], &info["users"], &info["channels"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(info["node"], house.node().services.app.node().to_string());
    let named = namespaces["namespaces"].as_array().unwrap();
    let names: Vec<&str> = named.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["", "asked", "brief", "closed", "few", "hall", "live"]);
    assert_eq!(named[4]["history"]["size"], 3);
    assert_eq!(named[6].get("history"), None);
    drop(bob);
}

#[tokio::test]
async fn what_is_beyond_the_rate_is_told_when_to_come_again() {
    let house = House::with("[api]\nrate_max = 2\nburst = 3\n").await;
    let caller = Arc::new(Caller::of(&house));
    let ask = async || {
        caller.http.get(format!("{}/v1/info", caller.base)).bearer_auth(API_KEY).send().await.unwrap()
    };

    let first = ask().await;
    assert_eq!(first.headers()["ratelimit-policy"], "\"key\";q=3;w=2");
    assert_eq!(first.headers()["ratelimit"], "\"key\";r=2;t=1");
    let mut refused = ask().await;
    while refused.status() == StatusCode::OK {
        refused = ask().await;
    }

    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert!(refused.headers()["ratelimit"].to_str().unwrap().contains("r=0"));
    assert_eq!(house.api("info", json!({})).await.map(|info| info["nodes"].is_array()), Ok(true));
}

#[tokio::test]
async fn the_explorer_loads_nothing_from_elsewhere() {
    let house = House::start().await;

    let page = house.get_with("/v1/docs", &[]).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = page.text().await.unwrap();

    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!page.contains("://") && !page.contains("<style") && !page.contains(" onclick"), "{page}");
    for file in ["/v1/docs.js", "/v1/docs.css", "/v1/openapi.json"] {
        assert!(page.contains(file), "{file}");
        assert_eq!(house.get(file).await.0, 200, "{file}");
    }
}
