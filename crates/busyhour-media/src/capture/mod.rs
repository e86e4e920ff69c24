//! Captures: the UDP packets of a file, ready to be sent again.

mod datagram;
mod link;
mod records;

use crate::library::BadMedia;
use busyhour_wire::rtp;
use datagram::Found;
use records::{Record, Records};

/// Packets with their moments. Parsed once and shared by all calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capture {
    /// In order of time.
    pub packets: Vec<CapturedPacket>,
    /// All payloads, one after the other.
    pub bytes: Vec<u8>,
    /// What was left out, for a note to the user.
    pub skipped: Skipped,
}

/// One UDP payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapturedPacket {
    /// When, µs after the first; never less than that of the packet before, at most [`LONGEST_US`].
    pub offset_us: u64,
    /// How far its destination port is above the lowest of the file: 0 for RTP, 1 for its RTCP.
    pub port_offset: u16,
    /// First byte in [`Capture::bytes`].
    pub start: u32,
    /// Number of bytes; at most [`LONGEST_PAYLOAD`].
    pub len: u16,
}

/// What a file holds besides RTP in whole UDP packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Not played: neither IPv4 nor IPv6, not UDP, or nothing that can be read (an encrypted 802.11 frame).
    pub not_udp: u64,
    /// Not played: fragments of IP packets.
    pub fragments: u64,
    /// Not played: UDP whose lengths contradict each other.
    pub damaged: u64,
    /// Played, though neither RTP nor RTCP: T.38, STUN, or a capture with too wide a filter.
    pub not_rtp: u64,
    /// Played right after the packet before, for want of a time (simple packet blocks of pcapng).
    pub untimed: u64,
}

/// The longest UDP payload that is played, bytes: with the UDP header the 1500 of SIPp (spec-media §3).
pub const LONGEST_PAYLOAD: usize = 1492;
/// The latest moment of a packet, µs (31 years): what a broken clock writes must not overflow any sum.
pub const LONGEST_US: u64 = 1_000_000_000_000_000;

impl Capture {
    /// Reads a pcap or pcapng file (both byte orders, µs and ns). Every UDP packet counts, whatever its
    /// addresses and its direction (spec-media §3). Times that go backwards mean "no wait"; by more than a
    /// second, that the clock was set.
    ///
    /// `name` stands in messages.
    ///
    /// # Errors
    /// [`BadMedia`]: not a capture, cut off, a link type that is not known, a packet that was not captured
    /// whole or is longer than [`LONGEST_PAYLOAD`], no UDP at all.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Capture, BadMedia> {
        let mut capture = Capture::default();
        let mut ports = Vec::new();
        let mut clock = Clock::default();
        let mut records = Records::new(bytes, name)?;
        while let Some(record) = records.next()? {
            capture.take(&record, &mut clock, &mut ports, name)?;
        }
        capture.settle_ports(&ports, name)?;
        Ok(capture)
    }

    /// The payload of a packet.
    pub fn payload(&self, packet: &CapturedPacket) -> &[u8] {
        &self.bytes[packet.start as usize..packet.start as usize + usize::from(packet.len)]
    }

    /// Adds a packet behind the others: `offset_us` after the first, not before the last. For captures made
    /// by code.
    pub fn push(&mut self, offset_us: u64, port_offset: u16, payload: &[u8]) {
        let payload = &payload[..payload.len().min(LONGEST_PAYLOAD)];
        let last = self.packets.last().map_or(0, |packet| packet.offset_us);
        // Files are at most 512 MiB and what code makes is far less, so positions fit 32 bits.
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(payload);
        let offset_us = offset_us.max(last).min(LONGEST_US);
        self.packets.push(CapturedPacket { offset_us, port_offset, start, len: payload.len() as u16 });
    }

    /// From the first packet to the last, µs.
    pub fn length_us(&self) -> u64 {
        self.packets.last().map_or(0, |packet| packet.offset_us)
    }

    /// Memory that it takes, bytes.
    pub fn weight(&self) -> u64 {
        (self.bytes.len() + size_of_val(&self.packets[..])) as u64
    }

    fn take(
        &mut self,
        record: &Record<'_>,
        clock: &mut Clock,
        ports: &mut Vec<u16>,
        name: &str,
    ) -> Result<(), BadMedia> {
        let Some(ip) =
            link::ip_packet(record.link, record.data).map_err(|link| unknown_link(link, record, name))?
        else {
            self.skipped.not_udp += 1;
            return Ok(());
        };
        let (port, payload) = match datagram::udp(ip, record.cut()) {
            Found::Udp { destination_port, payload } => (destination_port, payload),
            Found::Other => {
                self.skipped.not_udp += 1;
                return Ok(());
            }
            Found::Fragment => {
                self.skipped.fragments += 1;
                return Ok(());
            }
            Found::Damaged => {
                self.skipped.damaged += 1;
                return Ok(());
            }
            Found::Cut => return Err(cut_packet(record, name)),
        };
        if payload.len() > LONGEST_PAYLOAD {
            return Err(long_packet(record, payload.len(), name));
        }
        if !looks_like_rtp(payload) {
            self.skipped.not_rtp += 1;
        }
        if record.time_us.is_none() {
            self.skipped.untimed += 1;
        }
        self.push(clock.offset(record.time_us), 0, payload);
        ports.push(port);
        Ok(())
    }

    fn settle_ports(&mut self, ports: &[u16], name: &str) -> Result<(), BadMedia> {
        let Some(&lowest) = ports.iter().min() else { return Err(self.without_udp(name)) };
        for (packet, port) in self.packets.iter_mut().zip(ports) {
            packet.port_offset = port - lowest;
        }
        self.packets.shrink_to_fit();
        self.bytes.shrink_to_fit();
        Ok(())
    }

    fn without_udp(&self, name: &str) -> BadMedia {
        let Skipped { not_udp, fragments, damaged, .. } = self.skipped;
        let total = not_udp + fragments + damaged;
        if total == 0 {
            return BadMedia {
                what: format!("{name}: a capture without any packet"),
                help: "record again while media flows, for example: tshark -i eth0 -f udp -w file.pcap"
                    .to_owned(),
            };
        }
        let mut what = format!("{name}: no UDP packet that could be played among {total}");
        if fragments > 0 {
            what += &format!("; {fragments} are fragments of IP packets");
        }
        if damaged > 0 {
            what += &format!("; {damaged} have lengths that contradict each other");
        }
        let way_out = if fragments > 0 {
            "fragments are not put together: record where packets are whole, before the MTU of a host or a \
             router cuts them, or let the sender make shorter ones"
        } else {
            "RTP is UDP over IPv4 or IPv6; 802.11 must be decrypted"
        };
        BadMedia { what, help: format!("look at it with: tshark -r {name}; {way_out}") }
    }
}

impl Skipped {
    /// What the user should know about the file, in words; `None` if all of it is RTP and is played.
    pub fn note(&self) -> Option<String> {
        let parts: Vec<String> = [
            (self.not_udp, "not UDP, left out"),
            (self.fragments, "fragments of IP packets, left out"),
            (self.damaged, "damaged, left out"),
            (self.not_rtp, "neither RTP nor RTCP, played as they are"),
            (self.untimed, "without a time, played right after the one before"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        if parts.is_empty() { None } else { Some(format!("packets: {}", parts.join("; "))) }
    }
}

/// Turns times into offsets that never go back.
#[derive(Debug, Default)]
struct Clock {
    /// The time of the file that is offset 0.
    origin_us: Option<i128>,
    /// The latest offset so far.
    latest_us: i128,
}

impl Clock {
    fn offset(&mut self, time_us: Option<i128>) -> u64 {
        if let Some(time) = time_us {
            let origin = *self.origin_us.get_or_insert(time);
            let offset = time - origin;
            if offset + 1_000_000 < self.latest_us {
                // Not packets that overtook each other, but another clock: files joined in the wrong order.
                self.origin_us = Some(time - self.latest_us);
            }
            self.latest_us = self.latest_us.max(offset).min(i128::from(LONGEST_US));
        }
        self.latest_us as u64
    }
}

/// RTP, or RTCP by the types that RFC 5761 §4 tells apart: version 2 and all the headers it speaks of.
fn looks_like_rtp(payload: &[u8]) -> bool {
    rtp::Header::parse(payload).is_some()
        || matches!(payload, [first, 192..=223, ..] if first >> 6 == 2 && payload.len() >= 8)
}

fn unknown_link(link: u16, record: &Record<'_>, name: &str) -> BadMedia {
    BadMedia {
        what: format!("{name}: packet {} has link type {link}, which is not known here", record.number),
        help: "known are Ethernet (1), raw IP (12, 14, 101, 228, 229), Linux cooked (113, 276), \
               loopback (0, 108), PPP (9, 50), 802.11 (105) and radiotap (127); \
               record with: tshark -i any -f udp -w file.pcap"
            .to_owned(),
    }
}

fn cut_packet(record: &Record<'_>, name: &str) -> BadMedia {
    BadMedia {
        what: format!(
            "{name}: packet {} was not captured whole: {} of {} bytes are there",
            record.number,
            record.data.len(),
            record.original_len
        ),
        help: "record without a snapshot length (tcpdump -s 0), or leave such packets out: \
               tshark -r file -Y 'frame.cap_len == frame.len' -F pcap -w whole.pcap"
            .to_owned(),
    }
}

fn long_packet(record: &Record<'_>, len: usize, name: &str) -> BadMedia {
    BadMedia {
        what: format!(
            "{name}: packet {} carries {len} bytes over UDP, more than the {LONGEST_PAYLOAD} that are sent",
            record.number
        ),
        help: format!("leave it out: tshark -r {name} -Y 'udp.length <= 1500' -F pcap -w short.pcap"),
    }
}

#[cfg(test)]
mod tests;
