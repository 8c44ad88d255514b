//! The public keys of one JWKS (RFC 7517).

use std::str::FromStr as _;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::parts::Parts;
use crate::public_key::PublicKey;

/// Keys with their names, as one source has published them.
pub(crate) struct KeySet {
    keys: Vec<(Option<String>, PublicKey)>,
}

/// What a set has for a token.
pub(crate) enum Lookup<'a> {
    /// Keys that may have signed it; more than one only if they share a name.
    Found(Vec<&'a PublicKey>),
    /// Such a key is there, but not for this use.
    Misfit,
    /// The set knows nothing of such a key. A newer one may.
    Unknown,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

impl KeySet {
    /// The usable keys of a set. One odd key does not spoil the others.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(json).map_err(|error| format!("not a JWKS: {error}"))?;
        let jwks = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        Ok(Self { keys: jwks.filter_map(Jwk::usable).collect() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys by this name, or the only one that serves the algorithm if the token gives no name.
    pub(crate) fn lookup(&self, token: &Parts<'_>) -> Lookup<'_> {
        let named: Vec<&PublicKey> = self
            .keys
            .iter()
            .filter(|(kid, _)| token.kid.is_none() || *kid == token.kid)
            .map(|(_, key)| key)
            .collect();
        let serving: Vec<&PublicKey> =
            named.iter().filter(|key| key.serves(token.algorithm)).copied().collect();

        match (&token.kid, named.len(), serving.len()) {
            (Some(_), 0, _) | (None, _, 0) => Lookup::Unknown,
            (Some(_), _, 0) => Lookup::Misfit,
            (None, _, 2..) => Lookup::Misfit,
            (Some(_) | None, _, _) => Lookup::Found(serving),
        }
    }
}

impl Jwk {
    /// The key, if it is public, sound and meant for verifying.
    fn usable(self) -> Option<(Option<String>, PublicKey)> {
        let verifies = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !verifies {
            return None;
        }

        let key = PublicKey::new(self.decoding()?)?;
        let key = match &self.alg {
            Some(name) => key.only_for(Algorithm::from_str(name).ok()?)?,
            None => key,
        };
        Some((self.kid, key))
    }

    fn decoding(&self) -> Option<DecodingKey> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => DecodingKey::from_rsa_components(&self.n, &self.e).ok(),
            // 32 bytes are 43 letters, 48 are 64: a coordinate is never shortened (RFC 7518, section 6.2.1.2).
            ("EC", Some("P-256")) if self.x.len() == 43 && self.y.len() == 43 => self.point(),
            ("EC", Some("P-384")) if self.x.len() == 64 && self.y.len() == 64 => self.point(),
            ("OKP", Some("Ed25519")) => DecodingKey::from_ed_components(&self.x).ok(),
            _ => None,
        }
    }

    fn point(&self) -> Option<DecodingKey> {
        DecodingKey::from_ec_components(&self.x, &self.y).ok()
    }
}
