//! What must hold between the settings of the node and of its API.

use std::net::SocketAddr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::refuse;
use crate::config::error::ConfigError;
use crate::config::source::Places;
use crate::config::value::quoted;
use crate::config::{Api, Config, Tls};

/// Refuses the first setting that cannot work.
pub(super) fn all(config: &Config, places: &Places) -> Result<(), ConfigError> {
    let server = &config.server;
    tls(&config.tls, places)?;
    if let Some(problem) = server.allowed_origins.iter().find_map(|origin| problem_of_origin(origin)) {
        return refuse(places, &["server.allowed_origins"], &problem);
    }
    if let Some(problem) = problem_of_log(&server.log) {
        return refuse(places, &["server.log"], &problem);
    }
    api(&config.api, places)
}

/// Whoever can be reached from other machines must have decided who may do what.
pub(super) fn exposure(config: &Config, places: &Places) -> Result<(), ConfigError> {
    match problem_of_exposure(config, config.server.listen) {
        Some(problem) => refuse(places, &["server.listen"], &problem),
        None => Ok(()),
    }
}

/// Why a configuration will not do for an address.
pub(super) fn problem_of_exposure(config: &Config, address: SocketAddr) -> Option<String> {
    if address.ip().is_loopback() {
        return None;
    }
    let missing = undecided(config);
    let lines = missing.join(" and ");
    (!missing.is_empty())
        .then(|| format!("{address} can be reached from other machines; write {lines} first"))
}

/// The lines that must be written before other machines may reach the node.
fn undecided(config: &Config) -> Vec<&'static str> {
    let api = &config.api;
    let needed = [
        ("insecure = false under [client]", !config.client.insecure),
        ("insecure = false under [api]", !api.insecure),
        ("hmac_secret = \"…\" or another key under [token]", config.verifies_tokens()),
        ("key = \"…\" under [api]", api.key.is_some()),
        (
            "allowed_origins = [\"https://app.example.com\"] under [server]",
            !config.server.allowed_origins.is_empty(),
        ),
    ];
    needed.into_iter().filter(|(_, there)| !there).map(|(line, _)| line).collect()
}

/// A certificate and its key belong together.
fn tls(tls: &Tls, places: &Places) -> Result<(), ConfigError> {
    let missing = match (&tls.cert_file, &tls.key_file) {
        (Some(_), None) => ["tls.key_file", "tls.cert_file"],
        (None, Some(_)) => ["tls.cert_file", "tls.key_file"],
        (Some(_), Some(_)) | (None, None) => return Ok(()),
    };
    refuse(places, &missing, "missing beside the other; TLS needs both, a certificate and its key")
}

/// A header carries visible ASCII as it is, and all else altered or not at all. What was found is not repeated.
fn api(api: &Api, places: &Places) -> Result<(), ConfigError> {
    if api.burst > 0 && api.rate_max == 0 {
        return refuse(places, &["api.burst"], "means nothing without api.rate_max; write that too");
    }
    let fits = |key: &str| key.bytes().all(|byte| byte.is_ascii_graphic());
    if api.key.as_ref().is_none_or(|key| fits(key.expose())) {
        return Ok(());
    }
    let problem = "holds a space, a line break or a letter beyond ASCII, which no header carries; write visible \
                   ASCII only";
    refuse(places, &["api.key"], problem)
}

fn problem_of_origin(text: &str) -> Option<String> {
    let (scheme, host) = match text {
        "*" | "null" => return None,
        _ => text.split_once("://").unwrap_or_default(),
    };
    if scheme.is_empty() || host.is_empty() || host.contains(['/', '?', '#', ' ']) {
        return Some(format!(
            "{} is not an origin; write for example \"https://app.example.com\", without a path, or \"*\"",
            quoted(text)
        ));
    }
    let domain = host.strip_prefix("*.").unwrap_or(host);
    (scheme.contains('*') || domain.contains('*') || domain.is_empty()).then(|| {
        format!(
            "{} has a star where none may be; write whole names in front of the host as one star, for example \
             \"https://*.example.com\", or \"*\" alone for everybody",
            quoted(text)
        )
    })
}

/// A word alone would be taken for the name of a module, whose lines would be all there are.
fn problem_of_log(filter: &str) -> Option<String> {
    let mut words =
        filter.split(',').map(str::trim).filter(|part| !part.contains(['=', '[', ']', '{', '}', '"']));
    if let Some(word) = words.find(|word| word.parse::<LevelFilter>().is_err()) {
        return Some(format!(
            "{} is no level; write off, error, warn, info, debug or trace, or levels by module such as \
             \"info,wigwag=debug\"",
            quoted(word)
        ));
    }
    let is_filter = EnvFilter::builder().parse(filter).is_ok();
    (!is_filter).then(|| format!("{} is no filter; write for example \"info,wigwag=debug\"", quoted(filter)))
}
