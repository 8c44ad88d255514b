//! Contract suites: every promise of a port as a test that each adapter runs.
//!
//! A case is an async function over the port. A macro per port turns the cases into tests, so that each adapter gets
//! each promise under its own name, with one line in its `tests/contract.rs`:
//!
//! ```text
//! ports::broker_contract!(fresh_broker); // a function that returns a new, empty adapter in an `Arc`
//! ```
//!
//! A second argument names a function that runs a case's future to its end; without it that is [`block_on`].

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

pub mod broker;
pub mod presence;
pub mod protocol;

/// Runs a future on this thread, which sleeps while the future is pending.
///
/// # Panics
/// If nothing wakes a pending future for ten seconds: what the case waits for is not going to happen.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        assert!(bell.wait(), "nothing happened for {} s", PATIENCE.as_secs());
    }
}

/// Rings when a future can go on.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    /// Sleeps until the bell rings; false if it does not.
    fn wait(&self) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(rung, PATIENCE, |rung| !*rung);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Turns the cases of a suite into tests. Called by the macro of each port.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_cases {
    ($port:ident, $fresh:path, $run:path: $($case:ident),* $(,)?) => {
        $(
            #[test]
            fn $case() {
                let adapter = $fresh();
                $run($crate::contract::$port::$case(&*adapter));
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    #[test]
    fn block_on_sleeps_until_another_thread_wakes_it() {
        let mut polls = 0;
        let future = std::future::poll_fn(|context| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(7);
            }
            let waker = context.waker().clone();
            std::thread::spawn(move || waker.wake());
            Poll::Pending
        });

        assert_eq!(block_on(future), 7);
    }

    #[test]
    fn every_case_of_a_suite_is_run_by_its_macro() {
        let suites = [
            (
                include_str!("contract/broker.rs"),
                concat!(
                    include_str!("contract/broker/delivery.rs"),
                    include_str!("contract/broker/repeats.rs"),
                    include_str!("contract/broker/streams.rs"),
                ),
            ),
            (include_str!("contract/presence.rs"), include_str!("contract/presence.rs")),
        ];

        for (list, cases) in suites {
            for case in cases.split("pub async fn ").skip(1).filter_map(|text| text.split('(').next()) {
                assert!(list.contains(&format!("    {case},\n")), "{case} is not in its macro's list");
            }
        }
    }
}
