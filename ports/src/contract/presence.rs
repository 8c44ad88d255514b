//! The promises of [`Presence`].
#![expect(clippy::unwrap_used, reason = "the cases of a suite are tests")]

use std::sync::Arc;

use crate::channels::{Address, ChannelName, ClientInfo, Headcount, Presence};
use crate::ids::{ClientId, NodeId, TenantId, UserId};

/// One test per promise of presence. `$fresh` names a function that returns a new, empty presence in an `Arc`.
#[macro_export]
macro_rules! presence_contract {
    ($fresh:path) => {
        $crate::presence_contract!($fresh, $crate::contract::block_on);
    };
    ($fresh:path, $run:path) => {
        $crate::contract_cases! { presence, $fresh, $run:
            empty_channel_has_no_members,
            who_enters_is_a_member_until_leaving,
            entering_twice_replaces_the_entry,
            leaving_what_is_not_there_is_no_error,
            members_come_ordered_by_client,
            count_tells_connections_and_distinct_users,
            anonymous_connections_count_as_one_user,
            reap_removes_exactly_the_entries_of_a_node,
            reap_spares_an_entry_taken_over_by_another_node,
            presence_of_channels_is_separate,
            presence_of_tenants_is_separate,
        }
    };
}

/// Nobody is there before anybody came.
pub async fn empty_channel_has_no_members(presence: &dyn Presence) {
    assert_eq!(presence.members(&room()).await.unwrap(), []);
    assert_eq!(presence.count(&room()).await.unwrap(), Headcount { clients: 0, users: 0 });
}

/// Entries come back whole, and go with their connection.
pub async fn who_enters_is_a_member_until_leaving(presence: &dyn Presence) {
    let whole = ClientInfo { conn_info: Some("{}".into()), chan_info: Some("[1]".into()), ..info(1, "ann") };
    enter(presence, whole.clone(), HERE).await;
    enter(presence, info(2, "bob"), HERE).await;
    assert_eq!(members(presence).await, [whole, info(2, "bob")]);

    presence.leave(&room(), info(1, "ann").client).await.unwrap();

    assert_eq!(members(presence).await, [info(2, "bob")]);
}

/// The newest entry of a connection is the one that counts.
pub async fn entering_twice_replaces_the_entry(presence: &dyn Presence) {
    let changed = ClientInfo { chan_info: Some("{}".into()), ..info(1, "ann") };
    enter(presence, info(1, "ann"), HERE).await;

    enter(presence, changed.clone(), HERE).await;

    assert_eq!(members(presence).await, [changed]);
}

/// Leaving an unknown channel or leaving twice is harmless.
pub async fn leaving_what_is_not_there_is_no_error(presence: &dyn Presence) {
    let client = info(1, "ann").client;
    assert_eq!(presence.leave(&room(), client).await, Ok(()));
    enter(presence, info(2, "bob"), HERE).await;
    assert_eq!(presence.leave(&room(), client).await, Ok(()));
    assert_eq!(members(presence).await, [info(2, "bob")]);
}

/// The order is that of the client ids, however they entered.
pub async fn members_come_ordered_by_client(presence: &dyn Presence) {
    for n in [3, 1, 2] {
        enter(presence, info(n, "ann"), HERE).await;
    }

    assert_eq!(members(presence).await, [info(1, "ann"), info(2, "ann"), info(3, "ann")]);
}

/// A user with two connections is one user, on whatever nodes they are.
pub async fn count_tells_connections_and_distinct_users(presence: &dyn Presence) {
    enter(presence, info(1, "ann"), HERE).await;
    enter(presence, info(2, "ann"), THERE).await;
    enter(presence, info(3, "bob"), HERE).await;

    assert_eq!(presence.count(&room()).await.unwrap(), Headcount { clients: 3, users: 2 });
}

/// All who have no user id are one user together.
pub async fn anonymous_connections_count_as_one_user(presence: &dyn Presence) {
    enter(presence, info(1, ""), HERE).await;
    enter(presence, info(2, ""), HERE).await;

    assert_eq!(presence.count(&room()).await.unwrap(), Headcount { clients: 2, users: 1 });
}

/// A node's end takes its own entries along, in all channels, and no others.
pub async fn reap_removes_exactly_the_entries_of_a_node(presence: &dyn Presence) {
    let lobby = address("acme", "lobby");
    enter(presence, info(1, "ann"), HERE).await;
    enter(presence, info(2, "bob"), THERE).await;
    presence.enter(&lobby, Arc::new(info(1, "ann")), node(HERE)).await.unwrap();

    presence.reap(node(HERE)).await.unwrap();

    assert_eq!(members(presence).await, [info(2, "bob")]);
    assert_eq!(presence.members(&lobby).await.unwrap(), []);
}

/// An entry belongs to the node that entered it last.
pub async fn reap_spares_an_entry_taken_over_by_another_node(presence: &dyn Presence) {
    enter(presence, info(1, "ann"), HERE).await;
    enter(presence, info(1, "ann"), THERE).await;

    presence.reap(node(HERE)).await.unwrap();

    assert_eq!(members(presence).await, [info(1, "ann")]);
}

/// Being in one channel is not being in another.
pub async fn presence_of_channels_is_separate(presence: &dyn Presence) {
    enter(presence, info(1, "ann"), HERE).await;

    assert_eq!(presence.members(&address("acme", "lobby")).await.unwrap(), []);
}

/// The same channel name under two tenants is two channels.
pub async fn presence_of_tenants_is_separate(presence: &dyn Presence) {
    let theirs = address("evil", "room");
    enter(presence, info(1, "ann"), HERE).await;

    assert_eq!(presence.members(&theirs).await.unwrap(), []);
    assert_eq!(presence.count(&theirs).await.unwrap(), Headcount::default());
    presence.leave(&theirs, info(1, "ann").client).await.unwrap();
    assert_eq!(members(presence).await, [info(1, "ann")]);
}

const HERE: u8 = 1;
const THERE: u8 = 2;

async fn enter(presence: &dyn Presence, info: ClientInfo, on: u8) {
    presence.enter(&room(), Arc::new(info), node(on)).await.unwrap();
}

async fn members(presence: &dyn Presence) -> Vec<ClientInfo> {
    let members = presence.members(&room()).await.unwrap();
    members.iter().map(|info| ClientInfo::clone(info)).collect()
}

fn address(tenant: &str, channel: &str) -> Arc<Address> {
    Arc::new(Address::public(TenantId::new(tenant), ChannelName::parse(channel).unwrap()))
}

fn room() -> Arc<Address> {
    address("acme", "room")
}

fn node(number: u8) -> NodeId {
    NodeId::from_random([number; 16])
}

/// A connection whose id has the given place in the order.
fn info(number: u8, user: &str) -> ClientInfo {
    let client = ClientId::from_random([number; 16]);
    ClientInfo { user: UserId::new(user), client, conn_info: None, chan_info: None }
}
