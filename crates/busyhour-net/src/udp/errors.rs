//! What ICMP says about datagrams of ours.

use std::io;
use std::os::fd::BorrowedFd;

use busyhour_engine::Trouble;

use crate::endpoint::Endpoint;
use crate::sys;
use crate::worker::Core;

/// Most errors read at a time: a flood of them must not stop the rest.
const ERRORS_MAX: usize = 1024;
/// Bytes of the original datagram that are read; RFC 1812 sends back up to 576 with headers.
const ORIGINAL_BYTES_MAX: usize = 2048;

/// Empties the socket's error queue and tells the engine. True if something came from the network: a send or receive
/// that failed may then have failed because of it, and can be tried again.
pub(crate) fn drain_errors<E: Endpoint>(socket: BorrowedFd<'_>, core: &mut Core<E>) -> bool {
    let mut original = [0; ORIGINAL_BYTES_MAX];
    let mut found = false;
    for _ in 0..ERRORS_MAX {
        match sys::read_error_queue(socket, &mut original) {
            Ok(error) if error.from_network => {
                found = true;
                if let Some(destination) = error.destination {
                    core.refusals.note(destination, core.now);
                }
                let trouble = trouble_of(error.errno);
                core.unreachable(&original[..error.len], trouble);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    found
}

/// Our word for an error number of the system.
pub(crate) fn trouble_of(errno: i32) -> Trouble {
    match errno {
        libc::ECONNREFUSED => Trouble::Refused,
        libc::EHOSTUNREACH | libc::ENETUNREACH | libc::EHOSTDOWN | libc::ENETDOWN | libc::EADDRNOTAVAIL => {
            Trouble::Unreachable
        }
        libc::EMSGSIZE => Trouble::TooLong,
        libc::ETIMEDOUT => Trouble::ConnectTimeout,
        libc::ECONNRESET | libc::EPIPE | libc::ECONNABORTED => Trouble::Reset,
        libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS | libc::EADDRINUSE | libc::EAGAIN => {
            Trouble::NoResources
        }
        _ => Trouble::Other,
    }
}
