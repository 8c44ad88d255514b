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

    /// What is configured at present. A file that was read once must be there when the sources of that configuration are
    /// read again: nobody who removes it means the demonstration.
    pub fn read(&self) -> Result<Config, ConfigError> {
        self.read_or(Path::new(DEFAULT_FILE))
    }

    /// The same with the file that is read if none is named.
    fn read_or(&self, default: &Path) -> Result<Config, ConfigError> {
        let path = self.file.as_deref().unwrap_or(default);
        let name = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if self.file.is_none() && error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(ConfigError::unreadable(&name, &error)),
        };
        let file = text.as_deref().map(|text| (name.as_str(), text));
        let mut config = Config::parse(file, self.variables.iter().cloned(), self.given.clone())?;
        let found = text.is_some().then(|| path.to_owned());
        config.sources = Arc::new(Self { file: found, ..self.clone() });
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_read_and_is_away_is_missed() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("wigwag.toml");
        let nameless = Sources::new(None, std::iter::empty(), Vec::new());
        let before = nameless.read_or(&file).ok().unwrap();
        fs::write(&file, "[channel]\n").unwrap();

        let started = nameless.read_or(&file).ok().unwrap();
        assert_eq!((before.demo, started.demo), (true, false));
        assert!(started.sources().read().is_ok_and(|again| !again.demo));
        fs::remove_file(&file).unwrap();

        let refused = started.sources().read().err().unwrap().to_string();
        assert!(refused.contains("wigwag.toml: cannot be read"), "{refused}");
    }
}
