//! The supervised actors: shards that own sessions, the keeper of the hub, and those who restart them.

pub mod crowding;
pub mod hub;
pub mod inbox;
pub mod session_shard;
pub mod supervise;
