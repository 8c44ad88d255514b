//! What is published in a storm: whoever knows the number of a message knows the message.

use serde_json::{Value, json};

/// The kind of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Each is its own number.
    Numbers,
    /// Each is a text that differs from the one before in a word, and now and then in all words.
    Texts,
}

/// Words of letters that share their first bytes, so that a careless patch would cut letters in two.
const WORDS: [&str; 12] = [
    "берег",
    "берёг",
    "Берег",
    "naïve",
    "naïvë",
    "東京",
    "東亰",
    "😀",
    "😁",
    "👩\u{200d}🚀",
    "и\u{306}",
    "plain",
];
/// Words in a text.
const PLACES: u64 = 24;
/// Messages until all words change.
const EDITION: u64 = 40;

impl News {
    /// The message of this number.
    pub(super) fn message(self, number: u64) -> Value {
        match self {
            Self::Numbers => json!(number),
            Self::Texts => json!({ "number": number, "text": text(number) }),
        }
    }
}

fn text(number: u64) -> String {
    let word = |place: u64| {
        let turn = (number + place) / PLACES + 5 * place + number / EDITION;
        WORDS.iter().cycle().nth((turn % WORDS.len() as u64) as usize).copied().unwrap_or_default()
    };
    Vec::from_iter((0..PLACES).map(word)).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_differ_in_a_word_and_editions_in_all() {
        for number in 0..200 {
            let (before, after) = (text(number), text(number + 1));
            let changed = before.split(' ').zip(after.split(' ')).filter(|(one, other)| one != other).count();

            let is_edition = (number + 1) % EDITION == 0;
            assert_eq!(changed, if is_edition { 24 } else { 1 }, "{number}: {before} / {after}");
        }
    }
}
