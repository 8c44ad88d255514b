//! Another configuration for a running node, without dropping anybody.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use system::OsEntropy;
use thiserror::Error;
use tracing::{info, warn};
use wigwag_core::shard::Input;

use super::Services;
use crate::actors::session_shard::Control;
use crate::config::{Certificate, Config, ConfigError, Difference};
use crate::keys::{ApiKey, Keys, KeysError, Verifier};
use crate::telemetry;
use crate::transport::origin::Origins;
use crate::transport::tls::Tls;

/// What a reload has come to: settings by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// These have changed and hold.
    pub changed: BTreeSet<String>,
    /// These have changed and will hold after the next start.
    pub at_start: BTreeSet<String>,
}

/// Why everything is as it was.
#[derive(Debug, Error)]
pub enum ReloadError {
    /// The configuration has a mistake.
    #[error(transparent)]
    Refused(#[from] ConfigError),
    /// A key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The certificate cannot be used.
    #[error("{0}")]
    Certificate(String),
    /// The node is just being started.
    #[error("the node has not started yet; try again")]
    Early,
}

/// What of a node can be replaced while it runs.
pub struct Parts {
    /// What verifies tokens.
    pub verifier: Verifier,
    /// What back ends present.
    pub api_key: ApiKey,
    /// Which pages may connect.
    pub origins: Origins,
    /// What newcomers agree on, if TLS is spoken.
    pub tls: Option<Arc<Tls>>,
}

/// Reads the configuration again, and takes it over as a whole or not at all.
pub struct Reloader {
    parts: Parts,
    /// As it was at start: what counts from then on is as it says.
    started: Config,
    /// As it was taken over last.
    latest: Mutex<Config>,
}

/// Everything that could still be refused, before anything is replaced.
struct Next {
    config: Config,
    keys: Keys,
    tokens: crypto::Tokens,
    certificate: Option<Certificate>,
}

impl Reloader {
    /// For a node that was started with this configuration.
    pub fn new(started: Config, parts: Parts) -> Self {
        Self { parts, latest: Mutex::new(started.clone()), started }
    }

    fn next(&self, latest: &Config) -> Result<Next, ReloadError> {
        let config = latest.sources().read()?;
        config.exposure_at(self.started.server.listen)?;
        // The keys that the node made for itself are where it was started.
        let mut here = config.clone();
        here.server.data_dir.clone_from(&self.started.server.data_dir);
        let keys = Keys::effective(&here, &OsEntropy)?;
        let tokens = keys.tokens()?;
        let certificate = config.certificate().map_err(ReloadError::Certificate)?;
        Ok(Next { config, keys, tokens, certificate })
    }

    fn reload(&self, services: &Services) -> Result<Reloaded, ReloadError> {
        let mut latest = self.latest.lock();
        let Next { config, keys, tokens, certificate } = self.next(&latest)?;
        let Difference { reloaded: mut changed, .. } = latest.difference(&config);
        let Difference { mut at_start, .. } = self.started.difference(&config);

        // Until the next start such questions fail; nothing is permitted that the back end was to decide.
        let unasked = config.unasked_since(&self.started);
        changed.retain(|setting| !unasked.contains(setting));
        at_start.extend(unasked);
        let settings = Arc::new(config.client_settings_since(&self.started));
        services.app.govern(Arc::clone(&settings));
        for shard in services.hub().shards() {
            shard.control(Control::Input(Input::Govern(Arc::clone(&settings))));
        }
        // Sets of keys from an address are fetched anew by a new verifier, which is not done for nothing.
        // Where the node made the secret for itself there are none, and the secret may have changed with the key.
        let is_known = config.verifies_tokens() && !config.has_key_files();
        if !is_known || changed.iter().any(|setting| is_about_tokens(setting)) {
            self.parts.verifier.replace(tokens);
        }
        self.parts.api_key.replace(keys.api_key.clone());
        self.parts.origins.replace(&config.server.allowed_origins);
        match (&self.parts.tls, certificate) {
            (Some(tls), Some(certificate)) => {
                if let Some(warning) = certificate.warning(services.now()) {
                    warn!("{warning}");
                }
                tls.replace(certificate.tls);
            }
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => {
                changed.retain(|setting| !setting.starts_with("tls."));
                at_start.insert("tls".to_owned());
            }
        }
        if let Err(error) = telemetry::reload(&config, &keys) {
            warn!(%error, "the log level stays as it was");
        }
        *latest = config;
        Ok(Reloaded { changed, at_start })
    }
}

fn is_about_tokens(setting: &str) -> bool {
    ["token.", "subscription_token.", "jwks."].iter().any(|section| setting.starts_with(section))
}

impl Services {
    /// What a reload needs, once, at start.
    pub fn set_reloader(&self, reloader: Reloader) {
        // The first one knows how the node was started.
        let _ = self.reloader.set(reloader);
    }

    /// Reads the configuration again and takes over what can be taken over, for all connections at once; nobody is
    /// disconnected. What cannot is named in a warning. If anything is wrong, nothing has changed. Reads files.
    pub fn reload(&self) -> Result<Reloaded, ReloadError> {
        let reloaded = self.reloader.get().ok_or(ReloadError::Early)?.reload(self)?;
        let named = |settings: &BTreeSet<String>| settings.iter().cloned().collect::<Vec<_>>().join(", ");
        if !reloaded.at_start.is_empty() {
            let settings = named(&reloaded.at_start);
            warn!(settings, "these settings have changed, but count from the next start on");
        }
        info!(settings = named(&reloaded.changed), "configuration reloaded");
        Ok(reloaded)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ports::access::{ConnectionGrant, TokenSigner, TokenVerifier as _};
    use ports::ids::{TenantId, UserId};

    use super::*;
    use crate::compose;

    #[tokio::test]
    async fn keys_of_the_nodes_own_making_change_together() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("wigwag.toml");
        let toml = format!("[server]\nlisten = \"127.0.0.1:0\"\nshards = 1\ndata_dir = {:?}\n", home.path());
        fs::write(&file, toml).unwrap();
        let config = Config::load(Some(&file), std::iter::empty()).ok().unwrap();
        let first = Keys::effective(&config, &OsEntropy).unwrap();
        let node = compose::start(&config, &first).await.unwrap();
        let services = Arc::clone(&node.services);
        let parts = &services.reloader.get().unwrap().parts;
        let opens = async |keys: &Keys| {
            let channels = std::collections::BTreeMap::new();
            let grant = ConnectionGrant { user: UserId::new("ann"), expire_at: None, info: None, channels };
            let token = TokenSigner::connection(&keys.tokens().unwrap(), &grant).unwrap();
            let verified = parts.verifier.connection(&TenantId::default(), &token, services.now()).await;
            (parts.api_key.is(keys.api_key.expose()), verified.is_ok())
        };
        assert_eq!(opens(&first).await, (true, true));

        let written = "token_secret = \"second-secret\"\napi_key = \"second-key\"\n";
        fs::write(home.path().join("keys.toml"), written).unwrap();
        services.reload().unwrap();
        let second = Keys::effective(&config, &OsEntropy).unwrap();

        assert_eq!((opens(&first).await, opens(&second).await), ((false, false), (true, true)));
        node.stop().await;
    }
}
