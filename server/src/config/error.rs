//! What is wrong with a configuration, where, and what to write.

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

impl ConfigError {
    /// A problem at a place; made to fit one line.
    pub(super) fn new(place: Place, problem: impl AsRef<str>) -> Self {
        Self { place, problem: problem.as_ref().split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    pub(super) fn unreadable(file: &str, error: &io::Error) -> Self {
        Self::new(
            Place::File(file.to_owned()),
            format!("cannot be read ({error}); create it or name another file with --config"),
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{file}:{line}: "),
            Self::File(file) => write!(f, "{file}: "),
            Self::Variable(name) => write!(f, "{name}: "),
            Self::Option(option) => write!(f, "{option}: "),
            Self::Nowhere => Ok(()),
        }
    }
}
