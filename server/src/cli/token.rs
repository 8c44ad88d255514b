//! `wigwag token`: a token as the application's back end would make it.

use anyhow::Context as _;
use bytes::Bytes;
use ports::access::{ChannelGrant, ConnectionGrant, SubscriptionGrant, TokenSigner as _};
use ports::ids::UserId;
use ports::time::Timestamp;

use super::args::TokenArgs;
use crate::keys::Keys;

/// A connection token, or a subscription token if a channel is named.
pub fn token(args: &TokenArgs, keys: &Keys, now: Timestamp) -> anyhow::Result<String> {
    let tokens = keys.tokens()?;
    let user = UserId::new(&args.user);
    let expire_at = Some(now.plus(args.ttl));
    let info = args.info.as_deref().map(|json| Bytes::from(json.to_owned()));

    let token = match &args.channel {
        Some(channel) => tokens.subscription(&SubscriptionGrant {
            user,
            channel: channel.clone(),
            client: None,
            expire_at,
            details: ChannelGrant { info, ..ChannelGrant::default() },
        }),
        None => tokens.connection(&ConnectionGrant {
            user,
            expire_at,
            info,
            channels: args.channels.iter().map(|name| (name.clone(), ChannelGrant::default())).collect(),
        }),
    };
    token.context("set token.hmac_secret; without it only others can make tokens")
}
