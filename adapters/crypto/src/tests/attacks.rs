//! Forged tokens: whatever an attacker without the keys can write must be invalid, never expired, never a grant.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::access::{TokenError, TokenVerifier};
use ports::ids::TenantId;
use ports::time::Timestamp;
use proptest::prelude::*;

use super::{NOW, SECRET, run, tokens};
use crate::attacks::{Attempt, Target};
use crate::{TOKEN_BYTES_MAX, Tokens};

/// When every token made at [`NOW`] has expired.
const LATER: Timestamp = Timestamp::from_secs(100_000);

/// Keys are dear to make, and so are signatures.
static CONTROLS: LazyLock<Vec<Attempt>> = LazyLock::new(|| TARGET.0.controls(NOW));
static TARGET: LazyLock<(Target, Tokens)> = LazyLock::new(|| {
    let target = Target::new();
    let tokens = Tokens::new(&target.config()).unwrap();
    (target, tokens)
});

#[test]
fn no_forged_connection_token_is_accepted() {
    let (target, tokens) = &*TARGET;
    let table = target.table(NOW);

    for (name, token) in &table {
        let found = run(tokens.connection(&TenantId::default(), token, NOW));
        assert!(matches!(found, Err(TokenError::Invalid(_))), "{name}: {found:?}");
    }
    assert!(table.len() >= 150, "{}", table.len());
}

#[test]
fn no_forged_subscription_token_is_accepted() {
    let (target, tokens) = &*TARGET;
    let table = target.subscription_table(NOW, "vault");

    for (name, token) in &table {
        let found = run(tokens.subscription(&TenantId::default(), token, NOW));
        assert!(matches!(found, Err(TokenError::Invalid(_))), "{name}: {found:?}");
    }
    assert!(table.len() >= 150, "{}", table.len());
}

#[test]
fn forged_expired_token_is_invalid_and_not_expired() {
    let (target, tokens) = &*TARGET;

    for (name, token) in target.expired_table(LATER) {
        let found = run(tokens.connection(&TenantId::default(), &token, LATER));
        assert!(matches!(found, Err(TokenError::Invalid(_))), "{name}: {found:?}"); // P-JWT-3
    }
}

#[test]
fn genuine_tokens_are_accepted_until_they_expire() {
    let (target, tokens) = &*TARGET;

    for (name, token) in &*CONTROLS {
        let found = run(tokens.connection(&TenantId::default(), token, NOW)).map(|grant| grant.user);
        assert_eq!(found.as_ref().map(|user| user.as_str()), Ok("mallory"), "{name}");
        let found = run(tokens.connection(&TenantId::default(), token, LATER));
        assert_eq!(found, Err(TokenError::Expired), "{name}");
    }
    for (name, token) in target.subscription_controls(NOW, "vault") {
        let found = run(tokens.subscription(&TenantId::default(), &token, NOW)).map(|grant| grant.channel);
        assert_eq!(found.as_deref(), Ok("vault"), "{name}");
    }
}

#[test]
fn every_attempt_has_a_name_of_its_own() {
    let (target, _) = &*TARGET;
    let mut attempts = target.table(NOW);
    attempts.extend(target.controls(NOW));

    let names: BTreeSet<_> = attempts.iter().map(|(name, _)| name).collect();
    let texts: BTreeSet<_> = attempts.iter().map(|(_, token)| token).collect();

    assert_eq!((names.len(), texts.len()), (attempts.len(), attempts.len()));
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

#[test]
fn nothing_is_no_token() {
    let found = run(tokens().connection(&TenantId::default(), "", NOW));
    assert!(matches!(found, Err(TokenError::Invalid(_))));
}

proptest! {
    #[test]
    fn hostile_text_is_invalid_and_never_panics(token in "\\PC{0,300}") {
        let found = run(tokens().connection(&TenantId::default(), &token, NOW));
        prop_assert!(matches!(found, Err(TokenError::Invalid(_))));
    }

    #[test]
    fn hostile_header_and_payload_never_panic(header in "\\PC{0,60}", payload in "\\PC{0,200}") {
        let (target, all) = &*TARGET;
        let _ = run(tokens().subscription(&TenantId::default(), &signed(&header, &payload), NOW));
        let _ = run(tokens().subscription(&TenantId::default(), &genuine(&payload), NOW));
        let _ = run(all.connection(&TenantId::default(), &signed(&header, target.secret), NOW));
    }

    #[test]
    fn one_changed_character_makes_any_token_invalid(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        to in "[A-Za-z0-9_.-]",
    ) {
        let (_, tokens) = &*TARGET;
        let (name, mut token) = CONTROLS[which.index(CONTROLS.len())].clone();
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != to);
        token.replace_range(at..=at, &to);

        let found = run(tokens.connection(&TenantId::default(), &token, NOW));
        prop_assert!(matches!(found, Err(TokenError::Invalid(_))), "{name}: {found:?}");
    }
}

/// A token with an HMAC-SHA-256 signature, whatever the header says.
fn signed(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

fn genuine(payload: &str) -> String {
    signed(r#"{"alg":"HS256","typ":"JWT"}"#, payload)
}
