//! Tag filters: which publications a subscriber wants (P section 14).

mod compile;
mod decimal;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use ports::channels::{FilterNode, Tags};
use thiserror::Error;

use self::decimal::Decimal;

/// A filter that makes sense. What it costs to ask it is bounded by [`NODES_MAX`] and [`BYTES_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    root: Test,
}

impl Filter {
    /// The filter that a client wrote, if it makes sense.
    pub fn new(root: FilterNode) -> Result<Self, InvalidFilter> {
        compile::compile(&root).map(|root| Self { root })
    }

    /// Whether a publication with these tags passes.
    pub fn passes(&self, tags: Option<&Tags>) -> bool {
        self.root.holds(tags)
    }
}

/// Why a filter is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidFilter {
    /// Nodes within nodes within nodes.
    #[error("filter is more than {DEPTH_MAX} nodes deep")]
    TooDeep,
    /// Too many nodes altogether.
    #[error("filter has more than {NODES_MAX} nodes")]
    TooManyNodes,
    /// Too much text altogether.
    #[error("filter has more than {BYTES_MAX} bytes of keys and values")]
    TooLong,
    /// Neither a leaf nor a known way to combine.
    #[error("filter operator is unknown: {0:?}")]
    UnknownOperator(String),
    /// A leaf that compares in no known way.
    #[error("filter comparison is unknown: {0:?}")]
    UnknownComparison(String),
    /// A leaf that names no tag.
    #[error("filter leaf has no `key`")]
    NoKey,
    /// A leaf that compares with nothing.
    #[error("filter comparison {comparison:?} needs `{field}`")]
    Missing {
        /// How it compares.
        comparison: String,
        /// Which field is empty.
        field: &'static str,
    },
    /// A part that means nothing where it stands.
    #[error("filter node {node:?} cannot have `{field}`")]
    Unexpected {
        /// The operator or comparison.
        node: String,
        /// Which field ought to be empty.
        field: &'static str,
    },
    /// `and`, `or` and `not` over too few or too many.
    #[error("filter operator {operator:?} cannot combine {count} nodes")]
    ChildCount {
        /// Which operator.
        operator: String,
        /// How many nodes it has.
        count: usize,
    },
}

/// How many nodes may stand within one another, the root counted.
pub const DEPTH_MAX: usize = 16;
/// Most nodes of a filter.
pub const NODES_MAX: usize = 128;
/// Most bytes of all keys and values of a filter; each value in a list counts one more.
pub const BYTES_MAX: usize = 8 * 1024;

/// A node, ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    /// The tag is there and is such. What holds for missing tags as well is a [`Test::Not`] of this.
    Tag {
        key: String,
        is: Trait,
    },
}

/// What can be said of a tag's value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trait {
    Anything,
    Equal(String),
    OneOf(BTreeSet<String>),
    StartingWith(String),
    EndingWith(String),
    Containing(String),
    /// A decimal on this side of another one.
    Number(Side, Decimal<'static>),
    Impossible,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Below,
    AtMost,
    Above,
    AtLeast,
}

impl Test {
    fn holds(&self, tags: Option<&Tags>) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.holds(tags)),
            Self::Any(tests) => tests.iter().any(|test| test.holds(tags)),
            Self::Not(test) => !test.holds(tags),
            Self::Tag { key, is } => {
                tags.and_then(|tags| tags.get(key)).is_some_and(|value| is.true_of(value))
            }
        }
    }
}

impl Trait {
    fn true_of(&self, value: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Equal(other) => value == other,
            Self::OneOf(others) => others.contains(value),
            Self::StartingWith(start) => value.starts_with(start),
            Self::EndingWith(end) => value.ends_with(end),
            Self::Containing(part) => value.contains(part),
            Self::Number(side, other) => {
                Decimal::parse(value).is_some_and(|number| side.holds(number.cmp(other)))
            }
            Self::Impossible => false,
        }
    }
}

impl Side {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Below => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Above => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}
