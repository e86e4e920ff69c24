//! Receiving packets of media, and what ICMP says about ours.

use std::io;
use std::net::SocketAddr;

use busyhour_media::PortId;

use super::endpoint::MediaEndpoint;
use super::pair::Pair;
use super::thread::Core;
use crate::sys::{self, ReceiveTable};

/// Most errors read at a time from one socket: a flood of them must not stop the rest.
const ERRORS_MAX: usize = 64;
/// Datagrams taken with one call from a call's own port, where about three wait.
const OWN_SLOTS: usize = 8;
/// Most calls of `recvmmsg` for one port in one visit. A stream of 3000 packets a second, read at each visit, fits; of
/// more than that the kernel drops what its buffer doesn't hold, and counts it.
const OWN_CALLS_MAX: usize = 8;
/// The same for a watched port, which many calls may share; the rest comes in the next turn, which follows at once.
const WATCHED_CALLS_MAX: usize = 16;

/// Buffers for one thread's sockets.
pub(super) struct Reader {
    table: ReceiveTable,
}

impl Reader {
    pub(super) fn new() -> Reader {
        Reader { table: ReceiveTable::for_packets() }
    }

    /// Reads all that waits at a port, up to a bound; says how much there was.
    pub(super) fn read_all<M: MediaEndpoint>(
        &mut self,
        pair: &Pair,
        id: PortId,
        rtcp: bool,
        core: &mut Core<M>,
    ) -> u64 {
        let before = core.packets;
        self.read(pair, id, rtcp, OWN_SLOTS, OWN_CALLS_MAX, core);
        core.packets - before
    }

    /// Reads a port because something arrived; says whether more may be left.
    pub(super) fn read_watched<M: MediaEndpoint>(
        &mut self,
        pair: &Pair,
        id: PortId,
        rtcp: bool,
        core: &mut Core<M>,
    ) -> bool {
        self.read(pair, id, rtcp, ReceiveTable::SLOTS, WATCHED_CALLS_MAX, core)
    }

    fn read<M: MediaEndpoint>(
        &mut self,
        pair: &Pair,
        id: PortId,
        rtcp: bool,
        slots: usize,
        calls: usize,
        core: &mut Core<M>,
    ) -> bool {
        let Some(socket) = pair.inlet(rtcp) else { return false };
        for _ in 0..calls {
            match self.table.receive(socket, slots) {
                Ok(count) => {
                    core.now = core.clock.now();
                    for slot in 0..count {
                        self.deliver(slot, pair, id, rtcp, core);
                    }
                    if count < slots {
                        return false;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    // Reported once, so it is gone; its details are in the queue.
                    drain_errors(pair, id, rtcp, core);
                }
            }
        }
        true
    }

    fn deliver<M: MediaEndpoint>(
        &mut self,
        slot: usize,
        pair: &Pair,
        id: PortId,
        rtcp: bool,
        core: &mut Core<M>,
    ) {
        let received = self.table.get(slot);
        if let Some(drops) = received.drops {
            core.kernel_drops += pair.note_drops(rtcp, drops);
        }
        let stamp = received.stamp_us.map_or(core.now, |stamp| core.stamps.convert(stamp, core.now));
        // Every datagram has a source; this is for the compiler.
        let Some(from) = received.from.map(plain) else { return };
        core.packets += 1;
        debug_assert!(stamp <= core.now, "nothing comes from the future");
        core.media.handle_datagram(stamp, id, rtcp, from, self.table.bytes_mut(slot));
    }
}

/// Empties a socket's error queue and tells the streams. True if something came from the network: a send or receive that
/// failed may then have failed because of it, and can be tried again.
pub(super) fn drain_errors<M: MediaEndpoint>(
    pair: &Pair,
    id: PortId,
    rtcp: bool,
    core: &mut Core<M>,
) -> bool {
    let mut original = [0; 64];
    let mut found = false;
    for _ in 0..ERRORS_MAX {
        match sys::read_error_queue(pair.outlet(rtcp), &mut original) {
            Ok(error) if error.from_network => {
                found = true;
                let to = error.destination.map(plain);
                if rtcp {
                    core.media.handle_rtcp_failure();
                } else {
                    core.media.handle_send_failure(id, to, reason(error.errno));
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    found
}

/// An IPv4 address as such, though a socket of both families writes it as an IPv6 one.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// In words, what an error number of the system says about a packet.
pub(super) fn reason(errno: i32) -> &'static str {
    match errno {
        libc::ECONNREFUSED => "nobody listens there (ICMP port unreachable)",
        libc::EHOSTUNREACH | libc::EHOSTDOWN => "the host can't be reached",
        libc::ENETUNREACH | libc::ENETDOWN => "the network can't be reached",
        libc::EPERM | libc::EACCES => "this machine doesn't allow it (a firewall, or a broadcast address)",
        libc::EAFNOSUPPORT => "the address is of another family than the media address (-mi)",
        libc::EINVAL => "the address is none to send to (port 0, or of another family than -mi)",
        libc::EMSGSIZE => "the packet is too long for the way",
        libc::EADDRNOTAVAIL => "this machine has no address for it",
        _ => "the system refused it",
    }
}
