//! From good inputs to bad ones.

use super::dice::Dice;

/// Longest input that is made.
const INPUT_BYTES_MAX: usize = 8 * 1024;
/// Most steps away from a good input.
const STEPS_MAX: usize = 6;

/// Bytes that often mean the end of something, its escape, or its length.
const BYTES: &[u8] = b"\0\x01\x7e\x7f\x80\x81\xff\"\\{}[]:,.-+=#0019\n\r \t";

/// Numbers in text that do not fit somewhere.
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"-1",
    b"00",
    b"2147483648",
    b"4294967296",
    b"9223372036854775808",
    b"18446744073709551616",
    b"1e999",
    b"0.5",
    b"null",
];

/// Varints: longer than needed, the largest, without an end.
const VARINTS: &[&[u8]] = &[
    b"\x80\x00",
    b"\x81\x80\x80\x80\x00",
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
];

/// Lengths of fixed size that lie.
const LENGTHS: &[&[u8]] = &[
    b"\0\0",
    b"\xff\xff",
    b"\x7f\xff",
    b"\0\0\0\0\0\0\0\0",
    b"\0\0\0\0\0\x01\0\0",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
];

/// Makes inputs, one after the other.
pub(super) struct Mutator {
    dice: Dice,
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static [u8]],
}

impl Mutator {
    pub(super) fn new(seed: u64, seeds: Vec<Vec<u8>>, words: &'static [&'static [u8]]) -> Self {
        Self { dice: Dice::new(seed), seeds, words }
    }

    /// The next input.
    pub(super) fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        for _ in 0..=self.dice.below(STEPS_MAX) {
            self.step(&mut input);
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        let index = self.dice.below(self.seeds.len());
        self.seeds.get(index).cloned().unwrap_or_default()
    }

    fn step(&mut self, input: &mut Vec<u8>) {
        match self.dice.below(14) {
            0 => self.flip(input),
            1 => self.put(input, |dice| vec![dice.byte()]),
            2 => self.put(input, |dice| vec![dice.pick(BYTES)]),
            3 => self.insert(input, |dice| vec![dice.pick(BYTES)]),
            4 | 5 => {
                let words = self.words;
                self.insert(input, |dice| dice.pick(words).to_vec());
            }
            6 => {
                let words = self.words;
                self.put(input, |dice| dice.pick(words).to_vec());
            }
            7 => self.put(input, |dice| dice.pick(LENGTHS).to_vec()),
            8 => self.insert(input, |dice| dice.pick(VARINTS).to_vec()),
            9 => self.renumber(input),
            10 => self.remove(input),
            11 => self.repeat(input),
            12 => input.truncate(self.dice.below(input.len())),
            _ => self.splice(input),
        }
    }

    fn flip(&mut self, input: &mut [u8]) {
        let place = self.dice.below(input.len());
        let bit = 1 << self.dice.below(8);
        input.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= bit);
    }

    /// Writes over what is there.
    fn put(&mut self, input: &mut [u8], make: impl FnOnce(&mut Dice) -> Vec<u8>) {
        let place = self.dice.below(input.len());
        let new = make(&mut self.dice);
        input.iter_mut().skip(place).zip(new).for_each(|(byte, new)| *byte = new);
    }

    fn insert(&mut self, input: &mut Vec<u8>, make: impl FnOnce(&mut Dice) -> Vec<u8>) {
        let place = self.dice.below(input.len() + 1);
        let new = make(&mut self.dice);
        input.splice(place..place, new);
    }

    /// Puts another number in the place of one in text.
    fn renumber(&mut self, input: &mut Vec<u8>) {
        let from = self.dice.below(input.len());
        let digits = |byte: &u8| byte.is_ascii_digit();
        let Some(begin) = input.iter().skip(from).position(digits).map(|place| place + from) else { return };
        let count = input.iter().skip(begin).take_while(|byte| digits(byte)).count();
        input.splice(begin..begin + count, self.dice.pick(NUMBERS).iter().copied());
    }

    fn remove(&mut self, input: &mut Vec<u8>) {
        input.drain(self.range(input.len()));
    }

    /// Says something again, perhaps very often, perhaps elsewhere.
    fn repeat(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input.len());
        let times = match self.dice.below(4) {
            0 => self.dice.below(2_000),
            _ => 1 + self.dice.below(3),
        };
        let times = times.min(INPUT_BYTES_MAX / range.len().max(1));
        let place = if self.dice.below(2) == 0 { range.end } else { self.dice.below(input.len() + 1) };
        let again = input.get(range).unwrap_or_default().repeat(times);
        input.splice(place..place, again);
    }

    /// Goes on as another good input does.
    fn splice(&mut self, input: &mut Vec<u8>) {
        let other = self.seed();
        input.truncate(self.dice.below(input.len() + 1));
        input.extend(other.iter().skip(self.dice.below(other.len())));
    }

    /// Somewhere within so many bytes; short ones are more likely.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let begin = self.dice.below(len);
        let longest = match self.dice.below(3) {
            0 => len,
            1 => 32,
            _ => 4,
        };
        let count = 1 + self.dice.below(longest);
        begin..(begin + count).min(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_decides_everything() {
        let make = |seed| Mutator::new(seed, vec![b"{\"id\":1}".to_vec(), vec![]], &[b"word"]);
        let inputs = |seed| {
            let mut mutator = make(seed);
            Vec::from_iter((0..1_000).map(|_| mutator.next()))
        };

        assert_eq!(inputs(7), inputs(7));
        assert_ne!(inputs(7), inputs(8));
        assert!(inputs(7).iter().all(|input| input.len() <= INPUT_BYTES_MAX));
    }
}
