//! One worker's connections.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;

use busyhour_engine::snapshot::GeneratorCounters;
use busyhour_engine::{Opened, SocketId, Time, Trouble};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::Socket;

use super::connection::{Connection, Kind, State};
use super::{STREAM_BIT, begin_connect, trouble_of_error};
use crate::endpoint::Endpoint;
use crate::post::Post;
use crate::quota::Quota;
use crate::sys;
use crate::table::Table;
use crate::worker::Core;

/// How long a connection may take to be set up: as long as a transaction (RFC 3261, timer B).
const CONNECT_US_MAX: u64 = 32_000_000;
/// How long a connection that no call wants may take to write its rest.
const RELEASE_US_MAX: u64 = 5_000_000;
/// How long nothing is accepted after the system had no descriptor or memory for it.
const ACCEPT_PAUSE_US: u64 = 100_000;
/// Most connections accepted in one turn.
const ACCEPTS_MAX: usize = 256;
/// Bytes read at once.
const READ_BYTES: usize = 65_536;

/// What a worker's connections need to know.
pub(crate) struct StreamsOptions {
    pub(crate) worker: usize,
    pub(crate) ip: IpAddr,
    pub(crate) buffer_bytes: Option<usize>,
}

/// One worker's connections and its listener.
pub(crate) struct Streams {
    options: StreamsOptions,
    registry: Registry,
    listener: Option<Socket>,
    acceptable: bool,
    accept_from: Time,
    connections: Table<Connection>,
    /// Serials of connections that may have something to read, and of those that have something to write.
    readable: Vec<u64>,
    unwritten: Vec<u64>,
    /// Connections that are being set up or released, the oldest first, and until when.
    deadlines: [VecDeque<(Time, u64)>; 2],
    /// Shared connections that failed before the worker began.
    stillborn: Vec<(u64, Trouble)>,
    read_buffer: Box<[u8]>,
    spare: Vec<Vec<u8>>,
}

impl Streams {
    pub(crate) fn new(
        options: StreamsOptions,
        listener: Option<Socket>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Streams> {
        if let Some(listener) = &listener {
            registry.register(&mut SourceFd(&listener.as_raw_fd()), token, Interest::READABLE)?;
        }
        Ok(Streams {
            options,
            registry: registry.try_clone()?,
            // Connections may have come before the listener was registered.
            acceptable: listener.is_some(),
            read_buffer: vec![0; if listener.is_some() { READ_BYTES } else { 0 }].into_boxed_slice(),
            listener,
            accept_from: Time::ZERO,
            connections: Table::new(),
            readable: Vec::new(),
            unwritten: Vec::new(),
            deadlines: [VecDeque::new(), VecDeque::new()],
            stillborn: Vec::new(),
            spare: Vec::new(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.connections.len() + usize::from(self.listener.is_some())
    }

    /// True if the run is one over streams.
    pub(crate) fn listens(&self) -> bool {
        self.listener.is_some()
    }

    /// True if something is left to read.
    pub(crate) fn has_more(&self) -> bool {
        !self.readable.is_empty() || self.acceptable && self.accept_from == Time::ZERO
    }

    /// True if something waits to be written. Looks at every connection.
    pub(crate) fn is_behind(&mut self) -> bool {
        self.connections.iter_mut().any(|(_, connection)| connection.has_unwritten())
    }

    /// Takes over a connection that was begun before the worker ran.
    pub(crate) fn adopt(&mut self, peer: SocketAddr, connection: Result<Socket, Trouble>, now: Time) {
        let trouble = connection.as_ref().err().copied();
        let state = trouble.map_or(State::Connecting, State::Dead);
        let registered = self.register(connection.ok(), peer, Kind::Shared, state);
        let failed = trouble.or(registered.as_ref().err().map(trouble_of_error));
        match (registered, failed) {
            (Ok(serial), None) => self.deadlines[0].push_back((now + CONNECT_US_MAX, serial)),
            (Ok(serial), Some(trouble)) => self.stillborn.push((serial, trouble)),
            // Its number stays unknown, which calls that use it are told.
            (Err(_), _) => {}
        }
    }

    pub(crate) fn listener_ready(&mut self) {
        self.acceptable = true;
    }

    /// The poll says something about a connection.
    pub(crate) fn stream_ready(&mut self, ready: &sys::Ready) {
        let serial = ready.token & !STREAM_BIT;
        let Some(connection) = self.connections.get_mut(serial) else { return };
        connection.ready(ready);
        let connecting = connection.state == State::Connecting;
        if (ready.readable || connecting) && !connection.listed_readable {
            connection.listed_readable = true;
            self.readable.push(serial);
        }
        if ready.writable && connection.has_unwritten() && !connection.listed_unwritten {
            connection.listed_unwritten = true;
            self.unwritten.push(serial);
        }
    }

    /// Accepts connections, finishes those being set up, and reads from those that have something, each up to a budget.
    pub(crate) fn receive<E: Endpoint>(
        &mut self,
        core: &mut Core<E>,
        post: &mut Option<Post>,
        quota: &Quota,
    ) {
        for (serial, trouble) in std::mem::take(&mut self.stillborn) {
            core.closed(post, self.id(serial), trouble);
        }
        if self.acceptable && self.accept_from == Time::ZERO {
            self.accept(core, quota);
        }
        let mut readable = std::mem::take(&mut self.readable);
        readable.retain(|&serial| self.read(serial, core, post, quota));
        // Nothing was listed meanwhile: only the poll does that.
        self.readable = readable;
    }

    /// Puts a message into a connection's queue; [`Streams::flush`] writes it.
    ///
    /// # Errors
    /// When there is no such connection, it is gone, or its queue is full.
    pub(crate) fn write(
        &mut self,
        serial: u64,
        message: &[u8],
        counters: &mut GeneratorCounters,
    ) -> Result<(), Trouble> {
        let serial = serial & !STREAM_BIT;
        let connection = self.connections.get_mut(serial).ok_or(Trouble::Closed)?;
        connection.queue(message, &mut self.spare, counters)?;
        if !connection.listed_unwritten {
            connection.listed_unwritten = true;
            self.unwritten.push(serial);
        }
        Ok(())
    }

    /// Writes what was queued, each connection's messages with one call.
    pub(crate) fn flush<E: Endpoint>(&mut self, core: &mut Core<E>, post: &mut Option<Post>, quota: &Quota) {
        while let Some(serial) = self.unwritten.pop() {
            let Some(connection) = self.connections.get_mut(serial) else { continue };
            connection.listed_unwritten = false;
            match connection.write(&mut self.spare, &mut core.counters) {
                Ok(()) if connection.is_unwanted() && !connection.has_unwritten() => {
                    self.remove(serial, quota);
                }
                Ok(()) => {}
                Err(trouble) => self.fail(serial, trouble, core, post, quota),
            }
        }
    }

    /// Connects for a call, or shares a connection to the same peer when there are enough.
    pub(crate) fn open(&mut self, peer: SocketAddr, now: Time, quota: &Quota) -> Result<Opened, Trouble> {
        let suits = |connection: &Connection| {
            connection.kind == Kind::Calls
                && connection.peer == peer
                && matches!(connection.state, State::Connecting | State::Up)
        };
        if quota.take(self.connections.len() == 0) {
            match self.open_new(peer, now) {
                Ok(opened) => return Ok(opened),
                Err(error) => {
                    quota.give_back();
                    let trouble = trouble_of_error(&error);
                    if trouble != Trouble::NoResources {
                        return Err(trouble);
                    }
                }
            }
        }
        let (_, connection) = self.connections.round_robin(suits).ok_or(Trouble::NoResources)?;
        connection.users += 1;
        Ok(Opened { socket: connection.id, local_port: connection.local_port })
    }

    /// A call has no more use for its connection.
    pub(crate) fn release(&mut self, serial: u64, now: Time, quota: &Quota) {
        let serial = serial & !STREAM_BIT;
        let Some(connection) = self.connections.get_mut(serial) else { return };
        if connection.kind != Kind::Calls {
            return;
        }
        connection.users = connection.users.saturating_sub(1);
        if connection.users > 0 {
            return;
        }
        match connection.state {
            State::Up if connection.has_unwritten() => {
                connection.state = State::Releasing;
                self.deadlines[1].push_back((now + RELEASE_US_MAX, serial));
            }
            // What the call has sent goes out once the connection is up, for which there is a deadline already.
            State::Connecting if connection.has_unwritten() => {}
            _ => self.remove(serial, quota),
        }
    }

    /// Gives up connections that took too long, and accepts again after a pause.
    pub(crate) fn check_deadlines<E: Endpoint>(
        &mut self,
        core: &mut Core<E>,
        post: &mut Option<Post>,
        quota: &Quota,
    ) {
        if self.accept_from <= core.now {
            self.accept_from = Time::ZERO;
        }
        for (list, waiting) in [State::Connecting, State::Releasing].into_iter().enumerate() {
            while let Some(&(due, serial)) = self.deadlines[list].front() {
                let waits =
                    self.connections.get_mut(serial).is_some_and(|connection| connection.state == waiting);
                if waits && due > core.now {
                    break;
                }
                self.deadlines[list].pop_front();
                match (waits, waiting) {
                    (true, State::Connecting) => {
                        self.fail(serial, Trouble::ConnectTimeout, core, post, quota);
                    }
                    (true, _) => {
                        // What it still holds has no call any more that could fail.
                        core.counters.send_failures += 1;
                        self.remove(serial, quota);
                    }
                    (false, _) => {}
                }
            }
        }
    }

    /// Closes everything.
    pub(crate) fn shut_down(&mut self) {
        self.listener = None;
        self.connections = Table::new();
    }

    fn id(&self, serial: u64) -> SocketId {
        SocketId::new(self.options.worker, STREAM_BIT | serial)
    }

    fn open_new(&mut self, peer: SocketAddr, now: Time) -> io::Result<Opened> {
        let from = SocketAddr::new(self.options.ip, 0);
        let socket = begin_connect(from, peer, self.options.buffer_bytes)?;
        let serial = self.register(Some(socket), peer, Kind::Calls, State::Connecting)?;
        self.deadlines[0].push_back((now + CONNECT_US_MAX, serial));
        let local_port = self.connections.get_mut(serial).map_or(0, |connection| connection.local_port);
        Ok(Opened { socket: self.id(serial), local_port })
    }

    fn register(
        &mut self,
        socket: Option<Socket>,
        peer: SocketAddr,
        kind: Kind,
        state: State,
    ) -> io::Result<u64> {
        let serial = self.connections.next_serial().ok_or(io::ErrorKind::OutOfMemory)?;
        if let Some(socket) = &socket {
            let token = Token((STREAM_BIT | serial) as usize);
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.registry.register(&mut SourceFd(&socket.as_raw_fd()), token, interest)?;
        }
        let connection = Connection::new(socket, self.id(serial), peer, kind, state);
        self.connections.insert(connection);
        Ok(serial)
    }

    fn accept<E: Endpoint>(&mut self, core: &mut Core<E>, quota: &Quota) {
        for _ in 0..ACCEPTS_MAX {
            let Some(listener) = &self.listener else { return };
            match listener.accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) {
                Ok((socket, address)) => {
                    let peer = address.as_socket();
                    let taken = peer.filter(|_| quota.take(false)).map(|peer| {
                        let registered = self.register(Some(socket), peer, Kind::Accepted, State::Up);
                        registered.inspect_err(|_| quota.give_back())
                    });
                    // Too many, or none of ours: it is closed again.
                    if !matches!(taken, Some(Ok(_))) {
                        core.counters.receive_failures += 1;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.acceptable = false;
                    return;
                }
                Err(error) => match error.raw_os_error() {
                    Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => {
                        core.counters.receive_failures += 1;
                        self.accept_from = core.now + ACCEPT_PAUSE_US;
                        return;
                    }
                    // That connection's own trouble (accept(2)); the next may be well.
                    _ => core.counters.receive_failures += 1,
                },
            }
        }
    }

    /// Reads from one connection; true if it stays in the list.
    fn read<E: Endpoint>(
        &mut self,
        serial: u64,
        core: &mut Core<E>,
        post: &mut Option<Post>,
        quota: &Quota,
    ) -> bool {
        let Some(connection) = self.connections.get_mut(serial) else { return false };
        let mut result = Ok(());
        if connection.state == State::Connecting {
            result = connection.finish_connect();
            if result.is_ok() && connection.state == State::Up && connection.is_unwanted() {
                // Released before it was up: from now on it has no more time than any other.
                connection.state = State::Releasing;
                self.deadlines[1].push_back((core.now + RELEASE_US_MAX, serial));
            }
        }
        let result =
            result.and_then(|()| connection.read(&mut self.read_buffer, &mut self.spare, core, post));
        // A connection that has just come up may have messages waiting, and a keep-alive may want its answer.
        if connection.has_unwritten() && !connection.listed_unwritten {
            connection.listed_unwritten = true;
            self.unwritten.push(serial);
        }
        let more = result == Ok(true);
        connection.listed_readable = more;
        if let Err(trouble) = result {
            self.fail(serial, trouble, core, post, quota);
        }
        more
    }

    /// A connection is gone: tells everyone.
    fn fail<E: Endpoint>(
        &mut self,
        serial: u64,
        trouble: Trouble,
        core: &mut Core<E>,
        post: &mut Option<Post>,
        quota: &Quota,
    ) {
        let Some(connection) = self.connections.get_mut(serial) else { return };
        let id = connection.id;
        let wanted = !connection.is_unwanted();
        if connection.kind == Kind::Shared {
            connection.die(trouble);
        } else {
            self.remove(serial, quota);
        }
        if wanted {
            core.closed(post, id, trouble);
        } else {
            // What it still held has no call any more that could fail.
            core.counters.send_failures += 1;
        }
    }

    fn remove(&mut self, serial: u64, quota: &Quota) {
        if self.connections.remove(serial).is_some() {
            quota.give_back();
        }
    }
}
