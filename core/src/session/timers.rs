//! Everything a session does because time passed: pings, pongs, expiry, and giving up.

use std::time::Duration;

use ports::protocol::{Disconnect, Expiry, Push, UnsubscribeCode};
use ports::time::Timestamp;

use super::{Effect, Session, Stage};

/// Longest expiry told to clients: 365 days (P-EXP-2).
const TTL_SECS_MAX: u64 = 365 * 24 * 3600;

/// Seconds until an expiry as clients are told: rounded up, at least 1.
pub(super) fn ttl(now: Timestamp, expire_at: Option<Timestamp>) -> Expiry {
    let millis = u64::try_from(expire_at?.since(now).as_millis()).unwrap_or(u64::MAX);
    let secs = millis.div_ceil(1_000).clamp(1, TTL_SECS_MAX);
    Some(u32::try_from(secs).unwrap_or(u32::MAX))
}

/// A point in (0, interval], chosen by `luck` (P-PING-1).
pub(super) fn first_ping(interval: Duration, luck: u16) -> Duration {
    interval * (u32::from(luck) + 1) / 65_536
}

/// Half a second to a whole one, so that a client that tries again and again makes at most two attempts a second.
pub(super) fn refusal_delay(luck: u16) -> Duration {
    const LEAST: Duration = Duration::from_millis(500);
    LEAST + first_ping(LEAST, luck)
}

/// The interval as clients are told, in whole seconds, rounded up so that their watchdog is never early.
pub(super) fn ping_secs(interval: Duration) -> u32 {
    let secs = interval.as_millis().div_ceil(1_000);
    u32::try_from(secs).unwrap_or(u32::MAX)
}

impl Session {
    /// When [`Input::Wakeup`](super::Input::Wakeup) is wanted.
    pub fn wakeup(&self) -> Option<Timestamp> {
        let at = match &self.stage {
            Stage::Fresh { .. } if self.task.is_some() => self.task_deadline,
            Stage::Fresh { until } => (*until).min(self.task_deadline),
            Stage::Refused { until, late } => {
                let reply_at = late.as_ref().map_or(Timestamp::NEVER, |late| late.at);
                reply_at.min(*until).min(self.task_deadline)
            }
            Stage::Live(live) => {
                let grace = self.realm.settings.expiry_grace;
                let pong_until = if self.paused { Timestamp::NEVER } else { live.pong_until };
                live.ping_at
                    .min(pong_until)
                    .min(live.expire_at.map_or(Timestamp::NEVER, |at| at.plus(grace)))
                    .min(live.subscription_expiry.plus(grace))
                    .min(self.renewal_due())
                    .min(self.task_deadline)
            }
            Stage::Ending { retry_at, .. } => *retry_at,
            Stage::Ended => return None,
        };
        (at != Timestamp::NEVER).then_some(at)
    }

    pub(super) fn wake(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        #[cfg(feature = "chaos")]
        assert!(!self.poisoned, "poisonous timer");
        if let Stage::Refused { late, .. } = &mut self.stage
            && let Some(late) = late.take_if(|late| now >= late.at)
        {
            effects.push(Effect::Reply(late.reply));
        }
        match &self.stage {
            Stage::Fresh { until } if now >= *until && self.task.is_none() => {
                self.end(now, Disconnect::STALE, effects);
            }
            Stage::Refused { until, .. } if now >= *until => {
                self.end(now, Disconnect::CONNECTION_CLOSED, effects);
            }
            Stage::Ending { retry_at, .. } if now >= *retry_at => self.clean_up(now, effects),
            Stage::Live(_) => self.wake_live(now, effects),
            Stage::Fresh { .. } | Stage::Refused { .. } | Stage::Ending { .. } | Stage::Ended => {}
        }
        if self.is_open() && now >= self.task_deadline {
            self.give_up_task(now, effects);
        }
    }

    fn wake_live(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let grace = self.realm.settings.expiry_grace;
        let (interval, timeout) = (self.realm.settings.ping_interval, self.realm.settings.pong_timeout);
        let paused = self.paused;
        let Some(live) = self.live_mut() else { return };
        if live.expire_at.is_some_and(|at| now >= at.plus(grace)) {
            return self.end(now, Disconnect::EXPIRED, effects);
        }
        if now >= live.pong_until && !paused {
            return self.end(now, Disconnect::NO_PONG, effects);
        }
        if now >= live.ping_at {
            // One ping at a time: after a standstill the next may fall due while the last is still unanswered.
            let may_ping = live.pong_until == Timestamp::NEVER;
            live.ping_at = now.plus(if may_ping { interval } else { timeout });
            if may_ping {
                live.pong_until = now.plus(timeout);
                live.recovered_since_ping = 0;
                live.errors = 0;
                effects.push(Effect::Push(Push::Ping));
            }
        }
        if now >= live.subscription_expiry.plus(grace) {
            self.expire_subscriptions(now, effects);
        }
        if now >= self.renewal_due() {
            self.renew(now, effects);
        }
    }

    /// Client-side ones are unsubscribed with 2501, a server-side one costs the connection (P-SUB-8).
    fn expire_subscriptions(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let grace = self.realm.settings.expiry_grace;
        let Some(live) = self.live_mut() else { return };
        let is_over = |at: Option<Timestamp>| at.is_some_and(|at| now >= at.plus(grace));
        let over = live.subscriptions.iter().filter(|subscription| is_over(subscription.expire_at));
        let over: Vec<_> = over.map(|subscription| subscription.channel().clone()).collect();
        for channel in over {
            let Some(subscription) = self.live_mut().and_then(|live| live.forget(&channel)) else { continue };
            effects.push(Effect::Leave(std::sync::Arc::clone(&subscription.address)));
            let farewell = subscription.farewell();
            self.waiting_farewell(farewell);
            if subscription.is_server_side {
                return self.end(now, Disconnect::SUBSCRIPTION_EXPIRED, effects);
            }
            let code = UnsubscribeCode::Expired;
            effects.push(Effect::Push(Push::Unsubscribe { channel, code }));
        }
        if self.task.is_none() {
            self.settle(effects);
        }
    }

    /// One pong per ping (P-CONN-5).
    pub(super) fn pong(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.live().is_none_or(|live| live.pong_until == Timestamp::NEVER) {
            return self.end(now, Disconnect::BAD_REQUEST, effects);
        }
        self.frame_pong();
    }

    /// Frames may come unasked.
    pub(super) fn frame_pong(&mut self) {
        let recovery_bytes = self.realm.settings.recovery_bytes_max();
        if let Some(live) = self.live_mut().filter(|live| live.pong_until != Timestamp::NEVER) {
            live.pong_until = Timestamp::NEVER;
            live.recovery_bytes = recovery_bytes.saturating_sub(live.recovered_since_ping);
        }
    }

    /// Reads again. The pong deadline rested meanwhile and begins anew.
    pub(super) fn resume(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.paused = false;
        let timeout = self.realm.settings.pong_timeout;
        if let Some(live) = self.live_mut()
            && live.pong_until != Timestamp::NEVER
        {
            live.pong_until = now.plus(timeout);
        }
        effects.push(Effect::Resume);
    }

    /// The process stood still: what the client, or a job, had to do by a certain time may come that much later.
    pub(super) fn postpone(&mut self, by: Duration) {
        match &mut self.stage {
            Stage::Fresh { until } | Stage::Refused { until, .. } => *until = until.plus(by),
            Stage::Live(live) => live.pong_until = live.pong_until.plus(by),
            Stage::Ending { retry_at, .. } => *retry_at = retry_at.plus(by),
            Stage::Ended => {}
        }
        self.task_deadline = self.task_deadline.plus(by);
    }
}
