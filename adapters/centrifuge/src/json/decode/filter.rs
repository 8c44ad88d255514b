//! Tag filters. What one means, and whether it makes sense, is not asked here.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use ports::channels::FilterNode;

/// A filter as it was written; the parser bounds its depth, the frame its size.
pub(super) struct Filter(pub(super) FilterNode);

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Objects)
    }
}

/// Takes objects only, as serde would take an array for a struct.
struct Objects;

impl<'de> Visitor<'de> for Objects {
    type Value = Filter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a filter node")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Filter, A::Error> {
        #[derive(Deserialize)]
        struct Wire {
            op: Option<String>,
            key: Option<String>,
            cmp: Option<String>,
            val: Option<String>,
            vals: Option<Vec<String>>,
            nodes: Option<Vec<Filter>>,
        }

        let wire = Wire::deserialize(MapAccessDeserializer::new(members))?;
        Ok(Filter(FilterNode {
            op: wire.op.unwrap_or_default(),
            key: wire.key.unwrap_or_default(),
            cmp: wire.cmp.unwrap_or_default(),
            val: wire.val.unwrap_or_default(),
            vals: wire.vals.unwrap_or_default(),
            nodes: wire.nodes.unwrap_or_default().into_iter().map(|Filter(node)| node).collect(),
        }))
    }
}
