//! The user under a claim whose name is configured.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};

/// The text of one claim; like `sub` it may be absent, but not `null` and not twice.
pub(crate) fn read(claims: &[u8], name: &str) -> Result<Option<String>, serde_json::Error> {
    serde_json::Deserializer::from_slice(claims).deserialize_map(One(name))
}

struct One<'a>(&'a str);

impl<'de> Visitor<'de> for One<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut claims: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(claim) = claims.next_key::<String>()? {
            if claim != self.0 {
                claims.next_value::<IgnoredAny>()?;
            } else if found.replace(claims.next_value()?).is_some() {
                return Err(A::Error::custom("there twice"));
            }
        }
        Ok(found)
    }
}
