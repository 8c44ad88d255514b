//! The Centrifugo client protocol, as the official `centrifuge` SDKs speak it. Rule numbers (P-…) refer to
//! `docs/protocol.md`.

mod agreed;
#[cfg(test)]
mod arbitrary;
pub mod emulation;
mod json;
mod protobuf;

pub use json::Json;
pub use protobuf::Protobuf;
