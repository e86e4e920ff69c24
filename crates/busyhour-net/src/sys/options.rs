//! Socket options.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::check;

/// What every UDP socket of ours wants to be told: kernel receive times, drops, ICMP errors, coalesced runs. An
/// option that this kernel doesn't know costs its benefit and nothing else.
pub(crate) fn datagram_extras(socket: BorrowedFd<'_>, v6: bool) {
    packet_extras(socket, v6);
    let _ = set(socket, libc::SOL_UDP, libc::UDP_GRO, 1);
}

/// The same without coalesced runs: each packet comes by itself, with its own time.
pub(crate) fn packet_extras(socket: BorrowedFd<'_>, v6: bool) {
    let _ = set(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1);
    let _ = set(socket, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1);
    let _ = set(socket, libc::SOL_IP, libc::IP_RECVERR, 1);
    if v6 {
        let _ = set(socket, libc::SOL_IPV6, libc::IPV6_RECVERR, 1);
    }
}

/// Datagrams that arrive are not coalesced into runs. Where the system has no such thing, nothing is lost.
pub(crate) fn receive_singly(socket: BorrowedFd<'_>) {
    let _ = set(socket, libc::SOL_UDP, libc::UDP_GRO, 0);
}

/// Asks for the kernel's receive times on a stream; accepted ones inherit it from their listener.
pub(crate) fn stamp_streams(socket: BorrowedFd<'_>) {
    let _ = set(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1);
}

/// Lets `connect` choose the port of a socket that is bound to an address only, so that the number of connections is
/// bounded for each destination and not for all of them together.
pub(crate) fn bind_late(socket: BorrowedFd<'_>) {
    let _ = set(socket, libc::SOL_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1);
}

/// Asks for buffers of these sizes, past the system's limit if the process may.
pub(crate) fn raise_buffers(socket: BorrowedFd<'_>, receive: usize, send: usize) {
    for (force, plain, bytes) in
        [(libc::SO_RCVBUFFORCE, libc::SO_RCVBUF, receive), (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF, send)]
    {
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX / 2).min(i32::MAX / 2);
        if set(socket, libc::SOL_SOCKET, force, bytes).is_err() {
            let _ = set(socket, libc::SOL_SOCKET, plain, bytes);
        }
    }
}

/// Bytes of the receive buffer, in the unit in which they are asked for (the kernel counts double, for its own
/// bookkeeping).
pub(crate) fn buffer_bytes(socket: BorrowedFd<'_>) -> io::Result<usize> {
    let mut value = [0u32; 1];
    get(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, &mut value)?;
    Ok(value[0] as usize / 2)
}

/// Datagrams that the socket has dropped so far, modulo 2^32.
pub(crate) fn dropped_datagrams(socket: BorrowedFd<'_>) -> Option<u32> {
    const SK_MEMINFO_DROPS: usize = 8;
    let mut values = [0u32; 9];
    let len = get(socket, libc::SOL_SOCKET, libc::SO_MEMINFO, &mut values).ok()?;
    (len == mem::size_of_val(&values)).then_some(values[SK_MEMINFO_DROPS])
}

/// Whether the kernel cuts runs into datagrams (Linux 4.18).
pub(crate) fn supports_segmentation(socket: BorrowedFd<'_>) -> bool {
    get(socket, libc::SOL_UDP, libc::UDP_SEGMENT, &mut [0u32; 1]).is_ok()
}

fn set(socket: BorrowedFd<'_>, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value is an int that lives during the call, and its length is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            ptr::from_ref(&value).cast(),
            mem::size_of::<i32>() as libc::socklen_t,
        )
    };
    check(result).map(drop)
}

/// Reads an option of several words; says how many bytes the kernel wrote.
fn get<const N: usize>(
    socket: BorrowedFd<'_>,
    level: i32,
    option: i32,
    values: &mut [u32; N],
) -> io::Result<usize> {
    let mut len = mem::size_of_val(values) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes, which is the size of `values`; any bytes are valid integers.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            option,
            values.as_mut_ptr().cast(),
            ptr::from_mut(&mut len),
        )
    };
    check(result).map(|_| len as usize)
}
