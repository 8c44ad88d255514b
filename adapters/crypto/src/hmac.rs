//! Tokens signed and verified with a shared secret.

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use ports::access::{
    ChannelGrant, ConnectionGrant, SubscriptionGrant, TokenError, TokenSigner, TokenVerifier,
};
use ports::ids::{TenantId, UserId};
use ports::time::Timestamp;

use crate::Secret;
use crate::claims::{Audience, Claims, Details, Moment, payload, spelled};

/// Longest token that is looked at; anything longer is invalid.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Which tokens are believed.
pub struct Config {
    /// The secret shared with the application's back end.
    pub secret: Secret,
    /// What the `aud` claim must be or contain.
    pub audience: Option<String>,
    /// What the `iss` claim must be.
    pub issuer: Option<String>,
}

/// Verifies HS256, HS384 and HS512, signs HS256. Tenants share the secret.
pub struct HmacTokens {
    verifying: DecodingKey,
    signing: EncodingKey,
    audience: Option<String>,
    issuer: Option<String>,
}

impl HmacTokens {
    /// Verifier and signer for one secret.
    pub fn new(config: Config) -> Self {
        let secret = config.secret.expose().as_bytes();
        Self {
            verifying: DecodingKey::from_secret(secret),
            signing: EncodingKey::from_secret(secret),
            audience: config.audience,
            issuer: config.issuer,
        }
    }

    /// The claims of a token that is rightly signed and meant for us. Whether it has expired comes after everything
    /// that makes it false (P-JWT-3).
    fn claims(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(invalid("longer than allowed"));
        }
        let payload = self.signed_payload(token)?;
        let claims: Claims =
            serde_json::from_slice(&payload).map_err(|error| invalid(format!("claims: {error}")))?;

        self.check_parties(&claims)?;
        Ok(claims)
    }

    fn signed_payload(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        let (message, signature) = token.rsplit_once('.').ok_or_else(|| invalid("not three parts"))?;
        let (_, payload) = message.split_once('.').ok_or_else(|| invalid("not three parts"))?;
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid("malformed header"))?;
        if !matches!(header.alg, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
            return Err(invalid("algorithm is not accepted"));
        }
        if header.crit.is_some() {
            return Err(invalid("header demands an extension"));
        }

        let message = message.as_bytes();
        match jsonwebtoken::crypto::verify(signature, message, &self.verifying, header.alg) {
            Ok(true) => URL_SAFE_NO_PAD.decode(payload).map_err(|_| invalid("malformed payload")),
            Ok(false) | Err(_) => Err(invalid("wrong signature")),
        }
    }

    fn check_parties(&self, claims: &Claims) -> Result<(), TokenError> {
        if let Some(wanted) = &self.audience
            && !claims.aud.as_ref().is_some_and(|audience| audience.contains(wanted))
        {
            return Err(invalid("made for another audience"));
        }
        if self.issuer.is_some() && claims.iss != self.issuer {
            return Err(invalid("made by another issuer"));
        }
        Ok(())
    }

    fn sign(&self, claims: Claims) -> Result<String, TokenError> {
        let claims =
            Claims { aud: self.audience.clone().map(Audience::One), iss: self.issuer.clone(), ..claims };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|error| invalid(error.to_string()))?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(invalid("longer than allowed"));
        }
        Ok(token)
    }
}

#[async_trait]
impl TokenVerifier for HmacTokens {
    async fn connection(
        &self,
        _tenant: &TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<ConnectionGrant, TokenError> {
        let claims = self.claims(token)?;
        if claims.channel.is_some() {
            return Err(invalid("a subscription token where a connection token belongs"));
        }
        check_times(&claims, now)?;
        Ok(ConnectionGrant {
            expire_at: claims.ends_at(),
            info: payload(claims.info, claims.b64info.as_deref())?,
            channels: channels(claims.subs, claims.channels)?,
            user: user(claims.sub),
        })
    }

    async fn subscription(
        &self,
        _tenant: &TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<SubscriptionGrant, TokenError> {
        let mut claims = self.claims(token)?;
        let channel = claims.channel.take().filter(|channel| !channel.is_empty());
        let channel = channel.ok_or_else(|| invalid("no channel in a subscription token"))?;
        check_times(&claims, now)?;
        Ok(SubscriptionGrant {
            channel,
            user: user(claims.sub.take()),
            client: claims.client.take().filter(|client| !client.is_empty()),
            expire_at: claims.ends_at(),
            details: claims.into_details().grant()?,
        })
    }
}

/// Expiries are written in whole seconds, rounded down.
impl TokenSigner for HmacTokens {
    fn connection(&self, grant: &ConnectionGrant) -> Result<String, TokenError> {
        let (info, b64info) = spelled(grant.info.as_ref());
        let subs: BTreeMap<_, _> =
            grant.channels.iter().map(|(name, channel)| (name.clone(), Details::from(channel))).collect();
        self.sign(Claims {
            sub: Some(grant.user.as_str().to_owned()),
            exp: grant.expire_at.map(Moment::of),
            subs: (!subs.is_empty()).then_some(subs),
            info,
            b64info,
            ..Claims::default()
        })
    }

    fn subscription(&self, grant: &SubscriptionGrant) -> Result<String, TokenError> {
        let claims = Claims {
            sub: Some(grant.user.as_str().to_owned()),
            channel: Some(grant.channel.clone()),
            client: grant.client.clone(),
            exp: grant.expire_at.map(Moment::of),
            ..Claims::default()
        };
        self.sign(claims.with_details(Details::from(&grant.details)))
    }
}

/// A refusal with its reason for the logs.
pub(crate) fn invalid(reason: impl Into<String>) -> TokenError {
    TokenError::Invalid(reason.into())
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
    let past = claims.exp.as_ref().is_some_and(|exp| exp.timestamp() <= now);
    let early = claims.nbf.as_ref().is_some_and(|nbf| nbf.timestamp() > now);
    if past || early { Err(TokenError::Expired) } else { Ok(()) }
}

fn user(sub: Option<String>) -> UserId {
    UserId::new(&sub.unwrap_or_default())
}

fn channels(
    subs: Option<BTreeMap<String, Details>>,
    names: Option<Vec<String>>,
) -> Result<BTreeMap<String, ChannelGrant>, TokenError> {
    match subs {
        Some(subs) if !subs.is_empty() => {
            subs.into_iter().map(|(name, details)| Ok((name, details.grant()?))).collect()
        }
        Some(_) | None => {
            Ok(names.unwrap_or_default().into_iter().map(|name| (name, ChannelGrant::default())).collect())
        }
    }
}
