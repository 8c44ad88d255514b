//! When a back end that does not answer is left alone.

use std::time::Duration;

use ports::time::Timestamp;

/// Failures in a row that open it.
const FAILURES_MAX: u32 = 5;
/// How long it stays open at first; each failed probe doubles that.
const PAUSE: Duration = Duration::from_secs(1);
/// And at most: well within the grace that expired connections have.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A circuit breaker.
///
/// ```text
///  closed ──five failures in a row──► open ──pause over, one may pass──► probing
///    ▲                                 ▲                                   │ │
///    │                                 └───────────── failure ─────────────┘ │
///    └────────────────────────────── success ────────────────────────────────┘
/// ```
///
/// Every [`Breaker::admit`] that says yes is followed by exactly one [`Breaker::note`]. Answers to questions that were
/// asked before it opened count only if they are good.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Timestamp, pause: Duration },
    Probing { pause: Duration },
}

/// Leave to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// One among many.
    Regular,
    /// The one that finds out whether the back end is well again.
    Probe,
}

/// How a question went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// The back end answers.
    Well,
    /// It does not.
    Ill,
    /// The question was given up before anybody knew.
    Unknown,
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Leave to ask, if the back end is not to be left alone.
    pub(crate) fn admit(&mut self, now: Timestamp) -> Option<Pass> {
        match self.state {
            State::Closed { .. } => Some(Pass::Regular),
            State::Open { until, pause } if now >= until => {
                self.state = State::Probing { pause };
                Some(Pass::Probe)
            }
            State::Open { .. } | State::Probing { .. } => None,
        }
    }

    /// Whether the back end is being left alone, but for a probe.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        match self.state {
            State::Closed { .. } => false,
            State::Open { until, .. } => now < until,
            State::Probing { .. } => true,
        }
    }

    /// Says how a question went.
    pub(crate) fn note(&mut self, now: Timestamp, pass: Pass, health: Health) {
        self.state = match (self.state, pass, health) {
            (_, _, Health::Well) => State::default(),
            (State::Probing { pause }, Pass::Probe, Health::Ill) => {
                open(now, pause.saturating_mul(2).min(PAUSE_MAX))
            }
            (State::Probing { pause }, Pass::Probe, Health::Unknown) => open(now, pause),
            (State::Closed { failures }, _, Health::Ill) if failures + 1 >= FAILURES_MAX => open(now, PAUSE),
            (State::Closed { failures }, _, Health::Ill) => State::Closed { failures: failures + 1 },
            (state, _, Health::Ill | Health::Unknown) => state,
        };
    }
}

fn open(now: Timestamp, pause: Duration) -> State {
    State::Open { until: now.plus(pause), pause }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Opened at zero.
    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.admit(at(0)), Some(Pass::Regular));
            breaker.note(at(0), Pass::Regular, Health::Ill);
        }
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it() {
        let mut breaker = Breaker::default();
        for health in [Health::Ill, Health::Ill, Health::Ill, Health::Ill, Health::Well, Health::Ill] {
            breaker.note(at(0), Pass::Regular, health);
        }
        assert_eq!(breaker.admit(at(0)), Some(Pass::Regular));

        assert_eq!(opened().admit(at(999)), None);
    }

    #[test]
    fn one_question_passes_after_the_pause_and_closes_it() {
        let mut breaker = opened();

        assert_eq!(breaker.admit(at(1_000)), Some(Pass::Probe));
        assert_eq!(breaker.admit(at(1_000)), None);
        breaker.note(at(1_100), Pass::Probe, Health::Well);

        assert_eq!(breaker.admit(at(1_100)), Some(Pass::Regular));
    }

    #[test]
    fn failed_probes_make_the_pause_longer_up_to_a_limit() {
        let mut breaker = opened();
        let mut now = 1_000;
        for pause in [2_000, 4_000, 5_000, 5_000] {
            assert_eq!(breaker.admit(at(now)), Some(Pass::Probe));
            breaker.note(at(now), Pass::Probe, Health::Ill);
            assert_eq!(breaker.admit(at(now + pause - 1)), None, "{pause}");
            now += pause;
        }
    }

    #[test]
    fn late_failures_of_before_do_not_keep_it_open() {
        let mut breaker = opened();
        breaker.note(at(900), Pass::Regular, Health::Ill);

        assert_eq!(breaker.admit(at(1_000)), Some(Pass::Probe));
        breaker.note(at(1_000), Pass::Regular, Health::Ill);
        breaker.note(at(1_000), Pass::Probe, Health::Well);

        assert_eq!(breaker.admit(at(1_000)), Some(Pass::Regular));
    }

    #[test]
    fn abandoned_probe_is_followed_by_another() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(1_000)), Some(Pass::Probe));

        breaker.note(at(1_500), Pass::Probe, Health::Unknown);

        assert_eq!(breaker.admit(at(2_500)), Some(Pass::Probe));
    }

    proptest! {
        /// Whatever happens, a question passes at the latest when the longest pause is over.
        #[test]
        fn nobody_is_locked_out_for_ever(steps in proptest::collection::vec((0_u64..3_000, 0_u8..3), 0..60)) {
            let (mut breaker, mut now) = (Breaker::default(), 0);
            for (wait, health) in steps {
                now += wait;
                if let Some(pass) = breaker.admit(at(now)) {
                    let health = [Health::Well, Health::Ill, Health::Unknown][usize::from(health)];
                    breaker.note(at(now), pass, health);
                }
            }
            let later = at(now).plus(PAUSE_MAX);
            prop_assert!(breaker.admit(later).is_some());
        }
    }
}
