//! Signed questions to the application's back end over HTTP. Guarantees: an answer, or none, within the configured time;
//! nothing is asked twice; no redirect is followed; no address is connected to that was not checked; a back end that does
//! not answer is left alone for a while. Limits: one back end for all tenants; HTTP/1.1.

mod breaker;
mod config;
mod courier;
mod door;
mod guide;
mod letter;
mod reach;
mod reading;
mod signature;
#[cfg(test)]
mod tests;
mod verdict;

pub use config::{Config, ConfigError, Kind, is_of_proxies, is_reserved};
pub use courier::Courier;
pub use reach::Reach;
pub use signature::Secret;
