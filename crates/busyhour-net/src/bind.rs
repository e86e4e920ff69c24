//! Opening the main sockets of a run, before anything is sent.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;

use busyhour_engine::{Protocol, Shared, SocketId, Trouble};
use socket2::{Domain, Socket, Type};

use crate::bind_error::BindError;
use crate::clock::Clock;
use crate::endpoint::Endpoint;
use crate::media::MediaSetup;
use crate::stream;
use crate::sys;
use crate::twin::Twins;
use crate::workers::{StartOptions, Workers};

/// Which sockets a run needs.
#[derive(Debug, Clone)]
pub struct BindOptions {
    /// Local address; the unspecified one of a family for all interfaces.
    pub ip: IpAddr,
    /// Local port (`-p`); `None`: the first free one of 5060–5119, else one that the kernel chooses.
    pub port: Option<u16>,
    /// What runs under SIP (`-t`, first letter).
    pub protocol: Protocol,
    /// How many workers share the port, 1–4096.
    pub workers: usize,
    /// Each placed call has a socket of its own (`-t`, second letter `n`).
    pub socket_per_call: bool,
    /// Send and receive buffer of each socket (`-buff_size`); `None`: 8 MiB for the receive buffer of a UDP socket, or
    /// as much as the system allows, and the system's own sizes for streams.
    pub buffer_bytes: Option<usize>,
    /// Most sockets of all workers together (`-max_socket`). Calls beyond it share sockets; connections that come in
    /// beyond it are closed.
    pub max_sockets: usize,
    /// The shared connection of `t1` leaves from the local port too (SIPp does so if `-p` was given).
    pub bind_source: bool,
    /// Each datagram is a packet of its own: no segmented sends, no coalesced receives. It costs CPU time, but captures on
    /// this machine then show every message, where they would show a run of them as one.
    pub single_packets: bool,
}

impl Default for BindOptions {
    /// UDP on any address of IPv4, one worker, SIPp's limit of sockets.
    fn default() -> BindOptions {
        BindOptions {
            ip: IpAddr::from([0, 0, 0, 0]),
            port: None,
            protocol: Protocol::Udp,
            workers: 1,
            socket_per_call: false,
            buffer_bytes: None,
            max_sockets: 50_000,
            bind_source: false,
            single_packets: false,
        }
    }
}

/// The main sockets of a run: one for each worker, all on one port.
#[derive(Debug)]
pub struct Bound {
    pub(crate) options: BindOptions,
    pub(crate) local: SocketAddr,
    pub(crate) sockets: Vec<Socket>,
    /// Connections begun by [`Bound::connect_shared`], for worker 0.
    pub(crate) connections: Vec<(SocketAddr, Result<Socket, Trouble>)>,
    /// Given by [`Bound::add_twins`].
    pub(crate) twins: Option<Twins>,
    /// Given by [`Bound::add_media`].
    pub(crate) media: Option<MediaSetup>,
    receive_buffer_bytes: usize,
}

/// Receive buffer asked for if `-buff_size` doesn't say otherwise, and send buffer.
const RECEIVE_BUFFER_BYTES: usize = 8 << 20;
const SEND_BUFFER_BYTES: usize = 2 << 20;
/// Ports tried if none is given (spec-transport §1.2).
const PORTS: std::ops::RangeInclusive<u16> = 5060..=5119;
/// Connections that may wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 4096;

/// Opens the main sockets: for UDP one of each worker, for TCP a listener of each.
///
/// # Errors
/// When the port is taken, the address not of this machine, or the system refuses otherwise.
pub fn bind(options: &BindOptions) -> Result<Bound, BindError> {
    let mut options = options.clone();
    options.workers = options.workers.clamp(1, 4096);
    let first = match options.port {
        Some(port) => open_exclusive(&options, port)?,
        None => PORTS
            .chain([0])
            .find_map(|port| match open_exclusive(&options, port) {
                Ok(socket) => Some(Ok(socket)),
                Err(error) if port == 0 => Some(Err(error)),
                Err(_) => None,
            })
            // The iterator ends with port 0, which answers one way or the other.
            .unwrap_or_else(|| open_exclusive(&options, 0))?,
    };
    let wanted = SocketAddr::new(options.ip, options.port.unwrap_or(0));
    let name = options.protocol.name();
    let local = first.local_addr().map_err(|error| BindError::bind(wanted, name, error))?;
    let local = local.as_socket().unwrap_or(wanted);

    // The first socket has the port for itself alone, so that another program (or another busyhour) that has it is
    // noticed; only then it begins to share, which concerns those that come later.
    let mut sockets = vec![first];
    if options.workers > 1 || options.bind_source {
        sockets[0].set_reuse_port(true).map_err(|error| BindError::share(local, name, error))?;
    }
    for _ in 1..options.workers {
        let socket = open(&options).and_then(|socket| {
            socket.set_reuse_port(true)?;
            socket.bind(&local.into())?;
            Ok(socket)
        });
        sockets.push(socket.map_err(|error| BindError::share(local, name, error))?);
    }
    if options.protocol == Protocol::Tcp {
        for socket in &sockets {
            socket.listen(BACKLOG).map_err(|error| BindError::listen(local, error))?;
        }
    }
    let receive_buffer_bytes =
        sockets.iter().filter_map(|socket| sys::buffer_bytes(socket.as_fd()).ok()).min().unwrap_or(0);
    Ok(Bound {
        options,
        local,
        sockets,
        connections: Vec::new(),
        twins: None,
        media: None,
        receive_buffer_bytes,
    })
}

impl Bound {
    /// Address and port as bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Receive buffer that the kernel really gave, in bytes, the smallest of all workers; compare it with what was
    /// asked for.
    pub fn receive_buffer_bytes(&self) -> usize {
        self.receive_buffer_bytes
    }

    /// Begins the one connection of `t1`, which worker 0 will own. Nothing waits for it: if it fails, the engines hear
    /// of it ([`Endpoint::handle_closed`]), and so does each call that still wants to send through it.
    pub fn connect_shared(&mut self, remote: SocketAddr) -> SocketId {
        let from = match self.options.bind_source {
            true => self.local,
            false => SocketAddr::new(self.options.ip, 0),
        };
        let connection = stream::begin_connect(from, remote, self.options.buffer_bytes);
        self.connections.push((remote, connection.map_err(|error| stream::trouble_of_error(&error))));
        SocketId::new(0, stream::STREAM_BIT | (self.connections.len() as u64 - 1))
    }

    /// Gives the run its connections for 3PCC commands.
    pub fn add_twins(&mut self, twins: Twins) {
        self.twins = Some(twins);
    }

    /// Gives the run media threads.
    pub fn add_media(&mut self, media: MediaSetup) {
        self.media = Some(media);
    }

    /// Starts a thread for each engine, and media threads.
    ///
    /// # Errors
    /// When the system gives no threads or poll descriptors.
    ///
    /// # Panics
    /// When there are not as many engines as [`BindOptions::workers`] said: a bug of the caller.
    pub fn start<E: Endpoint>(
        self,
        engines: Vec<E>,
        shared: Arc<Shared>,
        clock: Clock,
        options: &StartOptions,
    ) -> Result<Workers, BindError> {
        assert_eq!(engines.len(), self.sockets.len(), "one engine for each worker");
        let local = self.local;
        Workers::start(self, engines, shared, clock, options).map_err(|error| BindError::poll(local, error))
    }
}

/// Opens the main socket on `port` so that nobody else has it.
fn open_exclusive(options: &BindOptions, port: u16) -> Result<Socket, BindError> {
    let address = SocketAddr::new(options.ip, port);
    open(options)
        .and_then(|socket| {
            socket.bind(&address.into())?;
            if options.protocol == Protocol::Tcp {
                // With SO_REUSEADDR only the listening itself says that somebody else listens already.
                socket.listen(BACKLOG)?;
            }
            Ok(socket)
        })
        .map_err(|error| BindError::bind(address, options.protocol.name(), error))
}

/// Makes a main socket, not yet bound.
fn open(options: &BindOptions) -> io::Result<Socket> {
    match options.protocol {
        Protocol::Udp => {
            let socket = open_datagram(options.ip)?;
            let receive = options.buffer_bytes.unwrap_or(RECEIVE_BUFFER_BYTES);
            sys::raise_buffers(socket.as_fd(), receive, options.buffer_bytes.unwrap_or(SEND_BUFFER_BYTES));
            Ok(socket)
        }
        Protocol::Tcp => {
            let socket =
                Socket::new(Domain::for_address(SocketAddr::new(options.ip, 0)), Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            // A port whose last connections are still in TIME_WAIT can be used again.
            socket.set_reuse_address(true)?;
            socket.set_tcp_nodelay(true)?;
            sys::stamp_streams(socket.as_fd());
            if let Some(bytes) = options.buffer_bytes {
                sys::raise_buffers(socket.as_fd(), bytes, bytes);
            }
            Ok(socket)
        }
    }
}

/// Makes a UDP socket with everything we want to be told, not yet bound.
pub(crate) fn open_datagram(ip: IpAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(SocketAddr::new(ip, 0)), Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    sys::datagram_extras(socket.as_fd(), ip.is_ipv6());
    Ok(socket)
}
