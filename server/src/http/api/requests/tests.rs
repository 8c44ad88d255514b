//! Bodies as back-end libraries write them.

use super::*;

fn publish(body: &str) -> Result<Post, Failure> {
    read::<PublishRequest>(body.as_bytes())?.post()
}

fn subscribe(body: &str) -> Wish {
    read::<SubscribeRequest>(body.as_bytes()).and_then(SubscribeRequest::wish).unwrap()
}

#[test]
fn data_is_taken_as_it_was_written_and_base64_wins() {
    assert_eq!(publish(r#"{"data": {"a" : 1.50}}"#).unwrap().data, r#"{"a" : 1.50}"#);
    assert_eq!(publish(r#"{"data": null}"#).unwrap().data, "null");
    assert_eq!(publish(r#"{"data": 1, "b64data": "aGk="}"#).unwrap().data, "hi"); // P-API-6
    assert_eq!(publish(r#"{"data": 1, "b64data": ""}"#).unwrap().data, "1");
    assert_eq!(publish("{}").unwrap().data, "");

    let Failure::Refused(code, message) = publish(r#"{"b64data": "!"}"#).unwrap_err() else { panic!() };
    assert_eq!((code.number(), message.contains("b64data")), (107, true));
}

#[test]
fn null_is_as_good_as_left_out() {
    let post =
        publish(r#"{"data": 1, "tags": null, "version": null, "delta": null, "unknown": []}"#).unwrap();
    assert_eq!((post.tags.len(), post.version, post.delta), (0, None, false));

    let wish =
        subscribe(r#"{"channel": null, "info": null, "data": null, "override": null, "expire_at": null}"#);
    assert_eq!((wish.channel.as_str(), wish.details, wish.expire_at), ("", ChannelGrant::default(), None));
}

#[test]
fn a_subscription_brings_info_data_position_and_overrides() {
    let wish = subscribe(
        r#"{"user": "u", "channel": "a", "b64info": "e30=", "data": [1], "expire_at": 5,
            "recover_since": {"offset": 3, "epoch": "e"},
            "override": {"presence": {"value": true}, "force_recovery": {"value": false}, "join_leave": null}}"#,
    );

    assert_eq!((wish.details.info, wish.details.data), (Some("{}".into()), Some("[1]".into())));
    assert_eq!(wish.recover, Some(Recovery { offset: 3, epoch: Epoch::new("e") }));
    assert_eq!(wish.expire_at, Some(Timestamp::from_secs(5)));
    let overrides = wish.details.overrides;
    assert_eq!((overrides.presence, overrides.force_recovery), (Some(true), Some(false)));
    assert_eq!(overrides.join_leave, None);
}

#[test]
fn times_are_seconds_and_zero_is_never() {
    let life = |body: &str| read::<RefreshRequest>(body.as_bytes()).unwrap().life();

    assert!(matches!(life("{}"), Life::Until(None)));
    assert!(matches!(life(r#"{"expire_at": 0}"#), Life::Until(None)));
    let Life::Until(Some(at)) = life(r#"{"expire_at": 7}"#) else { panic!() };
    assert_eq!(at, Timestamp::from_secs(7));
    let Life::Until(Some(past)) = life(r#"{"expire_at": -7}"#) else { panic!() };
    assert_eq!(past, Timestamp::from_secs(0));
    assert!(matches!(life(r#"{"expired": true, "expire_at": 7}"#), Life::Over));
}

#[test]
fn what_is_no_object_or_has_members_of_other_types_is_malformed() {
    for body in ["", "{", "[]", "null", r#"{"channel":1}"#, r#"{"tags":{"a":1}}"#, "{}{}"] {
        assert!(matches!(read::<PublishRequest>(body.as_bytes()), Err(Failure::Malformed(_))), "{body}");
    }
}
