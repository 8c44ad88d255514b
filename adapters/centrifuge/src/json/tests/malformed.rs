//! Frames that are not in the language, and some that only look so.

use ports::channels::FilterNode;
use ports::protocol::{ClientProtocol, Request};

use super::*;

const MALFORMED: [&[u8]; 65] = [
    // Frames.
    b"",
    b"\n",
    b"\n\n",
    b" ",
    b"\r\n",
    b"{}\n\n",
    b"\n{}",
    b"{}\n\n{}",
    b"{}{}",
    b"{} {}",
    b"{},{}",
    b"{}\0",
    b"\xef\xbb\xbf{}",
    b"{\"id\":1,\n\"ping\":{}}",
    // Envelopes.
    b"[]",
    b"[{}]",
    b"[1]",
    b"null",
    b"0",
    b"\"{}\"",
    b"{",
    b"{]",
    b"{\"id\":1,}",
    b"{'id':1}",
    b"{id:1}",
    b"{\"id\":1}}",
    b"{\"id\":1,\"id\":2}",
    b"{\"id\":1,\"x\":\"\xff\"}",
    b"{\"\xff\":1}",
    b"{\"id\":1,\"x\":\"\t\"}",
    b"{\"id\":1,\"x\":01}",
    b"{\"id\":1,\"x\":NaN}",
    // Ids.
    b"{\"id\":\"1\"}",
    b"{\"id\":-1}",
    b"{\"id\":1.0}",
    b"{\"id\":1e0}",
    b"{\"id\":4294967296}",
    b"{\"id\":true}",
    b"{\"id\":[1]}",
    // Requests.
    b"{\"id\":1,\"ping\":1}",
    b"{\"id\":1,\"connect\":[]}",
    b"{\"id\":1,\"connect\":\"\"}",
    b"{\"id\":1,\"connect\":{\"token\":7}}",
    b"{\"id\":1,\"connect\":{\"token\":\"\\ud800\"}}",
    b"{\"id\":1,\"connect\":{\"subs\":[]}}",
    b"{\"id\":1,\"connect\":{\"subs\":{\"c\":true}}}",
    b"{\"id\":1,\"connect\":{\"subs\":{\"c\":[true,1,\"e\"]}}}",
    b"{\"id\":1,\"subscribe\":{\"channel\":[\"c\"]}}",
    b"{\"id\":1,\"subscribe\":{\"offset\":-1}}",
    b"{\"id\":1,\"subscribe\":{\"offset\":18446744073709551616}}",
    b"{\"id\":1,\"subscribe\":{\"recover\":\"true\"}}",
    b"{\"id\":1,\"subscribe\":{\"channel\":\"a\",\"channel\":\"b\"}}",
    b"{\"id\":1,\"connect\":{\"subs\":{\"c\":{\"delta\":true}}}}",
    b"{\"id\":1,\"subscribe\":{\"tf\":7}}",
    b"{\"id\":1,\"subscribe\":{\"tf\":[\"and\"]}}",
    b"{\"id\":1,\"subscribe\":{\"tf\":{\"op\":\"or\",\"op\":\"or\"}}}",
    b"{\"id\":1,\"subscribe\":{\"tf\":{\"val\":1}}}",
    b"{\"id\":1,\"subscribe\":{\"tf\":{\"vals\":\"a\"}}}",
    b"{\"id\":1,\"subscribe\":{\"tf\":{\"vals\":[null]}}}",
    b"{\"id\":1,\"subscribe\":{\"tf\":{\"nodes\":[[]]}}}",
    b"{\"id\":1,\"subscribe\":{\"tf\":{\"nodes\":{}}}}",
    b"{\"id\":1,\"publish\":[\"c\",1]}",
    b"{\"id\":1,\"history\":{\"limit\":2147483648}}",
    b"{\"id\":1,\"history\":{\"since\":[1,\"e\"]}}",
    b"{\"send\":null,\"id\":1,\"rpc\":{\"method\":{}}}",
];

#[test]
fn what_is_not_in_the_language_is_malformed() {
    for frame in MALFORMED {
        assert!(decode(frame).is_err(), "{}", frame.escape_ascii());
    }
}

#[test]
fn what_only_looks_malformed_is_read() {
    let harmless: [&[u8]; 12] = [
        b"{}\n",
        b"{}\r\n",
        b"{}\n{\"id\":1,\"ping\":{}}\n",
        b" {} ",
        b"\t{\"id\" : 7 , \"ping\" : { } }\r",
        b"{\"id\":1,\"ping\":{\"x\":[]}}",
        b"{\"\\u0069d\":1,\"ping\":{}}",
        b"{\"id\":1,\"connect\":{\"token\":null,\"subs\":null,\"name\":null}}",
        b"{\"id\":1,\"connect\":{\"subs\":{\"c\":null,\"d\":{}}}}",
        b"{\"id\":1,\"subscribe\":{\"channel\":\"\",\"tf\":null,\"flag\":null}}",
        b"{\"id\":1,\"history\":{\"since\":null}}",
        b"{\"id\":1,\"subscribe\":{\"channel\":\"gr\xc3\xbcn\\n\"}}",
    ];

    for frame in harmless {
        assert!(decode(frame).is_ok(), "{}: {:?}", frame.escape_ascii(), decode(frame));
    }
}

#[test]
fn commands_before_the_malformed_one_are_kept_and_those_after_it_are_not() {
    let mut commands = Vec::new();

    let read = Json.decode(b"{\"id\":1,\"ping\":{}}\n{}\n{\"id\":2,\"x\":\"\xff\"}\n{}", &mut commands);

    assert_eq!(read, Err(Malformed("command 3: not UTF-8".into())));
    let requests: Vec<_> = commands.into_iter().map(|command| command.request).collect();
    assert_eq!(requests, [Request::Ping, Request::Pong]);
}

#[test]
fn the_reason_never_quotes_the_input() {
    let frames = [
        r#"{"id":1,"connect":{"token":"secret","subs":"secret"}}"#,
        r#"{"id":"secret"}"#,
        r#"{"id":1,"connect":{"token":"secret"#,
        r#"{"secret":1,}"#,
    ];

    for frame in frames {
        let Malformed(reason) = decode(frame).unwrap_err();

        assert!(!reason.contains("secret"), "{reason}");
    }
}

#[test]
fn every_channel_named_at_connect_is_kept_with_what_is_said_of_it() {
    let asked = request(
        r#"{"id":1,"connect":{"subs":{"a":{"recover":true,"offset":5,"epoch":"e"},"b":{"recover":false,"offset":6},"c":null,"d":{"recover":true,"delta":"fossil"}}}}"#,
    );

    let Request::Connect(connect) = asked else { panic!("{asked:?}") };
    let kept: Vec<_> = connect
        .subs
        .iter()
        .map(|(name, resume)| {
            let place = resume.recover.as_ref().map(|recover| (recover.offset, recover.epoch.as_str()));
            (&**name, place, &*resume.delta)
        })
        .collect();
    assert_eq!(
        kept,
        [("a", Some((5, "e")), ""), ("b", None, ""), ("c", None, ""), ("d", Some((0, "")), "fossil")]
    );
}

#[test]
fn a_tag_filter_is_there_unless_it_is_null() {
    let filter = |tf: &str| {
        let asked = request(&format!(r#"{{"id":1,"subscribe":{{"channel":"c"{tf}}}}}"#));
        let Request::Subscribe(subscribe) = asked else { panic!("{asked:?}") };
        subscribe.filter
    };

    let leaf =
        filter(r#","tf":{"key":"a","cmp":"eq","val":"b","op":null,"nodes":null,"later":[{}]}"#).unwrap();
    assert_eq!((&*leaf.key, &*leaf.cmp, &*leaf.val), ("a", "eq", "b"));
    assert_eq!(filter(r#","tf":{}"#), Some(FilterNode::default()));
    assert_eq!(filter(r#","tf":null"#), None);
    assert_eq!(filter(""), None);
}

#[test]
fn a_tag_filter_of_any_depth_costs_an_error_at_most() {
    for depth in [20, 200, 100_000] {
        let frame = format!(
            r#"{{"id":1,"subscribe":{{"channel":"c","tf":{}{{}}{}}}}}"#,
            r#"{"op":"not","nodes":["#.repeat(depth),
            "]}".repeat(depth),
        );

        assert_eq!(decode(frame).is_ok(), depth == 20, "{depth}");
    }
}
