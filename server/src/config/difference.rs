//! What has changed from one configuration to the next.

use std::collections::{BTreeMap, BTreeSet};

use super::Config;

/// Settings by what becomes of their change in a running node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// These it takes over.
    pub reloaded: BTreeSet<String>,
    /// These count from the next start on.
    pub at_start: BTreeSet<String>,
}

impl Config {
    /// Which settings another configuration has changed. A namespace that has changed is named as a whole.
    pub fn difference(&self, other: &Self) -> Difference {
        let (before, after) = (values(self), values(other));
        let all: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let mut difference = Difference::default();
        for setting in all.into_iter().filter(|setting| before.get(*setting) != after.get(*setting)) {
            let either = after.get(setting).or_else(|| before.get(setting));
            let reloads = either.is_some_and(|(reloads, _)| *reloads);
            let names = if reloads { &mut difference.reloaded } else { &mut difference.at_start };
            names.insert(whole(setting));
        }
        difference
    }
}

/// Whether each setting is reloaded, and its value.
fn values(config: &Config) -> BTreeMap<String, (bool, Option<String>)> {
    let chapters = config.chapters().into_iter();
    let settings = chapters.flat_map(|chapter| {
        let name = chapter.name;
        let settings = chapter.facts.iter().zip(chapter.values);
        settings.map(move |(fact, value)| (format!("{name}.{}", fact.key), (fact.reloads, value)))
    });
    settings.collect()
}

fn whole(setting: &str) -> String {
    match setting.rsplit_once('.') {
        Some((namespace, _)) if setting.starts_with("namespace.") => namespace.to_owned(),
        Some(_) | None => setting.to_owned(),
    }
}
