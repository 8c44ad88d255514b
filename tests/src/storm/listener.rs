//! The book of one client in a storm: where it is in its channel, and what it has read there.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::news::News;
use crate::client::{Client, Way};
use crate::fossil;
use crate::wire::Dialect;

/// Whether a client asks for differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Every message is whole.
    Whole,
    /// A message may be a patch of the one before.
    Patched,
}

/// A client's memory, which outlives its connections.
pub(super) struct Listener {
    /// How it comes.
    pub(super) way: Way,
    channel: String,
    reading: Reading,
    news: News,
    epoch: String,
    /// The number of the last message.
    pub(super) offset: u64,
    /// The last payload that this subscription brought; the next patch refers to it.
    base: Option<Vec<u8>>,
    /// Messages that came with recoveries.
    pub(super) caught_up: u64,
    /// Messages that were patches.
    pub(super) patches: u64,
}

impl Listener {
    pub(super) fn new(channel: String, way: Way, reading: Reading, news: News) -> Self {
        let epoch = String::new();
        Self { way, channel, reading, news, epoch, offset: 0, base: None, caught_up: 0, patches: 0 }
    }

    /// Subscribes for the first time.
    pub(super) async fn begins(&mut self, client: &mut Client) {
        let reply = self.subscribes(client, json!({ "channel": self.channel })).await;
        self.epoch = reply["epoch"].as_str().unwrap_or_default().to_owned();
        self.offset = reply["offset"].as_u64().unwrap_or_default();
    }

    /// Subscribes again and takes what was missed. Every history here is large enough, so every recovery must succeed.
    pub(super) async fn recovers(&mut self, client: &mut Client) {
        let position = json!({
            "channel": self.channel, "recover": true, "epoch": self.epoch, "offset": self.offset,
        });
        let reply = self.subscribes(client, position).await;
        assert_eq!(reply["recovered"], true, "{} at {}", self.channel, self.offset);
        let before = self.offset;
        for publication in reply["publications"].as_array().into_iter().flatten() {
            self.hears(publication);
        }
        self.caught_up += self.offset - before;
    }

    async fn subscribes(&mut self, client: &mut Client, mut params: Value) -> Value {
        if self.reading == Reading::Patched {
            params["delta"] = json!("fossil");
        }
        let reply = client.ask("subscribe", params).await;
        let reply = reply.unwrap_or_else(|code| panic!("{}: refused with {code}", self.channel));
        assert_eq!(reply.get("delta").is_some(), self.reading == Reading::Patched, "{reply}");
        self.base = None;
        reply
    }

    /// Listens until this message, or for ever. May be dropped at any time without losing count.
    pub(super) async fn listens(&mut self, client: &mut Client, until: Option<u64>) {
        while until.is_none_or(|until| self.offset < until) {
            let push = client.next_push().await;
            self.hears_push(&push);
        }
    }

    /// Takes what has come without waiting for more.
    pub(super) fn hears_what_has_come(&mut self, client: &mut Client) {
        for push in client.pushes_at_hand() {
            self.hears_push(&push);
        }
    }

    fn hears_push(&mut self, push: &Value) {
        match push.get("pub") {
            Some(publication) => self.hears(publication),
            None => panic!("{}: not a publication: {push}", self.channel),
        }
    }

    /// The next message, which must be what was published under this number.
    fn hears(&mut self, publication: &Value) {
        let number = self.offset + 1;
        assert_eq!(publication["offset"], number, "{}: lost, doubled or out of order", self.channel);
        let expected = self.news.message(number);
        match self.reading {
            Reading::Whole => {
                assert_eq!(publication["data"], expected, "{} at {number}", self.channel);
                assert_eq!(publication.get("delta"), None, "{} at {number}", self.channel);
            }
            Reading::Patched => {
                let payload = self.decodes(publication);
                let found = String::from_utf8_lossy(&payload);
                assert_eq!(found, expected.to_string(), "{} at {number}", self.channel);
                self.base = Some(payload);
            }
        }
        self.offset = number;
    }

    /// The payload, of which only the difference may have come (P-DL-4).
    fn decodes(&mut self, publication: &Value) -> Vec<u8> {
        let data = match (self.way.dialect(), &publication["data"]) {
            (Dialect::Json, Value::String(text)) => text.clone().into_bytes(),
            (Dialect::Json, other) => panic!("{}: not a string: {other}", self.channel),
            (Dialect::Protobuf, data) => match data.as_str().and_then(|text| text.strip_prefix("b64:")) {
                Some(bytes) => STANDARD.decode(bytes).unwrap(),
                None => data.to_string().into_bytes(),
            },
        };
        if publication.get("delta").is_none() {
            return data;
        }
        self.patches += 1;
        let base = self.base.as_ref();
        let base = base.unwrap_or_else(|| panic!("{}: a patch of nothing: {publication}", self.channel));
        let payload = fossil::apply(base, &data);
        payload.unwrap_or_else(|error| panic!("{}: undecodable, {error}: {publication}", self.channel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(reading: Reading) -> Listener {
        let mut listener = Listener::new("mixed:0".to_owned(), Way::Json, reading, News::Texts);
        listener.offset = 6;
        listener
    }

    fn publication(offset: u64, message: u64) -> Value {
        json!({ "offset": offset, "data": News::Texts.message(message) })
    }

    #[test]
    fn next_message_is_taken() {
        let mut listener = listener(Reading::Whole);

        listener.hears(&publication(7, 7));

        assert_eq!(listener.offset, 7);
    }

    #[test]
    #[should_panic(expected = "lost, doubled or out of order")]
    fn loss_is_noticed() {
        listener(Reading::Whole).hears(&publication(8, 8));
    }

    #[test]
    #[should_panic(expected = "lost, doubled or out of order")]
    fn repetition_is_noticed() {
        listener(Reading::Whole).hears(&publication(6, 6));
    }

    #[test]
    #[should_panic(expected = "mixed:0 at 7")]
    fn message_of_another_number_is_noticed() {
        listener(Reading::Whole).hears(&publication(7, 6));
    }

    #[test]
    #[should_panic(expected = "a patch of nothing")]
    fn patch_without_a_base_is_noticed() {
        listener(Reading::Patched).hears(&json!({ "offset": 7, "data": "1\n1@0,0;", "delta": true }));
    }

    #[test]
    #[should_panic(expected = "undecodable")]
    fn patch_of_another_base_is_noticed() {
        let mut listener = listener(Reading::Patched);
        listener.base = Some(b"something else".to_vec());
        listener.hears(&json!({ "offset": 7, "data": "4\n4@0,0;", "delta": true }));
    }
}
