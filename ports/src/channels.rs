//! Channels: their names and addresses, what is published in them, and the two wires behind them.

mod broker;
mod name;
mod presence;
mod publication;

pub use broker::{Broker, BrokerError, Draft, HistoryQuery, Order, Receipt, Sink, StreamView, Version};
pub use name::{Address, CHANNEL_BYTES_MAX, ChannelName, NameError, Place};
pub use presence::{Headcount, Presence, PresenceError};
pub use publication::{ClientInfo, Epoch, Event, Position, Publication, Published, Retention, SLOTS, Tags};
