//! Which members are written and which are left out (P-ENC-1 to P-ENC-9).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ports::channels::{ClientInfo, Epoch, Event, Headcount, Publication};
use ports::ids::{NodeId, SessionKey};
use ports::protocol::{
    Answer, ClientProtocol, ConnectAnswer, Disconnect, ErrorCode, ErrorReply, HistoryRequest, Push, Recovery,
    Reply, Request, StreamAnswer, SubscribeAnswer,
};

use super::*;

#[test]
fn p_enc_1_unknown_fields_are_ignored_at_every_level() {
    assert_eq!(
        request(
            r#"{"new":[{}],"id":1,"connect":{"later":{"a":"b"},"x":1e999,"flag":1,"name":"js"},"y":null}"#
        ),
        request(r#"{"id":1,"connect":{"name":"js"}}"#)
    );
}

#[test]
fn p_enc_2_payloads_are_embedded_as_they_are() {
    assert_eq!(
        request(r#"{"id":1,"rpc":{"method":"m","data":[1, "a"]}}"#),
        Request::Rpc { method: "m".into(), data: r#"[1, "a"]"#.into() }
    );
    assert_eq!(answered(1, Answer::Rpc { data: "null".into() }).unwrap(), r#"{"id":1,"rpc":{"data":null}}"#);
}

#[test]
fn p_enc_3_what_says_nothing_is_left_out() {
    let connected = ConnectAnswer {
        client: client(),
        version: Cow::Borrowed(""),
        expiry: None,
        subs: BTreeMap::new(),
        ping_secs: 0,
        pong: false,
        emulation: None,
        data: None,
    };
    assert_eq!(
        answered(1, Answer::Connect(Box::new(connected))).unwrap(),
        format!(r#"{{"id":1,"connect":{{"client":"{CLIENT}"}}}}"#)
    );

    let bare = Publication { tags: Some(Arc::default()), ..publication(0, "1") };
    assert_eq!(
        happened(Event::Publication(Arc::new(bare), None)).unwrap(),
        r#"{"push":{"channel":"news:a","pub":{"data":1}}}"#
    );

    let at_zero = SubscribeAnswer { position: Some(position(0)), ..SubscribeAnswer::default() };
    assert_eq!(
        answered(1, Answer::Subscribe(Box::new(at_zero))).unwrap(),
        r#"{"id":1,"subscribe":{"epoch":"kQzWbnLd"}}"#
    );
}

#[test]
fn p_enc_4_some_members_are_always_there() {
    assert_eq!(
        answered(1, Answer::Presence(vec![info("")])).unwrap(),
        format!(r#"{{"id":1,"presence":{{"presence":{{"{CLIENT}":{{"user":"","client":"{CLIENT}"}}}}}}}}"#)
    );
    assert_eq!(answered(1, Answer::Presence(Vec::new())).unwrap(), r#"{"id":1,"presence":{"presence":{}}}"#);
    assert_eq!(
        answered(1, Answer::PresenceStats(Headcount::default())).unwrap(),
        r#"{"id":1,"presence_stats":{"num_clients":0,"num_users":0}}"#
    );
    let untouched =
        StreamAnswer { publications: Vec::new(), top: Position { offset: 0, epoch: Epoch::new("") } };
    assert_eq!(
        answered(1, Answer::History(Box::new(untouched))).unwrap(),
        r#"{"id":1,"history":{"publications":[],"epoch":"","offset":0}}"#
    );
}

#[test]
fn p_enc_5_a_result_is_named_even_when_it_is_empty() {
    assert_eq!(answered(5, Answer::Publish).unwrap(), r#"{"id":5,"publish":{}}"#);
    assert_eq!(answered(5, Answer::Unsubscribe).unwrap(), r#"{"id":5,"unsubscribe":{}}"#);
    assert_eq!(answered(5, Answer::Subscribe(Box::default())).unwrap(), r#"{"id":5,"subscribe":{}}"#);
    assert_eq!(answered(5, Answer::SubRefresh(None)).unwrap(), r#"{"id":5,"sub_refresh":{}}"#);
    assert_eq!(answered(5, Answer::Rpc { data: "".into() }).unwrap(), r#"{"id":5,"rpc":{}}"#);
}

#[test]
fn p_enc_6_an_error_reply_holds_the_error_and_nothing_else() {
    let refused = |outcome: ErrorReply| text(Json.reply(&Reply { id: 3, outcome: Err(outcome) }).unwrap());

    assert_eq!(
        refused(ErrorCode::PermissionDenied.into()),
        r#"{"id":3,"error":{"code":103,"message":"permission denied"}}"#
    );
    assert_eq!(
        refused(ErrorCode::Internal.into()),
        r#"{"id":3,"error":{"code":100,"message":"internal server error","temporary":true}}"#
    );
    assert_eq!(
        refused(ErrorReply { code: 1000, message: "say \"please\"\n".into(), temporary: false }),
        r#"{"id":3,"error":{"code":1000,"message":"say \"please\"\u000a"}}"#
    );
}

#[test]
fn p_enc_7_pushes_have_no_id() {
    assert_eq!(
        happened(Event::Join(info("7"))).unwrap(),
        format!(r#"{{"push":{{"channel":"news:a","join":{{"info":{{"user":"7","client":"{CLIENT}"}}}}}}}}"#)
    );
    assert_eq!(
        happened(Event::Leave(info("7"))).unwrap(),
        format!(r#"{{"push":{{"channel":"news:a","leave":{{"info":{{"user":"7","client":"{CLIENT}"}}}}}}}}"#)
    );
    assert_eq!(
        pushed(&Push::Disconnect(Disconnect::SHUTDOWN)),
        r#"{"push":{"disconnect":{"code":3001,"reason":"shutdown","reconnect":true}}}"#
    );
    assert_eq!(
        pushed(&Push::Disconnect(Disconnect::STALE)),
        r#"{"push":{"disconnect":{"code":3502,"reason":"stale"}}}"#
    );
    assert_eq!(pushed(&Push::Refresh(None)), r#"{"push":{"refresh":{}}}"#);
    assert_eq!(pushed(&Push::Refresh(Some(60))), r#"{"push":{"refresh":{"expires":true,"ttl":60}}}"#);
}

#[test]
fn p_enc_8_offsets_are_numbers_up_to_the_last_one() {
    assert_eq!(
        request(r#"{"id":1,"history":{"since":{"offset":18446744073709551615,"epoch":"e"},"limit":-1}}"#),
        Request::History(HistoryRequest {
            limit: -1,
            since: Some(Recovery { offset: u64::MAX, epoch: Epoch::new("e") }),
            ..HistoryRequest::default()
        })
    );
    assert_eq!(
        happened(Event::Publication(Arc::new(publication(u64::MAX, "1")), None)).unwrap(),
        r#"{"push":{"channel":"news:a","pub":{"data":1,"offset":18446744073709551615}}}"#
    );
}

#[test]
fn p_enc_9_the_first_request_in_field_order_is_taken_and_the_others_are_not_even_read() {
    assert_eq!(
        request(r#"{"sub_refresh":7,"rpc":[],"publish":{"channel":"a"},"history":"no","id":1}"#),
        Request::Publish { channel: "a".into(), data: "".into() }
    );
    assert_eq!(request(r#"{"id":1,"connect":null,"ping":{}}"#), Request::Ping);
}

#[test]
fn p_conn_5_without_id_and_send_it_is_a_pong_whatever_else_it_holds() {
    for pong in ["{}", " { } ", r#"{"id":0}"#, r#"{"id":null}"#, r#"{"ping":{}}"#, r#"{"connect":[]}"#] {
        assert_eq!(request(pong), Request::Pong, "{pong}");
    }
    assert_eq!(request(r#"{"send":{"data":1}}"#), Request::Send { data: "1".into() });
}

#[test]
fn p_conn_7_an_id_without_a_known_request_is_unknown() {
    for unknown in [r#"{"id":1}"#, r#"{"id":4294967295,"dance":{}}"#, r#"{"id":1,"connect":null}"#] {
        assert_eq!(request(unknown), Request::Unknown, "{unknown}");
    }
}

#[test]
fn p_st_8_only_the_first_publication_of_a_stream_carries_its_epoch() {
    let event =
        |offset, epoch| happened(Event::Publication(Arc::new(publication(offset, "1")), epoch)).unwrap();

    assert_eq!(
        event(1, Some(Epoch::new("e"))),
        r#"{"push":{"channel":"news:a","pub":{"data":1,"offset":1,"epoch":"e"}}}"#
    );
    assert!(!event(2, Some(Epoch::new("e"))).contains("epoch"));
    assert!(!event(1, None).contains("epoch"));
}

#[test]
fn expiry_is_said_in_seconds_wherever_it_occurs() {
    assert_eq!(
        answered(1, Answer::Refresh { client: client(), expiry: Some(60) }).unwrap(),
        format!(r#"{{"id":1,"refresh":{{"client":"{CLIENT}","expires":true,"ttl":60}}}}"#)
    );
    assert_eq!(
        answered(1, Answer::SubRefresh(Some(60))).unwrap(),
        r#"{"id":1,"sub_refresh":{"expires":true,"ttl":60}}"#
    );
    let expiring = SubscribeAnswer { expiry: Some(60), ..SubscribeAnswer::default() };
    assert_eq!(
        answered(1, Answer::Subscribe(Box::new(expiring))).unwrap(),
        r#"{"id":1,"subscribe":{"expires":true,"ttl":60}}"#
    );
}

#[test]
fn server_side_subscriptions_are_named_by_their_channels() {
    let connected = ConnectAnswer {
        client: client(),
        version: Cow::Borrowed("0.1.0"),
        expiry: None,
        subs: BTreeMap::from([
            (channel("b\"c\\"), SubscribeAnswer::default()),
            (channel("a"), SubscribeAnswer { data: Some("[7]".into()), ..SubscribeAnswer::default() }),
        ]),
        ping_secs: 25,
        pong: false,
        emulation: None,
        data: Some("{}".into()),
    };

    assert_eq!(
        answered(1, Answer::Connect(Box::new(connected))).unwrap(),
        format!(
            r#"{{"id":1,"connect":{{"client":"{CLIENT}","version":"0.1.0","subs":{{"a":{{"data":[7]}},"b\"c\\":{{}}}},"data":{{}},"ping":25}}}}"#
        )
    );
}

#[test]
fn a_subscription_made_by_the_server_is_told_with_its_place_and_data_only() {
    let answer = SubscribeAnswer {
        expiry: Some(60),
        recoverable: true,
        positioned: true,
        position: Some(position(7)),
        was_recovering: true,
        data: Some("[7]".into()),
        delta: true,
        ..SubscribeAnswer::default()
    };

    let said = pushed(&Push::Subscribe { channel: channel("a"), answer: Box::new(answer) });

    assert_eq!(
        said,
        r#"{"push":{"channel":"a","subscribe":{"recoverable":true,"positioned":true,"epoch":"kQzWbnLd","offset":7,"data":[7]}}}"#
    );
}

#[test]
fn p_em_1_only_an_emulated_connection_is_told_its_secret_and_its_node() {
    let (session, node) = (SessionKey::from_random([1; 16]), NodeId::from_random([2; 16]));
    let connected = ConnectAnswer {
        client: client(),
        version: Cow::Borrowed(""),
        expiry: None,
        subs: BTreeMap::new(),
        ping_secs: 25,
        pong: true,
        emulation: Some((session, node)),
        data: None,
    };

    assert_eq!(
        answered(1, Answer::Connect(Box::new(connected))).unwrap(),
        format!(
            r#"{{"id":1,"connect":{{"client":"{CLIENT}","ping":25,"pong":true,"session":"{session}","node":"{node}"}}}}"#
        )
    );
}

#[test]
fn infos_and_tags_are_written_where_they_exist() {
    let known = ClientInfo {
        conn_info: Some(r#"{"name":"Ann"}"#.into()),
        chan_info: Some("1".into()),
        ..(*info("7")).clone()
    };
    let tags = BTreeMap::from([("a".to_owned(), String::new()), ("b".to_owned(), "2".to_owned())]);
    let full = Publication { info: Some(Arc::new(known)), tags: Some(Arc::new(tags)), ..publication(2, "1") };

    assert_eq!(
        happened(Event::Publication(Arc::new(full), None)).unwrap(),
        format!(
            r#"{{"push":{{"channel":"news:a","pub":{{"data":1,"info":{{"user":"7","client":"{CLIENT}","conn_info":{{"name":"Ann"}},"chan_info":1}},"offset":2,"tags":{{"a":"","b":"2"}}}}}}}}"#
        )
    );
}

#[test]
fn info_that_is_no_json_is_left_out_and_spoils_nothing() {
    let odd = |conn_info: &'static str, chan_info: &'static str| {
        Arc::new(ClientInfo {
            conn_info: Some(conn_info.into()),
            chan_info: Some(chan_info.into()),
            ..(*info("7")).clone()
        })
    };
    let joined = |rest: &str| {
        format!(
            r#"{{"push":{{"channel":"news:a","join":{{"info":{{"user":"7","client":"{CLIENT}"{rest}}}}}}}}}"#
        )
    };

    assert_eq!(happened(Event::Join(odd("plain words", "1"))).unwrap(), joined(r#","chan_info":1"#));
    assert_eq!(happened(Event::Join(odd("{}", "[1,"))).unwrap(), joined(r#","conn_info":{}"#));
    let published = Publication { info: Some(odd("}", "\u{0}")), ..publication(2, "1") };
    assert_eq!(
        happened(Event::Publication(Arc::new(published), None)).unwrap(),
        format!(
            r#"{{"push":{{"channel":"news:a","pub":{{"data":1,"info":{{"user":"7","client":"{CLIENT}"}},"offset":2}}}}}}"#
        )
    );
    assert_eq!(
        answered(1, Answer::Presence(vec![odd("", "nonsense")])).unwrap(),
        format!(r#"{{"id":1,"presence":{{"presence":{{"{CLIENT}":{{"user":"7","client":"{CLIENT}"}}}}}}}}"#)
    );
}
