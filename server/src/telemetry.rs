//! What the node says about itself: log lines, metrics, traces.

pub mod hooks;
pub mod logs;
pub mod metrics;
pub mod process;
pub mod redact;
pub mod requests;
#[cfg(feature = "sentry")]
pub mod sentry;
pub mod traces;
pub mod witness;

pub use self::logs::set_level;

use crate::config::Config;
use crate::keys::Keys;

/// Begins writing log lines as configured, and counting. A second call changes nothing.
pub fn init(config: &Config, keys: &Keys) {
    // Before the first line is counted.
    let _ = metrics::recorder();
    logs::init(&config.server, secrets(config, keys));
    #[cfg(feature = "sentry")]
    sentry::init(&config.telemetry);
    if config.telemetry.sentry_dsn.is_some() && !cfg!(feature = "sentry") {
        tracing::warn!("telemetry.sentry_dsn is set, but this program was built without the feature sentry");
    }
}

/// Takes over what can be changed while the node runs: which lines are written, and what must not be in them.
pub fn reload(config: &Config, keys: &Keys) -> Result<(), logs::NoLevel> {
    logs::keep_out(secrets(config, keys));
    set_level(&config.server.log)
}

/// Everything that only the node and its operator know.
fn secrets(config: &Config, keys: &Keys) -> Vec<String> {
    let trusts = [Some(&keys.tokens.connection), keys.tokens.subscription.as_ref()];
    let tokens = trusts.into_iter().flatten().flat_map(|trust| {
        let previous = trust.hmac_previous.as_ref().map(|previous| &previous.secret);
        [trust.hmac_secret.as_ref(), previous]
    });
    let hooks = [config.hooks.secret.as_ref(), config.hooks.previous_secret.as_ref()];
    let others = [Some(&keys.api_key), config.telemetry.sentry_dsn.as_ref()];
    let all = tokens.chain(hooks).chain(others);
    all.flatten().map(|secret| secret.expose().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use system::OsEntropy;

    use super::*;

    #[test]
    fn every_secret_of_the_configuration_is_kept_out() {
        let text = r#"
            [api]
            key = "secret-1"
            [token]
            hmac_secret = "secret-2"
            hmac_previous_secret = "secret-3"
            hmac_previous_until = 2100-01-01
            [subscription_token]
            hmac_secret = "secret-4"
            hmac_previous_secret = "secret-5"
            hmac_previous_until = 2100-01-01
            [telemetry]
            sentry_dsn = "https://secret-6@sentry.example/7"
            [hooks]
            secret = "secret-7"
            previous_secret = "secret-8"
        "#;
        let config = Config::parse(Some(("wigwag.toml", text)), std::iter::empty(), Vec::new());
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        let keys = Keys::effective(&config, &OsEntropy).unwrap();

        let known = secrets(&config, &keys);

        for number in 1..=8 {
            let secret = format!("secret-{number}");
            assert!(known.iter().any(|one| one.contains(&secret)), "{secret}");
        }
    }
}
