//! How connections come in: the accept loop, the WebSocket upgrade, frames, and the two halves of a connection.

pub mod accept;
pub mod frame;
pub mod link;
pub mod origin;
pub mod reader;
pub mod websocket;
