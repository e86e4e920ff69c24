//! Waiting, finer than the whole milliseconds of `epoll_wait`.

use std::io;
use std::os::fd::AsRawFd;
use std::ptr;
use std::time::Duration;

use mio::Poll;

use super::check;

/// Most events taken with one call; more come with the next.
const EVENTS_MAX: usize = 256;

/// Waits on a [`Poll`]'s epoll descriptor, past its whole milliseconds.
pub(crate) struct Waiter {
    events: Box<[libc::epoll_event]>,
    /// False once `epoll_pwait2` (Linux 5.11) has turned out to be missing or forbidden.
    precise: bool,
}

/// What is ready.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    /// The token under which it was registered.
    pub(crate) token: u64,
    /// Bytes, connections or an end can be read.
    pub(crate) readable: bool,
    /// There is room to write.
    pub(crate) writable: bool,
    /// An error waits.
    pub(crate) error: bool,
    /// The far end will send nothing more.
    pub(crate) ended: bool,
}

impl Waiter {
    pub(crate) fn new() -> Waiter {
        Waiter {
            events: vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS_MAX].into_boxed_slice(),
            precise: true,
        }
    }

    /// Waits for at most `timeout`; says how many things are ready. An interruption by a signal counts as none.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn wait(&mut self, poll: &Poll, timeout: Duration) -> io::Result<usize> {
        let time = timespec(timeout);
        let epoll = poll.as_raw_fd();
        if self.precise {
            // SAFETY: the kernel writes at most EVENTS_MAX events into `events`, which has that many, and reads one
            // live timespec; no signal mask is given.
            let result = unsafe {
                libc::syscall(
                    libc::SYS_epoll_pwait2,
                    epoll,
                    self.events.as_mut_ptr(),
                    EVENTS_MAX as libc::c_int,
                    ptr::from_ref(&time),
                    ptr::null::<libc::sigset_t>(),
                    0usize,
                )
            };
            match check(result as libc::c_int) {
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                    self.precise = false;
                }
                result => return uninterrupted(result),
            }
        }
        let mut descriptor = libc::pollfd { fd: epoll, events: libc::POLLIN, revents: 0 };
        // SAFETY: one live pollfd and one live timespec are given; no signal mask.
        let ready =
            unsafe { libc::ppoll(ptr::from_mut(&mut descriptor), 1, ptr::from_ref(&time), ptr::null()) };
        if uninterrupted(check(ready))? == 0 {
            return Ok(0);
        }
        // SAFETY: the kernel writes at most EVENTS_MAX events into `events`, which has that many.
        let result =
            unsafe { libc::epoll_wait(epoll, self.events.as_mut_ptr(), EVENTS_MAX as libc::c_int, 0) };
        uninterrupted(check(result))
    }

    /// What the last [`Waiter::wait`] found, by number.
    pub(crate) fn get(&self, index: usize) -> Ready {
        let libc::epoll_event { events, u64: token } = self.events[index];
        let has = |flags: libc::c_int| events & flags as u32 != 0;
        Ready {
            token,
            readable: has(libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR),
            writable: has(libc::EPOLLOUT | libc::EPOLLHUP | libc::EPOLLERR),
            error: has(libc::EPOLLERR),
            ended: has(libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR),
        }
    }
}

/// Sleeps; a signal may end it early.
pub(crate) fn sleep_us(us: u64) {
    let time = timespec(Duration::from_micros(us));
    // SAFETY: one live timespec is read; the remainder isn't asked for.
    let _ = unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, 0, ptr::from_ref(&time), ptr::null_mut()) };
}

fn uninterrupted(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        result => result,
    }
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec { tv_sec: duration.as_secs() as libc::time_t, tv_nsec: duration.subsec_nanos() as _ }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn waits_for_less_than_a_millisecond_in_both_ways() {
        let poll = Poll::new().unwrap();
        for precise in [true, false] {
            let mut waiter = Waiter::new();
            waiter.precise = precise;
            let start = Instant::now();
            assert_eq!(waiter.wait(&poll, Duration::from_micros(300)).unwrap(), 0);
            assert!(start.elapsed() >= Duration::from_micros(300));
        }
    }
}
