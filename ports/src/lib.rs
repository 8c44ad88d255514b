//! The language of the house: words (values that cannot be wrong) and ports (what the core needs from the
//! world). This crate depends on nobody of ours; adapters and the core both depend on it.

pub mod access;
pub mod channels;
#[cfg(feature = "contract")]
pub mod contract;
pub mod hooks;
pub mod ids;
pub mod orders;
pub mod protocol;
pub mod time;
pub mod trace;
