//! Panics on request, compiled into test builds only.

use ports::channels::{Event, Published};

use crate::session::Job;

/// A feed that hands out this payload panics.
pub const POISON_CHANNEL: &[u8] = b"\"chaos:poison-channel\"";
/// A session that publishes this payload panics.
pub const POISON_SESSION: &[u8] = b"\"chaos:poison-session\"";
/// A session that publishes this payload panics at its next wake-up.
pub const POISON_TIMER: &[u8] = b"\"chaos:poison-timer\"";
/// A shard whose session publishes this payload panics outside of any session or feed.
pub const POISON_SHARD: &[u8] = b"\"chaos:poison-shard\"";

pub(crate) fn feed(published: &Published) {
    if let Event::Publication(publication, _) = &published.event {
        assert!(publication.data != POISON_CHANNEL, "poisonous channel");
    }
}

pub(crate) fn shard(work: &Job) {
    if let Job::Publish { draft, .. } = work {
        assert!(draft.data != POISON_SHARD, "poisonous shard");
    }
}
