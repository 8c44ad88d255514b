//! The file, with the line of everything in it.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::DeTable;

use super::error::{ConfigError, Place};
use super::nearest::nearest;
use super::source::{LISTS, SECTIONS, bracketed, home_of};
use super::value::{quoted, short};

/// The file.
pub(super) struct Document<'a> {
    name: &'a str,
    text: &'a str,
    root: DeTable<'a>,
}

impl<'a> Document<'a> {
    /// A file whose sections are known; what is in them is checked when they are read.
    pub(super) fn parse(name: &'a str, text: &'a str) -> Result<Self, ConfigError> {
        let root = DeTable::parse(text).map_err(|error| {
            let place = match error.span() {
                Some(span) => Place::Line(name.to_owned(), line_of(text, span.start)),
                None => Place::File(name.to_owned()),
            };
            let written = error.span().and_then(|span| text.get(span)).unwrap_or_default();
            ConfigError::new(place, not_toml(error.message(), written))
        })?;
        let document = Self { name, text, root: root.into_inner() };
        for key in document.root.keys() {
            document.check_section(key)?;
        }
        Ok(document)
    }

    fn check_section(&self, key: &Spanned<Cow<'_, str>>) -> Result<(), ConfigError> {
        let name: &str = key.get_ref();
        if LISTS.contains(&name) || SECTIONS.iter().any(|(section, _)| *section == name) {
            return Ok(());
        }
        let names = SECTIONS.iter().map(|(section, _)| *section);
        let problem = if let Some(home) = home_of(name) {
            format!("unknown key {} outside a section; put it under [{home}]", quoted(name))
        } else if let Some(meant) = nearest(name, names.clone().chain(LISTS.iter().copied())) {
            format!("unknown section [{}]; did you mean {}?", short(name), bracketed(meant))
        } else {
            let all: Vec<_> = names.chain(LISTS.iter().copied()).map(bracketed).collect();
            format!("unknown section [{}]; there are {}", short(name), all.join(", "))
        };
        Err(ConfigError::new(self.place(key), problem))
    }

    pub(super) fn place<T>(&self, what: &Spanned<T>) -> Place {
        Place::Line(self.name.to_owned(), line_of(self.text, what.span().start))
    }

    /// The table of a section, if it was written.
    pub(super) fn section(&self, name: &str) -> Result<Option<&DeTable<'a>>, ConfigError> {
        let Some(value) = self.root.get(name) else { return Ok(None) };
        let refused = || {
            let problem = format!("{name} is one section; write [{name}] on a line of its own");
            ConfigError::new(self.place(value), problem)
        };
        value.get_ref().as_table().map(Some).ok_or_else(refused)
    }

    /// The tables of a section that may be written many times.
    pub(super) fn list(&self, name: &str) -> Result<Vec<(Place, &DeTable<'a>)>, ConfigError> {
        let Some(value) = self.root.get(name) else { return Ok(Vec::new()) };
        let refused = |place| {
            let problem = format!("{name} is a list of sections; write [[{name}]] with two brackets");
            ConfigError::new(place, problem)
        };
        let items = value.get_ref().as_array().ok_or_else(|| refused(self.place(value)))?;
        let mut tables = Vec::with_capacity(items.len());
        for item in items {
            let place = self.place(item);
            match item.get_ref().as_table() {
                Some(table) => tables.push((place, table)),
                None => return Err(refused(place)),
            }
        }
        Ok(tables)
    }
}

/// The parser's message, and what it points at where that helps.
fn not_toml(message: &str, written: &str) -> String {
    if message == "duplicate key" {
        return format!("{} is written twice; remove one of the two", quoted(written.trim()));
    }
    format!("not TOML: {message}; write lines such as key = \"value\"")
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
