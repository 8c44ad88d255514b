//! Whether the memory is enough for what the limits allow.

use super::Finding;
use crate::config::{Config, Memory};

pub(super) fn look(config: &Config) -> Finding {
    match Memory::of(config) {
        Memory::Enough(what) => Finding::ok("memory", what),
        Memory::Short { what, fix } => Finding::warning("memory", what, Some(fix)),
        Memory::Unknown => Finding::ok("memory", "how much there is cannot be told here"),
    }
}
