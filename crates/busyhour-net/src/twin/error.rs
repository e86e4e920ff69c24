//! Why the peers of a third-party call control could not be reached.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Why [`open_twins`](crate::open_twins) failed. Its text says what to do.
#[derive(Debug)]
pub struct TwinError {
    listens: bool,
    address: SocketAddr,
    error: io::Error,
}

impl TwinError {
    pub(crate) fn listen(address: SocketAddr, error: io::Error) -> TwinError {
        TwinError { listens: true, address, error }
    }

    pub(crate) fn connect(address: SocketAddr, error: io::Error) -> TwinError {
        TwinError { listens: false, address, error }
    }

    /// True if somebody else has the port on which peers were to connect.
    pub fn address_in_use(&self) -> bool {
        self.listens && self.error.kind() == io::ErrorKind::AddrInUse
    }

    /// True if the address on which peers were to connect is not of this machine.
    pub fn address_not_ours(&self) -> bool {
        self.listens && self.error.kind() == io::ErrorKind::AddrNotAvailable
    }
}

impl fmt::Display for TwinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TwinError { listens, address, error } = self;
        match (listens, error.kind()) {
            (true, io::ErrorKind::AddrInUse) => write!(
                f,
                "cannot listen for 3PCC peers on {address}: {error}; another program has it (ss -tlnp shows which): \
                 stop that, or choose another port"
            ),
            (true, _) => write!(f, "cannot listen for 3PCC peers on {address}: {error}"),
            (false, io::ErrorKind::ConnectionRefused) => write!(
                f,
                "cannot connect to the 3PCC peer at {address}: Connection refused; start that side first, it must \
                 listen before this one starts"
            ),
            (false, _) => write!(f, "cannot connect to the 3PCC peer at {address}: {error}"),
        }
    }
}

impl std::error::Error for TwinError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
