//! From what a client wrote to a filter that can be asked: every fault is found here, once.

use std::collections::BTreeSet;

use ports::channels::FilterNode;

use super::decimal::Decimal;
use super::{BYTES_MAX, DEPTH_MAX, InvalidFilter, NODES_MAX, Side, Test, Trait};

pub(super) fn compile(root: &FilterNode) -> Result<Test, InvalidFilter> {
    Budget { nodes: NODES_MAX, bytes: BYTES_MAX }.node(root, DEPTH_MAX)
}

/// What may still follow.
struct Budget {
    nodes: usize,
    bytes: usize,
}

impl Budget {
    fn node(&mut self, node: &FilterNode, depth: usize) -> Result<Test, InvalidFilter> {
        let depth = depth.checked_sub(1).ok_or(InvalidFilter::TooDeep)?;
        self.nodes = self.nodes.checked_sub(1).ok_or(InvalidFilter::TooManyNodes)?;
        self.spend_bytes(node)?;
        match (node.op.as_str(), node.nodes.as_slice()) {
            ("", _) => leaf(node),
            ("and", [_, ..]) => Ok(Test::All(self.children(node, depth)?)),
            ("or", [_, ..]) => Ok(Test::Any(self.children(node, depth)?)),
            ("not", [child]) => {
                refuse_comparison(node)?;
                self.node(child, depth).map(not)
            }
            ("and" | "or" | "not", nodes) => {
                Err(InvalidFilter::ChildCount { operator: node.op.clone(), count: nodes.len() })
            }
            _ => Err(InvalidFilter::UnknownOperator(node.op.clone())),
        }
    }

    fn children(&mut self, node: &FilterNode, depth: usize) -> Result<Vec<Test>, InvalidFilter> {
        refuse_comparison(node)?;
        node.nodes.iter().map(|child| self.node(child, depth)).collect()
    }

    fn spend_bytes(&mut self, node: &FilterNode) -> Result<(), InvalidFilter> {
        let texts = node.key.len() + node.val.len();
        let list: usize = node.vals.iter().map(|value| value.len() + 1).sum();
        self.bytes = self.bytes.checked_sub(texts + list).ok_or(InvalidFilter::TooLong)?;
        Ok(())
    }
}

/// Only leaves look at tags.
fn refuse_comparison(node: &FilterNode) -> Result<(), InvalidFilter> {
    let fields = [
        ("key", node.key.is_empty()),
        ("cmp", node.cmp.is_empty()),
        ("val", node.val.is_empty()),
        ("vals", node.vals.is_empty()),
    ];
    refuse(&node.op, fields)
}

fn leaf(node: &FilterNode) -> Result<Test, InvalidFilter> {
    if node.key.is_empty() {
        return Err(InvalidFilter::NoKey);
    }
    refuse(&node.cmp, [("nodes", node.nodes.is_empty())])?;
    let tag = |is| Test::Tag { key: node.key.clone(), is };
    Ok(match node.cmp.as_str() {
        "eq" => tag(Trait::Equal(value(node)?)),
        "neq" => not(tag(Trait::Equal(value(node)?))),
        "in" => tag(Trait::OneOf(list(node)?)),
        "nin" => not(tag(Trait::OneOf(list(node)?))),
        "ex" => tag(anything(node)?),
        "nex" => not(tag(anything(node)?)),
        "sw" => tag(Trait::StartingWith(value(node)?)),
        "ew" => tag(Trait::EndingWith(value(node)?)),
        "ct" => tag(Trait::Containing(value(node)?)),
        "lt" => tag(number(Side::Below, &value(node)?)),
        "lte" => tag(number(Side::AtMost, &value(node)?)),
        "gt" => tag(number(Side::Above, &value(node)?)),
        "gte" => tag(number(Side::AtLeast, &value(node)?)),
        _ => return Err(InvalidFilter::UnknownComparison(node.cmp.clone())),
    })
}

fn value(node: &FilterNode) -> Result<String, InvalidFilter> {
    refuse(&node.cmp, [("vals", node.vals.is_empty())])?;
    if node.val.is_empty() {
        return Err(InvalidFilter::Missing { comparison: node.cmp.clone(), field: "val" });
    }
    Ok(node.val.clone())
}

fn list(node: &FilterNode) -> Result<BTreeSet<String>, InvalidFilter> {
    refuse(&node.cmp, [("val", node.val.is_empty())])?;
    if node.vals.is_empty() {
        return Err(InvalidFilter::Missing { comparison: node.cmp.clone(), field: "vals" });
    }
    Ok(node.vals.iter().cloned().collect())
}

fn anything(node: &FilterNode) -> Result<Trait, InvalidFilter> {
    refuse(&node.cmp, [("val", node.val.is_empty()), ("vals", node.vals.is_empty())])?;
    Ok(Trait::Anything)
}

fn number(side: Side, text: &str) -> Trait {
    Decimal::parse(text).map_or(Trait::Impossible, |number| Trait::Number(side, number.into_owned()))
}

fn not(test: Test) -> Test {
    Test::Not(Box::new(test))
}

/// Names the first field that ought to be empty and is not.
fn refuse<const N: usize>(node: &str, fields: [(&'static str, bool); N]) -> Result<(), InvalidFilter> {
    match fields.into_iter().find(|(_, is_empty)| !is_empty) {
        None => Ok(()),
        Some((field, _)) => Err(InvalidFilter::Unexpected { node: node.to_owned(), field }),
    }
}
