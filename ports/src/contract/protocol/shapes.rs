//! Publications for subscribers of deltas (P section 13).

use std::sync::Arc;

use bytes::Bytes;

use super::{Dialect, assert_said, samples};
use crate::channels::{Event, Patch, Shape};
use crate::protocol::{Answer, Frames, Recovered, SubscribeAnswer};

const JSON: &[u8] = b"{\"answer\":42}";

/// P-DL-3, P-DL-4: a patch is said as such, and what is whole is not.
pub fn every_shape_can_be_said(dialect: &Dialect) {
    let patch = samples::text_patch();

    let [plain, whole, patched] = [Shape::Plain, Shape::Whole, Shape::Patch(&patch)].map(|shape| {
        let said = dialect.protocol.event(&samples::published(publication()), shape);
        assert_said(dialect, &said);
        said
    });

    assert_ne!(patched, whole);
    match dialect.protocol.offer().frames {
        Frames::Text => assert_ne!(whole, plain),
        Frames::Binary => assert_eq!(whole, plain),
    }
}

/// Joins and leaves have one shape.
pub fn a_shape_concerns_publications_only(dialect: &Dialect) {
    let patch = samples::text_patch();

    for event in [Event::Join(samples::info(JSON)), Event::Leave(samples::info(JSON))] {
        let published = samples::published(event);
        let plain = dialect.protocol.event(&published, Shape::Plain);

        for shape in [Shape::Whole, Shape::Patch(&patch)] {
            assert_eq!(dialect.protocol.event(&published, shape), plain);
        }
    }
}

/// P-DL-7.
pub fn a_patch_that_is_no_text_is_said_whole_in_text(dialect: &Dialect) {
    let patch = samples::binary_patch();
    let published = samples::published(publication());

    let whole = dialect.protocol.event(&published, Shape::Whole);
    let patched = dialect.protocol.event(&published, Shape::Patch(&patch));

    assert_said(dialect, &patched);
    match dialect.protocol.offer().frames {
        Frames::Text => assert_eq!(patched, whole),
        Frames::Binary => assert_ne!(patched, whole),
    }
}

/// P-DL-1, P-DL-5.
pub fn missed_publications_are_patched_for_subscribers_of_deltas_only(dialect: &Dialect) {
    let plain = recovered(dialect, false, None);
    let whole = recovered(dialect, true, None);
    let patched = recovered(dialect, true, Some(samples::text_patch()));

    assert_eq!(recovered(dialect, false, Some(samples::text_patch())), plain);
    assert_ne!(whole, plain);
    assert_ne!(patched, whole);
}

fn recovered(dialect: &Dialect, delta: bool, patch: Option<Patch>) -> Bytes {
    let missed = Recovered { publication: Arc::new(samples::publication(JSON)), patch };
    let answer = SubscribeAnswer { delta, publications: vec![missed], ..SubscribeAnswer::default() };

    let said = dialect.protocol.reply(&samples::reply(Answer::Subscribe(Box::new(answer))));

    assert_said(dialect, &said);
    said.unwrap_or_default()
}

fn publication() -> Event {
    Event::Publication(Arc::new(samples::publication(JSON)), Some(samples::epoch()))
}
