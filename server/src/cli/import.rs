//! `wigwag import-config`: a `wigwag.toml` made from the configuration of Centrifugo 5 or 6.

mod draft;
mod form;
mod old;
mod proxies;
mod table;
#[cfg(test)]
mod tests;
mod verdict;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use self::draft::Draft;
use self::form::{Form, plain};
use self::old::{Old, parse};
use self::proxies::Proxies;
use self::table::{CHANNEL, PREFIXES, ROWS, To};

/// What to read.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// Centrifugo's configuration, in JSON, YAML or TOML.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Ends with 1 if anything was not taken over.
    #[arg(long)]
    pub strict: bool,
}

/// What has become of a configuration.
pub struct Imported {
    /// The new file.
    pub toml: String,
    /// What was not taken over, a line for each, with what to do. No value is in it, for it may be a secret.
    pub left: Vec<String>,
}

/// Reads a file and translates it.
pub fn import(file: &Path) -> anyhow::Result<Imported> {
    let name = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
    let old = parse(file, &text).with_context(|| format!("{name} is not understood"))?;
    Ok(translated(&Old::new(&old)))
}

/// The new file, with nothing in it that would be refused.
fn translated(old: &Old) -> Imported {
    let mut draft = Draft::default();
    let mut proxies = Proxies::new(old);
    listen(old, &mut draft);
    for (path, value) in old.settings() {
        if !proxies.take(path, value, &mut draft) {
            setting(old, path, value, &mut draft);
        }
    }
    let meta_ttl = old.either("global_history_meta_ttl", "channel.history_meta_ttl");
    for (place, name, options) in old.channels() {
        let section = draft.section(name);
        for (key, value) in options {
            let from = format!("{place}{key}");
            if key != "name" && !proxies.take_of_channel(&section, key, &from, value, options, &mut draft) {
                option(&section, key, &from, value, &mut draft);
            }
        }
        if let Some((from, value)) = &meta_ttl
            && options.contains_key("history_size")
            && !options.contains_key("history_meta_ttl")
        {
            option(&section, "history_meta_ttl", from, value, &mut draft);
        }
    }
    proxies.finish(&mut draft);
    verdict::settle(&mut draft);
    Imported { toml: draft.text(), left: draft.left() }
}

/// Centrifugo listens on all addresses unless told otherwise, in two keys.
fn listen(old: &Old, draft: &mut Draft) {
    let address = old.either("address", "http_server.address");
    let port = old.either("port", "http_server.port");
    let from = match (&address, &port) {
        (Some((from, _)), _) | (None, Some((from, _))) => from.clone(),
        (None, None) => "http_server.address (by default all addresses)".to_owned(),
    };
    let host = match address.as_ref().map(|(_, value)| plain(value)).as_deref() {
        None | Some("") => "0.0.0.0".to_owned(),
        Some("localhost") => "127.0.0.1".to_owned(),
        Some(host) if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
        Some(host) => host.to_owned(),
    };
    let port = port.as_ref().map_or("8000".to_owned(), |(_, value)| plain(value));
    draft.set("server", "listen", form::quoted(&format!("{host}:{port}")), &from);
}

fn setting(old: &Old, path: &str, value: &Value, draft: &mut Draft) {
    if let Some((.., to)) = ROWS.iter().find(|(five, six, _)| *five == path || *six == path) {
        if let To::Setting("subscription_token", ..) = to
            && !old.has_subscription_tokens()
        {
            return; // Centrifugo does not look at them either.
        }
        apply(to, path, value, draft);
        return;
    }
    let advice = PREFIXES.iter().find(|(prefixes, _)| prefixes.iter().any(|prefix| path.starts_with(prefix)));
    draft.leave(path, advice.map_or("is not known here; remove it", |(_, advice)| advice));
}

fn option(section: &str, key: &str, from: &str, value: &Value, draft: &mut Draft) {
    match CHANNEL.iter().find(|(known, _)| *known == key) {
        Some((known, form)) => write(section, known, *form, from, value, draft),
        None => draft.leave(from, "channels have no such option here; see [channel] in docs/config.md"),
    }
}

fn apply(to: &To, path: &str, value: &Value, draft: &mut Draft) {
    match to {
        To::Setting(section, key, form) => write(section, key, *form, path, value, draft),
        To::Given => {}
        To::Only(expected, _) if plain(value) == *expected => {}
        To::Only(_, advice) | To::Advice(advice) => draft.leave(path, advice),
    }
}

fn write(section: &str, key: &str, form: Form, from: &str, value: &Value, draft: &mut Draft) {
    match form.write(value) {
        Ok(Some(text)) => draft.set(section, key, text, from),
        Ok(None) => {}
        Err(problem) => draft.leave(from, &format!("{problem}; write {key} by hand")),
    }
}
