//! The secrets of a node: those that are configured, and those that it makes for itself when nobody configured any.

mod current;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{Secret, Tokens};
use ports::time::Entropy;
use serde::Deserialize;
use thiserror::Error;

pub use current::{ApiKey, Verifier};

use crate::config::Config;

const FILE: &str = "keys.toml";
const KEY_BYTES: usize = 32;

/// What tokens are verified and signed with, and what back ends present.
#[derive(Clone)]
pub struct Keys {
    /// Which tokens are believed.
    pub tokens: crypto::Config,
    /// Opens the HTTP API.
    pub api_key: Secret,
}

/// What a node made for itself.
struct Made {
    token_secret: Secret,
    api_key: Secret,
}

/// Why there are no keys.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The file is there but cannot be read.
    #[error("{path}: cannot be read: {cause}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file or its directory cannot be made.
    #[error("{path}: cannot be written: {cause}; choose another directory with --data-dir")]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A configured key cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The file holds something else.
    #[error("{path}: {problem}; correct it, or remove it to get new keys")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    token_secret: String,
    api_key: String,
}

impl Keys {
    /// The configured keys; those that were not configured come from the data directory, which is left alone if none
    /// is needed.
    pub fn effective(config: &Config, entropy: &dyn Entropy) -> Result<Self, KeysError> {
        let (token_secret, api_key) = match (config.verifies_tokens(), config.api.key.clone()) {
            (true, Some(api_key)) => (None, api_key),
            (_, api_key) => {
                let made = Made::load_or_create(&config.server.data_dir, entropy)?;
                (Some(made.token_secret), api_key.unwrap_or(made.api_key))
            }
        };
        let tokens = config.trust(token_secret).map_err(KeysError::Unusable)?;
        Ok(Self { tokens, api_key })
    }

    /// Verifier and signer of tokens.
    pub fn tokens(&self) -> Result<Tokens, KeysError> {
        Tokens::new(&self.tokens).map_err(|error| KeysError::Unusable(format!("token: {error}")))
    }
}

impl Made {
    /// The keys in a directory, made at the first call. Afterwards the file is whole or not there at all.
    fn load_or_create(data_dir: &Path, entropy: &dyn Entropy) -> Result<Self, KeysError> {
        let path = data_dir.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|problem| KeysError::Malformed { path, problem }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let text = fresh(entropy);
                write(data_dir, &path, &text)
                    .map_err(|cause| KeysError::Unwritable { path: path.clone(), cause })?;
                Self::parse(&text).map_err(|problem| KeysError::Malformed { path, problem })
            }
            Err(cause) => Err(KeysError::Unreadable { path, cause }),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let one_line = |error: toml::de::Error| error.message().replace('\n', " ");
        let Written { token_secret, api_key } = toml::from_str(text).map_err(one_line)?;
        Ok(Self {
            token_secret: Secret::new(&token_secret).ok_or("token_secret is empty")?,
            api_key: Secret::new(&api_key).ok_or("api_key is empty")?,
        })
    }
}

fn fresh(entropy: &dyn Entropy) -> String {
    let key = || {
        let mut bytes = [0; KEY_BYTES];
        entropy.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    };
    format!(
        "# Made at the first start and used where the configuration names no keys. Keep it secret.\n\
         token_secret = \"{}\"\napi_key = \"{}\"\n",
        key(),
        key()
    )
}

/// Writes a file that only its owner can read, in one step as seen by readers and by crashes.
fn write(data_dir: &Path, path: &Path, text: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    let temporary = path.with_extension("toml.new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    /// Counts, so that no two keys are alike.
    #[derive(Default)]
    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn keys_are_made_once_and_read_ever_after() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("deep/wigwag_data");
        let entropy = Counting::default();

        let first = Made::load_or_create(&dir, &entropy).ok().unwrap();
        let second = Made::load_or_create(&dir, &entropy).ok().unwrap();

        assert_eq!(first.token_secret.expose().len(), 43);
        assert_eq!(first.token_secret.expose(), second.token_secret.expose());
        assert_eq!(first.api_key.expose(), second.api_key.expose());
        assert_ne!(first.api_key.expose(), first.token_secret.expose());
    }

    #[test]
    fn only_the_owner_can_read_file_and_directory() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("wigwag_data");

        assert!(Made::load_or_create(&dir, &Counting::default()).is_ok());

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join(FILE)), 0o600);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "no temporary file stays behind");
    }

    #[test]
    fn what_a_crash_left_behind_does_not_matter() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("keys.toml.new"), "token_sec").unwrap();

        assert!(Made::load_or_create(home.path(), &Counting::default()).is_ok());
    }

    #[test]
    fn damaged_files_are_refused_and_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        let cases = [
            ("", "token_secret"),
            ("token_secret = \"a\"\n", "api_key"),
            ("token_secret = \"\"\napi_key = \"b\"\n", "token_secret is empty"),
            ("token_secret = \"a\"\napi_key = \"\"\n", "api_key is empty"),
            ("token_secret = \"a\"\napi_key = \"b\"\nextra = 1\n", "extra"),
            ("token_secret = 1\napi_key = \"b\"\n", "string"),
            ("not toml", "keys.toml"),
        ];

        for (text, expected) in cases {
            fs::write(&path, text).unwrap();
            let error = Made::load_or_create(home.path(), &Counting::default()).err().unwrap().to_string();
            assert!(error.contains(expected) && error.contains("remove it"), "{error}");
            assert!(!error.contains('\n'), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn directory_that_cannot_be_made_is_named() {
        let home = tempfile::tempdir().unwrap();
        let blocked = home.path().join("file");
        fs::write(&blocked, "").unwrap();

        let error = Made::load_or_create(&blocked.join("data"), &Counting::default()).err().unwrap();

        assert!(error.to_string().contains("file/data"), "{error}");
    }

    #[test]
    fn configured_keys_win_and_need_no_directory() {
        let home = tempfile::tempdir().unwrap();
        let mut config = Config::load(Some(&empty_file(home.path())), std::iter::empty()).ok().unwrap();
        config.server.data_dir = home.path().join("data");
        config.token.hmac_secret = Secret::new("s");
        config.api.key = Secret::new("k");

        let both = Keys::effective(&config, &Counting::default()).ok().unwrap();
        assert_eq!((secret(&both), both.api_key.expose()), ("s", "k"));
        assert!(!config.server.data_dir.exists());

        config.api.key = None;
        let one = Keys::effective(&config, &Counting::default()).ok().unwrap();
        assert_eq!((secret(&one), one.api_key.expose().len()), ("s", 43));

        config.token.hmac_secret = None;
        let none = Keys::effective(&config, &Counting::default()).ok().unwrap();
        assert_eq!(secret(&none).len(), 43);
        assert!(none.tokens().is_ok());
    }

    #[test]
    fn a_key_that_is_none_is_named() {
        let home = tempfile::tempdir().unwrap();
        let mut config = Config::load(Some(&empty_file(home.path())), std::iter::empty()).ok().unwrap();
        config.api.key = Secret::new("k");
        config.token.rsa_public_key = Some("not PEM".into());

        let keys = Keys::effective(&config, &Counting::default()).ok().unwrap();
        let problem = keys.tokens().err().unwrap().to_string();

        assert!(problem.contains("rsa_public_key") && problem.contains("PEM"), "{problem}");
    }

    fn secret(keys: &Keys) -> &str {
        keys.tokens.connection.hmac_secret.as_ref().map(Secret::expose).unwrap_or_default()
    }

    fn empty_file(dir: &Path) -> PathBuf {
        let path = dir.join("wigwag.toml");
        fs::write(&path, "").unwrap();
        path
    }
}
