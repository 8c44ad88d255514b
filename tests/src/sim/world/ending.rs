//! What must be true in the end: first that everybody has everything, then that nothing is left of anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use ports::channels::{Address, ChannelName};
use ports::ids::{ClientId, TenantId, UserId};

use super::{Phase, World};
use crate::sim::client::Client;
use crate::sim::cluster::Notice;
use crate::sim::house::{ORDERED, SOCIABLE};
use crate::sim::words;

/// A connection whose clean-up failed so often is given up, and goes with its node.
const FAREWELLS_MAX: u32 = 5;

impl World {
    /// Nothing acknowledged is lost, and presence tells the truth.
    pub(super) fn judge_calm(&mut self) {
        let mut findings = Vec::new();
        for client in &self.clients {
            let tenant = &client.tenant;
            let address = |channel: &str| {
                let name = ChannelName::parse(channel).ok()?;
                Some(Arc::new(Address::public(tenant.clone(), name)))
            };
            let top = |channel: &str| address(channel).and_then(|at| self.cluster().streams.top(&at));
            let last = |channel: &str| address(channel).and_then(|at| self.probes.get(&at).cloned());
            if !client.is_ousted() {
                findings.extend(client.lacks(top, last));
                if !client.is_in(ORDERED) {
                    findings.push(format!("{} is not in {ORDERED} as ordered", client.name));
                }
            }
        }
        for (conn, socket) in self.sockets.iter().enumerate().filter(|(_, socket)| !socket.is_closed) {
            if socket.ledger.owed() > 0 {
                findings.push(format!("s{conn} is owed {} replies", socket.ledger.owed()));
            }
            if let Err(fault) = socket.ledger.lacks(&self.cluster().streams) {
                findings.push(format!("s{conn} of c{} {fault}", socket.client));
            }
        }
        findings.extend(self.unfinished_orders());
        if self.is_single() {
            findings.extend(self.wrong_numbers());
        }
        findings.extend(self.wrong_presence());
        self.complain_all(findings);
    }

    /// Nobody holds an order any more.
    fn unfinished_orders(&self) -> Option<String> {
        let cluster = self.cluster();
        let unfinished = cluster.orders.iter().find_map(Weak::upgrade)?;
        Some(format!("order {} is not finished", words::order(&unfinished)))
    }

    /// Every user has one connection, unless its newest one could not say that it had come.
    fn wrong_numbers(&self) -> Vec<String> {
        let mut living: BTreeMap<(TenantId, UserId), usize> = BTreeMap::new();
        for client in &self.clients {
            living.insert((client.tenant.clone(), UserId::new(&client.user)), 0);
        }
        for socket in self.sockets.iter().filter(|socket| !socket.is_closed) {
            let client = self.clients.get(socket.client);
            if let (Some(client), Some(user)) = (client, socket.ledger.user()) {
                *living.entry((client.tenant.clone(), user.clone())).or_default() += 1;
            }
        }
        let cluster = self.cluster();
        let is_wrong = |(of, count): &(&(TenantId, UserId), &usize)| {
            **count == 0 || (**count > 1 && !cluster.disputed.contains_key(of))
        };
        let wrong = living.iter().filter(is_wrong);
        wrong.map(|((_, user), count)| format!("user {user} has {count} connections")).collect()
    }

    /// Every subscriber is present, and nobody else but those whose clean-up met with a failure.
    fn wrong_presence(&self) -> Vec<String> {
        let cluster = self.cluster();
        let mut findings = Vec::new();
        let mut expected = BTreeSet::new();
        for client in &self.clients {
            for channel in SOCIABLE.into_iter().filter(|channel| client.is_in(channel)) {
                let (Ok(name), Some(id)) = (ChannelName::parse(channel), client.id) else { continue };
                expected.insert((Arc::new(Address::public(client.tenant.clone(), name)), id));
            }
        }
        for (address, client) in expected.iter().filter(|entry| !cluster.present.contains_key(entry)) {
            findings.push(format!("{client} is in {} without presence", words::address(address)));
        }
        for (address, client) in cluster.present.keys().filter(|entry| !expected.contains(entry)) {
            if !cluster.tainted.contains(client) {
                findings.push(format!("{client} haunts {}", words::address(address)));
            }
        }
        findings
    }

    pub(super) fn go_home(&mut self) {
        self.note(format_args!("== everybody leaves"));
        self.phase = Phase::Empty;
        for index in 0..self.clients.len() {
            self.with_client(index, Client::leave);
        }
    }

    /// Nothing is left of anybody.
    pub(super) fn judge_end(&mut self) {
        let mut findings = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let left = (node.session_count(), node.feed_count(), node.hub.entry_count(), node.census);
            if left != (0, 0, 0, 0) {
                findings.push(format!("n{index} keeps {left:?} sessions, feeds, interests, connections"));
            }
        }
        let cluster = self.cluster();
        for (address, nodes) in &cluster.attached {
            if !cluster.detach_failed.contains(address) {
                findings.push(format!("{nodes:?} are still attached to {}", words::address(address)));
            }
        }
        for (address, client) in cluster.present.keys() {
            if !self.is_given_up(client) {
                findings.push(format!("{client} is still present in {}", words::address(address)));
            }
        }
        for ((address, client), notices) in &cluster.notices {
            let is_clean = !cluster.tainted.contains(client);
            let has_ended = !self.orphans.contains(client) && !self.is_given_up(client);
            if !is_paired(notices, is_clean, has_ended) {
                findings.push(format!("{client} in {} was told as {notices:?}", words::address(address)));
            }
        }
        drop(cluster);
        self.complain_all(findings);
    }

    fn is_given_up(&self, client: &ClientId) -> bool {
        self.failed_farewells.get(client).is_some_and(|failed| *failed >= FAREWELLS_MAX)
    }

    fn complain_all(&self, findings: Vec<String>) {
        for finding in findings {
            self.complain(finding);
        }
    }
}

/// Joins and leaves alternate, beginning with a join, where no call went wrong; and a leave is the last of them where
/// the connection's node lived to tell it.
fn is_paired(notices: &[Notice], is_clean: bool, has_ended: bool) -> bool {
    let alternate = notices
        .iter()
        .enumerate()
        .all(|(index, notice)| *notice == if index % 2 == 0 { Notice::Join } else { Notice::Leave });
    let is_over = notices.last() == Some(&Notice::Leave);
    (alternate || !is_clean) && (is_over || !has_ended)
}
