//! Who is who: tenants, users, connections, nodes, and the caller of a use case.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

/// An isolated customer of the node. It is part of every address, caller, key and bound; `default` is the only
/// value until tenants can be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// A tenant by its name.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TenantId {
    fn default() -> Self {
        Self::new("default")
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user of the application, named by the application's token. The empty id is the anonymous user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// A user by the id the application gave.
    pub fn new(id: &str) -> Self {
        Self(Arc::from(id))
    }

    /// The id, empty for the anonymous user.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the anonymous user.
    pub fn is_anonymous(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One connection. Made anew for every connection, never reused, shown to clients as a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Uuid);

/// One running process of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Uuid);

/// The secret of a connection whose two halves are different requests: whoever knows it may send as that connection
/// (P-EM-1). Deliberately without `Debug`'s usual candour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(Uuid);

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

macro_rules! random_id {
    ($name:ident) => {
        impl $name {
            /// An id (UUID version 4) from sixteen random bytes.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// The id a text spells, if it spells one.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

random_id!(ClientId);
random_id!(NodeId);
random_id!(SessionKey);

/// On whose behalf a use case runs.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant whose data may be touched.
    pub tenant: TenantId,
    /// The party that asks.
    pub who: Who,
}

/// The party behind a [`Caller`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// An application's back end, trusted by its API key.
    Backend,
    /// A connected client.
    Client {
        /// Its user.
        user: UserId,
        /// Its connection.
        client: ClientId,
    },
}
