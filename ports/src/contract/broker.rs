//! The promises of [`Broker`](crate::channels::Broker).
#![expect(clippy::unwrap_used, reason = "the cases of a suite are tests")]

mod delivery;
mod recorder;
mod repeats;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use delivery::*;
pub use repeats::*;
pub use streams::*;

use crate::channels::{Address, ChannelName, Draft, HistoryQuery, Order, Retention, StreamView};
use crate::ids::TenantId;
use crate::time::Timestamp;

/// One test per promise of a broker. `$fresh` names a function that returns a new, empty broker in an `Arc`.
#[macro_export]
macro_rules! broker_contract {
    ($fresh:path) => {
        $crate::broker_contract!($fresh, $crate::contract::block_on);
    };
    ($fresh:path, $run:path) => {
        $crate::contract_cases! { broker, $fresh, $run:
            offsets_count_from_one,
            publication_without_retention_has_no_position,
            stream_exists_from_its_first_read,
            history_reads_forward_from_an_offset,
            history_reads_backward_from_an_offset,
            history_keeps_what_was_published,
            size_trims_the_oldest_items,
            ttl_drops_items_but_the_top_stays,
            lost_meta_leads_to_a_new_epoch,
            each_use_renews_the_meta,
            forget_drops_items_but_keeps_top_and_epoch,
            forgetting_an_unknown_stream_is_no_error,
            streams_of_tenants_are_separate,
            attached_sink_gets_what_was_published,
            nothing_is_delivered_before_attach,
            nothing_is_delivered_after_detach,
            attaching_twice_delivers_once,
            detaching_what_is_not_attached_is_no_error,
            concurrent_publications_are_delivered_in_offset_order,
            announcements_keep_their_place_among_publications,
            announcements_are_not_stored,
            events_of_tenants_are_separate,
            orders_reach_a_node_that_is_attached_to_nothing,
            repeated_key_gets_the_first_position_and_publishes_nothing,
            repeated_key_publishes_nothing_without_a_stream_either,
            repeated_key_publishes_once_among_concurrent_publishers,
            key_publishes_again_after_five_minutes,
            keys_of_channels_and_tenants_are_separate,
            older_or_equal_version_is_skipped,
            versions_of_different_epochs_are_not_compared,
        }
    };
}

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

const KEEP: Retention =
    Retention { size: 2_000, ttl: Duration::from_secs(600), meta_ttl: Duration::from_secs(3_600) };

const ALL: HistoryQuery = HistoryQuery { since: None, limit: None, order: Order::OldestFirst };

fn address(tenant: &str, channel: &str) -> Arc<Address> {
    Arc::new(Address::public(TenantId::new(tenant), ChannelName::parse(channel).unwrap()))
}

fn room() -> Arc<Address> {
    address("acme", "room")
}

/// A draft for the stream.
fn kept(data: &'static str) -> Draft {
    Draft { data: Bytes::from_static(data.as_bytes()), keep: Some(KEEP), ..Draft::default() }
}

fn offsets(view: &StreamView) -> Vec<u64> {
    view.publications.iter().map(|publication| publication.offset).collect()
}
