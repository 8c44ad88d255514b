//! The protocol written as Protobuf: messages with their length in front (P section 2).

mod decode;
mod encode;
#[cfg(test)]
mod tests;
mod wire;

use bytes::Bytes;
use prost::Message;

use ports::channels::{Published, Shape};
use ports::protocol::{ClientProtocol, Command, Frames, Malformed, Offer, Push, Reply, Unspeakable};

/// Reads and writes Protobuf messages.
///
/// Every message it writes has its length in front: whoever fills a frame puts them one behind the other. Payloads
/// are bytes of any kind, so that everything can be said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Protobuf;

impl ClientProtocol for Protobuf {
    fn offer(&self) -> Offer {
        Offer { name: "protobuf", subprotocol: "centrifuge-protobuf", frames: Frames::Binary }
    }

    fn decode(&self, frame: &[u8], commands: &mut Vec<Command>) -> Result<(), Malformed> {
        decode::frame(frame, commands)
    }

    fn reply(&self, reply: &Reply) -> Result<Bytes, Unspeakable> {
        Ok(framed(&encode::reply(reply)))
    }

    fn push(&self, push: &Push) -> Result<Bytes, Unspeakable> {
        Ok(framed(&encode::push(push)))
    }

    fn event(&self, published: &Published, shape: Shape<'_>) -> Result<Bytes, Unspeakable> {
        Ok(framed(&encode::event(published, shape)))
    }
}

/// Length and message, in one allocation of just that size.
fn framed(message: &wire::reply::Reply) -> Bytes {
    Bytes::from(message.encode_length_delimited_to_vec())
}
