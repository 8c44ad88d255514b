//! A counting allocator, for test binaries that ask what is left on the heap.
#![expect(unsafe_code, reason = "an allocator cannot be written without it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator with a count of what is in use. One per process, as `#[global_allocator]`.
pub struct Counting {
    live_bytes: AtomicUsize,
    live_blocks: AtomicUsize,
}

impl Counting {
    /// An allocator that has given nothing away yet.
    #[expect(clippy::new_without_default, reason = "a static needs a const constructor")]
    pub const fn new() -> Self {
        Self { live_bytes: AtomicUsize::new(0), live_blocks: AtomicUsize::new(0) }
    }

    /// Bytes in use.
    pub fn live_bytes(&self) -> usize {
        self.live_bytes.load(Ordering::Relaxed)
    }

    /// Blocks in use.
    pub fn live_blocks(&self) -> usize {
        self.live_blocks.load(Ordering::Relaxed)
    }

    fn taken(&self, bytes: usize) {
        self.live_blocks.fetch_add(1, Ordering::Relaxed);
        self.live_bytes.fetch_add(bytes, Ordering::Relaxed);
        OWN_BYTES.set(OWN_BYTES.get().wrapping_add_unsigned(bytes));
    }

    fn given_back(&self, bytes: usize) {
        self.live_blocks.fetch_sub(1, Ordering::Relaxed);
        self.live_bytes.fetch_sub(bytes, Ordering::Relaxed);
        OWN_BYTES.set(OWN_BYTES.get().wrapping_sub_unsigned(bytes));
    }
}

thread_local! {
    /// Neither made nor dropped at run time, so that it can be counted in at any moment of a thread's life.
    static OWN_BYTES: Cell<isize> = const { Cell::new(0) };
}

/// Bytes that this thread has taken and not given back, if [`Counting`] is the allocator. Negative if it gave back what
/// others had taken.
pub fn own_bytes() -> isize {
    OWN_BYTES.get()
}

// SAFETY: every call is passed on unchanged; counting touches no memory that is handed out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        let place = unsafe { System.alloc(layout) };
        if !place.is_null() {
            self.taken(layout.size());
        }
        place
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let place = unsafe { System.alloc_zeroed(layout) };
        if !place.is_null() {
            self.taken(layout.size());
        }
        place
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        let moved = unsafe { System.realloc(place, layout, size) };
        if !moved.is_null() {
            self.taken(size);
            self.given_back(layout.size());
        }
        moved
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) };
        self.given_back(layout.size());
    }
}
