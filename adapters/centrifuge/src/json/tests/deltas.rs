//! What subscribers of deltas get (P section 13).

use bytes::Bytes;

use ports::channels::Patch;
use ports::protocol::SubscribeAnswer;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const WORDS: &str = "{\r\n \"a\":\t\"grün \\n\"\n}\n";

fn patch(bytes: &'static [u8], is_text: bool) -> Patch {
    Patch { bytes: Bytes::from_static(bytes), is_text }
}

fn said(item: Publication, shape: Shape<'_>) -> String {
    happened_in(Event::Publication(Arc::new(item), None), shape).unwrap()
}

#[test]
fn p_dl_4_the_whole_payload_is_a_text_with_each_of_its_bytes() {
    let said = said(publication(2, WORDS), Shape::Whole);

    assert_eq!(
        said,
        r#"{"push":{"channel":"news:a","pub":{"data":"{\u000d\u000a \"a\":\u0009\"grün \\n\"\u000a}\u000a","offset":2}}}"#
    );
}

#[test]
fn p_dl_3_a_patch_is_a_text_that_is_marked() {
    let patch = patch("C\n8@0,2:ü\n~3;".as_bytes(), true);

    assert_eq!(
        said(publication(2, "[1]"), Shape::Patch(&patch)),
        r#"{"push":{"channel":"news:a","pub":{"data":"C\u000a8@0,2:ü\u000a~3;","offset":2,"delta":true}}}"#
    );
}

#[test]
fn p_dl_7_a_patch_that_json_cannot_carry_is_replaced_by_the_whole_payload() {
    let whole = said(publication(2, "[1]"), Shape::Whole);

    for unfit in [patch(b"2\n2:\xff\xff0;", false), patch(b"1\n1:a0;", false), patch(b"\xff", true)] {
        assert_eq!(said(publication(2, "[1]"), Shape::Patch(&unfit)), whole);
    }
}

#[test]
fn p_st_8_the_first_publication_of_a_stream_carries_its_epoch_in_every_shape() {
    let patch = patch(b"1\n1:70;", true);
    let first = |shape| {
        let event = Event::Publication(Arc::new(publication(1, "7")), Some(Epoch::new("e")));
        happened_in(event, shape).unwrap()
    };

    assert_eq!(
        first(Shape::Whole),
        r#"{"push":{"channel":"news:a","pub":{"data":"7","offset":1,"epoch":"e"}}}"#
    );
    assert_eq!(
        first(Shape::Patch(&patch)),
        r#"{"push":{"channel":"news:a","pub":{"data":"1\u000a1:70;","offset":1,"delta":true,"epoch":"e"}}}"#
    );
}

#[test]
fn p_dl_5_missed_publications_are_texts_too() {
    let patched = |offset, data, patch| Recovered { patch, ..missed(publication(offset, data)) };
    let answer = SubscribeAnswer {
        recovered: true,
        publications: vec![
            missed(Publication { info: Some(info("7")), ..publication(3, "[1]") }),
            patched(4, "[2]", Some(patch(b"3\n3:[2]0;", true))),
            patched(5, "[3]", Some(patch(b"3\n3:[3]0;", false))),
        ],
        delta: true,
        ..SubscribeAnswer::default()
    };

    assert_eq!(
        answered(1, Answer::Subscribe(Box::new(answer.clone()))).unwrap(),
        format!(
            r#"{{"id":1,"subscribe":{{"recovered":true,"publications":[{{"data":"[1]","info":{{"user":"7","client":"{CLIENT}"}},"offset":3}},{{"data":"3\u000a3:[2]0;","offset":4,"delta":true}},{{"data":"[3]","offset":5}}],"delta":true}}}}"#
        )
    );

    let plain = answered(1, Answer::Subscribe(Box::new(SubscribeAnswer { delta: false, ..answer }))).unwrap();
    assert!(plain.contains(r#"{"data":[2],"offset":4}"#) && !plain.contains("delta"), "{plain}");
}

proptest! {
    #[test]
    fn the_base_of_the_client_is_the_payload_byte_for_byte(words: String, blank in "[ \t\r\n]{0,4}") {
        let payload = format!("{blank}{{{blank}\"w\":{blank}{}}}{blank}", Value::String(words));
        let item = Publication { data: payload.clone().into(), ..publication(2, "") };

        let said: Value = serde_json::from_str(&said(item, Shape::Whole)).unwrap();

        prop_assert_eq!(&said["push"]["pub"]["data"], &Value::String(payload));
    }
}
