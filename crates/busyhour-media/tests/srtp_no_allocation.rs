//! Once an SSRC is known, nothing is allocated for its packets: RTP and RTCP, right and wrong.

use std::cell::Cell;

use busyhour_media::srtp::{Policy, Protector, Suite, Unprotector};
use busyhour_testing::Counting;

thread_local! {
    /// Of this thread only: the test harness has its own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting(|_, taken| ALLOCATIONS.set(ALLOCATIONS.get() + u64::from(taken > 0)));

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
