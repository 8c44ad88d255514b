//! What genuine tokens grant.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ports::access::{
    ChannelGrant, ConnectionGrant, Overrides, SubscriptionGrant, TokenError, TokenSigner, TokenVerifier,
};
use ports::ids::{TenantId, UserId};
use ports::time::Timestamp;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::{NOW, SECRET, run, tokens};
use crate::config::{Config, Trust};
use crate::{Secret, Tokens};

#[test]
fn connection_claims_become_a_grant() {
    let token = token(
        r#"{"sub":"ann","exp":2000,"nbf":1000,"iat":7,"jti":"t1","aud":["x"],"iss":"app","meta":{"a":[1]},
            "info":{"b": 1.0,  "a":"ä"},"channels":["news","chat:1"],"unknown":[{}]}"#,
    );

    assert_eq!(
        connection(&token),
        Ok(ConnectionGrant {
            user: UserId::new("ann"),
            expire_at: Some(Timestamp::from_secs(2_000)),
            info: Some(Bytes::from(r#"{"b": 1.0,  "a":"ä"}"#)),
            channels: BTreeMap::from([
                ("news".into(), ChannelGrant::default()),
                ("chat:1".into(), ChannelGrant::default()),
            ]),
        })
    );
}

#[test]
fn subs_win_over_channels_and_base64_over_json() {
    let token = token(
        r#"{"info":{"a":1},"b64info":"AAH/","channels":["other"],"subs":{"room":{"info":1,"b64info":"eyJ4IjoxfQ==",
            "data":[ 1 ],"override":{"presence":{"value":true},"force_recovery":{"value":false}}}}}"#,
    );

    let grant = connection(&token).unwrap();

    assert_eq!(grant.user, UserId::new(""));
    assert_eq!(grant.info, Some(Bytes::from_static(&[0, 1, 255])));
    let room = ChannelGrant {
        info: Some(Bytes::from_static(br#"{"x":1}"#)),
        data: Some(Bytes::from_static(b"[ 1 ]")),
        overrides: Overrides { presence: Some(true), force_recovery: Some(false), ..Overrides::default() },
    };
    assert_eq!(grant.channels, BTreeMap::from([("room".into(), room)]));
}

#[test]
fn subscription_claims_become_a_grant() {
    let token = token(
        r#"{"sub":"ann","channel":"$vault","client":"c1","exp":2000,"expire_at":3000,"info":"i","b64data":"AAE=",
            "override":{"join_leave":{"value":true},"force_push_join_leave":{"value":true},
            "force_positioning":{"value":true}}}"#,
    );

    assert_eq!(
        subscription(&token),
        Ok(SubscriptionGrant {
            user: UserId::new("ann"),
            channel: "$vault".into(),
            client: Some("c1".into()),
            expire_at: Some(Timestamp::from_secs(3_000)),
            details: ChannelGrant {
                info: Some(Bytes::from_static(br#""i""#)),
                data: Some(Bytes::from_static(&[0, 1])),
                overrides: Overrides {
                    join_leave: Some(true),
                    force_push_join_leave: Some(true),
                    force_positioning: Some(true),
                    ..Overrides::default()
                },
            },
        })
    );
}

#[test]
fn tokens_of_one_kind_do_not_pass_for_the_other() {
    for claims in [r#"{"sub":"ann","channel":"news"}"#, r#"{"channel":""}"#, r#"{"channel":null}"#] {
        assert!(matches!(connection(&token(claims)), Err(TokenError::Invalid(_))), "{claims}");
    }
    for claims in [r#"{"sub":"ann"}"#, r#"{"channel":""}"#, r#"{"channel":null}"#] {
        assert!(matches!(subscription(&token(claims)), Err(TokenError::Invalid(_))), "{claims}");
    }
}

#[test]
fn expired_and_not_yet_valid_tokens_are_told_apart_from_invalid_ones() {
    let cases = [
        (r#"{"exp":1000}"#, false),
        (r#"{"exp":999}"#, false),
        (r#"{"exp":0}"#, false),
        (r#"{"exp":-5}"#, false),
        (r#"{"exp":1000.0}"#, false),
        (r#"{"nbf":1001}"#, false),
        (r#"{"nbf":1000.5}"#, false),
        (r#"{"nbf":1e300}"#, false),
        (r#"{"exp":999,"expire_at":5000}"#, false),
        (r#"{"exp":1001}"#, true),
        (r#"{"exp":1000.5}"#, true),
        (r#"{"exp":18446744073709551615}"#, true),
        (r#"{"exp":1e300}"#, true),
        (r#"{"nbf":1000}"#, true),
        ("{}", true),
    ];

    for (claims, good) in cases {
        let found = connection(&token(claims)).map(drop);
        assert_eq!(found, if good { Ok(()) } else { Err(TokenError::Expired) }, "{claims}");
    }
}

#[test]
fn token_that_is_false_is_invalid_even_if_it_has_expired_too() {
    for claims in
        [r#"{"channel":"news","exp":1}"#, r#"{"channel":"news","nbf":2000}"#, r#"{"exp":1,"aud":7}"#]
    {
        let found = connection(&token(claims));
        assert!(matches!(found, Err(TokenError::Invalid(_))), "{claims}: {found:?}"); // P-JWT-3
    }
    for claims in [r#"{"sub":"ann","exp":1}"#, r#"{"channel":"","nbf":2000}"#] {
        let found = subscription(&token(claims));
        assert!(matches!(found, Err(TokenError::Invalid(_))), "{claims}: {found:?}");
    }
    assert_eq!(subscription(&token(r#"{"channel":"news","exp":1}"#)), Err(TokenError::Expired));
}

#[test]
fn expire_at_decides_when_the_connection_ends() {
    let ends = |claims| connection(&token(claims)).unwrap().expire_at;

    assert_eq!(ends(r#"{"exp":2000}"#), Some(Timestamp::from_secs(2_000)));
    assert_eq!(ends(r#"{"exp":2000,"expire_at":0}"#), None);
    assert_eq!(ends(r#"{"exp":2000,"expire_at":0.0}"#), None);
    assert_eq!(ends(r#"{"exp":2000,"expire_at":1500.25}"#), Some(Timestamp::from_millis(1_500_250)));
    assert_eq!(ends(r#"{"exp":2000,"expire_at":-1}"#), Some(Timestamp::from_secs(0)));
    assert_eq!(ends(r#"{"expire_at":9000}"#), Some(Timestamp::from_secs(9_000)));
    assert_eq!(ends("{}"), None);
}

#[test]
fn claims_of_the_wrong_type_are_invalid() {
    let wrong = [
        r#"{"sub":42}"#,
        r#"{"sub":null}"#,
        r#"{"exp":"2000"}"#,
        r#"{"exp":null}"#,
        r#"{"exp":true}"#,
        r#"{"nbf":"0"}"#,
        r#"{"nbf":null}"#,
        r#"{"expire_at":"0"}"#,
        r#"{"expire_at":null}"#,
        r#"{"aud":7}"#,
        r#"{"iss":[]}"#,
        r#"{"b64info":"%"}"#,
        r#"{"b64info":7}"#,
        r#"{"channels":"news"}"#,
        r#"{"channels":[1]}"#,
        r#"{"subs":["news"]}"#,
        r#"{"subs":{"news":{"b64data":"?"}}}"#,
        r#"{"subs":{"news":{"override":{"presence":true}}}}"#,
        r#"{"sub":"ann","sub":"bob"}"#,
        r#"{"exp":5000,"exp":9000}"#,
        r#"["sub","ann"]"#,
        r#""ann""#,
        "null",
        "",
        r#"{"sub":"ann"} x"#,
        r#"{"sub":"ann""#,
    ];

    for claims in wrong {
        let found = connection(&token(claims));
        assert!(matches!(found, Err(TokenError::Invalid(_))), "{claims}: {found:?}");
    }
    let found = subscription(&token(r#"{"channel":"c","client":null}"#));
    assert!(matches!(found, Err(TokenError::Invalid(_))), "{found:?}");
}

#[test]
fn null_is_accepted_where_absence_takes_nothing_back() {
    let claims = r#"{"info":null,"channels":null,"subs":null,"override":null,"meta":null,"b64info":null}"#;

    assert_eq!(connection(&token(claims)).unwrap().info, None);
}

#[test]
fn all_three_lengths_of_the_algorithm_are_accepted() {
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        assert!(connection(&token_with(algorithm, r#"{"sub":"ann"}"#)).is_ok(), "{algorithm:?}");
    }
}

#[test]
fn audience_and_issuer_are_checked_when_configured() {
    let secret = Secret::new(SECRET).unwrap();
    let strict = Trust::hmac(secret, Some("here".into()), Some("app".into()));
    let strict = Tokens::new(&Config::new(strict)).unwrap();
    let found =
        |claims| run(TokenVerifier::connection(&strict, &TenantId::default(), &token(claims), NOW)).map(drop);

    assert_eq!(found(r#"{"aud":"here","iss":"app"}"#), Ok(()));
    assert_eq!(found(r#"{"aud":["there","here"],"iss":"app"}"#), Ok(()));
    for claims in [
        r#"{"iss":"app"}"#,
        r#"{"aud":"there","iss":"app"}"#,
        r#"{"aud":[],"iss":"app"}"#,
        r#"{"aud":"here"}"#,
        r#"{"aud":"here","iss":"other"}"#,
        r#"{"aud":"here","iss":null}"#,
    ] {
        assert!(matches!(found(claims), Err(TokenError::Invalid(_))), "{claims}");
    }
    let own = TokenSigner::connection(&strict, &nobody()).unwrap();
    assert!(run(TokenVerifier::connection(&strict, &TenantId::default(), &own, NOW)).is_ok());
}

proptest! {
    #[test]
    fn signed_connection_grant_is_verified_as_it_was(
        user in "\\PC{0,20}",
        expiry in proptest::option::of(1_001_u64..1_000_000),
        info in payload(),
        channels in proptest::collection::btree_map("[ -~]{1,12}", details(), 0..4),
    ) {
        let expire_at = expiry.map(Timestamp::from_secs);
        let grant = ConnectionGrant { user: UserId::new(&user), expire_at, info, channels };

        let token = TokenSigner::connection(&tokens(), &grant).unwrap();

        prop_assert_eq!(connection(&token), Ok(grant));
    }

    #[test]
    fn signed_subscription_grant_is_verified_as_it_was(
        user in "\\PC{0,20}",
        channel in "[ -~]{1,20}",
        client in proptest::option::of("[a-z]{1,8}"),
        expiry in proptest::option::of(1_001_u64..1_000_000),
        details in details(),
    ) {
        let expire_at = expiry.map(Timestamp::from_secs);
        let grant = SubscriptionGrant { user: UserId::new(&user), channel, client, expire_at, details };

        let token = TokenSigner::subscription(&tokens(), &grant).unwrap();

        prop_assert_eq!(subscription(&token), Ok(grant));
    }
}

/// JSON, near-JSON and bytes.
fn payload() -> impl Strategy<Value = Option<Bytes>> {
    let text = prop_oneof![
        Just("null".to_owned()),
        Just(" 1".to_owned()),
        Just("{\"a\": 1.0}\n".to_owned()),
        Just(r#"{"a": [1.50, "\u00e4"]}"#.to_owned()),
        "\\PC{1,20}",
    ];
    let bytes = prop_oneof![
        text.prop_map(Bytes::from),
        proptest::collection::vec(any::<u8>(), 1..20).prop_map(Bytes::from)
    ];
    proptest::option::of(bytes)
}

fn details() -> impl Strategy<Value = ChannelGrant> {
    (payload(), payload(), any::<[Option<bool>; 5]>()).prop_map(|(info, data, switches)| {
        let [presence, join_leave, force_push_join_leave, force_recovery, force_positioning] = switches;
        let overrides =
            Overrides { presence, join_leave, force_push_join_leave, force_recovery, force_positioning };
        ChannelGrant { info, data, overrides }
    })
}

fn nobody() -> ConnectionGrant {
    ConnectionGrant { user: UserId::new(""), expire_at: None, info: None, channels: BTreeMap::new() }
}

fn connection(token: &str) -> Result<ConnectionGrant, TokenError> {
    run(TokenVerifier::connection(&tokens(), &TenantId::default(), token, NOW))
}

fn subscription(token: &str) -> Result<SubscriptionGrant, TokenError> {
    run(TokenVerifier::subscription(&tokens(), &TenantId::default(), token, NOW))
}

/// A genuine token with exactly these bytes as claims.
fn token(claims: &str) -> String {
    token_with(Algorithm::HS256, claims)
}

fn token_with(algorithm: Algorithm, claims: &str) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    match serde_json::from_str::<Box<RawValue>>(claims) {
        Ok(claims) => jsonwebtoken::encode(&Header::new(algorithm), &claims, &key).unwrap(),
        Err(_) => broken(claims, &key),
    }
}

fn broken(claims: &str, key: &EncodingKey) -> String {
    let message =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}
