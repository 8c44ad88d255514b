//! Commands as every client writes them: an id and one request. They are read in one go, while the general way scans
//! each request twice, as another may count.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use ports::protocol::{Command, Request};

use super::Fault;
use super::requests::{Kind, Source, read};

/// The command, if it is one of those and nothing is wrong with it. About all others the general way has the say.
pub(super) fn command(text: &str) -> Option<Command> {
    let mut json = serde_json::Deserializer::from_str(text);
    let command = json.deserialize_map(Members).ok()?;
    json.end().ok().map(|()| command)
}

/// What a member of a command is by its name.
enum Key {
    Id,
    Request(Kind),
    Unknown,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
                Ok(match name {
                    "id" => Key::Id,
                    _ => Kind::named(name).map_or(Key::Unknown, Key::Request),
                })
            }
        }

        deserializer.deserialize_identifier(Name)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Command;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id and one request")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Command, M::Error> {
        let (mut id, mut request) = (None, None);
        while let Some(key) = map.next_key()? {
            match key {
                Key::Id if id.is_none() => id = Some(map.next_value::<u32>()?),
                Key::Request(kind) if request.is_none() => {
                    request = Some(read(kind, Body(&mut map)).map_err(M::Error::custom)?);
                }
                Key::Id | Key::Request(_) => return Err(M::Error::custom("more than that")),
                Key::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match (id, request) {
            (None, None) => Ok(Command { id: 0, request: Request::Pong }),
            (Some(id @ 1..), Some(request)) => Ok(Command { id, request }),
            (_, _) => Err(M::Error::custom("less than that")),
        }
    }
}

/// The value of the member whose name was read last.
struct Body<'m, M>(&'m mut M);

impl<'de, M: MapAccess<'de>> Source<'de> for Body<'_, M> {
    fn object<T: Deserialize<'de>>(self) -> Result<T, Fault> {
        self.0.next_value_seed(Object(PhantomData)).map_err(|_| "not such an object")
    }
}

/// A value that is an object: a struct by itself would take an array as well.
struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Object<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::any_command;
    use super::*;

    /// Pieces of commands, good and bad, so that many a row of them is JSON and nearly a command.
    const PIECES: [&str; 48] = [
        "{",
        "}",
        "{",
        "}",
        "[",
        "]",
        ",",
        ",",
        ":",
        " ",
        "\r",
        "null",
        "true",
        "0",
        "1",
        "-1",
        "1.0",
        "4294967296",
        "\"\"",
        "\"a\"",
        "\"\\u0061\"",
        "\"\\ud800\"",
        "\"a\"",
        "{}",
        "[]",
        "\"id\":",
        "\"id\":1",
        "\"id\":1,",
        "\"\\u0069d\":7",
        "\"connect\":",
        "\"connect\":{}",
        "\"subscribe\":{",
        "\"unsubscribe\":",
        "\"publish\":",
        "\"publish\":{",
        "\"presence\":{}",
        "\"presence_stats\":{}",
        "\"history\":{}",
        "\"ping\":{}",
        "\"send\":{}",
        "\"rpc\":{}",
        "\"refresh\":{}",
        "\"sub_refresh\":{}",
        "\"channel\":\"c\"",
        "\"channel\":null",
        "\"data\":",
        "\"data\":{\"a\":[1]}",
        "\"later\":[{}]",
    ];

    /// What every client sends.
    const USUAL: [&str; 6] = [
        "{}",
        r#"{"id":1,"connect":{"token":"t","data":null,"subs":{"c":{"recover":true,"epoch":"e","offset":3}}}}"#,
        r#"{"id":2,"subscribe":{"channel":"c","tf":{"op":"not","nodes":[{"key":"a"}]}}}"#,
        r#"{"publish":{"channel":"c","data":{"a":[1,{}]}},"id":3}"#,
        r#" {"later":1, "id":4, "history":{"channel":"c","since":{"offset":1}}} "#,
        r#"{"id":5,"send":{"data":1}}"#,
    ];

    /// What is read in one go is what the general way reads.
    fn agrees(text: &str) -> Result<bool, TestCaseError> {
        let Some(command) = command(text) else { return Ok(false) };
        prop_assert_eq!(any_command(text), Ok(command), "{}", text);
        Ok(true)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(CASES))]

        #[test]
        fn rows_of_pieces_are_read_alike(pieces in vec(prop::sample::select(&PIECES[..]), 0..12)) {
            agrees(&pieces.concat())?;
            agrees(&format!("{{{}}}", pieces.concat()))?;
            agrees(&format!("{{\"id\":1,{}}}", pieces.join(",")))?;
        }

        #[test]
        fn mutated_commands_are_read_alike(
            usual in prop::sample::select(&USUAL[..]),
            changes in vec((any::<prop::sample::Index>(), prop::sample::select(&PIECES[..]), any::<bool>()), 0..3),
        ) {
            let mut text = usual.to_owned();
            for (place, piece, replaces) in changes {
                let place = place.index(text.len() + 1);
                let end = text.len().min(place + usize::from(replaces) * piece.len());
                text.replace_range(place..end, piece);
            }
            agrees(&text)?;
        }

        #[test]
        fn any_text_is_read_alike(text in "\\PC{0,24}") {
            agrees(&text)?;
        }
    }

    const CASES: u32 = 20_000;

    #[test]
    fn usual_commands_are_read_in_one_go() {
        for text in USUAL {
            assert!(agrees(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn where_another_request_may_count_the_general_way_has_the_say() {
        for text in [
            r#"{"id":1,"publish":null}"#,
            r#"{"id":1,"ping":{},"connect":{}}"#,
            r#"{"id":1,"connect":null,"ping":{}}"#,
            r#"{"id":1,"id":1,"ping":{}}"#,
            r#"{"id":1,"ping":{},"ping":{}}"#,
            r#"{"id":1,"publish":["c",1]}"#,
            r#"{"id":null,"ping":{}}"#,
            r#"{"id":0,"ping":{}}"#,
            r#"{"id":1}"#,
            r#"{"send":{}}"#,
            r#"{"id":1,"ping":{}}}"#,
        ] {
            assert_eq!(command(text), None, "{text}");
        }
    }
}
