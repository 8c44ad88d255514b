//! Who may come in: switches for development, origins, proxies.

use super::Finding;
use crate::config::Config;

/// What the start refuses on a public address was refused before this.
pub(super) fn look(config: &Config) -> Vec<Finding> {
    let findings: Vec<_> = [switches(config), anonymous(config), origins(config), proxies(config)]
        .into_iter()
        .flatten()
        .collect();
    if findings.is_empty() {
        return vec![Finding::ok("access", "only those may come in who are meant to")];
    }
    findings
}

fn is_public(config: &Config) -> bool {
    !config.server.listen.ip().is_loopback()
}

fn switches(config: &Config) -> Option<Finding> {
    let on = match (config.client.insecure, config.api.insecure) {
        (false, false) => return None,
        (true, false) => "insecure under [client] is",
        (false, true) => "insecure under [api] is",
        (true, true) => "insecure under [client] and [api] are",
    };
    let what = format!("{on} on: every program on this machine may do everything");
    Some(Finding::warning("access", what, Some("write insecure = false, or remove the line".to_owned())))
}

fn anonymous(config: &Config) -> Option<Finding> {
    let is_open = config.client.anonymous && is_public(config);
    let what =
        "everybody on the network may connect without a token; what they may do is written in the namespaces";
    let fix = "write anonymous = false under [client] if that is not meant";
    is_open.then(|| Finding::warning("access", what, Some(fix.to_owned())))
}

fn origins(config: &Config) -> Option<Finding> {
    let is_open = config.server.allowed_origins.iter().any(|origin| origin == "*") && is_public(config);
    let what = "allowed_origins holds \"*\": every page that a user visits may connect in her name";
    let fix = "write allowed_origins = [\"https://app.example.com\"] under [server]";
    is_open.then(|| Finding::warning("origins", what, Some(fix.to_owned())))
}

fn proxies(config: &Config) -> Option<Finding> {
    let server = &config.server;
    if server.trusted_proxies.iter().any(|network| network.is_everything()) {
        let what = "trusted_proxies holds every address: every client may say that it comes from anywhere";
        let fix = "write the addresses of the proxies only, such as trusted_proxies = [\"10.0.0.5\"]";
        return Some(Finding::error("proxies", what, Some(fix.to_owned())));
    }
    let counts = server.address_connections_max > 0 || server.address_rate_max > 0;
    if counts && !is_public(config) && server.trusted_proxies.is_empty() {
        let what = "connections are counted by address, but behind a proxy all have its own";
        let fix = "write trusted_proxies = [\"127.0.0.1\", \"::1\"] under [server] if there is one";
        return Some(Finding::warning("proxies", what, Some(fix.to_owned())));
    }
    None
}
