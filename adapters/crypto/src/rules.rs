//! What makes one kind of token believable, and how such tokens are made.

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ports::access::TokenError;
use ports::ids::UserId;
use ports::time::Timestamp;
use serde::Serialize;

use crate::claims::{Audience, Claims};
use crate::config::{ConfigError, Trust};
use crate::expected::Expected;
use crate::keys::Keys;
use crate::parts::{Parts, TOKEN_BYTES_MAX, invalid};
use crate::user_claim;

/// The claim that names the user unless another is configured.
const SUBJECT: &str = "sub";
/// Claims that cannot name the user.
const TAKEN: &[&str] = &[
    "exp",
    "nbf",
    "iat",
    "jti",
    "aud",
    "iss",
    "expire_at",
    "channel",
    "client",
    "channels",
    "subs",
    "info",
    "b64info",
    "data",
    "b64data",
    "meta",
    "override",
    "",
];

/// Keys and expectations, ready for use.
pub(crate) struct Rules {
    keys: Keys,
    signing: Option<EncodingKey>,
    audience: Option<Expected>,
    issuer: Option<Expected>,
    user_claim: Option<String>,
}

/// Claims of our own making, the user under the configured name.
#[derive(Serialize)]
struct Signed<'a> {
    #[serde(flatten)]
    user: BTreeMap<&'a str, &'a str>,
    #[serde(flatten)]
    claims: Claims,
}

impl Rules {
    pub(crate) fn new(trust: &Trust, kind: &'static str) -> Result<Self, ConfigError> {
        if let Some(name) = trust.user_id_claim.as_ref().filter(|name| TAKEN.contains(&name.as_str())) {
            return Err(ConfigError::UserClaim(name.clone()));
        }
        let signing = trust.hmac_secret.as_ref();
        Ok(Self {
            keys: Keys::new(trust, kind)?,
            signing: signing.map(|secret| EncodingKey::from_secret(secret.expose().as_bytes())),
            audience: trust.audience.clone(),
            issuer: trust.issuer.clone(),
            user_claim: trust.user_id_claim.clone().filter(|name| name != SUBJECT),
        })
    }

    /// The claims of a token that is rightly signed and meant for us, the user in `sub`. Whether it has expired comes
    /// after everything that makes it false (P-JWT-3).
    pub(crate) async fn claims(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let parts = Parts::parse(token)?;
        self.keys.verify(&parts, now).await?;

        let mut claims: Claims = parts.claims()?;
        if let Some(name) = &self.user_claim {
            claims.sub = user_claim::read(parts.payload(), name)
                .map_err(|error| invalid(format!("claim {name}: {error}")))?;
        }
        self.check_parties(&claims)?;
        Ok(claims)
    }

    /// A token with these claims for this user, signed with the HMAC secret.
    pub(crate) fn sign(&self, user: &UserId, claims: Claims) -> Result<String, TokenError> {
        let key = self.signing.as_ref().ok_or_else(|| invalid("no HMAC secret to sign with"))?;
        let claims = Claims {
            aud: own(self.audience.as_ref())?.map(Audience::One),
            iss: own(self.issuer.as_ref())?,
            ..claims
        };
        let name = self.user_claim.as_deref().unwrap_or(SUBJECT);
        let claims = Signed { user: BTreeMap::from([(name, user.as_str())]), claims };

        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, key)
            .map_err(|error| invalid(error.to_string()))?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(invalid("longer than allowed"));
        }
        Ok(token)
    }

    fn check_parties(&self, claims: &Claims) -> Result<(), TokenError> {
        if let Some(wanted) = &self.audience
            && !claims.aud.as_ref().is_some_and(|audience| audience.any(|name| wanted.accepts(name)))
        {
            return Err(invalid("made for another audience"));
        }
        if let Some(wanted) = &self.issuer
            && !claims.iss.as_ref().is_some_and(|issuer| wanted.accepts(issuer))
        {
            return Err(invalid("made by another issuer"));
        }
        Ok(())
    }
}

/// What a token of our own says where something is expected.
fn own(expected: Option<&Expected>) -> Result<Option<String>, TokenError> {
    let Some(expected) = expected else { return Ok(None) };
    let example =
        expected.example().ok_or_else(|| invalid("a pattern expected in a claim cannot be signed"))?;
    Ok(Some(example.to_owned()))
}
