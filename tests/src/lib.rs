//! The test language: a house to start, clients to talk to it, a world to simulate.

pub mod backend;
pub mod client;
pub mod collector;
pub mod fossil;
pub mod fuzz;
pub mod heap;
pub mod house;
pub mod mob;
pub mod neighbour;
pub mod patience;
pub mod raw;
pub mod report;
pub mod rng;
pub mod sim;
pub mod storm;
pub mod turnstile;
pub mod wire;
