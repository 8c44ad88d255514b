//! What holds, and where it comes from.

use super::error::Place;
use super::section::{Fact, Section};
use super::{Channel, Config, Jwks};

/// A setting with its value, which is not told if it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Its name with that of its section, `server.listen`.
    pub setting: String,
    /// Its value in TOML, if it has one.
    pub value: Option<String>,
    /// Where it was written: file and line, variable or option, or `default`.
    pub origin: String,
}

/// What stands for a secret.
const HIDDEN: &str = "\"(hidden)\"";

/// The settings of one section as they are.
pub(super) struct Chapter {
    /// The section, with the name of the namespace if it is one.
    pub(super) name: String,
    pub(super) facts: &'static [Fact],
    pub(super) values: Vec<Option<String>>,
}

impl Config {
    /// Every setting.
    pub fn effective(&self) -> Vec<Effective> {
        let settings = self.chapters().into_iter().flat_map(|chapter| {
            let Chapter { name, facts, values } = chapter;
            facts.iter().zip(values).map(move |(fact, value)| (format!("{name}.{}", fact.key), fact, value))
        });
        settings
            .map(|(setting, fact, value)| {
                let place = self.places.of(&[&setting]);
                let origin = if place == Place::Nowhere { "default".to_owned() } else { place.to_string() };
                let origin = origin.trim_end_matches(": ").to_owned();
                let value =
                    value.map(|value| if fact.is_secret { HIDDEN.to_owned() } else { redacted(&value) });
                Effective { setting, value, origin }
            })
            .collect()
    }

    /// All sections with what is in them, secrets included.
    pub(super) fn chapters(&self) -> Vec<Chapter> {
        let mut chapters = vec![
            chapter("server", &self.server),
            chapter("tls", &self.tls),
            chapter("api", &self.api),
            chapter("token", &self.token),
        ];
        chapters.extend(self.subscription_token.as_ref().map(|own| chapter("subscription_token", own)));
        chapters.push(chapter("telemetry", &self.telemetry));
        chapters.push(chapter("client", &self.client));
        chapters.push(chapter("hooks", &self.hooks));
        chapters.extend(self.channel.as_ref().map(|options| chapter("channel", options)));
        let namespaces = self.namespaces.iter();
        chapters.extend(
            namespaces.map(|one| chapter::<Channel>(&format!("namespace.{}", one.name), &one.options)),
        );
        let sets = self.jwks.iter().zip(1..);
        chapters.extend(sets.map(|(set, number)| chapter::<Jwks>(&format!("jwks.{number}"), set)));
        chapters
    }
}

fn chapter<S: Section>(name: &str, section: &S) -> Chapter {
    Chapter { name: name.to_owned(), facts: S::FACTS, values: section.values() }
}

/// The value without what addresses may hold in front of their hosts and behind their paths.
fn redacted(value: &str) -> String {
    value.split('"').map(without_secrets).collect::<Vec<_>>().join("\"")
}

fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let rest = rest.rsplit_once('@').map_or_else(|| rest.to_owned(), |(_, host)| format!("…@{host}"));
    match rest.split_once(['?', '#']) {
        Some((path, _)) => format!("{scheme}://{path}?…"),
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_secrets() {
        let cases = [
            ("\"https://a.example/keys\"", "\"https://a.example/keys\""),
            ("\"https://ann:pw@a.example/keys\"", "\"https://…@a.example/keys\""),
            ("\"https://ann:p@w@a.example\"", "\"https://…@a.example\""),
            ("\"https://ann:p/w@a.example\"", "\"https://…@a.example\""),
            ("\"https://a.example/keys?token=pw&b=c#d\"", "\"https://a.example/keys?…\""),
            ("[\"https://a:pw@b.c/?d\", \"https://e:pw@f.g\"]", "[\"https://…@b.c/?…\", \"https://…@f.g\"]"),
            ("\"info\"", "\"info\""),
        ];
        for (written, told) in cases {
            assert_eq!(redacted(written), told);
        }
    }
}
