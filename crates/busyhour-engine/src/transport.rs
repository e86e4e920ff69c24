//! What the engine and a driver say to each other about sockets and messages.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use busyhour_media::Time;
use busyhour_media::library::{BadMedia, Library, Loaded, Wanted};

/// A socket of some worker. Drivers give the numbers; the engine only compares them and hands them back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(u64);

impl SocketId {
    /// "The main UDP socket of whichever worker sends": all workers share its port.
    pub const MAIN: SocketId = SocketId(u64::MAX);

    /// Socket number `serial` (never reused) of worker `worker`.
    pub const fn new(worker: usize, serial: u64) -> SocketId {
        SocketId(((worker as u64) << 48) | (serial & 0xffff_ffff_ffff))
    }

    /// The worker that owns it; `None` for [`SocketId::MAIN`].
    pub const fn worker(self) -> Option<usize> {
        if self.0 == u64::MAX { None } else { Some((self.0 >> 48) as usize) }
    }

    /// Its number within that worker.
    pub const fn serial(self) -> u64 {
        self.0 & 0xffff_ffff_ffff
    }
}

/// Protocol under SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// Streams.
    Tcp,
}

impl Protocol {
    /// As `[transport]` and Via write it.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Udp => "UDP",
            Protocol::Tcp => "TCP",
        }
    }
}

/// Where a message came from or goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The far end.
    pub peer: SocketAddr,
    /// Our end.
    pub socket: SocketId,
}

/// Origin of a received message.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// From where, to which socket.
    pub path: Path,
    /// When the kernel received it; a driver without such a stamp gives the present.
    pub received: Time,
}

/// What [`Engine::handle_message`](crate::Engine::handle_message) did with the bytes.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// Taken.
    Handled,
    /// Another worker owns that Call-ID: hand the bytes over to it.
    BelongsTo(usize),
}

/// Identity of a call in its engine, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CallRef {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Messages to send, in the order in which each call wants them.
#[derive(Debug, Default)]
pub struct Batch {
    /// The messages' bytes, one after the other.
    pub bytes: Vec<u8>,
    /// What and where to.
    pub transmits: Vec<Transmit>,
}

/// One message of a [`Batch`].
#[derive(Debug, Clone, Copy)]
pub struct Transmit {
    /// First byte in [`Batch::bytes`].
    pub start: u32,
    /// Number of bytes.
    pub len: u32,
    /// How many messages the same call has earlier in this batch. A driver may reorder messages of one rank at will,
    /// and sends all of a rank before the next.
    pub rank: u8,
    /// Whose it is, for failures.
    pub call: CallRef,
    /// Destination.
    pub path: Path,
}

impl Batch {
    /// The bytes of one of its messages.
    pub fn message(&self, transmit: &Transmit) -> &[u8] {
        &self.bytes[transmit.start as usize..(transmit.start + transmit.len) as usize]
    }

    /// Forgets all messages and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.transmits.clear();
    }
}

/// A call's wish about sockets (`-t un`, `-t tn`).
#[derive(Debug, Clone, Copy)]
pub enum SocketRequest {
    /// Open a socket for a call (UDP: any local port; TCP: connect). Answer with
    /// [`Engine::handle_opened`](crate::Engine::handle_opened); the call waits for it.
    Open {
        /// Whose it will be.
        call: CallRef,
        /// Where it will send to.
        peer: SocketAddr,
    },
    /// The call has no more use for it. A shared socket (`-max_socket`) stays while others use it.
    Close {
        /// Whose it was.
        call: CallRef,
        /// Which.
        socket: SocketId,
    },
}

/// A socket opened for a call.
#[derive(Debug, Clone, Copy)]
pub struct Opened {
    /// The socket.
    pub socket: SocketId,
    /// Its local port, known even while a connection is still being set up.
    pub local_port: u16,
}

/// Why a message or a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Connection refused, or ICMP port unreachable.
    Refused,
    /// ICMP host or network unreachable, no route.
    Unreachable,
    /// The connection could not be set up in time.
    ConnectTimeout,
    /// The peer closed the connection.
    Closed,
    /// The peer reset the connection.
    Reset,
    /// Too large for the transport.
    TooLong,
    /// The peer reads too slowly: the bounded write queue is full.
    QueueFull,
    /// No descriptor, port or memory left on this machine.
    NoResources,
    /// Anything else the system said.
    Other,
}

impl Trouble {
    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Trouble::Refused => "connection refused",
            Trouble::Unreachable => "destination unreachable",
            Trouble::ConnectTimeout => "connection not set up in time",
            Trouble::Closed => "connection closed by the peer",
            Trouble::Reset => "connection reset by the peer",
            Trouble::TooLong => "message too long for the transport",
            Trouble::QueueFull => "the peer reads too slowly: write queue full",
            Trouble::NoResources => "no socket, port or memory left on this machine",
            Trouble::Other => "the system refused to send",
        }
    }
}

/// Something one engine wants another worker's engine to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Handover {
    /// Start this call, which the plan had due then.
    Start {
        /// Its number.
        number: u64,
        /// Its user; 0: none.
        user: u32,
        /// Position in [`Run::programs`](crate::Run).
        program: u8,
        /// When it was due.
        planned: Time,
    },
    /// The call of this user has ended (to worker 0, which deals users out).
    UserFree {
        /// The user's id.
        user: u32,
    },
}

/// Work outside of the engine that takes its time. A driver does it on other threads, bounded in number, and never
/// makes a worker wait for it.
#[derive(Debug, Clone)]
pub enum Errand {
    /// `exec command=`: run this with `sh -c`. Nobody waits for it.
    Run {
        /// The command line.
        command: Vec<u8>,
    },
    /// `exec verify=`: run this with `sh -c`, and say how it ended by
    /// [`Engine::handle_errand`](crate::Engine::handle_errand); the call waits for it.
    Verify {
        /// Who waits.
        call: CallRef,
        /// The command line.
        command: Vec<u8>,
    },
    /// `setdest`: find the address of a name, and say it by [`Engine::handle_errand`](crate::Engine::handle_errand).
    Resolve {
        /// Who waits.
        call: CallRef,
        /// The name.
        host: String,
    },
    /// A media file whose name has come up in the run: read it, and say it by
    /// [`Engine::handle_errand`](crate::Engine::handle_errand).
    Load {
        /// Who waits.
        call: CallRef,
        /// Tells the files of a call apart.
        number: u32,
        /// Where it is kept.
        library: Arc<Library>,
        /// The file.
        file: Wanted,
    },
}

/// What came of an [`Errand`] that a call waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrandResult {
    /// A command of [`Errand::Verify`].
    Command {
        /// The command line as it was given, for whoever reads the warning.
        command: Vec<u8>,
        /// How it ended.
        end: CommandEnd,
    },
    /// A name of [`Errand::Resolve`].
    Resolved {
        /// The name as it was given.
        host: String,
        /// Its address, of the family of our own address where there is a choice; `None`: it has none.
        address: Option<IpAddr>,
    },
    /// A file of [`Errand::Load`].
    Loaded {
        /// Its number.
        number: u32,
        /// The file.
        file: Wanted,
        /// What it holds, or why it can't be played.
        result: Result<Loaded, BadMedia>,
        /// How long it took, ms.
        took_ms: u64,
    },
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandEnd {
    /// By itself with this status; 127 if the shell has not found it.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It could not be started: too many run already, or the system refused.
    NotStarted(String),
}

/// A 3PCC command on its way to another process (spec-engine §12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwinSend {
    /// Whose it is. If it can't be sent, [`Engine::handle_twin_failure`](crate::Engine::handle_twin_failure) says so.
    pub call: CallRef,
    /// Position of the addressee in [`ThirdParty::peers`](crate::settings::ThirdParty).
    pub to: u16,
    /// The text, without the end mark.
    pub bytes: Vec<u8>,
}
