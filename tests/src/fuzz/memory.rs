//! How much memory the result of something keeps.

use crate::heap;

/// Runs something that reads so many bytes; panics if afterwards more than `factor` bytes for each of them and `flat`
/// bytes once are in use. In binaries whose allocator is not [`heap::Counting`] it just runs.
pub fn within<T>(read: usize, factor: usize, flat: usize, run: impl FnOnce() -> T) -> T {
    let before = heap::own_bytes();
    let result = run();
    let kept = usize::try_from(heap::own_bytes() - before).unwrap_or_default();

    let allowed = read * factor + flat;
    assert!(kept <= allowed, "{kept} bytes of memory for {read} bytes, {allowed} would do");
    result
}
