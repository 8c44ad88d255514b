//! The types of settings: how each is read from the file and from plain text.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crypto::{Pattern, Secret};
use ports::time::Timestamp;
use toml::de::DeValue;
use wigwag_core::channels::NamePattern;

use super::channel::{DeltaType, RecoveryKind};
use super::network::Network;
use super::server::LogFormat;
use super::units::{Size, duration, moment, written_duration, written_moment};

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
    /// What the reference calls it.
    const KIND: &'static str;
    /// A value to begin with, in TOML.
    const EXAMPLE: &'static str;
    /// Whether nobody may see it.
    const IS_SECRET: bool = false;

    /// The value, or why there is none.
    fn read(raw: Raw<'_>) -> Result<Self, String>;

    /// The value in TOML, if there is one.
    fn written(&self) -> Option<String>;
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
            DeValue::Integer(number) => short(&number.to_string()).into_owned(),
            DeValue::Float(number) => short(&number.to_string()).into_owned(),
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
    const KIND: &'static str = "switch";
    const EXAMPLE: &'static str = "true";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let found = match raw {
            Raw::Toml(value) => value.as_bool(),
            Raw::Text(text) => text.trim().parse().ok(),
        };
        found.ok_or_else(|| raw.is_not("a switch", "true or false, without quotes"))
    }

    fn written(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for usize {
    const KIND: &'static str = "number";
    const EXAMPLE: &'static str = "1_000";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        raw.number().ok_or_else(|| raw.is_not("a whole number", "for example 1000, without quotes"))
    }

    fn written(&self) -> Option<String> {
        Some(grouped(*self))
    }
}

impl Value for String {
    const KIND: &'static str = "text";
    const EXAMPLE: &'static str = "\"text\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        raw.text().map(str::to_owned).ok_or_else(|| raw.is_not("text", "it in quotes"))
    }

    fn written(&self) -> Option<String> {
        Some(in_quotes(self))
    }
}

/// Text that may be left empty.
impl Value for Option<String> {
    const KIND: &'static str = "text";
    const EXAMPLE: &'static str = "\"text\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        String::read(raw).map(|text| Some(text).filter(|text| !text.is_empty()))
    }

    fn written(&self) -> Option<String> {
        self.as_deref().map(in_quotes)
    }
}

/// What was found is not repeated: it might be the secret.
impl Value for Option<Secret> {
    const KIND: &'static str = "secret";
    const EXAMPLE: &'static str = "\"…\"";
    const IS_SECRET: bool = true;

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        raw.text().map(Secret::new).ok_or_else(|| "this is not a secret; write text in quotes".to_owned())
    }

    fn written(&self) -> Option<String> {
        self.as_ref().map(|secret| in_quotes(secret.expose()))
    }
}

impl Value for PathBuf {
    const KIND: &'static str = "path";
    const EXAMPLE: &'static str = "\"/path/to/file\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some(text) if !text.is_empty() => Ok(Self::from(text)),
            Some(_) | None => Err(raw.is_not("a path", "for example \"wigwag_data\"")),
        }
    }

    fn written(&self) -> Option<String> {
        Some(in_quotes(&self.display().to_string()))
    }
}

impl Value for Option<PathBuf> {
    const KIND: &'static str = "path";
    const EXAMPLE: &'static str = PathBuf::EXAMPLE;

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        PathBuf::read(raw).map(Some)
    }

    fn written(&self) -> Option<String> {
        self.as_ref().and_then(Value::written)
    }
}

impl Value for Option<Timestamp> {
    const KIND: &'static str = "date";
    const EXAMPLE: &'static str = "2027-01-31T12:00:00Z";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let written = match raw {
            Raw::Toml(DeValue::Datetime(date)) => Some(*date),
            Raw::Toml(_) | Raw::Text(_) => raw.text().and_then(|text| text.trim().parse().ok()),
        };
        let found = written.as_ref().and_then(moment).map(Some);
        found.ok_or_else(|| raw.is_not("a date", "for example 2027-01-31 or 2027-01-31T12:00:00Z"))
    }

    fn written(&self) -> Option<String> {
        self.map(written_moment)
    }
}

impl Value for SocketAddr {
    const KIND: &'static str = "address";
    const EXAMPLE: &'static str = "\"127.0.0.1:8000\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let found = raw.text().and_then(|text| text.trim().parse().ok());
        found.ok_or_else(|| raw.is_not("an address", "for example \"127.0.0.1:8000\""))
    }

    fn written(&self) -> Option<String> {
        Some(in_quotes(&self.to_string()))
    }
}

impl Value for Duration {
    const KIND: &'static str = "duration";
    const EXAMPLE: &'static str = "\"30s\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let found = raw.text().and_then(duration);
        found.ok_or_else(|| {
            raw.is_not("a duration", "for example \"250ms\", \"30s\", \"5m\", \"1h\" or \"30d\"")
        })
    }

    fn written(&self) -> Option<String> {
        Some(in_quotes(&written_duration(*self)))
    }
}

impl Value for Size {
    const KIND: &'static str = "size";
    const EXAMPLE: &'static str = "\"64 KiB\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let found = raw.number().map(Self).or_else(|| raw.text().and_then(Self::parse));
        found.ok_or_else(|| raw.is_not("a size", "for example \"64 KiB\", \"1 MiB\" or a number of bytes"))
    }

    fn written(&self) -> Option<String> {
        Some(in_quotes(&self.to_string()))
    }
}

/// A list of texts; separated by commas where there is only plain text.
impl Value for Vec<String> {
    const KIND: &'static str = "list";
    const EXAMPLE: &'static str = "[]";

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

    fn written(&self) -> Option<String> {
        Some(listed(self.iter().map(|item| in_quotes(item))))
    }
}

impl Value for LogFormat {
    const KIND: &'static str = "choice";
    const EXAMPLE: &'static str = "\"json\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some("text") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some(_) | None => Err(raw.is_not("a choice", "\"text\" or \"json\"")),
        }
    }

    fn written(&self) -> Option<String> {
        let name = match self {
            Self::Text => "text",
            Self::Json => "json",
        };
        Some(in_quotes(name))
    }
}

impl Value for RecoveryKind {
    const KIND: &'static str = "choice";
    const EXAMPLE: &'static str = "\"cache\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw.text() {
            Some("stream") => Ok(Self::Stream),
            Some("cache") => Ok(Self::Cache),
            Some(_) | None => Err(raw.is_not("a choice", "\"stream\" or \"cache\"")),
        }
    }

    fn written(&self) -> Option<String> {
        let name = match self {
            Self::Stream => "stream",
            Self::Cache => "cache",
        };
        Some(in_quotes(name))
    }
}

impl Value for Vec<DeltaType> {
    const KIND: &'static str = "list";
    const EXAMPLE: &'static str = "[]";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let names = Vec::<String>::read(raw)?;
        let known = |name: String| match name.as_str() {
            "fossil" => Ok(DeltaType::Fossil),
            other => Err(format!("{other:?} is unknown; write [\"fossil\"], or [] for none")),
        };
        names.into_iter().map(known).collect()
    }

    fn written(&self) -> Option<String> {
        let name = |kind: &DeltaType| match kind {
            DeltaType::Fossil => in_quotes("fossil"),
        };
        Some(listed(self.iter().map(name)))
    }
}

/// A pattern that may be left empty.
impl Value for Option<NamePattern> {
    const KIND: &'static str = "regex";
    const EXAMPLE: &'static str = "\"^[a-z]+$\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let text = pattern_text(raw, "^[a-z0-9:]+$")?;
        let pattern = text.map(NamePattern::parse).transpose();
        pattern.map_err(|error| no_pattern(raw, &error, "^[a-z0-9:]+$"))
    }

    fn written(&self) -> Option<String> {
        self.as_ref().map(|pattern| in_quotes(pattern.text()))
    }
}

/// A pattern that may be left empty.
impl Value for Option<Pattern> {
    const KIND: &'static str = "regex";
    const EXAMPLE: &'static str = "\"^[a-z]+$\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let text = pattern_text(raw, "https://[a-z]+[.]example[.]com")?;
        let pattern = text.map(Pattern::parse).transpose();
        pattern.map_err(|error| no_pattern(raw, &error, "https://[a-z]+[.]example[.]com"))
    }

    fn written(&self) -> Option<String> {
        self.as_ref().map(|pattern| in_quotes(pattern.text()))
    }
}

/// A list of networks; separated by commas where there is only plain text.
impl Value for Vec<Network> {
    const KIND: &'static str = "list";
    const EXAMPLE: &'static str = "[]";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let network = |text: String| {
            Network::parse(&text).ok_or_else(|| {
                format!("{} is not a network; write for example \"10.0.0.0/8\" or \"::1\"", quoted(&text))
            })
        };
        Vec::<String>::read(raw)?.into_iter().map(network).collect()
    }

    fn written(&self) -> Option<String> {
        Some(listed(self.iter().map(|network| in_quotes(&network.to_string()))))
    }
}

fn pattern_text<'a>(raw: Raw<'a>, example: &str) -> Result<Option<&'a str>, String> {
    let text = raw.text().ok_or_else(|| {
        let what = format!("for example \"{example}\"");
        raw.is_not("a regex", &what)
    })?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// The library draws the expression and points at it; the last line says what is wrong.
fn no_pattern(raw: Raw<'_>, error: &str, example: &str) -> String {
    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!("{} is not a regex ({reason}); write for example \"{example}\"", raw.found())
}

/// A text in quotes, short enough for a message.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", short(text))
}

/// The beginning of a text.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    const CHARS_MAX: usize = 60;
    match text.char_indices().nth(CHARS_MAX).and_then(|(end, _)| text.get(..end)) {
        Some(begin) => Cow::Owned(format!("{begin}…")),
        None => Cow::Borrowed(text),
    }
}

/// A text in the quotes of TOML, on one line.
fn in_quotes(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            letter if letter.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn listed(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// Long numbers in groups of three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    if number < 10_000 {
        return digits;
    }
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped
}
