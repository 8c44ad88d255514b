//! Channels: namespaces and their permissions, the feed of a channel in one shard, and the use cases.

mod namespace;

pub use namespace::{Allowed, History, META_TTL, Namespace, Namespaces, Wanted};
