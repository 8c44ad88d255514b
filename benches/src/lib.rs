//! The hot paths, each described once: criterion measures their time, `scripts/instructions` counts their
//! instructions.

mod channel;
pub mod path;
mod paths;
