//! Local media ports of a run.

use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use busyhour_media::{NoPort, PortId, PortRef, Ports};

use super::options::MediaOptions;
use super::pair::{Pair, Use};
use super::table::{PortTable, Refusal};
use crate::sys;

/// How often [`MediaPorts::open_shared`] goes on to the next port (spec-media §1).
const SHARED_TRIES: u32 = 100;

/// Opens local ports on demand and keeps what is given back for the next calls. All threads of a run share one; its
/// lock is held for a `bind` or two.
#[derive(Debug)]
pub struct MediaPorts {
    options: MediaOptions,
    table: Mutex<PortTable>,
}

/// Ports for calls that share them, held until the end of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPorts {
    /// The first port, `[media_port]`.
    pub base: u16,
    /// One for each offset that was asked for, in that order.
    pub pairs: Vec<PortRef>,
}

impl MediaPorts {
    /// Makes one with nothing open.
    pub fn new(options: MediaOptions) -> MediaPorts {
        let table = Mutex::new(PortTable::new(&options));
        MediaPorts { options, table }
    }

    /// Where they are.
    pub fn options(&self) -> &MediaOptions {
        &self.options
    }

    /// Opens ports at `first` plus each of `offsets` (0 for audio, 2 for video, …) for calls that share them, RTCP ports too.
    /// If another process has one of them, all move up by two, as often as 100 times, within the range.
    ///
    /// # Errors
    /// [`NoPort`] if all of these are taken, or the address is not of this machine.
    pub fn open_shared(&self, first: u16, offsets: &[u16]) -> Result<SharedPorts, NoPort> {
        let mut table = self.table();
        let mut last = u32::from(first);
        for step in 0..SHARED_TRIES {
            let base = u32::from(first) + 2 * step;
            let fits = |offset: &u16| base + u32::from(*offset) <= u32::from(u16::MAX);
            if (step > 0 && base > u32::from(self.options.port_max)) || !offsets.iter().all(fits) {
                break;
            }
            last = base;
            let base = base as u16;
            match self.open_all(&mut table, base, offsets) {
                Ok(pairs) => return Ok(SharedPorts { base, pairs }),
                Err(Refusal::System(_, error)) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(Refusal::Own(_) | Refusal::Rtcp(_)) => {}
                Err(refusal) => return Err(self.no_port(refusal)),
            }
        }
        let text = format!(
            "media ports {first} to {last} on {} are in use by other programs (ss -ulnp shows which): choose another first \
             port with -min_rtp_port (-mp)",
            self.options.ip
        );
        Err(NoPort { text })
    }

    /// Says whether a call could have a pair of its own now; takes none.
    ///
    /// # Errors
    /// [`NoPort`] if it could not: the address, the range or the limits are wrong.
    pub fn try_one(&self) -> Result<(), NoPort> {
        self.table().try_one(&self.options, Instant::now()).map_err(|refusal| self.no_port(refusal))
    }

    /// Pairs that calls have now.
    pub fn in_use(&self) -> usize {
        self.table().in_use()
    }

    /// Sockets that are open, those that wait for the next call too.
    pub fn sockets(&self) -> usize {
        self.table().sockets()
    }

    pub(super) fn pair(&self, id: PortId) -> Option<Arc<Pair>> {
        self.table().pair(id)
    }

    /// How many have a pair.
    pub(super) fn users(&self, id: PortId) -> u32 {
        self.table().users(id)
    }

    fn open_all(&self, table: &mut PortTable, base: u16, offsets: &[u16]) -> Result<Vec<PortRef>, Refusal> {
        let mut pairs: Vec<PortRef> = Vec::with_capacity(offsets.len());
        for offset in offsets {
            match table.take_at(&self.options, base.saturating_add(*offset), Use::SharedWhole) {
                Ok(pair) => pairs.push(pair),
                Err(refusal) => {
                    pairs.iter().for_each(|pair| table.close_now(pair.id, Instant::now()));
                    return Err(refusal);
                }
            }
        }
        Ok(pairs)
    }

    fn table(&self) -> MutexGuard<'_, PortTable> {
        // Each change leaves the table whole.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn no_port(&self, refusal: Refusal) -> NoPort {
        let MediaOptions { ip, port_min, port_max, .. } = self.options;
        let text = match refusal {
            Refusal::Exhausted { .. } if self.options.pairs() == 0 => format!(
                "no even port lies between -min_rtp_port {port_min} and -max_rtp_port {port_max}: give a wider range"
            ),
            Refusal::Exhausted { ours } => format!(
                "no free media port on {ip} between -min_rtp_port {port_min} and -max_rtp_port {port_max}: of {} even ports, \
                 this run's calls have {ours}, other programs the rest (ss -ulnp shows them): give a wider range, or fewer \
                 calls at a time (-l)",
                self.options.pairs()
            ),
            Refusal::Own(port) => format!(
                "media port {port} is another call's own: keep [media_port] and [auto_media_port] out of the ports that calls \
                 get for themselves (-min_rtp_port {port_min} to -max_rtp_port {port_max})"
            ),
            Refusal::Rtcp(port) => format!(
                "media port {port} is in use for RTCP of the port before it: RTP ports have to be two apart"
            ),
            Refusal::System(port, error) => system_text(&self.options, port, &error),
        };
        NoPort { text }
    }
}

impl Ports for MediaPorts {
    fn take(&self) -> Result<PortRef, NoPort> {
        self.table().take(&self.options, Instant::now()).map_err(|refusal| self.no_port(refusal))
    }

    fn take_at(&self, port: u16) -> Result<PortRef, NoPort> {
        if port == 0 {
            return Err(NoPort { text: "media port 0 means none: give a port from 1 to 65535".to_owned() });
        }
        self.table().take_at(&self.options, port, Use::Shared).map_err(|refusal| self.no_port(refusal))
    }

    fn give_back(&self, port: PortId) {
        self.table().give_back(port, Instant::now());
    }
}

fn system_text(options: &MediaOptions, port: u16, error: &io::Error) -> String {
    let mut text = format!("cannot open media port {port} on {}: {error}", options.ip);
    // Writing to a string can't fail.
    let _ = match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::AddrInUse, _) => write!(
            text,
            "; another program has it (ss -ulnp shows which): stop that, or choose another with -min_rtp_port (-mp)"
        ),
        (io::ErrorKind::AddrNotAvailable, _) => {
            write!(text, "; no interface of this machine has that address (ip address shows them): mend -mi")
        }
        (io::ErrorKind::PermissionDenied, _) if port < 1024 => {
            write!(
                text,
                "; ports below 1024 need root or CAP_NET_BIND_SERVICE: give a higher -min_rtp_port (-mp)"
            )
        }
        (_, Some(libc::EAFNOSUPPORT)) => {
            write!(text, "; this machine has none of that family: use an address of the other one with -mi")
        }
        (_, Some(libc::EMFILE | libc::ENFILE)) => {
            let limit = sys::descriptor_limit().map_or(0, |(soft, _)| soft);
            let each = if options.rtcp { 2 } else { 1 };
            write!(
                text,
                "; the process may have {limit} open files and each media port takes {each}: raise the limit with ulimit -n, \
                 or have fewer calls at a time (-l)"
            )
        }
        _ => Ok(()),
    };
    text
}

#[cfg(test)]
mod tests;
