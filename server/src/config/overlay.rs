//! Environment variables and command line options, which replace what the file says.

use std::collections::BTreeMap;

use super::Given;
use super::error::{ConfigError, Place};
use super::nearest::nearest;
use super::source::{SECTIONS, keys_of};

const PREFIX: &str = "WIGWAG_";

/// Variables and options by the setting they stand for.
pub(super) struct Overlay(BTreeMap<String, (Place, String)>);

impl Overlay {
    /// Takes the variables that are ours. Those without a double underscore stand for something else.
    pub(super) fn new(
        env: impl Iterator<Item = (String, String)>,
        given: Vec<Given>,
    ) -> Result<Self, ConfigError> {
        let variables = variables();
        let ours: BTreeMap<_, _> = env.filter(|(name, _)| is_setting(name)).collect();

        let mut settings = BTreeMap::new();
        for (name, value) in ours {
            let Some(setting) = variables.get(&name) else { return Err(unknown_variable(name, &variables)) };
            settings.insert(setting.clone(), (Place::Variable(name), value));
        }
        for Given { option, setting, value } in given {
            settings.insert(setting.to_owned(), (Place::Option(option), value));
        }
        Ok(Self(settings))
    }

    /// What a setting is replaced with.
    pub(super) fn get(&self, setting: &str) -> Option<(Place, &str)> {
        self.0.get(setting).map(|(place, text)| (place.clone(), text.as_str()))
    }

    /// Whether anything in a section is set here.
    pub(super) fn mentions(&self, section: &str) -> bool {
        self.0.keys().any(|setting| setting.split('.').next() == Some(section))
    }
}

/// All variables with the settings they stand for.
fn variables() -> BTreeMap<String, String> {
    let settings = SECTIONS
        .iter()
        .flat_map(|(section, facts)| keys_of(facts).into_iter().map(move |key| (*section, key)));
    settings.map(|(section, key)| (variable(section, &key), format!("{section}.{key}"))).collect()
}

/// The variable that stands for a setting.
pub(super) fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}__{key}").to_uppercase()
}

/// Whether a variable is meant to be a setting.
pub(super) fn is_setting(variable: &str) -> bool {
    variable.strip_prefix(PREFIX).is_some_and(|rest| rest.contains("__"))
}

fn unknown_variable(name: String, variables: &BTreeMap<String, String>) -> ConfigError {
    let fix = if name.starts_with("WIGWAG_NAMESPACE__") {
        "namespaces can be written in the file only".to_owned()
    } else if name.starts_with("WIGWAG_JWKS__") {
        "sections [[jwks]] can be written in the file only; write WIGWAG_TOKEN__JWKS_URL for a single one"
            .to_owned()
    } else if let Some(meant) = nearest(&name, variables.keys().map(String::as_str)) {
        format!("did you mean {meant}?")
    } else {
        "variables are named WIGWAG_SECTION__KEY, for example WIGWAG_SERVER__LISTEN".to_owned()
    };
    ConfigError::new(Place::Variable(name), format!("unknown setting; {fix}"))
}
