//! Results for the HTTP server API.

use bytes::Bytes;

use ports::channels::ClientInfo;
use ports::protocol::StreamAnswer;

use super::*;

fn result(answer: Answer) -> String {
    text(Json.api_result(&answer).unwrap())
}

#[test]
fn a_result_has_the_members_that_clients_get() {
    let history = StreamAnswer { publications: vec![Arc::new(publication(2, "[\n1]"))], top: position(2) };

    assert_eq!(
        result(Answer::History(Box::new(history))),
        r#"{"result":{"publications":[{"data":[1],"offset":2}],"epoch":"kQzWbnLd","offset":2}}"#
    );
    assert_eq!(result(Answer::Publish), r#"{"result":{}}"#);
}

#[test]
fn p_api_6_what_is_not_json_is_shown_in_base64() {
    let odd = ClientInfo {
        conn_info: Some(Bytes::from_static(b"\xff")),
        chan_info: Some("{}".into()),
        ..(*info("7")).clone()
    };
    let item = Publication {
        data: Bytes::from_static(b"\0\xff\n"),
        info: Some(Arc::new(odd)),
        ..publication(2, "")
    };
    let history = StreamAnswer { publications: vec![Arc::new(item)], top: position(2) };

    assert_eq!(
        result(Answer::History(Box::new(history))),
        format!(
            r#"{{"result":{{"publications":[{{"b64data":"AP8K","info":{{"user":"7","client":"{CLIENT}","b64conn_info":"/w==","chan_info":{{}}}},"offset":2}}],"epoch":"kQzWbnLd","offset":2}}}}"#
        )
    );
    assert_eq!(result(Answer::Rpc { data: "plain".into() }), r#"{"result":{"b64data":"cGxhaW4="}}"#);
}
