//! The ways without io_uring and raw sockets.

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

use crate::{Field, PACKET_BYTES, Way, raw, uring};

type Make = fn(&Field) -> io::Result<Box<dyn Way>>;
type Named = (&'static str, Make);

/// Entries of one `sendmmsg` and `recvmmsg`.
pub(crate) const BATCH: usize = 64;

pub(crate) fn sending() -> Vec<Named> {
    let ways: [(&str, Make); 11] = [
        ("(a) own port each: sendto", |_| Ok(Box::new(SendTo { one_peer: false }))),
        ("(a1) own port each, all to one port: sendto", |_| Ok(Box::new(SendTo { one_peer: true }))),
        ("(a') own port each: sendmmsg of one packet", |_| Ok(Box::new(SendOne(Messages::new())))),
        ("(b) own port each, connected: send", |field| Ok(Box::new(Connected::new(field, false)?))),
        ("(b1) own port each, connected, all to one port: send", |field| {
            Ok(Box::new(Connected::new(field, true)?))
        }),
        ("(c) one port for all: sendmmsg of 64", |_| Ok(Box::new(Shared::new(false, false)?))),
        ("(c') one port to one port: sendmmsg of 64", |_| Ok(Box::new(Shared::new(true, false)?))),
        ("(c'') one port to one port: runs of 64 (GSO)", |_| Ok(Box::new(Shared::new(true, true)?))),
        ("(d) own port each: io_uring SEND, 64 an enter", |field| {
            Ok(Box::new(uring::Send::new(field, false)?))
        }),
        ("(d') the same with registered files", |field| Ok(Box::new(uring::Send::new(field, true)?))),
        ("(e) raw socket for all ports: sendmmsg of 64 (root)", |_| Ok(Box::new(raw::Raw::new()?))),
    ];
    ways.into()
}

pub(crate) fn receiving() -> Vec<Named> {
    let ways: [(&str, Make); 9] = [
        ("(g) no epoll: recvmmsg of 8 when the stream's tick comes", |_| Ok(Box::new(Poll(Messages::new())))),
        ("(g') no epoll: recvmsg until nothing is left", |_| Ok(Box::new(PollOne { twice: true }))),
        ("(g'') no epoll: recvmsg once", |_| Ok(Box::new(PollOne { twice: false }))),
        ("(i2) no epoll, every second tick: recvmmsg of 8, two wait", |_| {
            Ok(Box::new(Gather(Messages::new(), 2)))
        }),
        ("(i3) no epoll, every third tick: recvmmsg of 8, three wait", |_| {
            Ok(Box::new(Gather(Messages::new(), 3)))
        }),
        ("(i4) no epoll, every fourth tick: recvmmsg of 8, four wait", |_| {
            Ok(Box::new(Gather(Messages::new(), 4)))
        }),
        ("(f) epoll (edge), recvmsg until nothing is left", |field| {
            Ok(Box::new(Epoll::new(field, libc::EPOLLIN | libc::EPOLLET)?))
        }),
        ("(f') epoll (level), recvmsg once", |field| Ok(Box::new(Epoll::new(field, libc::EPOLLIN)?))),
        ("(h) io_uring RECVMSG, multishot, provided buffers", |field| {
            Ok(Box::new(uring::Receive::new(field)?))
        }),
    ];
    ways.into()
}

/// Asks for what our media sockets ask for.
pub(crate) fn stamp(socket: &UdpSocket) {
    for option in [libc::SO_TIMESTAMPNS, libc::SO_RXQ_OVFL] {
        set(socket.as_raw_fd(), libc::SOL_SOCKET, option, 1);
    }
    set(socket.as_raw_fd(), libc::SOL_IP, libc::IP_RECVERR, 1);
}

fn set(fd: i32, level: i32, option: i32, value: i32) {
    // SAFETY: the value is an int that lives during the call, and its length is given.
    unsafe {
        libc::setsockopt(
            fd,
            level,
            option,
            ptr::from_ref(&value).cast(),
            mem::size_of::<i32>() as libc::socklen_t,
        )
    };
}

/// The peer's first socket takes a round of all calls.
fn make_room(field: &Field) {
    set(field.theirs[0].as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, 64 << 20);
}

pub(crate) fn name_of(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
        sin_zero: [0; 8],
    }
}

pub(crate) fn check(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

static PACKET: [u8; PACKET_BYTES] = [0x80; PACKET_BYTES];

struct SendTo {
    one_peer: bool,
}

impl Way for SendTo {
    fn round(&mut self, field: &Field) -> io::Result<usize> {
        if self.one_peer {
            make_room(field);
        }
        for (socket, to) in field.ours.iter().zip(&field.their_addresses) {
            let name = name_of(if self.one_peer { field.their_addresses[0] } else { *to });
            // SAFETY: packet and name live during the call and have the lengths given.
            check(unsafe {
                libc::sendto(
                    socket.as_raw_fd(),
                    PACKET.as_ptr().cast(),
                    PACKET.len(),
                    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                    ptr::from_ref(&name).cast(),
                    mem::size_of_val(&name) as libc::socklen_t,
                )
            })?;
        }
        Ok(field.ours.len())
    }
}

/// Room for a `sendmmsg` or `recvmmsg`. Boxed, so that headers may point into it.
pub(crate) struct Messages(Box<Rooms>);

pub(crate) struct Rooms {
    pub(crate) names: [libc::sockaddr_in; BATCH],
    pub(crate) iovecs: [libc::iovec; BATCH],
    pub(crate) headers: [libc::mmsghdr; BATCH],
    controls: [[u64; 16]; BATCH],
    buffers: [[u8; 2048]; BATCH],
}

impl Messages {
    pub(crate) fn new() -> Messages {
        // SAFETY: all of it is integers and pointers, for which zero bytes are valid.
        let mut rooms: Box<Rooms> = unsafe { Box::new(mem::zeroed()) };
        let Rooms { names, iovecs, headers, .. } = &mut *rooms;
        for ((name, iovec), header) in names.iter_mut().zip(iovecs).zip(headers) {
            *iovec = libc::iovec { iov_base: PACKET.as_ptr().cast_mut().cast(), iov_len: PACKET.len() };
            header.msg_hdr.msg_name = ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
            header.msg_hdr.msg_iov = iovec;
            header.msg_hdr.msg_iovlen = 1;
        }
        Messages(rooms)
    }

    pub(crate) fn rooms(&mut self) -> &mut Rooms {
        &mut self.0
    }

    pub(crate) fn send(&mut self, fd: i32, count: usize) -> io::Result<usize> {
        let headers = self.0.headers.as_mut_ptr();
        // SAFETY: the headers point into the box and to the static packet, or what their owner has put there, which live
        // during the call.
        check(unsafe {
            libc::sendmmsg(fd, headers, count as u32, (libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) as _)
        } as isize)
    }

    /// Receives up to `max` datagrams, with addresses and control messages as our driver does.
    fn receive(&mut self, fd: i32, max: usize) -> io::Result<usize> {
        let Rooms { iovecs, headers, controls, buffers, names } = &mut *self.0;
        let rooms = iovecs.iter_mut().zip(&mut *headers).zip(controls).zip(buffers).zip(names);
        for ((((iovec, header), control), buffer), name) in rooms.take(max) {
            *iovec = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
            header.msg_hdr.msg_name = ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = mem::size_of_val(control) as _;
        }
        // SAFETY: as in `send`; the first `max` headers point to rooms of the lengths they say.
        let result = unsafe {
            match max {
                1 => libc::recvmsg(fd, &raw mut headers[0].msg_hdr, libc::MSG_DONTWAIT).map_one(),
                _ => libc::recvmmsg(
                    fd,
                    headers.as_mut_ptr(),
                    max as u32,
                    libc::MSG_DONTWAIT as _,
                    ptr::null_mut(),
                ) as isize,
            }
        };
        check(result)
    }
}

trait MapOne {
    fn map_one(self) -> isize;
}

impl MapOne for isize {
    /// A length becomes "one datagram".
    fn map_one(self) -> isize {
        if self < 0 { self } else { 1 }
    }
}

struct SendOne(Messages);

impl Way for SendOne {
    fn round(&mut self, field: &Field) -> io::Result<usize> {
        for (socket, to) in field.ours.iter().zip(&field.their_addresses) {
            self.0.rooms().names[0] = name_of(*to);
            self.0.send(socket.as_raw_fd(), 1)?;
        }
        Ok(field.ours.len())
    }
}

/// Connected sockets hear nothing from elsewhere, so this is but a figure.
struct Connected(Vec<UdpSocket>);

impl Connected {
    fn new(field: &Field, one_peer: bool) -> io::Result<Connected> {
        if one_peer {
            make_room(field);
        }
        let connect = |to: &SocketAddrV4| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect(if one_peer { &field.their_addresses[0] } else { to })?;
            Ok(socket)
        };
        field.their_addresses.iter().map(connect).collect::<io::Result<_>>().map(Connected)
    }
}

impl Way for Connected {
    fn round(&mut self, _: &Field) -> io::Result<usize> {
        for socket in &self.0 {
            // SAFETY: the packet is static.
            check(unsafe {
                libc::send(
                    socket.as_raw_fd(),
                    PACKET.as_ptr().cast(),
                    PACKET.len(),
                    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                )
            })?;
        }
        Ok(self.0.len())
    }
}

/// One socket for all calls; to each peer's own port, or all to one.
struct Shared {
    socket: UdpSocket,
    messages: Messages,
    one_peer: bool,
    runs: bool,
    bytes: Vec<u8>,
}

impl Shared {
    fn new(one_peer: bool, runs: bool) -> io::Result<Shared> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        if runs {
            set(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, PACKET_BYTES as i32);
        }
        let bytes = vec![0x80; PACKET_BYTES * BATCH];
        Ok(Shared { socket, messages: Messages::new(), one_peer, runs, bytes })
    }
}

impl Way for Shared {
    fn round(&mut self, field: &Field) -> io::Result<usize> {
        if self.one_peer {
            make_room(field);
        }
        if self.runs {
            for _ in 0..field.theirs.len() / BATCH {
                self.socket.send_to(&self.bytes, field.their_addresses[0])?;
            }
            return Ok(field.theirs.len() / BATCH * BATCH);
        }
        for stretch in field.their_addresses.chunks(BATCH) {
            for (name, to) in self.messages.rooms().names.iter_mut().zip(stretch) {
                *name = name_of(if self.one_peer { field.their_addresses[0] } else { *to });
            }
            self.messages.send(self.socket.as_raw_fd(), stretch.len())?;
        }
        Ok(field.theirs.len())
    }
}

struct Poll(Messages);

impl Way for Poll {
    fn round(&mut self, field: &Field) -> io::Result<usize> {
        take_all(&mut self.0, field)
    }
}

fn take_all(messages: &mut Messages, field: &Field) -> io::Result<usize> {
    Ok(field.ours.iter().map(|socket| messages.receive(socket.as_raw_fd(), 8).unwrap_or(0)).sum())
}

struct PollOne {
    twice: bool,
}

impl Way for PollOne {
    fn round(&mut self, field: &Field) -> io::Result<usize> {
        let mut messages = Messages::new();
        let mut count = 0;
        for socket in &field.ours {
            while messages.receive(socket.as_raw_fd(), 1).is_ok() {
                count += 1;
                if !self.twice {
                    break;
                }
            }
        }
        Ok(count)
    }
}

struct Epoll {
    fd: i32,
    edge: bool,
    messages: Messages,
    events: Vec<libc::epoll_event>,
}

impl Epoll {
    fn new(field: &Field, flags: i32) -> io::Result<Epoll> {
        // SAFETY: it touches no memory.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) } as isize)? as i32;
        for (index, socket) in field.ours.iter().enumerate() {
            let mut event = libc::epoll_event { events: flags as u32, u64: index as u64 };
            // SAFETY: one live event is read.
            check(unsafe { libc::epoll_ctl(fd, libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &raw mut event) }
                as isize)?;
        }
        let events = vec![libc::epoll_event { events: 0, u64: 0 }; 256];
        Ok(Epoll { fd, edge: flags & libc::EPOLLET != 0, messages: Messages::new(), events })
    }
}

impl Way for Epoll {
    fn round(&mut self, field: &Field) -> io::Result<usize> {
        let mut count = 0;
        loop {
            // SAFETY: the kernel writes at most 256 events, for which there is room.
            let ready =
                check(unsafe { libc::epoll_wait(self.fd, self.events.as_mut_ptr(), 256, 0) } as isize)?;
            if ready == 0 {
                return Ok(count);
            }
            for event in &self.events[..ready] {
                let socket = field.ours[event.u64 as usize].as_raw_fd();
                while self.messages.receive(socket, 1).is_ok() {
                    count += 1;
                    if !self.edge {
                        break;
                    }
                }
            }
        }
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours and nobody uses it any more.
        unsafe { libc::close(self.fd) };
    }
}

/// A port is read when so many packets wait there.
struct Gather(Messages, usize);

impl Way for Gather {
    fn waiting(&self) -> usize {
        self.1
    }

    fn round(&mut self, field: &Field) -> io::Result<usize> {
        take_all(&mut self.0, field)
    }
}
