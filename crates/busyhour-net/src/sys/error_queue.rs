//! ICMP errors for datagrams of ours, out of a socket's error queue (`IP_RECVERR`, `IPV6_RECVERR`).

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::address::RawAddress;
use super::check;

/// One error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IcmpError {
    /// How many bytes of the datagram the router or host sent back; they are in the buffer.
    pub(crate) len: usize,
    /// The error number that the kernel made of it.
    pub(crate) errno: i32,
    /// False for an error of this machine's own, such as "message too long".
    pub(crate) from_network: bool,
    /// Where the datagram went.
    pub(crate) destination: Option<SocketAddr>,
}

#[repr(C, align(8))]
struct Control([u8; 512]);

/// Takes the next error; the start of the datagram that caused it goes into `buffer`.
///
/// # Errors
/// `WouldBlock` when the queue is empty.
pub(crate) fn read_error_queue(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<IcmpError> {
    let mut control = Control([0; 512]);
    let mut name = RawAddress::empty();
    let mut iovec = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: zero bytes are a valid msghdr: null pointers and lengths of zero.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_name = ptr::from_mut(&mut name).cast();
    header.msg_namelen = RawAddress::LEN;
    header.msg_iov = ptr::from_mut(&mut iovec);
    header.msg_iovlen = 1;
    header.msg_control = ptr::from_mut(&mut control).cast();
    header.msg_controllen = mem::size_of::<Control>() as _;
    // SAFETY: the header points to an address, to an iovec over `buffer` and to control room, all alive during the call and of the
    // lengths it says.
    let result = unsafe {
        libc::recvmsg(socket.as_raw_fd(), ptr::from_mut(&mut header), libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT)
    };
    let len = check(result.try_into().unwrap_or(-1))?.min(buffer.len());
    let destination = name.get(header.msg_namelen);
    let mut error = IcmpError { len, errno: 0, from_network: false, destination };
    // SAFETY: the kernel wrote `msg_controllen` bytes of well-formed control messages into `control`, which the
    // header points to; CMSG_FIRSTHDR and CMSG_NXTHDR stay within them, and the data is read without regard to
    // alignment only where the message is long enough for it.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(&raw const header);
        while !message.is_null() {
            let ours = matches!(
                ((*message).cmsg_level, (*message).cmsg_type),
                (libc::SOL_IP, libc::IP_RECVERR) | (libc::SOL_IPV6, libc::IPV6_RECVERR)
            );
            let wanted = libc::CMSG_LEN(mem::size_of::<libc::sock_extended_err>() as u32) as usize;
            if ours && (*message).cmsg_len as usize >= wanted {
                let detail: libc::sock_extended_err = ptr::read_unaligned(libc::CMSG_DATA(message).cast());
                error.errno = detail.ee_errno as i32;
                error.from_network =
                    matches!(detail.ee_origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6);
            }
            message = libc::CMSG_NXTHDR(&raw const header, message);
        }
    }
    Ok(error)
}
