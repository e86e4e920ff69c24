//! What this process may use.

use std::io;

use crate::sys;

/// Raises the soft limit of open descriptors to the hard one; a privileged process raises both to 1 048 576 first.
/// Returns (soft, hard) as they are afterwards.
///
/// # Errors
/// When the system doesn't even say what the limits are.
pub fn raise_descriptor_limit() -> io::Result<(u64, u64)> {
    const WANTED: u64 = 1 << 20;
    let (soft, hard) = sys::descriptor_limit()?;
    let raised = hard < WANTED && sys::set_descriptor_limit(WANTED, WANTED).is_ok();
    if !raised && soft < hard {
        let _ = sys::set_descriptor_limit(hard, hard);
    }
    sys::descriptor_limit()
}

/// Soft and hard limit of open descriptors.
///
/// # Errors
/// When the system doesn't say.
pub fn descriptor_limit() -> io::Result<(u64, u64)> {
    sys::descriptor_limit()
}

/// How many descriptors the process has open; `None` where the system doesn't tell (no `/proc`).
pub fn open_descriptors() -> Option<u64> {
    let entries = std::fs::read_dir("/proc/self/fd").ok()?;
    // One of them is that of the folder.
    Some((entries.count() as u64).saturating_sub(1))
}

/// How many cores the process may use (its affinity mask), at least 1.
pub fn available_workers() -> usize {
    sys::affinity().map_or(0, |cores| cores.len()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_descriptors_are_counted() {
        // Other tests open and close some meanwhile.
        let held: Vec<_> = (0..200).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        assert!(open_descriptors().unwrap() > 200);
        drop(held);
    }

    #[test]
    fn the_limit_is_raised_to_the_hard_one() {
        let (soft, hard) = raise_descriptor_limit().unwrap();
        assert_eq!(soft, hard);
        assert!(available_workers() >= 1);
    }
}
