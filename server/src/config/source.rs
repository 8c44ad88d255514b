//! Where settings come from: the file, the variables over it, the options over both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeBounds;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::channel::{Channel, Namespace};
use super::checks;
use super::client::Client;
use super::document::Document;
use super::error::{ConfigError, Place};
use super::hooks::Hooks;
use super::nearest::nearest;
use super::overlay::Overlay;
use super::section::{FILE, Fact, Range, Section};
use super::server::Server;
use super::telemetry::Telemetry;
use super::tls::Tls;
use super::token::{Api, Jwks, Token};
use super::value::{Raw, Value, quoted};

const NAMESPACE: &str = "namespace";
const JWKS: &str = "jwks";

/// The sections that may be written many times.
pub(super) const LISTS: &[&str] = &[NAMESPACE, JWKS];

/// The other sections with the settings of each.
pub(super) const SECTIONS: &[(&str, &[Fact])] = &[
    ("server", Server::FACTS),
    ("tls", Tls::FACTS),
    ("api", Api::FACTS),
    ("token", Token::FACTS),
    ("subscription_token", Token::FACTS),
    ("telemetry", Telemetry::FACTS),
    ("client", Client::FACTS),
    ("hooks", Hooks::FACTS),
    ("channel", Channel::FACTS),
];

/// Where each setting was written; what is missing was not.
#[derive(Clone, Default)]
pub(super) struct Places(BTreeMap<String, Place>);

impl Places {
    /// Where the first of these settings that was written stands.
    pub(super) fn of(&self, settings: &[&str]) -> Place {
        settings.iter().find_map(|setting| self.0.get(*setting)).cloned().unwrap_or(Place::Nowhere)
    }
}

/// Longest list of names in a message.
const NAMES_CHARS_MAX: usize = 100;

/// What was written for a setting, and where.
type Written<'a> = Option<(Place, Raw<'a>)>;

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
        self.check_keys(&bracketed(name), &keys_of(S::FACTS))?;
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
        for (number, (place, table)) in (1..).zip(tables) {
            self.table = Some(table);
            self.prefix = format!("{JWKS}.{number}");
            self.check_keys(&bracketed(JWKS), &keys_of(Jwks::FACTS))?;
            let set = Jwks::read(self)?;
            checks::key_set(&set).map_err(|problem| ConfigError::new(place, problem))?;
            sets.push(set);
        }
        Ok(sets)
    }

    /// All namespaces, each with a name of its own.
    pub(super) fn namespaces(&mut self) -> Result<Vec<Namespace>, ConfigError> {
        let tables = self.document.map(|document| document.list(NAMESPACE)).transpose()?.unwrap_or_default();
        let keys = [vec!["name".to_owned()], keys_of(Channel::FACTS)].concat();
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
        let kept;
        let mut found = self.find(key);
        if T::IS_SECRET
            && let Some((place, path)) = self.file_of_secret(key, found.as_ref())?
        {
            kept = secret_in(&path)
                .map_err(|problem| ConfigError::new(place.clone(), format!("{setting}{FILE}: {problem}")))?;
            found = Some((place, Raw::Text(&kept)));
        }
        let Some((place, raw)) = found else { return Ok(None) };
        self.places.0.insert(setting.clone(), place.clone());
        let read =
            T::read(raw).map_err(|problem| ConfigError::new(place, format!("{setting}: {problem}")))?;
        Ok(Some(read))
    }

    /// Refuses a value out of its range.
    pub(super) fn check_range<T: Value + PartialOrd>(
        &self,
        key: &str,
        found: Option<&T>,
        bounds: impl RangeBounds<T>,
    ) -> Result<(), ConfigError> {
        let Some(found) = found.filter(|found| !bounds.contains(*found)) else { return Ok(()) };
        let setting = format!("{}.{key}", self.prefix);
        let problem = format!(
            "{setting}: {} is out of range; write a {} {}",
            found.written().unwrap_or_default(),
            T::KIND,
            Range::of(bounds).told()
        );
        Err(ConfigError::new(self.places.of(&[&setting]), problem))
    }

    /// A key of the section as it was written in the place that wins.
    fn find(&self, key: &str) -> Written<'a> {
        let setting = format!("{}.{key}", self.prefix);
        if let Some((place, text)) = self.overlay.get(&setting) {
            return Some((place, Raw::Text(text)));
        }
        let (document, value) = self.document.zip(self.table?.get(key))?;
        Some((document.place(value), Raw::Toml(value.get_ref())))
    }

    /// The file that a secret is in, unless a place that wins holds the secret itself.
    fn file_of_secret(
        &self,
        key: &str,
        itself: Option<&(Place, Raw<'a>)>,
    ) -> Result<Option<(Place, PathBuf)>, ConfigError> {
        let setting = format!("{}.{key}", self.prefix);
        let Some((place, raw)) = self.find(&format!("{key}{FILE}")) else { return Ok(None) };
        match itself {
            Some((other, _)) if other.is_in_document() == place.is_in_document() => {
                let problem = format!("{setting}: there is {key}{FILE} as well; remove one of the two");
                Err(ConfigError::new(other.clone(), problem))
            }
            Some((other, _)) if !other.is_in_document() => Ok(None),
            Some(_) | None => {
                let path = PathBuf::read(raw);
                path.map(|path| Some((place.clone(), path)))
                    .map_err(|problem| ConfigError::new(place, format!("{setting}{FILE}: {problem}")))
            }
        }
    }

    fn check_keys(&self, section: &str, keys: &[String]) -> Result<(), ConfigError> {
        let Some((document, table)) = self.document.zip(self.table) else { return Ok(()) };
        let is_known = |name: &str| keys.iter().any(|key| key == name);
        let Some(key) = table.keys().find(|key| !is_known(key.get_ref())) else { return Ok(()) };

        let name: &str = key.get_ref();
        let all = keys.join(", ");
        let fix = if let Some(meant) = nearest(name, keys.iter().map(String::as_str)) {
            format!("did you mean {meant:?}?")
        } else if let Some(home) = home_of(name) {
            format!("it belongs under [{home}]")
        } else if all.len() <= NAMES_CHARS_MAX {
            format!("there are {all}")
        } else {
            "see wigwag config reference".to_owned()
        };
        let problem = format!("unknown key {} in {section}; {fix}", quoted(name));
        Err(ConfigError::new(document.place(key), problem))
    }
}

/// The secret in a file; line breaks at its end do not count.
fn secret_in(path: &Path) -> Result<String, String> {
    let file = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        format!("{file} cannot be read ({error}); write the path of a file with nothing but the secret")
    })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(format!("{file} is empty; write the secret into it"));
    }
    Ok(secret.to_owned())
}

/// A section as it is written.
pub(super) fn bracketed(section: &str) -> String {
    if LISTS.contains(&section) { format!("[[{section}]]") } else { format!("[{section}]") }
}

/// The section that has a key.
pub(super) fn home_of(key: &str) -> Option<&'static str> {
    let has = |facts: &&(&str, &[Fact])| facts.1.iter().any(|fact| fact.is_named(key));
    SECTIONS.iter().find(has).map(|(section, _)| *section)
}

/// Every key that may be written in a section.
pub(super) fn keys_of(facts: &[Fact]) -> Vec<String> {
    facts.iter().flat_map(Fact::keys).collect()
}
