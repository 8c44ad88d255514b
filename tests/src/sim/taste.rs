//! How a subscriber wants its publications, and our own naive answer to which of them it gets.

use ports::channels::{FilterNode, Publication, Tags};

use crate::rng::Rng;

/// What a client asks for beside the channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Taste {
    /// All, whole.
    #[default]
    Plain,
    /// All, as differences where possible.
    Delta,
    /// Those that pass.
    Passing(FilterNode),
}

/// What the server must take for a difference.
pub(super) const FOSSIL: &str = "fossil";

const KEYS: [&str; 2] = ["k", "n"];
const VALUES: [&str; 7] = ["a", "b", "ab", "1", "2", "10", "-1.5"];

impl Taste {
    pub(super) fn wants(&self, publication: &Publication) -> bool {
        self.wants_tagged(publication.tags.as_deref())
    }

    pub(super) fn wants_tagged(&self, tags: Option<&Tags>) -> bool {
        match self {
            Self::Plain | Self::Delta => true,
            Self::Passing(filter) => passes(filter, tags),
        }
    }

    pub(super) fn is_picky(&self) -> bool {
        matches!(self, Self::Passing(_))
    }

    /// What a subscribe request says of it.
    pub(super) fn request(&self) -> (String, Option<FilterNode>) {
        match self {
            Self::Plain => (String::new(), None),
            Self::Delta => (FOSSIL.to_owned(), None),
            Self::Passing(filter) => (String::new(), Some(filter.clone())),
        }
    }
}

pub(super) fn random_tags(rng: &mut Rng) -> Tags {
    let mut tags = Tags::new();
    for key in KEYS {
        if rng.happens(600)
            && let Some(value) = rng.pick(&VALUES)
        {
            tags.insert(key.to_owned(), (*value).to_owned());
        }
    }
    tags
}

/// A filter of at most three levels that makes sense.
pub(super) fn random_filter(rng: &mut Rng, depth: u32) -> FilterNode {
    let op =
        if depth == 0 { "" } else { rng.pick(&["", "", "and", "or", "not"]).copied().unwrap_or_default() };
    let count = match op {
        "" => return random_leaf(rng),
        "not" => 1,
        _ => rng.within(1, 3),
    };
    let nodes = (0..count).map(|_| random_filter(rng, depth - 1)).collect();
    FilterNode { op: op.to_owned(), nodes, ..FilterNode::default() }
}

fn random_leaf(rng: &mut Rng) -> FilterNode {
    const COMPARISONS: [&str; 13] =
        ["eq", "neq", "in", "nin", "ex", "nex", "sw", "ew", "ct", "lt", "lte", "gt", "gte"];
    let mut word = |words: &[&str]| rng.pick(words).copied().unwrap_or_default().to_owned();
    let (key, cmp) = (word(&KEYS), word(&COMPARISONS));
    let (mut val, mut vals) = (String::new(), Vec::new());
    match cmp.as_str() {
        "ex" | "nex" => {}
        "in" | "nin" => vals = vec![word(&VALUES), word(&VALUES), word(&VALUES)],
        "lt" | "lte" | "gt" | "gte" => val = word(&["1", "2", "9.5", "-3"]),
        _ => val = word(&VALUES),
    }
    FilterNode { key, cmp, val, vals, ..FilterNode::default() }
}

/// The table of P section 14, read aloud.
fn passes(filter: &FilterNode, tags: Option<&Tags>) -> bool {
    let mut below = filter.nodes.iter().map(|node| passes(node, tags));
    match filter.op.as_str() {
        "and" => return below.all(|held| held),
        "or" => return below.any(|held| held),
        "not" => return !below.any(|held| held),
        _ => {}
    }
    let tag = tags.and_then(|tags| tags.get(&filter.key)).map(String::as_str);
    let is_tag = |is: &dyn Fn(&str) -> bool| tag.is_some_and(is);
    let compared = |is: fn(&f64, &f64) -> bool| match (tag.map(str::parse), filter.val.parse()) {
        (Some(Ok(one)), Ok(other)) => is(&one, &other),
        _ => false,
    };
    match filter.cmp.as_str() {
        "eq" => tag == Some(&filter.val),
        "neq" => tag != Some(&filter.val),
        "in" => is_tag(&|tag| filter.vals.iter().any(|val| val == tag)),
        "nin" => !is_tag(&|tag| filter.vals.iter().any(|val| val == tag)),
        "ex" => tag.is_some(),
        "nex" => tag.is_none(),
        "sw" => is_tag(&|tag| tag.starts_with(&filter.val)),
        "ew" => is_tag(&|tag| tag.ends_with(&filter.val)),
        "ct" => is_tag(&|tag| tag.contains(&filter.val)),
        "lt" => compared(f64::lt),
        "lte" => compared(f64::le),
        "gt" => compared(f64::gt),
        "gte" => compared(f64::ge),
        _ => false,
    }
}
