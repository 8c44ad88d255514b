//! From names to addresses that may be asked.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::Reach;

/// Knows the addresses of names.
#[async_trait]
pub(crate) trait Names: Send + Sync {
    /// The addresses of a host at this moment.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The names that this machine knows.
pub(crate) struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Resolves names for a client. It connects to what comes out of here and to nothing else, so a name cannot mean one
/// address when it is checked and another when it is used.
pub(crate) struct Guide {
    pub(crate) names: Arc<dyn Names>,
    pub(crate) reach: Arc<Reach>,
    /// Connections are made without TLS.
    pub(crate) is_plain: bool,
}

impl Resolve for Guide {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, reach, is_plain) = (Arc::clone(&self.names), Arc::clone(&self.reach), self.is_plain);
        Box::pin(async move {
            let host = name.as_str();
            let found = names.addresses(host).await?.into_iter();
            // The client puts the port of the setting in place of this one.
            let allowed = found.filter(|address| reach.allows(host, *address, is_plain));
            let allowed: Vec<SocketAddr> = allowed.map(|address| SocketAddr::new(address, 0)).collect();
            if allowed.is_empty() {
                let refused: Box<dyn Error + Send + Sync> =
                    "the host has no address that may be asked".into();
                return Err(refused);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
