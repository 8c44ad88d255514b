//! What only some sessions have.

use std::sync::Arc;

use bytes::Bytes;
use ports::channels::ChannelName;
use ports::hooks::Visitor;
use ports::ids::SessionKey;
use ports::time::Timestamp;

use super::Session;

/// A session without any of it carries an empty pointer, which it had for the first of these anyway.
#[derive(Debug)]
pub(super) struct Rare {
    /// The secret of its later requests.
    pub(super) emulation: Option<SessionKey>,
    /// How it came, if the back end is to be told.
    pub(super) visitor: Option<Arc<Visitor>>,
    /// The back end let it in.
    pub(super) is_welcome: bool,
    /// What the back end keeps with it (P-CONN-14).
    pub(super) meta: Option<Bytes>,
    /// What the back end has for the client, until the connect reply.
    pub(super) greeting: Option<Bytes>,
    /// When the back end is asked whether the connection goes on.
    pub(super) renew_at: Timestamp,
    /// When it is asked about subscriptions that it allowed; at most one entry for each channel.
    pub(super) renewals: Vec<Due>,
}

/// A subscription that is to be renewed.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) at: Timestamp,
    pub(super) channel: ChannelName,
    pub(super) join: u32,
}

impl Default for Rare {
    fn default() -> Self {
        Self {
            emulation: None,
            visitor: None,
            is_welcome: false,
            meta: None,
            greeting: None,
            renew_at: Timestamp::NEVER,
            renewals: Vec::new(),
        }
    }
}

impl Rare {
    pub(super) fn emulated(key: SessionKey) -> Box<Self> {
        Box::new(Self { emulation: Some(key), ..Self::default() })
    }
}

impl Session {
    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether the back end let the connection in, and not a token.
    pub(super) fn is_welcome(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.is_welcome)
    }

    /// What the back end has for the client.
    pub(super) fn take_greeting(&mut self) -> Option<Bytes> {
        self.rare.as_mut()?.greeting.take()
    }
}
