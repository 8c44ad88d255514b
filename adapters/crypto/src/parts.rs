//! A token taken apart, not yet believed.

use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use ports::access::TokenError;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::claims::present;

/// Longest token that is looked at; anything longer is invalid.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// The three parts of a token. Nothing in it is true before [`Parts::signed_by`] says so.
pub(crate) struct Parts<'a> {
    message: &'a str,
    signature: &'a str,
    payload: Vec<u8>,
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
}

/// All of a header that is looked at: keys and addresses of keys (`jwk`, `jku`, `x5c`, `x5u`) are deliberately not.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

/// The one claim that is read before the signature is checked, to choose among configured key sets.
#[derive(Deserialize)]
struct Origin {
    #[serde(default)]
    iss: Option<String>,
}

impl<'a> Parts<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(invalid("longer than allowed"));
        }
        let (message, signature) = token.rsplit_once('.').ok_or_else(|| invalid("not three parts"))?;
        let (header, payload) = message.split_once('.').ok_or_else(|| invalid("not three parts"))?;
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| invalid("malformed header"))?;
        let header: Header = object(&header).map_err(|_| invalid("malformed header"))?;
        if header.crit.is_some() {
            return Err(invalid("header demands an extension"));
        }

        let algorithm = Algorithm::from_str(&header.alg);
        let algorithm = algorithm.map_err(|_| invalid("algorithm is not accepted"))?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| invalid("malformed payload"))?;
        Ok(Self { message, signature, payload, algorithm, kid: header.kid })
    }

    /// Whether this key made the signature.
    pub(crate) fn signed_by(&self, key: &DecodingKey) -> bool {
        let message = self.message.as_bytes();
        matches!(jsonwebtoken::crypto::verify(self.signature, message, key, self.algorithm), Ok(true))
    }

    /// Who the token says has issued it.
    pub(crate) fn alleged_issuer(&self) -> Result<Option<String>, TokenError> {
        let origin: Origin = self.claims()?;
        Ok(origin.iss)
    }

    pub(crate) fn claims<T: DeserializeOwned>(&self) -> Result<T, TokenError> {
        object(&self.payload).map_err(|error| invalid(format!("claims: {error}")))
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// A refusal with its reason for the logs.
pub(crate) fn invalid(reason: impl Into<String>) -> TokenError {
    TokenError::Invalid(reason.into())
}

/// Reads a JSON object; a derived reader alone would take a list of values for one.
fn object<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(serde::de::Error::custom("not an object"));
    }
    serde_json::from_slice(json)
}
