//! Where a configuration is read from, once at start and again at each reload.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::overlay::is_setting;
use super::{Config, ConfigError};

/// The file that is read if none is named.
const DEFAULT_FILE: &str = "wigwag.toml";

/// A file, the variables and the options.
#[derive(Clone, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    variables: Vec<(String, String)>,
    given: Vec<Given>,
}

/// A command line option that stands for a setting.
#[derive(Clone)]
pub struct Given {
    /// The option as it is typed, for messages.
    pub option: &'static str,
    /// The setting, `section.key`.
    pub setting: &'static str,
    /// The text after the option.
    pub value: String,
}

impl Sources {
    /// The named file, else `wigwag.toml` if there is one; of the variables those that are settings.
    pub(super) fn new(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        given: Vec<Given>,
    ) -> Self {
        let variables = env.filter(|(name, _)| is_setting(name)).collect();
        Self { file: file.map(Path::to_owned), variables, given }
    }

    /// What is configured at present.
    pub fn read(&self) -> Result<Config, ConfigError> {
        let path = self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        let name = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if self.file.is_none() && error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(ConfigError::unreadable(&name, &error)),
        };
        let file = text.as_deref().map(|text| (name.as_str(), text));
        let mut config = Config::parse(file, self.variables.iter().cloned(), self.given.clone())?;
        config.sources = Arc::new(self.clone());
        Ok(config)
    }
}
