//! Listening to one medium of one call: what arrived, in which order, how late, how loud, which digits.
//!
//! Each source (SSRC) is followed on its own, as music and digits may come from different ones; the figures
//! of [`Heard`] are sums over the sources, or those of the main one, which is the one with most packets.
//!
//! Nothing here allocates for a packet once each source has been heard, but for the digits, of which
//! [`DIGITS_MAX`] are kept.

mod arrival;
mod digits;
mod dtmf;
mod events;
mod far;
mod formats;
mod level;
mod probation;
mod sequence;
mod source;
mod tones;

use busyhour_wire::rtcp::{self, ReportBlock};
use busyhour_wire::rtp::Header;

use crate::command::{Format, Remote};
use crate::heard::Heard;
use crate::quality;
use crate::time::Time;
pub use digits::DIGITS_MAX;
use digits::Digits;
use far::Far;
use formats::Formats;
use probation::{Finding, Probation};
use source::{Found, Packet, Source};

/// Sources (SSRC) of one medium that are told apart. A further one takes the place of one that has been
/// silent for a second; while none has, its packets are counted only.
pub const SOURCES_MAX: usize = 4;

/// Bytes of the first payload that are kept: as many as a packet has on an Ethernet.
pub const FIRST_PAYLOAD_MAX: usize = 1_500;

/// After so long a silence a source may be forgotten for a new one; its figures stay in the sums.
const SILENT_US: u64 = 1_000_000;

/// What we have sent, and how long after the answer nothing has come, before that is called one-way.
const ONE_WAY_PACKETS: u64 = 25;
/// The same, µs: a peer may take a moment to start.
const ONE_WAY_US: u64 = 1_000_000;

/// A pause since the last packet from which it counts as a gap and as dead air, µs: the far end's BYE may follow its
/// last packet at some distance.
const FALLEN_SILENT_US: u64 = 1_000_000;

/// Clock that reports of the far end are read with if the SDP names none: that of all telephone codecs, Hz.
const CLOCK_HZ: u32 = 8_000;

/// What is kept of one medium while it is listened to. The media thread tells it all that comes and goes;
/// engines read [`Listening::heard`]. What each packet needs stands first, as it finds all of it cold.
#[derive(Debug, Clone, Default)]
#[repr(C)]
pub struct Listening {
    sources: Vec<Source>,
    packets: u64,
    bytes: u64,
    last: Time,
    sent: u64,
    digits: Digits,
    first: Option<First>,
    from_elsewhere: u32,
    wrong_payload_type: u32,
    refused: u32,
    not_rtp: u32,
    further_sources: u32,
    probation: Probation,
    /// They are those of our own SDP.
    ours: bool,
    /// The SDP lets the peer send.
    peer_sends: bool,
    keep_first_payload: bool,
    /// Of what we send, by the peer's SDP; 0: it names none.
    sent_clock_hz: u32,
    /// What we receive: by our own SDP, if it is known.
    formats: Formats,
    answered: Option<Time>,
    /// Since when the SDP lets the peer send.
    peer_sends_since: Time,
    /// BYE went or came: silence is nobody's fault from there on.
    hung_up: Option<Time>,
    /// Of sources that gave way to others.
    before: Sums,
    far: Far,
}

#[derive(Debug, Clone)]
struct First {
    at: Time,
    payload_type: u8,
    payload: Box<[u8]>,
}

/// Figures of several sources.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    expected: u64,
    lost: u64,
    bursts: u64,
    duplicates: u64,
    reordered: u64,
    jitter_max_us: f64,
    gap_max_us: u64,
    audible_seconds: Option<f64>,
}

impl Sums {
    fn add(&mut self, source: &Source) {
        self.expected += source.sequence.expected();
        self.lost += source.sequence.lost();
        self.bursts += source.sequence.bursts();
        self.duplicates += source.sequence.duplicates();
        self.reordered += source.sequence.reordered();
        self.jitter_max_us = self.jitter_max_us.max(source.arrival.jitter_max_us());
        self.gap_max_us = self.gap_max_us.max(source.arrival.gap_max_us());
        if let Some(seconds) = source.audible_seconds() {
            self.audible_seconds = Some(self.audible_seconds.unwrap_or(0.0) + seconds);
        }
    }
}

impl Listening {
    /// Makes one that has heard nothing. `keep_first_payload`: `rtp_stats` wants the payload of the first
    /// packet.
    pub fn new(keep_first_payload: bool) -> Listening {
        Listening { keep_first_payload, ..Listening::default() }
    }

    /// The peer's SDP said where it is and what it wants to hear, in an answer that came or went at `answered`. The
    /// first one starts "time to the first packet"; later ones change the formats only. `None`: no such
    /// medium any more.
    pub fn set_remote(&mut self, remote: Option<&Remote>, answered: Time) {
        let sends = remote.is_some_and(|remote| remote.sends);
        if sends && !self.peer_sends {
            self.peer_sends_since = answered;
        }
        self.peer_sends = sends;
        if let Some(remote) = remote {
            let theirs = Formats::new(&remote.formats);
            self.sent_clock_hz = theirs.clock_hz().unwrap_or(0);
            if !self.ours {
                self.listen_to(theirs);
            }
            self.note_answer(answered);
        }
    }

    /// The payload types of our own SDP, which the peer is to send with (RFC 3264 §5.1, §6.1), whatever numbers its
    /// SDP gives for what it receives. Until they are known, the peer's count; none: all are taken as agreed on.
    pub fn set_formats(&mut self, formats: &[Format]) {
        self.ours = true;
        self.listen_to(Formats::new(formats));
    }

    fn listen_to(&mut self, formats: Formats) {
        self.formats = formats;
        for source in &mut self.sources {
            source.set_formats(&self.formats);
        }
    }

    /// An answer came or went; the first one counts.
    pub fn note_answer(&mut self, answered: Time) {
        self.answered.get_or_insert(answered);
    }

    /// BYE went or came; the first one counts.
    pub fn hang_up(&mut self, now: Time) {
        self.hung_up.get_or_insert(now);
    }

    /// Takes an RTP packet. `from_elsewhere`: not from the address that the SDP named. `analyse`: judge it;
    /// else it is only counted.
    pub fn packet(
        &mut self,
        received: Time,
        from_elsewhere: bool,
        header: &Header,
        payload: &[u8],
        analyse: bool,
    ) {
        self.packets += 1;
        self.bytes += payload.len() as u64;
        self.last = self.last.max(received);
        if from_elsewhere {
            self.from_elsewhere = self.from_elsewhere.saturating_add(1);
        }
        if self.first.is_none() {
            let kept = if self.keep_first_payload { payload.len().min(FIRST_PAYLOAD_MAX) } else { 0 };
            self.first = Some(First {
                at: received,
                payload_type: header.payload_type,
                payload: payload[..kept].into(),
            });
        }
        if !analyse {
            return;
        }
        let Some(index) = self.source(received, header) else {
            if !self.formats.of(header.payload_type).agreed {
                self.wrong_payload_type = self.wrong_payload_type.saturating_add(1);
            }
            return;
        };
        let tones = self.digits.want_tones();
        let packet = Packet { received, header, payload, tones };
        let digits = &mut self.digits;
        let agreed = self.sources[index].take(&self.formats, packet, |found| match found {
            Found::Event(digit) => digits.event(received, digit, header.payload_type),
            Found::Tone(digit) => digits.tone(received, digit),
        });
        if !agreed {
            self.wrong_payload_type = self.wrong_payload_type.saturating_add(1);
        }
    }

    /// A datagram came that is neither RTP nor RTCP.
    pub fn not_rtp(&mut self) {
        self.not_rtp = self.not_rtp.saturating_add(1);
    }

    /// SRTP refused a packet: tag, replay, or too short.
    pub fn refused(&mut self) {
        self.refused = self.refused.saturating_add(1);
    }

    /// We have sent so many RTP packets since the last time this was said.
    pub fn sent(&mut self, packets: u64) {
        self.sent += packets;
    }

    /// Takes an RTCP compound, decrypted. `ntp` is the wall clock at `received` as in our own sender reports
    /// ([`busyhour_wire::rtcp::ntp`]). `ours` says which SSRCs are those we send with.
    pub fn rtcp(&mut self, received: Time, ntp: u64, compound: &[u8], ours: impl Fn(u32) -> bool) {
        for packet in rtcp::packets(compound) {
            let rtcp::Packet::Report(report) = packet else { continue };
            if let Some(sender) = report.sender
                && let Some(source) = self.sources.iter_mut().find(|source| source.ssrc == report.ssrc)
            {
                source.sender_report(received, rtcp::ntp_middle(sender.ntp));
            }
            for block in report.blocks().filter(|block| ours(block.ssrc)) {
                self.far.take(block, ntp, self.sent);
            }
        }
    }

    /// Appends what our report says of the sources heard since the last one (RFC 3550 §6.4.1), at most
    /// [`SOURCES_MAX`].
    pub fn report_blocks(&mut self, now: Time, blocks: &mut Vec<ReportBlock>) {
        blocks.extend(self.sources.iter_mut().filter_map(|source| source.report(now)));
    }

    /// The figures up to now.
    pub fn heard(&self, now: Time) -> Heard {
        let mut sums = self.before;
        for source in &self.sources {
            sums.add(source);
        }
        let main = self.sources.iter().max_by_key(|source| source.sequence.distinct());
        let loss = if sums.expected == 0 { 0.0 } else { sums.lost as f64 / sums.expected as f64 };
        let burst_ratio = burst_ratio(&sums, loss);
        let rtt_ms = self.far.rtt_ms();
        let score = main.and_then(|main| {
            quality::judge(&quality::Stream {
                codec: main.codec?,
                loss,
                burst_ratio,
                delay_ms: rtt_ms.map(|rtt| one_way_delay_ms(rtt, main)),
            })
        });
        let first = self.first.as_ref();
        let silent_us = self.silent_us(now);
        let fallen_silent_us = if silent_us >= FALLEN_SILENT_US { silent_us } else { 0 };
        Heard {
            packets: self.packets,
            bytes: self.bytes,
            sent: self.sent,
            expected: sums.expected,
            lost: sums.lost,
            loss,
            duplicates: sums.duplicates,
            reordered: sums.reordered,
            strays: self.sources.iter().map(|source| source.sequence.strays()).sum::<u64>()
                + self.probation.strays(),
            jitter_ms: main.map_or(0.0, |main| main.arrival.jitter_us() / 1e3),
            jitter_max_ms: sums.jitter_max_us / 1e3,
            gap_max_ms: sums.gap_max_us.max(fallen_silent_us) as f64 / 1e3,
            silent_for_ms: silent_us as f64 / 1e3,
            first_packet_ms: first.and_then(|first| Some(first.at.micros_since(self.answered?) as f64 / 1e3)),
            ssrc_changes: u64::from(self.further_sources),
            wrong_payload_type: u64::from(self.wrong_payload_type),
            from_elsewhere: u64::from(self.from_elsewhere),
            refused: u64::from(self.refused),
            not_rtp: u64::from(self.not_rtp),
            level_dbm0: main.and_then(|main| main.level.as_ref()?.dbm0()),
            dead_air: sums.audible_seconds.map(|seconds| self.dead_air(seconds, fallen_silent_us)),
            one_way: self.one_way(now),
            digits: self.digits.kept().to_vec(),
            digits_dropped: self.digits.dropped(),
            burst_ratio,
            r_factor: score.map(|score| score.r_factor),
            mos: score.map(|score| score.mos),
            mos_conversational: score.and_then(|score| score.mos_conversational),
            rtt_ms,
            far_loss: self.far.loss(),
            far_jitter_ms: self.far.jitter_ms(if self.sent_clock_hz == 0 {
                CLOCK_HZ
            } else {
                self.sent_clock_hz
            }),
            first_payload_type: first.map(|first| first.payload_type),
            first_payload: first.map_or_else(Vec::new, |first| first.payload.to_vec()),
        }
    }

    fn one_way(&self, now: Time) -> bool {
        let waited = self.answered.is_some_and(|answered| now.micros_since(answered) >= ONE_WAY_US);
        self.peer_sends && self.packets == 0 && self.sent >= ONE_WAY_PACKETS && waited
    }

    /// Time since the last packet, in which the peer might have sent, µs; 0 before the first packet.
    fn silent_us(&self, now: Time) -> u64 {
        if !self.peer_sends || self.packets == 0 {
            return 0;
        }
        let end = self.hung_up.map_or(now, |hung_up| hung_up.min(now));
        end.micros_since(self.last.max(self.peer_sends_since))
    }

    /// The place of a packet's source; `None` if there is none.
    fn source(&mut self, received: Time, header: &Header) -> Option<usize> {
        let known = self.sources.iter().position(|source| source.ssrc == header.ssrc);
        known.or_else(|| self.new_source(received, header))
    }

    /// The place of a source that is not followed so far. The first one is believed at its first packet, all others at
    /// two in sequence.
    #[cold]
    fn new_source(&mut self, received: Time, header: &Header) -> Option<usize> {
        let mut new = Source::new(header.ssrc, self.formats.of(header.payload_type));
        if self.sources.is_empty() {
            // Most media have one source all along.
            self.sources.reserve_exact(1);
            self.sources.push(new);
            return Some(0);
        }
        let finding = self.probation.take(header.ssrc, header.sequence);
        match finding {
            Finding::Stray => return None,
            Finding::Known => {}
            Finding::New => new.begin_after(header.sequence.wrapping_sub(1)),
        }
        if let [first] = self.sources.as_mut_slice()
            && first.sequence.distinct() == 1
        {
            // It was one itself.
            self.probation.note_strays(1);
            self.probation.release(header.ssrc);
            *first = new;
            return Some(0);
        }
        if finding == Finding::New {
            self.further_sources = self.further_sources.saturating_add(1);
        }
        let place = self.place(received)?;
        self.probation.release(header.ssrc);
        match self.sources.get_mut(place) {
            Some(silent) => {
                self.before.add(silent);
                self.probation.note_strays(silent.sequence.strays());
                *silent = new;
            }
            None => self.sources.push(new),
        }
        Some(place)
    }

    /// A place for one more source; `None` while all those that are followed speak.
    fn place(&self, received: Time) -> Option<usize> {
        if self.sources.len() < SOURCES_MAX {
            return Some(self.sources.len());
        }
        let last = |source: &Source| source.arrival.last();
        let (place, oldest) = self.sources.iter().enumerate().min_by_key(|(_, source)| last(source))?;
        last(oldest).is_none_or(|last| received.micros_since(last) >= SILENT_US).then_some(place)
    }

    /// Part of the time from the answer, or the first packet if that came earlier, to the last packet, and
    /// the silence after it, that was not audible: below −50 dBm0, or without any packet.
    fn dead_air(&self, audible_seconds: f64, fallen_silent_us: u64) -> f64 {
        let Some(first) = &self.first else { return 0.0 };
        let from = self.answered.map_or(first.at, |answered| answered.min(first.at));
        let whole = (self.last.micros_since(from) + fallen_silent_us) as f64 / 1e6;
        // The last packet's sound goes on after its arrival.
        if whole <= audible_seconds { 0.0 } else { 1.0 - audible_seconds / whole }
    }
}

/// Mean length of the bursts over that of random loss, which is 1 / (1 − loss) (G.107 §3.5).
fn burst_ratio(sums: &Sums, loss: f64) -> f64 {
    if sums.bursts == 0 { 1.0 } else { sums.lost as f64 / sums.bursts as f64 * (1.0 - loss) }
}

/// Mean one-way delay from mouth to ear: half the round trip, a packet's length that the sender waits for,
/// and a playout buffer of twice the jitter, which a common adaptive buffer holds. What the devices add is
/// not known and left out.
fn one_way_delay_ms(rtt_ms: f64, main: &Source) -> f64 {
    rtt_ms / 2.0 + (main.arrival.packet_us() + 2.0 * main.arrival.jitter_us()) / 1e3
}

#[cfg(test)]
mod tests;
