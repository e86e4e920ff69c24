//! The packets of capture files as they were recorded: pcap and pcapng.

use std::ops::ControlFlow;

use pcap_parser::nom::Err as Trouble;
use pcap_parser::pcapng::{
    Block, InterfaceDescriptionBlock, OptionCode, parse_block_be, parse_block_le, parse_sectionheaderblock,
};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{LegacyPcapBlock, PcapError, PcapHeader};
use pcap_parser::{parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified, parse_pcap_header};

use crate::library::BadMedia;

/// One packet of a file.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// Its number in the file, from 1: the one that Wireshark shows.
    pub(super) number: u64,
    /// The link type of the interface it was seen on.
    pub(super) link: u16,
    /// When, µs since 1970; `None` if the file does not say.
    pub(super) time_us: Option<i128>,
    /// What was captured.
    pub(super) data: &'a [u8],
    /// How long it was on the wire, bytes.
    pub(super) original_len: u32,
}

impl Record<'_> {
    /// Whether a part of it is missing.
    pub(super) fn cut(&self) -> bool {
        self.data.len() < self.original_len as usize
    }
}

/// Reads packet after packet.
#[derive(Debug)]
pub(super) struct Records<'a> {
    rest: &'a [u8],
    name: &'a str,
    number: u64,
    format: Format,
}

#[derive(Debug)]
enum Format {
    Pcap(PcapHeader),
    Ng { big_endian: bool, interfaces: Vec<Interface> },
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: u16,
    /// Longest packet that was captured; 0: no limit.
    snap_len: u32,
    /// Of time stamps.
    units_per_second: u128,
    offset_seconds: i64,
}

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
/// The longest block that is read, as in libpcap: a longer one is damage.
const LONGEST_BLOCK: usize = 16 << 20;

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8], name: &'a str) -> Result<Records<'a>, BadMedia> {
        if bytes.is_empty() {
            return Err(BadMedia {
                what: format!("{name}: an empty file, not a capture"),
                help: "record again, for example: tshark -i eth0 -f udp -w file.pcap".to_owned(),
            });
        }
        if bytes.starts_with(&SECTION.to_le_bytes()) {
            let format = Format::Ng { big_endian: false, interfaces: Vec::new() };
            return Ok(Records { rest: bytes, name, number: 0, format });
        }
        match parse_pcap_header(bytes) {
            Ok((rest, header)) => Ok(Records { rest, name, number: 0, format: Format::Pcap(header) }),
            Err(Trouble::Incomplete(_)) if bytes.len() >= 4 => Err(cut_file(name, 0)),
            Err(_) => Err(not_a_capture(bytes, name)),
        }
    }

    /// The next packet; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Record<'a>>, BadMedia> {
        while !self.rest.is_empty() {
            let step = match &self.format {
                Format::Pcap(_) => self.next_frame()?,
                Format::Ng { .. } => self.next_block()?,
            };
            if let ControlFlow::Break(record) = step {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn next_frame(&mut self) -> Result<ControlFlow<Record<'a>>, BadMedia> {
        let Format::Pcap(header) = &self.format else { return Ok(ControlFlow::Continue(())) };
        let parsed = match (header.is_modified_format(), header.is_bigendian()) {
            (true, _) => parse_pcap_frame_modified(self.rest),
            (_, true) => parse_pcap_frame_be(self.rest),
            (_, false) => parse_pcap_frame(self.rest),
        };
        // The upper half of the field tells of checksums at the end of frames, which IP lengths leave out
        // anyway.
        let link = header.network.0 as u16;
        let nanoseconds = header.is_nanosecond_precision();
        let (rest, frame) = parsed.map_err(|_| cut_file(self.name, self.number))?;
        let LegacyPcapBlock { ts_sec, ts_usec, origlen, data, .. } = frame;
        let fraction_us = if nanoseconds { ts_usec / 1000 } else { ts_usec };
        let time_us = Some(i128::from(ts_sec) * 1_000_000 + i128::from(fraction_us));
        self.rest = rest;
        self.number += 1;
        Ok(ControlFlow::Break(Record { number: self.number, link, time_us, data, original_len: origlen }))
    }

    fn next_block(&mut self) -> Result<ControlFlow<Record<'a>>, BadMedia> {
        let (block, kind) = self.cut_block()?;
        let Format::Ng { big_endian, interfaces } = &mut self.format else {
            return Ok(ControlFlow::Continue(()));
        };
        if kind == SECTION {
            let (_, section) = parse_sectionheaderblock(block)
                .map_err(|trouble| damaged(self.name, self.number, &trouble))?;
            *big_endian = section.big_endian();
            interfaces.clear();
            return Ok(ControlFlow::Continue(()));
        }
        // Names, statistics and secrets do not matter here, and what they hold need not be understood.
        if !matches!(kind, INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET) {
            return Ok(ControlFlow::Continue(()));
        }
        let parsed = if *big_endian { parse_block_be(block) } else { parse_block_le(block) };
        let (_, parsed) = parsed.map_err(|trouble| damaged(self.name, self.number, &trouble))?;
        let (id, units, data, original_len) = match &parsed {
            Block::InterfaceDescription(description) => {
                let interface = Interface::new(description, *big_endian)
                    .ok_or_else(|| bad_resolution(self.name, interfaces.len()))?;
                interfaces.push(interface);
                return Ok(ControlFlow::Continue(()));
            }
            Block::EnhancedPacket(packet) => {
                let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let data = packet.data.get(..packet.caplen as usize).unwrap_or(packet.data);
                (packet.if_id as usize, Some(units), data, packet.origlen)
            }
            Block::SimplePacket(packet) => {
                // Cut to what was captured, which only the interface knows (pcapng §4.4).
                let snap_len = interfaces.first().map_or(0, |interface| interface.snap_len);
                let limit = if snap_len == 0 { u32::MAX } else { snap_len };
                let len = (packet.orig_len().min(limit) as usize).min(packet.data.len());
                (0, None, &packet.data[..len], packet.orig_len())
            }
            Block::Unknown(packet) => match obsolete_packet(packet.data, *big_endian) {
                Some((id, units, data, original_len)) => (id, Some(units), data, original_len),
                None => return Err(cut_file(self.name, self.number)),
            },
            _ => return Ok(ControlFlow::Continue(())),
        };
        self.number += 1;
        let Some(interface) = interfaces.get(id).copied() else {
            return Err(no_interface(self.name, self.number, id));
        };
        let time_us = units.map(|units| interface.time_us(units));
        Ok(ControlFlow::Break(Record {
            number: self.number,
            link: interface.link,
            time_us,
            data,
            original_len,
        }))
    }

    /// Takes the next block off, by the length that it states.
    fn cut_block(&mut self) -> Result<(&'a [u8], u32), BadMedia> {
        let Format::Ng { big_endian, .. } = &self.format else {
            return Err(cut_file(self.name, self.number));
        };
        let head = self.rest.get(..12).ok_or_else(|| cut_file(self.name, self.number))?;
        let number = |at: usize, big: bool| {
            let bytes = [head[at], head[at + 1], head[at + 2], head[at + 3]];
            if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        let kind = number(0, *big_endian);
        // The header of a section brings its own byte order.
        let big = if kind == SECTION { number(8, true) == 0x1a2b_3c4d } else { *big_endian };
        let len = number(4, big) as usize;
        if !(12..=LONGEST_BLOCK).contains(&len) || !len.is_multiple_of(4) {
            return Err(BadMedia {
                what: format!("{}: damaged after packet {}: a block of {len} bytes", self.name, self.number),
                help: "what is before the damage can be saved: editcap -r damaged.pcapng good.pcapng 1-N"
                    .to_owned(),
            });
        }
        let (block, rest) =
            self.rest.split_at_checked(len).ok_or_else(|| cut_file(self.name, self.number))?;
        self.rest = rest;
        Ok((block, kind))
    }
}

impl Interface {
    fn new(description: &InterfaceDescriptionBlock<'_>, big_endian: bool) -> Option<Interface> {
        let mut interface = Interface {
            link: description.linktype.0 as u16,
            snap_len: description.snaplen,
            units_per_second: 1_000_000,
            offset_seconds: 0,
        };
        for option in &description.options {
            let value = option.value();
            if option.code == OptionCode::IfTsresol {
                let &exponent = value.first()?;
                interface.units_per_second = match exponent & 0x7f {
                    power if exponent & 0x80 != 0 => 2_u128.checked_pow(power.into())?,
                    power => 10_u128.checked_pow(power.into())?,
                };
            } else if option.code == OptionCode::IfTsoffset {
                let bytes = *value.first_chunk::<8>()?;
                interface.offset_seconds =
                    if big_endian { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) };
            }
        }
        Some(interface)
    }

    fn time_us(&self, units: u64) -> i128 {
        // 64 bits times a million: far from the end of 128.
        let since = u128::from(units) * 1_000_000 / self.units_per_second;
        since as i128 + i128::from(self.offset_seconds) * 1_000_000
    }
}

/// The packet block of early pcapng (§A of the draft): interface, drops, time, lengths, data.
fn obsolete_packet(body: &[u8], big_endian: bool) -> Option<(usize, u64, &[u8], u32)> {
    let (head, data) = body.split_first_chunk::<20>()?;
    let short = |at: usize| {
        let bytes = [head[at], head[at + 1]];
        if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    };
    let long = |at: usize| {
        let bytes = [head[at], head[at + 1], head[at + 2], head[at + 3]];
        if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    let units = u64::from(long(4)) << 32 | u64::from(long(8));
    Some((usize::from(short(0)), units, data.get(..long(12) as usize)?, long(16)))
}

fn cut_file(name: &str, packets: u64) -> BadMedia {
    BadMedia {
        what: format!("{name}: the file ends in the middle of something, after {packets} whole packets"),
        help: match packets {
            0 => "it was not written to its end: copy or record it again".to_owned(),
            _ => format!(
                "it was not written to its end; this keeps the whole packets: editcap -F pcap {name} whole.pcap"
            ),
        },
    }
}

fn damaged(name: &str, packets: u64, trouble: &Trouble<PcapError<&[u8]>>) -> BadMedia {
    if matches!(trouble, Trouble::Incomplete(_)) {
        return cut_file(name, packets);
    }
    BadMedia {
        what: format!("{name}: damaged after packet {packets}: the lengths of a block contradict each other"),
        help: "what is before the damage can be saved: editcap -r damaged.pcapng good.pcapng 1-N".to_owned(),
    }
}

fn bad_resolution(name: &str, interface: usize) -> BadMedia {
    BadMedia {
        what: format!("{name}: interface {interface} has an option for its times that cannot be read"),
        help: "write it again: editcap -F pcap file.pcapng file.pcap".to_owned(),
    }
}

fn no_interface(name: &str, number: u64, id: usize) -> BadMedia {
    BadMedia {
        what: format!("{name}: packet {number} is of interface {id}, which the file does not describe"),
        help: "the file is damaged, or put together by hand; join captures with mergecap".to_owned(),
    }
}

fn not_a_capture(bytes: &[u8], name: &str) -> BadMedia {
    let (found, help) = match bytes {
        [0x1f, 0x8b, ..] => ("compressed with gzip", "unpack it: gunzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("compressed with zstd", "unpack it: zstd -d"),
        [0x04, 0x22, 0x4d, 0x18, ..] => ("compressed with lz4", "unpack it: lz4 -d"),
        [b'R', b'I', b'F', b'F', ..] => ("a sound (RIFF)", "sounds are played with rtp_stream"),
        [b's', b'n', b'o', b'o', b'p', ..] => {
            ("a capture of snoop", "convert it: editcap -F pcap in out.pcap")
        }
        _ => ("neither pcap nor pcapng", "if Wireshark can read it, convert it: editcap -F pcap in out.pcap"),
    };
    BadMedia { what: format!("{name}: {found}, not a capture"), help: help.to_owned() }
}
