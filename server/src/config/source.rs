//! Where settings come from: the file, the variables over it, the options over both.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeTable;

use super::channel::{Channel, Namespace};
use super::checks;
use super::client::Client;
use super::document::Document;
use super::error::{ConfigError, Place};
use super::nearest::nearest;
use super::overlay::Overlay;
use super::section::Section;
use super::server::Server;
use super::tls::Tls;
use super::token::{Api, Jwks, Token};
use super::value::{Raw, Value};

const NAMESPACE: &str = "namespace";
const JWKS: &str = "jwks";

/// The sections that may be written many times.
pub(super) const LISTS: &[&str] = &[NAMESPACE, JWKS];

/// The other sections with the keys of each.
pub(super) const SECTIONS: &[(&str, &[&str])] = &[
    ("server", Server::KEYS),
    ("tls", Tls::KEYS),
    ("api", Api::KEYS),
    ("token", Token::KEYS),
    ("subscription_token", Token::KEYS),
    ("client", Client::KEYS),
    ("channel", Channel::KEYS),
];

/// Where each setting was written; what is missing was not.
#[derive(Default)]
pub(super) struct Places(BTreeMap<String, Place>);

impl Places {
    /// Where the first of these settings that was written stands.
    pub(super) fn of(&self, settings: &[&str]) -> Place {
        settings.iter().find_map(|setting| self.0.get(*setting)).cloned().unwrap_or(Place::Nowhere)
    }
}

/// Takes settings out of all sources and notes where they stood.
pub(super) struct Reader<'a> {
    document: Option<&'a Document<'a>>,
    overlay: &'a Overlay,
    places: &'a mut Places,
    table: Option<&'a DeTable<'a>>,
    prefix: String,
}

impl<'a> Reader<'a> {
    /// A reader that stands before all sections.
    pub(super) fn new(
        document: Option<&'a Document<'a>>,
        overlay: &'a Overlay,
        places: &'a mut Places,
    ) -> Self {
        Self { document, overlay, places, table: None, prefix: String::new() }
    }

    /// A whole section. Keys that it does not know are refused.
    pub(super) fn section<S: Section>(&mut self, name: &str) -> Result<S, ConfigError> {
        self.table = self.document.map(|document| document.section(name)).transpose()?.flatten();
        self.prefix = name.to_owned();
        self.check_keys(&bracketed(name), S::KEYS)?;
        S::read(self)
    }

    /// The same, or nothing if nobody wrote it.
    pub(super) fn section_if_written<S: Section>(&mut self, name: &str) -> Result<Option<S>, ConfigError> {
        let in_file = self.document.map(|document| document.section(name)).transpose()?.flatten().is_some();
        if in_file || self.overlay.mentions(name) { self.section(name).map(Some) } else { Ok(None) }
    }

    /// All key sets.
    pub(super) fn key_sets(&mut self) -> Result<Vec<Jwks>, ConfigError> {
        let tables = self.document.map(|document| document.list(JWKS)).transpose()?.unwrap_or_default();
        let mut sets = Vec::with_capacity(tables.len());
        for (place, table) in tables {
            self.table = Some(table);
            self.prefix = JWKS.to_owned();
            self.check_keys(&bracketed(JWKS), Jwks::KEYS)?;
            let set = Jwks::read(self)?;
            checks::key_set(&set).map_err(|problem| ConfigError::new(place, problem))?;
            sets.push(set);
        }
        Ok(sets)
    }

    /// All namespaces, each with a name of its own.
    pub(super) fn namespaces(&mut self) -> Result<Vec<Namespace>, ConfigError> {
        let tables = self.document.map(|document| document.list(NAMESPACE)).transpose()?.unwrap_or_default();
        let keys: Vec<_> = [&["name"], Channel::KEYS].concat();
        let mut namespaces: Vec<Namespace> = Vec::new();
        let mut taken = BTreeSet::new();
        for (place, table) in tables {
            self.table = Some(table);
            self.prefix = NAMESPACE.to_owned();
            self.check_keys(&bracketed(NAMESPACE), &keys)?;
            let missing =
                || ConfigError::new(place.clone(), "namespace.name is missing; write name = \"chat\"");
            let name: String = self.take("name")?.ok_or_else(missing)?;
            checks::namespace_name(&name, &taken)
                .map_err(|problem| ConfigError::new(self.places.of(&["namespace.name"]), problem))?;
            taken.insert(name.clone());

            self.prefix = format!("{NAMESPACE}.{name}");
            namespaces.push(Namespace { options: Channel::read(self)?, name });
        }
        Ok(namespaces)
    }

    /// One setting of the section, if it was written.
    pub(super) fn take<T: Value>(&mut self, key: &str) -> Result<Option<T>, ConfigError> {
        let setting = format!("{}.{key}", self.prefix);
        let (place, raw) = if let Some((place, text)) = self.overlay.get(&setting) {
            (place, Raw::Text(text))
        } else if let Some((document, value)) = self.document.zip(self.table.and_then(|table| table.get(key)))
        {
            (document.place(value), Raw::Toml(value.get_ref()))
        } else {
            return Ok(None);
        };
        self.places.0.insert(setting.clone(), place.clone());
        let read =
            T::read(raw).map_err(|problem| ConfigError::new(place, format!("{setting}: {problem}")))?;
        Ok(Some(read))
    }

    fn check_keys(&self, section: &str, keys: &[&'static str]) -> Result<(), ConfigError> {
        let Some((document, table)) = self.document.zip(self.table) else { return Ok(()) };
        let Some(key) = table.keys().find(|key| !keys.contains(&&**key.get_ref())) else { return Ok(()) };

        let name: &str = key.get_ref();
        let fix = if let Some(meant) = nearest(name, keys.iter().copied()) {
            format!("did you mean {meant:?}?")
        } else if let Some(home) = home_of(name) {
            format!("it belongs under [{home}]")
        } else {
            format!("there are {}", keys.join(", "))
        };
        Err(ConfigError::new(document.place(key), format!("unknown key {name:?} in {section}; {fix}")))
    }
}

/// A section as it is written.
pub(super) fn bracketed(section: &str) -> String {
    if LISTS.contains(&section) { format!("[[{section}]]") } else { format!("[{section}]") }
}

/// The section that has a key.
pub(super) fn home_of(key: &str) -> Option<&'static str> {
    SECTIONS.iter().find(|(_, keys)| keys.contains(&key)).map(|(section, _)| *section)
}
