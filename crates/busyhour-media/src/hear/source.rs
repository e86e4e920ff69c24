//! What is heard of one source (SSRC).

use busyhour_wire::rtcp::ReportBlock;
use busyhour_wire::rtp::Header;

use super::arrival::{Arrival, Arriving};
use super::events::{Events, looks_like_event};
use super::formats::{Formats, Meaning};
use super::level::Level;
use super::sequence::{Order, Sequence};
use crate::quality::Codec;
use crate::time::Time;

/// A pause in the timestamps, without a lost packet, that ends a tone: 40 ms at 8000 Hz (Q.24).
const PAUSE_TICKS: u32 = 320;

/// One source of a medium. What each packet needs stands first, as it finds all of it cold.
#[derive(Debug, Clone)]
#[repr(C)]
pub(super) struct Source {
    pub(super) sequence: Sequence,
    pub(super) arrival: Arrival,
    pub(super) level: Option<Box<Level>>,
    pub(super) ssrc: u32,
    /// Of the last packet's payload type.
    meaning: Meaning,
    /// Timestamp of what follows the last sound.
    sound_end: u32,
    /// Packets whose sound was listened to.
    pub(super) sound_packets: u32,
    /// The codec heard last, telephone events and comfort noise aside.
    pub(super) codec: Option<Codec>,
    /// Something came since our last report.
    heard_since: bool,
    pub(super) reports: Reports,
    events: Events,
}

/// A packet of a source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) received: Time,
    pub(super) header: &'a Header,
    pub(super) payload: &'a [u8],
    /// Search sound for digits.
    pub(super) tones: bool,
}

/// What reports about a source need.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reports {
    /// Their last sender report: the middle of its NTP timestamp, and when it came.
    last_sr: Option<(u32, Time)>,
    /// At our last report.
    expected_before: u64,
    distinct_before: u64,
}

/// A digit, and how it was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Event(u8),
    Tone(u8),
}

impl Source {
    pub(super) fn new(ssrc: u32, meaning: Meaning) -> Source {
        Source {
            sequence: Sequence::default(),
            arrival: Arrival::default(),
            level: None,
            ssrc,
            meaning,
            sound_end: 0,
            sound_packets: 0,
            codec: None,
            heard_since: false,
            reports: Reports::default(),
            events: Events::default(),
        }
    }

    /// A packet with this number came before the first that is taken.
    pub(super) fn begin_after(&mut self, number: u16) {
        self.sequence.take(number);
    }

    /// Forgets what payload types mean: the formats have changed.
    pub(super) fn set_formats(&mut self, formats: &Formats) {
        self.meaning = formats.of(self.meaning.payload_type);
    }

    /// Takes a packet; says whether its payload type was agreed on.
    pub(super) fn take(
        &mut self,
        formats: &Formats,
        packet: Packet<'_>,
        mut found: impl FnMut(Found),
    ) -> bool {
        let Packet { received, header, payload, tones } = packet;
        self.heard_since = true;
        if header.payload_type != self.meaning.payload_type {
            self.meaning = formats.of(header.payload_type);
        }
        let meaning = self.meaning;
        let event = meaning.events || meaning.unknown && looks_like_event(payload);
        let order = self.sequence.take(header.sequence);
        if matches!(order, Order::Duplicate | Order::Stray) {
            return meaning.agreed;
        }
        if order == Order::First {
            self.arrival.restart();
        }
        self.arrival.take(Arriving {
            at: received,
            timestamp: header.timestamp,
            clock_hz: meaning.clock_hz,
            marker: header.marker,
            event,
            next: order == Order::Ahead(1),
        });
        if event {
            if let Some(digit) = self.events.take(header.payload_type, header.timestamp, payload) {
                found(Found::Event(digit));
            }
            return meaning.agreed;
        }
        if meaning.codec.is_some() {
            self.codec = meaning.codec;
        }
        // What is late would be heard out of order.
        if order != Order::Late
            && let Some(law) = meaning.law
        {
            let level = self.level.get_or_insert_with(|| Box::new(Level::new(law)));
            level.set_law(law);
            let pause = header.timestamp.wrapping_sub(self.sound_end);
            if order == Order::Ahead(1)
                && (PAUSE_TICKS..1 << 31).contains(&pause)
                && let Some(digit) = level.pause()
            {
                found(Found::Tone(digit));
            }
            self.sound_end = header.timestamp.wrapping_add(payload.len() as u32);
            self.sound_packets += 1;
            level.take(payload, order == Order::Ahead(1), tones, |digit| found(Found::Tone(digit)));
        }
        meaning.agreed
    }

    /// Notes a sender report of this source.
    pub(super) fn sender_report(&mut self, received: Time, ntp_middle: u32) {
        self.reports.last_sr = Some((ntp_middle, received));
    }

    /// What our report says of it, if something came since the last.
    pub(super) fn report(&mut self, now: Time) -> Option<ReportBlock> {
        if !std::mem::take(&mut self.heard_since) {
            return None;
        }
        let (expected, distinct) = (self.sequence.expected(), self.sequence.distinct());
        let expected_since = expected - self.reports.expected_before;
        // Late packets of the time before can make it more than expected.
        let lost_since = expected_since.saturating_sub(distinct - self.reports.distinct_before);
        self.reports.expected_before = expected;
        self.reports.distinct_before = distinct;
        let fraction = (lost_since * 256).checked_div(expected_since).unwrap_or(0);
        let (last_sr, delay) = self.reports.last_sr.map_or((0, 0), |(middle, at)| {
            (middle, u32::try_from((now.micros_since(at) << 16) / 1_000_000).unwrap_or(u32::MAX))
        });
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: i32::try_from(self.sequence.lost()).unwrap_or(i32::MAX),
            highest: self.sequence.extended_highest(),
            jitter: self.arrival.jitter_ticks(),
            last_sr,
            delay,
        })
    }

    /// Seconds of sound that was not silence: of G.711 what was louder than −50 dBm0, lost packets taken to
    /// be like the others, and telephone events. `None` if it sent neither.
    pub(super) fn audible_seconds(&self) -> Option<f64> {
        let clock = f64::from(self.meaning.clock_hz.max(8_000));
        let events = self.events.ticks() as f64 / clock;
        let level = self.level.as_ref()?;
        let heard = f64::from(self.sound_packets.max(1));
        Some(level.loud_seconds() * (heard + self.sequence.lost() as f64) / heard + events)
    }
}
