//! The one source of chance of a run.

use crate::rng::Rng;

/// A generator with the throws that mutations need.
pub(super) struct Dice(Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rng::new(seed))
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0.draw()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.roll().to_be_bytes()[0]
    }

    /// A number below `bound`; zero if the bound is.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0.index(bound)
    }

    /// One of these; the default if there are none.
    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len());
        from.get(index).copied().unwrap_or_default()
    }
}
