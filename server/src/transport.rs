//! How connections come in: the accept loop, the WebSocket upgrade, streamed responses with their upstream requests,
//! and the two halves of a connection.

pub mod accept;
pub mod admission;
pub mod body;
pub mod callers;
pub mod coming;
pub mod cors;
pub mod descriptors;
pub mod dialect;
pub mod downstream;
#[cfg(feature = "chaos")]
pub mod echo;
pub mod emulation;
pub mod forwarded;
pub mod frame;
pub mod http_stream;
pub mod link;
pub mod origin;
pub mod reader;
pub mod sse;
pub mod stay;
pub mod stream;
pub mod switchboard;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod upstream;
pub mod websocket;
pub mod wire;
