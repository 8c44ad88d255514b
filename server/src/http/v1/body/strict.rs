//! Reads JSON into a struct and says which field is wrong: unknown members are refused with the nearest name, all others
//! with their path.

use std::collections::VecDeque;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use super::super::refusal::FIELD_ERRORS_MAX;
use crate::config::nearest::nearest;
use crate::http::problem::FieldError;

/// Some JSON, to be read into a type whose structs refuse what they do not know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strict<'de>(pub(super) &'de RawValue);

/// What is wrong with the fields of some JSON.
#[derive(Debug)]
pub(super) struct Wrong(pub(super) Vec<FieldError>);

impl Wrong {
    fn one(field: &str, message: impl Into<String>) -> Self {
        Self(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    /// The same, seen from one level further out.
    fn within(mut self, outer: &str) -> Self {
        for error in &mut self.0 {
            let inner = std::mem::take(&mut error.field);
            let dot = if inner.is_empty() || inner.starts_with('[') { "" } else { "." };
            error.field = format!("{outer}{dot}{inner}");
        }
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|error| write!(f, "{}: {}; ", error.field, error.message))
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::one("", message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::one(field, "is missing")
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::one(field, "is there twice")
    }
}

/// Places in the text of one member would be taken for places in the body.
impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        Self::one("", message)
    }
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        Ok(self.0.deserialize_any(visitor)?)
    }

    /// Raw JSON is asked for in this way.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        Ok(self.0.deserialize_newtype_struct(name, visitor)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.0.get() == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let items: VecDeque<&RawValue> = serde_json::from_str(self.0.get())?;
        visitor.visit_seq(Items { items, index: 0 })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let Members(members) = serde_json::from_str(self.0.get())?;
        let unknown = members.iter().filter(|(name, _)| !fields.contains(&name.as_str()));
        let told = unknown.take(FIELD_ERRORS_MAX).map(|(name, _)| unknown_field(name, fields));
        let unknown: Vec<_> = told.collect();
        if !unknown.is_empty() {
            return Err(Wrong(unknown));
        }
        visitor.visit_map(Struct { members, value: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct map enum identifier ignored_any
    }
}

fn unknown_field(name: &str, fields: &[&'static str]) -> FieldError {
    let message = match nearest(name, fields.iter().copied()) {
        Some(meant) => format!("is not known; did you mean {meant:?}?"),
        None => format!("is not known; there are {}", fields.join(", ")),
    };
    FieldError { field: clipped(name), message }
}

/// Longest unknown name that is repeated, in characters.
const NAME_CHARS_MAX: usize = 100;

fn clipped(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).collect()
}

/// The members of an object, those that are there twice included.
struct Members<'de>(VecDeque<(String, &'de RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct AsPairs;
        impl<'de> Visitor<'de> for AsPairs {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = VecDeque::new();
                while let Some(member) = map.next_entry()? {
                    members.push_back(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(AsPairs)
    }
}

struct Struct<'de> {
    members: VecDeque<(String, &'de RawValue)>,
    value: Option<(String, &'de RawValue)>,
}

impl<'de> MapAccess<'de> for Struct<'de> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((name, value)) = self.members.pop_front() else { return Ok(None) };
        let key = seed.deserialize(de::value::StrDeserializer::<Wrong>::new(&name));
        self.value = Some((name, value));
        key.map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Wrong> {
        let Some((name, value)) = self.value.take() else { return Err(Wrong(Vec::new())) };
        seed.deserialize(Strict(value)).map_err(|wrong| wrong.within(&name))
    }
}

struct Items<'de> {
    items: VecDeque<&'de RawValue>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Wrong> {
        let Some(item) = self.items.pop_front() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(Strict(item)).map(Some).map_err(|wrong| wrong.within(&format!("[{index}]")))
    }
}
