//! Tokens that pretend to know the secret.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use super::forge::{hs, hs256, message, with_signature};
use super::{Recipe, Target};

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// What must be accepted.
pub(super) const CONTROLS: &[Recipe] = &[
    ("HS256", genuine),
    ("HS384", |t, p| hs(hmac::HMAC_SHA384, r#"{"alg":"HS384"}"#, p, t.secret)),
    ("HS512", |t, p| hs(hmac::HMAC_SHA512, r#"{"alg":"HS512"}"#, p, t.secret)),
    ("HS256 with an idle key id", |t, p| hs256(r#"{"alg":"HS256","kid":"7"}"#, p, t.secret)),
    ("HS256 with idle keys", |t, p| {
        hs256(r#"{"alg":"HS256","jku":"https://evil.example","jwk":{"kty":"oct","k":"aw"}}"#, p, t.secret)
    }),
];

/// What must be refused.
pub(super) const FORGERIES: &[Recipe] = &[
    ("algorithm none", |_, p| unsigned(r#"{"alg":"none"}"#, p)),
    ("algorithm None", |_, p| unsigned(r#"{"alg":"None"}"#, p)),
    ("algorithm NONE", |_, p| unsigned(r#"{"alg":"NONE"}"#, p)),
    ("algorithm nOnE", |_, p| unsigned(r#"{"alg":"nOnE"}"#, p)),
    ("algorithm none with an escape", |_, p| unsigned(r#"{"alg":"n\u006fne"}"#, p)),
    ("algorithm none, rightly signed", |t, p| hs256(r#"{"alg":"none"}"#, p, t.secret)),
    ("algorithm empty", |t, p| hs256(r#"{"alg":""}"#, p, t.secret)),
    ("algorithm null", |t, p| hs256(r#"{"alg":null}"#, p, t.secret)),
    ("algorithm missing", |t, p| hs256(r#"{"typ":"JWT"}"#, p, t.secret)),
    ("algorithm a list", |t, p| hs256(r#"{"alg":["HS256"]}"#, p, t.secret)),
    ("algorithm an object", |t, p| hs256(r#"{"alg":{"HS256":null}}"#, p, t.secret)),
    ("algorithm a number", |t, p| hs256(r#"{"alg":0}"#, p, t.secret)),
    ("algorithm twice", |t, p| hs256(r#"{"alg":"HS256","alg":"none"}"#, p, t.secret)),
    ("algorithm under another case", |t, p| hs256(r#"{"ALG":"HS256"}"#, p, t.secret)),
    ("algorithm in lower case", |t, p| hs256(r#"{"alg":"hs256"}"#, p, t.secret)),
    ("algorithm with a blank", |t, p| hs256(r#"{"alg":"HS256 "}"#, p, t.secret)),
    ("algorithm with a zero", |t, p| hs256(r#"{"alg":"HS256\u0000"}"#, p, t.secret)),
    ("algorithm RS256 over the secret", |t, p| hs256(r#"{"alg":"RS256"}"#, p, t.secret)),
    ("algorithm PS256 over the secret", |t, p| hs256(r#"{"alg":"PS256"}"#, p, t.secret)),
    ("algorithm ES256 over the secret", |t, p| hs256(r#"{"alg":"ES256"}"#, p, t.secret)),
    ("algorithm EdDSA over the secret", |t, p| hs256(r#"{"alg":"EdDSA"}"#, p, t.secret)),
    ("algorithm HS1", |t, p| hs256(r#"{"alg":"HS1"}"#, p, t.secret)),
    ("HS512 claimed for an HS256 signature", |t, p| hs256(r#"{"alg":"HS512"}"#, p, t.secret)),
    ("wrong secret", |_, p| hs256(HS256, p, "another secret")),
    ("empty secret", |_, p| hs256(HS256, p, "")),
    ("secret in another case", |t, p| hs256(HS256, p, t.secret.to_uppercase())),
    ("beginning of the secret", |t, p| hs256(HS256, p, t.secret.get(1..).unwrap_or_default())),
    ("base64 of the secret", |t, p| hs256(HS256, p, STANDARD.encode(t.secret))),
    ("the public part as secret", |_, p| hs256(HS256, p, p)),
    ("key id as a path", |_, p| hs256(r#"{"alg":"HS256","kid":"../../../dev/null"}"#, p, "")),
    ("key id as a query", |_, p| hs256(r#"{"alg":"HS256","kid":"' union select 'k'--"}"#, p, "k")),
    ("key id that is no text", |t, p| hs256(r#"{"alg":"HS256","kid":["7"]}"#, p, t.secret)),
    ("key id twice", |t, p| hs256(r#"{"alg":"HS256","kid":"7","kid":"8"}"#, p, t.secret)),
    ("key by address", |_, p| hs256(r#"{"alg":"HS256","jku":"https://evil.example/keys"}"#, p, "k")),
    ("certificate by address", |_, p| hs256(r#"{"alg":"HS256","x5u":"https://evil.example/c"}"#, p, "k")),
    ("key in the header", |_, p| hs256(r#"{"alg":"HS256","jwk":{"kty":"oct","k":"aw"}}"#, p, "k")),
    ("certificate in the header", |_, p| hs256(r#"{"alg":"HS256","x5c":["aw=="]}"#, p, "k")),
    ("key id of a symmetric key in the JWKS", |_, p| hs256(r#"{"alg":"HS256","kid":"oct-1"}"#, p, "k")),
    ("extension demanded", |t, p| hs256(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, p, t.secret)),
    ("no extension demanded", |t, p| hs256(r#"{"alg":"HS256","crit":[]}"#, p, t.secret)),
    ("null extension demanded", |t, p| hs256(r#"{"alg":"HS256","crit":null}"#, p, t.secret)),
    ("header is a text", |t, p| hs256(r#""HS256""#, p, t.secret)),
    ("header is a list", |t, p| hs256(r#"["HS256"]"#, p, t.secret)),
    ("header is no JSON", |t, p| hs256("HS256", p, t.secret)),
    ("header is empty", |t, p| hs256("", p, t.secret)),
    ("header with more after it", |t, p| hs256(r#"{"alg":"HS256"}{}"#, p, t.secret)),
    ("header deeply nested", |_, p| hs256(&deep_header(), p, "k")),
    ("algorithm deeply nested", |t, p| {
        hs256(&format!(r#"{{"alg":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000)), p, t.secret)
    }),
    ("huge header", |t, p| {
        hs256(&format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(20_000)), p, t.secret)
    }),
    ("huge token", |t, p| hs256(HS256, &p.replacen('{', &format!("{{{}", " ".repeat(20_000)), 1), t.secret)),
    ("empty signature", |_, p| unsigned(HS256, p)),
    ("signature missing", |_, p| message(HS256, p)),
    ("signature of zeros", |_, p| with_signature(HS256, p, &[0; 32])),
    ("signature cut short", |t, p| cut(&genuine(t, p), 4)),
    ("signature cut to one byte", |t, p| cut(&genuine(t, p), 41)),
    ("signature longer", |t, p| format!("{}AAAA", genuine(t, p))),
    ("signature padded", |t, p| format!("{}=", genuine(t, p))),
    ("signature with idle bits", idle_bits),
    ("signature altered", altered),
    ("signature of another payload", |t, p| {
        format!("{}.{}", message(HS256, p), signature(&genuine(t, "{}")))
    }),
    ("payload swapped", |t, p| {
        format!("{}.{}", message(HS256, &p.replace("mallory", "ann")), signature(&genuine(t, p)))
    }),
    ("payload padded", padded),
    ("four parts", |t, p| format!("{}.", genuine(t, p))),
    ("five parts", |t, p| format!("{0}.{1}.{1}", genuine(t, p), signature(&genuine(t, p)))),
    ("a part in front", |t, p| format!("x.{}", genuine(t, p))),
    ("two dots missing", |t, p| genuine(t, p).replace('.', "")),
    ("only dots", |_, _| "..".into()),
    ("no token at all", |_, _| "x".into()),
    ("line break at the end", |t, p| format!("{}\n", genuine(t, p))),
    ("line break in the middle", |t, p| genuine(t, p).replacen('.', ".\n", 1)),
    ("blank in front", |t, p| format!(" {}", genuine(t, p))),
    ("scheme in front", |t, p| format!("Bearer {}", genuine(t, p))),
    ("standard alphabet", |t, p| format!("{}+/", genuine(t, p))),
    ("nested token", |t, p| hs256(r#"{"alg":"HS256","cty":"JWT"}"#, &genuine(t, p), t.secret)),
    ("encrypted token", |_, p| format!("{}.key.iv.text.tag", URL_SAFE_NO_PAD.encode(p))),
    ("token as JSON", |t, p| {
        let signature = signature(&genuine(t, p)).to_owned();
        format!(r#"{{"payload":"{}","signature":"{signature}"}}"#, URL_SAFE_NO_PAD.encode(p))
    }),
];

fn genuine(target: &Target, payload: &str) -> String {
    hs256(HS256, payload, target.secret)
}

fn unsigned(header: &str, payload: &str) -> String {
    format!("{}.", message(header, payload))
}

fn deep_header() -> String {
    format!(r#"{{"alg":"HS256","x":{}1{}}}"#, "[".repeat(3_000), "]".repeat(3_000))
}

fn signature(token: &str) -> &str {
    token.rsplit('.').next().unwrap_or_default()
}

fn cut(token: &str, by: usize) -> String {
    token.chars().take(token.len() - by).collect()
}

fn altered(target: &Target, payload: &str) -> String {
    let token = genuine(target, payload);
    let signature = signature(&token);
    let other = if signature.starts_with('A') { "B" } else { "A" };
    format!("{}.{other}{}", message(HS256, payload), signature.get(1..).unwrap_or_default())
}

/// The same bytes, spelled with bits in the last letter that belong to no byte.
fn idle_bits(target: &Target, payload: &str) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut token = genuine(target, payload);
    let last = token.pop().and_then(|letter| LETTERS.find(letter)).unwrap_or_default();
    token.extend(LETTERS.chars().nth(last + 1));
    token
}

/// Rightly signed, but the payload is spelled with the padding that JWS leaves out.
fn padded(target: &Target, payload: &str) -> String {
    let uneven = if payload.len().is_multiple_of(3) { format!("{payload} ") } else { payload.to_owned() };
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(HS256), URL_SAFE.encode(uneven));
    let key = hmac::Key::new(hmac::HMAC_SHA256, target.secret.as_bytes());
    let signature = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}
