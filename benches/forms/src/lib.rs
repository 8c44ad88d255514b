//! Yardsticks: servers of other shapes that speak a small subset of the client protocol, and the driver that measures
//! them and the real server alike.

pub mod ceiling;
pub mod drive;
pub mod frame;
pub mod handshake;
pub mod hub;
pub mod lean;
pub mod listen;
pub mod protocol;
