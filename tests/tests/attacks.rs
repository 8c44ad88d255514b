//! Attackers over real sockets: forged tokens wherever a token is shown, and pages of origins that nobody invited. None
//! comes in; those who must come in do, so that nobody takes a closed door for a watchful one.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this is how a test fails"
)]

use std::sync::LazyLock;
use std::time::Duration;

use crypto::attacks::{AUDIENCE, Attempt, ISSUER, OTHER_ISSUER, Target};
use futures_util::future::join_all;
use ports::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wigwag_tests::client::{Client, Transport, Way};
use wigwag_tests::house::House;
use wigwag_tests::patience::within;
use wigwag_tests::{in_both, in_every};

in_every!(no_forged_token_connects);
in_both!(
    no_forged_token_is_taken_for_an_expired_one,
    no_forged_token_refreshes_a_connection,
    no_forged_token_subscribes,
    no_forged_token_refreshes_a_subscription,
    no_token_of_one_kind_serves_as_the_other,
);

/// Nobody gets in here without a subscription token.
const VAULT: &str = "closed:vault";
/// The secret that every house has.
const SECRET: &str = "secret-of-the-house";

/// Keys are dear to make.
static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let mut target = Target::new();
    target.secret = SECRET;
    target
});

/// What a command comes to: a result, or the code of its error or of the close that it brings about.
type Outcome = Result<(), u64>;

/// A house that trusts every key of the target.
struct Fortress {
    house: House,
    now: Timestamp,
    _files: TempDir,
}

impl Fortress {
    async fn build() -> Self {
        let files = TempDir::new().unwrap();
        let file = |name: &str, text: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let house = House::with(&format!(
            r#"
            [token]
            rsa_public_key = '''{}'''
            ec_public_key_file = "{}"
            ed25519_public_key = '''{}'''
            audience = "{AUDIENCE}"
            issuer_regex = 'https://(issuer|other)\.example'

            [[jwks]]
            issuers = ["{ISSUER}"]
            file = "{}"

            [[jwks]]
            issuers = ["{OTHER_ISSUER}"]
            file = "{}"
            "#,
            TARGET.rsa_public_key,
            file("ec.pem", &TARGET.ec_public_key),
            TARGET.ed25519_public_key,
            file("jwks.json", &TARGET.jwks),
            file("other.json", &TARGET.other_jwks),
        ))
        .await;
        let now = house.after(Duration::ZERO);
        Self { house, now, _files: files }
    }

    /// Somebody who came in with a genuine token of the user that all forgeries name.
    async fn resident(&self, way: Way) -> Client {
        let (_, token) = &TARGET.controls(self.now)[0];
        self.house.client_by_with(way, token).await
    }

    async fn subscriber(&self, way: Way) -> Client {
        let mut client = self.resident(way).await;
        let (_, token) = &TARGET.subscription_controls(self.now, VAULT)[0];
        client.ask("subscribe", json!({ "channel": VAULT, "token": token })).await.unwrap();
        client
    }
}

async fn no_forged_token_connects(way: Way) {
    let fortress = Fortress::build().await;
    let mut forged = TARGET.table(fortress.now);
    if way.transport() == Transport::Sse {
        // The token is part of the address there, whose length has another bound.
        const ADDRESS_BYTES_MAX: usize = 10_000;
        forged.retain(|(_, token)| token.len() < ADDRESS_BYTES_MAX);
    }
    let connect = async |token: &str| {
        outcome(fortress.house.stranger_by(way).await, "connect", json!({ "token": token })).await
    };

    judge("forged connection tokens", &forged, Err(3500), connect).await;

    judge("genuine connection tokens", &TARGET.controls(fortress.now), Ok(()), connect).await;
}

/// P-JWT-3.
async fn no_forged_token_is_taken_for_an_expired_one(way: Way) {
    let fortress = Fortress::build().await;
    let long_ago = Timestamp::from_millis(fortress.now.as_millis() - 86_400_000);
    let connect = async |token: &str| {
        outcome(fortress.house.stranger_by(way).await, "connect", json!({ "token": token })).await
    };

    judge("forged expired tokens", &TARGET.expired_table(fortress.now), Err(3500), connect).await;

    judge("genuine expired tokens", &TARGET.controls(long_ago), Err(109), connect).await;
}

async fn no_forged_token_refreshes_a_connection(way: Way) {
    let fortress = Fortress::build().await;
    let refresh =
        async |token: &str| outcome(fortress.resident(way).await, "refresh", json!({ "token": token })).await;

    judge("forged tokens to refresh", &TARGET.table(fortress.now), Err(3500), refresh).await;

    judge("genuine tokens to refresh", &TARGET.controls(fortress.now), Ok(()), refresh).await;
}

async fn no_forged_token_subscribes(way: Way) {
    let fortress = Fortress::build().await;
    let subscribe = async |token: &str| {
        outcome(fortress.resident(way).await, "subscribe", json!({ "channel": VAULT, "token": token })).await
    };

    let forged = TARGET.subscription_table(fortress.now, VAULT);
    judge("forged subscription tokens", &forged, Err(103), subscribe).await;

    let genuine = TARGET.subscription_controls(fortress.now, VAULT);
    judge("genuine subscription tokens", &genuine, Ok(()), subscribe).await;
}

async fn no_forged_token_refreshes_a_subscription(way: Way) {
    let fortress = Fortress::build().await;
    let refresh = async |token: &str| {
        let params = json!({ "channel": VAULT, "token": token });
        outcome(fortress.subscriber(way).await, "sub_refresh", params).await
    };

    let forged = TARGET.subscription_table(fortress.now, VAULT);
    judge("forged tokens to refresh a subscription", &forged, Err(3500), refresh).await;

    let genuine = TARGET.subscription_controls(fortress.now, VAULT);
    judge("genuine tokens to refresh a subscription", &genuine, Ok(()), refresh).await;
}

/// Corner 23, for every algorithm, and the same with tokens for other channels.
async fn no_token_of_one_kind_serves_as_the_other(way: Way) {
    let fortress = Fortress::build().await;
    let connect = async |token: &str| {
        outcome(fortress.house.stranger_by(way).await, "connect", json!({ "token": token })).await
    };
    let subscribe = async |token: &str| {
        outcome(fortress.resident(way).await, "subscribe", json!({ "channel": VAULT, "token": token })).await
    };

    let for_channels = TARGET.subscription_controls(fortress.now, VAULT);
    judge("subscription tokens to connect", &for_channels, Err(3500), connect).await;
    judge("connection tokens to subscribe", &TARGET.controls(fortress.now), Err(103), subscribe).await;
    let elsewhere = TARGET.subscription_controls(fortress.now, "closed:cellar");
    judge("tokens for another channel", &elsewhere, Err(3500), subscribe).await;
}

/// Tries them all, says how many were accepted, and fails if one came to anything else than it must.
async fn judge(what: &str, attempts: &[Attempt], expected: Outcome, attempt: impl AsyncFn(&str) -> Outcome) {
    const AT_ONCE: usize = 32;
    let mut outcomes = Vec::new();
    for some in attempts.chunks(AT_ONCE) {
        let tried = some.iter().map(async |(name, token)| (*name, attempt(token).await));
        outcomes.extend(join_all(tried).await);
    }
    let accepted = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    println!("{what}: {accepted} of {} accepted", attempts.len());
    outcomes.retain(|(_, outcome)| *outcome != expected);
    assert!(!attempts.is_empty() && outcomes.is_empty(), "{what} must come to {expected:?}: {outcomes:#?}");
}

/// Gives a command and waits for what becomes of it.
async fn outcome(mut client: Client, method: &str, params: Value) -> Outcome {
    let id = client.say(method, params);
    // One `connect` too many ends every connection that is still there when the command is done.
    client.say("connect", json!({}));
    let heard = client.last_words().await;
    match heard.iter().find(|message| message["id"] == id) {
        Some(reply) => reply.pointer("/error/code").map_or(Ok(()), |code| Err(code.as_u64().unwrap())),
        None => Err(client.close_code().await.into()),
    }
}

/// Pages that may come.
const ORIGINS: &str = r#"
[server]
allowed_origins = [
    "https://app.example.com",
    "https://*.example.org",
    "http://[2001:db8::1]:8080",
    "https://xn--mnchen-3ya.example",
]
"#;
/// What the node is called by those who come.
const HOST: &str = "live.example.com:8000";

/// Pages that must be let in, wherever they knock.
const WELCOME: &[&str] = &[
    "https://app.example.com",
    "HTTPS://App.Example.com",
    "https://a.example.org",
    "https://a-b.c.example.org",
    "http://[2001:db8::1]:8080",
    "https://xn--mnchen-3ya.example",
    "http://live.example.com:8000",
    "https://live.example.com:8000",
];

/// Pages that must not, each with the bytes after `Origin:`, and the answer.
const UNINVITED: &[(&str, &[u8], u16)] = &[
    ("stranger", b"https://evil.com", 403),
    ("nobody", b"", 403),
    ("null", b"null", 403),
    ("Null", b"Null", 403),
    ("undefined", b"undefined", 403),
    ("star", b"*", 403),
    ("no scheme", b"app.example.com", 403),
    ("no authority", b"https://", 403),
    ("relative scheme", b"//app.example.com", 403),
    ("another scheme", b"http://app.example.com", 403),
    ("file", b"file://", 403),
    ("file on a host", b"file://app.example.com", 403),
    ("extension", b"chrome-extension://app.example.com", 403),
    ("own host by another scheme", b"ftp://live.example.com:8000", 403),
    ("scheme in a scheme", b"https://https://app.example.com", 403),
    ("script", b"javascript://app.example.com/%0aalert(1)", 403),
    ("suffix", b"https://app.example.com.evil.com", 403),
    ("suffix without a dot", b"https://app.example.comevil.com", 403),
    ("longer top domain", b"https://app.example.community", 403),
    ("shorter top domain", b"https://app.example.co", 403),
    ("prefix", b"https://evilapp.example.com", 403),
    ("prefix with a hyphen", b"https://evil-app.example.com", 403),
    ("sub-domain", b"https://a.app.example.com", 403),
    ("domain above", b"https://example.com", 403),
    ("sibling", b"https://api.example.com", 403),
    ("dot for any letter", b"https://appxexample.com", 403),
    ("other port", b"https://app.example.com:444", 403),
    ("default port", b"https://app.example.com:443", 403),
    ("empty port", b"https://app.example.com:", 403),
    ("own host without its port", b"http://live.example.com", 403),
    ("own host with another port", b"http://live.example.com:80", 403),
    ("own host with a longer port", b"http://live.example.com:80001", 403),
    ("user", b"https://app.example.com@evil.com", 403),
    ("user and password", b"https://app.example.com:pass@evil.com", 403),
    ("a user at the right host", b"https://evil.com@app.example.com", 403),
    ("own host as a user", b"http://live.example.com:8000@evil.com", 403),
    ("path", b"https://evil.com/app.example.com", 403),
    ("path to another origin", b"https://evil.com/https://app.example.com", 403),
    ("slash at the end", b"https://app.example.com/", 403),
    ("path at the right host", b"https://app.example.com/evil", 403),
    ("query", b"https://evil.com?https://app.example.com", 403),
    ("fragment", b"https://evil.com#https://app.example.com", 403),
    ("fragment at the right host", b"https://app.example.com#evil", 403),
    ("backslash", b"https://evil.com\\app.example.com", 403),
    ("dot at the end", b"https://app.example.com.", 403),
    ("dot in front", b"https://.app.example.com", 403),
    ("escaped dot", b"https://app%2eexample.com", 403),
    ("escaped end", b"https://app.example.com%00.evil.com", 403),
    ("IPv6 of another host", b"http://[2001:db8::2]:8080", 403),
    ("IPv6 with another port", b"http://[2001:db8::1]:8081", 403),
    ("IPv6 with a zone", b"http://[2001:db8::1%25eth0]:8080", 403),
    ("IPv6 with IPv4 inside", b"http://[::ffff:127.0.0.1]:8000", 403),
    ("IPv6 of this machine", b"http://[::1]:8000", 403),
    ("IPv4 of this machine", b"http://127.0.0.1:8000", 403),
    ("name of this machine", b"http://localhost:8000", 403),
    ("Cyrillic letter", "https://\u{430}pp.example.com".as_bytes(), 403),
    ("Cyrillic letter in punycode", b"https://xn--pp-6kc.example.com", 403),
    ("the same name not in punycode", "https://m\u{fc}nchen.example".as_bytes(), 403),
    ("name that is like the one in punycode", b"https://xn--mnchen-3yb.example", 403),
    ("wide full stop", "https://app\u{3002}example.com".as_bytes(), 403),
    ("letter without width", "https://app\u{200b}.example.com".as_bytes(), 403),
    ("letter that is small only elsewhere", "https://\u{212a}.example.org".as_bytes(), 403),
    ("bytes that are no text", b"https://app.example.com\xff", 403),
    ("star for nothing", b"https://.example.org", 403),
    ("star for nothing and no dot", b"https://example.org", 403),
    ("star without its dot", b"https://evilexample.org", 403),
    ("star by another scheme", b"http://a.example.org", 403),
    ("star with a suffix", b"https://a.example.org.evil.com", 403),
    ("star with a port", b"https://a.example.org:8443", 403),
    ("star for a path", b"https://evil.com/.example.org", 403),
    ("star for a query", b"https://evil.com?.example.org", 403),
    ("star for a fragment", b"https://evil.com#.example.org", 403),
    ("star for a port", b"https://evil.com:80.example.org", 403),
    ("star for a user", b"https://evil.com@a.example.org", 403),
    ("star for a backslash", b"https://evil.com\\.example.org", 403),
    ("star for an escape", b"https://evil.com%2f.example.org", 403),
    ("star for an address", b"https://[::1].example.org", 403),
    ("star for a star", b"https://*.example.org", 403),
    ("star for a blank", b"https://evil.com .example.org", 403),
    ("star for a tab", b"https://evil.com\t.example.org", 403),
    ("star for an underscore", b"https://a_b.example.org", 403),
    ("blank and a right one", b"https://evil.com https://app.example.com", 403),
    ("right one and a blank", b"https://app.example.com https://evil.com", 403),
    ("tab inside", b"https://app.example\t.com", 403),
    ("list", b"https://app.example.com, https://evil.com", 403),
    ("list without a blank", b"https://evil.com,https://app.example.com", 403),
    ("quoted", b"\"https://app.example.com\"", 403),
    ("two, the right one first", b"https://app.example.com\r\nOrigin: https://evil.com", 403),
    ("two, the right one last", b"https://evil.com\r\nOrigin: https://app.example.com", 403),
    ("two by a bare line feed", b"https://app.example.com\nOrigin: https://evil.com", 403),
    ("two right ones", b"https://app.example.com\r\nOrigin: https://app.example.com", 403),
    ("one and none", b"https://app.example.com\r\nOrigin:", 403),
    ("continued on the next line", b"https://app.example.com\r\n .evil.com", 400),
    ("begun on the next line", b"\r\n https://app.example.com", 400),
    ("bare carriage return", b"https://app.example.com\r.evil.com", 400),
    ("zero", b"https://app.example.com\0.evil.com", 400),
    ("backspace", b"https://evil.com\x08\x08\x08app.example.com", 400),
];

/// Where pages knock, and what those who may come are told.
const DOORS: &[(&str, u16)] = &[
    ("GET /connection/websocket", 101),
    ("POST /connection/http_stream", 200),
    ("OPTIONS /connection/http_stream", 204),
    ("GET /connection/sse?cf_connect={connect}", 200),
    ("OPTIONS /connection/sse", 204),
    ("POST /emulation", 204),
    ("OPTIONS /emulation", 204),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_of_an_uninvited_origin_comes_in_and_none_is_told_that_it_might() {
    let house = House::with(ORIGINS).await;
    // Says what emulated requests make the server publish.
    let mut bait = house.client_by(Way::HttpStreamJson, "bait").await;
    bait.subscribe("live:x").await;
    let long = [b"https://", [b'a'; 6_000].as_slice(), b".evil.com"].concat();
    let endless = [b"https://", [b'a'; 20_000].as_slice(), b".example.org"].concat();
    let further = [("long", long.as_slice(), 403), ("endless", endless.as_slice(), 431)];
    let mut accepted = 0;
    let mut wrong = Vec::new();

    for (door, _) in DOORS {
        let knocks = UNINVITED.iter().chain(&further).map(async |(name, origin, status)| {
            let answer = knock(&house, door, Some(origin), &bait).await;
            (name, *status, answer)
        });
        for (name, status, answer) in join_all(knocks).await {
            accepted += usize::from(answer.status < 400);
            if answer.status != status || !answer.permissions.is_empty() {
                wrong.push(format!("{door}, {name}: {answer:?}"));
            }
        }
    }

    let attempts = DOORS.len() * (UNINVITED.len() + further.len());
    println!("uninvited origins: {accepted} of {attempts} accepted");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(bait.pushes_so_far().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_invited_origins_and_programs_come_in() {
    let house = House::with(ORIGINS).await;
    let mut bait = house.client_by(Way::HttpStreamJson, "bait").await;
    bait.subscribe("live:x").await;

    for (door, status) in DOORS {
        for origin in WELCOME {
            let answer = knock(&house, door, Some(origin.as_bytes()), &bait).await;
            assert_eq!(answer.status, *status, "{door}, {origin}: {answer:?}");
            assert_eq!(answer.allowed(), (*status != 101).then_some(*origin), "{door}: {answer:?}");
        }
        let program = knock(&house, door, None, &bait).await;
        assert_eq!((program.status, program.allowed()), (*status, None), "{door}: {program:?}");
    }

    assert_eq!(bait.pushes_so_far().await.len(), WELCOME.len() + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn house_that_is_open_to_all_names_the_origin_all_the_same() {
    let house = House::with("[server]\nallowed_origins = [\"*\"]").await;
    let bait = house.client_by(Way::HttpStreamJson, "bait").await;

    for (door, status) in DOORS {
        for origin in ["https://evil.com", "null"] {
            let answer = knock(&house, door, Some(origin.as_bytes()), &bait).await;
            assert_eq!(answer.status, *status, "{door}, {origin}: {answer:?}");
            assert_eq!(answer.allowed(), (*status != 101).then_some(origin), "{door}: {answer:?}");
        }
    }
}

/// What browsers send for a link or a part of a page of anybody's, cookies included, where there is no `Origin`.
const LINKS: &[&[u8]] = &[
    b"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document",
    b"Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate",
    b"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate",
    b"Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate",
    b"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script",
    b"Sec-Fetch-Site: cross-site",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_link_of_a_page_opens_a_door() {
    let house = House::with(ORIGINS).await;
    let mut bait = house.client_by(Way::HttpStreamJson, "bait").await;
    bait.subscribe("live:x").await;

    for (door, status) in DOORS {
        for answer in join_all(LINKS.iter().map(|link| knock_with(&house, door, link, &bait))).await {
            assert_eq!((answer.status, answer.allowed()), (403, None), "{door}: {answer:?}");
        }
        let own = b"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty";
        assert_eq!(knock_with(&house, door, own, &bait).await.status, *status, "{door}");
    }

    assert_eq!(bait.pushes_so_far().await.len(), 1);
}

#[tokio::test]
async fn address_of_an_event_source_carries_no_command_but_connect() {
    let house = House::start().await;
    let mut bait = house.client("bait").await;
    bait.subscribe("live:x").await;
    let connect = "{connect}";
    let publish = "{%22id%22:2,%22publish%22:{%22channel%22:%22live:x%22,%22data%22:1}}";
    let publish = publish.replace('{', "%7B").replace('}', "%7D");

    for (query, status) in [
        (connect.to_owned(), 200),
        (format!("{connect}%0A"), 200),
        (format!("{connect}%0A{publish}"), 400),
        (format!("{connect}%0D%0A{publish}"), 400),
        // Two in one line are no command at all.
        (format!("{connect}{publish}"), 200),
        (format!("{publish}%0A{connect}"), 400),
    ] {
        let answer = knock(&house, &format!("GET /connection/sse?cf_connect={query}"), None, &bait).await;
        assert_eq!(answer.status, status, "{query}");
    }

    assert_eq!(bait.pushes_so_far().await, Vec::<Value>::new());
}

/// What somebody who knocked is told.
#[derive(Debug)]
struct Told {
    status: u16,
    /// Headers that permit a page something.
    permissions: Vec<(String, String)>,
}

impl Told {
    /// The origin that may read the answer.
    fn allowed(&self) -> Option<&str> {
        let header = self.permissions.iter().find(|(name, _)| name == "access-control-allow-origin");
        header.map(|(_, origin)| origin.as_str())
    }
}

/// Asks byte for byte what a page with this origin would ask, so that no library tidies it up.
async fn knock(house: &House, door: &str, origin: Option<&[u8]>, bait: &Client) -> Told {
    let origin = origin.map_or_else(Vec::new, |origin| [b"Origin: ", origin].concat());
    knock_with(house, door, &origin, bait).await
}

/// The same with these lines in the head.
async fn knock_with(house: &House, door: &str, lines: &[u8], bait: &Client) -> Told {
    let connect = json!({ "id": 1, "connect": { "token": house.token("page") } }).to_string();
    let door =
        door.replace("{connect}", &connect.replace('{', "%7B").replace('}', "%7D").replace('"', "%22"));
    let (headers, body) = match door.as_str() {
        "POST /emulation" => {
            let publish = json!({ "id": 9, "publish": { "channel": "live:x", "data": "page" } }).to_string();
            let Value::Object(bearer) = &bait.connected else { panic!("not connected") };
            let body = json!({ "session": bearer["session"], "node": bearer["node"], "data": publish });
            ("Content-Type: application/json", body.to_string())
        }
        "POST /connection/http_stream" => ("Content-Type: application/json", connect),
        "GET /connection/websocket" => (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            String::new(),
        ),
        _ => ("Access-Control-Request-Method: POST", String::new()),
    };
    let lines = if lines.is_empty() { Vec::new() } else { [lines, b"\r\n"].concat() };
    let length = body.len();
    let head = format!("{door} HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\nContent-Length: {length}\r\n");

    let mut socket = TcpStream::connect(house.address).await.unwrap();
    let request = [head.as_bytes(), &lines, b"\r\n", body.as_bytes()].concat();
    // The server may have refused before all of it was sent.
    let _ = within("room to send", socket.write_all(&request)).await;
    let mut answer = Vec::new();
    let head = within("the head of an answer", async {
        while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
            if !matches!(socket.read_buf(&mut answer).await, Ok(1..)) {
                break;
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    });
    told(&head.await)
}

fn told(head: &str) -> Told {
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let permissions = headers.filter(|(name, _)| name.starts_with("access-control-")).collect();
    Told { status: status.unwrap_or_else(|| panic!("no answer: {head:?}")), permissions }
}
