//! Media under simulation: ports without sockets, and the books of what media threads are told. They see to it that
//! every call's media begin once and end once, and that every port goes back.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use busyhour_engine::Time;
use busyhour_media::srtp::Policy;
use busyhour_media::{Command, Event, Happening, MediaCall, NoPort, PortId, PortRef, Ports, What};

/// Ports of a simulated run.
#[derive(Debug, Default)]
pub struct SimPorts {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Holders of each pair, by its RTP port.
    held: HashMap<u16, usize>,
    taken: usize,
    given_back: usize,
    /// Pairs that there are; `None`: as many as wanted.
    most: Option<usize>,
}

impl SimPorts {
    /// With at most so many pairs.
    pub fn with_most(pairs: usize) -> SimPorts {
        SimPorts { state: Mutex::new(State { most: Some(pairs), ..State::default() }) }
    }

    /// Pairs taken so far, and given back.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.taken, state.given_back)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_number(&self, port: Option<u16>) -> Result<PortRef, NoPort> {
        let mut state = self.lock();
        let full = state.most.is_some_and(|most| state.held.len() >= most);
        let free = || (10_000..60_000).step_by(2).find(|port| !state.held.contains_key(port));
        let number = match port {
            Some(port) if state.held.contains_key(&port) => port,
            _ if full => return Err(NoPort { text: "all simulated RTP ports are in use".to_owned() }),
            Some(port) => port,
            None => free().ok_or_else(|| NoPort { text: "no simulated RTP port is left".to_owned() })?,
        };
        *state.held.entry(number).or_default() += 1;
        state.taken += 1;
        Ok(PortRef { id: PortId(u32::from(number)), port: number })
    }
}

impl Ports for SimPorts {
    fn take(&self) -> Result<PortRef, NoPort> {
        self.take_number(None)
    }

    fn take_at(&self, port: u16) -> Result<PortRef, NoPort> {
        self.take_number(Some(port))
    }

    fn give_back(&self, port: PortId) {
        let mut state = self.lock();
        state.given_back += 1;
        let number = port.0 as u16;
        let holders = state.held.get_mut(&number).unwrap_or_else(|| panic!("port {number} is not taken"));
        *holders -= 1;
        if *holders == 0 {
            state.held.remove(&number);
        }
    }
}

/// What the media threads of a node were told.
#[derive(Debug, Default)]
pub(crate) struct Books {
    open: HashMap<MediaCall, Open>,
    /// Calls that began and calls that ended.
    pub(crate) begun: usize,
    pub(crate) ended: usize,
    /// What was told, in words.
    pub(crate) told: Vec<String>,
    /// Streams end after so many ms; `None`: never.
    pub(crate) streams_end_ms: Option<u64>,
}

#[derive(Debug)]
struct Open {
    thread: u16,
    ports: HashMap<usize, PortId>,
}

impl Books {
    /// Enters a command, and says which ports a call has no more use for.
    pub(crate) fn enter(&mut self, command: &Command) -> Vec<PortId> {
        let Command { thread, call, what } = command;
        self.told.push(in_words(*thread, what));
        if let What::Begin(_) = what {
            self.begun += 1;
            let before = self.open.insert(*call, Open { thread: *thread, ports: HashMap::new() });
            assert!(before.is_none(), "media of a call began twice");
            return Vec::new();
        }
        let open = self.open.get_mut(call).unwrap_or_else(|| panic!("{what:?} before Begin, or after End"));
        assert_eq!(open.thread, *thread, "a call changed its media thread");
        match what {
            What::Listen { medium, port } => open.ports.insert(medium.index(), port.id).into_iter().collect(),
            What::End => {
                self.ended += 1;
                self.open.remove(call).map_or(Vec::new(), |open| open.ports.into_values().collect())
            }
            _ => Vec::new(),
        }
    }

    /// What is said to a command where there are no media threads, and when.
    pub(crate) fn answer(&self, now: Time, command: &Command) -> Option<(Time, Event)> {
        let What::TellStreamsEnd(wait) = command.what else { return None };
        let at = now + self.streams_end_ms? * 1000;
        Some((at, Event { call: command.call, happening: Happening::StreamsEnded(wait) }))
    }
}

fn in_words(thread: u16, what: &What) -> String {
    let keys = |policy: &Option<Box<Policy>>| match policy {
        Some(policy) => {
            format!("{} {:02x}", policy.suite.name(), policy.key_and_salt.first().unwrap_or(&0))
        }
        None => "plain".to_owned(),
    };
    match what {
        What::Begin(begin) => format!("Begin {} on {thread}", begin.number),
        What::Remote { medium, to, .. } => match to {
            Some(remote) => format!("Remote {} {}", medium.name(), remote.rtp),
            None => format!("Remote {} nowhere", medium.name()),
        },
        What::Listen { medium, port } => format!("Listen {} {}", medium.name(), port.port),
        What::Secure { medium, send, receive } => {
            format!("Secure {} {} / {}", medium.name(), keys(send), keys(receive))
        }
        other => format!("{other:?}"),
    }
}
