//! The promises of this port.
