//! One worker's UDP sockets: the one that all workers share a port with, and those of single calls (`-t un`).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;

use busyhour_engine::{Batch, CallRef, Opened, SocketId, Trouble};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::Socket as RawSocket;

use crate::bind::open_datagram;
use crate::endpoint::Endpoint;
use crate::post::Post;
use crate::quota::Quota;
use crate::stream::trouble_of_error;
use crate::sys;
use crate::table::Table;
use crate::udp::{Backlog, DatagramSocket, Receiver, Sender, Socket, drain_errors};
use crate::worker::Core;

/// One worker's UDP sockets with the buffers they share.
pub(crate) struct Datagrams {
    worker: usize,
    ip: IpAddr,
    main: Option<DatagramSocket>,
    calls: Table<CallSocket>,
    /// Serials of call sockets that may have something to read.
    ready: Vec<u64>,
    receiver: Receiver,
    sender: Sender,
    backlog: Backlog,
    indices: Vec<u32>,
}

/// A call's socket, perhaps shared with others.
struct CallSocket {
    socket: DatagramSocket,
    port: u16,
    users: u32,
}

impl Datagrams {
    /// Takes the main socket, if this run has one.
    pub(crate) fn new(
        worker: usize,
        ip: IpAddr,
        main: Option<RawSocket>,
        single_packets: bool,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Datagrams> {
        let mut runs = false;
        if let Some(socket) = &main {
            registry.register(&mut SourceFd(&socket.as_raw_fd()), token, Interest::READABLE)?;
            let socket = std::os::fd::AsFd::as_fd(socket);
            if single_packets {
                sys::receive_singly(socket);
            } else {
                runs = sys::supports_segmentation(socket);
            }
        }
        // Something may have come in before the socket was registered.
        let main = main.map(|socket| {
            let mut socket = DatagramSocket::new(socket, SocketId::MAIN);
            socket.readable = true;
            socket
        });
        Ok(Datagrams {
            worker,
            ip,
            main,
            calls: Table::new(),
            ready: Vec::new(),
            receiver: Receiver::new(),
            sender: Sender::new(runs),
            backlog: Backlog::default(),
            indices: Vec::new(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len() + usize::from(self.main.is_some())
    }

    /// True if something is left to read or to send.
    pub(crate) fn has_more(&self) -> bool {
        !self.ready.is_empty() || self.main.as_ref().is_some_and(|main| main.readable)
    }

    /// True if messages wait because a socket was full.
    pub(crate) fn is_behind(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// The poll says that the main socket has something, `error` if ICMP errors.
    pub(crate) fn main_ready<E: Endpoint>(&mut self, error: bool, core: &mut Core<E>) {
        if let Some(main) = &mut self.main {
            main.readable = true;
            if error {
                drain_errors(main.fd(), core);
            }
        }
    }

    /// The poll says the same of a call's socket.
    pub(crate) fn call_ready<E: Endpoint>(&mut self, serial: u64, error: bool, core: &mut Core<E>) {
        if let Some(call) = self.calls.get_mut(serial) {
            if !call.socket.readable {
                call.socket.readable = true;
                self.ready.push(serial);
            }
            if error {
                drain_errors(call.socket.fd(), core);
            }
        }
    }

    /// Receives from all sockets that have something, each up to a budget.
    pub(crate) fn receive<E: Endpoint>(&mut self, core: &mut Core<E>, post: &mut Option<Post>) {
        if let Some(main) = self.main.as_mut().filter(|main| main.readable) {
            self.receiver.receive(main, core, post);
        }
        let Datagrams { calls, ready, receiver, .. } = self;
        ready.retain(|&serial| {
            let Some(call) = calls.get_mut(serial) else { return false };
            receiver.receive(&mut call.socket, core, post);
            call.socket.readable
        });
    }

    /// Sends messages that all leave through one socket of ours, in this order.
    pub(crate) fn send<E: Endpoint>(
        &mut self,
        socket: SocketId,
        batch: &Batch,
        order: &[u32],
        core: &mut Core<E>,
    ) {
        let done = if !self.backlog.is_empty() {
            0
        } else {
            match fd(&self.main, &mut self.calls, socket) {
                Some(fd) => self.sender.send(&fd, batch, order, core),
                None => fail_all(batch, order, core),
            }
        };
        for &index in &order[done..] {
            let transmit = &batch.transmits[index as usize];
            core.counters.congested += 1;
            if !self.backlog.push(transmit, batch.message(transmit)) {
                core.send_failed(transmit.call, Trouble::QueueFull);
            }
        }
    }

    /// Tries again what found its socket full.
    pub(crate) fn flush<E: Endpoint>(&mut self, core: &mut Core<E>) {
        while !self.backlog.is_empty() {
            let (batch, next) = self.backlog.waiting();
            let socket = batch.transmits[next].path.socket;
            let stretch =
                batch.transmits[next..].iter().take_while(|transmit| transmit.path.socket == socket).count();
            self.indices.clear();
            self.indices.extend((next as u32..).take(stretch));
            let done = match fd(&self.main, &mut self.calls, socket) {
                Some(fd) => self.sender.send(&fd, batch, &self.indices, core),
                None => fail_all(batch, &self.indices, core),
            };
            self.backlog.advance(done);
            if done < stretch {
                return;
            }
        }
    }

    /// Opens a socket for a call, or shares one when there are enough.
    pub(crate) fn open(&mut self, registry: &Registry, quota: &Quota) -> Result<Opened, Trouble> {
        if quota.take(self.calls.len() == 0) {
            match self.open_new(registry) {
                Ok(opened) => return Ok(opened),
                Err(error) => {
                    quota.give_back();
                    if self.calls.len() == 0 {
                        return Err(trouble_of_error(&error));
                    }
                }
            }
        }
        let worker = self.worker;
        let (serial, call) = self.calls.round_robin(|_| true).ok_or(Trouble::NoResources)?;
        call.users += 1;
        Ok(Opened { socket: SocketId::new(worker, serial), local_port: call.port })
    }

    /// A call has no more use for its socket.
    pub(crate) fn close<E: Endpoint>(&mut self, serial: u64, core: &mut Core<E>, quota: &Quota) {
        if let Some(call) = self.calls.get_mut(serial) {
            call.users = call.users.saturating_sub(1);
            if call.users == 0 {
                count_drops(&mut call.socket, core);
                self.calls.remove(serial);
                quota.give_back();
            }
        }
    }

    /// Adds the kernel's own count of what the main socket dropped, which no received datagram may have told yet. (To
    /// ask tens of thousands of call sockets would stop the worker; they tell with their next datagram, or when they
    /// are closed.)
    pub(crate) fn count_drops<E: Endpoint>(&mut self, core: &mut Core<E>) {
        if let Some(main) = &mut self.main {
            count_drops(main, core);
        }
    }

    /// The same of the calls' sockets, when the worker ends.
    pub(crate) fn count_last_drops<E: Endpoint>(&mut self, core: &mut Core<E>) {
        for (_, call) in self.calls.iter_mut() {
            count_drops(&mut call.socket, core);
        }
    }

    fn open_new(&mut self, registry: &Registry) -> io::Result<Opened> {
        let socket = open_datagram(self.ip)?;
        socket.bind(&SocketAddr::new(self.ip, 0).into())?;
        let port = socket.local_addr()?.as_socket().map_or(0, |address| address.port());
        let serial = self.calls.next_serial().ok_or(io::ErrorKind::OutOfMemory)?;
        registry.register(&mut SourceFd(&socket.as_raw_fd()), Token(serial as usize), Interest::READABLE)?;
        let id = SocketId::new(self.worker, serial);
        self.calls.insert(CallSocket { socket: DatagramSocket::new(socket, id), port, users: 1 });
        Ok(Opened { socket: id, local_port: port })
    }
}

fn count_drops<E: Endpoint>(socket: &mut DatagramSocket, core: &mut Core<E>) {
    if let Some(drops) = sys::dropped_datagrams(socket.fd()) {
        core.counters.kernel_drops += socket.note_drops(drops);
    }
}

fn fd<'a>(
    main: &'a Option<DatagramSocket>,
    calls: &'a mut Table<CallSocket>,
    socket: SocketId,
) -> Option<Socket<'a>> {
    if socket == SocketId::MAIN {
        return main.as_ref().map(|main| Socket(main.fd()));
    }
    calls.get_mut(socket.serial()).map(|call| Socket(call.socket.fd()))
}

fn fail_all<E: Endpoint>(batch: &Batch, order: &[u32], core: &mut Core<E>) -> usize {
    for &index in order {
        let call: CallRef = batch.transmits[index as usize].call;
        core.send_failed(call, Trouble::Closed);
    }
    order.len()
}
