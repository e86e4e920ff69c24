//! Addresses of names, from the system's resolver.

use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most names remembered; when they are more, all are forgotten.
const NAMES_MAX: usize = 1024;
/// How long an address is taken as true.
const FOUND_LIFE: Duration = Duration::from_secs(60);
/// How long a name is taken to have none.
const MISSING_LIFE: Duration = Duration::from_secs(5);

/// Finds addresses, and remembers them for a while.
#[derive(Debug)]
pub(super) struct Names {
    local: IpAddr,
    known: Mutex<HashMap<String, (Option<IpAddr>, Instant)>>,
}

impl Names {
    /// Addresses of the family of `local` come first.
    pub(super) fn new(local: IpAddr) -> Names {
        Names { local, known: Mutex::default() }
    }

    /// The name's address; `None` if it has none. May take seconds.
    pub(super) fn find(&self, host: &str) -> Option<IpAddr> {
        let now = Instant::now();
        if let Some(&(address, until)) = self.known().get(host)
            && now < until
        {
            return address;
        }
        let address = self.ask(host);
        let life = if address.is_some() { FOUND_LIFE } else { MISSING_LIFE };
        let mut known = self.known();
        if known.len() >= NAMES_MAX {
            known.clear();
        }
        known.insert(host.to_owned(), (address, Instant::now() + life));
        address
    }

    fn ask(&self, host: &str) -> Option<IpAddr> {
        let all: Vec<IpAddr> = (host, 0).to_socket_addrs().ok()?.map(|address| address.ip()).collect();
        let ours = all.iter().find(|address| address.is_ipv4() == self.local.is_ipv4());
        ours.or(all.first()).copied()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Option<IpAddr>, Instant)>> {
        // An entry is whole once it is in.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_remembered() {
        let names = Names::new([127, 0, 0, 1].into());
        assert_eq!(names.find("localhost"), Some([127, 0, 0, 1].into()));
        assert_eq!(names.find("no such name"), None);
        assert_eq!(names.known().len(), 2);
        names.known().insert("x".to_owned(), (Some([10, 0, 0, 1].into()), Instant::now() + FOUND_LIFE));
        assert_eq!(names.find("x"), Some([10, 0, 0, 1].into()));
    }

    #[test]
    fn their_number_is_bounded() {
        let names = Names::new([127, 0, 0, 1].into());
        for n in 0..NAMES_MAX {
            names.known().insert(n.to_string(), (None, Instant::now()));
        }
        names.find("localhost");
        assert_eq!(names.known().len(), 1);
    }
}
