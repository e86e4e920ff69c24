//! What the tests of several crates need: an allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, which tells a function of each use: of how many bytes were given back, and how many taken;
/// 0 for neither. The function must not allocate.
///
/// ```
/// use std::cell::Cell;
///
/// thread_local!(static ALLOCATIONS: Cell<u64> = const { Cell::new(0) });
///
/// #[global_allocator]
/// static ALLOCATOR: busyhour_testing::Counting = busyhour_testing::Counting(|_, taken| {
///     ALLOCATIONS.set(ALLOCATIONS.get() + u64::from(taken > 0));
/// });
///
/// drop(vec![1]);
/// assert!(ALLOCATIONS.get() > 0);
/// ```
#[derive(Debug)]
pub struct Counting(pub fn(usize, usize));

#[expect(unsafe_code, reason = "an allocator can't be written without it")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0(0, layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.0(layout.size(), 0);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.0(layout.size(), size);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
