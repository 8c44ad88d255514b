//! Tag filters.

mod naive;

use ports::channels::{FilterNode, Tags};
use wigwag_core::channels::Filter;

use super::memory;

/// A filter is refused, or passes publications, exactly when a reader of the rules by the letter says so. The input is
/// a series of choices: first of some tags, then of a filter.
pub fn filters(data: &[u8]) {
    let mut choices = Choices { bytes: data };
    let tags = [tags(&mut choices), tags(&mut choices), None];
    let root = node(&mut choices, 0);
    let expected = naive::makes_sense(&root);

    let filter = memory::within(data.len(), 1_024, 32 * 1_024, || Filter::new(root.clone()));

    assert_eq!(filter.is_ok(), expected, "{root:?}: {filter:?}");
    let Ok(filter) = filter else { return };
    let nothing = Tags::new();
    for tags in &tags {
        let naive = naive::passes(&root, tags.as_ref().unwrap_or(&nothing));
        assert_eq!(filter.passes(tags.as_ref()), naive, "{root:?} with {tags:?}");
    }
}

/// Deeper than is allowed.
const DEPTH_MAX: usize = 20;

const KEYS: &[&str] = &["a", "b", "c", "price", ""];
const COMPARISONS: &[&str] = &[
    "eq", "neq", "in", "nin", "ex", "nex", "sw", "ew", "ct", "lt", "lte", "gt", "gte", "lt", "gte", "",
    "like",
];
const VALUES: &[&str] = &[
    "x",
    "xy",
    "yx",
    "",
    "0",
    "-0",
    "1",
    "01",
    "1.0",
    "+1",
    "-1",
    "9",
    "10",
    ".5",
    "0.50",
    "-.5",
    "1e3",
    ".",
    "9007199254740992",
    "9007199254740993",
    "0000000000000000000000000000000000000000000000000000000000000001",
    "00000000000000000000000000000000000000000000000000000000000000001",
    "٣",
];

/// Bytes as a source of choices; the first of everything when they are used up.
struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    fn next(&mut self) -> usize {
        self.bytes.split_off_first().copied().map_or(0, usize::from)
    }

    fn one_of<'b>(&mut self, from: &'b [&'b str]) -> &'b str {
        let index = self.next().checked_rem(from.len()).unwrap_or_default();
        from.get(index).copied().unwrap_or_default()
    }

    /// A value of the list, or one that is in the bytes.
    fn value(&mut self) -> String {
        if !self.next().is_multiple_of(4) {
            return self.one_of(VALUES).to_owned();
        }
        let count = self.next() % 24;
        let (own, rest) = self.bytes.split_at(self.bytes.len().min(count));
        self.bytes = rest;
        String::from_utf8_lossy(own).into_owned()
    }

    /// Seldom.
    fn stray(&mut self) -> bool {
        self.next() % 64 == 63
    }
}

fn tags(choices: &mut Choices<'_>) -> Option<Tags> {
    let count = choices.next() % 5;
    let tag = |_| (choices.one_of(KEYS).to_owned(), choices.value());
    (count > 0).then(|| (0..count).map(tag).collect())
}

fn node(choices: &mut Choices<'_>, depth: usize) -> FilterNode {
    let op = choices.one_of(&["", "and", "", "or", "not", "", "not", "and", "", "xor"]);
    let mut node =
        if op.is_empty() { leaf(choices) } else { FilterNode { op: op.to_owned(), ..FilterNode::default() } };
    let usual = match op {
        "" => 0,
        "not" => 1,
        _ => 1 + choices.next() % 3,
    };
    let count = if choices.stray() { choices.next() % 4 } else { usual };
    if depth < DEPTH_MAX {
        node.nodes = (0..count).map(|_| self::node(choices, depth + 1)).collect();
    }
    if choices.stray() {
        *match choices.next() % 3 {
            0 => &mut node.key,
            1 => &mut node.val,
            _ => &mut node.cmp,
        } = choices.value();
    }
    if choices.stray() {
        node.vals = vec![choices.value().repeat(1 + choices.next())];
    }
    node
}

fn leaf(choices: &mut Choices<'_>) -> FilterNode {
    let (key, cmp) = (choices.one_of(KEYS).to_owned(), choices.one_of(COMPARISONS).to_owned());
    let mut leaf = FilterNode { key, ..FilterNode::default() };
    match cmp.as_str() {
        "in" | "nin" => leaf.vals = (0..1 + choices.next() % 4).map(|_| choices.value()).collect(),
        "ex" | "nex" => {}
        _ => leaf.val = choices.value(),
    }
    FilterNode { cmp, ..leaf }
}

pub(super) const WORDS: &[&[u8]] =
    &[b"\x01\x01", b"\x03\x02", b"\x04", b"\x00\x00\x00", b"\x3f", b"\x7f\x7f", b"\x04\x04\x04\x04\x04\x04"];

/// Series that go up, down and round in circles, in several steps: each is another walk through all choices.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let series = |step: u8, count: u8| Vec::from_iter((0..count).map(|at| at.wrapping_mul(step)));
    let deep = [vec![0, 0], [4, 0].repeat(40)].concat();
    let wide = [vec![0, 0], [1, 2, 0].repeat(80)].concat();
    let walks = [1, 3, 7, 11, 13, 29, 37, 101, 251].into_iter().map(|step| series(step, 120));
    walks.chain([Vec::new(), deep, wide]).collect()
}
