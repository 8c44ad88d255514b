//! What a session has put off.

use std::collections::VecDeque;

use super::Farewell;
use super::task::Work;

/// Work that waits for its turn, and farewells that failed. Most sessions have put nothing off most of the time; then
/// it takes no room.
#[derive(Debug, Default)]
pub(super) struct Backlog(Option<Box<Items>>);

#[derive(Debug, Default)]
struct Items {
    work: VecDeque<Work>,
    /// To be said again at the end.
    farewells: Vec<Farewell>,
}

impl Backlog {
    /// How much work waits.
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |items| items.work.len())
    }

    /// Whether no work waits.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What waits, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Work> {
        self.0.iter().flat_map(|items| &items.work)
    }

    /// What came last of what waits.
    pub(super) fn last(&self) -> Option<&Work> {
        self.0.as_ref()?.work.back()
    }

    /// Puts work off until everything before it is done.
    pub(super) fn push_back(&mut self, work: Work) {
        self.items().work.push_back(work);
    }

    /// Puts work off until what is under way is done.
    pub(super) fn push_front(&mut self, work: Work) {
        self.items().work.push_front(work);
    }

    /// Takes out what is next.
    pub(super) fn pop_front(&mut self) -> Option<Work> {
        let work = self.0.as_mut()?.work.pop_front();
        self.give_back();
        work
    }

    /// Takes out all work.
    pub(super) fn take_work(&mut self) -> VecDeque<Work> {
        let work = self.0.as_mut().map(|items| std::mem::take(&mut items.work));
        self.give_back();
        work.unwrap_or_default()
    }

    /// Remembers what has failed.
    pub(super) fn owe(&mut self, farewells: Vec<Farewell>) {
        if !farewells.is_empty() {
            self.items().farewells.extend(farewells);
        }
    }

    /// Takes out what has failed.
    pub(super) fn take_owed(&mut self) -> Vec<Farewell> {
        let farewells = self.0.as_mut().map(|items| std::mem::take(&mut items.farewells));
        self.give_back();
        farewells.unwrap_or_default()
    }

    fn items(&mut self) -> &mut Items {
        self.0.get_or_insert_default()
    }

    fn give_back(&mut self) {
        self.0.take_if(|items| items.work.is_empty() && items.farewells.is_empty());
    }
}
