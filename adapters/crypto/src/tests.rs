//! What is granted and what is refused.

mod attacks;
mod jwks;
mod tokens;
mod trust;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ports::time::Timestamp;

use crate::config::{Config, Trust};
use crate::{Secret, Tokens};

const SECRET: &str = "the secret of the application";
const NOW: Timestamp = Timestamp::from_secs(1_000);

fn tokens() -> Tokens {
    with(Trust::hmac(Secret::new(SECRET).unwrap(), None, None))
}

fn with(trust: Trust) -> Tokens {
    Tokens::new(&Config::new(trust)).unwrap()
}

/// Drives a future that never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("verification waited"),
    }
}
