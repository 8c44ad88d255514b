//! The machine behind one connection, rule by rule.

mod closing;
mod commands;
mod connecting;
mod driver;
mod emulated;
mod heartbeat;
mod hooks;
mod limits;
mod orders;
mod properties;
mod queueing;
mod recovery_budget;
mod refreshing;
mod server_side;
mod subscribing;
mod unsubscribing;
mod weight;
