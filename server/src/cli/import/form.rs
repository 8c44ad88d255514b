//! How values are written there and here.

use std::time::Duration;

use serde_json::Value;

/// What a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text; if there is none, nothing is written.
    Text,
    /// True or false.
    Switch,
    /// The other way round.
    Opposite,
    /// A whole number.
    Number,
    /// A number of bytes.
    Size,
    /// A time, as Go writes it: `1h30m`, `500ms`.
    Duration,
    /// A list of texts.
    Texts,
    /// The level of log lines.
    Level,
}

const UNITS: [(&str, u128); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
const SIZES: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl Form {
    /// The value in TOML; nothing if it says nothing. The problem does not repeat the value.
    pub(super) fn write(self, value: &Value) -> Result<Option<String>, &'static str> {
        let written = match self {
            Self::Text => {
                let text = plain(value);
                return Ok((!text.is_empty()).then(|| quoted(&text)));
            }
            Self::Switch => switch(value).map(|on| on.to_string()).ok_or("is neither true nor false"),
            Self::Opposite => switch(value).map(|on| (!on).to_string()).ok_or("is neither true nor false"),
            Self::Number => whole(value).map(|number| number.to_string()).ok_or("is no whole number"),
            Self::Size => whole(value).map(size).ok_or("is no number of bytes"),
            Self::Duration => {
                duration(value).map(written_duration).ok_or("is no time that can be written here")
            }
            Self::Texts => texts(value).map(|all| list(&all)).ok_or("is no list of texts"),
            Self::Level => level(&plain(value)).map(quoted).ok_or("is no level that is known here"),
        };
        written.map(Some)
    }
}

/// The value as text, however it was typed.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A text in TOML, on one line.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Texts in TOML.
pub(super) fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

pub(super) fn switch(value: &Value) -> Option<bool> {
    plain(value).parse().ok()
}

/// A list, or what environment variables have in place of one: texts with spaces between them.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        Value::Null => Some(Vec::new()),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    plain(value).parse().ok()
}

fn level(level: &str) -> Option<&'static str> {
    Some(match level {
        "none" => "off",
        "trace" => "trace",
        "debug" => "debug",
        "info" => "info",
        "warn" => "warn",
        "error" | "fatal" => "error",
        _ => return None,
    })
}

/// A number alone counts nanoseconds there.
pub(super) fn duration(value: &Value) -> Option<Duration> {
    const NANOS: [(&str, f64); 7] =
        [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12)];
    if let Some(nanos) = value.as_u64() {
        return whole_millis(Duration::from_nanos(nanos));
    }
    let mut rest = value.as_str()?.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanos = 0.0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, factor) = NANOS.iter().find(|(name, _)| *name == unit)?;
        nanos += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    whole_millis(Duration::try_from_secs_f64((nanos / 1e9 * 1e6).round() / 1e6).ok()?)
}

fn whole_millis(duration: Duration) -> Option<Duration> {
    duration.subsec_nanos().is_multiple_of(1_000_000).then_some(duration)
}

/// A time in TOML, in the largest unit of which it is a multiple.
pub(super) fn written_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let unit = UNITS.iter().find(|(_, factor)| millis >= *factor && millis.is_multiple_of(*factor));
    match unit {
        Some((name, factor)) => format!("\"{}{name}\"", millis / factor),
        None => "\"0s\"".to_owned(),
    }
}

fn size(bytes: u64) -> String {
    match SIZES.iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor)) {
        Some((name, factor)) => format!("\"{} {name}\"", bytes / factor),
        None => bytes.to_string(),
    }
}
