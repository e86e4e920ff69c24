//! Why the sockets of a run could not be opened.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Why [`bind`](crate::bind) failed. Its text says what to do.
#[derive(Debug)]
pub struct BindError {
    kind: Kind,
    address: SocketAddr,
    protocol: &'static str,
    error: io::Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bind,
    Listen,
    Share,
    Poll,
}

impl BindError {
    pub(crate) fn bind(address: SocketAddr, protocol: &'static str, error: io::Error) -> BindError {
        BindError { kind: Kind::Bind, address, protocol, error }
    }

    pub(crate) fn listen(address: SocketAddr, error: io::Error) -> BindError {
        BindError { kind: Kind::Listen, address, protocol: "TCP", error }
    }

    pub(crate) fn share(address: SocketAddr, protocol: &'static str, error: io::Error) -> BindError {
        BindError { kind: Kind::Share, address, protocol, error }
    }

    pub(crate) fn poll(address: SocketAddr, error: io::Error) -> BindError {
        BindError { kind: Kind::Poll, address, protocol: "", error }
    }

    /// True if somebody else has the port.
    pub fn address_in_use(&self) -> bool {
        self.error.kind() == io::ErrorKind::AddrInUse
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BindError { address, protocol, error, .. } = self;
        match self.kind {
            Kind::Bind => {
                // Port 0 is what the system is asked for when any will do.
                let port = match address.port() {
                    0 => "any port".to_owned(),
                    port => format!("port {port}"),
                };
                write!(f, "cannot open {protocol} {port} on {}: {error}", address.ip())?;
            }
            Kind::Listen => write!(f, "cannot listen on {address}: {error}")?,
            Kind::Share => {
                write!(f, "cannot open {protocol} {address} once more for another worker: {error}")?;
            }
            Kind::Poll => write!(f, "cannot set up the workers of {address}: {error}")?,
        }
        match (self.kind, error.kind()) {
            (Kind::Share, _) => f.write_str("; use -workers 1"),
            (_, io::ErrorKind::AddrInUse) => write!(
                f,
                "; another program has it (ss -{}lnp shows which): stop that, or choose another port with -p",
                if *protocol == "TCP" { 't' } else { 'u' }
            ),
            (_, io::ErrorKind::AddrNotAvailable) => f.write_str(
                "; no interface of this machine has that address (ip address shows them): mend -i",
            ),
            (_, io::ErrorKind::PermissionDenied) if address.port() < 1024 && address.port() != 0 => {
                f.write_str("; ports below 1024 need root or CAP_NET_BIND_SERVICE: choose another with -p")
            }
            _ if error.raw_os_error() == Some(libc::EAFNOSUPPORT) => {
                let family = if matches!(address.ip(), IpAddr::V6(_)) { "IPv6" } else { "IPv4" };
                write!(f, "; this machine has no {family}: use an address of the other family with -i")
            }
            _ if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
                f.write_str("; too many open files: raise the limit with ulimit -n")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
