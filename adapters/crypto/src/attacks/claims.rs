//! Tokens that are rightly signed and claim what they must not.

use ports::time::Timestamp;
use serde_json::{Value, json};

use super::forge::hs256;
use super::{AUDIENCE, Attempt, ISSUER, Target};

/// How long tokens of a table live.
pub(super) const LIFETIME_MS: u64 = 3_600_000;
const HS256: &str = r#"{"alg":"HS256"}"#;

/// Claims of a genuine token with some members put in or replaced.
pub(super) fn with(now: Timestamp, members: Value) -> String {
    let exp = now.as_millis().saturating_add(LIFETIME_MS) / 1_000;
    let mut claims = json!({ "aud": AUDIENCE, "iss": ISSUER, "exp": exp });
    if let (Value::Object(claims), Value::Object(members)) = (&mut claims, members) {
        claims.extend(members);
    }
    claims.to_string()
}

pub(super) fn connection(target: &Target, now: Timestamp) -> Vec<Attempt> {
    let mut claims = vec![
        ("subscription token as connection token", with(now, json!({ "channel": "news" }))),
        ("subscription token for no channel", with(now, json!({ "channel": "" }))),
        ("channel that is null", with(now, json!({ "channel": null }))),
        ("claims in a list", r#"["mallory",9999999999]"#.to_owned()),
    ];
    claims.extend(shared(now));
    signed(target, claims)
}

pub(super) fn subscription(target: &Target, now: Timestamp, channel: &str) -> Vec<Attempt> {
    let mut claims = vec![
        ("connection token as subscription token", with(now, json!({ "sub": "mallory" }))),
        ("empty channel", with(now, json!({ "channel": "" }))),
        ("channel that is null", with(now, json!({ "channel": null }))),
        ("list of channels", with(now, json!({ "channel": [channel] }))),
        ("client that is null", with(now, json!({ "channel": channel, "client": null }))),
    ];
    claims.extend(shared(now).into_iter().map(|(name, payload)| {
        let named = format!(r#"{{"channel":{},"#, json!(channel));
        (name, payload.replacen('{', &named, 1))
    }));
    signed(target, claims)
}

/// What is false in both kinds of tokens.
fn shared(now: Timestamp) -> Vec<Attempt> {
    let fine = with(now, json!({ "sub": "mallory" }));
    let deep = "[".repeat(3_000) + &"]".repeat(3_000);
    vec![
        ("another audience", with(now, json!({ "aud": "other" }))),
        ("longer audience", with(now, json!({ "aud": "app.evil" }))),
        ("no audience", with(now, json!({ "aud": null }))),
        ("empty list of audiences", with(now, json!({ "aud": [] }))),
        ("list with other audiences", with(now, json!({ "aud": ["ap", "APP"] }))),
        ("another issuer", with(now, json!({ "iss": "https://evil.example" }))),
        ("issuer as a path", with(now, json!({ "iss": "https://issuer.example/../evil" }))),
        ("issuer as user of a host", with(now, json!({ "iss": "https://issuer.example@evil.example" }))),
        ("issuer in another case", with(now, json!({ "iss": "HTTPS://ISSUER.EXAMPLE" }))),
        ("no issuer", with(now, json!({ "iss": null }))),
        ("list of issuers", with(now, json!({ "iss": [ISSUER] }))),
        ("user twice", fine.replacen('{', r#"{"sub":"ann","#, 1)),
        ("expiry twice", fine.replacen('{', r#"{"exp":9999999999,"#, 1)),
        ("audience twice", fine.replacen('{', r#"{"aud":"other","#, 1)),
        ("issuer twice", fine.replacen('{', r#"{"iss":"https://evil.example","#, 1)),
        ("user that is null", with(now, json!({ "sub": null }))),
        ("user that is a number", with(now, json!({ "sub": 1 }))),
        ("user that is deeply nested", fine.replacen(r#""mallory""#, &deep, 1)),
        ("expiry that is a text", with(now, json!({ "exp": "9999999999" }))),
        ("expiry that is null", with(now, json!({ "exp": null }))),
        ("beginning that is null", with(now, json!({ "nbf": null }))),
        ("something after the claims", format!("{fine}{{}}")),
        ("claims cut short", fine.chars().take(fine.len() - 1).collect()),
    ]
}

fn signed(target: &Target, claims: Vec<Attempt>) -> Vec<Attempt> {
    claims.into_iter().map(|(name, payload)| (name, hs256(HS256, &payload, target.secret))).collect()
}
