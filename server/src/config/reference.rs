//! What there is to configure, told from the declarations: the page of the reference and the example file.

use super::overlay::variable;
use super::section::{FILE, Fact, Section};
use super::{Api, Channel, Client, Hooks, Jwks, Server, Telemetry, Tls, Token};

/// The part of the page that is about no setting in particular.
const HEAD: &str = include_str!("reference/head.txt");
/// The part of the page behind the settings.
const FOOT: &str = include_str!("reference/foot.txt");
/// The first lines of the example file.
const EXAMPLE_HEAD: &str = include_str!("reference/example.toml");
/// Columns of the example file.
const WIDTH: usize = 100;

/// A section as it is described.
pub(super) struct Chapter {
    /// Its names; the first is that of the variables.
    pub(super) names: &'static [&'static str],
    pub(super) about: String,
    pub(super) facts: &'static [Fact],
    pub(super) defaults: Vec<Option<String>>,
    pub(super) ranges: Vec<Option<String>>,
}

/// `docs/config.md`.
pub fn page() -> String {
    let chapters: Vec<_> = chapters().iter().map(Chapter::page).collect();
    format!("{HEAD}\n{}\n{FOOT}", chapters.join("\n"))
}

/// `wigwag.example.toml`: every key, behind a `#` and with its default if it has one.
pub fn example() -> String {
    let chapters: Vec<_> = chapters().iter().map(Chapter::example).collect();
    format!("{EXAMPLE_HEAD}\n{}", chapters.join("\n"))
}

/// All sections.
pub(super) fn chapters() -> Vec<Chapter> {
    vec![
        Chapter::of::<Server>(&["server"]),
        Chapter::of::<Tls>(&["tls"]),
        Chapter::of::<Api>(&["api"]),
        Chapter::of::<Token>(&["token", "subscription_token"]),
        Chapter::of::<Jwks>(&["jwks"]),
        Chapter::of::<Telemetry>(&["telemetry"]),
        Chapter::of::<Client>(&["client"]),
        Chapter::of::<Hooks>(&["hooks"]),
        Chapter::of::<Channel>(&["channel", "namespace"]),
    ]
}

impl Chapter {
    fn of<S: Section>(names: &'static [&'static str]) -> Self {
        let ranges = S::ranges().into_iter().map(|range| range.map(|range| range.told()));
        Self {
            names,
            about: S::ABOUT.trim().to_owned(),
            facts: S::FACTS,
            defaults: S::default().values(),
            ranges: ranges.collect(),
        }
    }

    fn settings(&self) -> impl Iterator<Item = (&Fact, Option<&str>, Option<&str>)> {
        let given = self.defaults.iter().zip(&self.ranges);
        self.facts
            .iter()
            .zip(given)
            .map(|(fact, (default, range))| (fact, default.as_deref(), range.as_deref()))
    }

    fn page(&self) -> String {
        let names: Vec<_> = self.names.iter().map(|name| format!("`{}`", bracketed(name))).collect();
        let rows: String =
            self.settings().map(|(fact, default, range)| self.row(fact, default, range)).collect();
        format!(
            "## {}\n\n{}\n\n| key | type | default | range | counts from | variable | |\n|---|---|---|---|---|---|---|\n{rows}",
            names.join(" and "),
            wrapped(&self.about, 120).join("\n"),
        )
    }

    fn row(&self, fact: &Fact, default: Option<&str>, range: Option<&str>) -> String {
        let Fact { key, kind, .. } = fact;
        let code = |text: &str| format!("`{text}`");
        let dash = || "–".to_owned();
        let variable = |key: &str| self.variable(key).map_or_else(dash, |name| code(&name));
        let counts = if fact.reloads { "reload" } else { "start" };
        let (default, range) = (default.map_or_else(dash, code), range.map_or_else(dash, str::to_owned));
        let about = fact.about.trim();
        let row =
            format!("| `{key}` | {kind} | {default} | {range} | {counts} | {} | {about} |\n", variable(key));
        if !fact.is_secret {
            return row;
        }
        let file = format!("{key}{FILE}");
        let about = "File with nothing but that secret, in its place.";
        format!("{row}| `{file}` | path | – | – | {counts} | {} | {about} |\n", variable(&file))
    }

    fn example(&self) -> String {
        let mut lines: Vec<String> = wrapped(&plain(&self.about), WIDTH - 2);
        lines.iter_mut().for_each(|line| line.insert_str(0, "# "));
        let others = self.names.iter().skip(1).map(|name| bracketed(name));
        lines.extend(others.map(|other| format!("# The same keys may be written under {other}.")));
        let name = self.names.first().copied().unwrap_or_default();
        // A list that has begun must be whole.
        let hash = if is_list(name) { "#" } else { "" };
        lines.push(format!("{hash}{}", bracketed(name)));
        for (fact, default, range) in self.settings() {
            let range = range.map(|range| format!(" A {} {range}.", fact.kind)).unwrap_or_default();
            let about = format!("{}{range}", plain(fact.about.trim()));
            lines.push(String::new());
            lines.extend(wrapped(&about, WIDTH - 2).into_iter().map(|line| format!("# {line}")));
            if default.is_none() {
                lines.push("# Not set unless written.".to_owned());
            }
            lines.push(format!("#{} = {}", fact.key, default.unwrap_or(fact.example)));
            if fact.is_secret {
                lines.push(format!("#{}{FILE} = \"/run/secrets/{}\"", fact.key, fact.key));
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// The variable of a key; lists have none.
    fn variable(&self, key: &str) -> Option<String> {
        let name = self.names.first().filter(|name| !is_list(name))?;
        Some(variable(name, key))
    }
}

fn is_list(name: &str) -> bool {
    super::source::LISTS.contains(&name)
}

fn bracketed(name: &str) -> String {
    super::source::bracketed(name)
}

/// Without the addresses of links.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = link(rest) {
        plain.push_str(before);
        plain.push_str(name);
        rest = after;
    }
    plain + rest
}

fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (before, after) = text.split_once("](")?;
    let (before, name) = before.rsplit_once('[')?;
    Some((before, name, after.split_once(')')?.1))
}

/// The words in lines of at most so many characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
