//! The binary word for word, in the package of the tests: cargo builds it anew for them whenever the server has changed.

use std::process::ExitCode;

fn main() -> ExitCode {
    wigwag::cli::run(wigwag::serve::serve)
}
