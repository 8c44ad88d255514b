//! A hashed timer wheel: one deadline for each of many small numbers, filed in constant time.

use std::time::Duration;

use ports::time::Timestamp;

/// Length of a slot. A deadline is noticed at most this much late.
pub const TICK: Duration = Duration::from_millis(250);

const TICK_MILLIS: u64 = 250;
const SLOTS: usize = 256;
const NONE: u32 = u32::MAX;

/// Deadlines of keys that are indices of a slab. Deadlines beyond one turn of the wheel (64 seconds) are filed in its
/// last slot and filed again when it comes round.
#[derive(Debug)]
pub struct Wheel {
    heads: Vec<u32>,
    links: Vec<Link>,
    /// The number of the next tick to be taken.
    tick: u64,
    filed: usize,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    previous: u32,
    next: u32,
    /// The slot it is filed in.
    slot: u16,
    deadline: Timestamp,
}

const UNFILED: u16 = u16::MAX;
const FREE: Link = Link { previous: NONE, next: NONE, slot: UNFILED, deadline: Timestamp::NEVER };

impl Wheel {
    /// An empty wheel.
    pub fn new(now: Timestamp) -> Self {
        Self { heads: vec![NONE; SLOTS], links: Vec::new(), tick: now.as_millis() / TICK_MILLIS, filed: 0 }
    }

    /// How many deadlines are filed.
    pub fn len(&self) -> usize {
        self.filed
    }

    /// Whether no deadline is filed.
    pub fn is_empty(&self) -> bool {
        self.filed == 0
    }

    /// Sets the deadline of `key`, in place of any earlier one; `None` takes it out.
    pub fn file(&mut self, key: u32, deadline: Option<Timestamp>) {
        let index = key as usize;
        if self.links.len() <= index {
            if deadline.is_none() {
                return;
            }
            self.links.resize(index + 1, FREE);
        }
        if self.links.get(index).is_some_and(|link| link.slot != UNFILED && Some(link.deadline) == deadline) {
            return;
        }
        self.unlink(key);
        if let Some(deadline) = deadline {
            self.link(key, deadline);
        }
    }

    /// Takes all keys whose deadline has come.
    pub fn due(&mut self, now: Timestamp, due: &mut Vec<u32>) {
        let last = now.as_millis() / TICK_MILLIS;
        let first = self.tick.max((last + 1).saturating_sub(SLOTS as u64));
        for tick in first..=last {
            self.tick = tick + 1;
            self.take_slot(tick, now, due);
        }
    }

    fn take_slot(&mut self, tick: u64, now: Timestamp, due: &mut Vec<u32>) {
        let Some(head) = self.heads.get_mut(slot_of(tick)) else { return };
        let mut key = std::mem::replace(head, NONE);
        while key != NONE {
            let Some(link) = self.links.get_mut(key as usize) else { return };
            let Link { next, deadline, .. } = *link;
            *link = FREE;
            self.filed -= 1;
            if deadline <= now {
                due.push(key);
            } else {
                self.link(key, deadline);
            }
            key = next;
        }
    }

    fn link(&mut self, key: u32, deadline: Timestamp) {
        let wanted = deadline.as_millis().div_ceil(TICK_MILLIS);
        let tick = wanted.clamp(self.tick, self.tick + SLOTS as u64 - 1);
        let slot = slot_of(tick);
        let Some(head) = self.heads.get_mut(slot) else { return };
        let next = std::mem::replace(head, key);
        if let Some(first) = self.links.get_mut(next as usize) {
            first.previous = key;
        }
        if let Some(link) = self.links.get_mut(key as usize) {
            *link = Link { previous: NONE, next, slot: u16::try_from(slot).unwrap_or(UNFILED), deadline };
            self.filed += 1;
        }
    }

    fn unlink(&mut self, key: u32) {
        let Some(link) = self.links.get_mut(key as usize) else { return };
        if link.slot == UNFILED {
            return;
        }
        let Link { previous, next, slot, .. } = *link;
        *link = FREE;
        self.filed -= 1;
        if let Some(after) = self.links.get_mut(next as usize) {
            after.previous = previous;
        }
        match self.links.get_mut(previous as usize) {
            Some(before) => before.next = next,
            None => {
                if let Some(head) = self.heads.get_mut(usize::from(slot)) {
                    *head = next;
                }
            }
        }
    }
}

fn slot_of(tick: u64) -> usize {
    usize::try_from(tick % SLOTS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_deadline_comes_once_and_at_most_a_tick_late() {
        let mut wheel = Wheel::new(at(1_000));
        let mut due = Vec::new();
        wheel.file(3, Some(at(1_300)));

        wheel.due(at(1_299), &mut due);
        assert!(due.is_empty());
        wheel.due(at(1_550), &mut due);
        wheel.due(at(9_000), &mut due);

        assert_eq!(due, [3]);
        assert!(wheel.is_empty());
    }

    #[test]
    fn a_deadline_beyond_a_turn_is_filed_again() {
        let mut wheel = Wheel::new(at(0));
        let mut due = Vec::new();
        wheel.file(0, Some(at(200_000)));

        for now in (0..199_999).step_by(250) {
            wheel.due(at(now), &mut due);
        }
        assert!(due.is_empty());
        wheel.due(at(200_250), &mut due);

        assert_eq!(due, [0]);
    }

    proptest! {
        /// Against the obvious: a map from key to deadline.
        #[test]
        fn wheel_agrees_with_a_table(
            steps in proptest::collection::vec((0_u32..20, 0_u64..100_000, 0_u64..2_000, 0_u8..4), 1..200)
        ) {
            let mut wheel = Wheel::new(at(0));
            let mut table = std::collections::BTreeMap::new();
            let mut now = 0;
            for (key, ahead, pass, kind) in steps {
                if kind == 0 {
                    wheel.file(key, None);
                    table.remove(&key);
                } else {
                    wheel.file(key, Some(at(now + ahead)));
                    table.insert(key, now + ahead);
                }
                now += pass;
                let mut due = Vec::new();
                wheel.due(at(now), &mut due);
                for key in due {
                    let deadline = table.remove(&key);
                    prop_assert!(deadline.is_some_and(|deadline| deadline <= now));
                }
                prop_assert!(table.values().all(|deadline| deadline + 250 > now));
                prop_assert_eq!(wheel.len(), table.len());
            }
        }
    }
}
