//! Finished messages that wait for a line. No heap block while none or one waits.

use std::collections::VecDeque;
use std::mem;

use bytes::{Buf as _, Bytes};

/// Messages in order.
#[derive(Debug, Default)]
pub(super) enum Queue {
    /// None.
    #[default]
    Empty,
    /// One.
    One(Bytes),
    /// Several, or some of several.
    Many(VecDeque<Bytes>),
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    pub(super) fn push(&mut self, message: Bytes) {
        match self {
            Self::Empty => *self = Self::One(message),
            Self::One(first) => {
                let first = mem::take(first);
                *self = Self::Many(VecDeque::from([first, message]));
            }
            Self::Many(messages) => messages.push_back(message),
        }
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut Bytes> {
        match self {
            Self::Empty => None,
            Self::One(first) => Some(first),
            Self::Many(messages) => messages.front_mut(),
        }
    }

    /// The only message, if there is but one.
    pub(super) fn only(&self) -> Option<&Bytes> {
        match self {
            Self::Empty => None,
            Self::One(first) => Some(first),
            Self::Many(messages) => messages.front().filter(|_| messages.len() == 1),
        }
    }

    pub(super) fn pop(&mut self) {
        match self {
            Self::Empty => {}
            Self::One(_) => *self = Self::Empty,
            Self::Many(messages) => {
                messages.pop_front();
                if messages.is_empty() {
                    *self = Self::Empty;
                }
            }
        }
    }

    /// So many bytes at the front have been taken away; whether the message that is first now has lost some of them.
    pub(super) fn advance(&mut self, mut count: usize) -> bool {
        while let Some(first) = self.front_mut() {
            if first.len() > count {
                first.advance(count);
                return count > 0;
            }
            count -= first.len();
            self.pop();
        }
        false
    }

    /// Keeps the first messages only; returns how many bytes went.
    pub(super) fn truncate(&mut self, count: usize) -> usize {
        let before = self.bytes();
        match self {
            Self::Many(messages) if count > 0 => messages.truncate(count),
            Self::One(_) if count > 0 => {}
            Self::Empty | Self::One(_) | Self::Many(_) => *self = Self::Empty,
        }
        before - self.bytes()
    }

    /// The bytes of all messages together.
    pub(super) fn bytes(&self) -> usize {
        self.iter().map(Bytes::len).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bytes> {
        let (one, many) = match self {
            Self::Empty => (None, None),
            Self::One(first) => (Some(first), None),
            Self::Many(messages) => (None, Some(messages.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(messages: &[&'static str]) -> Queue {
        let mut queue = Queue::default();
        messages.iter().for_each(|message| queue.push(Bytes::from_static(message.as_bytes())));
        queue
    }

    fn text(queue: &Queue) -> Vec<&str> {
        queue.iter().map(|message| std::str::from_utf8(message).unwrap()).collect()
    }

    #[test]
    fn messages_come_out_in_order() {
        let mut queue = queue(&["a", "b", "c"]);

        assert_eq!(text(&queue), ["a", "b", "c"]);
        queue.pop();
        assert_eq!(queue.front_mut().unwrap(), "b");
        assert_eq!(queue.only(), None);
        queue.pop();
        assert_eq!(queue.only().unwrap(), "c");
        queue.pop();
        assert!(queue.is_empty() && queue.front_mut().is_none());
    }

    #[test]
    fn what_was_taken_away_may_end_within_a_message() {
        let mut long = queue(&["abc", "defg", "h"]);

        assert!(!long.advance(3));
        assert_eq!(text(&long), ["defg", "h"]);
        assert!(long.advance(1));
        assert_eq!(text(&long), ["efg", "h"]);
        assert!(!long.advance(4));
        assert!(long.is_empty());
        assert!(!queue(&["a"]).advance(0));
    }

    #[test]
    fn end_can_be_cut_off() {
        let mut long = queue(&["ab", "cde", "f"]);

        assert_eq!(long.truncate(1), 4);
        assert_eq!((text(&long), long.bytes()), (vec!["ab"], 2));
        assert_eq!(long.truncate(0), 2);
        assert!(long.is_empty());
        assert_eq!(queue(&["a"]).truncate(1), 0);
    }
}
