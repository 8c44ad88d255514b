//! The types of settings: how each is read from the file and from plain text.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crypto::{Pattern, Secret};
use ports::time::Timestamp;
use toml::de::DeValue;
use wigwag_core::channels::NamePattern;

use super::channel::{DeltaType, RecoveryKind};
use super::server::LogFormat;
use super::units::{Size, duration, moment};

/// A setting as it was written.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    /// In the file.
    Toml(&'a DeValue<'a>),
    /// In a variable or on the command line.
    Text(&'a str),
}

/// A type that settings can have. The error says what was found, what was expected and what to write.
pub(super) trait Value: Sized {
    /// The value, or why there is none.
    fn read(raw: Raw<'_>) -> Result<Self, String>;
}

impl<'a> Raw<'a> {
    fn text(self) -> Option<&'a str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text),
        }
    }

    /// A whole number; `None` if it is anything else or does not fit.
    fn number(self) -> Option<usize> {
        match self {
            Self::Toml(value) => {
                let integer = value.as_integer()?;
                usize::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok()
            }
            Self::Text(text) => text.trim().parse().ok(),
        }
    }

    /// What was found, short enough for a message.
    fn found(self) -> String {
        let value = match self {
            Self::Text(text) => return quoted(text),
            Self::Toml(value) => value,
        };
        match value {
            DeValue::String(text) => quoted(text),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(switch) => switch.to_string(),
            DeValue::Datetime(date) => date.to_string(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a section".to_owned(),
        }
    }

    fn is_not(self, what: &str, hint: &str) -> String {
        format!("{} is not {what}; write {hint}", self.found())
    }
}

impl Value for bool {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let found = match raw {
            Raw::Toml(value) => value.as_bool(),
            Raw::Text(text) => text.trim().parse().ok(),
        };
        found.ok_or_else(|| raw.is_not("a switch", "true or false, without quotes"))
    }
}

impl Value for usize {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        raw.number().ok_or_else(|| raw.is_not("a whole number", "for example 1000, without quotes"))
    }
}

impl Value for String {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        raw.text().map(str::to_owned).ok_or_else(|| raw.is_not("text", "it in quotes"))
    }
}

/// Text that may be left empty.
impl Value for Option<String> {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        String::read(raw).map(|text| Some(text).filter(|text| !text.is_empty()))
    }
}

/// What was found is not repeated: it might be the secret.
impl Value for Option<Secret> {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        raw.text().map(Secret::new).ok_or_else(|| "a secret is text; write it in quotes".to_owned())
    }
}

impl Value for PathBuf {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some(text) if !text.is_empty() => Ok(Self::from(text)),
            Some(_) | None => Err(raw.is_not("a path", "for example \"wigwag_data\"")),
        }
    }
}

impl Value for Option<PathBuf> {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        PathBuf::read(raw).map(Some)
    }
}

impl Value for Option<Timestamp> {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let written = match raw {
            Raw::Toml(DeValue::Datetime(date)) => Some(*date),
            Raw::Toml(_) | Raw::Text(_) => raw.text().and_then(|text| text.trim().parse().ok()),
        };
        let found = written.as_ref().and_then(moment).map(Some);
        found.ok_or_else(|| raw.is_not("a date", "for example 2027-01-31 or 2027-01-31T12:00:00Z"))
    }
}

impl Value for SocketAddr {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let found = raw.text().and_then(|text| text.trim().parse().ok());
        found.ok_or_else(|| raw.is_not("an address", "for example \"127.0.0.1:8000\""))
    }
}

impl Value for Duration {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let found = raw.text().and_then(duration);
        found.ok_or_else(|| {
            raw.is_not("a duration", "for example \"250ms\", \"30s\", \"5m\", \"1h\" or \"30d\"")
        })
    }
}

impl Value for Size {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let found = raw.number().map(Self).or_else(|| raw.text().and_then(Self::parse));
        found.ok_or_else(|| raw.is_not("a size", "for example \"64 KiB\", \"1 MiB\" or a number of bytes"))
    }
}

/// A list of texts; separated by commas where there is only plain text.
impl Value for Vec<String> {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let items = match raw {
            Raw::Text(text) => {
                return Ok(text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(str::to_owned)
                    .collect());
            }
            Raw::Toml(value) => {
                value.as_array().ok_or_else(|| raw.is_not("a list", "for example [\"a\", \"b\"]"))?
            }
        };
        items.iter().map(|item| String::read(Raw::Toml(item.get_ref()))).collect()
    }
}

impl Value for LogFormat {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some("text") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some(_) | None => Err(raw.is_not("a log format", "\"text\" or \"json\"")),
        }
    }
}

impl Value for RecoveryKind {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some("stream") => Ok(Self::Stream),
            Some("cache") => Ok(Self::Cache),
            Some(_) | None => Err(raw.is_not("a way to recover", "\"stream\" or \"cache\"")),
        }
    }
}

impl Value for Vec<DeltaType> {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let names = Vec::<String>::read(raw)?;
        let known = |name: String| match name.as_str() {
            "fossil" => Ok(DeltaType::Fossil),
            other => Err(format!("{other:?} is unknown; write [\"fossil\"], or [] for none")),
        };
        names.into_iter().map(known).collect()
    }
}

/// A pattern that may be left empty.
impl Value for Option<NamePattern> {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let text = Option::<String>::read(raw)?;
        let pattern = text.map(|text| NamePattern::parse(&text)).transpose();
        pattern.map_err(|error| no_pattern(raw, &error, "^[a-z0-9:]+$"))
    }
}

/// A pattern that may be left empty.
impl Value for Option<Pattern> {
    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let text = Option::<String>::read(raw)?;
        let pattern = text.map(|text| Pattern::parse(&text)).transpose();
        pattern.map_err(|error| no_pattern(raw, &error, "https://[a-z]+[.]example[.]com"))
    }
}

/// The library draws the expression and points at it; the last line says what is wrong.
fn no_pattern(raw: Raw<'_>, error: &str, example: &str) -> String {
    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!("{} is no regular expression ({reason}); write for example \"{example}\"", raw.found())
}

/// A text in quotes, short enough for a message.
pub(super) fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut clipped: String = text.chars().take(CHARS_MAX).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    format!("{clipped:?}")
}
