use ports::access::{ChannelGrant, ConnectionGrant, Overrides};
use ports::channels::Version;
use ports::hooks::{Admission, Consent, Renewal, Revision, Verdict, Welcome};
use ports::ids::UserId;
use ports::protocol::{Disconnect, ErrorCode, ErrorReply};
use ports::time::Timestamp;
use proptest::prelude::*;

use crate::{Kind, verdict};

#[track_caller]
fn check(kind: Kind, body: &str, expected: Consent) {
    assert_eq!(verdict::read(kind, body.as_bytes()), Ok(Verdict::Granted(expected)));
}

#[test]
fn connection_is_granted_with_everything() {
    let body = r#"{"result": {"user":"ann","expire_at":60,"info":{"a":
        1},"data":[1],"meta":{"m":1},"later":1,
        "channels":["ignored"],"subs":{"a":{"info":1,"b64data":"AP8=","override":{"presence":{"value":true},
        "join_leave":{"value":false},"force_recovery":{}}},"b":{}}}}"#;
    let overrides = Overrides {
        presence: Some(true),
        join_leave: Some(false),
        force_recovery: Some(false),
        ..Overrides::default()
    };
    let all = ChannelGrant { info: Some("1".into()), data: Some(b"\x00\xff"[..].into()), overrides };
    let grant = ConnectionGrant {
        user: UserId::new("ann"),
        expire_at: Some(Timestamp::from_secs(60)),
        info: Some("{\"a\":         1}".into()),
        channels: [("a".to_owned(), all), ("b".to_owned(), ChannelGrant::default())].into(),
    };
    let welcome = Welcome { grant, data: Some("[1]".into()), meta: Some(r#"{"m":1}"#.into()) };
    check(Kind::Connect, body, Consent::Connect(Box::new(welcome)));
}

#[test]
fn connection_is_granted_with_little() {
    let grant = ConnectionGrant {
        user: UserId::new(""),
        expire_at: None,
        info: None,
        channels: [("a".to_owned(), ChannelGrant::default())].into(),
    };
    let body =
        r#"{"error":null,"result":{"user":"","expire_at":0,"channels":["a"],"info":null,"subs":null}}"#;
    check(Kind::Connect, body, Consent::Connect(Box::new(Welcome { grant, data: None, meta: None })));
}

#[test]
fn nobody_is_let_in_without_a_word_on_who_it_is() {
    for result in ["{}", r#"{"user":null}"#, r#"{"users":"ann"}"#, r#"{"User":"ann"}"#] {
        let body = format!(r#"{{"result":{result}}}"#);
        let fault = verdict::read(Kind::Connect, body.as_bytes()).unwrap_err();
        assert!(fault.starts_with("no user in the result"), "{result}: {fault}");
    }
}

#[test]
fn subscriptions_publications_and_calls_are_granted() {
    let details = ChannelGrant { data: Some("{}".into()), ..ChannelGrant::default() };
    let admission = Admission { expire_at: Some(Timestamp::from_secs(9)), details };
    let body = r#"{"result":{"expire_at":9,"data":{}}}"#;
    check(Kind::Subscribe, body, Consent::Subscribe(Box::new(admission)));

    let revision = Revision {
        data: Some("2".into()),
        tags: [("a".to_owned(), "b".to_owned())].into(),
        skip_history: true,
        idempotency_key: Some("k".into()),
        delta: true,
        version: Some(Version { number: 3, epoch: "e".into() }),
    };
    let body = r#"{"result":{"data":2,"tags":{"a":"b"},"skip_history":true,"idempotency_key":"k","delta":true,"version":3,"version_epoch":"e"}}"#;
    check(Kind::Publish, body, Consent::Publish(Box::new(revision)));
    check(Kind::Publish, r#"{"result":{}}"#, Consent::Publish(Box::default()));

    check(Kind::Rpc, r#"{"result":{"data":{"a":1}}}"#, Consent::Rpc(r#"{"a":1}"#.into()));
    check(Kind::Rpc, r#"{"result":{"b64data":"AP8="}}"#, Consent::Rpc(b"\x00\xff"[..].into()));
    check(Kind::Rpc, r#"{"result":{}}"#, Consent::Rpc("".into()));
}

#[test]
fn renewals_are_granted() {
    let over = Renewal { expired: true, ..Renewal::default() };
    let body = r#"{"result":{"expired":true}}"#;
    check(Kind::Refresh, body, Consent::Refresh(Box::new(over.clone())));
    check(Kind::SubRefresh, body, Consent::SubRefresh(Box::new(over)));
    let longer = Renewal {
        expire_at: Some(Timestamp::from_secs(9)),
        info: Some("1".into()),
        meta: Some("2".into()),
        ..Renewal::default()
    };
    let body = r#"{"result":{"expire_at":9,"info":1,"meta":2}}"#;
    check(Kind::Refresh, body, Consent::Refresh(Box::new(longer)));
}

#[test]
fn errors_and_disconnects_keep_their_words() {
    let read = |body: &str| verdict::read(Kind::Rpc, body.as_bytes());

    let own = ErrorReply { code: 1_000, message: "no".into(), temporary: true };
    let body = r#"{"error":{"code":1000,"message":"no","temporary":true},"result":5}"#;
    assert_eq!(read(body), Ok(Verdict::Refused(own)));
    let known = Verdict::Refused(ErrorCode::PermissionDenied.into());
    assert_eq!(read(r#"{"error":{"code":103}}"#), Ok(known));
    let end = Disconnect { code: 4_500, reason: "banned".into() };
    let body = r#"{"disconnect":{"code":4500,"reason":"banned"},"error":{"code":103}}"#;
    assert_eq!(read(body), Ok(Verdict::Dismissed(end)));
}

#[test]
fn lies_are_no_answers() {
    for kind in Kind::ALL {
        for body in [
            "",
            "null",
            "[]",
            "[null,null,{}]",
            "{",
            "{}",
            "{}{}",
            "<html>",
            r#"{"result":null}"#,
            r#"{"result":5}"#,
            r#"{"result":"yes"}"#,
            r#"{"error":{"code":0}}"#,
            r#"{"error":{"code":-1}}"#,
            r#"{"error":{"code":"100"}}"#,
            r#"{"error":{"code":3000}}"#,
            r#"{"error":{"message":"no"}}"#,
            r#"{"error":"no"}"#,
            r#"{"disconnect":{"code":3000}}"#,
            r#"{"disconnect":{"code":4000,"reason":"{}"}}"#,
            r#"{"disconnect":{"code":99999}}"#,
        ] {
            assert!(verdict::read(kind, body.as_bytes()).is_err(), "{kind:?} {body}");
        }
    }
    for (kind, result) in [
        (Kind::Connect, r#"{"user":7}"#),
        (Kind::Connect, r#"{"user":"a","expire_at":"soon"}"#),
        (Kind::Connect, r#"{"user":"a","expire_at":-5}"#),
        (Kind::Connect, r#"{"user":"a","channels":"a"}"#),
        (Kind::Connect, r#"{"user":"a","subs":{"a":{"b64info":"!"}}}"#),
        (Kind::Refresh, r#"{"expired":"yes"}"#),
        (Kind::Subscribe, r#"{"override":{"presence":true}}"#),
        (Kind::Publish, r#"{"tags":{"a":1}}"#),
        (Kind::Publish, r#"{"version":-1}"#),
        (Kind::Rpc, r#"{"b64data":"!"}"#),
    ] {
        let body = format!(r#"{{"result":{result}}}"#);
        assert!(verdict::read(kind, body.as_bytes()).is_err(), "{kind:?} {body}");
    }
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0_usize..6) {
        let _ = verdict::read(Kind::ALL[kind], &bytes);
    }

    #[test]
    fn payloads_never_break_a_line(text in "[a-z \n\r\"\\\\]{0,40}") {
        let json = serde_json::to_string_pretty(&serde_json::json!({ "a": text })).unwrap();
        let body = format!("{{\"result\":{{\"data\":{json}}}}}");
        let Ok(Verdict::Granted(Consent::Rpc(data))) = verdict::read(Kind::Rpc, body.as_bytes()) else {
            return Err(TestCaseError::fail("not granted"));
        };
        prop_assert!(!data.iter().any(|byte| matches!(byte, b'\n' | b'\r')));
        let same: serde_json::Value = serde_json::from_slice(&data).unwrap();
        prop_assert_eq!(&same["a"], &serde_json::json!(text));
    }
}
