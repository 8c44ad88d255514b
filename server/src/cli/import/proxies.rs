//! Proxies there are hooks here: one endpoint for each kind of question, and the rest for all kinds together.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use axum::http::Uri;
use serde_json::{Map, Value};

use super::draft::Draft;
use super::form::{duration, list, plain, quoted, switch, texts, written_duration};
use super::old::Old;
use crate::config::{TIMEOUT_LEAST, TIMEOUT_MAX};

/// A kind of question: what it is called here, and where its proxy stands in version 6.
const KINDS: [(&str, &str); 6] = [
    ("connect", "client.proxy.connect."),
    ("refresh", "client.proxy.refresh."),
    ("subscribe", "channel.proxy.subscribe."),
    ("publish", "channel.proxy.publish."),
    ("sub_refresh", "channel.proxy.sub_refresh."),
    ("rpc", "rpc.proxy."),
];

/// What has been found so far.
#[derive(Default)]
pub(super) struct Proxies {
    named: BTreeMap<String, Map<String, Value>>,
    hosts: Vec<String>,
    headers: Vec<String>,
    timeouts: Vec<(String, Duration)>,
}

impl Proxies {
    pub(super) fn new(old: &Old) -> Self {
        let name = |proxy: &Map<String, Value>| proxy.get("name").map(plain).unwrap_or_default();
        let named = old.proxies.iter().map(|proxy| (name(proxy), proxy.clone())).collect();
        Self { named, ..Self::default() }
    }

    /// Takes a key that is about proxies; false if it is about something else.
    pub(super) fn take(&mut self, path: &str, value: &Value, draft: &mut Draft) -> bool {
        for (kind, place) in KINDS {
            let five = [
                format!("proxy_{kind}_endpoint"),
                format!("proxy_{kind}_timeout"),
                format!("{kind}_proxy_name"),
            ];
            if let Some(key) = path.strip_prefix(place) {
                self.option(kind, key, path, value, draft);
                return true;
            }
            match five.iter().position(|name| name == path) {
                Some(0) => self.endpoint(kind, path, value, true, draft),
                Some(1) => self.option(kind, "timeout", path, value, draft),
                Some(_) => self.use_named(kind, path, value, draft),
                None => continue,
            }
            return true;
        }
        match path {
            "proxy_http_headers" => self.option("", "http_headers", path, value, draft),
            "proxy_binary_encoding" => self.option("", "binary_encoding", path, value, draft),
            "proxy_include_connection_meta" | "granular_proxy_mode" | "rpc.without_namespace.proxy_name" => {}
            "rpc.without_namespace.proxy_enabled" => turn_on("rpc", path, value, draft),
            _ if path.starts_with("proxy_") || path.starts_with("channel.proxy.") => {
                draft.leave(path, "hooks have no such option; see [hooks] in docs/config.md");
            }
            _ => return false,
        }
        true
    }

    /// Takes an option of channels that is about proxies; false if it is about something else.
    pub(super) fn take_of_channel(
        &mut self,
        section: &str,
        key: &str,
        from: &str,
        value: &Value,
        options: &Map<String, Value>,
        draft: &mut Draft,
    ) -> bool {
        for kind in ["subscribe", "publish", "sub_refresh"] {
            let (six, name) = (format!("{kind}_proxy_enabled"), format!("{kind}_proxy_name"));
            let here = format!("proxy_{kind}");
            if key == here || key == six {
                match switch(value) {
                    Some(on) => draft.set(section, &here, on.to_string(), from),
                    None => draft.leave(from, "is neither true nor false"),
                }
                return true;
            }
            if key == name {
                if !options.contains_key(&six) && !plain(value).is_empty() {
                    draft.set(section, &here, "true".to_owned(), from);
                }
                self.use_named(kind, from, value, draft);
                return true;
            }
        }
        false
    }

    /// What holds for all kinds.
    pub(super) fn finish(&mut self, draft: &mut Draft) {
        if let Some((from, longest)) = self.timeouts.iter().max_by_key(|(_, timeout)| *timeout).cloned() {
            let written = longest.clamp(TIMEOUT_LEAST, TIMEOUT_MAX);
            draft.set("hooks", "timeout", written_duration(written), &from);
            for (from, timeout) in self.timeouts.iter().filter(|(_, timeout)| *timeout != written) {
                let advice = format!(
                    "hooks have one timeout, from 50ms to 2s; {} is written instead of {}",
                    written_duration(written),
                    written_duration(*timeout)
                );
                draft.leave(from, &advice);
            }
        }
        if !self.headers.is_empty() {
            draft.set("hooks", "headers", list(&self.headers), "proxies");
        }
        if !self.hosts.is_empty() {
            draft.set("hooks", "allowed_hosts", list(&self.hosts), "proxies");
        }
    }

    fn option(&mut self, kind: &str, key: &str, from: &str, value: &Value, draft: &mut Draft) {
        match key {
            "endpoint" => self.endpoint(kind, from, value, false, draft),
            "enabled" => turn_on(kind, from, value, draft),
            "timeout" => match duration(value) {
                Some(timeout) => self.timeouts.push((from.to_owned(), timeout)),
                None => draft.leave(from, "is no time that can be written here; write hooks.timeout by hand"),
            },
            "http_headers" => match texts(value) {
                Some(names) => {
                    for name in names.iter().map(|name| name.to_ascii_lowercase()) {
                        if !self.headers.contains(&name) {
                            self.headers.push(name);
                        }
                    }
                }
                None => draft.leave(from, "is no list of texts; write hooks.headers by hand"),
            },
            "binary_encoding" => match switch(value) {
                Some(true) => draft.set("hooks", "binary", "true".to_owned(), from),
                Some(false) => {}
                None => draft.leave(from, "is neither true nor false"),
            },
            // What the back end has said of a connection is part of every question.
            "include_connection_meta" | "name" => {}
            _ => draft.leave(from, "hooks have no such option; see [hooks] in docs/config.md"),
        }
    }

    /// Where questions of a kind go. Some of them are asked as soon as that is known.
    fn endpoint(&mut self, kind: &str, from: &str, value: &Value, turns_on: bool, draft: &mut Draft) {
        let url = plain(value);
        if url.is_empty() {
            return;
        }
        if !url.starts_with("http://") && !url.starts_with("https://") {
            draft.leave(from, "hooks are asked over HTTP only; give the back end such an address");
            return;
        }
        // There any address may be asked; here those that are not public must be named.
        if let Some(host) = unusual_host(&url)
            && !self.hosts.contains(&host)
        {
            self.hosts.push(host);
        }
        draft.set("hooks", &format!("{kind}_endpoint"), quoted(&url), from);
        if turns_on && ["connect", "refresh", "rpc"].contains(&kind) {
            draft.set("hooks", kind, "true".to_owned(), from);
        }
    }

    /// A proxy by its name; `default` is the one that stands with its kind.
    fn use_named(&mut self, kind: &str, from: &str, value: &Value, draft: &mut Draft) {
        let name = plain(value);
        let Some(proxy) = self.named.get(&name).cloned() else {
            if !name.is_empty() && name != "default" {
                draft.leave(
                    from,
                    "names a proxy that is not there; write where the questions go under [hooks]",
                );
            }
            return;
        };
        for (key, value) in &proxy {
            let from = format!("{from}, proxy {name}, {key}");
            match key.as_str() {
                "endpoint" => self.endpoint(kind, &from, value, true, draft),
                _ => self.option(kind, key, &from, value, draft),
            }
        }
    }
}

fn turn_on(kind: &str, from: &str, value: &Value, draft: &mut Draft) {
    match switch(value) {
        Some(on) => draft.set("hooks", kind, on.to_string(), from),
        None => draft.leave(from, "is neither true nor false"),
    }
}

/// A host that is asked without TLS, or by number.
fn unusual_host(url: &str) -> Option<String> {
    let host = url.parse::<Uri>().ok()?.host()?.to_owned();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    (url.starts_with("http://") || bare.parse::<IpAddr>().is_ok()).then(|| bare.to_owned())
}
