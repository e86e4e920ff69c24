//! What the process and its threads may use.

use std::io;
use std::mem;
use std::ptr;

use super::check;

/// Soft and hard limit of open descriptors.
pub(crate) fn descriptor_limit() -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one rlimit to where a live one is.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, ptr::from_mut(&mut limit)) })?;
    Ok((limit.rlim_cur, limit.rlim_max))
}

/// Sets both limits of open descriptors.
pub(crate) fn set_descriptor_limit(soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: the kernel reads one live rlimit.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, ptr::from_ref(&limit)) }).map(drop)
}

/// The cores this process may use.
pub(crate) fn affinity() -> io::Result<Vec<usize>> {
    // SAFETY: a cpu_set_t is an array of integers, for which zero bytes are valid; the kernel writes at most its size.
    let set = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        check(libc::sched_getaffinity(0, mem::size_of::<libc::cpu_set_t>(), ptr::from_mut(&mut set)))?;
        set
    };
    // SAFETY: CPU_ISSET reads inside the set for numbers below CPU_SETSIZE.
    Ok((0..libc::CPU_SETSIZE as usize).filter(|&core| unsafe { libc::CPU_ISSET(core, &set) }).collect())
}

/// Keeps the calling thread on one core.
pub(crate) fn pin_to(core: usize) -> io::Result<()> {
    keep_on(&[core])
}

/// Keeps the calling thread on these cores.
pub(crate) fn keep_on(cores: &[usize]) -> io::Result<()> {
    if cores.iter().any(|&core| core >= libc::CPU_SETSIZE as usize) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the set is zeroed (valid, see above), CPU_SET writes inside it for numbers below CPU_SETSIZE, and the
    // kernel only reads it.
    let result = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        for &core in cores {
            libc::CPU_SET(core, &mut set);
        }
        libc::sched_setaffinity(0, mem::size_of::<libc::cpu_set_t>(), ptr::from_ref(&set))
    };
    check(result).map(drop)
}

/// Lets the kernel wake the calling thread at most this much late (default 50 µs).
pub(crate) fn set_timer_slack(nanos: u32) {
    // SAFETY: PR_SET_TIMERSLACK takes a number and touches no memory.
    let _ = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, libc::c_ulong::from(nanos)) };
}
