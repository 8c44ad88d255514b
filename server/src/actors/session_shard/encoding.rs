//! What a session says, as bytes for its client. What many hear alike is encoded once for each dialect.

use std::sync::Arc;

use bytes::Bytes;
use ports::channels::{Event, Form, Publication, Published, Shape};
use ports::protocol::Push;
use wigwag_core::channels::{Batch, delta};
use wigwag_core::session::Pings;
use wigwag_core::shard::Outgoing;

use crate::transport::dialect::Dialect;
use crate::transport::frame::{self, Kind};
use crate::transport::link::Link;

/// The finished bytes; nothing if the client's protocol has no words for it (P-FRM-6).
pub(super) fn encode(link: &Link, outgoing: &Outgoing) -> Option<Bytes> {
    let dialect = link.dialect;
    let message = match outgoing {
        Outgoing::Event(published, form) => return event(dialect, published, form),
        Outgoing::Push(Push::Ping) if link.pings == Pings::Frames => {
            return Some(frame::frame(Kind::Ping, b""));
        }
        Outgoing::Reply(reply) => dialect.protocol.reply(reply),
        Outgoing::Push(push) => dialect.protocol.push(push),
    };
    message.ok().map(|message| dialect.wrap(message))
}

/// The events of a batch in one piece.
pub(super) fn encode_batch(dialect: Dialect, batch: &Batch) -> Option<Bytes> {
    batch.bytes(dialect.slot, || {
        let parts: Option<Vec<Bytes>> =
            batch.events().iter().map(|(published, form)| event(dialect, published, form)).collect();
        let mut parts = parts?;
        Some(if parts.len() == 1 { parts.pop()? } else { parts.concat().into() })
    })
}

/// Every form of an event is encoded once for all who get it in this dialect.
fn event(dialect: Dialect, published: &Published, form: &Form) -> Option<Bytes> {
    let say =
        |shape: Shape<'_>| dialect.protocol.event(published, shape).ok().map(|message| dialect.wrap(message));
    let base = match form {
        Form::Plain => return published.plain().get(dialect.slot, || say(Shape::Plain)),
        Form::Delta(base) => base.as_ref(),
    };
    let difference = base.zip(publication(published)).map(|(base, publication)| {
        published.difference(base, || delta::patch(&base.data, &publication.data))
    });
    let encoded = difference.as_ref().and_then(|difference| {
        let patch = difference.patch.as_ref()?;
        Some(difference.encodings.get(dialect.slot, || say(Shape::Patch(patch))))
    });
    // Nothing to differ from, or not worth it.
    encoded.unwrap_or_else(|| published.whole().get(dialect.slot, || say(Shape::Whole)))
}

fn publication(published: &Published) -> Option<&Arc<Publication>> {
    match &published.event {
        Event::Publication(publication, _) => Some(publication),
        Event::Join(_) | Event::Leave(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use ports::channels::{Address, ChannelName};
    use ports::ids::TenantId;

    use super::*;

    fn published(offset: u64, data: &str) -> Published {
        let name = ChannelName::parse("news").unwrap();
        let address = Arc::new(Address::public(TenantId::default(), name));
        Published::new(address, Event::Publication(item(offset, data), None))
    }

    fn item(offset: u64, data: &str) -> Arc<Publication> {
        let data = Bytes::copy_from_slice(data.as_bytes());
        Arc::new(Publication { offset, data, info: None, tags: None, delta: true })
    }

    fn said(published: &Published, form: &Form) -> String {
        let bytes = event(Dialect::STREAM_JSON, published, form).unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn long(end: &str) -> String {
        format!("\"{}{end}\"", "the same again and again, ".repeat(20))
    }

    #[test]
    fn subscriber_of_deltas_gets_the_difference_to_what_it_has() {
        let published = published(2, &long("two"));
        let whole = said(&published, &Form::Delta(None));

        let patch = said(&published, &Form::Delta(Some(item(1, &long("one")))));

        assert!(patch.contains("\"delta\":true") && patch.len() < whole.len() / 2, "{patch}");
        assert!(!whole.contains("\"delta\":true"), "{whole}");
    }

    #[test]
    fn what_has_nothing_in_common_goes_out_whole() {
        let published = published(2, "\"a\"");

        let said_to_one = said(&published, &Form::Delta(Some(item(1, "\"b\""))));

        assert_eq!(said_to_one, said(&published, &Form::Delta(None)));
    }

    #[test]
    fn everybody_with_the_same_base_gets_the_same_bytes() {
        let published = published(2, &long("two"));
        let one = event(Dialect::STREAM_JSON, &published, &Form::Delta(Some(item(1, &long("one")))));
        let other = event(Dialect::STREAM_JSON, &published, &Form::Delta(Some(item(1, &long("one")))));

        let place = |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| bytes.as_ptr());
        assert_eq!(place(&one), place(&other));
    }

    #[test]
    fn dialects_do_not_share_their_bytes() {
        let published = published(2, "{}");

        let framed = event(Dialect::WEBSOCKET_JSON, &published, &Form::Plain).unwrap();
        let line = said(&published, &Form::Plain);

        assert_eq!(framed.get(2..).unwrap(), line.trim_end().as_bytes());
    }
}
