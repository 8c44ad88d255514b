//! Channels: namespaces and their permissions, the feed of a channel in one shard, interest in channels on one node,
//! and the use cases.

mod batch;
pub mod delta;
pub mod feed;
pub mod filter;
pub mod hub;
mod namespace;
pub mod permission;
pub mod recovery;
mod service;

pub use batch::Batch;
pub use feed::ChannelFeed;
pub use filter::Filter;
pub use hub::Hub;
pub use namespace::{
    Allowed, Asked, ChannelHooks, Features, History, META_TTL, NamePattern, Namespace, Namespaces,
    RecoveryMode, Wanted,
};
pub use service::{ChannelError, Channels, Post, StreamRequest};
