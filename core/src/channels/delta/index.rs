//! The index of a base: where in it a window of bytes stands.

use std::{iter, mem};

/// Bytes of a window. A run that is nearly twice as long is sure to hold a whole block of the base.
pub(super) const WINDOW: usize = 16;

/// Payloads beyond this are never patched, so that entries stay small; it is far beyond what a message may be.
pub(super) const BYTES_MAX: usize = (NUMBER_MASK as usize) * WINDOW;

/// Places looked at for one window. A base that repeats itself has the others for nothing: they would cost time with
/// each window, and seldom make the patch shorter.
const PLACES_MAX: usize = 8;

/// Most windows of a target stand nowhere in the base: with room in the table most of them meet an empty slot.
const SLOTS_PER_BLOCK: usize = 4;

/// The window that begins at an offset, if there is a whole one.
pub(super) fn window_at(bytes: &[u8], at: usize) -> Option<&[u8; WINDOW]> {
    bytes.get(at..)?.first_chunk()
}

/// The blocks of a base by their hash: at most 2.25 bytes of memory for each of its bytes.
///
/// An entry is a block's number, counted from one, below a part of its hash. Zero is no entry.
pub(super) struct Index {
    /// The first block of each slot.
    heads: Vec<u32>,
    /// For each block the next one of the same slot.
    links: Vec<u32>,
    /// What is left of a hash when it becomes a slot.
    shift: u32,
}

impl Index {
    pub(super) fn of(base: &[u8]) -> Self {
        let (blocks, _) = base.as_chunks::<WINDOW>();
        let slots = (blocks.len() * SLOTS_PER_BLOCK).next_power_of_two().max(2);
        let shift = u64::BITS - slots.trailing_zeros();
        let mut heads = vec![0; slots];
        let mut links = vec![0; blocks.len()];
        // From the end, so that a chain tells the first places first: these can grow longest.
        for (number, (block, link)) in blocks.iter().zip(&mut links).enumerate().rev() {
            let hash = hash(block);
            if let Some(head) = heads.get_mut((hash >> shift) as usize) {
                *link = mem::replace(head, tag(hash) | (number as u32 + 1));
            }
        }
        Self { heads, links, shift }
    }

    /// Offsets at which the base may have this window.
    pub(super) fn places(&self, window: &[u8; WINDOW]) -> impl Iterator<Item = usize> {
        let hash = hash(window);
        let number = |entry: &u32| (entry & NUMBER_MASK).checked_sub(1);
        let first = self.heads.get((hash >> self.shift) as usize).copied();
        iter::successors(first, move |entry| self.links.get(number(entry)? as usize).copied())
            .take(PLACES_MAX)
            .filter(move |entry| entry & !NUMBER_MASK == tag(hash))
            .filter_map(move |entry| Some(number(&entry)? as usize * WINDOW))
    }
}

/// The part of an entry that is the number; the rest is the tag.
const NUMBER_MASK: u32 = (1 << 24) - 1;

/// Bits of a hash far from those of its slot; they spare most looks at the base in vain.
fn tag(hash: u64) -> u32 {
    (hash as u32) & !NUMBER_MASK
}

/// A window is two machine words: two multiplications hash it, and nothing needs to roll along.
fn hash(window: &[u8; WINDOW]) -> u64 {
    let bits = u128::from_le_bytes(*window);
    let (low, high) = (bits as u64, (bits >> 64) as u64);
    (low.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32) ^ high).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}
