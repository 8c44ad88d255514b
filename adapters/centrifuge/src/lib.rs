//! The Centrifugo client protocol, as the official `centrifuge` SDKs speak it. Rule numbers (P-…) refer to
//! `docs/protocol.md`.

mod json;

pub use json::Json;
