//! Many datagrams with one call: `sendmmsg`, each entry perhaps a whole run of equal length (`UDP_SEGMENT`).

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::address::RawAddress;
use super::check;

/// A stretch of the bytes to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

/// One entry of a `sendmmsg`: some of the pieces, in a row, to one destination.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Send {
    pub(crate) to: SocketAddr,
    /// The kernel cuts the bytes into datagrams of this length (the last may be shorter); 0: one datagram.
    pub(crate) segment: u16,
    /// First piece.
    pub(crate) first: usize,
    /// Number of pieces.
    pub(crate) pieces: usize,
}

/// Room for one control message with a 16-bit value.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; 24]);

/// Headers for `sendmmsg`, made once.
pub(crate) struct SendTable {
    names: Box<[RawAddress]>,
    controls: Box<[Control]>,
    iovecs: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

impl SendTable {
    /// Most entries of one call.
    pub(crate) const ENTRIES_MAX: usize = 64;
    /// Most pieces of one call; one entry can't have more (`UIO_MAXIOV`).
    pub(crate) const PIECES_MAX: usize = 1024;

    pub(crate) fn new() -> SendTable {
        let entries = SendTable::ENTRIES_MAX;
        let empty = libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 };
        // SAFETY: zero bytes are a valid msghdr: null pointers and lengths of zero.
        let header: libc::mmsghdr = unsafe { mem::zeroed() };
        SendTable {
            names: vec![RawAddress::empty(); entries].into_boxed_slice(),
            controls: vec![Control([0; 24]); entries].into_boxed_slice(),
            iovecs: vec![empty; SendTable::PIECES_MAX].into_boxed_slice(),
            headers: vec![header; entries].into_boxed_slice(),
        }
    }

    /// Sends as many of `sends` as the socket takes at once; says how many those were, at least one.
    ///
    /// # Errors
    /// What the system says about the first of them.
    pub(crate) fn send(
        &mut self,
        socket: BorrowedFd<'_>,
        sends: &[Send],
        pieces: &[Piece],
        bytes: &[u8],
    ) -> io::Result<usize> {
        let mut free = 0;
        let mut count = 0;
        for send in sends.iter().take(SendTable::ENTRIES_MAX) {
            let pieces = &pieces[send.first..send.first + send.pieces];
            let Some(iovecs) = self.iovecs.get_mut(free..free + pieces.len()) else { break };
            for (iovec, piece) in iovecs.iter_mut().zip(pieces) {
                let bytes = &bytes[piece.start..piece.start + piece.len];
                *iovec = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
            }
            let header = &mut self.headers[count].msg_hdr;
            header.msg_namelen = self.names[count].set(send.to);
            header.msg_name = ptr::from_mut(&mut self.names[count]).cast();
            header.msg_iov = iovecs.as_mut_ptr();
            header.msg_iovlen = iovecs.len() as _;
            header.msg_control = ptr::null_mut();
            header.msg_controllen = 0;
            if send.segment != 0 {
                header.msg_controllen = self.controls[count].set_segment(send.segment) as _;
                header.msg_control = ptr::from_mut(&mut self.controls[count]).cast();
            }
            free += pieces.len();
            count += 1;
        }
        if count == 0 {
            return Ok(0);
        }
        // SAFETY: the first `count` headers were filled in just now: names, control room and iovecs belong to `self`
        // and don't move during the call, the iovecs point into `bytes`, which is borrowed for as long; the kernel
        // only reads through them.
        let result = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                count as libc::c_uint,
                (libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) as _,
            )
        };
        check(result)
    }
}

/// Sends one datagram.
///
/// # Errors
/// What the system says about it, or about an earlier one (ICMP).
pub(crate) fn send_to(socket: BorrowedFd<'_>, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
    let mut name = RawAddress::empty();
    let len = name.set(to);
    // SAFETY: `bytes` and `name` live during the call and have the lengths given; the kernel only reads them.
    let result = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            bytes.as_ptr().cast(),
            bytes.len(),
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            ptr::from_ref(&name).cast(),
            len,
        )
    };
    check(result.try_into().unwrap_or(-1)).map(drop)
}

impl Control {
    /// Writes `UDP_SEGMENT`; says how many bytes count.
    fn set_segment(&mut self, segment: u16) -> usize {
        const HEAD: usize = mem::size_of::<libc::cmsghdr>();
        const WORD: usize = mem::size_of::<usize>();
        self.0[..WORD].copy_from_slice(&(HEAD + 2).to_ne_bytes());
        self.0[WORD..WORD + 4].copy_from_slice(&libc::SOL_UDP.to_ne_bytes());
        self.0[WORD + 4..WORD + 8].copy_from_slice(&libc::UDP_SEGMENT.to_ne_bytes());
        self.0[HEAD..HEAD + 2].copy_from_slice(&segment.to_ne_bytes());
        HEAD + 2usize.next_multiple_of(WORD)
    }
}
