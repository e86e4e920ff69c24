//! Once an SSRC is known, nothing is allocated for its packets: RTP and RTCP, right and wrong.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use busyhour_media::srtp::{Policy, Protector, Suite, Unprotector};

/// Counts allocations. Its methods need `unsafe` by their signature; they only count and pass on.
struct Counting;

thread_local! {
    /// Of this thread only: the test harness has its own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn note_allocation() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

#[expect(unsafe_code, reason = "an allocator can't be written without it")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note_allocation();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note_allocation();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn packets_need_no_memory_once_warm() {
    for suite in Suite::ALL {
        let policy = Policy::new(suite, vec![7; suite.key_len() + suite.salt_len()]);
        let (mut protector, mut unprotector) =
            (Protector::new(&policy).unwrap(), Unprotector::new(&policy).unwrap());
        let mut buffer = Vec::with_capacity(400);
        let mut before = 0;
        for sequence in 0_u16..200 {
            // Three SSRCs, so that their order changes.
            let ssrc = u32::from(sequence % 3).to_be_bytes();
            if sequence == 10 {
                before = ALLOCATIONS.get();
            }
            buffer.clear();
            buffer.extend_from_slice(&[0x80, 0]);
            buffer.extend_from_slice(&sequence.to_be_bytes());
            buffer.extend_from_slice(&[0; 4]);
            buffer.extend_from_slice(&ssrc);
            buffer.resize(172, 0xd5);
            protector.protect(&mut buffer, 0).unwrap();
            buffer[40] ^= 1;
            assert!(unprotector.unprotect(&mut buffer).is_err());
            buffer[40] ^= 1;
            assert_eq!(unprotector.unprotect(&mut buffer), Ok(172));
            assert!(unprotector.unprotect(&mut buffer).is_err());
            buffer.clear();
            buffer.extend_from_slice(&[0x80, 200, 0, 6]);
            buffer.extend_from_slice(&ssrc);
            buffer.resize(28, 0);
            protector.protect_rtcp(&mut buffer, 0).unwrap();
            assert_eq!(unprotector.unprotect_rtcp(&mut buffer), Ok(28));
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{suite:?}");
    }
}
