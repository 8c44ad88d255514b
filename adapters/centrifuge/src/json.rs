//! The protocol written as JSON: one object per message, messages joined by newlines (P section 2).

mod decode;
mod encode;
mod payload;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use ports::channels::{Published, Shape};
use ports::protocol::{Answer, ClientProtocol, Command, Frames, Malformed, Offer, Push, Reply, Unspeakable};

pub(crate) use decode::object;

/// Reads and writes JSON messages.
///
/// Every message it writes is one line without an end: whoever fills a frame joins them with `\n`. Payloads pass
/// through byte for byte, apart from raw newlines, which JSON allows between its words only (P-FRM-5, P-ENC-10).
/// Subscribers of deltas get texts in their place (P-DL-4), from which even the newlines come back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Json {
    /// A result as the HTTP server API gives it: `{"result":{…}}` with the members that clients get. A payload that
    /// is not JSON stands in base64 under its name with `b64` in front (P-API-6), so that nothing is unspeakable.
    pub fn api_result(self, answer: &Answer) -> Result<Bytes, Unspeakable> {
        encode::api_result(answer)
    }
}

impl ClientProtocol for Json {
    fn offer(&self) -> Offer {
        Offer { name: "json", subprotocol: "centrifuge-json", frames: Frames::Text }
    }

    fn decode(&self, frame: &[u8], commands: &mut Vec<Command>) -> Result<(), Malformed> {
        decode::frame(frame, commands)
    }

    fn reply(&self, reply: &Reply) -> Result<Bytes, Unspeakable> {
        encode::reply(reply)
    }

    fn push(&self, push: &Push) -> Result<Bytes, Unspeakable> {
        encode::push(push)
    }

    fn event(&self, published: &Published, shape: Shape<'_>) -> Result<Bytes, Unspeakable> {
        encode::event(published, shape)
    }
}
