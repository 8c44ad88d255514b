//! The operating system's clock and randomness.
//!
//! Guarantees:
//! - [`SystemClock`] never steps back and never jumps: it follows the system's clock by running at most one per cent
//!   slower or faster, so a corrected clock cannot make many deadlines due at once.
//! - [`OsEntropy`] is the kernel's generator, good enough for secrets.
//!
//! Limits: a system clock that is an hour off is caught up with in a hundred hours. Time that passes while the machine
//! sleeps counts as such an error.

mod clock;
mod entropy;
mod slew;

pub use clock::SystemClock;
pub use entropy::OsEntropy;
