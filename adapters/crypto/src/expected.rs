//! What a claim must say.

use regex::Regex;

/// What the operator expects of `aud` or `iss`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This text.
    Exactly(String),
    /// One of these texts.
    OneOf(Vec<String>),
    /// Whatever this regular expression matches from beginning to end.
    Pattern(Pattern),
}

impl Expected {
    pub(crate) fn accepts(&self, found: &str) -> bool {
        match self {
            Self::Exactly(text) => text == found,
            Self::OneOf(texts) => texts.iter().any(|text| text == found),
            Self::Pattern(pattern) => pattern.anchored.is_match(found),
        }
    }

    /// A text that is accepted, for tokens of our own; a pattern has none to offer.
    pub(crate) fn example(&self) -> Option<&str> {
        match self {
            Self::Exactly(text) => Some(text),
            Self::OneOf(texts) => texts.first().map(String::as_str),
            Self::Pattern(_) => None,
        }
    }
}

/// A regular expression for the whole of a text.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    anchored: Regex,
}

impl Pattern {
    /// The pattern in a text, or what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        // Alone first: `a)|(b` would step out of the group that anchors it.
        let anchored = Regex::new(text).and_then(|_| Regex::new(&format!(r"\A(?:{text})\z")));
        Ok(Self { text: text.to_owned(), anchored: anchored.map_err(|error| error.to_string())? })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}
