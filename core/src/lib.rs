//! The pure part of the server: rules decide, machines live, services fetch–decide–store–announce over ports.
//! **Invariant:** nothing here can reach a socket, a disk, a clock or a thread.

pub mod channels;
pub mod settings;

pub use settings::Settings;
