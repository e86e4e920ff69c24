//! A raw socket: one socket, any source port. As SIPp sends, and root only.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::ways::{BATCH, Messages, check, name_of};
use crate::{Field, PACKET_BYTES, Way};

const HEADERS: usize = 28;

pub(crate) struct Raw {
    socket: OwnedFd,
    messages: Messages,
    packets: Box<[[u8; HEADERS + PACKET_BYTES]; BATCH]>,
}

impl Raw {
    pub(crate) fn new() -> io::Result<Raw> {
        // SAFETY: it touches no memory.
        let fd = check(unsafe { libc::socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_RAW) } as isize)?;
        // SAFETY: the descriptor was made just now and is nobody else's.
        let socket = unsafe { OwnedFd::from_raw_fd(fd as i32) };
        Ok(Raw {
            socket,
            messages: Messages::new(),
            packets: Box::new([[0x80; HEADERS + PACKET_BYTES]; BATCH]),
        })
    }
}

impl Way for Raw {
    fn round(&mut self, field: &Field) -> io::Result<usize> {
        let (ours, theirs) = (field.our_addresses.chunks(BATCH), field.their_addresses.chunks(BATCH));
        for (ours, theirs) in ours.zip(theirs) {
            let rooms = self.messages.rooms();
            let headers = rooms.names.iter_mut().zip(&mut rooms.iovecs).zip(&mut *self.packets);
            for (((name, iovec), packet), (from, to)) in headers.zip(ours.iter().zip(theirs)) {
                write_headers(packet, *from, *to);
                // The port in a raw socket's address means something else.
                *name = name_of(SocketAddrV4::new(*to.ip(), 0));
                *iovec = libc::iovec { iov_base: packet.as_mut_ptr().cast(), iov_len: packet.len() };
            }
            self.messages.send(self.socket.as_raw_fd(), ours.len())?;
        }
        Ok(field.our_addresses.len())
    }
}

/// IP without options (the kernel fills in length, checksum and identification) and UDP without checksum.
fn write_headers(packet: &mut [u8], from: SocketAddrV4, to: SocketAddrV4) {
    packet[..HEADERS].fill(0);
    packet[0] = 0x45;
    packet[8] = 64;
    packet[9] = libc::IPPROTO_UDP as u8;
    packet[12..16].copy_from_slice(&Ipv4Addr::octets(from.ip()));
    packet[16..20].copy_from_slice(&Ipv4Addr::octets(to.ip()));
    packet[20..22].copy_from_slice(&from.port().to_be_bytes());
    packet[22..24].copy_from_slice(&to.port().to_be_bytes());
    packet[24..26].copy_from_slice(&((8 + PACKET_BYTES) as u16).to_be_bytes());
}
