//! Frames that nobody means well with.

use super::Dialect;

/// Every prefix of a good frame is read or refused.
pub fn a_cut_command_never_panics(dialect: &Dialect) {
    let frame = dialect.sample_frame();

    for end in 0..frame.len() {
        survives(dialect, frame.get(..end).unwrap_or_default());
    }
}

/// Bytes without any sense are read or refused.
pub fn random_bytes_never_panic(dialect: &Dialect) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);

    for _ in 0..5_000 {
        let frame: Vec<u8> = (0..dice.below(96)).map(|_| dice.byte()).collect();
        survives(dialect, &frame);
    }
}

/// Good frames with some bytes changed, inserted or removed are read or refused.
pub fn mutated_commands_never_panic(dialect: &Dialect) {
    let good = dialect.sample_frame();
    let mut dice = Dice(0xd1b5_4a32_d192_ed03);

    for _ in 0..10_000 {
        let mut frame = good.clone();
        for _ in 0..=dice.below(4) {
            let place = dice.below(frame.len());
            let known = good.get(dice.below(good.len())).copied().unwrap_or_default();
            match dice.below(4) {
                0 => frame.insert(place, dice.byte()),
                1 => frame.insert(place, known),
                2 => frame.truncate(frame.len().saturating_sub(dice.below(8))),
                _ => frame.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << dice.below(8)),
            }
        }
        survives(dialect, &frame);
    }
}

/// Hostile bytes yield commands or an error, and no more commands than bytes.
fn survives(dialect: &Dialect, frame: &[u8]) {
    let mut commands = Vec::new();

    let read = dialect.protocol.decode(frame, &mut commands);

    assert!(read.is_err() || !commands.is_empty(), "read nothing from {frame:?}");
    assert!(commands.len() <= frame.len(), "more commands than bytes in {frame:?}");
}

/// A small generator (xorshift), so that a failing run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.roll().to_be_bytes()[0]
    }

    /// A number below `bound`; zero if the bound is.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() >> 11).unwrap_or_default().checked_rem(bound).unwrap_or_default()
    }
}
