//! Centrifugo's configuration as it was written: flat in version 5, nested in version 6, in one of three languages.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

use super::form::switch;
use super::table::is_option;

/// The keys whose values are read as a whole.
const WHOLE: [&str; 6] = [
    "namespaces",
    "channel.namespaces",
    "channel.without_namespace",
    "proxies",
    "rpc_namespaces",
    "rpc.namespaces",
];
/// Deepest nesting that has a meaning there.
const DEPTH_MAX: usize = 8;

/// The keys in full, each with its value.
pub(super) struct Old {
    settings: Vec<(String, Value)>,
    channels: Vec<(String, Option<String>, Map<String, Value>)>,
    /// Proxies with a name.
    pub(super) proxies: Vec<Map<String, Value>>,
}

/// What a file says. Its name tells the language; without an ending it is the one that fits.
pub(super) fn parse(file: &Path, text: &str) -> anyhow::Result<Value> {
    let value = match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_str(text)?,
        Some("yaml" | "yml") => yaml(text)?,
        Some("toml") => toml::from_str(text)?,
        _ => serde_json::from_str(text)
            .ok()
            .or_else(|| toml::from_str(text).ok())
            .map_or_else(|| yaml(text), Ok)
            .context("it is neither JSON nor TOML nor YAML")?,
    };
    if matches!(value, Value::Object(_)) { Ok(value) } else { Err(anyhow!("there are no keys in it")) }
}

fn yaml(text: &str) -> anyhow::Result<Value> {
    let documents = YamlLoader::load_from_str(text)?;
    Ok(documents.into_iter().next().map_or(Value::Null, of_yaml))
}

fn of_yaml(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Real(text) => text.parse::<f64>().map_or(Value::String(text), Value::from),
        Yaml::Integer(number) => number.into(),
        Yaml::String(text) => text.into(),
        Yaml::Boolean(switch) => switch.into(),
        Yaml::Array(items) => items.into_iter().map(of_yaml).collect(),
        Yaml::Hash(hash) => {
            let name = |key: Yaml| super::form::plain(&of_yaml(key));
            Value::Object(hash.into_iter().map(|(key, value)| (name(key), of_yaml(value))).collect())
        }
        Yaml::Alias(_) | Yaml::Null | Yaml::BadValue => Value::Null,
    }
}

impl Old {
    pub(super) fn new(root: &Value) -> Self {
        let mut old = Self { settings: Vec::new(), channels: Vec::new(), proxies: Vec::new() };
        let mut nameless = Map::new();
        let mut all = Vec::new();
        flatten("", root, DEPTH_MAX, &mut all);
        for (path, value) in all {
            match (path.as_str(), value) {
                ("channel.without_namespace", Value::Object(options)) => nameless.extend(options),
                ("namespaces" | "channel.namespaces", Value::Array(all)) => old.add_namespaces(&path, all),
                ("proxies", Value::Array(all)) => old.proxies.extend(all.into_iter().filter_map(object)),
                (key, value) if is_option(key) => drop(nameless.insert(key.to_owned(), value)),
                (_, value) => old.settings.push((path, value)),
            }
        }
        let flat = root.get("channel").is_none();
        let place = if flat { "" } else { "channel.without_namespace." };
        old.channels.insert(0, (place.to_owned(), None, nameless));
        old
    }

    fn add_namespaces(&mut self, path: &str, all: Vec<Value>) {
        for options in all.into_iter().filter_map(object) {
            let name = options.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            self.channels.push((format!("{path}.{name}."), Some(name), options));
        }
    }

    /// All keys that are not about channels.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.settings.iter().map(|(path, value)| (path.as_str(), value))
    }

    /// The options of channels: where they stand, the namespace, and each with its value.
    pub(super) fn channels(&self) -> impl Iterator<Item = (&str, Option<&str>, &Map<String, Value>)> {
        self.channels.iter().map(|(place, name, options)| (place.as_str(), name.as_deref(), options))
    }

    /// A key by its name in version 5 or in version 6.
    pub(super) fn either(&self, five: &str, six: &str) -> Option<(String, Value)> {
        let found = self.settings.iter().find(|(path, _)| path == six || path == five);
        found.map(|(path, value)| (path.clone(), value.clone()))
    }

    /// Whether subscription tokens are verified in their own way.
    pub(super) fn has_subscription_tokens(&self) -> bool {
        let on = self.either("separate_subscription_token_config", "client.subscription_token.enabled");
        on.is_some_and(|(_, value)| switch(&value).unwrap_or_default())
    }
}

fn object(value: Value) -> Option<Map<String, Value>> {
    if let Value::Object(map) = value { Some(map) } else { None }
}

fn flatten(prefix: &str, value: &Value, depth_left: usize, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) if depth_left > 0 && !WHOLE.contains(&prefix) => {
            for (key, value) in map {
                let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&path, value, depth_left - 1, into);
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::String(_)
        | Value::Number(_)
        | Value::Bool(_)
        | Value::Null => into.push((prefix.to_owned(), value.clone())),
    }
}
