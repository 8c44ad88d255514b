//! What is wrong with a configuration, where, and what to write.

use std::borrow::Cow;
use std::fmt;
use std::io;

/// One line that names the place, the setting and the fix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{problem}")]
pub struct ConfigError {
    place: Place,
    problem: String,
}

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a line of a file.
    Line(String, usize),
    /// Somewhere in a file.
    File(String),
    /// In an environment variable.
    Variable(String),
    /// On the command line.
    Option(&'static str),
    /// Not at all: it is a default.
    Nowhere,
}

/// Longest problem and longest name in a message, in characters: what was written is quoted, however long it is.
const PROBLEM_CHARS_MAX: usize = 300;
const NAME_CHARS_MAX: usize = 200;

impl ConfigError {
    /// A problem at a place; made to fit one line.
    pub(super) fn new(place: Place, problem: impl AsRef<str>) -> Self {
        let line = problem.as_ref().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { place, problem: clipped(&line, PROBLEM_CHARS_MAX).into_owned() }
    }

    pub(super) fn unreadable(file: &str, error: &io::Error) -> Self {
        Self::new(
            Place::File(file.to_owned()),
            format!("cannot be read ({error}); create it or name another file with --config"),
        )
    }
}

fn clipped(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars_max).and_then(|(end, _)| text.get(..end)) {
        Some(begin) => Cow::Owned(format!("{begin}…")),
        None => Cow::Borrowed(text),
    }
}

impl Place {
    /// Whether this is in the file.
    pub(super) fn is_in_document(&self) -> bool {
        match self {
            Self::Line(..) | Self::File(_) => true,
            Self::Variable(_) | Self::Option(_) | Self::Nowhere => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{file}:{line}: "),
            Self::File(file) => write!(f, "{file}: "),
            Self::Variable(name) => write!(f, "{}: ", clipped(name, NAME_CHARS_MAX)),
            Self::Option(option) => write!(f, "{option}: "),
            Self::Nowhere => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_quoted_in_part() {
        let place = Place::Variable("é".repeat(5_000));

        let told = ConfigError::new(place, "ü".repeat(5_000)).to_string();

        assert_eq!(told.chars().count(), 200 + 1 + 2 + 300 + 1);
    }
}
