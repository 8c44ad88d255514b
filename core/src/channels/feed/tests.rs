//! One channel's local subscribers: admission, order, holes, timelines.

mod admission;
mod driver;
mod holes;
mod properties;
mod recovering;
mod timelines;
mod without_stream;
