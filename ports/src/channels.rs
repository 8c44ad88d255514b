//! Channels: their names and addresses, what is published in them, and the two wires behind them.

mod broker;
mod encoding;
mod filter;
mod name;
mod presence;
mod publication;

pub use broker::{Broker, BrokerError, Draft, HistoryQuery, Order, Receipt, Sink, StreamView, Version};
pub use encoding::{Difference, Encodings, Form, Patch, Published, SLOTS, Shape};
pub use filter::FilterNode;
pub use name::{Address, CHANNEL_BYTES_MAX, ChannelName, NameError, Place};
pub use presence::{Headcount, Presence, PresenceError};
pub use publication::{ClientInfo, Epoch, Event, Position, Publication, Retention, Tags};
