//! What the broker keeps for each tenant apart from its channels.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use ports::channels::Address;
use ports::ids::TenantId;
use ports::time::Timestamp;

use crate::broker::Limits;
use crate::channels::Filed;
use crate::ledger::{Ledger, Turn};
use crate::receipts::Receipts;

/// All tenants that published or read here. Their number is that of the customers, so none is removed.
#[derive(Default)]
pub(crate) struct Tenants(RwLock<BTreeMap<TenantId, Arc<Tenant>>>);

/// The books of one tenant. Both locks are taken for a moment only, and no channel's lock is waited for meanwhile.
#[derive(Default)]
pub(crate) struct Tenant {
    ledger: Mutex<Ledger>,
    pub(crate) receipts: Mutex<Receipts>,
}

impl Tenants {
    /// The tenant's books.
    pub(crate) fn of(&self, id: &TenantId) -> Arc<Tenant> {
        if let Some(tenant) = self.0.read().get(id) {
            return Arc::clone(tenant);
        }
        Arc::clone(self.0.write().entry(id.clone()).or_default())
    }
}

impl Tenant {
    /// Files a stream as the most recently used one.
    pub(crate) fn renew(&self, address: &Arc<Address>, filed: &mut Filed) {
        let Filed { stream, turn } = filed;
        *turn = Some(self.ledger.lock().renew(*turn, address, stream.bytes(), stream.due()));
    }

    /// Notes that a stream became smaller.
    pub(crate) fn revise(&self, filed: &Filed) {
        if let Some(turn) = filed.turn {
            self.ledger.lock().revise(turn, filed.stream.bytes(), filed.stream.due());
        }
    }

    /// Takes a stream out of the books.
    pub(crate) fn strike(&self, turn: Turn) {
        self.ledger.lock().strike(turn);
    }

    /// The stream that has to go next, if a bound is passed.
    pub(crate) fn victim(&self, limits: &Limits, spared: &Address) -> Option<(Turn, Arc<Address>)> {
        self.ledger.lock().victim(limits, spared)
    }

    /// A stream in which something is too old, if one is found at a few looks. It can wait while others are busy here.
    pub(crate) fn look(&self, now: Timestamp) -> Option<Arc<Address>> {
        self.ledger.try_lock()?.look(now)
    }
}
