//! Two media threads and a link between them that loses, delays, doubles and reorders, from a seed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use busyhour_media::command::{Begin, Format, Remote};
use busyhour_media::srtp::{Policy, Suite};
use busyhour_media::{
    Batch, Command, Ear, Event, Heard, Media, MediaCall, MediaSnapshot, PortId, PortRef, PortRequest,
    Settings, Sound, Source, SplitMix64, Time, What,
};
use busyhour_wire::rtp::PacketForm;
use busyhour_wire::sdp::Medium;

/// What the link does to packets. Ratios from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Impairment {
    pub(crate) loss: f64,
    /// Mean length of a run of losses in a stream (a Gilbert channel); 0: each packet's loss is a matter of its own.
    pub(crate) mean_burst: f64,
    pub(crate) duplicate: f64,
    pub(crate) delay_us: u64,
    /// On top of the delay, evenly spread.
    pub(crate) jitter_us: u64,
}

impl Impairment {
    pub(crate) const NONE: Impairment =
        Impairment { loss: 0.0, mean_burst: 0.0, duplicate: 0.0, delay_us: 300, jitter_us: 0 };
}

/// A media thread, its sockets and what it has said.
pub(crate) struct End {
    pub(crate) media: Media,
    ip: [u8; 4],
    waiting: HashMap<PortId, Vec<Arrival>>,
    watched: HashSet<PortId>,
    pub(crate) taken: u64,
    pub(crate) given_back: u64,
    pub(crate) events: Vec<Event>,
    /// Everything it sent: when, from the RTCP port, where to, bytes.
    pub(crate) sent: Vec<Sent>,
    pub(crate) ears: HashMap<u64, Arc<Ear>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) at: Time,
    pub(crate) rtcp: bool,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) at: Time,
    rtcp: bool,
    from: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Link {
    pub(crate) now: Time,
    pub(crate) ends: [End; 2],
    pub(crate) impairment: Impairment,
    /// By arrival; the number keeps those of one moment apart.
    flying: BTreeMap<(Time, u64), (usize, PortId, Arrival)>,
    count: u64,
    random: SplitMix64,
    /// Packets the link has lost, by receiving end.
    pub(crate) lost: [u64; 2],
    /// The end that nothing reaches.
    pub(crate) cut_off: Option<usize>,
    /// RTP that arrived, by receiving end and port, if wanted: the truth.
    pub(crate) arrived: Option<HashMap<(usize, PortId), Vec<Arrival>>>,
    /// The streams that lose all just now.
    bad: HashSet<(usize, PortId)>,
    /// Added to the numbers of calls, by end: the same calls have other numbers at the other end.
    pub(crate) first_number: [u64; 2],
}

/// Ports are numbered like their ids.
pub(crate) fn port(number: u16) -> PortRef {
    PortRef { id: PortId(u32::from(number)), port: number }
}

impl Link {
    pub(crate) fn new(impairment: Impairment, settings: Settings) -> Link {
        let end = |n: u8| End {
            media: Media::new(Settings { seed: u64::from(n), ..settings.clone() }),
            ip: [127, 0, 0, n],
            waiting: HashMap::new(),
            watched: HashSet::new(),
            taken: 0,
            given_back: 0,
            events: Vec::new(),
            sent: Vec::new(),
            ears: HashMap::new(),
        };
        Link {
            now: Time::from_millis(1000),
            ends: [end(1), end(2)],
            impairment,
            flying: BTreeMap::new(),
            count: 0,
            random: SplitMix64(42),
            lost: [0; 2],
            cut_off: None,
            arrived: None,
            bad: HashSet::new(),
            first_number: [0; 2],
        }
    }

    pub(crate) fn address(&self, end: usize, port: u16) -> SocketAddr {
        SocketAddr::from((self.ends[end].ip, port))
    }

    /// Gives a command, and does what follows from it at once.
    pub(crate) fn command(&mut self, end: usize, call: u64, what: What) {
        if matches!(what, What::Listen { .. }) {
            self.ends[end].taken += 1;
        }
        let call = MediaCall { worker: 0, token: call };
        self.ends[end].media.handle_command(self.now, Command { thread: 0, call, what });
        self.turn(end);
    }

    /// A call between both ends with audio on these ports, PCMU and events.
    pub(crate) fn call(&mut self, call: u64, ports: [u16; 2]) {
        for end in [0, 1] {
            self.begin(end, call);
            self.command(end, call, What::Listen { medium: Medium::Audio, port: port(ports[end]) });
            self.connect(end, call, ports[1 - end]);
        }
    }

    pub(crate) fn begin(&mut self, end: usize, call: u64) {
        let ear = Arc::new(Ear::new(true));
        self.ends[end].ears.insert(call, Arc::clone(&ear));
        let call_id = format!("{call}@{end}").into_bytes().into();
        let number = call + self.first_number[end];
        self.command(end, call, What::Begin(Box::new(Begin { call_id, number, ear })));
    }

    /// Tells an end where the other one listens.
    pub(crate) fn connect(&mut self, end: usize, call: u64, to: u16) {
        let remote = remote(self.address(1 - end, to));
        let what = What::Remote { medium: Medium::Audio, to: Some(Box::new(remote)), answered: self.now };
        self.command(end, call, what);
    }

    pub(crate) fn play(&mut self, end: usize, call: u64, source: Source) {
        self.command(end, call, What::Play { medium: Medium::Audio, source });
    }

    /// Ends calls at both ends and lets what follows happen.
    pub(crate) fn end(&mut self, calls: impl IntoIterator<Item = u64>) {
        for call in calls {
            for end in [0, 1] {
                self.command(end, call, What::End);
            }
        }
        self.run_ms(50);
    }

    pub(crate) fn heard(&self, end: usize, call: u64) -> Heard {
        self.ends[end].ears[&call].heard(Medium::Audio, self.now).unwrap_or_default()
    }

    pub(crate) fn snapshot(&mut self, end: usize) -> MediaSnapshot {
        self.ends[end].media.snapshot()
    }

    pub(crate) fn run_ms(&mut self, ms: u64) {
        let until = self.now + ms * 1000;
        loop {
            let timers = self.ends.iter().filter_map(|end| end.media.next_timeout());
            let next = timers.chain(self.flying.keys().next().map(|key| key.0)).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            self.deliver();
            for end in [0, 1] {
                self.turn(end);
            }
        }
        self.now = until;
        for end in [0, 1] {
            self.turn(end);
        }
    }

    /// Time passes while nobody looks: a stalled process. Packets arrive all the same.
    pub(crate) fn stall_ms(&mut self, ms: u64) {
        self.now = self.now + ms * 1000;
    }

    fn deliver(&mut self) {
        while let Some(entry) = self.flying.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let (end, port, arrival) = entry.remove();
            if let Some(arrived) = self.arrived.as_mut().filter(|_| !arrival.rtcp) {
                arrived.entry((end, port)).or_default().push(arrival.clone());
            }
            self.ends[end].waiting.entry(port).or_default().push(arrival);
        }
    }

    fn turn(&mut self, index: usize) {
        let now = self.now;
        let end = &mut self.ends[index];
        let watched: Vec<PortId> = end.watched.iter().copied().collect();
        for port in watched {
            end.read(port);
        }
        if end.media.next_timeout().is_some_and(|due| due <= now) {
            end.media.handle_timeout(now);
        }
        while let Some(port) = end.media.poll_read() {
            end.read(port);
        }
        let mut batch = Batch::default();
        end.media.poll_transmit(&mut batch);
        while let Some(request) = end.media.poll_port() {
            match request {
                PortRequest::Watch(port) => drop(end.watched.insert(port)),
                PortRequest::Unwatch(port) => drop(end.watched.remove(&port)),
                PortRequest::GiveBack(_) => end.given_back += 1,
            }
        }
        while let Some(event) = end.media.poll_event() {
            end.events.push(event);
        }
        for packet in &batch.packets {
            let start = packet.start as usize;
            let bytes = batch.bytes[start..start + usize::from(packet.len)].to_vec();
            let (rtcp, from, to) = (packet.rtcp, packet.port, packet.to);
            self.ends[index].sent.push(Sent { at: now, rtcp, to, bytes: bytes.clone() });
            self.carry(index, rtcp, from, to, bytes);
        }
    }

    fn carry(&mut self, from_end: usize, rtcp: bool, from: PortId, to: SocketAddr, bytes: Vec<u8>) {
        let Some(end) = (0..2).find(|end| SocketAddr::from((self.ends[*end].ip, to.port())) == to) else {
            return;
        };
        let from = self.address(from_end, from.0 as u16 + u16::from(rtcp));
        // RTP ports are even.
        let to_rtcp = to.port() % 2 == 1;
        let port = PortId(u32::from(to.port() & !1));
        if self.loses(end, port, to_rtcp) {
            self.lost[end] += 1;
            return;
        }
        let copies = 1 + u64::from(self.chance(self.impairment.duplicate));
        for _ in 0..copies {
            let jitter = self.random.draw() % (self.impairment.jitter_us + 1);
            let at = self.now + self.impairment.delay_us + jitter;
            self.count += 1;
            let arrival = Arrival { at, rtcp: to_rtcp, from, bytes: bytes.clone() };
            self.flying.insert((at, self.count), (end, port, arrival));
        }
    }

    fn loses(&mut self, end: usize, port: PortId, rtcp: bool) -> bool {
        let Impairment { loss, mean_burst, .. } = self.impairment;
        if self.cut_off == Some(end) {
            return true;
        }
        if mean_burst == 0.0 || rtcp {
            return self.chance(loss);
        }
        // The chance to leave the bad state gives the mean burst; that to enter it, with it, the loss.
        let leave = 1.0 / mean_burst;
        let bad = if self.bad.contains(&(end, port)) {
            !self.chance(leave)
        } else {
            self.chance(loss * leave / (1.0 - loss))
        };
        if bad {
            self.bad.insert((end, port));
        } else {
            self.bad.remove(&(end, port));
        }
        bad
    }

    fn chance(&mut self, ratio: f64) -> bool {
        self.random.fraction() < ratio
    }
}

impl End {
    fn read(&mut self, port: PortId) {
        for mut arrival in self.waiting.remove(&port).unwrap_or_default() {
            let Arrival { at, rtcp, from, bytes } = &mut arrival;
            self.media.handle_datagram(*at, port, *rtcp, *from, bytes);
        }
    }

    /// RTP packets it sent.
    pub(crate) fn rtp(&self) -> Vec<(Time, busyhour_wire::rtp::Header, Vec<u8>)> {
        let rtp = self.sent.iter().filter(|sent| !busyhour_wire::rtcp::is_rtcp(&sent.bytes));
        rtp.filter_map(|sent| {
            let (header, payload) = busyhour_wire::rtp::Header::parse(&sent.bytes)?;
            Some((sent.at, header, payload.to_vec()))
        })
        .collect()
    }
}

pub(crate) fn remote(rtp: SocketAddr) -> Remote {
    let mut rtcp = rtp;
    rtcp.set_port(rtp.port() + 1);
    let format =
        |payload_type, encoding: &str| Format { payload_type, encoding: encoding.to_owned(), clock_hz: 8000 };
    let formats = vec![format(0, "PCMU"), format(96, "telephone-event")];
    Remote { rtp, rtcp, formats, sends: true }
}

pub(crate) fn pcmu() -> PacketForm {
    PacketForm::telephone(0, "PCMU")
}

/// A sound of so many bytes, without end unless looped otherwise.
pub(crate) fn sound(bytes: usize, loops: Option<u32>) -> Source {
    let bytes = (0..bytes).map(|n| (n * 7 % 251) as u8).collect();
    Source::Sound { sound: Arc::new(Sound { bytes }), form: pcmu(), loops }
}

pub(crate) fn policy(seed: u8) -> Box<Policy> {
    Box::new(Policy::new(Suite::AesCm128Sha1_80, (0..30).map(|n| n ^ seed).collect()))
}
