//! The rules for tag filters (P section 14) by the letter, without any preparation.

use std::cmp::Ordering;

use ports::channels::{FilterNode, Tags};
use wigwag_core::channels::filter::{BYTES_MAX, DEPTH_MAX, NODES_MAX};

/// Whether a filter is one.
pub(super) fn makes_sense(root: &FilterNode) -> bool {
    depth(root) <= DEPTH_MAX && nodes(root) <= NODES_MAX && bytes(root) <= BYTES_MAX && is_good(root)
}

fn depth(node: &FilterNode) -> usize {
    1 + node.nodes.iter().map(depth).max().unwrap_or(0)
}

fn nodes(node: &FilterNode) -> usize {
    1 + node.nodes.iter().map(nodes).sum::<usize>()
}

fn bytes(node: &FilterNode) -> usize {
    let vals: usize = node.vals.iter().map(|val| val.len() + 1).sum();
    node.key.len() + node.val.len() + vals + node.nodes.iter().map(bytes).sum::<usize>()
}

fn is_good(node: &FilterNode) -> bool {
    let (has_key, has_val, has_vals) = (!node.key.is_empty(), !node.val.is_empty(), !node.vals.is_empty());
    let is_bare = !has_key && !has_val && !has_vals && node.cmp.is_empty();
    let children = node.nodes.len();
    let is_node = match node.op.as_str() {
        "" => {
            let has_value = match node.cmp.as_str() {
                "in" | "nin" => has_vals && !has_val,
                "ex" | "nex" => !has_vals && !has_val,
                "eq" | "neq" | "sw" | "ew" | "ct" | "lt" | "lte" | "gt" | "gte" => has_val && !has_vals,
                _ => false,
            };
            has_key && has_value && children == 0
        }
        "and" | "or" => is_bare && children >= 1,
        "not" => is_bare && children == 1,
        _ => false,
    };
    is_node && node.nodes.iter().all(is_good)
}

/// Whether a publication with these tags passes a filter that makes sense.
pub(super) fn passes(node: &FilterNode, tags: &Tags) -> bool {
    match node.op.as_str() {
        "and" => node.nodes.iter().all(|node| passes(node, tags)),
        "or" => node.nodes.iter().any(|node| passes(node, tags)),
        "not" => !node.nodes.iter().any(|node| passes(node, tags)),
        _ => is_true(node, tags.get(&node.key)),
    }
}

fn is_true(leaf: &FilterNode, tag: Option<&String>) -> bool {
    let Some(tag) = tag else { return matches!(leaf.cmp.as_str(), "neq" | "nin" | "nex") };
    let ordering = || compared(tag, &leaf.val);
    match leaf.cmp.as_str() {
        "eq" => *tag == leaf.val,
        "neq" => *tag != leaf.val,
        "in" => leaf.vals.contains(tag),
        "nin" => !leaf.vals.contains(tag),
        "ex" => true,
        "sw" => tag.starts_with(&leaf.val),
        "ew" => tag.ends_with(&leaf.val),
        "ct" => tag.contains(&leaf.val),
        "lt" => ordering() == Some(Ordering::Less),
        "lte" => matches!(ordering(), Some(Ordering::Less | Ordering::Equal)),
        "gt" => ordering() == Some(Ordering::Greater),
        "gte" => matches!(ordering(), Some(Ordering::Greater | Ordering::Equal)),
        _ => false,
    }
}

/// How two decimals compare, if both are.
fn compared(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (number(one)?, number(other)?);
    Some(match (one.0, other.0) {
        (false, false) => one.1.cmp(&other.1),
        (true, true) => other.1.cmp(&one.1),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

/// Whether a decimal is below zero, and its digits with so many zeros around them that texts compare as numbers.
fn number(text: &str) -> Option<(bool, String)> {
    const DIGITS: usize = 64;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = (whole.len() + part.len() > 0)
        && text.len() <= DIGITS
        && whole.chars().chain(part.chars()).all(|c| c.is_ascii_digit());
    let digits = format!("{whole:0>DIGITS$}{part:0<DIGITS$}");
    let is_negative = text.starts_with('-') && digits.contains(|digit| digit != '0');
    is_number.then_some((is_negative, digits))
}
