//! Tag filters as clients write them.

/// A filter over a publication's tags (P section 14): a leaf that compares one tag, or a node over other filters. As
/// it came, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterNode {
    /// Empty for a leaf, else `and`, `or`, `not`.
    pub op: String,
    /// The tag a leaf looks at.
    pub key: String,
    /// How a leaf compares: `eq`, `neq`, `in`, `nin`, `ex`, `nex`, `sw`, `ew`, `ct`, `lt`, `lte`, `gt`, `gte`.
    pub cmp: String,
    /// What most leaves compare with.
    pub val: String,
    /// What `in` and `nin` compare with.
    pub vals: Vec<String>,
    /// What a node combines.
    pub nodes: Vec<FilterNode>,
}
