//! RTCP (RFC 3550 §6): a view of compound packets, and a writer of the reports, names and goodbyes that a
//! load tester sends. What is cut short or of an unknown type is passed over; nothing panics.

/// Most report blocks that one report holds: its count has five bits.
pub const BLOCKS_MAX: usize = 31;

/// From 1900, where NTP begins, to 1970, in seconds (RFC 5905 §6).
const NTP_TO_UNIX_SECONDS: u64 = 2_208_988_800;

const VERSION: u8 = 2 << 6;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
/// SDES item CNAME (RFC 3550 §6.5.1).
const CNAME: u8 = 1;
const BLOCK_LEN: usize = 24;

/// Tells RTCP from RTP where both come on one port (RFC 5761 §4): version 2 and a packet type of 192 to 223.
/// RTP whose payload type is 64 to 95 with the marker set looks the same, which is why that RFC forbids those
/// types.
pub fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes, [first, 192..=223, _, _, ..] if first >> 6 == 2)
}

/// Writes a wall clock, in µs since 1970, as an NTP timestamp: seconds since 1900 in the upper 32 bits,
/// wrapping as NTP does in 2036, and their fraction in the lower.
pub fn ntp(unix_us: u64) -> u64 {
    let seconds = (unix_us / 1_000_000).wrapping_add(NTP_TO_UNIX_SECONDS);
    let fraction = (unix_us % 1_000_000) << 32;
    (seconds << 32) | (fraction / 1_000_000)
}

/// The middle 32 bits of an NTP timestamp, in units of 1/65536 s: what "last SR" holds (RFC 3550 §6.4.1).
pub fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// What one source has heard of another (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// Which source was heard.
    pub ssrc: u32,
    /// Part of its packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the beginning: 24 bits with a sign on the wire; duplicates can make it negative.
    pub lost: i32,
    /// Highest sequence number received; how often it wrapped in the upper 16 bits.
    pub highest: u32,
    /// Interarrival jitter, in units of the timestamp.
    pub jitter: u32,
    /// [`ntp_middle`] of the last sender report; 0 if none came.
    pub last_sr: u32,
    /// From that one's arrival to this report, in 1/65536 s.
    pub delay: u32,
}

impl ReportBlock {
    fn parse(bytes: &[u8; BLOCK_LEN]) -> ReportBlock {
        let lost = word(bytes, 4) & 0x00ff_ffff;
        ReportBlock {
            ssrc: word(bytes, 0),
            fraction_lost: bytes[4],
            lost: (lost << 8) as i32 >> 8,
            highest: word(bytes, 8),
            jitter: word(bytes, 12),
            last_sr: word(bytes, 16),
            delay: word(bytes, 20),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let lost = self.lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0x00ff_ffff;
        for word in [
            self.ssrc,
            u32::from(self.fraction_lost) << 24 | lost,
            self.highest,
            self.jitter,
            self.last_sr,
            self.delay,
        ] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
}

/// What a sender says of itself (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// Its wall clock, see [`ntp`].
    pub ntp: u64,
    /// The same moment in the clock of its timestamps.
    pub timestamp: u32,
    /// RTP packets sent; wraps.
    pub packets: u32,
    /// Payload bytes sent; wraps.
    pub bytes: u32,
}

/// A sender's or a receiver's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'a> {
    /// Who reports.
    pub ssrc: u32,
    /// Of its own sending; `None` in receiver reports.
    pub sender: Option<SenderInfo>,
    blocks: &'a [u8],
}

impl Report<'_> {
    /// What it has heard of others.
    pub fn blocks(&self) -> impl Iterator<Item = ReportBlock> {
        self.blocks.as_chunks::<BLOCK_LEN>().0.iter().map(ReportBlock::parse)
    }
}

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// SR or RR.
    Report(Report<'a>),
    /// SDES: the first source's name.
    Description {
        /// Whose name.
        ssrc: u32,
        /// Its canonical name (CNAME); `None` if the packet has none.
        cname: Option<&'a [u8]>,
    },
    /// BYE: of the first source that leaves; `None` if none is named.
    Bye(Option<u32>),
    /// Another type, which is named.
    Other(u8),
}

/// The packets of a compound, up to the first whose length is impossible.
pub fn packets(compound: &[u8]) -> Packets<'_> {
    Packets { rest: compound }
}

/// Iterates over the packets of a compound; see [`packets`].
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        loop {
            let (head, after) = self.rest.split_first_chunk::<4>()?;
            if head[0] >> 6 != 2 {
                self.rest = &[];
                return None;
            }
            let len = usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
            let Some((body, rest)) = after.split_at_checked(len) else {
                self.rest = &[];
                return None;
            };
            self.rest = rest;
            // One that is cut short within is passed over; the next may be whole.
            if let Some(packet) = parse(head[0] & 0x1f, head[1], body) {
                return Some(packet);
            }
        }
    }
}

fn parse(count: u8, kind: u8, body: &[u8]) -> Option<Packet<'_>> {
    match kind {
        SENDER_REPORT | RECEIVER_REPORT => {
            let (ssrc, mut rest) = body.split_first_chunk::<4>()?;
            let mut sender = None;
            if kind == SENDER_REPORT {
                let (info, after) = rest.split_first_chunk::<20>()?;
                sender = Some(SenderInfo {
                    ntp: u64::from(word(info, 0)) << 32 | u64::from(word(info, 4)),
                    timestamp: word(info, 8),
                    packets: word(info, 12),
                    bytes: word(info, 16),
                });
                rest = after;
            }
            // Fewer than the count says are taken as they are; what follows them is a profile's extension.
            let blocks = &rest[..rest.len().min(usize::from(count) * BLOCK_LEN)];
            Some(Packet::Report(Report { ssrc: u32::from_be_bytes(*ssrc), sender, blocks }))
        }
        DESCRIPTION if count > 0 => {
            let (ssrc, items) = body.split_first_chunk::<4>()?;
            Some(Packet::Description { ssrc: u32::from_be_bytes(*ssrc), cname: cname(items) })
        }
        BYE => {
            let first = body.first_chunk::<4>().filter(|_| count > 0);
            Some(Packet::Bye(first.map(|ssrc| u32::from_be_bytes(*ssrc))))
        }
        other => Some(Packet::Other(other)),
    }
}

/// Finds CNAME among the items of a chunk.
fn cname(mut items: &[u8]) -> Option<&[u8]> {
    loop {
        let [kind, len, rest @ ..] = items else { return None };
        let (text, after) = rest.split_at_checked(usize::from(*len))?;
        match *kind {
            0 => return None,
            CNAME => return Some(text),
            _ => items = after,
        }
    }
}

/// Appends a report: a sender's if it says something of its own sending, else a receiver's. At most
/// [`BLOCKS_MAX`] blocks are written.
pub fn write_report(out: &mut Vec<u8>, ssrc: u32, sender: Option<&SenderInfo>, blocks: &[ReportBlock]) {
    let blocks = &blocks[..blocks.len().min(BLOCKS_MAX)];
    let kind = if sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    let start = begin(out, blocks.len() as u8, kind, ssrc);
    if let Some(info) = sender {
        out.extend_from_slice(&info.ntp.to_be_bytes());
        for word in [info.timestamp, info.packets, info.bytes] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
    for block in blocks {
        block.write(out);
    }
    end(out, start);
}

/// Appends SDES with one CNAME; of a longer name the first 255 bytes.
pub fn write_description(out: &mut Vec<u8>, ssrc: u32, cname: &[u8]) {
    let cname = &cname[..cname.len().min(255)];
    let start = begin(out, 1, DESCRIPTION, ssrc);
    out.extend_from_slice(&[CNAME, cname.len() as u8]);
    out.extend_from_slice(cname);
    // The list ends with at least one zero, up to the next word (RFC 3550 §6.5).
    out.push(0);
    while !(out.len() - start).is_multiple_of(4) {
        out.push(0);
    }
    end(out, start);
}

/// Appends BYE of one source, without a reason.
pub fn write_bye(out: &mut Vec<u8>, ssrc: u32) {
    let start = begin(out, 1, BYE, ssrc);
    end(out, start);
}

/// Writes the head of a packet with a length still to come; says where it starts.
fn begin(out: &mut Vec<u8>, count: u8, kind: u8, ssrc: u32) -> usize {
    let start = out.len();
    out.extend_from_slice(&[VERSION | count, kind, 0, 0]);
    out.extend_from_slice(&ssrc.to_be_bytes());
    start
}

/// Fills in the length: words after the first. The longest packet here, 31 blocks, has 194.
fn end(out: &mut [u8], start: usize) {
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

/// The big-endian word at `at`, which all callers keep within the length.
fn word<const LEN: usize>(bytes: &[u8; LEN], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> ReportBlock {
        ReportBlock {
            ssrc: 0x1111_2222,
            fraction_lost: 12,
            lost: -3,
            highest: 0x0002_ffff,
            jitter: 99,
            last_sr: 0xaabb_ccdd,
            delay: 0x0001_8000,
        }
    }

    #[test]
    fn compound_is_read_as_written() {
        let info = SenderInfo { ntp: ntp(1_700_000_000_500_000), timestamp: 160, packets: 7, bytes: 1120 };
        let mut out = Vec::new();
        write_report(&mut out, 1, Some(&info), &[block(), ReportBlock { lost: 0x7f_ffff, ..block() }]);
        write_report(&mut out, 1, None, &[]);
        write_description(&mut out, 1, b"busyhour-1@127.0.0.1");
        write_bye(&mut out, 1);
        assert!(is_rtcp(&out));
        assert_eq!(out.len() % 4, 0);
        let mut all = packets(&out);
        let Some(Packet::Report(report)) = all.next() else { panic!("no report") };
        assert_eq!((report.ssrc, report.sender), (1, Some(info)));
        let blocks: Vec<_> = report.blocks().collect();
        assert_eq!(blocks, [block(), ReportBlock { lost: 0x7f_ffff, ..block() }]);
        let Some(Packet::Report(report)) = all.next() else { panic!("no receiver report") };
        assert_eq!((report.sender, report.blocks().count()), (None, 0));
        assert_eq!(all.next(), Some(Packet::Description { ssrc: 1, cname: Some(b"busyhour-1@127.0.0.1") }));
        assert_eq!(all.next(), Some(Packet::Bye(Some(1))));
        assert_eq!(all.next(), None);
    }

    #[test]
    fn names_of_all_lengths_are_padded() {
        for len in 0..300 {
            let mut out = vec![0xff; 3];
            write_description(&mut out, 9, &vec![b'x'; len]);
            let Some(Packet::Description { ssrc: 9, cname: Some(cname) }) = packets(&out[3..]).next() else {
                panic!("no name of {len}")
            };
            assert_eq!(cname.len(), len.min(255));
            assert_eq!(packets(&out[3..]).count(), 1);
        }
    }

    #[test]
    fn sender_report_by_hand() {
        let bytes = [
            0x81, 200, 0, 12, 0, 0, 0, 5, // head
            0xe9, 0x05, 0xa9, 0x80, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, // sender
            0, 0, 0, 6, 64, 0xff, 0xff, 0xfe, 0, 1, 0, 2, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9, // block
        ];
        let Some(Packet::Report(report)) = packets(&bytes).next() else { panic!("no report") };
        assert_eq!(report.sender.map(|info| ntp_middle(info.ntp)), Some(0xa980_8000));
        let block = report.blocks().next().unwrap();
        assert_eq!((block.ssrc, block.fraction_lost, block.lost, block.highest), (6, 64, -2, 0x0001_0002));
    }

    #[test]
    fn ntp_counts_from_1900() {
        assert_eq!(ntp(0), 2_208_988_800 << 32);
        assert_eq!(ntp(500_000) as u32, 0x8000_0000);
        assert_eq!(ntp_middle(ntp(250_000)) & 0xffff, 0x4000);
        let _ = ntp(u64::MAX);
    }

    #[test]
    fn broken_packets_are_passed_over() {
        let mut out = Vec::new();
        write_report(&mut out, 1, None, &[block()]);
        write_bye(&mut out, 1);
        for len in 0..out.len() {
            for packet in packets(&out[..len]) {
                if let Packet::Report(report) = packet {
                    assert!(report.blocks().count() <= 1);
                }
            }
        }
        assert_eq!(packets(&[0x80, 201, 0, 0, 0x80, 203, 0, 0]).collect::<Vec<_>>(), [Packet::Bye(None)]);
        assert_eq!(packets(&[0x80, 207, 0, 0]).next(), Some(Packet::Other(207)));
        assert!(!is_rtcp(&[0x80, 0xc8]));
        assert!(!is_rtcp(&[0x80, 0x80, 0, 0, 1, 2, 3, 4]), "PCMU with marker");
        assert!(!is_rtcp(&[0x40, 200, 0, 0]));
    }
}
