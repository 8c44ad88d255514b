//! `wigwag config show`: what holds, and where it comes from.

use serde_json::{Value, json};

use crate::config::Effective;

/// A line for each setting, with the place behind it, or one JSON object.
pub(super) fn show(settings: &[Effective], as_json: bool) -> String {
    if as_json {
        let settings: Vec<Value> = settings.iter().map(object).collect();
        return json!({ "settings": settings }).to_string();
    }
    let lines = settings.iter().map(|Effective { setting, value, origin }| {
        let value = value.as_deref().unwrap_or("(not set)");
        format!("{setting} = {value}  # {origin}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn object(setting: &Effective) -> Value {
    let Effective { setting, value, origin } = setting;
    json!({ "setting": setting, "value": value.as_deref().map(untyped), "origin": origin })
}

/// The value of a text in TOML; a date stays text.
fn untyped(written: &str) -> Value {
    let table: Option<toml::Table> = toml::from_str(&format!("value = {written}")).ok();
    match table.as_ref().and_then(|table| table.get("value")) {
        Some(toml::Value::Datetime(date)) => Value::String(date.to_string()),
        Some(value) => serde_json::to_value(value).unwrap_or(Value::Null),
        None => Value::Null,
    }
}
