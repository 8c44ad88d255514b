//! Payloads come out as they went in (P-ENC-10, P-FRM-5, P-FRM-6).

use std::sync::Arc;

use bytes::Bytes;

use ports::channels::{Event, Publication};
use ports::protocol::{Answer, Request, StreamAnswer, SubscribeAnswer, Unspeakable};

use super::*;

const PAYLOADS: [&str; 17] = [
    "null",
    "false",
    "\"\"",
    "-0",
    "-0.0",
    "1e400",
    "1E+2",
    "1.10",
    "12345678901234567890",
    "0.1234567890123456789012345678901234567890",
    r#"{"b":1,"a":2,"b":3}"#,
    r#"[ 1 ,	2 ]"#,
    r#""\u0041\/\ud83e\udd80\n\"""#,
    r#""\ud800""#,
    "\"\u{2028}\u{2029}\u{feff}\u{7f}🦀\"",
    r#"{"":{"":[[],{}]}}"#,
    r#"{"\u0061":1,"a":1}"#,
];

#[test]
fn payloads_of_clients_survive_the_way_in() {
    for payload in PAYLOADS {
        let frame = format!(r#"{{"id":1,"publish":{{"channel":"c","data": {payload} }}}}"#);

        assert_eq!(request(&frame), Request::Publish { channel: "c".into(), data: payload.into() });
    }
}

#[test]
fn payloads_survive_the_way_out() {
    for payload in PAYLOADS {
        let event = happened(Event::Publication(Arc::new(publication(0, payload)), None));

        assert_eq!(
            event.unwrap(),
            format!(r#"{{"push":{{"channel":"news:a","pub":{{"data":{payload}}}}}}}"#)
        );
    }
}

#[test]
fn null_is_a_payload_and_absence_is_none() {
    let sent = |body: &str| {
        let asked = request(&format!(r#"{{"send":{body}}}"#));
        let Request::Send { data } = asked else { panic!("{asked:?}") };
        data
    };

    assert_eq!(sent(r#"{"data":null}"#), "null");
    assert_eq!(sent("{}"), "");
    assert_eq!(sent(r#"{"data":""}"#), "\"\"");
}

#[test]
fn raw_newlines_in_payloads_vanish() {
    assert_eq!(
        request("{\"id\":1,\"rpc\":{\"data\":{\r\"a\":\r1}}}\r\n"),
        Request::Rpc { method: String::new(), data: r#"{"a":1}"#.into() }
    );
    assert_eq!(
        happened(Event::Publication(Arc::new(publication(0, "[\r\n 1,\n\n 2\r]\n")), None)).unwrap(),
        r#"{"push":{"channel":"news:a","pub":{"data":[ 1, 2]}}}"#
    );
}

#[test]
fn payload_that_is_not_json_is_unspeakable_wherever_it_hides() {
    let binary = || Arc::new(Publication { data: Bytes::from_static(b"\x08\x01"), ..publication(3, "") });
    assert_eq!(happened(Event::Publication(binary(), None)), Err(Unspeakable));
    assert_eq!(answered(1, Answer::Rpc { data: Bytes::from_static(b"x") }), Err(Unspeakable));
    let history = StreamAnswer { publications: vec![binary()], top: position(3) };
    assert_eq!(answered(1, Answer::History(Box::new(history))), Err(Unspeakable));
    let recovered =
        SubscribeAnswer { publications: vec![missed((*binary()).clone())], ..SubscribeAnswer::default() };
    assert_eq!(answered(1, Answer::Subscribe(Box::new(recovered))), Err(Unspeakable));
    let with_data = SubscribeAnswer { data: Some(Bytes::from_static(b"{")), ..SubscribeAnswer::default() };
    assert_eq!(answered(1, Answer::Subscribe(Box::new(with_data))), Err(Unspeakable));
}

#[test]
fn deeply_nested_payloads_cost_no_stack() {
    const DEPTH: usize = 500_000;
    let deep = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));

    let asked = request(&format!(r#"{{"id":1,"rpc":{{"data":{deep}}}}}"#));
    let said = answered(1, Answer::Rpc { data: deep.clone().into() }).unwrap();

    assert_eq!(asked, Request::Rpc { method: String::new(), data: deep.clone().into() });
    assert_eq!(said, format!(r#"{{"id":1,"rpc":{{"data":{deep}}}}}"#));
}
