//! Outgoing connections.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

use busyhour_engine::Trouble;
use socket2::{Domain, Socket, Type};

use crate::sys;
use crate::udp::trouble_of;

/// Begins a connection without waiting for it. Its local port is known at once. Port 0 in `from`: any; else the
/// listener's own, which is shared with it.
///
/// # Errors
/// When it can't even begin: no descriptor, no port, no route.
pub(crate) fn begin_connect(
    from: SocketAddr,
    remote: SocketAddr,
    buffer_bytes: Option<usize>,
) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(remote), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    sys::stamp_streams(socket.as_fd());
    if let Some(bytes) = buffer_bytes {
        sys::raise_buffers(socket.as_fd(), bytes, bytes);
    }
    if from.port() != 0 {
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.bind(&from.into())?;
    } else if !from.ip().is_unspecified() && from.is_ipv4() == remote.is_ipv4() {
        sys::bind_late(socket.as_fd());
        socket.bind(&from.into())?;
    }
    match socket.connect(&remote.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket),
    }
}

/// Our word for an error of the system.
pub(crate) fn trouble_of_error(error: &io::Error) -> Trouble {
    error.raw_os_error().map_or(Trouble::Other, trouble_of)
}
