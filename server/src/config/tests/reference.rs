//! What is committed of the reference, against the settings themselves.

use super::*;
use crate::config::reference::chapters;

#[test]
fn page_is_what_the_command_prints() {
    assert!(
        include_str!("../../../../docs/config.md") == page(),
        "stale; write the output of wigwag config reference to docs/config.md"
    );
}

#[test]
fn example_file_is_what_the_command_prints() {
    assert!(
        include_str!("../../../../deploy/wigwag.example.toml") == example(),
        "stale; write the output of wigwag config example to deploy/wigwag.example.toml"
    );
}

#[test]
fn example_file_is_good_as_it_is_and_means_the_defaults() {
    let text = example();

    let config = read(Some(&text), &[]).map_err(|error| error.to_string()).unwrap();
    let empty = read(Some(""), &[]).ok().unwrap();

    let mut written = config.effective();
    written.retain(|setting| !setting.setting.starts_with("subscription_token."));
    assert_eq!(written, empty.effective());
}

#[test]
fn every_default_of_the_example_file_may_be_written() {
    let defaults: Vec<_> = chapters()
        .into_iter()
        .filter(|chapter| chapter.names != ["jwks"])
        .flat_map(|chapter| {
            let section = format!("[{}]", chapter.names[0]);
            let written = chapter
                .facts
                .iter()
                .zip(chapter.defaults)
                .filter_map(|(fact, default)| default.map(|default| format!("{} = {default}", fact.key)));
            std::iter::once(section).chain(written.collect::<Vec<_>>())
        })
        .collect();
    let text = defaults.join("\n");

    let config = read(Some(&text), &[]).map_err(|error| format!("{error}\n{text}")).unwrap();

    let values = |config: &Config| {
        config.effective().into_iter().map(|setting| (setting.setting, setting.value)).collect::<Vec<_>>()
    };
    assert_eq!(values(&config), values(&read(Some(""), &[]).ok().unwrap()));
}

#[test]
fn every_example_may_be_written_alone() {
    for chapter in chapters() {
        let section = source::bracketed(chapter.names[0]);
        for (fact, default) in chapter.facts.iter().zip(&chapter.defaults) {
            let value = default.as_deref().unwrap_or(fact.example);
            let text = format!("{section}\n{} = {value}\n", fact.key);
            let refused = read(Some(&text), &[]).err().map(|error| error.to_string()).unwrap_or_default();
            // What it needs beside itself is another matter.
            assert!(!refused.contains("is not a") && !refused.contains("out of range"), "{text}: {refused}");
        }
    }
}
