//! What comes on a media port: RTP and RTCP, told apart, read, and listened to; and what we would report of
//! it.
//!
//! The input is a list of datagrams, each behind a byte for its length and one for the time since the one
//! before, in 4 ms.

#![no_main]

use busyhour_media::Time;
use busyhour_media::hear::{DIGITS_MAX, Listening, SOURCES_MAX};
use busyhour_wire::rtcp;
use busyhour_wire::rtp::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut listening = Listening::new(true);
    listening.note_answer(Time::ZERO);
    let mut now = Time::ZERO;
    let mut blocks = Vec::new();
    let mut rest = bytes;
    let mut datagrams = 0;
    while let [len, wait, more @ ..] = rest {
        let (datagram, after) = more.split_at(usize::from(*len).min(more.len()));
        rest = after;
        now = now + u64::from(*wait) * 4_000;
        datagrams += 1;
        if rtcp::is_rtcp(datagram) {
            listening.rtcp(now, rtcp::ntp(now.as_micros()), datagram, |ssrc| ssrc % 2 == 0);
            listening.report_blocks(now, &mut blocks);
            assert!(blocks.len() <= SOURCES_MAX);
            let mut report = Vec::new();
            rtcp::write_report(&mut report, 1, None, &blocks);
            let Some(rtcp::Packet::Report(read)) = rtcp::packets(&report).next() else {
                panic!("our report cannot be read")
            };
            assert!(read.blocks().eq(blocks.drain(..)));
        } else if let Some((header, payload)) = Header::parse(datagram) {
            listening.packet(now, false, &header, payload, true);
        } else {
            listening.not_rtp();
        }
    }
    let heard = listening.heard(now);
    assert!(heard.packets + heard.not_rtp <= datagrams);
    assert!(heard.lost <= heard.expected && (0.0..=1.0).contains(&heard.loss));
    assert!(heard.digits.len() <= DIGITS_MAX);
    assert!(heard.dead_air.is_none_or(|part| (0.0..=1.0).contains(&part)));
    assert!(heard.mos.is_none_or(|mos| (1.0..=4.5).contains(&mos)));
    assert!(heard.jitter_ms.is_finite() && heard.burst_ratio.is_finite());
});
