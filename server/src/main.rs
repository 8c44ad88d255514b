//! The binary: parses the command line and does what was typed.

use std::process::ExitCode;

fn main() -> ExitCode {
    wigwag::cli::run(wigwag::serve::serve)
}
