//! What every encoding says, however it writes it.

use ports::channels::{Epoch, FilterNode, Publication, Shape};
use ports::protocol::{Disconnect, Recovered, Request, SubscribeAnswer};

/// The timeline told with a live publication: only the first of a stream has it, so that a client that subscribed
/// before there was an epoch can adopt it (P-ST-8).
pub(crate) fn epoch_told<'a>(item: &Publication, epoch: Option<&'a Epoch>) -> Option<&'a Epoch> {
    epoch.filter(|_| item.offset == 1)
}

/// How one of the missed publications of an answer is written (P-DL-5).
pub(crate) fn shape<'a>(answer: &SubscribeAnswer, missed: &'a Recovered) -> Shape<'a> {
    match &missed.patch {
        _ if !answer.delta => Shape::Plain,
        Some(patch) => Shape::Patch(patch),
        None => Shape::Whole,
    }
}

/// Most commands of one frame. The longest frame, of 64 KiB unless the operator wants another, is full of them when each
/// takes sixteen bytes, and one that names a channel is rarely shorter; SDKs put their subscriptions into one frame,
/// 128 by default.
const COMMANDS_MAX: usize = 4_096;

/// Keeps the books of one frame's commands, or a frame of nothing but the shortest would grow into many times its size.
/// Only one ping is open at a time, so a second pong in the same frame answers none (P-CONN-5); and one unknown request
/// ends the connection (P-CONN-7), so that a second means nothing.
#[derive(Default)]
pub(crate) struct FrameRules {
    commands: usize,
    has_pong: bool,
    has_unknown: bool,
}

impl FrameRules {
    /// Whether the frame may hold this command as well.
    pub(crate) fn allow(&mut self, request: &Request) -> Result<(), &'static str> {
        if self.commands == COMMANDS_MAX {
            return Err("one more than a frame may hold");
        }
        self.commands += 1;
        if *request == Request::Pong && std::mem::replace(&mut self.has_pong, true) {
            return Err("a second pong in one frame");
        }
        if *request == Request::Unknown && std::mem::replace(&mut self.has_unknown, true) {
            return Err("a second unknown request in one frame");
        }
        Ok(())
    }
}

/// Nodes of a filter that are kept: more than any server allows, so what was cut is refused for its size. A frame of
/// empty nodes would grow into many times its size otherwise.
const NODES_KEPT: usize = 1_000;

/// A filter without the nodes beyond those.
pub(crate) fn trimmed(mut filter: FilterNode) -> FilterNode {
    let mut left = NODES_KEPT;
    trim(&mut filter, &mut left);
    filter
}

fn trim(node: &mut FilterNode, left: &mut usize) {
    node.nodes.truncate(*left);
    node.nodes.shrink_to_fit();
    *left -= node.nodes.len();
    node.nodes.iter_mut().for_each(|node| trim(node, left));
}

/// Whether SDKs come again after this (P 11.2).
pub(crate) fn reconnects(disconnect: &Disconnect) -> bool {
    matches!(disconnect.code, ..3500 | 4000..4500 | 5000..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_a_thousand_nodes() {
        let leaves = |count| vec![FilterNode::default(); count];
        let branch = FilterNode { nodes: leaves(700), ..FilterNode::default() };
        let filter = FilterNode { nodes: vec![branch.clone(), branch.clone()], ..FilterNode::default() };

        let kept = trimmed(filter);

        let counts: Vec<_> = kept.nodes.iter().map(|branch| branch.nodes.len()).collect();
        assert_eq!(counts, [700, 298]);
        assert_eq!(trimmed(branch.clone()), branch);
    }

    #[test]
    fn one_frame_holds_one_pong() {
        let mut rules = FrameRules::default();

        assert!(rules.allow(&Request::Pong).is_ok());
        assert!(rules.allow(&Request::Ping).is_ok());
        assert!(rules.allow(&Request::Pong).is_err());
    }

    #[test]
    fn one_frame_holds_one_unknown_request() {
        let mut rules = FrameRules::default();

        assert!(rules.allow(&Request::Unknown).is_ok());
        assert!(rules.allow(&Request::Pong).is_ok());
        assert!(rules.allow(&Request::Unknown).is_err());
    }

    #[test]
    fn one_frame_holds_so_many_commands() {
        let mut rules = FrameRules::default();

        assert!((0..COMMANDS_MAX).all(|_| rules.allow(&Request::Ping).is_ok()));
        assert!(rules.allow(&Request::Ping).is_err());
    }

    #[test]
    fn sdks_come_again_after_the_codes_of_certain_ranges() {
        let comes = |code| reconnects(&Disconnect { code, reason: "".into() });

        for (first, last, again) in [
            (3000, 3499, true),
            (3500, 3999, false),
            (4000, 4499, true),
            (4500, 4999, false),
            (5000, u16::MAX, true),
        ] {
            assert_eq!((comes(first), comes(last)), (again, again), "{first}–{last}");
        }
    }
}
