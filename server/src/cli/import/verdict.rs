//! What the server itself says of a draft: what it would refuse is taken out, with its reason.

use super::draft::Draft;
use crate::config::Config;

/// Takes out one refused setting after the other, until the rest is accepted.
pub(super) fn settle(draft: &mut Draft) {
    for _ in 0..=draft.len() {
        let Some(problem) = problem_of(&draft.text()) else { return };
        let (line, reason) = located(&problem);
        // A reason of that kind names the setting already.
        if !line.is_some_and(|line| draft.refuse(line, reason)) {
            draft.leave("the new file", reason);
            return;
        }
    }
}

/// What errors call a text that is no file yet.
const NAME: &str = "draft";

/// Why a text would be refused.
fn problem_of(text: &str) -> Option<String> {
    let read = Config::parse(Some((NAME, text)), std::iter::empty(), Vec::new());
    read.err().map(|error| error.to_string())
}

/// The line that a problem names, and the rest of it.
fn located(problem: &str) -> (Option<usize>, &str) {
    let numbered = problem.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(':')?.split_once(": "));
    match numbered {
        Some((line, reason)) => (line.parse().ok(), reason),
        None => {
            (None, problem.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(problem))
        }
    }
}
