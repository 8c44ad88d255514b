//! The ceiling: one thread, one poll loop, prepared frames, nothing but the system calls.
//!
//!     form-ceiling 127.0.0.1:8000 [--coalesce]
//!
//! With `--coalesce` the messages found in one round of events leave with one write per subscriber; without it each
//! message is a write of its own.

use wigwag_forms::ceiling::{Batching, Server};
use wigwag_forms::listen;

fn main() -> anyhow::Result<()> {
    let coalesce = std::env::args().any(|argument| argument == "--coalesce");
    let batching = if coalesce { Batching::ByRound } else { Batching::Never };
    Ok(Server::new(listen::listener(listen::address()?)?, batching)?.serve()?)
}
