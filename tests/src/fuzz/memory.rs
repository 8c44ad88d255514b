//! How much memory the result of something keeps.

use std::sync::OnceLock;

use crate::heap::Counting;

static HEAP: OnceLock<&Counting> = OnceLock::new();

/// From here on [`within`] can tell. The allocator counts for the whole process, so nothing else may run beside it.
pub fn watch(heap: &'static Counting) {
    // There is one allocator to a process: whoever was first has said the same.
    let _ = HEAP.set(heap);
}

/// Runs something that reads so many bytes; panics if afterwards more than `factor` bytes for each of them and `flat`
/// bytes once are in use. Where nobody watches it just runs.
pub fn within<T>(read: usize, factor: usize, flat: usize, run: impl FnOnce() -> T) -> T {
    let Some(heap) = HEAP.get() else { return run() };
    let before = heap.live_bytes();
    let result = run();
    let kept = heap.live_bytes().saturating_sub(before);

    let allowed = read * factor + flat;
    assert!(kept <= allowed, "{kept} bytes of memory for {read} bytes, {allowed} would do");
    result
}
