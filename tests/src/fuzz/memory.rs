//! How much memory something takes at most while it runs.
#![expect(unsafe_code, reason = "an allocator cannot be written without it")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::hint::black_box;

/// An allocator over another one that watches each thread. For test binaries, as `#[global_allocator]`.
pub struct Watched<A>(pub A);

thread_local! {
    /// Bytes this thread has taken and not given back; negative if it gives back what others took.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    /// The most it had at a time.
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// Runs something that reads so many bytes; panics if it takes more than `factor` bytes for each of them and `flat`
/// bytes once. Only binaries whose allocator is [`Watched`] can tell; in others it just runs.
pub fn within<T>(read: usize, factor: usize, flat: usize, run: impl FnOnce() -> T) -> T {
    let (result, taken) = peak_of(run);
    let allowed = read * factor + flat;
    assert!(taken <= allowed, "{taken} bytes of memory for {read} bytes, {allowed} would do");
    result
}

/// The result, and the most bytes that were taken at a time.
fn peak_of<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = run();
    (result, usize::try_from(PEAK.get() - before).unwrap_or_default())
}

/// Whether this binary watches its memory.
pub fn is_watched() -> bool {
    peak_of(|| black_box(Box::new([0_u8; 64]))).1 > 0
}

fn taken(bytes: usize) {
    // At the end of a thread nobody asks any more.
    let _ = LIVE.try_with(|live| {
        live.set(live.get().saturating_add_unsigned(bytes));
        PEAK.set(PEAK.get().max(live.get()));
    });
}

fn given_back(bytes: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get().saturating_sub_unsigned(bytes)));
}

// SAFETY: every call is passed on unchanged; counting touches no memory that is handed out and takes none.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Watched<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: as above.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size);
        // SAFETY: as above.
        let moved = unsafe { self.0.realloc(place, layout, size) };
        given_back(if moved.is_null() { size } else { layout.size() });
        moved
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { self.0.dealloc(place, layout) };
        given_back(layout.size());
    }
}
