//! The text of a patch: numbers, commands, checksum.

/// A patch as it is written.
pub(super) struct Script(Vec<u8>);

impl Script {
    /// A script for a target of this length.
    pub(super) fn begin(target_bytes: usize) -> Self {
        let mut script = Self(Vec::with_capacity(CAPACITY_BYTES));
        script.number(target_bytes);
        script.0.push(b'\n');
        script
    }

    /// Bytes that a copy adds, when it stands between two inserts that could have been one.
    pub(super) fn copy_cost(count: usize, offset: usize) -> usize {
        digits(count) + "@".len() + digits(offset) + ",".len() + "9:".len()
    }

    /// Tells `count` bytes of the base.
    pub(super) fn copy(&mut self, count: usize, offset: usize) {
        self.number(count);
        self.0.push(b'@');
        self.number(offset);
        self.0.push(b',');
    }

    /// Tells bytes as they are.
    pub(super) fn insert(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.number(bytes.len());
        self.0.push(b':');
        self.0.extend_from_slice(bytes);
    }

    /// The whole patch for this target.
    pub(super) fn finish(mut self, target: &[u8]) -> Vec<u8> {
        self.number(checksum(target) as usize);
        self.0.push(b';');
        self.0
    }

    fn number(&mut self, number: usize) {
        for place in (0..digits(number)).rev() {
            let digit = (number >> (place * DIGIT_BITS)) % DIGITS.len();
            self.0.extend(DIGITS.get(digit));
        }
    }
}

/// Room for the patch of a small edit.
const CAPACITY_BYTES: usize = 64;

const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
const DIGIT_BITS: usize = 6;

fn digits(number: usize) -> usize {
    number.checked_ilog2().map_or(1, |bit| bit as usize / DIGIT_BITS + 1)
}

/// The sum of the target's big-endian words, the last one filled up with zeros.
pub(super) fn checksum(target: &[u8]) -> u32 {
    let (words, rest) = target.as_chunks::<4>();
    let mut last = [0; 4];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    words.iter().fold(u32::from_be_bytes(last), |sum, word| sum.wrapping_add(u32::from_be_bytes(*word)))
}
