//! One connection.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

use busyhour_engine::snapshot::GeneratorCounters;
use busyhour_engine::{Path, SocketId, Source, Time, Trouble};
use busyhour_wire::Frame;
use socket2::Socket;

use super::{Stream, trouble_of_error};
use crate::endpoint::Endpoint;
use crate::post::Post;
use crate::sys;
use crate::worker::Core;

/// Most bytes that wait to be written; messages beyond them fail.
pub(super) const QUEUE_BYTES_MAX: usize = 1 << 20;
/// Most reads in one turn; the rest waits, so that other connections get theirs.
const READS_MAX: usize = 4;

/// A connection of ours.
#[derive(Debug)]
pub(super) struct Connection {
    /// `None` for a shared connection that is gone: it keeps its number to say why.
    socket: Option<Socket>,
    pub(super) id: SocketId,
    pub(super) peer: SocketAddr,
    pub(super) local_port: u16,
    pub(super) state: State,
    stream: Stream,
    out: Vec<u8>,
    written: usize,
    /// Calls that hold it; an accepted or shared connection is held by nobody and stays.
    pub(super) users: u32,
    pub(super) kind: Kind,
    /// It is in the list of those that may have something to read.
    pub(super) listed_readable: bool,
    /// It is in the list of those that have something to write.
    pub(super) listed_unwritten: bool,
    /// The kernel takes no more at present, or the connection isn't up.
    blocked: bool,
    /// The far end sends nothing more.
    ended: bool,
}

/// Life of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Connecting,
    Up,
    /// No call wants it any more; it goes when everything is written.
    Releasing,
    Dead(Trouble),
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Accepted,
    /// Of one call or, beyond `-max_socket`, of several.
    Calls,
    /// The one of `t1`.
    Shared,
}

impl Connection {
    pub(super) fn new(
        socket: Option<Socket>,
        id: SocketId,
        peer: SocketAddr,
        kind: Kind,
        state: State,
    ) -> Connection {
        let local = socket.as_ref().and_then(|socket| socket.local_addr().ok()?.as_socket());
        Connection {
            socket,
            id,
            peer,
            local_port: local.map_or(0, |local| local.port()),
            state,
            stream: Stream::plain(),
            out: Vec::new(),
            written: 0,
            users: u32::from(kind == Kind::Calls),
            kind,
            listed_readable: false,
            listed_unwritten: false,
            blocked: state == State::Connecting,
            ended: false,
        }
    }

    /// Puts a message into the queue. `spare` gives a buffer if there is none yet.
    ///
    /// # Errors
    /// When the queue is full or the connection gone.
    pub(super) fn queue(
        &mut self,
        message: &[u8],
        spare: &mut Vec<Vec<u8>>,
        counters: &mut GeneratorCounters,
    ) -> Result<(), Trouble> {
        if let State::Dead(trouble) = self.state {
            return Err(trouble);
        }
        if self.is_full_for(message) {
            // The queue may hold this turn's messages only, and the kernel would take them.
            self.write(spare, counters)?;
            if self.is_full_for(message) {
                return Err(Trouble::QueueFull);
            }
        }
        if self.blocked && self.state == State::Up {
            counters.congested += 1;
        }
        take_buffer(&mut self.out, spare);
        self.stream.encode(message, &mut self.out);
        Ok(())
    }

    fn is_full_for(&self, message: &[u8]) -> bool {
        self.has_unwritten() && self.out.len() - self.written + message.len() > QUEUE_BYTES_MAX
    }

    /// True if no call wants it any more.
    pub(super) fn is_unwanted(&self) -> bool {
        self.kind == Kind::Calls && self.users == 0
    }

    pub(super) fn has_unwritten(&self) -> bool {
        self.written < self.out.len()
    }

    /// The poll says so.
    pub(super) fn ready(&mut self, ready: &sys::Ready) {
        self.ended |= ready.ended;
        if ready.writable && self.state != State::Connecting {
            self.blocked = false;
        }
    }

    /// A connection that was being set up has an answer.
    ///
    /// # Errors
    /// Why it failed.
    pub(super) fn finish_connect(&mut self) -> Result<(), Trouble> {
        let Some(socket) = &self.socket else { return Err(Trouble::Closed) };
        match socket.take_error() {
            // Not an answer yet.
            Ok(None) if socket.peer_addr().is_err() => Ok(()),
            Ok(None) => {
                self.state = State::Up;
                self.blocked = false;
                Ok(())
            }
            Ok(Some(error)) | Err(error) => Err(trouble_of_error(&error)),
        }
    }

    /// Writes as much of the queue as the kernel takes; a buffer that is done with goes to `spare`.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(super) fn write(
        &mut self,
        spare: &mut Vec<Vec<u8>>,
        counters: &mut GeneratorCounters,
    ) -> Result<(), Trouble> {
        let Some(socket) = &self.socket else { return Ok(()) };
        while !self.blocked && self.written < self.out.len() {
            match socket.send_with_flags(&self.out[self.written..], libc::MSG_NOSIGNAL) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked = true;
                    counters.congested += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(trouble_of_open(&error)),
            }
        }
        if !self.has_unwritten() {
            self.return_buffer(spare);
        } else if self.written >= QUEUE_BYTES_MAX / 4 {
            self.out.drain(..self.written);
            self.written = 0;
        }
        Ok(())
    }

    /// Reads up to a budget and gives the messages to the engine. True if more may wait.
    ///
    /// # Errors
    /// When the connection is gone, or what it brings can't be read any further.
    pub(super) fn read<E: Endpoint>(
        &mut self,
        buffer: &mut [u8],
        spare: &mut Vec<Vec<u8>>,
        core: &mut Core<E>,
        post: &mut Option<Post>,
    ) -> Result<bool, Trouble> {
        let Some(socket) = &self.socket else { return Ok(false) };
        if self.state == State::Connecting {
            return Ok(false);
        }
        for _ in 0..READS_MAX {
            let (count, stamp) = match sys::receive_stream(socket.as_fd(), buffer) {
                Ok((0, _)) => return Err(Trouble::Closed),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(trouble_of_open(&error)),
            };
            core.now = core.clock.now();
            let received: Time = stamp.map_or(core.now, |stamp| core.stamps.convert(stamp, core.now));
            let source = Source { path: Path { peer: self.peer, socket: self.id }, received };
            self.stream.feed(&buffer[..count]);
            let mut pings = 0;
            loop {
                match self.stream.next_frame() {
                    Ok(Some(Frame::Message(message))) => core.deliver(post, &source, message),
                    Ok(Some(Frame::Ping)) => pings += 1,
                    Ok(None) => break,
                    Err(_) => {
                        core.counters.framing_errors += 1;
                        return Err(Trouble::TooLong);
                    }
                }
            }
            // A peer that asks and never reads gets no more answers than the queue holds.
            while pings > 0 && self.out.len() - self.written < QUEUE_BYTES_MAX {
                pings -= 1;
                take_buffer(&mut self.out, spare);
                self.stream.encode_pong(&mut self.out);
            }
            // A short read has emptied the socket, unless an end waits behind the bytes.
            if count < buffer.len() && !self.ended {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Closes the socket and forgets what was to be written.
    pub(super) fn die(&mut self, trouble: Trouble) {
        self.socket = None;
        self.state = State::Dead(trouble);
        self.out = Vec::new();
        self.written = 0;
        self.stream = Stream::plain();
    }

    /// An idle connection keeps no buffer.
    fn return_buffer(&mut self, spare: &mut Vec<Vec<u8>>) {
        const KEPT_BYTES_MAX: usize = 64 << 10;
        const KEPT_MAX: usize = 256;
        self.written = 0;
        self.out.clear();
        let buffer = std::mem::take(&mut self.out);
        if buffer.capacity() > 0 && buffer.capacity() <= KEPT_BYTES_MAX && spare.len() < KEPT_MAX {
            spare.push(buffer);
        }
    }
}

/// Our word for an error of a connection that was up: a peer that answers nothing any more is unreachable.
fn trouble_of_open(error: &io::Error) -> Trouble {
    match trouble_of_error(error) {
        Trouble::ConnectTimeout => Trouble::Unreachable,
        trouble => trouble,
    }
}

fn take_buffer(out: &mut Vec<u8>, spare: &mut Vec<Vec<u8>>) {
    if out.capacity() == 0 {
        *out = spare.pop().unwrap_or_default();
    }
}
