//! The binary: parses the command line and does what was typed.

use std::process::ExitCode;

/// Leaner than the system's for many small equal blocks, and gives memory back after a crowd has left.
#[cfg(all(feature = "jemalloc", target_os = "linux"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    wigwag::cli::run(wigwag::serve::serve)
}
