//! The keys that count while the node runs, until a reload brings others.

use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use crypto::{Secret, Tokens};
use ports::access::{ConnectionGrant, SubscriptionGrant, TokenError, TokenVerifier};
use ports::ids::TenantId;
use ports::time::Timestamp;
use subtle::ConstantTimeEq as _;

/// What back ends present at present. Copies share it.
#[derive(Clone)]
pub struct ApiKey(Arc<ArcSwap<Secret>>);

impl ApiKey {
    /// This one, until another comes.
    pub fn new(key: Secret) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(key)))
    }

    /// From now on this one opens.
    pub fn replace(&self, key: Secret) {
        self.0.store(Arc::new(key));
    }

    /// Whether this opens; how long that takes says nothing about the key.
    pub fn is(&self, given: &str) -> bool {
        given.as_bytes().ct_eq(self.0.load().expose().as_bytes()).into()
    }
}

/// What verifies tokens at present. Copies share it.
#[derive(Clone)]
pub struct Verifier(Arc<ArcSwap<Tokens>>);

impl Verifier {
    /// These keys, until others come.
    pub fn new(tokens: Tokens) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(tokens)))
    }

    /// From now on these keys verify.
    pub fn replace(&self, tokens: Tokens) {
        self.0.store(Arc::new(tokens));
    }
}

#[async_trait]
impl TokenVerifier for Verifier {
    async fn connection(
        &self,
        tenant: &TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<ConnectionGrant, TokenError> {
        self.0.load_full().connection(tenant, token, now).await
    }

    async fn subscription(
        &self,
        tenant: &TenantId,
        token: &str,
        now: Timestamp,
    ) -> Result<SubscriptionGrant, TokenError> {
        self.0.load_full().subscription(tenant, token, now).await
    }
}
