//! Channel names and addresses.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::ids::TenantId;

/// Longest channel name in bytes (P-CH-1).
pub const CHANNEL_BYTES_MAX: usize = 255;

/// A channel's name as clients spell it: 1 to 255 printable ASCII characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(Arc<str>);

impl ChannelName {
    /// The name a text spells, or why it spells none.
    pub fn parse(raw: &str) -> Result<Self, NameError> {
        if raw.is_empty() {
            return Err(NameError::Empty);
        }
        if raw.len() > CHANNEL_BYTES_MAX {
            return Err(NameError::TooLong { bytes: raw.len() });
        }
        if !raw.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return Err(NameError::NotPrintableAscii);
        }
        Ok(Self(Arc::from(raw)))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The namespace's name: what stands before the first `:`, without a leading `$`; `None` for the nameless
    /// namespace (P-CH-2). A `:` behind a `#` belongs to a user's name.
    pub fn namespace(&self) -> Option<&str> {
        let name = self.0.strip_prefix('$').unwrap_or(&self.0);
        name.split_once(':').map(|(namespace, _)| namespace).filter(|namespace| !namespace.contains('#'))
    }

    /// Whether the name starts with `$`: such a channel always needs a subscription token (P-CH-3).
    pub fn is_private(&self) -> bool {
        self.0.starts_with('$')
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// Why a text is no channel name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing there.
    #[error("channel name is empty")]
    Empty,
    /// More than [`CHANNEL_BYTES_MAX`].
    #[error("channel name has {bytes} bytes, at most {CHANNEL_BYTES_MAX} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Control characters or anything beyond ASCII.
    #[error("channel name may hold printable ASCII characters only")]
    NotPrintableAscii,
}

/// The key of everything that can be published to: a tenant and a place within it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which place.
    pub place: Place,
}

impl Address {
    /// The address of a channel that clients can name.
    pub fn public(tenant: TenantId, channel: ChannelName) -> Self {
        Self { tenant, place: Place::Public(channel) }
    }
}

/// A place within a tenant. Internal places become further variants, so that no client can ever spell one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A channel that clients and back ends name.
    Public(ChannelName),
}

impl Place {
    /// The channel's name.
    pub fn channel(&self) -> &ChannelName {
        match self {
            Self::Public(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespace_is_the_text_before_the_first_colon() {
        let namespace = |raw| ChannelName::parse(raw).unwrap().namespace().map(str::to_owned);

        assert_eq!(namespace("news:sport:uk"), Some("news".into()));
        assert_eq!(namespace("$news:sport"), Some("news".into()));
        assert_eq!(namespace("news"), None);
        assert_eq!(namespace(":odd"), Some(String::new()));
        assert_eq!(namespace("#auth0:1"), None);
        assert_eq!(namespace("news:#auth0:1"), Some("news".into()));
    }

    #[test]
    fn names_are_printable_ascii_of_bounded_length() {
        assert_eq!(ChannelName::parse(""), Err(NameError::Empty));
        assert_eq!(ChannelName::parse("tab\t"), Err(NameError::NotPrintableAscii));
        assert_eq!(ChannelName::parse("grün"), Err(NameError::NotPrintableAscii));
        assert_eq!(ChannelName::parse(&"x".repeat(256)), Err(NameError::TooLong { bytes: 256 }));
        assert!(ChannelName::parse(&"x".repeat(255)).is_ok());
    }
}
