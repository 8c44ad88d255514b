//! One channel's local subscribers: admission, order, holes, timelines, and in which form who gets what.

mod admission;
mod caching;
mod client;
mod deltas;
mod driver;
mod filters;
mod holes;
mod properties;
mod recovering;
mod runs;
mod timelines;
mod without_stream;
