//! Other decisions of the operator, while sessions and feeds go on.

use std::sync::Arc;

use super::Shard;
use crate::channels::feed::Limits;
use crate::channels::recovery::Bounds;
use crate::session::Realm;
use crate::settings::Settings;

/// Most bytes that go out together to one connection, if its queue may hold four times as many.
const BATCH_BYTES_MAX: usize = 64 * 1024;

impl Shard {
    /// From now on these settings hold, for whatever anybody asks. Subscriptions stay as they were granted.
    pub(super) fn govern(&mut self, settings: Arc<Settings>) {
        self.limits = limits(&settings);
        self.realm = Arc::new(Realm { tenant: self.realm.tenant.clone(), node: self.realm.node, settings });
        for session in self.seats.sessions_mut() {
            session.govern(&self.realm);
        }
        self.feeds.limit(&self.limits);
    }
}

/// What feeds may keep and how they hand out.
pub(super) fn limits(settings: &Settings) -> Arc<Limits> {
    Arc::new(Limits {
        recovery: Bounds { items_max: settings.recovery_items_max, bytes_max: settings.recovery_bytes_max() },
        joining_bytes_max: settings.joining_bytes_max,
        batch_bytes_max: BATCH_BYTES_MAX.min(settings.queue_bytes_max / 4),
        check_interval: settings.position_check_interval,
    })
}
