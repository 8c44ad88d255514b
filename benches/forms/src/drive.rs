//! The load driver: one thread that connects, publishes, and accounts for every delivery.

mod alarm;
pub mod course;
pub mod crowd;
pub mod dialect;
pub mod engine;
pub mod host;
pub mod latency;
mod link;
pub mod scenario;
pub mod stamp;
pub mod tally;
mod token;
pub mod wire;
