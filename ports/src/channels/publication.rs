//! What travels through a channel, and where in its stream it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::ids::{ClientId, UserId};

/// The name of one unbroken timeline of a stream (P-ST-1, P-ST-10). Clients echo it; it is compared, never parsed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(Arc<str>);

impl Epoch {
    /// An epoch as a broker or a client spells it.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// Eight letters from a random number.
    pub fn from_random(mut number: u64) -> Self {
        const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let mut text = String::with_capacity(8);
        for _ in 0..8 {
            let letter = LETTERS.get((number % 52) as usize).copied().unwrap_or(b'a');
            text.push(char::from(letter));
            number /= 52;
        }
        Self(Arc::from(text))
    }

    /// The text; empty means "not known" in requests.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a client sent no epoch.
    pub fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// A place in a stream: the offset of an item (the first is 1, 0 is before all) within one timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// How many items the timeline had when this one was appended.
    pub offset: u64,
    /// Which timeline.
    pub epoch: Epoch,
}

/// How long a channel's stream remembers. All three are bounds; the first one reached wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Most items kept.
    pub size: usize,
    /// How long an item is kept.
    pub ttl: Duration,
    /// How long top offset and epoch outlive the last use (P-ST-3).
    pub meta_ttl: Duration,
}

/// Labels of a publication, for filters.
pub type Tags = BTreeMap<String, String>;

/// One item of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its place in the stream; 0 if the channel has none or the item was kept out of it (P-ST-9).
    pub offset: u64,
    /// The payload, as it came (P-ENC-10).
    pub data: Bytes,
    /// Who published, if a client did.
    pub info: Option<Arc<ClientInfo>>,
    /// Labels; empty in most.
    pub tags: Option<Arc<Tags>>,
    /// Whoever published it wants subscribers of deltas to get the difference only (P-DL-2).
    pub delta: bool,
}

impl Publication {
    /// Bytes of everything in it that is sent to subscribers, names and punctuation aside.
    pub fn payload_bytes(&self) -> usize {
        let info = self.info.as_deref().map_or(0, ClientInfo::payload_bytes);
        let tags = self.tags.as_deref().into_iter().flatten();
        self.data.len() + info + tags.map(|(name, value)| name.len() + value.len()).sum::<usize>()
    }
}

impl ClientInfo {
    /// Bytes of the user's name and the application's JSON.
    pub fn payload_bytes(&self) -> usize {
        let json = [&self.conn_info, &self.chan_info].into_iter().flatten();
        self.user.as_str().len() + json.map(Bytes::len).sum::<usize>()
    }
}

/// A connection as others see it: in presence, joins, leaves and client publications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientInfo {
    /// Its user.
    pub user: UserId,
    /// Its id.
    pub client: ClientId,
    /// JSON from the connection token.
    pub conn_info: Option<Bytes>,
    /// JSON from the subscription token.
    pub chan_info: Option<Bytes>,
}

/// What happened in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something was published; with its timeline if it stands in a stream.
    Publication(Arc<Publication>, Option<Epoch>),
    /// A connection came.
    Join(Arc<ClientInfo>),
    /// A connection left.
    Leave(Arc<ClientInfo>),
}
