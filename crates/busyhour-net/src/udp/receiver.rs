//! Receiving: many datagrams with one call, coalesced runs taken apart.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use busyhour_engine::{Path, SocketId, Source};

use super::errors::drain_errors;
use crate::endpoint::Endpoint;
use crate::post::Post;
use crate::sys::ReceiveTable;
use crate::worker::Core;

/// A UDP socket as the receiver sees it.
#[derive(Debug)]
pub(crate) struct DatagramSocket {
    pub(crate) socket: socket2::Socket,
    pub(crate) id: SocketId,
    /// More may wait: the poll tells about new arrivals only.
    pub(crate) readable: bool,
    /// The kernel's count of dropped datagrams when we last looked.
    drops: u32,
}

impl DatagramSocket {
    pub(crate) fn new(socket: socket2::Socket, id: SocketId) -> DatagramSocket {
        DatagramSocket { socket, id, readable: false, drops: 0 }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Takes note of the kernel's count; says by how much it has grown.
    pub(crate) fn note_drops(&mut self, drops: u32) -> u64 {
        let grown = drops.wrapping_sub(self.drops);
        // A stamp on an older datagram may say less than what we know already.
        if grown > u32::MAX / 2 {
            return 0;
        }
        self.drops = drops;
        u64::from(grown)
    }
}

/// Buffers for one worker's sockets.
pub(crate) struct Receiver {
    table: ReceiveTable,
}

impl Receiver {
    /// Most calls of `recvmmsg` for one socket in one turn; the rest waits so that timers and sends get theirs.
    const CALLS_MAX: usize = 8;

    /// Datagrams taken at once from a call's own socket, where seldom more than one waits.
    const CALL_SLOTS: usize = 4;

    pub(crate) fn new() -> Receiver {
        Receiver { table: ReceiveTable::new() }
    }

    /// Gives what waits in the socket to the engine, up to a budget.
    pub(crate) fn receive<E: Endpoint>(
        &mut self,
        socket: &mut DatagramSocket,
        core: &mut Core<E>,
        post: &mut Option<Post>,
    ) {
        let slots = if socket.id == SocketId::MAIN { ReceiveTable::SLOTS } else { Receiver::CALL_SLOTS };
        for _ in 0..Receiver::CALLS_MAX {
            match self.table.receive(socket.fd(), slots) {
                Ok(count) => {
                    core.now = core.clock.now();
                    for slot in 0..count {
                        self.deliver(slot, socket, core, post);
                    }
                    if count < slots {
                        socket.readable = false;
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    socket.readable = false;
                    return;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    if !drain_errors(socket.fd(), core) {
                        core.counters.receive_failures += 1;
                    }
                }
            }
        }
    }

    fn deliver<E: Endpoint>(
        &self,
        slot: usize,
        socket: &mut DatagramSocket,
        core: &mut Core<E>,
        post: &mut Option<Post>,
    ) {
        let received = self.table.get(slot);
        if let Some(drops) = received.drops {
            core.counters.kernel_drops += socket.note_drops(drops);
        }
        let Some(peer) = received.from else {
            core.counters.receive_failures += 1;
            return;
        };
        let stamp = received.stamp_us.map_or(core.now, |stamp| core.stamps.convert(stamp, core.now));
        let source = Source { path: Path { peer, socket: socket.id }, received: stamp };
        match received.segment {
            Some(segment) => {
                for datagram in received.bytes.chunks(segment) {
                    core.deliver(post, &source, datagram);
                }
            }
            None => core.deliver(post, &source, received.bytes),
        }
    }
}
