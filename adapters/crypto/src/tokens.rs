//! The two ports over the rules for both kinds of tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use ports::access::{
    ChannelGrant, ConnectionGrant, SubscriptionGrant, TokenError, TokenSigner, TokenVerifier,
};
use ports::ids::{TenantId, UserId};
use ports::time::Timestamp;

use crate::claims::{Claims, Details, Moment, payload, spelled};
use crate::config::{Config, ConfigError};
use crate::parts::invalid;
use crate::rules::Rules;

/// Verifies tokens with all configured keys, signs HS256. Tenants share the configuration.
pub struct Tokens {
    connection: Arc<Rules>,
    subscription: Arc<Rules>,
}

impl Tokens {
    /// Verifier and signer. Reads key files; addresses are asked when a token first needs them.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let connection = Arc::new(Rules::new(&config.connection, "connection")?);
        let subscription = match &config.subscription {
            Some(trust) => Arc::new(Rules::new(trust, "subscription")?),
            None => Arc::clone(&connection),
        };
        Ok(Self { connection, subscription })
    }
}

/// Keys at an address need the runtime of tokio; all other keys answer at once.
#[async_trait]
impl TokenVerifier for Tokens {
    async fn connection(
        &self,
        _tenant: &TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<ConnectionGrant, TokenError> {
        let claims = self.connection.claims(token, now).await?;
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
        let mut claims = self.subscription.claims(token, now).await?;
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
impl TokenSigner for Tokens {
    fn connection(&self, grant: &ConnectionGrant) -> Result<String, TokenError> {
        let (info, b64info) = spelled(grant.info.as_ref());
        let subs: BTreeMap<_, _> =
            grant.channels.iter().map(|(name, channel)| (name.clone(), Details::from(channel))).collect();
        let claims = Claims {
            exp: grant.expire_at.map(Moment::of),
            subs: (!subs.is_empty()).then_some(subs),
            info,
            b64info,
            ..Claims::default()
        };
        self.connection.sign(&grant.user, claims)
    }

    fn subscription(&self, grant: &SubscriptionGrant) -> Result<String, TokenError> {
        let claims = Claims {
            channel: Some(grant.channel.clone()),
            client: grant.client.clone(),
            exp: grant.expire_at.map(Moment::of),
            ..Claims::default()
        };
        self.subscription.sign(&grant.user, claims.with_details(Details::from(&grant.details)))
    }
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
