//! Many datagrams with one call: `recvmmsg`, with the control messages that say more about each.

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::address::RawAddress;
use super::check;

/// Bytes of one buffer: the longest datagram, or a whole run that the kernel coalesced.
const SLOT_BYTES: usize = 65_536;

/// Room for control messages, aligned for their headers. Ours take 80 bytes.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; 128]);

/// Buffers and headers for `recvmmsg`, made once.
pub(crate) struct ReceiveTable {
    /// Bytes from one buffer to the next.
    stride: usize,
    bytes: Box<[u8]>,
    names: Box<[RawAddress]>,
    controls: Box<[Control]>,
    iovecs: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

/// What one slot holds: one datagram, or several of equal length in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received<'a> {
    /// All bytes.
    pub(crate) bytes: &'a [u8],
    /// Where from.
    pub(crate) from: Option<SocketAddr>,
    /// Length of each datagram but perhaps the last, if the kernel coalesced several.
    pub(crate) segment: Option<usize>,
    /// When the kernel received it, µs since 1970.
    pub(crate) stamp_us: Option<u64>,
    /// How many datagrams the socket has dropped so far, modulo 2^32; `None` while none.
    pub(crate) drops: Option<u32>,
}

impl ReceiveTable {
    /// Datagrams or coalesced runs taken with one call.
    pub(crate) const SLOTS: usize = 32;

    pub(crate) fn new() -> ReceiveTable {
        ReceiveTable::with(ReceiveTable::SLOTS, SLOT_BYTES)
    }

    /// Makes one for small packets: the starts of its buffers, which are all that such packets touch, don't compete for
    /// the same lines of the processor's cache.
    pub(crate) fn for_packets() -> ReceiveTable {
        ReceiveTable::with(ReceiveTable::SLOTS, SLOT_BYTES + 320)
    }

    fn with(slots: usize, stride: usize) -> ReceiveTable {
        // SAFETY: zero bytes are a valid msghdr: null pointers and lengths of zero.
        let header: libc::mmsghdr = unsafe { mem::zeroed() };
        ReceiveTable {
            stride,
            // Zeroed memory comes straight from the kernel and costs nothing until a slot is first used.
            bytes: vec![0u8; slots * stride].into_boxed_slice(),
            names: vec![RawAddress::empty(); slots].into_boxed_slice(),
            controls: vec![Control([0; 128]); slots].into_boxed_slice(),
            iovecs: vec![libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; slots].into_boxed_slice(),
            headers: vec![header; slots].into_boxed_slice(),
        }
    }

    /// Takes up to `max` slots' worth of what waits in the socket. Fewer than asked for: nothing is left.
    ///
    /// # Errors
    /// `WouldBlock` if nothing waits; an ICMP error that came in; what else the system says.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>, max: usize) -> io::Result<usize> {
        let max = max.min(ReceiveTable::SLOTS);
        let rooms =
            self.bytes.chunks_exact_mut(self.stride).zip(self.names.iter_mut()).zip(self.controls.iter_mut());
        let heads = self.iovecs.iter_mut().zip(self.headers.iter_mut());
        for (((bytes, name), control), (iovec, header)) in rooms.zip(heads).take(max) {
            *iovec = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: SLOT_BYTES };
            let header = &mut header.msg_hdr;
            header.msg_name = ptr::from_mut(name).cast();
            header.msg_namelen = RawAddress::LEN;
            header.msg_iov = ptr::from_mut(iovec);
            header.msg_iovlen = 1;
            header.msg_control = ptr::from_mut(control).cast();
            header.msg_controllen = mem::size_of::<Control>() as _;
        }
        if max == 1 {
            let header = &mut self.headers[0];
            // SAFETY: as below, for the first header only.
            let result = unsafe {
                libc::recvmsg(socket.as_raw_fd(), ptr::from_mut(&mut header.msg_hdr), libc::MSG_DONTWAIT)
            };
            header.msg_len = check(result.try_into().unwrap_or(-1))? as libc::c_uint;
            return Ok(1);
        }
        // SAFETY: the first `max` headers were filled in just now; buffers, names, control room and iovecs belong to
        // `self`, don't move during the call and have the lengths the headers say.
        let result = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                max as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        check(result)
    }

    /// Looks into a slot that [`ReceiveTable::receive`] filled.
    pub(crate) fn get(&self, slot: usize) -> Received<'_> {
        let header = &self.headers[slot];
        let start = slot * self.stride;
        let len = (header.msg_len as usize).min(SLOT_BYTES);
        let mut received = Received {
            bytes: &self.bytes[start..start + len],
            from: self.names[slot].get(header.msg_hdr.msg_namelen),
            segment: None,
            stamp_us: None,
            drops: None,
        };
        #[allow(clippy::unnecessary_cast, reason = "it is an u32 with musl")]
        let used = (header.msg_hdr.msg_controllen as usize).min(mem::size_of::<Control>());
        read_control(&self.controls[slot].0[..used], &mut received);
        received
    }

    /// The bytes of a slot, for someone who changes them.
    pub(crate) fn bytes_mut(&mut self, slot: usize) -> &mut [u8] {
        let start = slot * self.stride;
        let len = (self.headers[slot].msg_len as usize).min(SLOT_BYTES);
        &mut self.bytes[start..start + len]
    }
}

/// Throws away the next datagram of a socket unread.
///
/// # Errors
/// `WouldBlock` if nothing waits; an ICMP error that came in; what else the system says.
pub(crate) fn throw_away(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: with a length of 0 the kernel writes nothing through the null pointer.
    let result = unsafe { libc::recv(socket.as_raw_fd(), ptr::null_mut(), 0, libc::MSG_DONTWAIT) };
    check(result.try_into().unwrap_or(-1)).map(drop)
}

/// Reads from a stream; says how many bytes came (0: the far end sends no more) and when the kernel received the last of
/// them, in µs since 1970.
///
/// # Errors
/// `WouldBlock` if nothing waits; the connection's trouble.
pub(crate) fn receive_stream(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, Option<u64>)> {
    let mut control = Control([0; 128]);
    let mut iovec = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: zero bytes are a valid msghdr: null pointers and lengths of zero.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = ptr::from_mut(&mut iovec);
    header.msg_iovlen = 1;
    header.msg_control = ptr::from_mut(&mut control).cast();
    header.msg_controllen = mem::size_of::<Control>() as _;
    // SAFETY: the header points to an iovec over `buffer` and to control room, both alive during the call and of the
    // lengths it says.
    let result = unsafe { libc::recvmsg(socket.as_raw_fd(), ptr::from_mut(&mut header), libc::MSG_DONTWAIT) };
    let len = check(result.try_into().unwrap_or(-1))?.min(buffer.len());
    let mut received = Received { bytes: &[], from: None, segment: None, stamp_us: None, drops: None };
    let used = (header.msg_controllen as usize).min(mem::size_of::<Control>());
    read_control(&control.0[..used], &mut received);
    Ok((len, received.stamp_us))
}

/// Walks over control messages: length (8 bytes), level (4), type (4), data, padding to 8.
fn read_control(mut rest: &[u8], received: &mut Received<'_>) {
    const HEAD: usize = mem::size_of::<libc::cmsghdr>();
    while rest.len() >= HEAD {
        let len = usize::from_ne_bytes(bytes_at(rest, 0));
        if len < HEAD || len > rest.len() {
            return;
        }
        let data = &rest[HEAD..len];
        let level = i32::from_ne_bytes(bytes_at(rest, mem::size_of::<usize>()));
        let kind = i32::from_ne_bytes(bytes_at(rest, mem::size_of::<usize>() + 4));
        match (level, kind) {
            (libc::SOL_UDP, libc::UDP_GRO) if data.len() >= 4 => {
                let segment = i32::from_ne_bytes(bytes_at(data, 0));
                received.segment = usize::try_from(segment).ok().filter(|&segment| segment > 0);
            }
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) if data.len() >= mem::size_of::<libc::timespec>() => {
                let half = mem::size_of::<libc::timespec>() / 2;
                let (seconds, nanos) = (word(&data[..half]), word(&data[half..2 * half]));
                received.stamp_us = Some(seconds.saturating_mul(1_000_000).saturating_add(nanos / 1000));
            }
            (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) if data.len() >= 4 => {
                received.drops = Some(u32::from_ne_bytes(bytes_at(data, 0)));
            }
            _ => {}
        }
        let padded = len.next_multiple_of(mem::size_of::<usize>());
        rest = rest.get(padded..).unwrap_or_default();
    }
}

/// A native word of 4 or 8 bytes.
fn word(bytes: &[u8]) -> u64 {
    match bytes.len() {
        8 => u64::from_ne_bytes(bytes_at(bytes, 0)),
        _ => u64::from(u32::from_ne_bytes(bytes_at(bytes, 0))),
    }
}

/// `N` bytes from `at` on; zeros where there are none.
fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    if let Some(found) = bytes.get(at..at + N) {
        array.copy_from_slice(found);
    }
    array
}
