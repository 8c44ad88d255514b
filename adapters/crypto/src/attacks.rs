//! Forged tokens for tests, here and over real sockets: a configuration to attack, tokens that it must refuse, and
//! tokens that it must accept, so that nobody mistakes a verifier that refuses everything for a good one.
//!
//! All keys are made anew by [`Target::new`] and worth nothing.

use ports::time::Timestamp;
use serde_json::json;

use crate::{Config, Expected, Jwks, JwksSource, Secret, Trust};

mod asymmetric;
mod claims;
pub(crate) mod forge;
mod symmetric;

use forge::{Signers, public_pem};

/// The issuer of the tokens that [`Target::jwks`] verifies.
pub const ISSUER: &str = "https://issuer.example";
/// The issuer of the tokens that [`Target::other_jwks`] verifies.
pub const OTHER_ISSUER: &str = "https://other.example";
/// The audience that tokens must be made for.
pub const AUDIENCE: &str = "app";

/// A name for messages and a token.
pub type Attempt = (&'static str, String);

/// How to make a token from a payload.
type Recipe = (&'static str, fn(&Target, &str) -> String);

/// A verifier's configuration, field by field, and the private keys that belong to it.
pub struct Target {
    /// The HMAC secret.
    pub secret: &'static str,
    /// RSA public key in PEM.
    pub rsa_public_key: String,
    /// P-256 public key in PEM.
    pub ec_public_key: String,
    /// Ed25519 public key in PEM.
    pub ed25519_public_key: String,
    /// The key set of [`ISSUER`].
    pub jwks: String,
    /// The key set of [`OTHER_ISSUER`]. It has another key by a name that is in [`Target::jwks`] as well.
    pub other_jwks: String,
    signers: Signers,
}

impl Default for Target {
    fn default() -> Self {
        Self::new()
    }
}

impl Target {
    /// A target with keys of its own.
    pub fn new() -> Self {
        let signers = Signers::generate();
        let usual = signers.set_rsa_jwk(json!({ "kid": "rsa-1", "use": "sig" }));
        let encrypting = signers.set_rsa_jwk(json!({ "kid": "enc-1", "use": "enc" }));
        let wrapping = signers.set_rsa_jwk(json!({ "kid": "wrap-1", "key_ops": ["wrapKey"] }));
        let oaep = signers.set_rsa_jwk(json!({ "kid": "oaep-1", "alg": "RSA-OAEP" }));
        let long = signers.set_rsa_jwk(json!({ "kid": "rs384-1", "alg": "RS384" }));
        let keys = json!([
            usual,
            encrypting,
            wrapping,
            oaep,
            long,
            forge::ec_jwk(&signers.set_ec, "P-256", "ec-1"),
            forge::ec_jwk(&signers.set_ec384, "P-384", "ec384-1"),
            forge::ed_jwk(&signers.set_ed, "ed-1"),
            { "kty": "oct", "kid": "oct-1", "alg": "HS256", "k": "aw" },
            { "kty": "AKP", "kid": "new-1", "alg": "ML-DSA-44", "pub": "aw" },
        ]);
        Self {
            secret: "the secret of the application",
            rsa_public_key: public_pem(&forge::rsa_der(&signers.rsa)),
            ec_public_key: public_pem(&forge::ec_der(&signers.ec)),
            ed25519_public_key: public_pem(&forge::ed_der(&signers.ed)),
            jwks: json!({ "keys": keys }).to_string(),
            other_jwks: json!({ "keys": [forge::ec_jwk(&signers.other_ec, "P-256", "ec-1")] }).to_string(),
            signers,
        }
    }

    /// The configuration that is attacked.
    pub fn config(&self) -> Config {
        let set = |json: &str, issuer: &str| Jwks {
            source: JwksSource::Text(json.to_owned()),
            issuers: vec![issuer.to_owned()],
        };
        Config::new(Trust {
            hmac_secret: Secret::new(self.secret),
            rsa_public_key: Some(self.rsa_public_key.clone()),
            ec_public_key: Some(self.ec_public_key.clone()),
            ed25519_public_key: Some(self.ed25519_public_key.clone()),
            jwks: vec![set(&self.jwks, ISSUER), set(&self.other_jwks, OTHER_ISSUER)],
            audience: Some(Expected::Exactly(AUDIENCE.to_owned())),
            issuer: Some(Expected::OneOf(vec![ISSUER.to_owned(), OTHER_ISSUER.to_owned()])),
            ..Trust::default()
        })
    }

    /// Connection tokens that must be refused as invalid.
    pub fn table(&self, now: Timestamp) -> Vec<Attempt> {
        let mut attempts = self.forged(&connection_claims(now));
        attempts.extend(claims::connection(self, now));
        attempts
    }

    /// Subscription tokens for the channel that must be refused as invalid.
    pub fn subscription_table(&self, now: Timestamp, channel: &str) -> Vec<Attempt> {
        let mut attempts = self.forged(&subscription_claims(now, channel));
        attempts.extend(claims::subscription(self, now, channel));
        attempts
    }

    /// Forged connection tokens that have expired too: these are invalid, and not expired (P-JWT-3).
    pub fn expired_table(&self, now: Timestamp) -> Vec<Attempt> {
        let expired = Timestamp::from_millis(now.as_millis().saturating_sub(2 * claims::LIFETIME_MS));
        self.forged(&connection_claims(expired))
    }

    /// Connection tokens that must be accepted.
    pub fn controls(&self, now: Timestamp) -> Vec<Attempt> {
        self.genuine(&connection_claims(now))
    }

    /// Subscription tokens for the channel that must be accepted.
    pub fn subscription_controls(&self, now: Timestamp, channel: &str) -> Vec<Attempt> {
        self.genuine(&subscription_claims(now, channel))
    }

    fn forged(&self, payload: &str) -> Vec<Attempt> {
        let recipes = [symmetric::FORGERIES, asymmetric::FORGERIES].concat();
        recipes.into_iter().map(|(name, forge)| (name, forge(self, payload))).collect()
    }

    fn genuine(&self, payload: &str) -> Vec<Attempt> {
        let recipes = [symmetric::CONTROLS, asymmetric::CONTROLS].concat();
        recipes.into_iter().map(|(name, make)| (name, make(self, payload))).collect()
    }
}

fn connection_claims(now: Timestamp) -> String {
    claims::with(now, json!({ "sub": "mallory" }))
}

fn subscription_claims(now: Timestamp, channel: &str) -> String {
    claims::with(now, json!({ "sub": "mallory", "channel": channel }))
}
