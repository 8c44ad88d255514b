//! Who comes to a house: clients, and the tokens they show.
#![expect(clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::BTreeMap;
use std::time::Duration;

use ports::access::{ChannelGrant, ConnectionGrant, SubscriptionGrant, TokenSigner as _};
use ports::ids::UserId;
use ports::time::{Clock as _, Timestamp};

use super::House;
use crate::client::{Client, Manners, Way};

impl House {
    /// A connected client.
    pub async fn client(&self, user: &str) -> Client {
        self.client_by(Way::Json, user).await
    }

    /// A client connected with this token.
    pub async fn client_with(&self, token: &str) -> Client {
        self.client_by_with(Way::Json, token).await
    }

    /// A client that has not introduced itself.
    pub async fn stranger(&self) -> Client {
        self.stranger_by(Way::Json).await
    }

    /// A client that comes by this way.
    pub async fn client_by(&self, way: Way, user: &str) -> Client {
        self.client_by_with(way, &self.token(user)).await
    }

    /// A client that comes by this way with this token.
    pub async fn client_by_with(&self, way: Way, token: &str) -> Client {
        let mut client = self.stranger_by(way).await;
        client.connect(token).await.unwrap_or_else(|code| panic!("refused with {code}"));
        client
    }

    /// A client that comes by this way and has not introduced itself.
    pub async fn stranger_by(&self, way: Way) -> Client {
        Client::open_in(way, self.address, Manners::Answers).await
    }

    /// A connection token without expiry.
    pub fn token(&self, user: &str) -> String {
        self.sign(&grant(user))
    }

    /// A connection token.
    pub fn sign(&self, grant: &ConnectionGrant) -> String {
        self.tokens.connection(grant).unwrap()
    }

    /// A subscription token without expiry.
    pub fn sub_token(&self, user: &str, channel: &str) -> String {
        self.sign_sub(&sub_grant(user, channel))
    }

    /// A subscription token.
    pub fn sign_sub(&self, grant: &SubscriptionGrant) -> String {
        self.tokens.subscription(grant).unwrap()
    }

    /// A point in time so far ahead.
    pub fn after(&self, duration: Duration) -> Timestamp {
        self.clock.now().plus(duration)
    }
}

/// What a connection token for this user grants, to be changed at will.
pub fn grant(user: &str) -> ConnectionGrant {
    ConnectionGrant { user: UserId::new(user), expire_at: None, info: None, channels: BTreeMap::new() }
}

/// What a subscription token grants, to be changed at will.
pub fn sub_grant(user: &str, channel: &str) -> SubscriptionGrant {
    SubscriptionGrant {
        user: UserId::new(user),
        channel: channel.to_owned(),
        client: None,
        expire_at: None,
        details: ChannelGrant::default(),
    }
}
