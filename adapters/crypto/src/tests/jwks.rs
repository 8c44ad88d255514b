//! Keys at an address: how often it is asked, and what holds while it does not answer.

mod publisher;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use parking_lot::Mutex;
use ports::access::{TokenError, TokenVerifier as _};
use ports::ids::TenantId;
use ports::time::Timestamp;
use serde_json::json;

use super::{NOW, run, with};
use crate::attacks::forge;
use crate::config::{Config, JWKS_TTL, Jwks, JwksSource, Trust};
use crate::{ConfigError, Tokens};
use publisher::{Answer, Publisher};

#[tokio::test]
async fn keys_are_fetched_once_and_kept() {
    let ann = Key::new("a");
    let publisher = Publisher::start(ann.set()).await;
    let tokens = trusting(&publisher);

    for second in 0..100 {
        assert_eq!(verify(&tokens, &ann.token(), after(second)).await, Ok(()));
    }
    assert_eq!(publisher.fetches(), 1);
}

#[tokio::test]
async fn unknown_key_causes_exactly_one_fetch_before_it_is_refused() {
    let (ann, eve) = (Key::new("a"), Key::new("e"));
    let publisher = Publisher::start(ann.set()).await;
    let tokens = trusting(&publisher);
    assert_eq!(verify(&tokens, &ann.token(), NOW).await, Ok(()));

    let found = verify(&tokens, &eve.token(), after(60)).await;

    assert_eq!(found, Err(TokenError::Invalid("unknown key".into())));
    assert_eq!(publisher.fetches(), 2);
}

#[tokio::test]
async fn flood_of_forged_key_ids_causes_one_fetch_in_ten_seconds() {
    let ann = Key::new("a");
    let publisher = Publisher::start(ann.set()).await;
    let tokens = trusting(&publisher);
    assert_eq!(verify(&tokens, &ann.token(), NOW).await, Ok(()));

    for second in 10..40 {
        for forged in 0..20 {
            let eve = ann.named(&format!("forged-{second}-{forged}"));
            assert!(verify(&tokens, &eve.token(), after(second)).await.is_err());
        }
        assert_eq!(verify(&tokens, &ann.token(), after(second)).await, Ok(()));
    }
    assert_eq!(publisher.fetches(), 4);
}

#[tokio::test]
async fn tokens_that_wait_together_share_one_fetch() {
    let ann = Key::new("a");
    let publisher = Publisher::start(ann.set()).await;
    let tokens = Arc::new(trusting(&publisher));

    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (tokens, token) = (Arc::clone(&tokens), ann.token());
            tokio::spawn(async move { verify(&tokens, &token, NOW).await })
        })
        .collect();

    for one in waiting {
        assert_eq!(one.await.unwrap(), Ok(()));
    }
    assert_eq!(publisher.fetches(), 1);
}

#[tokio::test]
async fn caller_that_goes_away_does_not_end_the_fetch() {
    let ann = Key::new("a");
    let publisher = Publisher::start(ann.set()).await;
    let tokens = trusting(&publisher);

    let token = ann.token();
    let mut impatient = Box::pin(verify(&tokens, &token, NOW));
    let _ = begin(&mut impatient).await;
    drop(impatient);

    assert_eq!(verify(&tokens, &token, NOW).await, Ok(()));
    assert_eq!(publisher.fetches(), 1);
}

#[tokio::test]
async fn fetch_cut_off_with_its_runtime_is_tried_again() {
    let ann = Key::new("a");
    let publisher = Publisher::start(ann.set()).await;
    let tokens = Arc::new(trusting(&publisher));

    let (lent, token) = (Arc::clone(&tokens), ann.token());
    let doomed = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { begin(&mut Box::pin(verify(&lent, &token, NOW))).await })
    });
    assert!(!doomed.join().unwrap());

    assert!(matches!(verify(&tokens, &ann.token(), after(9)).await, Err(TokenError::Unavailable(_))));
    assert_eq!(verify(&tokens, &ann.token(), after(10)).await, Ok(()));
}

#[tokio::test]
async fn rotated_key_is_found_and_the_old_one_is_gone() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let publisher = Publisher::start(old.set()).await;
    let tokens = trusting(&publisher);
    assert_eq!(verify(&tokens, &old.token(), NOW).await, Ok(()));

    publisher.answers(new.set());

    assert_eq!(verify(&tokens, &new.token(), after(10)).await, Ok(()));
    assert!(matches!(verify(&tokens, &old.token(), after(20)).await, Err(TokenError::Invalid(_))));
}

#[tokio::test]
async fn new_key_right_after_a_fetch_is_not_called_invalid() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let publisher = Publisher::start(old.set()).await;
    let tokens = trusting(&publisher);
    assert_eq!(verify(&tokens, &old.token(), NOW).await, Ok(()));

    publisher.answers(new.set());

    assert!(matches!(verify(&tokens, &new.token(), after(9)).await, Err(TokenError::Unavailable(_))));
    assert_eq!(publisher.fetches(), 1);
    assert_eq!(verify(&tokens, &new.token(), after(10)).await, Ok(()));
}

#[tokio::test]
async fn keys_are_refreshed_in_the_background_before_they_are_outdated() {
    let ann = Key::new("a");
    let publisher = Publisher::start(ann.set()).await;
    let tokens = trusting(&publisher);
    assert_eq!(verify(&tokens, &ann.token(), NOW).await, Ok(()));
    assert_eq!(verify(&tokens, &ann.token(), after(2_699)).await, Ok(()));
    assert_eq!(publisher.fetches(), 1);

    publisher.answers(Answer::Silence);
    assert_eq!(verify(&tokens, &ann.token(), after(2_700)).await, Ok(()));

    publisher.asked(2).await;
}

#[tokio::test]
async fn outdated_key_is_asked_for_again() {
    let (ann, bob) = (Key::new("a"), Key::new("b"));
    let publisher = Publisher::start(ann.set()).await;
    let tokens = trusting(&publisher);
    assert_eq!(verify(&tokens, &ann.token(), NOW).await, Ok(()));

    publisher.answers(bob.set());

    let found = verify(&tokens, &ann.token(), after(3_600)).await;
    assert_eq!(found, Err(TokenError::Invalid("unknown key".into())));
}

#[tokio::test]
async fn without_any_key_tokens_are_unavailable_until_the_address_answers() {
    let ann = Key::new("a");
    let publisher = Publisher::start(Answer::Status("500 Internal Server Error")).await;
    let tokens = trusting(&publisher);

    for second in 0..10 {
        let found = verify(&tokens, &ann.token(), after(second)).await;
        assert!(matches!(found, Err(TokenError::Unavailable(_))), "{found:?}");
    }
    assert_eq!(publisher.fetches(), 1);

    publisher.answers(ann.set());
    assert_eq!(verify(&tokens, &ann.token(), after(10)).await, Ok(()));
}

#[tokio::test]
async fn every_failed_fetch_and_the_end_of_failing_are_told_once() {
    let ann = Key::new("a");
    let publisher = Publisher::start(Answer::Status("500 Internal Server Error")).await;
    let tokens = trusting(&publisher);
    let log = Log::default();
    let lines = log.clone();
    let writing = tracing_subscriber::fmt().with_ansi(false).with_writer(move || lines.clone()).finish();
    let _writing = tracing::subscriber::set_default(writing);
    let count = |what: &str| log.text().matches(what).count();

    for second in [0, 1, 9, 10, 19] {
        let _ = verify(&tokens, &ann.token(), after(second)).await;
    }
    assert_eq!(count("WARN"), 2, "{}", log.text());
    assert_eq!(count(r#"host="127.0.0.1" reason="answered 500 Internal Server Error""#), 2, "{}", log.text());
    assert!(!log.text().contains("secret"), "{}", log.text());

    publisher.answers(ann.set());
    for second in [20, 4_000, 8_000] {
        assert_eq!(verify(&tokens, &ann.token(), after(second)).await, Ok(()));
    }
    assert_eq!((count("WARN"), count("INFO")), (2, 1), "{}", log.text());
}

#[tokio::test]
async fn known_keys_stay_in_use_while_the_address_is_down() {
    let (ann, eve) = (Key::new("a"), Key::new("e"));
    let publisher = Publisher::start(ann.set()).await;
    let tokens = trusting(&publisher);
    assert_eq!(verify(&tokens, &ann.token(), NOW).await, Ok(()));

    publisher.stop().await;

    for second in [10, 2_700, 3_600, 3_605, 90_000] {
        assert_eq!(verify(&tokens, &ann.token(), after(second)).await, Ok(()), "{second}");
    }
    let found = verify(&tokens, &eve.token(), after(100_000)).await;
    assert!(matches!(found, Err(TokenError::Unavailable(_))), "{found:?}");
    let forged = ann.forged_by(&eve);
    assert!(matches!(verify(&tokens, &forged, after(100_000)).await, Err(TokenError::Invalid(_))));
}

#[tokio::test]
async fn answers_that_are_no_key_set_leave_tokens_unavailable() {
    let ann = Key::new("a");
    let elsewhere = Publisher::start(ann.set()).await;
    let answers = [
        Answer::Status("404 Not Found"),
        Answer::Status("204 No Content"),
        Answer::Redirect(elsewhere.url.clone()),
        Answer::Body("<html>".into()),
        Answer::Body("[]".into()),
        Answer::Body(r#"{"keys":{}}"#.into()),
        Answer::Body(ann.set_json() + &" ".repeat(1024 * 1024)),
        Answer::Closed,
    ];

    for answer in answers {
        let publisher = Publisher::start(answer.clone()).await;
        let found = verify(&trusting(&publisher), &ann.token(), NOW).await;
        assert!(matches!(found, Err(TokenError::Unavailable(_))), "{answer:?}: {found:?}");
    }
    assert_eq!(elsewhere.fetches(), 0);
}

#[tokio::test(start_paused = true)]
async fn silent_address_is_given_up_after_two_seconds() {
    let ann = Key::new("a");
    let publisher = Publisher::start(Answer::Silence).await;
    let began = tokio::time::Instant::now();

    let found = verify(&trusting(&publisher), &ann.token(), NOW).await;

    assert!(matches!(found, Err(TokenError::Unavailable(_))), "{found:?}");
    assert_eq!(began.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn key_id_counts_only_among_the_keys_of_its_issuer() {
    let (ours, theirs) = (Key::new("k").issued_by("ours"), Key::new("k").issued_by("theirs"));
    let (our_place, their_place) = (Publisher::start(ours.set()).await, Publisher::start(theirs.set()).await);
    let set = |publisher: &Publisher, issuer: &str| Jwks { issuers: vec![issuer.into()], ..jwks(publisher) };
    let jwks = vec![set(&our_place, "ours"), set(&their_place, "theirs")];
    let tokens = with(Trust { jwks, ..Trust::default() });

    assert_eq!(verify(&tokens, &ours.token(), NOW).await, Ok(()));
    assert_eq!(verify(&tokens, &theirs.token(), NOW).await, Ok(()));
    for forged in [ours.forged_by(&theirs), theirs.forged_by(&ours)] {
        let found = verify(&tokens, &forged, NOW).await;
        assert_eq!(found, Err(TokenError::Invalid("wrong signature".into()))); // P-JWT-2
    }
    let stranger = Key::new("k").issued_by(&their_place.url);
    let found = verify(&tokens, &stranger.token(), NOW).await;
    assert_eq!(found, Err(TokenError::Invalid("no keys for this issuer".into()))); // P-JWT-1
    assert_eq!((our_place.fetches(), their_place.fetches()), (1, 1));
}

#[test]
fn address_without_a_runtime_is_unavailable() {
    let trust = Trust { jwks: vec![at("http://127.0.0.1:1/keys")], ..Trust::default() };
    let tokens = with(trust);
    let found = run(tokens.connection(&TenantId::default(), &Key::new("a").token(), NOW));

    assert!(matches!(found, Err(TokenError::Unavailable(_))), "{found:?}");
}

#[test]
fn addresses_that_others_could_answer_for_are_refused() {
    let refused = [
        "http://keys.example/jwks.json",
        "http://10.0.0.1:8080/jwks.json",
        "http://127.0.0.1.keys.example/",
        "http://localhost.keys.example/",
        "http://0.0.0.0/",
        "ftp://127.0.0.1/",
        "file:///etc/keys",
    ];
    let tokens =
        |url: &str| Tokens::new(&Config::new(Trust { jwks: vec![at(url)], ..Trust::default() })).map(drop);

    for url in refused {
        assert_eq!(tokens(url), Err(ConfigError::JwksUrl(url.into())));
    }
    for url in ["keys.example", "user:secret@keys.example", "https://user:secret@keys.example:x/?secret", ""]
    {
        assert_eq!(tokens(url), Err(ConfigError::NoJwksUrl), "{url}");
    }
    let shown = Err(ConfigError::JwksUrl("http://keys.example/jwks.json".into()));
    assert_eq!(tokens("http://127.0.0.1:secret@keys.example/jwks.json?key=secret#secret"), shown);
    for url in ["http://127.0.0.1:8080/k", "http://[::1]/k", "http://localhost/k", "http://127.9.9.9/k"] {
        assert_eq!(tokens(url), Ok(()), "{url}");
    }
    // Without the system's certificates it is refused for another reason.
    let https = tokens("https://keys.example/jwks.json");
    assert!(matches!(https, Ok(()) | Err(ConfigError::Client(_))), "{https:?}");
}

/// Lines that were logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A key pair under a name.
struct Key {
    pair: Arc<EcdsaKeyPair>,
    kid: String,
    issuer: String,
}

impl Key {
    fn new(kid: &str) -> Self {
        let pair = Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
        Self { pair, kid: kid.into(), issuer: "app".into() }
    }

    fn named(&self, kid: &str) -> Self {
        Self { pair: Arc::clone(&self.pair), kid: kid.into(), issuer: self.issuer.clone() }
    }

    fn issued_by(self, issuer: &str) -> Self {
        Self { issuer: issuer.into(), ..self }
    }

    fn set_json(&self) -> String {
        json!({ "keys": [forge::ec_jwk(&self.pair, "P-256", &self.kid)] }).to_string()
    }

    fn set(&self) -> Answer {
        Answer::Body(self.set_json())
    }

    fn token(&self) -> String {
        self.forged_by(self)
    }

    /// A token that claims this key but is signed with another.
    fn forged_by(&self, other: &Self) -> String {
        let header = json!({ "alg": "ES256", "kid": self.kid }).to_string();
        forge::ec(&other.pair, &header, &json!({ "sub": "ann", "iss": self.issuer }).to_string())
    }
}

fn at(url: &str) -> Jwks {
    Jwks { source: JwksSource::Url { url: url.into(), ttl: JWKS_TTL }, issuers: Vec::new() }
}

fn jwks(publisher: &Publisher) -> Jwks {
    at(&publisher.url)
}

fn trusting(publisher: &Publisher) -> Tokens {
    with(Trust { jwks: vec![jwks(publisher)], ..Trust::default() })
}

fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// A line of the log that is first said while nobody in the process listens may be off for good, also for a thread that
/// begins to listen at that moment; so somebody always listens.
fn somebody_listens() {
    static LISTENING: std::sync::Once = std::sync::Once::new();
    LISTENING.call_once(|| {
        let _ = tracing_subscriber::fmt().with_writer(io::sink).try_init();
    });
}

async fn verify(tokens: &Tokens, token: &str, now: Timestamp) -> Result<(), TokenError> {
    somebody_listens();
    tokens.connection(&TenantId::default(), token, now).await.map(drop)
}

/// Lets a future begin; says whether it has ended, too.
async fn begin(future: &mut (impl Future + Unpin)) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())
    })
    .await
}
