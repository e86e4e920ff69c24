//! The sockets of one pair of local ports.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Socket, Type};

use super::options::MediaOptions;
use crate::sys;

/// Receive and send buffer of ports that several calls share: what all of them bring while the thread is elsewhere.
const SHARED_RECEIVE_BYTES: usize = 8 << 20;
const SHARED_SEND_BYTES: usize = 2 << 20;
/// Most datagrams, and most errors, thrown away when a pair changes hands. Whoever sends more meanwhile than this also
/// sends to the next call.
const THROWN_AWAY_MAX: usize = 4096;

/// An RTP socket and, as a rule, its RTCP socket.
#[derive(Debug)]
pub(super) struct Pair {
    /// Number of the RTP port.
    pub(super) port: u16,
    rtp: Side,
    rtcp: Option<Side>,
}

/// A socket with the kernel's count of dropped datagrams when we last looked.
#[derive(Debug)]
struct Side {
    socket: Socket,
    drops: AtomicU32,
}

/// What a pair is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// One call's own.
    Own,
    /// Several calls'. If somebody else has the RTCP port, it goes without.
    Shared,
    /// Several calls', and RTCP as well.
    SharedWhole,
}

impl Pair {
    /// Opens one.
    ///
    /// # Errors
    /// `AddrInUse` if somebody else has one of the ports; what else the system says.
    pub(super) fn open(options: &MediaOptions, port: u16, purpose: Use) -> io::Result<Pair> {
        let rtp = Side::open(options, port, purpose)?;
        let rtcp = match (options.rtcp, port.checked_add(1)) {
            (true, Some(next)) => Side::open(options, next, purpose),
            (true, None) => Err(io::ErrorKind::AddrInUse.into()),
            (false, _) => return Ok(Pair { port, rtp, rtcp: None }),
        };
        match rtcp {
            Ok(side) => Ok(Pair { port, rtp, rtcp: Some(side) }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && purpose == Use::Shared => {
                Ok(Pair { port, rtp, rtcp: None })
            }
            Err(error) => Err(error),
        }
    }

    /// Number of the RTCP port.
    pub(super) fn rtcp_port(&self) -> Option<u16> {
        self.rtcp.as_ref().and_then(|_| self.port.checked_add(1))
    }

    /// Where packets of a kind leave: without an RTCP port, all from the RTP port.
    pub(super) fn outlet(&self, rtcp: bool) -> BorrowedFd<'_> {
        self.inlet(rtcp).unwrap_or_else(|| self.rtp.socket.as_fd())
    }

    /// Where packets of a kind arrive.
    pub(super) fn inlet(&self, rtcp: bool) -> Option<BorrowedFd<'_>> {
        self.side(rtcp).map(|side| side.socket.as_fd())
    }

    /// Takes note of the kernel's count of drops; says by how much it has grown.
    pub(super) fn note_drops(&self, rtcp: bool, drops: u32) -> u64 {
        let Some(side) = self.side(rtcp) else { return 0 };
        let grown = drops.wrapping_sub(side.drops.load(Ordering::Relaxed));
        // A stamp on an older datagram may say less than what we know already.
        if grown > u32::MAX / 2 {
            return 0;
        }
        side.drops.store(drops, Ordering::Relaxed);
        u64::from(grown)
    }

    /// Asks the kernel for its counts, which no received datagram may have told yet; says by how much they have grown.
    pub(super) fn count_drops(&self) -> u64 {
        [false, true]
            .into_iter()
            .filter_map(|rtcp| Some((rtcp, sys::dropped_datagrams(self.inlet(rtcp)?)?)))
            .map(|(rtcp, drops)| self.note_drops(rtcp, drops))
            .sum()
    }

    /// Throws away what waits in the sockets and isn't the next owner's.
    pub(super) fn empty(&self) {
        for rtcp in [false, true] {
            let Some(socket) = self.inlet(rtcp) else { continue };
            for _ in 0..THROWN_AWAY_MAX {
                match sys::throw_away(socket) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // An ICMP error goes when it is reported.
                    Ok(()) | Err(_) => {}
                }
            }
            let mut original = [0; 64];
            for _ in 0..THROWN_AWAY_MAX {
                match sys::read_error_queue(socket, &mut original) {
                    Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                    Ok(_) | Err(_) => {}
                }
            }
        }
        // Drops of the last owner are counted when it ends; those since then are nobody's.
        self.count_drops();
    }

    /// Makes the buffers large enough for several calls.
    pub(super) fn grow(&self, options: &MediaOptions) {
        for rtcp in [false, true] {
            if let Some(socket) = self.inlet(rtcp) {
                raise_buffers(socket, options, Use::Shared);
            }
        }
    }

    fn side(&self, rtcp: bool) -> Option<&Side> {
        if rtcp { self.rtcp.as_ref() } else { Some(&self.rtp) }
    }
}

impl Side {
    fn open(options: &MediaOptions, port: u16, purpose: Use) -> io::Result<Side> {
        let address = SocketAddr::new(options.ip, port);
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking(), None)?;
        // First, for this is what fails when ports are short.
        socket.bind(&address.into())?;
        sys::packet_extras(socket.as_fd(), matches!(options.ip, IpAddr::V6(_)));
        raise_buffers(socket.as_fd(), options, purpose);
        Ok(Side { socket, drops: AtomicU32::new(0) })
    }
}

fn raise_buffers(socket: BorrowedFd<'_>, options: &MediaOptions, purpose: Use) {
    let bytes = options.buffer_bytes;
    match purpose {
        Use::Own => sys::raise_buffers(socket, bytes, bytes),
        Use::Shared | Use::SharedWhole => {
            sys::raise_buffers(socket, bytes.max(SHARED_RECEIVE_BYTES), bytes.max(SHARED_SEND_BYTES));
        }
    }
}
