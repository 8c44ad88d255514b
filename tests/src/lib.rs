//! The test language: a house to start, clients to talk to it, a world to simulate.

pub mod client;
pub mod house;
pub mod patience;
pub mod raw;
