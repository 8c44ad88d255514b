//! Runs: stretches of the target that stand in the base too.

/// Bytes compared at once.
const STEP: usize = 16;

/// A stretch of bytes that base and target have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Where it begins in the base.
    pub(super) base: usize,
    /// Where it begins in the target.
    pub(super) target: usize,
    /// How many bytes it has.
    pub(super) count: usize,
}

impl Run {
    /// What both begin with.
    pub(super) fn head(base: &[u8], target: &[u8]) -> Self {
        Self { base: 0, target: 0, count: alike_ahead(base, target) }
    }

    /// What both end with.
    pub(super) fn tail(base: &[u8], target: &[u8]) -> Self {
        let count = alike_behind(base, target);
        Self { base: base.len() - count, target: target.len() - count, count }
    }

    /// Everything alike around `place` in the base and `at` in the target, but nothing of the target before `told`.
    pub(super) fn around(base: &[u8], place: usize, target: &[u8], told: usize, at: usize) -> Self {
        let before =
            alike_behind(base.get(..place).unwrap_or_default(), target.get(told..at).unwrap_or_default());
        let behind = alike_ahead(base.get(place..).unwrap_or_default(), target.get(at..).unwrap_or_default());
        Self { base: place - before, target: at - before, count: before + behind }
    }

    /// The run of a target of which only the part behind `told` was compared.
    pub(super) fn behind(self, told: usize) -> Self {
        Self { target: self.target + told, ..self }
    }

    /// The run without the characters it has only a part of. Being the same bytes, they are cut in the base as they are
    /// in the target.
    pub(super) fn between_characters(self, target: &str) -> Self {
        let begin = target.ceil_char_boundary(self.target);
        let end = target.floor_char_boundary(self.target + self.count);
        Self { base: self.base + (begin - self.target), target: begin, count: end.saturating_sub(begin) }
    }
}

fn alike_ahead(left: &[u8], right: &[u8]) -> usize {
    let (left_steps, _) = left.as_chunks::<STEP>();
    let (right_steps, _) = right.as_chunks::<STEP>();
    let sure = left_steps.iter().zip(right_steps).take_while(|(left, right)| left == right).count() * STEP;

    let rest = left.iter().skip(sure).zip(right.iter().skip(sure));
    sure + rest.take_while(|(left, right)| left == right).count()
}

fn alike_behind(left: &[u8], right: &[u8]) -> usize {
    let (_, left_steps) = left.as_rchunks::<STEP>();
    let (_, right_steps) = right.as_rchunks::<STEP>();
    let sure = left_steps
        .iter()
        .rev()
        .zip(right_steps.iter().rev())
        .take_while(|(left, right)| left == right)
        .count()
        * STEP;

    let rest = left.iter().rev().skip(sure).zip(right.iter().rev().skip(sure));
    sure + rest.take_while(|(left, right)| left == right).count()
}
