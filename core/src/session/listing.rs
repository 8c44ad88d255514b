//! What operators see of a connection.

use ports::channels::ChannelName;
use ports::ids::{ClientId, UserId};
use ports::time::Timestamp;

use super::Session;

/// An established connection as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub client: ClientId,
    /// Its user.
    pub user: UserId,
    /// When it was established.
    pub since: Timestamp,
    /// When it ends unless refreshed; `None` is never.
    pub expire_at: Option<Timestamp>,
    /// The channels it is subscribed to, by name.
    pub channels: Vec<ChannelName>,
}

impl Session {
    /// What operators see of it, once it is established.
    pub fn seen(&self) -> Option<Seen> {
        let live = self.live().filter(|live| live.connecting.is_none())?;
        Some(Seen {
            client: self.client,
            user: live.user().clone(),
            since: live.since,
            expire_at: live.expire_at,
            channels: live.channels(),
        })
    }

    /// Whether it is subscribed to a channel.
    pub fn is_subscribed(&self, channel: &ChannelName) -> bool {
        self.live().is_some_and(|live| live.subscriptions.contains(channel))
    }
}
