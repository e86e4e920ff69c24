//! One port of the scripted peer, over UDP or TCP.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A port of the peer and who talks to it.
pub(crate) struct Link {
    /// The peer's port.
    pub(crate) port: u16,
    /// Where messages go: to the sender of the one in hand.
    remote: Option<SocketAddr>,
    socket: Socket,
}

enum Socket {
    Udp(UdpSocket),
    Tcp { listener: TcpListener, connections: Vec<Connection>, ready: VecDeque<(Vec<u8>, SocketAddr)> },
}

struct Connection {
    stream: TcpStream,
    remote: SocketAddr,
    bytes: Vec<u8>,
}

impl Link {
    /// A UDP port of the kernel's choice.
    pub(crate) fn udp() -> Link {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bind the scripted peer");
        socket.set_nonblocking(true).expect("make the peer's socket non-blocking");
        let port = socket.local_addr().expect("a bound socket has an address").port();
        Link { port, remote: None, socket: Socket::Udp(socket) }
    }

    /// A TCP port of the kernel's choice.
    pub(crate) fn tcp() -> Link {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind the scripted peer");
        listener.set_nonblocking(true).expect("make the peer's socket non-blocking");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let socket = Socket::Tcp { listener, connections: Vec::new(), ready: VecDeque::new() };
        Link { port, remote: None, socket }
    }

    /// Sets where messages go until one is answered; over TCP it connects.
    pub(crate) fn connect(&mut self, port: u16) {
        let mut remote = SocketAddr::from(([127, 0, 0, 1], port));
        if let Socket::Tcp { connections, .. } = &mut self.socket {
            let stream = TcpStream::connect(remote).expect("connect to the server");
            stream.set_nonblocking(true).expect("make the peer's connection non-blocking");
            remote = stream.peer_addr().expect("a connected socket has a peer");
            connections.push(Connection { stream, remote, bytes: Vec::new() });
        }
        self.remote = Some(remote);
    }

    /// The next message and where it came from, waiting no longer than that.
    pub(crate) fn receive(&mut self, patience: Duration) -> Option<(Vec<u8>, SocketAddr)> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(received) = self.poll() {
                return Some(received);
            }
            if Instant::now() >= deadline {
                return None;
            }
            sleep(Duration::from_millis(1));
        }
    }

    /// Makes this the destination.
    pub(crate) fn answer_to(&mut self, remote: SocketAddr) {
        self.remote = Some(remote);
    }

    /// Sends to the destination.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let remote = self.remote.expect("somebody to send to");
        match &mut self.socket {
            Socket::Udp(socket) => {
                socket.send_to(bytes, remote).expect("send a datagram");
            }
            Socket::Tcp { connections, .. } => {
                let connection = connections.iter_mut().find(|connection| connection.remote == remote);
                let connection = connection.expect("the connection is open");
                connection.stream.set_nonblocking(false).expect("make the peer's connection blocking");
                connection.stream.write_all(bytes).expect("send on the connection");
                connection.stream.set_nonblocking(true).expect("make the peer's connection non-blocking");
            }
        }
    }

    /// Ends the connection to the destination.
    pub(crate) fn close(&mut self, hard: bool) {
        let Socket::Tcp { connections, .. } = &mut self.socket else { return };
        if let Some(position) =
            connections.iter().position(|connection| Some(connection.remote) == self.remote)
        {
            let connection = connections.swap_remove(position);
            if hard {
                let socket = socket2::SockRef::from(&connection.stream);
                socket.set_linger(Some(Duration::ZERO)).expect("ask for a reset");
            }
        }
    }

    fn poll(&mut self) -> Option<(Vec<u8>, SocketAddr)> {
        match &mut self.socket {
            Socket::Udp(socket) => {
                let mut buffer = vec![0; 65_536];
                let (length, source) = socket.recv_from(&mut buffer).ok()?;
                buffer.truncate(length);
                Some((buffer, source))
            }
            Socket::Tcp { listener, connections, ready } => {
                if let Ok((stream, remote)) = listener.accept() {
                    stream.set_nonblocking(true).expect("make the peer's connection non-blocking");
                    connections.push(Connection { stream, remote, bytes: Vec::new() });
                }
                for connection in &mut *connections {
                    connection.read();
                    while let Some(message) = connection.take_message() {
                        ready.push_back((message, connection.remote));
                    }
                }
                ready.pop_front()
            }
        }
    }
}

impl Connection {
    fn read(&mut self) {
        let mut buffer = [0; 16_384];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => self.bytes.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn take_message(&mut self) -> Option<Vec<u8>> {
        let head = self.bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&self.bytes[..head]).to_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let whole = head + length.unwrap_or(0);
        (self.bytes.len() >= whole).then(|| self.bytes.drain(..whole).collect())
    }
}
