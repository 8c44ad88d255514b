//! Filters: what they mean, what is none, and that nothing a client writes does harm.

use ports::channels::{FilterNode, Tags};
use proptest::prelude::*;

use super::{BYTES_MAX, DEPTH_MAX, Filter, InvalidFilter, NODES_MAX};

fn leaf(key: &str, cmp: &str, val: &str) -> FilterNode {
    FilterNode { key: key.into(), cmp: cmp.into(), val: val.into(), ..FilterNode::default() }
}

fn list(key: &str, cmp: &str, vals: &[&str]) -> FilterNode {
    let vals = vals.iter().map(|value| (*value).to_owned()).collect();
    FilterNode { vals, ..leaf(key, cmp, "") }
}

fn node(op: &str, nodes: impl Into<Vec<FilterNode>>) -> FilterNode {
    FilterNode { op: op.into(), nodes: nodes.into(), ..FilterNode::default() }
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

mod meaning {
    use super::*;

    /// A leaf over the tag `k`, if it has this value.
    #[track_caller]
    fn check(leaf: FilterNode, value: Option<&str>, expected: bool) {
        let tags = value.map(|value| tags(&[("other", "x"), ("k", value)]));

        assert_eq!(Filter::new(leaf).unwrap().passes(tags.as_ref()), expected);
    }

    #[test]
    fn equality_wants_the_very_value() {
        check(leaf("k", "eq", "a"), Some("a"), true);
        check(leaf("k", "eq", "a"), Some("A"), false);
        check(leaf("k", "eq", "a"), Some(""), false);
        check(leaf("k", "eq", "a"), None, false);
    }

    #[test]
    fn inequality_holds_for_a_missing_tag_too() {
        check(leaf("k", "neq", "a"), Some("a"), false);
        check(leaf("k", "neq", "a"), Some("b"), true);
        check(leaf("k", "neq", "a"), None, true);
    }

    #[test]
    fn lists_want_one_of_their_values_or_none() {
        check(list("k", "in", &["a", "b"]), Some("b"), true);
        check(list("k", "in", &["a", "b"]), Some("c"), false);
        check(list("k", "in", &["a", "b"]), None, false);
        check(list("k", "nin", &["a", "b"]), Some("b"), false);
        check(list("k", "nin", &["a", "b"]), Some("c"), true);
        check(list("k", "nin", &["a", "b"]), None, true);
    }

    #[test]
    fn existence_asks_for_the_key_alone() {
        check(leaf("k", "ex", ""), Some(""), true);
        check(leaf("k", "ex", ""), None, false);
        check(leaf("k", "nex", ""), Some(""), false);
        check(leaf("k", "nex", ""), None, true);
    }

    #[test]
    fn texts_are_looked_at_from_either_end_and_within() {
        check(leaf("k", "sw", "ab"), Some("abc"), true);
        check(leaf("k", "sw", "ab"), Some("cab"), false);
        check(leaf("k", "ew", "ab"), Some("cab"), true);
        check(leaf("k", "ew", "ab"), Some("abc"), false);
        check(leaf("k", "ct", "ab"), Some("cabc"), true);
        check(leaf("k", "ct", "ab"), Some("acb"), false);
        for cmp in ["sw", "ew", "ct"] {
            check(leaf("k", cmp, "ab"), None, false);
        }
    }

    #[test]
    fn numbers_are_compared_as_decimals() {
        for (cmp, below, same, above) in [
            ("lt", true, false, false),
            ("lte", true, true, false),
            ("gt", false, false, true),
            ("gte", false, true, true),
        ] {
            check(leaf("k", cmp, "10.5"), Some("9"), below);
            check(leaf("k", cmp, "10.5"), Some("010.50"), same);
            check(leaf("k", cmp, "10.5"), Some("10.51"), above);
            check(leaf("k", cmp, "10.5"), None, false);
        }
    }

    #[test]
    fn what_is_no_number_is_neither_less_nor_more() {
        for cmp in ["lt", "lte", "gt", "gte"] {
            check(leaf("k", cmp, "10"), Some("ten"), false);
            check(leaf("k", cmp, "ten"), Some("10"), false);
            check(leaf("k", cmp, "ten"), Some("ten"), false);
        }
    }

    #[test]
    fn leaves_combine() {
        let [a, b] = [leaf("k", "sw", "a"), leaf("k", "ew", "b")];

        check(node("and", [a.clone(), b.clone()]), Some("ab"), true);
        check(node("and", [a.clone(), b.clone()]), Some("a"), false);
        check(node("or", [a.clone(), b.clone()]), Some("a"), true);
        check(node("or", [a.clone(), b.clone()]), Some("c"), false);
        check(node("not", [a.clone()]), Some("a"), false);
        check(node("not", [a.clone()]), None, true);
        check(node("not", [node("or", [a, b])]), Some("c"), true);
    }
}

mod faults {
    use super::*;

    #[track_caller]
    fn check(root: FilterNode, message: &str) {
        assert_eq!(Filter::new(root).unwrap_err().to_string(), message);
    }

    #[test]
    fn a_leaf_needs_a_key() {
        check(FilterNode::default(), "filter leaf has no `key`");
        check(leaf("", "eq", "a"), "filter leaf has no `key`");
        check(leaf("", "ex", ""), "filter leaf has no `key`");
    }

    #[test]
    fn operators_and_comparisons_are_known_ones() {
        check(node("xor", [leaf("k", "eq", "a")]), r#"filter operator is unknown: "xor""#);
        check(leaf("k", "like", "a"), r#"filter comparison is unknown: "like""#);
        check(leaf("k", "", "a"), r#"filter comparison is unknown: """#);
    }

    #[test]
    fn a_comparison_needs_something_to_compare_with() {
        for cmp in ["eq", "neq", "sw", "ew", "ct", "lt", "lte", "gt", "gte"] {
            check(leaf("k", cmp, ""), &format!("filter comparison {cmp:?} needs `val`"));
            check(
                FilterNode { vals: vec!["a".into()], ..leaf("k", cmp, "a") },
                &format!("filter node {cmp:?} cannot have `vals`"),
            );
        }
        for cmp in ["in", "nin"] {
            check(leaf("k", cmp, ""), &format!("filter comparison {cmp:?} needs `vals`"));
            check(leaf("k", cmp, "a"), &format!("filter node {cmp:?} cannot have `val`"));
        }
    }

    #[test]
    fn existence_is_compared_with_nothing() {
        for cmp in ["ex", "nex"] {
            check(leaf("k", cmp, "a"), &format!("filter node {cmp:?} cannot have `val`"));
            check(list("k", cmp, &["a"]), &format!("filter node {cmp:?} cannot have `vals`"));
        }
    }

    #[test]
    fn combinations_have_the_right_number_of_nodes() {
        let leaf = || leaf("k", "eq", "a");

        check(node("and", []), r#"filter operator "and" cannot combine 0 nodes"#);
        check(node("or", []), r#"filter operator "or" cannot combine 0 nodes"#);
        check(node("not", []), r#"filter operator "not" cannot combine 0 nodes"#);
        check(node("not", [leaf(), leaf()]), r#"filter operator "not" cannot combine 2 nodes"#);
        check(FilterNode { nodes: vec![leaf()], ..leaf() }, r#"filter node "eq" cannot have `nodes`"#);
    }

    #[test]
    fn combinations_do_not_look_at_tags_themselves() {
        let and = node("and", [leaf("k", "eq", "a")]);

        check(FilterNode { key: "k".into(), ..and.clone() }, r#"filter node "and" cannot have `key`"#);
        check(FilterNode { val: "a".into(), ..and }, r#"filter node "and" cannot have `val`"#);
    }

    #[test]
    fn a_fault_is_found_at_any_depth() {
        let deep = node("not", [node("or", [leaf("k", "eq", "a"), leaf("k", "eq", "")])]);

        check(deep, r#"filter comparison "eq" needs `val`"#);
    }
}

mod bounds {
    use super::*;

    #[test]
    fn depth() {
        let nested = |depth| (1..depth).fold(leaf("k", "eq", "a"), |inner, _| node("not", [inner]));

        assert!(Filter::new(nested(DEPTH_MAX)).is_ok());
        assert_eq!(Filter::new(nested(DEPTH_MAX + 1)), Err(InvalidFilter::TooDeep));
    }

    #[test]
    fn nodes() {
        let wide = |count| node("or", vec![leaf("k", "eq", "a"); count - 1]);

        assert!(Filter::new(wide(NODES_MAX)).is_ok());
        assert_eq!(Filter::new(wide(NODES_MAX + 1)), Err(InvalidFilter::TooManyNodes));
    }

    #[test]
    fn bytes() {
        let long = |bytes| leaf("k", "eq", &"a".repeat(bytes - 1));

        assert!(Filter::new(long(BYTES_MAX)).is_ok());
        assert_eq!(Filter::new(long(BYTES_MAX + 1)), Err(InvalidFilter::TooLong));
        assert_eq!(Filter::new(list("k", "in", &vec![""; BYTES_MAX])), Err(InvalidFilter::TooLong));
    }
}

/// What the table of the protocol says, word by word.
fn naive(node: &FilterNode, tags: &Tags) -> bool {
    let tag = tags.get(&node.key);
    let is = |test: &dyn Fn(&str) -> bool| tag.is_some_and(|value| test(value));
    let compared = |test: &dyn Fn(f64, f64) -> bool| {
        let number =
            |text: &str| text.bytes().any(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
        tag.is_some_and(
            |value| matches!((number(value), number(&node.val)), (Some(a), Some(b)) if test(a, b)),
        )
    };
    match (node.op.as_str(), node.cmp.as_str()) {
        ("and", _) => node.nodes.iter().all(|child| naive(child, tags)),
        ("or", _) => node.nodes.iter().any(|child| naive(child, tags)),
        ("not", _) => !naive(&node.nodes[0], tags),
        (_, "eq") => tag == Some(&node.val),
        (_, "neq") => tag != Some(&node.val),
        (_, "in") => tag.is_some_and(|value| node.vals.contains(value)),
        (_, "nin") => tag.is_none_or(|value| !node.vals.contains(value)),
        (_, "ex") => tag.is_some(),
        (_, "nex") => tag.is_none(),
        (_, "sw") => is(&|value| value.starts_with(&node.val)),
        (_, "ew") => is(&|value| value.ends_with(&node.val)),
        (_, "ct") => is(&|value| value.contains(&node.val)),
        (_, "lt") => compared(&|a, b| a < b),
        (_, "lte") => compared(&|a, b| a <= b),
        (_, "gt") => compared(&|a, b| a > b),
        (_, "gte") => compared(&|a, b| a >= b),
        _ => panic!("unknown comparison"),
    }
}

/// Few enough for values to meet; the numbers are exact as binary ones, too.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["a", "b", "ab", "ba", "-", "1.5.5", "x1"]).prop_map(str::to_owned),
        (-12_i32..12).prop_map(|quarters| (f64::from(quarters) / 4.0).to_string()),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["k", "l"]).prop_map(str::to_owned)
}

fn sensible_leaf() -> impl Strategy<Value = FilterNode> {
    let single = prop::sample::select(vec!["eq", "neq", "sw", "ew", "ct", "lt", "lte", "gt", "gte"]);
    let several = prop::sample::select(vec!["in", "nin"]);
    let existing = prop::sample::select(vec!["ex", "nex"]);
    prop_oneof![
        6 => (key(), single, value()).prop_map(|(key, cmp, val)| leaf(&key, cmp, &val)),
        2 => (key(), several, prop::collection::vec(value(), 1..4))
            .prop_map(|(key, cmp, vals)| FilterNode { vals, ..leaf(&key, cmp, "") }),
        1 => (key(), existing).prop_map(|(key, cmp)| leaf(&key, cmp, "")),
    ]
}

fn sensible() -> impl Strategy<Value = FilterNode> {
    sensible_leaf().prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|nodes| node("and", nodes)),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|nodes| node("or", nodes)),
            inner.prop_map(|child| node("not", [child])),
        ]
    })
}

/// Anything at all, but often nearly right.
fn hostile() -> impl Strategy<Value = FilterNode> {
    let text = || prop_oneof![3 => Just(String::new()), 2 => value(), 1 => any::<String>()];
    let word = |words: &[&'static str]| prop_oneof![9 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    let op = word(&["", "and", "or", "not"]);
    let cmp = word(&["", "eq", "in", "nin", "ex", "nex", "lt", "ct"]);
    let flat = (op, text(), cmp, text(), prop::collection::vec(text(), 0..3))
        .prop_map(|(op, key, cmp, val, vals)| FilterNode { op, key, cmp, val, vals, nodes: Vec::new() });
    flat.clone().prop_recursive(20, 200, 12, move |inner| {
        (flat.clone(), prop::collection::vec(inner, 0..12))
            .prop_map(|(node, nodes)| FilterNode { nodes, ..node })
    })
}

proptest! {
    #[test]
    fn filters_mean_what_the_protocol_says(
        root in sensible(),
        tags in prop::collection::btree_map(key(), value(), 0..3),
    ) {
        let filter = Filter::new(root.clone()).unwrap();

        prop_assert_eq!(filter.passes(Some(&tags)), naive(&root, &tags));
    }

    #[test]
    fn no_tags_are_empty_tags(root in sensible()) {
        let filter = Filter::new(root).unwrap();

        prop_assert_eq!(filter.passes(None), filter.passes(Some(&Tags::new())));
    }

    #[test]
    fn hostile_trees_do_no_harm(
        root in hostile(),
        tags in prop::collection::btree_map(any::<String>(), any::<String>(), 0..3),
    ) {
        if let Ok(filter) = Filter::new(root) {
            filter.passes(Some(&tags));
        }
    }
}
