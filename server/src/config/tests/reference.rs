//! The page that lists all settings, against the settings themselves.

use super::*;
use crate::config::section::Section;
use crate::config::source::SECTIONS;

const PAGE: &str = include_str!("../../../../docs/config.md");

/// What the page says of a section: keys and defaults as they are written, in order.
fn listed(section: &str) -> Vec<(&'static str, &'static str)> {
    let heading =
        |part: &&str| part.lines().next().is_some_and(|line| line.contains(&format!("[{section}]")));
    let part = PAGE.split("\n## ").skip(1).find(heading).unwrap_or_default();
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.map(|(key, rest)| (key, rest.split(" | ").nth(1).unwrap_or_default().trim_matches('`'))).collect()
}

#[test]
fn every_key_is_on_its_page_in_the_order_of_the_code() {
    for (section, keys) in
        SECTIONS.iter().copied().chain([("jwks", Jwks::KEYS), ("namespace", Channel::KEYS)])
    {
        let page: Vec<&str> = listed(section).into_iter().map(|(key, _)| key).collect();

        assert_eq!(page, keys, "docs/config.md, section [{section}]");
    }
}

#[test]
fn defaults_are_those_of_the_page() {
    let written: String = ["server", "api", "token", "client", "channel"]
        .into_iter()
        .flat_map(|section| {
            let settings = listed(section).into_iter().filter(|(_, default)| *default != "–");
            let lines = settings.map(|(key, default)| format!("{key} = {default}\n"));
            [format!("[{section}]\n")].into_iter().chain(lines)
        })
        .collect();

    let page = read(Some(&written), &[]).map_err(|error| format!("{error}\n{written}")).ok().unwrap();
    let code = read(Some(""), &[]).ok().unwrap();

    let all = |config: &Config| {
        let Server { listen, data_dir, drain_time, shards, connections_max, .. } = config.server.clone();
        let Server { allowed_origins, pending_bytes_max, log, log_format, .. } = config.server.clone();
        let server = (listen, data_dir, drain_time, shards, connections_max);
        let further = (allowed_origins, pending_bytes_max, log, log_format);
        let tokens = (config.api.insecure, config.token.jwks_ttl, config.client.frame_bytes_max);
        format!("{server:?} {further:?} {tokens:?} {:?}", config.client_settings())
    };
    assert_eq!(all(&page), all(&code));
    assert!(listed("jwks").contains(&("ttl", "\"1h\"")) && Jwks::default().ttl == Duration::from_secs(3_600));
}
