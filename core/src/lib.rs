//! The pure part of the server: rules decide, machines live, services fetch–decide–store–announce over ports.
//! **Invariant:** nothing here can reach a socket, a disk, a clock or a thread.

pub mod app;
pub mod census;
pub mod channels;
#[cfg(feature = "chaos")]
pub mod chaos;
pub mod connections;
pub mod limits;
pub mod session;
pub mod settings;
pub mod shard;
pub mod wheel;

pub use app::{App, Ports};
pub use census::Census;
pub use settings::Settings;
