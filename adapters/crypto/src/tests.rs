//! What is granted and what is refused.

mod attacks;
mod tokens;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ports::time::Timestamp;

use crate::{Config, HmacTokens, Secret};

const SECRET: &str = "the secret of the application";
const NOW: Timestamp = Timestamp::from_secs(1_000);

fn tokens() -> HmacTokens {
    HmacTokens::new(Config { secret: Secret::new(SECRET).unwrap(), audience: None, issuer: None })
}

/// Drives a future that never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("verification waited"),
    }
}
