//! Media threads of a node under simulation: the real [`Media`], with datagrams of the simulated network.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use busyhour_engine::Time;
use busyhour_media::{
    Batch, Command, Event, Media, MediaSnapshot, PortId, PortRequest, Ports, Settings, What,
};

use crate::network::Network;

/// Datagrams that wait for their port to be read: when each came, whether by RTCP, from where, and its bytes.
type Mailbox = Vec<(Time, bool, SocketAddr, Vec<u8>)>;

/// All media threads of a node. The number of a pair is its RTP port.
#[derive(Debug)]
pub(crate) struct Threads {
    threads: Vec<Media>,
    /// Which thread has a port.
    owners: HashMap<u16, usize>,
    watched: HashSet<PortId>,
    mail: HashMap<PortId, Mailbox>,
}

impl Threads {
    pub(crate) fn new(number: u16, settings: &Settings) -> Threads {
        Threads {
            threads: (0..number).map(|_| Media::new(settings.clone())).collect(),
            owners: HashMap::new(),
            watched: HashSet::new(),
            mail: HashMap::new(),
        }
    }

    pub(crate) fn handle_command(&mut self, now: Time, command: Command) {
        let thread = usize::from(command.thread);
        if let What::Listen { port, .. } = &command.what {
            self.owners.insert(port.port, thread);
        }
        self.threads[thread].handle_command(now, command);
    }

    /// True if some call has had this port.
    pub(crate) fn has_port(&self, port: u16) -> bool {
        self.owners.contains_key(&(port & !1))
    }

    pub(crate) fn receive(&mut self, now: Time, to: u16, from: SocketAddr, mut bytes: Vec<u8>) {
        let (rtp, rtcp) = (to & !1, to & 1 == 1);
        let Some(&thread) = self.owners.get(&rtp) else { return };
        let id = PortId(u32::from(rtp));
        if self.watched.contains(&id) {
            self.threads[thread].handle_datagram(now, id, rtcp, from, &mut bytes);
        } else {
            self.mail.entry(id).or_default().push((now, rtcp, from, bytes));
        }
    }

    pub(crate) fn next_timeout(&self) -> Option<Time> {
        self.threads.iter().filter_map(Media::next_timeout).min()
    }

    pub(crate) fn timeout(&mut self, now: Time) {
        for media in &mut self.threads {
            if media.next_timeout().is_some_and(|at| at <= now) {
                media.handle_timeout(now);
            }
            while let Some(id) = media.poll_read() {
                for (received, rtcp, from, mut bytes) in self.mail.remove(&id).unwrap_or_default() {
                    media.handle_datagram(received, id, rtcp, from, &mut bytes);
                }
            }
        }
    }

    /// Does what they want done; what they say is for the engines.
    pub(crate) fn drain(
        &mut self,
        now: Time,
        ip: IpAddr,
        network: &mut Network,
        ports: &Arc<dyn Ports>,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        let mut batch = Batch::default();
        for media in &mut self.threads {
            if media.poll_transmit(&mut batch) {
                for packet in batch.packets.drain(..) {
                    let from = SocketAddr::new(ip, packet.port.0 as u16 + u16::from(packet.rtcp));
                    let bytes = &batch.bytes[packet.start as usize..][..usize::from(packet.len)];
                    network.send(now, from, packet.to, bytes);
                }
                batch.bytes.clear();
            }
            while let Some(wish) = media.poll_port() {
                match wish {
                    PortRequest::Watch(id) => {
                        self.watched.insert(id);
                    }
                    PortRequest::Unwatch(id) => {
                        self.watched.remove(&id);
                    }
                    PortRequest::GiveBack(id) => {
                        ports.give_back(id);
                    }
                }
            }
            events.extend(std::iter::from_fn(|| media.poll_event()));
        }
        events
    }

    pub(crate) fn snapshot(&mut self) -> MediaSnapshot {
        let mut sum = MediaSnapshot::empty();
        for media in &mut self.threads {
            sum.add(&media.snapshot());
        }
        sum
    }
}
