//! The reference adapter: broker and presence in this process's memory, for a single node.
//!
//! Guarantees:
//! - Append, numbering and delivery are one step under the channel's own lock: subscribers see offsets rise one by
//!   one, and channels do not wait for each other.
//! - Every future is ready at its first poll; nothing here needs a runtime, a thread or a timer.
//! - An epoch is drawn at random for each new stream. A restart, an eviction and a lapse of the stream's meta time
//!   all lead to a new epoch, so a client that comes back is told the truth.
//! - Tenants share nothing: each has its own bounds, streams and idempotency keys.
//!
//! Limits:
//! - What is remembered dies with the process, and no other node sees it.
//! - [`Limits`] bound the streams of each tenant. At the bound the least recently used streams go whole; a stream
//!   that alone passes the bound loses its oldest items. Writers running at the same time may overshoot by one item
//!   each until they have made room again.
//! - Idempotency keys are remembered for five minutes, the newest 10,000 of a tenant.
//! - Streams that nobody touches are dropped by the way, a few looks per call; a node without any calls drops nothing.

mod broker;
mod channels;
mod ledger;
mod presence;
mod receipts;
mod shards;
mod stream;
mod tenants;

pub use broker::{Limits, MemoryBroker};
pub use presence::MemoryPresence;
