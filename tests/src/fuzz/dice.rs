//! The one source of chance of a run.

/// A small generator (xorshift), the same on every machine.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        // Zero would stay zero; neighbouring seeds should not begin alike.
        Self((seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03).max(1))
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.roll().to_be_bytes()[0]
    }

    /// A number below `bound`; zero if the bound is.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() >> 11).unwrap_or_default().checked_rem(bound).unwrap_or_default()
    }

    /// One of these; the default if there are none.
    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len());
        from.get(index).copied().unwrap_or_default()
    }
}
