//! Hostile bytes never panic.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const GOOD: &[u8] =
    br#"{"id":1,"connect":{"token":"t","data":{"a":[1e3]},"subs":{"c":{"recover":true,"offset":3,"delta":"fossil"}}}}
{"id":2,"subscribe":{"channel":"news:\u0061","recover":true,"epoch":"kQzWbnLd","offset":9,"tf":{"op":"not","nodes":[{"key":"a","cmp":"in","vals":["b"]}]},"flag":1}}
{"id":3,"history":{"channel":"news:a","limit":-1,"since":{"offset":1,"epoch":"e"},"reverse":true}}
{"send":{"data":null}}
{}"#;

proptest! {
    #[test]
    fn random_bytes_never_panic(frame in vec(any::<u8>(), 0..256)) {
        let _ = decode(frame);
    }

    #[test]
    fn random_json_like_text_never_panics(
        frame in r#"(\{|\}|\[|\]|:|,|"|\\|\n|id|connect|send|data|true|null|-?[0-9]{1,3}|.){0,64}"#,
    ) {
        let _ = decode(frame);
    }

    #[test]
    fn mutated_frames_never_panic(changes in vec((any::<Index>(), any::<u8>(), 0..3u8), 1..6)) {
        let mut frame = GOOD.to_vec();
        for (place, byte, kind) in changes {
            let place = place.index(frame.len());
            match kind {
                0 => frame[place] = byte,
                1 => frame.insert(place, byte),
                _ => frame.truncate(place.max(1)),
            }
        }
        let _ = decode(frame);
    }

    #[test]
    fn any_bytes_as_payload_are_said_on_one_line_or_not_at_all(payload in vec(any::<u8>(), 1..32)) {
        let item = Publication { data: payload.into(), ..publication(0, "") };

        for shape in [Shape::Plain, Shape::Whole] {
            if let Ok(said) = happened_in(Event::Publication(Arc::new(item.clone()), None), shape) {
                prop_assert!(!said.contains(['\n', '\r']));
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&said).is_ok());
            }
        }
    }
}
