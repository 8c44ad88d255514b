//! Everything over TLS, and those who do not get that far.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

#[path = "tls/tunnel.rs"]
mod tunnel;

use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wigwag::config::Config;
use wigwag_tests::client::Way;
use wigwag_tests::house::House;
use wigwag_tests::in_every;
use wigwag_tests::patience::{until, until_within, within};
use wigwag_tests::raw::Raw;
use wigwag_tests::wire::Dialect;

use tunnel::{Secure, certificate};

/// The head of a request has ten seconds.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(25);

in_every!(client_talks_and_recovers_over_tls);

async fn client_talks_and_recovers_over_tls(way: Way) {
    let secure = Secure::start().await;
    let house = &secure.house;
    let mut ann = house.client_by(way, "ann").await;
    let reply = ann.subscribe("room").await;
    let epoch = reply["epoch"].as_str().unwrap().to_owned();
    ann.publish("room", json!("said")).await;
    ann.expects("said").await;
    drop(ann);
    house.publish("room", json!("missed")).await;

    let mut back = house.client_by(way, "ann").await;
    let reply = back.recover("room", &epoch, 1).await;

    assert_eq!((&reply["recovered"], &reply["publications"][0]["data"]), (&json!(true), &json!("missed")));
}

#[tokio::test]
async fn older_version_of_tls_is_spoken_as_well() {
    let secure = Secure::with("", &TLS12).await;
    let mut ann = secure.house.client("ann").await;
    ann.subscribe("room").await;

    ann.publish("room", json!("said")).await;

    ann.expects("said").await;
}

#[tokio::test]
async fn pages_and_the_api_are_served_over_tls() {
    let secure = Secure::start().await;

    assert_eq!(secure.house.get("/livez").await.0, 200);
    assert_eq!(secure.house.publish("live:x", json!(1)).await.0, 0);
}

#[tokio::test]
async fn long_messages_pass_in_both_directions() {
    let limits = "[client]\nframe_bytes_max = \"2 MiB\"\nqueue_bytes_max = \"4 MiB\"";
    for version in [&TLS12, &TLS13] {
        let secure = Secure::with(limits, version).await;
        for way in [Way::Json, Way::Protobuf] {
            let mut ann = secure.house.client_by(way, "ann").await;
            ann.subscribe("live:long").await;
            for bytes in [1, 16_000, 16_384, 65_536, 1_000_000] {
                let data = json!("x".repeat(bytes));
                ann.publish("live:long", data.clone()).await;
                ann.expects(data).await;
            }
        }
    }
}

#[tokio::test]
async fn slow_reader_is_closed_with_3008_and_its_neighbours_miss_nothing() {
    const PAYLOAD_BYTES: usize = 32 << 10;
    const PUBLISHED_BYTES_MAX: usize = 64 << 20;
    let secure = Secure::with("[client]\nqueue_bytes_max = \"64 KiB\"", &TLS13).await;
    let house = &secure.house;
    let mut neighbour = house.client("ann").await;
    neighbour.subscribe("live:flood").await;
    let mut deaf = Raw::open_narrow(house.address).await;
    let connect = json!({ "id": 1, "connect": { "token": house.token("eve") } });
    let subscribe = json!({ "id": 2, "subscribe": { "channel": "live:flood" } });
    deaf.tell(Dialect::Json, &[connect, subscribe]).await;
    until("both listen", || house.node().counts().subscriptions == 2).await;

    let filler = "x".repeat(PAYLOAD_BYTES);
    let mut published = 0;
    while house.node().counts().sessions == 2 {
        assert!(published * PAYLOAD_BYTES < PUBLISHED_BYTES_MAX, "the queue has no bound");
        let data = json!([published, filler]);
        house.publish("live:flood", data.clone()).await;
        neighbour.expects(data).await;
        published += 1;
    }

    assert_eq!(deaf.close_code().await, 3008);
    house.publish("live:flood", json!("after")).await;
    neighbour.expects("after").await;
}

#[tokio::test]
async fn conversation_ends_with_the_goodbye_of_both_protocols() {
    let secure = Secure::start().await;
    let mut stream = secure.call().await;
    let upgrade = "GET /connection/websocket HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    // A masked close frame without a code comes in the same breath.
    let hello_and_goodbye = [upgrade.as_bytes(), &[0x88, 0x80, 0, 0, 0, 0]].concat();
    stream.write_all(&hello_and_goodbye).await.unwrap();

    let mut heard = Vec::new();
    // An end without a word of TLS would be an error here.
    within("the end", stream.read_to_end(&mut heard)).await.unwrap();

    assert!(heard.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&heard));
    assert!(heard.ends_with(&[0x88, 2, 0x03, 0xe8]), "{heard:?}");
    secure.house.is_empty().await;
}

#[tokio::test]
async fn half_handshakes_time_out_and_hold_nobody_up() {
    let secure = Secure::start().await;
    let mut mute = TcpStream::connect(secure.address).await.unwrap();
    let mut half = TcpStream::connect(secure.address).await.unwrap();
    // The head of a record that does not come.
    half.write_all(&[22, 3, 1, 2, 0]).await.unwrap();

    secure.house.client("ann").await.subscribe("room").await;

    let ends = async {
        let mut rest = Vec::new();
        // Whether with a reset or without.
        let _ = mute.read_to_end(&mut rest).await;
        let _ = half.read_to_end(&mut rest).await;
        rest
    };
    let rest = tokio::time::timeout(HANDSHAKE_DEADLINE, ends).await.unwrap();
    assert!(rest.len() < 16, "{rest:?}");
}

#[tokio::test]
async fn those_who_speak_plainly_are_told_to_use_https() {
    let secure = Secure::start().await;
    let mut plain = Raw::tcp(secure.address).await;
    plain.send(b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n").await;

    let answer = plain.end().await;

    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"https_required\""), "{answer}");
}

#[tokio::test]
async fn noise_before_and_after_the_handshake_ends_the_socket() {
    let secure = Secure::start().await;
    let mut noise = Raw::tcp(secure.address).await;
    noise.send(&[22, 3, 1, 0, 5, 9, 9, 9, 9, 9]).await;
    noise.end().await;

    let before = secure.house.node().counts().sessions;
    let mut ann = secure.call().await;
    ann.write_all(
        b"GET /connection/websocket HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    )
    .await
    .unwrap();
    until("she is in", || secure.house.node().counts().sessions == before + 1).await;
    let (mut socket, _) = ann.into_inner();
    socket.write_all(&[0; 64]).await.unwrap();

    until_within(Duration::from_secs(10), "she is out", || secure.house.node().counts().sessions == before)
        .await;
}

#[tokio::test]
async fn node_does_not_start_with_the_key_of_another_certificate() {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certificate(&ours);
    certificate(&other);
    let toml = format!(
        "[tls]\ncert_file = {:?}\nkey_file = {:?}\n",
        ours.path().join("cert.pem"),
        other.path().join("key.pem")
    );
    let file = ours.path().join("wigwag.toml");
    std::fs::write(&file, toml).unwrap();
    let config = Config::load(Some(&file), std::iter::empty()).unwrap();

    let told = config.certificate().err().unwrap();

    assert!(told.starts_with("tls.key_file: ") && told.contains("is not the key"), "{told}");
}

#[tokio::test]
async fn house_without_a_certificate_speaks_plainly() {
    let house = House::start().await;

    assert_eq!(house.get("/livez").await.0, 200);
}
