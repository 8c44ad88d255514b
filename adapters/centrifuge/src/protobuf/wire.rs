//! Messages as they lie on the wire: the tables of P section 4 as far as they are read or written here. Fields that
//! are not named are skipped while reading, and never written.
//!
//! Maps that are written stand here as lists of entries whose key and value are always there: some decoders take an
//! entry without a message as `null`.

pub(super) mod command;
pub(super) mod push;
pub(super) mod reply;

use prost::Message;

/// A message without fields; that it is there says it all.
#[derive(Clone, Copy, Message)]
pub(super) struct Empty {}
