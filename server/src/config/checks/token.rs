//! What must hold between the settings of tokens.

use super::refuse;
use crate::config::error::ConfigError;
use crate::config::source::Places;
use crate::config::{Config, Jwks, Token};

/// Refuses the first setting that could have no effect.
pub(super) fn all(config: &Config, places: &Places) -> Result<(), ConfigError> {
    section("token", &config.token, places)?;
    let Some(own) = &config.subscription_token else { return Ok(()) };
    if !own.has_key() {
        let problem = "verifies nothing; add hmac_secret, a public key or jwks_url, or remove the section";
        let settings = ["subscription_token", "subscription_token.issuer", "subscription_token.audience"];
        return refuse(places, &settings, problem);
    }
    section("subscription_token", own, places)
}

/// A key set comes from one place.
pub(in crate::config) fn key_set(set: &Jwks) -> Result<(), String> {
    match (&set.url, &set.file) {
        (Some(_), Some(_)) => Err("jwks.url: there is file as well; remove one of the two".to_owned()),
        (None, None) => {
            Err("jwks.url is missing; write url = \"https://…\" or file = \"keys.json\"".to_owned())
        }
        (Some(_), None) | (None, Some(_)) => Ok(()),
    }
}

fn section(name: &str, token: &Token, places: &Places) -> Result<(), ConfigError> {
    let written = |key: &str| format!("{name}.{key}");
    let twice = [
        (
            "rsa_public_key",
            token.rsa_public_key.is_some(),
            "rsa_public_key_file",
            token.rsa_public_key_file.is_some(),
        ),
        (
            "ec_public_key",
            token.ec_public_key.is_some(),
            "ec_public_key_file",
            token.ec_public_key_file.is_some(),
        ),
        (
            "ed25519_public_key",
            token.ed25519_public_key.is_some(),
            "ed25519_public_key_file",
            token.ed25519_public_key_file.is_some(),
        ),
        ("jwks_url", token.jwks_url.is_some(), "jwks_file", token.jwks_file.is_some()),
        ("audience", token.audience.is_some(), "audience_regex", token.audience_regex.is_some()),
        ("issuer", token.issuer.is_some(), "issuer_regex", token.issuer_regex.is_some()),
    ];
    if let Some((one, _, other, _)) = twice.iter().find(|(_, one, _, other)| *one && *other) {
        let problem = format!("there is {other} as well; remove one of the two");
        return refuse(places, &[&written(one), &written(other)], &problem);
    }
    let (secret, until) = (written("hmac_previous_secret"), written("hmac_previous_until"));
    match (&token.hmac_previous_secret, token.hmac_previous_until) {
        (Some(_), None) => {
            let problem =
                "missing beside hmac_previous_secret; write for example hmac_previous_until = 2027-01-31";
            refuse(places, &[&until, &secret], problem)
        }
        (None, Some(_)) => refuse(
            places,
            &[&secret, &until],
            "missing beside hmac_previous_until; write the secret until then",
        ),
        (Some(_), Some(_)) | (None, None) => Ok(()),
    }
}
