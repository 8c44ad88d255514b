//! Recovery: whether a client that comes back can be given everything it missed (P 12.3).

use std::sync::Arc;

use ports::channels::{Position, Publication};
use ports::protocol::Recovery;

/// How much a recovery may hand out.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most publications.
    pub items_max: usize,
    /// Most payload bytes (P-REC-5).
    pub bytes_max: usize,
}

/// What a recovery came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything missed, in order; perhaps nothing.
    Recovered(Vec<Arc<Publication>>),
    /// The client must load its state anew.
    Lost,
    /// The items given end before the top although the stream may hold the rest: read again from this client's offset.
    Unread,
}

/// Decides from `items`, an ascending run that begins at or before the first missed one, and the top at the same
/// moment. `complete` says that the run was not cut by a limit.
pub fn recover(
    wish: &Recovery,
    items: &[Arc<Publication>],
    top: &Position,
    complete: bool,
    bounds: Bounds,
) -> Verdict {
    if !wish.epoch.is_unknown() && wish.epoch != top.epoch {
        return Verdict::Lost;
    }
    let Some(missed_count) = top.offset.checked_sub(wish.offset) else {
        return Verdict::Lost;
    };
    if missed_count > bounds.items_max as u64 {
        return Verdict::Lost;
    }

    let begin = items.partition_point(|item| item.offset <= wish.offset);
    let missed = items.get(begin..).unwrap_or_default();
    let reaches_top = missed.last().map_or(wish.offset, |last| last.offset) == top.offset;
    if !reaches_top && !complete {
        return Verdict::Unread;
    }
    let gapless = missed.iter().zip(wish.offset + 1..).all(|(item, offset)| item.offset == offset);
    let bytes: usize = missed.iter().map(|item| item.data.len()).sum();
    if !reaches_top || !gapless || bytes > bounds.bytes_max {
        return Verdict::Lost;
    }
    Verdict::Recovered(missed.to_vec())
}
