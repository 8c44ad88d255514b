use std::sync::Arc;

use ports::hooks::{Asker, Event, Introduction, Question, Visitor};
use ports::ids::{ClientId, UserId};

use crate::letter;

const CLIENT: &str = "07070707-0707-4707-8707-070707070707";

fn asker() -> Asker {
    let visitor = Visitor { transport: "sse", protocol: "json", encoding: "json", headers: Vec::new() };
    Asker {
        client: ClientId::from_random([7; 16]),
        user: Some(UserId::new("ann")),
        meta: Some(r#"{"a":1}"#.into()),
        visitor: Some(Arc::new(visitor)),
    }
}

#[track_caller]
fn check(asker: Asker, event: Event, binary: bool, expected: &str) {
    let body = letter::body(&Question { asker, event }, binary).unwrap();

    assert_eq!(String::from_utf8(body).unwrap(), expected.replace("CLIENT", CLIENT));
}

#[test]
fn first_question_tells_what_the_client_says_of_itself() {
    let nobody = Asker { user: None, meta: None, visitor: None, ..asker() };
    let introduction = Introduction {
        data: r#"{"b": 1e400}"#.into(),
        name: "js".into(),
        version: "1".into(),
        channels: vec!["a".into()],
    };
    check(
        nobody,
        Event::Connect(Box::new(introduction)),
        false,
        r#"{"event":"connect","client":"CLIENT","name":"js","version":"1","channels":["a"],"data":{"b": 1e400}}"#,
    );
}

#[test]
fn later_questions_tell_who_it_is() {
    let begin = r#","client":"CLIENT","transport":"sse","protocol":"json","encoding":"json","user":"ann","meta":{"a":1}"#;
    let channel = || "a".to_owned();
    for (event, end) in [
        (Event::Refresh, r#"}"#),
        (Event::SubRefresh { channel: channel() }, r#","channel":"a"}"#),
        (Event::Subscribe { channel: channel(), data: "".into() }, r#","channel":"a"}"#),
        (Event::Publish { channel: channel(), data: "1".into() }, r#","channel":"a","data":1}"#),
        (Event::Rpc { method: "m".into(), data: "2".into() }, r#","method":"m","data":2}"#),
    ] {
        let name = crate::Kind::of(&event).name();
        check(asker(), event, false, &format!(r#"{{"event":"{name}"{begin}{end}"#));
    }
}

#[test]
fn what_is_not_json_goes_as_base64_and_everything_if_wanted() {
    let nobody = || Asker { user: None, meta: None, visitor: None, ..asker() };
    let call = |data: &'static [u8]| Event::Rpc { method: String::new(), data: data.into() };
    let expected =
        |data: &str| format!(r#"{{"event":"rpc","client":"CLIENT","method":"","b64data":"{data}"}}"#);

    check(nobody(), call(b"\x00\xff"), false, &expected("AP8="));
    check(nobody(), call(b"1"), true, &expected("MQ=="));
}
