//! What back ends can do with channels: publish, read a stream, see who is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use ports::channels::{
    Address, Broker, BrokerError, ChannelName, ClientInfo, Draft, Headcount, HistoryQuery, NameError, Order,
    Presence, PresenceError, Receipt, StreamView, Version,
};
use ports::ids::Caller;
use ports::protocol::{ErrorCode, Recovery};
use ports::time::Clock;
use thiserror::Error;

use self::glob::Glob;
use super::permission::{self, Party};
use super::{History, Namespace};
use crate::settings::{Settings, Shared};

mod glob;

/// The use cases of channels, for callers that are trusted with a whole tenant.
#[derive(Clone)]
pub struct Channels {
    broker: Arc<dyn Broker>,
    presence: Arc<dyn Presence>,
    clock: Arc<dyn Clock>,
    settings: Shared,
}

/// Something a back end publishes.
#[derive(Clone, Debug, Default)]
pub struct Post {
    /// The payload.
    pub data: Bytes,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Keep it out of the stream.
    pub skip_history: bool,
    /// Publish once per key within five minutes.
    pub idempotency_key: Option<String>,
    /// Skip it if the stream holds this version or a later one.
    pub version: Option<Version>,
    /// Subscribers of deltas get the difference only; a namespace may want that of every publication.
    pub delta: bool,
}

/// Why a use case of channels came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChannelError {
    /// The name is none.
    #[error(transparent)]
    BadName(#[from] NameError),
    /// No namespace of that name is configured.
    #[error("no namespace is configured for channel {0:?}")]
    UnknownChannel(String),
    /// The namespace wants other names.
    #[error("channel {0:?} does not match the channel_regex of its namespace")]
    Misnamed(String),
    /// The namespace has this feature switched off.
    #[error("not available in the namespace of this channel")]
    NotAvailable,
    /// Nothing to publish.
    #[error("no data to publish")]
    NoData,
    /// Newest first with an offset of zero, before which there is nothing.
    #[error("a reversed history needs an offset above zero to begin before")]
    NothingBefore,
    /// Not a glob.
    #[error("pattern: {0}")]
    BadPattern(&'static str),
    /// The stream has another epoch than the one asked for.
    #[error("the stream has another epoch")]
    UnrecoverablePosition,
    /// Broker or presence failed. Trying again may help.
    #[error("{0}")]
    Unavailable(String),
}

impl ChannelError {
    /// The protocol's code for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::BadName(_)
            | Self::Misnamed(_)
            | Self::NoData
            | Self::NothingBefore
            | Self::BadPattern(_) => ErrorCode::BadRequest,
            Self::UnknownChannel(_) => ErrorCode::UnknownChannel,
            Self::NotAvailable => ErrorCode::NotAvailable,
            Self::UnrecoverablePosition => ErrorCode::UnrecoverablePosition,
            Self::Unavailable(_) => ErrorCode::Internal,
        }
    }
}

impl From<BrokerError> for ChannelError {
    fn from(error: BrokerError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<PresenceError> for ChannelError {
    fn from(error: PresenceError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Channels {
    /// The use cases over these ports.
    pub fn new(
        broker: Arc<dyn Broker>,
        presence: Arc<dyn Presence>,
        clock: Arc<dyn Clock>,
        settings: Arc<Settings>,
    ) -> Self {
        Self { broker, presence, clock, settings: Shared::new(settings) }
    }

    /// What the operator has decided at present; copies of these use cases share it.
    pub fn settings(&self) -> &Shared {
        &self.settings
    }

    /// Publishes into a channel. When this returns, the broker has it.
    pub async fn publish(&self, by: &Caller, channel: &str, post: Post) -> Result<Receipt, ChannelError> {
        let settings = self.settings.current();
        let (address, namespace) = resolve(&settings, by, channel)?;
        if post.data.is_empty() {
            return Err(ChannelError::NoData);
        }
        let keep = namespace.history.as_ref().map(|history| history.keep);
        let draft = Draft {
            data: post.data,
            info: None,
            tags: if post.tags.is_empty() { None } else { Some(Arc::new(post.tags)) },
            keep: keep.filter(|_| !post.skip_history),
            idempotency_key: post.idempotency_key,
            version: post.version,
            delta: post.delta || namespace.delta_publish,
            trace: None,
        };
        Ok(self.broker.publish(&address, draft, self.clock.now()).await?)
    }

    /// Reads a stream: `limit` 0 gives the position only, a negative one everything.
    pub async fn history(
        &self,
        by: &Caller,
        channel: &str,
        limit: i32,
        since: Option<Recovery>,
        order: Order,
    ) -> Result<StreamView, ChannelError> {
        let settings = self.settings.current();
        let (address, namespace) = resolve(&settings, by, channel)?;
        let history =
            permission::history(namespace, Party::Backend).map_err(|_| ChannelError::NotAvailable)?;
        let request = StreamRequest::new(limit, since, order, usize::MAX)?;
        request.read(&*self.broker, &address, history, &*self.clock).await
    }

    /// Empties a stream; its position stays (P-ST-4).
    pub async fn forget(&self, by: &Caller, channel: &str) -> Result<(), ChannelError> {
        let settings = self.settings.current();
        let (address, namespace) = resolve(&settings, by, channel)?;
        permission::history(namespace, Party::Backend).map_err(|_| ChannelError::NotAvailable)?;
        Ok(self.broker.forget(&address).await?)
    }

    /// Which of these channels belong to the caller's tenant and match a glob; an empty one matches all.
    pub fn matching(
        &self,
        by: &Caller,
        pattern: &str,
        live: BTreeMap<Arc<Address>, usize>,
    ) -> Result<BTreeMap<ChannelName, usize>, ChannelError> {
        let glob = Glob::parse(if pattern.is_empty() { "*" } else { pattern });
        let glob = glob.map_err(ChannelError::BadPattern)?;
        let named =
            live.into_iter().filter(|(address, _)| address.tenant == by.tenant).map(|(address, count)| {
                let name = address.place.channel().clone();
                (name, count)
            });
        Ok(named.filter(|(name, _)| glob.matches(name.as_str())).collect())
    }

    /// The channel that a text names, if there may be such a channel.
    pub fn name(&self, channel: &str) -> Result<ChannelName, ChannelError> {
        find(&self.settings.current(), channel).map(|(name, _)| name)
    }

    /// Who is in a channel.
    pub async fn presence(&self, by: &Caller, channel: &str) -> Result<Vec<Arc<ClientInfo>>, ChannelError> {
        let address = self.with_presence(by, channel)?;
        Ok(self.presence.members(&address).await?)
    }

    /// How many are in a channel.
    pub async fn presence_stats(&self, by: &Caller, channel: &str) -> Result<Headcount, ChannelError> {
        let address = self.with_presence(by, channel)?;
        Ok(self.presence.count(&address).await?)
    }

    fn with_presence(&self, by: &Caller, channel: &str) -> Result<Arc<Address>, ChannelError> {
        let settings = self.settings.current();
        let (address, namespace) = resolve(&settings, by, channel)?;
        permission::presence(namespace, Party::Backend).map_err(|_| ChannelError::NotAvailable)?;
        Ok(address)
    }
}

fn resolve<'s>(
    settings: &'s Settings,
    by: &Caller,
    channel: &str,
) -> Result<(Arc<Address>, &'s Namespace), ChannelError> {
    let (name, namespace) = find(settings, channel)?;
    Ok((Arc::new(Address::public(by.tenant.clone(), name)), namespace))
}

fn find<'s>(settings: &'s Settings, channel: &str) -> Result<(ChannelName, &'s Namespace), ChannelError> {
    let name = ChannelName::parse(channel)?;
    let Some(namespace) = settings.namespaces.of(&name) else {
        return Err(ChannelError::UnknownChannel(channel.to_owned()));
    };
    match settings.namespaces.find(&name) {
        Ok(_) => Ok((name, namespace)),
        Err(_) => Err(ChannelError::Misnamed(channel.to_owned())),
    }
}

/// A history request that makes sense (P section 8).
#[derive(Clone, Debug)]
pub struct StreamRequest {
    query: HistoryQuery,
    epoch: Option<Recovery>,
}

impl StreamRequest {
    /// `limit` negative is all, but never more than `cap`.
    pub fn new(limit: i32, since: Option<Recovery>, order: Order, cap: usize) -> Result<Self, ChannelError> {
        let newest_first = order == Order::NewestFirst;
        if newest_first && since.as_ref().is_some_and(|since| since.offset == 0) {
            return Err(ChannelError::NothingBefore);
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(cap);
        let query = HistoryQuery {
            since: since.as_ref().map(|since| since.offset),
            limit: (limit != usize::MAX).then_some(limit),
            order,
        };
        Ok(Self { query, epoch: since })
    }

    /// Reads, and refuses a position of another timeline (error 112).
    pub async fn read(
        &self,
        broker: &dyn Broker,
        address: &Arc<Address>,
        history: &History,
        clock: &dyn Clock,
    ) -> Result<StreamView, ChannelError> {
        let view = broker.history(address, self.query, history.keep, clock.now()).await?;
        match &self.epoch {
            Some(since) if !since.epoch.is_unknown() && since.epoch != view.top.epoch => {
                Err(ChannelError::UnrecoverablePosition)
            }
            Some(_) | None => Ok(view),
        }
    }
}

#[cfg(test)]
mod tests;
