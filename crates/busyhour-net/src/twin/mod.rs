//! The commands of a third-party call control, to and from other processes (spec-engine §12).
//!
//! Each connection has threads of its own, which block where they like: a worker only puts a command into a bounded
//! queue, and what arrives is put into the inbox of the worker that owns its Call-ID.

mod accept;
mod error;
mod lines;
mod receive;
mod send;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

pub use error::TwinError;
pub(crate) use lines::Lines;

/// How long a peer may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which connections a run has to its peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwinOptions {
    /// Where peers connect to; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// Address of each peer, by its position in [`ThirdParty::peers`](busyhour_engine::settings::ThirdParty); `None` for
    /// one that nothing is sent to, or that connects to us.
    pub peers: Vec<Option<SocketAddr>>,
    /// When we connect to the peers.
    pub connect: Connect,
    /// Commands go out on the connections that come in, as there is one peer: `-3pcc`, side B.
    pub answers: bool,
    /// What the end of a connection means.
    pub loss: Loss,
    /// Most connections that may be open to us; more are closed at once, with a note.
    pub incoming_max: usize,
    /// [`Settings::keep_call_id_prefix`](busyhour_engine::Settings::keep_call_id_prefix).
    pub keep_call_id_prefix: bool,
}

/// When a run connects to its peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connect {
    /// Before anything else: the peers must be there. (`-3pcc` side A, `-master`.)
    AtStart,
    /// When the first of them connects to us. (`-slave`.)
    AtFirstPeer,
    /// Never. (`-3pcc` side B.)
    Never,
}

/// What the end of a connection to a peer means for the run (spec-engine §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// No new calls. (`-3pcc` side A.)
    NoNewCalls,
    /// The end of all calls. (All others.)
    EndsCalls,
}

/// The connections of a run that has not begun: it listens, and has reached those that it must reach first.
#[derive(Debug)]
pub struct Twins {
    pub(crate) options: TwinOptions,
    pub(crate) listener: Option<TcpListener>,
    /// By position of the peer.
    pub(crate) connections: Vec<(u16, TcpStream)>,
}

/// Listens, and connects to the peers that must be there from the start.
///
/// # Errors
/// When the port is taken, or a peer is not there.
pub fn open_twins(options: &TwinOptions) -> Result<Twins, TwinError> {
    let listen = |address| TcpListener::bind(address).map_err(|error| TwinError::listen(address, error));
    let listener = options.listen.map(listen).transpose()?;
    let connections = match options.connect {
        Connect::AtStart => connect_all(options)?,
        Connect::AtFirstPeer | Connect::Never => Vec::new(),
    };
    Ok(Twins { options: options.clone(), listener, connections })
}

impl Twins {
    /// Where peers connect to, with the port that the system has chosen if it was asked to.
    pub fn listens_on(&self) -> Option<SocketAddr> {
        self.listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }
}

/// Connects to every peer that has an address.
fn connect_all(options: &TwinOptions) -> Result<Vec<(u16, TcpStream)>, TwinError> {
    let mut connections = Vec::new();
    for (position, address) in options.peers.iter().enumerate() {
        let (Some(address), Ok(position)) = (*address, u16::try_from(position)) else { continue };
        let connection = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)
            .and_then(|connection| connection.set_nodelay(true).map(|()| connection))
            .map_err(|error| TwinError::connect(address, error))?;
        connections.push((position, connection));
    }
    Ok(connections)
}
