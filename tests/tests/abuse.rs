//! Clients that break the rules: each is met with the documented code, and its neighbours notice nothing.

use std::time::Duration;

use tokio::time::Instant;
use wigwag_tests::client::{Client, Manners};
use wigwag_tests::house::House;
use wigwag_tests::neighbour::Neighbour;
use wigwag_tests::patience::{PATIENCE, until};
use wigwag_tests::raw::{CLOSE, Raw, TEXT, frame, header};

/// How long an answer to abuse may take: one second is promised, and tests share their machine.
const AT_ONCE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn malformed_frames_are_answered_with_the_documented_code() {
    let house = House::start().await;
    let mut neighbour = Neighbour::of(&house, "live:quiet").await;
    let cases = malformed_frames();
    assert!(cases.len() >= 40);

    let abuse = async {
        for (fault, bytes, code) in &cases {
            let mut rogue = Raw::open(house.address).await;
            rogue.connect(&house.token("eve")).await;
            assert_closed(&mut rogue, bytes, *code, fault).await;
        }
    };

    neighbour.chats_during(&house, abuse).await;
    house.is_left_by_all_but(1).await;
}

#[tokio::test]
async fn malformed_frames_before_connect_are_answered_alike() {
    let house = House::start().await;

    for (fault, bytes, code) in malformed_frames() {
        let mut rogue = Raw::open(house.address).await;
        assert_closed(&mut rogue, &bytes, code, fault).await;
    }
}

#[tokio::test]
async fn malformed_commands_are_answered_with_bad_request() {
    let house = House::start().await;
    let mut neighbour = Neighbour::of(&house, "live:quiet").await;
    let cases = malformed_commands();
    assert!(cases.len() >= 40);

    let abuse = async {
        for text in &cases {
            let mut rogue = Raw::open(house.address).await;
            rogue.connect(&house.token("eve")).await;
            let what = text.get(..80).unwrap_or(text);
            assert_closed(&mut rogue, &frame(TEXT, text.as_bytes()), 3501, what).await;
        }
    };

    neighbour.chats_during(&house, abuse).await;
    house.is_left_by_all_but(1).await;
}

#[tokio::test]
async fn oversized_message_is_answered_with_1009_also_while_it_is_still_being_sent() {
    let house = House::start().await;

    for _ in 0..20 {
        let mut eve = house.client("eve").await;
        eve.send_raw("x".repeat(4 << 20));

        assert_eq!(eve.close_code().await, 1009);
    }
}

#[tokio::test]
async fn nothing_behind_a_malformed_command_is_carried_out() {
    let house = House::start().await;
    let mut listener = house.client("ann").await;
    listener.subscribe("live:x").await;
    let mut rogue = Raw::open(house.address).await;
    rogue.connect(&house.token("eve")).await;

    let publish = |id: u32| format!(r#"{{"id":{id},"publish":{{"channel":"live:x","data":{id}}}}}"#);
    rogue.say(&format!("{}\noops\n{}", publish(2), publish(3))).await;

    assert_eq!(rogue.close_code().await, 3501);
    listener.expects(2).await;
    assert_eq!(listener.pushes_so_far().await.len(), 0);
}

#[tokio::test]
async fn proper_close_is_answered_with_its_own_code() {
    let house = House::start().await;
    let cases =
        [(vec![], 1000), (vec![3, 232], 1000), (vec![3, 233, b'b', b'y', b'e'], 1001), (vec![15, 159], 3999)];

    for (payload, code) in cases {
        let mut polite = Raw::open(house.address).await;
        polite.connect(&house.token("ann")).await;
        assert_closed(&mut polite, &frame(CLOSE, &payload), code, "a proper close").await;
    }
    house.is_empty().await;
}

#[tokio::test]
async fn frames_in_single_bytes_and_pings_in_between_are_understood() {
    let house = House::start().await;
    let mut slow = Raw::open(house.address).await;
    slow.connect(&house.token("ann")).await;
    let command = br#"{"id":2,"subscribe":{"channel":"live:x"}}"#;
    let (first, second) = command.split_at(20);

    let bytes = [frame(0x01, first), frame(0x89, b"are you there"), frame(0x80, second)].concat();
    for byte in bytes {
        slow.send(&[byte]).await;
    }

    assert_eq!(slow.next_frame().await, Some((0x8A, b"are you there".to_vec())));
    assert_eq!(slow.next_frame().await, Some((TEXT, br#"{"id":2,"subscribe":{}}"#.to_vec())));
}

#[tokio::test]
async fn vanished_peer_is_given_up_after_ping_and_pong() {
    let house = House::with(QUICK).await;
    let mut neighbour = Neighbour::of(&house, "hall:x").await;
    let mut vanished = Raw::open(house.address).await;
    vanished.connect(&house.token("eve")).await;
    vanished.say(r#"{"id":2,"subscribe":{"channel":"hall:x"}}"#).await;
    assert_eq!(neighbour.client.next_push().await["join"]["info"]["user"], "eve");

    house.is_left_by_all_but(1).await;

    assert_eq!(neighbour.client.next_push().await["leave"]["info"]["user"], "eve");
    neighbour.chat(&house).await;
    assert_eq!(vanished.close_code().await, 3012);
}

#[tokio::test]
async fn mute_clients_are_closed_with_no_pong_and_the_polite_stay() {
    let house = House::with(QUICK).await;
    let mut neighbour = Neighbour::of(&house, "live:x").await;
    let mut mute = Vec::new();
    for _ in 0..20 {
        let mut client = Client::open(house.address, Manners::NeverAnswers).await;
        client.connect(&house.token("eve")).await.unwrap();
        mute.push(client);
    }

    let closing = async {
        for client in &mut mute {
            assert_eq!(client.close_code().await, 3012);
        }
    };

    neighbour.chats_during(&house, closing).await;
}

#[tokio::test]
async fn sockets_that_never_connect_are_closed_as_stale() {
    let house = House::with(QUICK).await;
    let mut neighbour = Neighbour::of(&house, "live:x").await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(Raw::open(house.address).await);
    }

    let closing = async {
        for socket in &mut silent {
            assert_eq!(socket.close_code().await, 3502);
        }
    };

    neighbour.chats_during(&house, closing).await;
}

#[tokio::test]
async fn sockets_that_send_no_request_are_closed() {
    let house = House::start().await;
    let mut neighbour = Neighbour::of(&house, "live:x").await;
    let mut mute = Raw::tcp(house.address).await;
    let mut trickling = Raw::tcp(house.address).await;
    let begin = Instant::now();

    let ends = async {
        let head = "GET /connection/websocket HTTP/1.1\r\nHost: here\r\nX-Slow: "
            .bytes()
            .chain(std::iter::repeat(b'x'));
        let trickle = async {
            for byte in head {
                trickling.send(&[byte]).await;
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        };
        tokio::select! {
            answer = mute.end() => assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{answer:?}"),
            () = trickle => {}
        }
        let answer = trickling.end().await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{answer:?}");
    };
    neighbour.chats_during(&house, ends).await;

    assert!(begin.elapsed() < 3 * Duration::from_secs(10));
}

#[tokio::test]
async fn requests_that_are_no_http_are_turned_away() {
    let house = House::start().await;
    let endless = format!("GET / HTTP/1.1\r\nHost: here\r\nX-Long: {}", "x".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\nHost: here\r\n{}\r\n", "X-Many: x\r\n".repeat(1_000));

    for request in ["\0\0\0\0\r\n\r\n", "SSH-2.0-client\r\n", "GET / HTTP/9.9\r\n\r\n", &endless, &many] {
        let mut socket = Raw::tcp(house.address).await;
        socket.send(request.as_bytes()).await;
        let answer = tokio::time::timeout(PATIENCE, socket.end()).await.unwrap();

        let status = String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_owned();
        assert!(answer.is_empty() || status.starts_with('4'), "{status} to {:?}", request.get(..20));
    }
    assert_eq!(house.get("/livez").await.0, 200);
}

#[tokio::test]
async fn handshakes_that_are_none_are_refused() {
    let house = House::start().await;
    let path = "/connection/websocket";
    let cases: [(&str, &str, u16); 4] = [
        ("Sec-WebSocket-Version", "8", 426),
        ("Sec-WebSocket-Key", "short", 400),
        ("Upgrade", "h2c", 426),
        ("Connection", "keep-alive", 426),
    ];

    for (name, value, status) in cases {
        let mut headers = vec![
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ];
        headers.retain(|(given, _)| *given != name);
        headers.push((name, value));
        assert_eq!(house.get_with(path, &headers).await.status(), status, "{name}: {value}");
    }
}

/// Pings that come soon, and pongs and connects that must.
const QUICK: &str = "[client]\nping_interval = \"2s\"\npong_timeout = \"1s\"\nstale_timeout = \"1s\"";

trait Leaving {
    async fn is_left_by_all_but(&self, count: usize);
}

impl Leaving for House {
    async fn is_left_by_all_but(&self, count: usize) {
        until("the others have left", || self.node().counts().sessions == count).await;
    }
}

async fn assert_closed(rogue: &mut Raw, bytes: &[u8], code: u16, fault: &str) {
    let begin = Instant::now();
    rogue.send(bytes).await;
    assert_eq!(rogue.close_code().await, code, "{fault}");
    assert!(begin.elapsed() < AT_ONCE, "{fault}: took {:?}", begin.elapsed());
    rogue.send(&frame(CLOSE, &code.to_be_bytes())).await;
    assert_eq!(rogue.next_frame().await, None, "{fault}");
}

/// What is wrong, the bytes, and the code to expect (RFC 6455).
fn malformed_frames() -> Vec<(&'static str, Vec<u8>, u16)> {
    const PROTOCOL: u16 = 1002;
    const NOT_UTF8: u16 = 1007;
    const TOO_BIG: u16 = 1009;
    const LIMIT: usize = 64 << 10;
    let close = |code: u16| frame(CLOSE, &code.to_be_bytes());
    let masked_header = |first, length| [header(first, length), vec![1, 2, 3, 4]].concat();
    let mut cases = vec![
        ("unmasked text", vec![TEXT, 2, b'{', b'}'], PROTOCOL),
        ("unmasked close", vec![CLOSE, 0], PROTOCOL),
        ("first reserved bit", frame(0xC1, b"{}"), PROTOCOL),
        ("second reserved bit", frame(0xA1, b"{}"), PROTOCOL),
        ("third reserved bit", frame(0x91, b"{}"), PROTOCOL),
        ("reserved bit on a ping", frame(0xC9, b""), PROTOCOL),
        ("fragmented close", frame(0x08, b""), PROTOCOL),
        ("fragmented ping", frame(0x09, b"x"), PROTOCOL),
        ("fragmented pong", frame(0x0A, b"x"), PROTOCOL),
        ("oversized ping", frame(0x89, &[b'x'; 126]), PROTOCOL),
        ("oversized pong", frame(0x8A, &[b'x'; 126]), PROTOCOL),
        ("oversized close", frame(CLOSE, &[3; 126]), PROTOCOL),
        ("announced oversized ping", masked_header(0x89, 1 << 40), PROTOCOL),
        ("orphan continuation", frame(0x80, b"{}"), PROTOCOL),
        ("orphan unfinished continuation", frame(0x00, b"{}"), PROTOCOL),
        ("text inside a message", [frame(0x01, b"{"), frame(TEXT, b"{}")].concat(), PROTOCOL),
        ("binary inside a message", [frame(0x02, b"{"), frame(0x82, b"{}")].concat(), PROTOCOL),
        ("beginning inside a message", [frame(0x01, b"{"), frame(0x01, b"}")].concat(), PROTOCOL),
        ("a request instead of a frame", b"GET / HTTP/1.1\r\nHost: here\r\n\r\n".to_vec(), PROTOCOL),
        ("lone byte above ASCII", frame(TEXT, b"{\xff}"), NOT_UTF8),
        ("character cut short", frame(TEXT, b"{\xe2\x82"), NOT_UTF8),
        ("surrogate", frame(TEXT, b"\xed\xa0\x80"), NOT_UTF8),
        ("overlong encoding", frame(TEXT, b"\xc0\xaf"), NOT_UTF8),
        ("beyond Unicode", frame(TEXT, b"\xf4\x90\x80\x80"), NOT_UTF8),
        ("broken across fragments", [frame(0x01, b"\xe2"), frame(0x80, b"\x28\xa1")].concat(), NOT_UTF8),
        ("broken reason", frame(CLOSE, b"\x03\xe8\xff"), NOT_UTF8),
        ("one byte too many", frame(TEXT, &vec![b' '; LIMIT + 1]), TOO_BIG),
        ("announced a byte too many", masked_header(TEXT, LIMIT as u64 + 1), TOO_BIG),
        ("announced four gigabytes", masked_header(0x82, 1 << 32), TOO_BIG),
        ("announced 2^63 - 1 bytes", masked_header(TEXT, (1 << 63) - 1), TOO_BIG),
        ("announced 2^63 bytes", masked_header(TEXT, 1 << 63), TOO_BIG),
        ("announced 2^64 - 1 bytes", masked_header(TEXT, u64::MAX), TOO_BIG),
        (
            "too much in fragments",
            [frame(0x01, &vec![b' '; LIMIT]), frame(0x00, b"{"), frame(0x80, b"}")].concat(),
            TOO_BIG,
        ),
        (
            "too much announced in fragments",
            [frame(0x01, b"{"), masked_header(0x80, LIMIT as u64)].concat(),
            TOO_BIG,
        ),
        ("one-byte close", frame(CLOSE, b"\x03"), PROTOCOL),
    ];
    let opcodes = (0x83..=0x87).chain(0x8B..=0x8F);
    cases.extend(opcodes.map(|first| ("reserved opcode", frame(first, b"x"), PROTOCOL)));
    let codes = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, u16::MAX];
    cases.extend(codes.map(|code| ("close code that may not be sent", close(code), PROTOCOL)));
    cases
}

/// Texts that are no commands, or none that may be sent by somebody who is connected.
fn malformed_commands() -> Vec<String> {
    let nested = "[".repeat(60_000);
    let mut cases: Vec<String> = [
        "",
        "\n",
        "\n\n",
        " ",
        "\r\n",
        "null",
        "true",
        "1",
        "\"text\"",
        "[]",
        "[{}]",
        r#"[{"id":2,"rpc":{}}]"#,
        "{",
        "}",
        "{}}",
        "{}{}",
        "oops",
        "\u{feff}{}",
        "\0",
        r#"{"id":2"#,
        r#"{"id":2}"#,
        r#"{"id":2,}"#,
        r#"{'id':2}"#,
        r#"{"id":2,"dance":{}}"#,
        r#"{"id":2,"ping":{}}"#,
        r#"{"id":2,"connect":{}}"#,
        r#"{"id":0,"rpc":{}}"#,
        r#"{"rpc":{}}"#,
        r#"{"id":"2","rpc":{}}"#,
        r#"{"id":-2,"rpc":{}}"#,
        r#"{"id":2.5,"rpc":{}}"#,
        r#"{"id":4294967296,"rpc":{}}"#,
        r#"{"id":1e999,"rpc":{}}"#,
        r#"{"id":[2],"rpc":{}}"#,
        r#"{"id":2,"id":3,"rpc":{}}"#,
        r#"{"id":2,"rpc":{},"rpc":{}}"#,
        r#"{"id":2,"rpc":{"data":NaN}}"#,
        r#"{"id":2,"rpc":1}"#,
        r#"{"id":2,"subscribe":null}"#,
        r#"{"id":2,"subscribe":[]}"#,
        r#"{"id":2,"subscribe":"a"}"#,
        r#"{"id":2,"subscribe":{}}"#,
        r#"{"id":2,"subscribe":{"channel":1}}"#,
        r#"{"id":2,"subscribe":{"channel":["a"]}}"#,
        r#"{"id":2,"subscribe":{"channel":"a","recover":1}}"#,
        r#"{"id":2,"subscribe":{"channel":"a","offset":-1}}"#,
        r#"{"id":2,"subscribe":{"channel":"a","offset":18446744073709551616}}"#,
        r#"{"id":2,"subscribe":{"channel":"a","channel":"b"}}"#,
        r#"{"id":2,"publish":{"channel":"a","data":}}"#,
        r#"{"id":2,"publish":{"data":1}}"#,
        r#"{"id":2,"history":{"channel":"a","limit":"x"}}"#,
        r#"{"id":2,"history":{"channel":"a","since":[]}}"#,
        r#"{"id":2,"presence":{"channel":null}}"#,
        r#"{"id":2,"unsubscribe":{}}"#,
        r#"{"id":2,"sub_refresh":{"token":"x"}}"#,
        r#"{"id":2,"refresh":{}}"#,
        "{\"id\":2,\"rpc\":{}}\n\n",
        "{\"id\":2,\"rpc\":{}}\n\n{\"id\":3,\"rpc\":{}}",
    ]
    .map(str::to_owned)
    .to_vec();
    cases.push(nested.clone());
    cases.push(format!(r#"{{"id":2,"unknown":{nested}}}"#));
    cases.push(format!(r#"{{"id":2,"publish":{{"channel":"a","data":{nested}}}}}"#));
    cases.push(format!(r#"{{"id":{},"rpc":{{}}}}"#, "9".repeat(60_000)));
    cases
}
