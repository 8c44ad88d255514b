//! Forged tokens: whatever an attacker without the secret can write must be invalid, never expired, never a grant.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use ports::access::{TokenError, TokenVerifier};
use ports::ids::TenantId;
use proptest::prelude::*;

use super::{NOW, SECRET, run, tokens};
use crate::TOKEN_BYTES_MAX;

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const CONNECTION: &str = r#"{"sub":"mallory"}"#;
const SUBSCRIPTION: &str = r#"{"sub":"mallory","channel":"vault"}"#;

type Forgery = (&'static str, fn(&str) -> String);

/// How to make a token from a payload without knowing the secret, or against its rules.
const FORGERIES: &[Forgery] = &[
    ("algorithm none", |p| unsigned(r#"{"alg":"none"}"#, p)),
    ("algorithm None", |p| unsigned(r#"{"alg":"None"}"#, p)),
    ("algorithm NONE", |p| unsigned(r#"{"alg":"NONE"}"#, p)),
    ("algorithm nOnE", |p| unsigned(r#"{"alg":"nOnE"}"#, p)),
    ("algorithm none, rightly signed", |p| signed(r#"{"alg":"none"}"#, p, SECRET)),
    ("algorithm empty", |p| signed(r#"{"alg":""}"#, p, SECRET)),
    ("algorithm null", |p| signed(r#"{"alg":null}"#, p, SECRET)),
    ("algorithm missing", |p| signed(r#"{"typ":"JWT"}"#, p, SECRET)),
    ("algorithm a list", |p| signed(r#"{"alg":["HS256"]}"#, p, SECRET)),
    ("algorithm twice", |p| signed(r#"{"alg":"HS256","alg":"none"}"#, p, SECRET)),
    ("algorithm in lower case", |p| signed(r#"{"alg":"hs256"}"#, p, SECRET)),
    ("algorithm with a blank", |p| signed(r#"{"alg":"HS256 "}"#, p, SECRET)),
    ("algorithm RS256 over the secret", |p| signed(r#"{"alg":"RS256"}"#, p, SECRET)),
    ("algorithm PS256 over the secret", |p| signed(r#"{"alg":"PS256"}"#, p, SECRET)),
    ("algorithm ES256 over the secret", |p| signed(r#"{"alg":"ES256"}"#, p, SECRET)),
    ("algorithm EdDSA over the secret", |p| signed(r#"{"alg":"EdDSA"}"#, p, SECRET)),
    ("algorithm HS1", |p| signed(r#"{"alg":"HS1"}"#, p, SECRET)),
    ("HS512 claimed for an HS256 signature", |p| signed(r#"{"alg":"HS512"}"#, p, SECRET)),
    ("wrong secret", |p| signed(HS256, p, "another secret")),
    ("empty secret", |p| signed(HS256, p, "")),
    ("secret in another case", |p| signed(HS256, p, &SECRET.to_uppercase())),
    ("beginning of the secret", |p| signed(HS256, p, &SECRET[..SECRET.len() - 1])),
    ("base64 of the secret", |p| signed(HS256, p, &STANDARD.encode(SECRET))),
    ("the public part as secret", |p| signed(HS256, p, p)),
    ("key id as a path", |p| signed(r#"{"alg":"HS256","kid":"../../../dev/null"}"#, p, "")),
    ("key id as a query", |p| signed(r#"{"alg":"HS256","kid":"' union select 'k'--"}"#, p, "k")),
    ("key by address", |p| signed(r#"{"alg":"HS256","jku":"https://evil.example/keys"}"#, p, "k")),
    ("certificate by address", |p| signed(r#"{"alg":"HS256","x5u":"https://evil.example/c"}"#, p, "k")),
    ("key in the header", |p| signed(r#"{"alg":"HS256","jwk":{"kty":"oct","k":"aw"}}"#, p, "k")),
    ("certificate in the header", |p| signed(r#"{"alg":"HS256","x5c":["aw=="]}"#, p, "k")),
    ("unknown extension demanded", |p| signed(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, p, SECRET)),
    ("header is no object", |p| signed(r#""HS256""#, p, SECRET)),
    ("header is no JSON", |p| signed("HS256", p, SECRET)),
    ("header is empty", |p| signed("", p, SECRET)),
    ("empty signature", |p| format!("{}.", message(HS256, p))),
    ("signature missing", |p| message(HS256, p)),
    ("signature of zeros", |p| format!("{}.{}", message(HS256, p), URL_SAFE_NO_PAD.encode([0; 32]))),
    ("signature cut short", |p| cut(&genuine(p), 4)),
    ("signature cut to one byte", |p| cut(&genuine(p), 41)),
    ("signature longer", |p| format!("{}AAAA", genuine(p))),
    ("signature padded", |p| format!("{}=", genuine(p))),
    ("signature altered", altered),
    ("signature of another payload", |p| format!("{}.{}", message(HS256, p), signature_of("{}"))),
    ("payload swapped", |p| swapped(&genuine("{}"), p)),
    ("four parts", |p| format!("{}.", genuine(p))),
    ("a part in front", |p| format!("x.{}", genuine(p))),
    ("two dots missing", |p| genuine(p).replace('.', "")),
    ("only dots", |_| "..".into()),
    ("nothing", |_| String::new()),
    ("line break at the end", |p| format!("{}\n", genuine(p))),
    ("blank in front", |p| format!(" {}", genuine(p))),
    ("scheme in front", |p| format!("Bearer {}", genuine(p))),
    ("standard alphabet", |p| format!("{}+/", genuine(p))),
    ("huge header", |p| signed(&format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(20_000)), p, SECRET)),
    ("nested token", |p| signed(r#"{"alg":"HS256","cty":"JWT"}"#, &genuine(p), SECRET)),
    ("encrypted token", |p| format!("{}.key.iv.text.tag", URL_SAFE_NO_PAD.encode(p))),
    ("token as JSON", |p| {
        format!(r#"{{"payload":"{}","signature":"{}"}}"#, URL_SAFE_NO_PAD.encode(p), signature_of(p))
    }),
];

#[test]
fn no_forged_token_is_accepted() {
    let tokens = tokens();

    for (name, forge) in FORGERIES {
        let connection = run(tokens.connection(&TenantId::default(), &forge(CONNECTION), NOW));
        let subscription = run(tokens.subscription(&TenantId::default(), &forge(SUBSCRIPTION), NOW));

        assert!(matches!(connection, Err(TokenError::Invalid(_))), "{name}: {connection:?}");
        assert!(matches!(subscription, Err(TokenError::Invalid(_))), "{name}: {subscription:?}");
    }
    assert!(FORGERIES.len() >= 50);
}

#[test]
fn forged_expired_token_is_invalid_and_not_expired() {
    let tokens = tokens();
    let expired = r#"{"sub":"mallory","exp":1}"#;

    let honest = run(tokens.connection(&TenantId::default(), &genuine(expired), NOW));
    assert_eq!(honest, Err(TokenError::Expired));
    for (name, forge) in FORGERIES {
        let forged = run(tokens.connection(&TenantId::default(), &forge(expired), NOW));
        assert!(matches!(forged, Err(TokenError::Invalid(_))), "{name}: {forged:?}");
    }
}

#[test]
fn the_same_tokens_are_accepted_when_they_are_genuine() {
    let tokens = tokens();

    assert!(run(tokens.connection(&TenantId::default(), &genuine(CONNECTION), NOW)).is_ok());
    assert!(run(tokens.subscription(&TenantId::default(), &genuine(SUBSCRIPTION), NOW)).is_ok());
}

#[test]
fn token_is_bounded_in_length() {
    let tokens = tokens();
    let token_of = |bytes: usize| genuine(&format!(r#"{{"info":"{}"}}"#, "x".repeat(bytes)));
    let (longest, too_long) = (token_of(TOKEN_BYTES_MAX * 3 / 4 - 100), token_of(TOKEN_BYTES_MAX));

    assert!(run(tokens.connection(&TenantId::default(), &longest, NOW)).is_ok());
    assert_eq!(
        run(tokens.connection(&TenantId::default(), &too_long, NOW)),
        Err(TokenError::Invalid("longer than allowed".into()))
    );
}

proptest! {
    #[test]
    fn hostile_text_is_invalid_and_never_panics(token in "\\PC{0,300}") {
        let found = run(tokens().connection(&TenantId::default(), &token, NOW));
        prop_assert!(matches!(found, Err(TokenError::Invalid(_))));
    }

    #[test]
    fn hostile_header_and_payload_never_panic(header in "\\PC{0,60}", payload in "\\PC{0,200}") {
        let _ = run(tokens().subscription(&TenantId::default(), &signed(&header, &payload, SECRET), NOW));
        let _ = run(tokens().subscription(&TenantId::default(), &genuine(&payload), NOW));
    }

    #[test]
    fn one_changed_character_makes_a_token_invalid(at in 0_usize..200, to in "[A-Za-z0-9_.-]") {
        let mut token = genuine(CONNECTION);
        let at = at % token.len();
        prop_assume!(token[at..=at] != to);
        token.replace_range(at..=at, &to);

        let found = run(tokens().connection(&TenantId::default(), &token, NOW));
        prop_assert!(matches!(found, Err(TokenError::Invalid(_))));
    }
}

fn message(header: &str, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

fn unsigned(header: &str, payload: &str) -> String {
    format!("{}.", message(header, payload))
}

/// A token with an HMAC-SHA-256 signature, whatever the header says.
fn signed(header: &str, payload: &str, secret: &str) -> String {
    let message = message(header, payload);
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn genuine(payload: &str) -> String {
    signed(HS256, payload, SECRET)
}

fn signature_of(payload: &str) -> String {
    genuine(payload).rsplit('.').next().unwrap().to_owned()
}

fn cut(token: &str, by: usize) -> String {
    token[..token.len() - by].to_owned()
}

fn altered(payload: &str) -> String {
    let token = genuine(payload);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!("{message}.{first}{}", &signature[1..])
}

fn swapped(token: &str, payload: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(payload), parts[2])
}
