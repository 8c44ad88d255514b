//! Deltas: the difference between two payloads in the fossil format (P-DL-3, P-DL-7).
//!
//! ```text
//! g\n        header: the length of the target
//! G@0,       copy: 16 bytes from offset 0 of the base
//! 3:cat      insert: three bytes, literally
//! O@J,       copy: 24 bytes from offset 19 of the base
//! 1qBX4R;    end: the checksum of the target
//! ```
//!
//! Most edits of a document leave its beginning and its end alone: these two are compared first. Only what lies between
//! them is searched for in an index of the base.

mod index;
mod run;
mod script;

#[cfg(test)]
mod tests;

use ports::channels::Patch;

use index::{BYTES_MAX, Index, WINDOW, window_at};
use run::Run;
use script::Script;

/// The patch that makes `target` of `base`; `None` if it would not be smaller than the target itself.
pub fn patch(base: &[u8], target: &[u8]) -> Option<Patch> {
    if base.is_empty() || base.len().max(target.len()) > BYTES_MAX {
        return None;
    }
    let text = str::from_utf8(target).ok().filter(|_| str::from_utf8(base).is_ok());

    let script = Comparison::new(base, target, text).script();
    (script.len() < target.len()).then(|| Patch { bytes: script.into(), is_text: text.is_some() })
}

/// A target on its way to being told as copies from a base and inserts.
struct Comparison<'a> {
    base: &'a [u8],
    target: &'a [u8],
    /// The target, if it may be cut between characters only.
    text: Option<&'a str>,
    script: Script,
    /// Bytes of the target that the script tells already.
    told: usize,
    /// Where in the base the last copy ended.
    resume: usize,
}

impl<'a> Comparison<'a> {
    fn new(base: &'a [u8], target: &'a [u8], text: Option<&'a str>) -> Self {
        Self { base, target, text, script: Script::begin(target.len()), told: 0, resume: 0 }
    }

    fn script(mut self) -> Vec<u8> {
        if let Some(head) = self.fit(Run::head(self.base, self.target)) {
            self.copy(head);
        }
        let untold = self.target.get(self.told..).unwrap_or_default();
        let tail = self.fit(Run::tail(self.base, untold).behind(self.told));

        let end = tail.map_or(self.target.len(), |tail| tail.target);
        if end - self.told >= WINDOW {
            self.search(end);
        }
        if let Some(tail) = tail {
            self.copy(tail);
        }
        self.insert(self.target.len());
        self.script.finish(self.target)
    }

    /// Tells what it can find in the base of the target before `end`.
    fn search(&mut self, end: usize) {
        let index = Index::of(self.base);
        let target = self.target.get(..end).unwrap_or_default();
        let mut at = self.told;
        while let Some(window) = window_at(target, at) {
            match self.longest(&index, target, at, window) {
                Some(run) => {
                    self.copy(run);
                    at = self.told;
                }
                None => at += 1,
            }
        }
    }

    /// The longest run around a window of the target. The place that follows the last copy is looked at too: a change
    /// that keeps the length leaves everything behind it where it was.
    ///
    /// A place costs no more than the length of its run, and at least the longest run is told next, so that the work
    /// stays linear in the target.
    fn longest(&self, index: &Index, target: &[u8], at: usize, window: &[u8; WINDOW]) -> Option<Run> {
        let mut longest: Option<Run> = None;
        let mut consider = |place| {
            if window_at(self.base, place) == Some(window)
                && let Some(run) = self.fit(Run::around(self.base, place, target, self.told, at))
                && longest.is_none_or(|longest| longest.count < run.count)
            {
                longest = Some(run);
            }
        };
        consider(self.resume + (at - self.told));
        index.places(window).for_each(consider);
        longest
    }

    /// The run without the characters it cuts, if it is still worth a copy.
    fn fit(&self, run: Run) -> Option<Run> {
        let run = self.text.map_or(run, |text| run.between_characters(text));
        (run.count > Script::copy_cost(run.count, run.base)).then_some(run)
    }

    fn copy(&mut self, run: Run) {
        self.insert(run.target);
        self.script.copy(run.count, run.base);
        self.told = run.target + run.count;
        self.resume = run.base + run.count;
    }

    fn insert(&mut self, end: usize) {
        self.script.insert(self.target.get(self.told..end).unwrap_or_default());
        self.told = end;
    }
}
