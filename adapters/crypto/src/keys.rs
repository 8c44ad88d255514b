//! All keys that may have signed a token.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use ports::access::TokenError;
use ports::time::Timestamp;

use crate::config::{ConfigError, Jwks, JwksSource, Trust};
use crate::endpoint::Endpoint;
use crate::fetch::Fetcher;
use crate::key_set::{KeySet, Lookup};
use crate::parts::{Parts, invalid};
use crate::public_key::PublicKey;

/// A longer file is not a key set.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Keys by kind. The algorithm in a token chooses the kind, the kind never changes: a public key is no secret.
pub(crate) struct Keys {
    secret: Option<DecodingKey>,
    previous: Option<(DecodingKey, Timestamp)>,
    fixed: Vec<PublicKey>,
    sets: Vec<IssuedSet>,
}

/// A key set and the issuers it speaks for; none stands for all others.
struct IssuedSet {
    issuers: Vec<String>,
    source: Source,
}

enum Source {
    Fixed(Arc<KeySet>),
    Remote(Endpoint),
}

impl Keys {
    /// The keys of a configuration; `kind` is what its tokens are called in errors.
    pub(crate) fn new(trust: &Trust, kind: &'static str) -> Result<Self, ConfigError> {
        let secret = |text: &str| DecodingKey::from_secret(text.as_bytes());
        let pems = [
            (&trust.rsa_public_key, AlgorithmFamily::Rsa),
            (&trust.ec_public_key, AlgorithmFamily::Ec),
            (&trust.ed25519_public_key, AlgorithmFamily::Ed),
        ];
        let pems = pems.into_iter().filter_map(|(pem, family)| pem.as_ref().map(|pem| (pem, family)));
        let keys = Self {
            secret: trust.hmac_secret.as_ref().map(|new| secret(new.expose())),
            previous: trust.hmac_previous.as_ref().map(|old| (secret(old.secret.expose()), old.until)),
            fixed: pems.map(|(pem, family)| PublicKey::from_pem(pem, family)).collect::<Result<_, _>>()?,
            sets: trust.jwks.iter().map(IssuedSet::new).collect::<Result<_, _>>()?,
        };

        if keys.secret.is_none() && keys.fixed.is_empty() && keys.sets.is_empty() {
            return Err(ConfigError::NoKey(kind));
        }
        unambiguous(&trust.jwks)?;
        Ok(keys)
    }

    /// Checks that one of the keys has signed the token.
    pub(crate) async fn verify(&self, token: &Parts<'_>, now: Timestamp) -> Result<(), TokenError> {
        let signed = match token.algorithm.family() {
            AlgorithmFamily::Hmac => self.signed_by_secret(token, now)?,
            AlgorithmFamily::Rsa | AlgorithmFamily::Ec | AlgorithmFamily::Ed => {
                self.signed_by_public_key(token, now).await?
            }
        };
        if signed { Ok(()) } else { Err(invalid("wrong signature")) }
    }

    fn signed_by_secret(&self, token: &Parts<'_>, now: Timestamp) -> Result<bool, TokenError> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until).map(|(key, _)| key);
        let mut secrets = self.secret.iter().chain(previous).peekable();
        if secrets.peek().is_none() {
            return Err(invalid("algorithm is not accepted"));
        }
        Ok(secrets.any(|key| token.signed_by(key)))
    }

    async fn signed_by_public_key(&self, token: &Parts<'_>, now: Timestamp) -> Result<bool, TokenError> {
        let fixed = self.signed_by_fixed(token);
        if fixed == Some(true) {
            return Ok(true);
        }
        if self.sets.is_empty() {
            return fixed.ok_or_else(|| invalid("algorithm is not accepted"));
        }

        let issuer = token.alleged_issuer()?;
        let set = self.set_for(issuer.as_deref()).ok_or_else(|| invalid("no keys for this issuer"))?;
        let keys = match &set.source {
            Source::Fixed(keys) => Arc::clone(keys),
            Source::Remote(endpoint) => endpoint.keys(token, now).await?,
        };
        match keys.lookup(token) {
            Lookup::Found(keys) => Ok(keys.iter().any(|key| token.signed_by(&key.decoding))),
            Lookup::Misfit => Err(invalid("the key is not for this algorithm")),
            Lookup::Unknown => Err(invalid("unknown key")),
        }
    }

    /// Whether a key in PEM has signed the token; `None` if none serves its algorithm.
    fn signed_by_fixed(&self, token: &Parts<'_>) -> Option<bool> {
        let mut serving = self.fixed.iter().filter(|key| key.serves(token.algorithm)).peekable();
        serving.peek()?;
        Some(serving.any(|key| token.signed_by(&key.decoding)))
    }

    fn set_for(&self, issuer: Option<&str>) -> Option<&IssuedSet> {
        let named = self.sets.iter().find(|set| set.issuers.iter().any(|name| Some(name.as_str()) == issuer));
        named.or_else(|| self.sets.iter().find(|set| set.issuers.is_empty()))
    }
}

impl IssuedSet {
    fn new(jwks: &Jwks) -> Result<Self, ConfigError> {
        let source = match &jwks.source {
            JwksSource::Text(json) => fixed("the settings", json.as_bytes())?,
            JwksSource::File(path) => fixed(&path.display().to_string(), &read(path)?)?,
            JwksSource::Url { url, ttl } => Source::Remote(Endpoint::new(Fetcher::new(url)?, *ttl)),
        };
        Ok(Self { issuers: jwks.issuers.clone(), source })
    }
}

fn fixed(place: &str, json: &[u8]) -> Result<Source, ConfigError> {
    let refused = |problem| ConfigError::Jwks { place: place.to_owned(), problem };
    let keys = KeySet::parse(json).map_err(refused)?;
    if keys.is_empty() {
        return Err(refused("it holds no public key that we can verify with".to_owned()));
    }
    Ok(Source::Fixed(Arc::new(keys)))
}

fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let refused = |problem| ConfigError::Jwks { place: path.display().to_string(), problem };
    let mut json = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut json));
    read.map_err(|error| refused(error.to_string()))?;
    if json.len() as u64 > FILE_BYTES_MAX {
        return Err(refused(format!("it is longer than {FILE_BYTES_MAX} bytes")));
    }
    Ok(json)
}

/// No token may have two sets to be verified with.
fn unambiguous(sets: &[Jwks]) -> Result<(), ConfigError> {
    if sets.iter().filter(|set| set.issuers.is_empty()).count() > 1 {
        return Err(ConfigError::Ambiguous("all issuers".into()));
    }
    let mut issuers: Vec<&String> = sets.iter().flat_map(|set| &set.issuers).collect();
    issuers.sort_unstable();
    match issuers.array_windows().find(|[one, other]| one == other) {
        Some([twice, _]) => Err(ConfigError::Ambiguous(format!("issuer {twice}"))),
        None => Ok(()),
    }
}
