//! A node that reads its configuration again while people are connected.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

#[path = "config_reload/process.rs"]
mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;
use wigwag_tests::backend::{Asked, Backend, result};
use wigwag_tests::client::Client;
use wigwag_tests::house::rewritten::settings;
use wigwag_tests::house::{API_KEY, House};

use process::{Process, TLS, call, certify, door};

/// `late:` and a number, open to everybody.
fn late(number: usize) -> String {
    format!("[[namespace]]\nname = \"late{number}\"\nallow_subscribe_for_client = true\n")
}

/// Asks until the namespace is there; how long that took.
async fn sees(client: &mut Client, channel: &str) -> Duration {
    let begin = Instant::now();
    while client.ask("subscribe", json!({ "channel": channel })).await.is_err() {
        assert!(begin.elapsed() < Duration::from_secs(1), "{channel} is not seen within a second");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    begin.elapsed()
}

#[tokio::test]
async fn hundreds_talk_on_while_the_configuration_is_read_again_five_times() {
    const CLIENTS: usize = 200;
    const SPEAKERS: usize = 20;
    const RELOADS: usize = 5;
    let house = House::binary("").await;
    let mut clients = join_all((0..CLIENTS).map(async |number| {
        let mut client = house.client(&format!("user-{number}")).await;
        client.subscribe("live:all").await;
        client
    }))
    .await;
    let mut watcher = house.client("watcher").await;

    for reload in 1..=RELOADS {
        house.rewrite(&late(reload));
        let before = clients.iter_mut().take(SPEAKERS / 2);
        join_all(before.map(|client| client.publish("live:all", json!(reload)))).await;
        house.signal("HUP").await;
        let during = clients.iter_mut().skip(SPEAKERS / 2).take(SPEAKERS / 2);
        join_all(during.map(|client| client.publish("live:all", json!(reload)))).await;
        sees(&mut watcher, &format!("late{reload}:a")).await;
    }

    for client in &mut clients {
        for said in 0..RELOADS * SPEAKERS {
            let heard = client.publication().await;
            assert_eq!(heard["data"], json!(said / SPEAKERS + 1));
        }
        assert_eq!(client.closed(), None);
    }
    // What is gone is unknown from now on, and what was granted before stays.
    let refused = watcher.ask("subscribe", json!({ "channel": "late1:b" })).await;
    assert_eq!(refused.unwrap_err(), 102);
    house.publish("late5:a", json!("still")).await;
    watcher.expects("still").await;
}

#[tokio::test]
async fn reload_says_what_has_changed_and_what_waits_for_the_next_start() {
    let house = House::start().await;

    let reloaded =
        house.reload("[server]\nshards = 7\nlog = \"warn\"\n[client]\nchannels_max = 9\n").await.unwrap();

    assert_eq!(reloaded.changed, settings(&["client.channels_max", "server.log"]));
    assert_eq!(reloaded.at_start, settings(&["server.shards"]));
    let again =
        house.reload("[server]\nshards = 7\nlog = \"warn\"\n[client]\nchannels_max = 9\n").await.unwrap();
    assert_eq!((again.changed, again.at_start), (settings(&[]), settings(&["server.shards"])));
}

#[tokio::test]
async fn configuration_with_a_mistake_changes_nothing() {
    let house = House::start().await;
    let mut ann = house.client("ann").await;
    for bad in ["[server]\nallowed_orgins = []\n", "[server\n", "[token]\nrsa_public_key = \"no PEM\"\n"] {
        let both = format!("{bad}{}", late(1));

        let refused = house.reload(&both).await.unwrap_err().to_string();

        assert!(!refused.contains('\n') && refused.len() < 400, "{refused}");
        assert_eq!(ann.ask("subscribe", json!({ "channel": "late1:a" })).await.unwrap_err(), 102, "{bad}");
    }

    house.reload(&late(1)).await.unwrap();
    ann.subscribe("late1:a").await;
}

#[tokio::test]
async fn limits_and_origins_hold_for_those_who_come_next() {
    let house = House::start().await;
    let mut ann = house.client("ann").await;
    ann.subscribe("live:a").await;
    let page = [("Origin", "https://app.example.com")];
    assert_eq!(house.knock("/connection/websocket", &page).await.status().as_u16(), 403);

    let toml = "[server]\nallowed_origins = [\"https://app.example.com\"]\n[client]\nchannels_max = 1\n";
    house.reload(toml).await.unwrap();

    assert_eq!(house.knock("/connection/websocket", &page).await.status().as_u16(), 101);
    assert_eq!(ann.ask("subscribe", json!({ "channel": "live:b" })).await.unwrap_err(), 106);
    house.publish("live:a", json!("on")).await;
    ann.expects("on").await;
}

#[tokio::test]
async fn secret_on_its_way_out_counts_from_the_reload_that_names_it() {
    use crypto::{Config, Secret, Tokens, Trust};
    use ports::access::TokenSigner as _;

    let house = House::start().await;
    let old = Tokens::new(&Config::new(Trust::hmac(Secret::new("old").unwrap(), None, None))).unwrap();
    let token = old.connection(&wigwag_tests::house::grant("ann")).unwrap();
    let mut stranger = house.stranger().await;
    assert_eq!(stranger.is_let_in(&token).await.unwrap_err(), 3500);

    let toml = "[token]\nhmac_previous_secret = \"old\"\nhmac_previous_until = 2100-01-01\n";
    house.reload(toml).await.unwrap();

    house.client_with(&token).await.subscribe("live:a").await;
    house.client("bob").await.subscribe("live:a").await;
}

#[tokio::test]
async fn node_that_others_can_reach_does_not_become_insecure() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("wigwag.toml");
    let public = "[server]\nlisten = \"0.0.0.0:0\"\nallowed_origins = [\"*\"]\nshards = 1\n[api]\nkey = \"k\"\n[token]\nhmac_secret = \"s\"\n";
    std::fs::write(&file, public).unwrap();
    let config =
        wigwag::config::Config::load(Some(&file), std::iter::empty()).map_err(|error| error.to_string());
    let config = config.unwrap();
    let keys = wigwag::keys::Keys::effective(&config, &system::OsEntropy).unwrap();
    let node = wigwag::compose::start(&config, &keys).await.unwrap();

    // Good for a node that starts there, but this one listens elsewhere.
    std::fs::write(&file, "[server]\nlisten = \"127.0.0.1:0\"\n[client]\ninsecure = true\n").unwrap();
    let refused = node.services.reload().unwrap_err().to_string();

    assert!(refused.contains("0.0.0.0:0 can be reached from other machines"), "{refused}");
    node.stop().await;
}

#[tokio::test]
async fn hooks_stay_as_they_were_started_until_the_next_start() {
    let answers = |asked: &Asked| match asked.event() {
        "connect" => result(json!({ "user": "ann" })),
        _ => result(json!({ "data": 1 })),
    };
    let (backend, other) = (Backend::start(answers).await, Backend::start(answers).await);
    let call = json!({ "method": "m" });
    let house = House::with(&format!("[hooks]\n{}rpc = true\n", rpc_endpoint(&backend))).await;
    assert!(house.client("bob").await.ask("rpc", call.clone()).await.is_ok());

    let channels =
        "[[namespace]]\nname = \"judged\"\nallow_publish_for_client = true\nproxy_publish = true\n";
    let hooks = "connect = true\nheaders = [\"cookie\"]\n";
    let endpoint = format!("endpoint = \"http://{}/\"\nallow_private_networks = true\n", other.address);
    let reloaded = house.reload(&format!("[hooks]\n{endpoint}{hooks}{channels}")).await.unwrap();

    let waiting = [
        "hooks.connect",
        "hooks.endpoint",
        "hooks.headers",
        "hooks.rpc",
        "hooks.rpc_endpoint",
        "namespace.judged.proxy_publish",
    ];
    assert_eq!(reloaded.at_start, settings(&waiting));
    assert_eq!(reloaded.changed, settings(&["namespace.judged"]));
    // Nobody is let in by a back end that was not there at start, and calls go where they went.
    assert_eq!(house.stranger().await.is_let_in("").await.unwrap_err(), 3501);
    let mut bob = house.client("bob").await;
    assert!(bob.ask("rpc", call).await.is_ok());
    // What a back end was to decide is not permitted meanwhile.
    let said = json!({ "channel": "judged:a", "data": 1 });
    assert_eq!(bob.ask("publish", said).await, Err(100));
    assert_eq!((backend.count("rpc"), other.asked().len()), (2, 0));
}

fn rpc_endpoint(backend: &Backend) -> String {
    format!("rpc_endpoint = \"http://{}/\"\nallow_private_networks = true\n", backend.address)
}

/// Everybody who was there is still there, and hears what is said.
async fn all_hear(clients: &mut [Client], said: &str, publish: impl AsyncFnOnce()) {
    publish().await;
    for client in clients {
        client.expects(said).await;
        assert_eq!(client.closed(), None);
    }
}

/// Asks the API of a process with a key; the status.
async fn asks(process: &Process, key: &str, body: Value) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/v1/publish", process.address);
    let request = http.post(url).bearer_auth(key).header("content-type", "application/json");
    request.body(body.to_string()).send().await.unwrap().status().as_u16()
}

const CONNECTED: usize = 50;

#[tokio::test]
async fn certificate_is_renewed_by_a_signal_and_nobody_is_dropped() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_owned();
    let old = certify(&path);
    let toml = format!("{TLS}[api]\nkey = \"k\"\n");
    let mut process = Process::start(home, &toml).await;
    let old_door = door(process.address, old.clone()).await;
    let clients =
        (0..CONNECTED).map(async |number| process::client(old_door, &format!("user-{number}")).await);
    let mut clients = join_all(clients).await;

    let new = certify(&path);
    assert!(call(process.address, &new).await.is_none());
    process.hang_up(&toml).await;
    process.says("configuration reloaded").await;

    assert!(call(process.address, &old).await.is_none());
    let new_door = door(process.address, new).await;
    let _late = process::client(new_door, "late").await;
    all_hear(&mut clients, "still there", async || {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("http://{new_door}/v1/publish")).bearer_auth("k");
        let body = json!({ "channel": "room", "data": "still there" }).to_string();
        let sent = request.header("content-type", "application/json").body(body).send().await;
        assert_eq!(sent.unwrap().status().as_u16(), 200);
    })
    .await;
}

#[tokio::test]
async fn key_of_back_ends_is_changed_by_a_signal_and_nobody_is_dropped() {
    let mut process = Process::start(tempfile::tempdir().unwrap(), "[api]\nkey = \"old\"\n").await;
    let mut clients =
        join_all((0..CONNECTED).map(async |number| process.client(&format!("user-{number}")).await)).await;
    let said = |text: &str| json!({ "channel": "room", "data": text });
    all_hear(&mut clients, "before", async || assert_eq!(asks(&process, "old", said("before")).await, 200))
        .await;

    process.hang_up("[api]\nkey = \"new\"\n").await;
    process.says("configuration reloaded settings=\"api.key\"").await;

    assert_eq!(asks(&process, "old", said("too late")).await, 401);
    all_hear(&mut clients, "after", async || assert_eq!(asks(&process, "new", said("after")).await, 200))
        .await;
}

#[tokio::test]
async fn log_level_is_changed_by_a_signal_and_nobody_is_dropped() {
    let toml = |level: &str| format!("[server]\nlog = \"{level}\"\n[api]\nkey = \"k\"\n");
    let mut process = Process::start(tempfile::tempdir().unwrap(), &toml("error")).await;
    let mut clients =
        join_all((0..CONNECTED).map(async |number| process.client(&format!("user-{number}")).await)).await;
    let said = |text: &str| json!({ "channel": "room", "data": text });
    all_hear(&mut clients, "in silence", async || {
        assert_eq!(asks(&process, "k", said("in silence")).await, 200);
    })
    .await;
    assert!(!process.has_said("answered"));

    process.hang_up(&toml("info")).await;
    process.says("configuration reloaded").await;
    all_hear(&mut clients, "aloud", async || assert_eq!(asks(&process, "k", said("aloud")).await, 200)).await;
    process.says("answered").await;

    // A mistake keeps the level, which can be seen from the line that tells it.
    process.hang_up("[server]\nlog = \"loud\"\n").await;
    process.says("the configuration stays as it was").await;
    all_hear(&mut clients, "still", async || assert_eq!(asks(&process, "k", said("still")).await, 200)).await;
    process.says("answered").await;
}

#[tokio::test]
async fn namespace_is_there_within_a_second_while_messages_pour_in() {
    const SPEAKERS: usize = 8;
    const RELOADS: usize = 3;
    let house = House::binary("").await;
    let quiet = Arc::new(AtomicBool::new(false));
    let speakers = join_all((0..SPEAKERS).map(async |number| {
        let mut client = house.client(&format!("user-{number}")).await;
        client.subscribe("live:all").await;
        client
    }));
    let pouring: Vec<_> = speakers
        .await
        .into_iter()
        .map(|mut client| {
            let quiet = Arc::clone(&quiet);
            tokio::spawn(async move {
                let mut said = 0;
                while !quiet.load(Ordering::Relaxed) {
                    client.publish("live:all", json!(said)).await;
                    said += 1;
                }
                (client, said)
            })
        })
        .collect();
    let mut watcher = house.client("watcher").await;

    for reload in 1..=RELOADS {
        house.rewrite(&late(reload));
        house.signal("HUP").await;
        sees(&mut watcher, &format!("late{reload}:a")).await;
    }

    quiet.store(true, Ordering::Relaxed);
    let (mut clients, said): (Vec<_>, Vec<usize>) =
        join_all(pouring).await.into_iter().map(Result::unwrap).unzip();
    let total: usize = said.iter().sum();
    assert!(total > SPEAKERS, "only {total} messages");
    for client in &mut clients {
        for _ in 0..total {
            client.publication().await;
        }
        assert_eq!(client.closed(), None);
    }
}

/// Asks a house to read its configuration again, as an operator does.
async fn reloads(house: &House) -> (u16, Value) {
    let key = format!("Bearer {API_KEY}");
    let answer = house.post_to("/v1/reload", &[("authorization", &key)], "").await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn reload_by_request_answers_what_has_changed_or_what_is_wrong() {
    let house = House::start().await;
    let mut ann = house.client("ann").await;
    ann.subscribe("live:a").await;
    let toml = "[server]\nshards = 7\n[client]\nchannels_max = 9\n";
    house.rewrite(toml);

    let (status, answer) = reloads(&house).await;

    assert_eq!(status, 200);
    assert_eq!(answer, json!({ "changed": ["client.channels_max"], "needs_restart": ["server.shards"] }));

    house.rewrite(&format!("{toml}chanels_max = 8\n{}", late(1)));
    let (status, problem) = reloads(&house).await;

    assert_eq!((status, &problem["error"]), (422, &json!("invalid_configuration")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("wigwag.toml:5: unknown key \"chanels_max\" in [client]"), "{detail}");
    assert_eq!(ann.ask("subscribe", json!({ "channel": "late1:a" })).await.unwrap_err(), 102);

    assert_eq!(house.post_to("/v1/reload", &[], "").await.status().as_u16(), 401);
    house.publish("live:a", json!("on")).await;
    ann.expects("on").await;
}
