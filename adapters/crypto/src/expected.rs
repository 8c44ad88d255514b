//! What a claim must say.

use regex::Regex;

use crate::ConfigError;

/// What the operator expects of `aud` or `iss`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This text.
    Exactly(String),
    /// One of these texts.
    OneOf(Vec<String>),
    /// Whatever this regular expression matches from beginning to end.
    Pattern(String),
}

/// An expectation ready for use.
pub(crate) enum Matcher {
    Texts(Vec<String>),
    Pattern(Regex),
}

impl Matcher {
    pub(crate) fn new(expected: &Expected) -> Result<Self, ConfigError> {
        match expected {
            Expected::Exactly(text) => Ok(Self::Texts(vec![text.clone()])),
            Expected::OneOf(texts) => Ok(Self::Texts(texts.clone())),
            Expected::Pattern(pattern) => anchored(pattern).map(Self::Pattern),
        }
    }

    pub(crate) fn accepts(&self, found: &str) -> bool {
        match self {
            Self::Texts(texts) => texts.iter().any(|text| text == found),
            Self::Pattern(pattern) => pattern.is_match(found),
        }
    }

    /// A text that is accepted, for tokens of our own; a pattern has none to offer.
    pub(crate) fn example(&self) -> Option<&str> {
        match self {
            Self::Texts(texts) => texts.first().map(String::as_str),
            Self::Pattern(_) => None,
        }
    }
}

fn anchored(pattern: &str) -> Result<Regex, ConfigError> {
    let refused =
        |error: regex::Error| ConfigError::Pattern { pattern: pattern.into(), problem: error.to_string() };
    // Alone first: `a)|(b` would step out of the group that anchors it.
    Regex::new(pattern).map_err(refused)?;
    Regex::new(&format!(r"\A(?:{pattern})\z")).map_err(refused)
}
