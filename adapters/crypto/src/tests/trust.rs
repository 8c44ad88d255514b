//! What a configuration makes of tokens, and which configurations are refused.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair};
use ports::access::{ConnectionGrant, TokenError, TokenSigner, TokenVerifier};
use ports::ids::{TenantId, UserId};
use ports::time::Timestamp;
use serde_json::json;

use super::{NOW, run, with};
use crate::attacks::{AUDIENCE, ISSUER, Target, forge};
use crate::config::{Config, Jwks, JwksSource, PreviousSecret, Trust};
use crate::{ConfigError, Expected, Pattern, Secret, Tokens};

static TARGET: LazyLock<Target> = LazyLock::new(Target::new);

#[test]
fn each_family_works_only_if_its_key_is_configured() {
    let target = &*TARGET;
    let in_pem = |name: &str| !name.contains("JWKS") && !name.contains("issuer");
    let configs = [
        ("HS", Trust { hmac_secret: Secret::new(target.secret), ..Trust::default() }),
        ("S", Trust { rsa_public_key: Some(target.rsa_public_key.clone()), ..Trust::default() }),
        ("ES", Trust { ec_public_key: Some(target.ec_public_key.clone()), ..Trust::default() }),
        ("EdDSA", Trust { ed25519_public_key: Some(target.ed25519_public_key.clone()), ..Trust::default() }),
        ("JWKS", Trust { jwks: vec![text(&target.jwks)], ..Trust::default() }),
    ];

    for (family, trust) in configs {
        let tokens = with(trust);
        for (name, token) in target.controls(NOW) {
            let expected = match family {
                "JWKS" => name.contains("JWKS"),
                "S" => in_pem(name) && (name.starts_with("RS") || name.starts_with("PS")),
                _ => in_pem(name) && name.starts_with(family),
            };
            let found = verify(&tokens, &token, NOW);
            assert_eq!(found.is_ok(), expected, "{name} with {family} configured: {found:?}");
        }
    }
}

#[test]
fn previous_secret_verifies_until_its_end_and_never_signs() {
    let secret = |text: &str| Secret::new(text).unwrap();
    let previous = PreviousSecret { secret: secret("old"), until: NOW };
    let trust = Trust { hmac_previous: Some(previous), ..Trust::hmac(secret("new"), None, None) };
    let tokens = with(trust);
    let (old, new) = (hs256(r#"{"sub":"ann"}"#, "old"), hs256(r#"{"sub":"ann"}"#, "new"));
    let before = Timestamp::from_millis(NOW.as_millis() - 1);
    let ours = sign(&tokens, "ann").unwrap();
    let new_alone = with(Trust::hmac(secret("new"), None, None));

    assert!(verify(&tokens, &old, before).is_ok());
    assert!(matches!(verify(&tokens, &old, NOW), Err(TokenError::Invalid(_))));
    assert!(verify(&tokens, &new, before).is_ok() && verify(&tokens, &new, NOW).is_ok());
    assert!(verify(&new_alone, &ours, before).is_ok());
}

#[test]
fn subscription_tokens_may_have_keys_of_their_own() {
    let secret = |text: &str| Secret::new(text).unwrap();
    let tokens = Tokens::new(&Config {
        connection: Trust::hmac(secret("one"), Some("conn".into()), None),
        subscription: Some(Trust::hmac(secret("two"), None, None)),
    })
    .unwrap();
    let subscribe = |key: &str| {
        let token = hs256(r#"{"sub":"ann","channel":"news"}"#, key);
        run(TokenVerifier::subscription(&tokens, &TenantId::default(), &token, NOW)).map(drop)
    };

    assert_eq!(subscribe("two"), Ok(())); // P-JWT-4
    assert!(matches!(subscribe("one"), Err(TokenError::Invalid(_))));
    assert!(verify(&tokens, &hs256(r#"{"aud":"conn"}"#, "one"), NOW).is_ok());
    assert!(matches!(verify(&tokens, &hs256(r#"{"aud":"conn"}"#, "two"), NOW), Err(TokenError::Invalid(_))));
}

#[test]
fn expectations_are_texts_lists_or_anchored_patterns() {
    let list = Expected::OneOf(vec!["a".into(), "b".into()]);
    let cases = [
        (list, vec!["a", "b"], vec!["", "c", "ab"]),
        (Expected::Exactly("a.c".into()), vec!["a.c"], vec!["abc", "a.c ", "A.C"]),
        (pattern("a.c"), vec!["abc"], vec!["xabc", "abcx", "abc\n", "\nabc", "x\nabc\ny"]),
        (pattern("a|bc"), vec!["a", "bc"], vec!["ac", "xa", "bcx", "ax", "xbc"]),
        (pattern("(?m)^a$"), vec!["a"], vec!["a\nb", "b\na", "b\na\nb"]),
        (pattern("(?x) a # letter\n"), vec!["a"], vec!["ab", "ba", ""]),
        (pattern(r"https://\w+\.example"), vec!["https://x.example"], vec!["https://x_example"]),
        (Expected::OneOf(Vec::new()), vec![], vec!["", "a"]),
    ];

    for (expected, good, bad) in cases {
        let secret = Secret::new("s").unwrap();
        let issuer = Some(expected.clone());
        let strict_issuer = with(Trust { issuer, ..Trust::hmac(secret.clone(), None, None) });
        let audience = Some(expected.clone());
        let strict_audience = with(Trust { audience, ..Trust::hmac(secret, None, None) });
        let names = good.iter().map(|name| (name, true)).chain(bad.iter().map(|name| (name, false)));
        for (name, fine) in names {
            let found = verify(&strict_issuer, &hs256(&json!({ "iss": name }).to_string(), "s"), NOW);
            assert_eq!(found.is_ok(), fine, "{expected:?} {name:?}");
            let listed = json!({ "aud": ["other words", name] }).to_string();
            assert_eq!(verify(&strict_audience, &hs256(&listed, "s"), NOW).is_ok(), fine, "{name:?}");
        }
    }
}

#[test]
fn user_may_be_named_by_another_claim() {
    let trust = Trust::hmac(Secret::new("s").unwrap(), None, None);
    let tokens = with(Trust { user_id_claim: Some("uid".into()), ..trust });
    let user = |claims: &str| verify(&tokens, &hs256(claims, "s"), NOW).map(|grant| grant.user);

    assert_eq!(user(r#"{"uid":"ann","sub":"bob"}"#), Ok(UserId::new("ann")));
    assert_eq!(user(r#"{"sub":"bob","x":{"uid":"eve"}}"#), Ok(UserId::new("")));
    for claims in [r#"{"uid":null}"#, r#"{"uid":7}"#, r#"{"uid":"ann","uid":"bob"}"#] {
        assert!(matches!(user(claims), Err(TokenError::Invalid(_))), "{claims}");
    }
    let own = sign(&tokens, "ann").unwrap();
    assert_eq!(verify(&tokens, &own, NOW).unwrap().user, UserId::new("ann"));
}

#[test]
fn key_set_may_be_in_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &TARGET.jwks).unwrap();
    let source = JwksSource::File(file.path().to_owned());
    let tokens = with(Trust { jwks: vec![Jwks { source, issuers: Vec::new() }], ..Trust::default() });

    let (_, token) = TARGET.controls(NOW).into_iter().find(|(name, _)| *name == "ES256 of the JWKS").unwrap();

    assert!(verify(&tokens, &token, NOW).is_ok());
}

#[test]
fn set_without_issuers_serves_those_that_no_other_set_serves() {
    let named = Jwks { issuers: vec!["https://other.example".into()], ..text(&TARGET.other_jwks) };
    let tokens = with(Trust { jwks: vec![text(&TARGET.jwks), named], ..Trust::default() });

    for (name, token) in TARGET.controls(NOW) {
        let expected = name.contains("JWKS") || name.contains("issuer");
        assert_eq!(verify(&tokens, &token, NOW).is_ok(), expected, "{name}");
    }
}

#[test]
fn token_without_a_key_id_must_leave_no_choice() {
    let keys: Vec<_> =
        (0..2).map(|_| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()).collect();
    let set = |count: usize| {
        let jwks: Vec<_> = keys[..count].iter().map(|key| forge::ec_jwk(key, "P-256", "k")).collect();
        with(Trust { jwks: vec![text(&json!({ "keys": jwks }).to_string())], ..Trust::default() })
    };
    let unnamed = forge::ec(&keys[0], r#"{"alg":"ES256"}"#, "{}");
    let named = forge::ec(&keys[1], r#"{"alg":"ES256","kid":"k"}"#, "{}");

    assert!(verify(&set(1), &unnamed, NOW).is_ok());
    assert!(matches!(verify(&set(2), &unnamed, NOW), Err(TokenError::Invalid(_))));
    assert!(verify(&set(2), &named, NOW).is_ok());
}

#[test]
fn what_cannot_be_signed_says_why() {
    let target = &*TARGET;
    let keyless = with(Trust { ec_public_key: Some(target.ec_public_key.clone()), ..Trust::default() });
    let secret = Secret::new("s").unwrap();
    let audience = Some(pattern("a+"));
    let pattern = with(Trust { audience, ..Trust::hmac(secret.clone(), None, None) });
    let issuer = Some(Expected::OneOf(vec![ISSUER.into(), "other".into()]));
    let listed = with(Trust { issuer, ..Trust::hmac(secret, Some(AUDIENCE.into()), None) });

    assert_eq!(sign(&keyless, "ann"), Err(TokenError::Invalid("no HMAC secret to sign with".into())));
    assert!(matches!(sign(&pattern, "ann"), Err(TokenError::Invalid(_))));
    assert!(verify(&listed, &sign(&listed, "ann").unwrap(), NOW).is_ok());
}

#[test]
fn configurations_that_cannot_work_are_refused() {
    let target = &*TARGET;
    let refused = |trust: Trust| Tokens::new(&Config::new(trust)).map(drop).unwrap_err();
    let with_jwks = |jwks: Vec<Jwks>| refused(Trust { jwks, ..Trust::default() });
    let good = || text(&target.jwks);
    let issued = |issuers: &[&str]| Jwks { issuers: issuers.iter().map(|&i| i.into()).collect(), ..good() };
    let p521 = EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap();
    let private = target.rsa_public_key.replace("PUBLIC", "PRIVATE");
    let wrong_pems = [
        Trust { rsa_public_key: Some(target.ec_public_key.clone()), ..Trust::default() },
        Trust { rsa_public_key: Some(private), ..Trust::default() },
        Trust { rsa_public_key: Some(String::new()), ..Trust::default() },
        Trust { ec_public_key: Some(target.ed25519_public_key.clone()), ..Trust::default() },
        Trust { ec_public_key: Some(forge::public_pem(&forge::ec_der(&p521))), ..Trust::default() },
        Trust { ed25519_public_key: Some(target.rsa_public_key.clone()), ..Trust::default() },
    ];
    let useless_sets = [
        "{}",
        "keys",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","k":"aw","kid":"k"}]}"#,
        r#"{"keys":[{"kty":"RSA","n":"sXch","e":"AQAB"}]}"#,
        r#"{"keys":[{"kty":"EC","crv":"P-256","x":"aw","y":"aw"},7]}"#,
    ];

    assert_eq!(refused(Trust::default()), ConfigError::NoKey("connection"));
    for trust in wrong_pems {
        assert!(matches!(refused(trust), ConfigError::PublicKey { .. }));
    }
    for json in useless_sets {
        assert!(matches!(with_jwks(vec![text(json)]), ConfigError::Jwks { .. }), "{json}");
    }
    let missing = JwksSource::File("no/such/file".into());
    let missing = with_jwks(vec![Jwks { source: missing, issuers: Vec::new() }]);
    assert!(missing.to_string().starts_with("the JWKS in no/such/file cannot be used: "), "{missing}");
    assert!(missing.to_string().contains("; jwks_file in [token]"), "{missing}");
    assert_eq!(with_jwks(vec![good(), good()]), ConfigError::Ambiguous("all issuers".into()));
    let twice = with_jwks(vec![issued(&["a", "b"]), issued(&["b"])]);
    assert_eq!(twice, ConfigError::Ambiguous("issuer b".into()));
    for name in ["", "exp", "channel"] {
        let user =
            Trust { user_id_claim: Some(name.into()), hmac_secret: Secret::new("s"), ..Trust::default() };
        assert_eq!(refused(user), ConfigError::UserClaim(name.into()));
    }
    for pattern in ["(", "a)|(b"] {
        assert!(Pattern::parse(pattern).is_err(), "{pattern}");
    }
}

fn pattern(text: &str) -> Expected {
    Expected::Pattern(Pattern::parse(text).unwrap())
}

fn text(json: &str) -> Jwks {
    Jwks { source: JwksSource::Text(json.into()), issuers: Vec::new() }
}

fn hs256(claims: &str, secret: &str) -> String {
    forge::hs256(r#"{"alg":"HS256"}"#, claims, secret)
}

fn verify(tokens: &Tokens, token: &str, now: Timestamp) -> Result<ConnectionGrant, TokenError> {
    run(TokenVerifier::connection(tokens, &TenantId::default(), token, now))
}

fn sign(tokens: &Tokens, user: &str) -> Result<String, TokenError> {
    let user = UserId::new(user);
    let grant = ConnectionGrant { user, expire_at: None, info: None, channels: BTreeMap::new() };
    TokenSigner::connection(tokens, &grant)
}
