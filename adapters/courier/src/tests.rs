//! What is written to back ends, and what of their answers is believed.

mod answers;
mod names;
mod questions;
