//! Whole streams, as they come to a call.

use std::mem::offset_of;
use std::net::SocketAddr;

use busyhour_wire::rtcp::{SenderInfo, ntp, write_bye, write_report};
use proptest::prelude::*;

use super::*;
use crate::codec::g711;
use crate::generate;
use crate::heard::Digit;

const SSRC: u32 = 0xca11_0000;

fn remote(sends: bool) -> Remote {
    let format = |payload_type, encoding: &str| Format {
        payload_type,
        encoding: encoding.to_owned(),
        clock_hz: 8_000,
    };
    let rtp = SocketAddr::from(([127, 0, 0, 1], 6_000));
    Remote {
        rtp,
        rtcp: rtp,
        formats: vec![format(8, "PCMA"), format(9, "G722"), format(101, "telephone-event")],
        sends,
    }
}

fn answered() -> Listening {
    let mut listening = Listening::new(false);
    listening.set_remote(Some(&remote(true)), Time::from_millis(1_000));
    listening
}

fn header(n: u32) -> Header {
    Header {
        marker: n == 0,
        payload_type: 8,
        sequence: (65_500 + n) as u16,
        timestamp: 160_u32.wrapping_mul(n),
        ssrc: SSRC,
    }
}

/// When packet `n` comes if nothing delays it.
fn at(n: u32) -> Time {
    Time::from_millis(1_100 + u64::from(n) * 20)
}

fn alaw(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| g711::encode_alaw(*sample)).collect()
}

/// Takes samples as packets of 20 ms, but for those that are lost.
fn play(listening: &mut Listening, samples: &[i16], lost: impl Fn(u32) -> bool) {
    for (n, payload) in (0..).zip(alaw(samples).chunks(160)) {
        if !lost(n) {
            listening.packet(at(n), false, &header(n), payload, true);
        }
    }
}

#[track_caller]
fn near(found: f64, expected: f64, by: f64) {
    assert!((found - expected).abs() <= by, "found {found}, expected {expected}");
}

#[test]
fn a_clean_call() {
    let mut listening = answered();
    listening.sent(500);
    play(&mut listening, &generate::speech(1, 10_000, 8_000), |_| false);
    let heard = listening.heard(at(499) + 500_000);
    assert_eq!((heard.packets, heard.bytes, heard.sent, heard.expected), (500, 80_000, 500, 500));
    assert_eq!((heard.lost, heard.duplicates, heard.reordered, heard.ssrc_changes), (0, 0, 0, 0));
    assert_eq!((heard.jitter_ms, heard.gap_max_ms, heard.first_packet_ms), (0.0, 20.0, Some(100.0)));
    assert_eq!(heard.silent_for_ms, 500.0);
    assert_eq!((heard.wrong_payload_type, heard.from_elsewhere, heard.one_way), (0, 0, false));
    near(heard.level_dbm0.unwrap(), -20.0, 1.5);
    assert!((0.1..0.6).contains(&heard.dead_air.unwrap()), "{:?}", heard.dead_air);
    near(heard.mos.unwrap(), 4.41, 0.01);
    near(heard.r_factor.unwrap(), 93.2, 0.1);
    assert_eq!((heard.mos_conversational, heard.rtt_ms, heard.far_loss), (None, None, None));
    assert_eq!((heard.digits.len(), heard.burst_ratio), (0, 1.0));
    assert_eq!((heard.first_payload_type, heard.first_payload.len()), (Some(8), 0));
}

#[test]
fn a_stream_that_dies_is_a_gap_and_dead_air_but_no_loss() {
    let tone = generate::tone(1_000.0, -10.0, 10_000, 8_000);
    let mut listening = answered();
    play(&mut listening, &tone, |n| n >= 100);
    let last = at(99);
    let soon = listening.heard(last + 999_999);
    assert_eq!((soon.gap_max_ms, soon.silent_for_ms), (20.0, 999.999));
    near(soon.dead_air.unwrap(), 0.04, 0.01);
    let late = listening.heard(last + 8_000_000);
    assert_eq!((late.gap_max_ms, late.silent_for_ms, late.lost), (8_000.0, 8_000.0, 0));
    // 2 of 10.08 s were sound.
    near(late.dead_air.unwrap(), 0.80, 0.01);
    assert_eq!(late.mos, soon.mos);
    // On hold it need not speak, and after that not at once.
    let resumed = last + 5_000_000;
    listening.set_remote(Some(&remote(false)), last);
    assert_eq!(listening.heard(resumed).silent_for_ms, 0.0);
    listening.set_remote(Some(&remote(true)), resumed);
    assert_eq!(listening.heard(resumed + 2_000_000).gap_max_ms, 2_000.0);
    // Nor after BYE, of which the first one counts.
    listening.hang_up(resumed + 3_000_000);
    listening.hang_up(resumed + 9_000_000);
    assert_eq!(listening.heard(resumed + 60_000_000).silent_for_ms, 3_000.0);
}

#[test]
fn what_comes_is_read_by_our_own_payload_types() {
    let ours = [(96, "PCMA"), (97, "telephone-event")].map(|(payload_type, encoding)| Format {
        payload_type,
        encoding: encoding.to_owned(),
        clock_hz: 8_000,
    });
    let mut listening = Listening::new(false);
    listening.set_formats(&ours);
    // The peer wants the same under other numbers (RFC 3264 §6.1), as in `remote`.
    listening.set_remote(Some(&remote(true)), Time::from_millis(1_000));
    let payload = alaw(&generate::tone(1_000.0, -10.0, 20, 8_000));
    for n in 0..50 {
        listening.packet(at(n), false, &Header { payload_type: 96, ..header(n) }, &payload, true);
    }
    assert_eq!(listening.heard(at(50)).wrong_payload_type, 0);
    near(listening.heard(at(50)).mos.unwrap(), 4.41, 0.01);
    listening.packet(at(50), false, &header(50), &payload, true);
    assert_eq!(listening.heard(at(50)).wrong_payload_type, 1, "8 is for what we send");
}

#[test]
fn the_same_tone_after_silence_that_is_not_sent_is_a_second_digit() {
    let tone = generate::digits_inband("1", 80, 8_000);
    let mut listening = answered();
    for n in 0..8 {
        let pause = if n < 4 { 0 } else { 5 };
        let payload = alaw(&tone[n as usize % 4 * 160..][..160]);
        let header = Header { timestamp: (u32::MAX - 900).wrapping_add(160 * (n + pause)), ..header(n) };
        listening.packet(at(n + pause), false, &header, &payload, true);
    }
    let digits: Vec<u8> = listening.heard(at(20)).digits.iter().map(|digit| digit.digit).collect();
    assert_eq!(digits, b"11");
}

#[test]
fn the_shortest_tone_before_silence_that_is_not_sent_is_a_digit() {
    let tone = &generate::digits_inband("1", 80, 8_000)[..320];
    for late in 0..105 {
        let sound = alaw(&[&vec![0; late], tone, &vec![0; 160 - late % 160]].concat());
        let mut listening = answered();
        let (before, rest) = sound.split_at(late);
        listening.packet(at(0), false, &Header { timestamp: 0, ..header(0) }, before, true);
        let begin = Header { timestamp: late as u32, ..header(1) };
        listening.packet(at(1), false, &begin, &rest[..320], true);
        let later = Header { timestamp: 8_000, ..header(2) };
        listening.packet(at(50), false, &later, &[0xd5; 160], true);
        assert_eq!(listening.heard(at(51)).digits.len(), 1, "{late} samples late");
    }
}

#[test]
fn a_tone_before_a_lost_packet_is_a_digit() {
    let tone = &generate::digits_inband("1", 80, 8_000)[..320];
    for late in 0..105 {
        let sound = [&vec![0; late], tone, &vec![0; 800]].concat();
        let mut listening = answered();
        play(&mut listening, &sound, |n| n == (late as u32 + 319) / 160 + 1);
        assert_eq!(listening.heard(at(51)).digits.len(), 1, "{late} samples late");
    }
}

#[test]
fn a_stream_that_begins_with_a_short_tone_has_no_digit() {
    let tone = generate::digits_inband("1", 80, 8_000);
    let mut listening = answered();
    play(&mut listening, &[&tone[..24 * 8], &[0; 2_000]].concat(), |_| false);
    assert_eq!(listening.heard(at(51)).digits, []);
    let mut listening = answered();
    play(&mut listening, &[&tone[..40 * 8], &[0; 2_000]].concat(), |_| false);
    assert_eq!(listening.heard(at(51)).digits.len(), 1);
}

#[test]
fn loss_alone_and_in_bursts() {
    let tone = generate::tone(1_000.0, -10.0, 20_000, 8_000);
    let mut single = answered();
    play(&mut single, &tone, |n| n % 20 == 10);
    let single = single.heard(Time::ZERO);
    assert_eq!((single.expected, single.lost, single.loss), (1_000, 50, 0.05));
    near(single.burst_ratio, 0.95, 1e-9);
    near(single.mos.unwrap(), 3.94, 0.02);
    near(single.dead_air.unwrap(), 0.005, 0.005);
    let mut bursts = answered();
    play(&mut bursts, &tone, |n| n % 100 < 5 && n > 0);
    let bursts = bursts.heard(Time::ZERO);
    assert_eq!(bursts.lost, 49);
    near(bursts.burst_ratio, 4.9 * 0.951, 1e-9);
    assert!(bursts.mos < single.mos);
}

#[test]
fn silence_is_one_way_only_if_the_peer_may_speak() {
    let later = Time::from_millis(5_000);
    let mut listening = answered();
    listening.sent(24);
    assert!(!listening.heard(later).one_way, "too little was sent");
    listening.sent(1);
    assert!(listening.heard(later).one_way);
    assert!(!listening.heard(Time::from_millis(1_900)).one_way, "too early to say");
    listening.set_remote(Some(&remote(false)), later);
    assert!(!listening.heard(later).one_way, "it may not send");
    listening.set_remote(None, later);
    assert!(!listening.heard(later).one_way);
    let mut listening = answered();
    listening.sent(100);
    listening.packet(at(0), true, &header(0), &[0xd5; 160], true);
    assert!(!listening.heard(later).one_way);
}

#[test]
fn digits_as_events_among_sound() {
    let mut listening = answered();
    let mut sequence = 0;
    let mut time = 0_u64;
    let mut send = |listening: &mut Listening, payload_type, timestamp, payload: &[u8]| {
        let header = Header { marker: false, payload_type, sequence, timestamp, ssrc: SSRC };
        // Every third packet is lost.
        if sequence % 3 != 1 {
            listening.packet(Time::from_millis(1_000 + time), false, &header, payload, true);
        }
        sequence += 1;
        time += 20;
    };
    for (n, code) in [1_u8, 1, 11, 15].into_iter().enumerate() {
        let start = n as u32 * 3_200;
        for packet in 0..10 {
            send(&mut listening, 8, start + packet * 160, &[0xd5; 160]);
        }
        for packet in 1..=10_u16 {
            let duration = (packet.min(8) * 160).to_be_bytes();
            let end = if packet >= 8 { 0x80 } else { 0 };
            send(&mut listening, 101, start + 1_600, &[code, end | 10, duration[0], duration[1]]);
        }
    }
    let heard = listening.heard(at(100));
    let digits: Vec<_> = heard.digits.iter().map(|digit| (digit.digit, digit.payload_type)).collect();
    assert_eq!(digits, [b'1', b'1', b'#', b'D'].map(|digit| (digit, Some(101))));
    assert_eq!((heard.jitter_max_ms, heard.wrong_payload_type), (0.0, 0));
}

#[test]
fn digits_of_a_type_that_nobody_agreed_on() {
    let mut listening = answered();
    let header = Header { marker: true, payload_type: 96, sequence: 1, timestamp: 5, ssrc: 7 };
    // A filler of SIPp's play_dtmf, then a digit.
    let filler = Header { payload_type: 97, sequence: 0, ..header };
    listening.packet(at(0), false, &filler, &[0; 4], true);
    listening.packet(at(1), false, &header, &[3, 10, 0, 160], true);
    let heard = listening.heard(at(2));
    assert_eq!(heard.digits, [Digit { digit: b'3', payload_type: Some(96) }]);
    assert_eq!(heard.wrong_payload_type, 2);
}

#[test]
fn digits_as_tones() {
    let mut listening = answered();
    play(&mut listening, &generate::digits_inband("123*0#AD", 80, 8_000), |_| false);
    let digits: Vec<_> = listening.heard(at(0)).digits.iter().map(|digit| digit.digit).collect();
    assert_eq!(digits, b"123*0#AD");
}

#[test]
fn several_digits_in_one_packet() {
    let mut listening = answered();
    listening.packet(at(0), false, &header(0), &alaw(&generate::digits_inband("12", 60, 8_000)), true);
    let digits: Vec<_> = listening.heard(at(0)).digits.iter().map(|digit| digit.digit).collect();
    assert_eq!(digits, b"12");
}

#[test]
fn a_tone_before_its_event_is_one_digit_and_then_tones_are_none() {
    let mut listening = answered();
    let sound = generate::digits_inband("5", 200, 8_000);
    // 60 ms leak through before the gateway knows that it is a digit.
    play(&mut listening, &sound[..480], |_| false);
    assert_eq!(listening.heard(at(3)).digits, [Digit { digit: b'5', payload_type: None }]);
    let event = Header { payload_type: 101, ..header(3) };
    listening.packet(at(3), false, &event, &[5, 10, 0, 160], true);
    assert_eq!(listening.heard(at(3)).digits, [Digit { digit: b'5', payload_type: Some(101) }]);
    for (n, payload) in (4..).zip(alaw(&generate::digits_inband("6", 200, 8_000)).chunks(160)) {
        listening.packet(at(n), false, &header(n), payload, true);
    }
    assert_eq!(listening.heard(at(20)).digits.len(), 1);
}

#[test]
fn digits_have_a_limit() {
    let mut listening = answered();
    for n in 0..300 {
        let event = Header { payload_type: 101, timestamp: n * 1_000, ..header(n) };
        listening.packet(at(n), false, &event, &[1, 10, 0, 160], true);
    }
    let heard = listening.heard(at(300));
    assert_eq!((heard.digits.len(), heard.digits_dropped), (DIGITS_MAX, 44));
}

#[test]
fn reports_both_ways() {
    let mut listening = answered();
    listening.sent(100);
    let mut blocks = Vec::new();
    listening.report_blocks(at(0), &mut blocks);
    assert_eq!(blocks, [], "nothing heard");
    play(&mut listening, &generate::silence(2_000, 8_000), |n| n == 50);
    // Their report: sent 6 s ago by their clock's middle bits, about us and about another.
    let wall = ntp(1_700_000_000_000_000);
    let ours = ReportBlock {
        ssrc: 1,
        fraction_lost: 1,
        lost: 2,
        highest: 100,
        jitter: 80,
        last_sr: rtcp::ntp_middle(wall).wrapping_sub(65_536),
        delay: 65_536 - 6_554,
    };
    let info = SenderInfo { ntp: 0x1234_5678_9abc_def0, timestamp: 0, packets: 0, bytes: 0 };
    let mut compound = Vec::new();
    write_report(&mut compound, SSRC, Some(&info), &[ReportBlock { ssrc: 9, lost: 90, ..ours }, ours]);
    write_bye(&mut compound, SSRC);
    listening.rtcp(at(100), wall, &compound, |ssrc| ssrc == 1);
    let heard = listening.heard(at(100));
    assert_eq!((heard.far_loss, heard.far_jitter_ms), (Some(0.02), Some(10.0)));
    near(heard.rtt_ms.unwrap(), 100.0, 0.1);
    assert!(heard.mos_conversational.unwrap() < heard.mos.unwrap());

    listening.report_blocks(at(150), &mut blocks);
    let block = blocks[0];
    assert_eq!((block.ssrc, block.fraction_lost, block.lost, block.jitter), (SSRC, 2, 1, 0));
    // 65500 + 99 has wrapped once.
    assert_eq!((block.highest, block.last_sr, block.delay), (0x1_0000 + 63, 0x5678_9abc, 65_536));
    blocks.clear();
    listening.report_blocks(at(150), &mut blocks);
    assert_eq!(blocks, [], "nothing since");
}

#[test]
fn several_sources() {
    let mut listening = answered();
    let from = |ssrc, n| Header { ssrc, ..header(n) };
    for n in 0..10 {
        for ssrc in 0..5 {
            listening.packet(at(n), false, &from(ssrc, n), &[0xd5; 160], true);
        }
    }
    let heard = listening.heard(at(10));
    assert_eq!((heard.packets, heard.expected, heard.lost), (50, 40, 0));
    assert_eq!((heard.ssrc_changes, heard.strays), (4, 0));
    // After the others have gone silent a new one is followed, and the sums remain.
    for n in 100..110 {
        listening.packet(at(n), false, &from(77, n), &[0xd5; 160], true);
    }
    let heard = listening.heard(at(110));
    assert_eq!((heard.packets, heard.expected, heard.lost), (60, 50, 0));
    assert_eq!((heard.ssrc_changes, heard.strays), (5, 0));
}

#[test]
fn a_stray_packet_is_no_change_of_the_source() {
    let speech = alaw(&generate::speech(1, 10_000, 8_000));
    let mut listening = answered();
    for (n, payload) in (0..500).zip(speech.chunks(160)) {
        // One of each of many others, and some far off the numbers of this one.
        if n % 5 == 2 {
            let stray = Header { ssrc: n, payload_type: 9, ..header(n + 500) };
            listening.packet(at(n), true, &stray, &[0; 160], true);
        }
        if n % 100 == 50 {
            listening.packet(at(n), false, &Header { sequence: 30_000, ..header(n) }, payload, true);
        }
        listening.packet(at(n), false, &header(n), payload, true);
    }
    let heard = listening.heard(at(500));
    assert_eq!((heard.packets, heard.expected, heard.lost), (605, 500, 0));
    assert_eq!((heard.ssrc_changes, heard.strays, heard.jitter_max_ms), (0, 105, 0.0));
    near(heard.mos.unwrap(), 4.41, 0.01);
    let mut blocks = Vec::new();
    listening.report_blocks(at(500), &mut blocks);
    assert_eq!(blocks.iter().map(|block| block.ssrc).collect::<Vec<_>>(), [SSRC]);
}

#[test]
fn a_stray_packet_before_the_stream_is_no_stream() {
    let mut listening = answered();
    listening.packet(at(0), true, &Header { ssrc: 1, ..header(900) }, &[0xd5; 160], true);
    assert_eq!(listening.heard(at(0)).expected, 1, "it may be the first of its stream");
    for n in 1..50 {
        listening.packet(at(n), false, &header(n), &[0xd5; 160], true);
    }
    let heard = listening.heard(at(50));
    assert_eq!((heard.packets, heard.expected, heard.lost), (50, 49, 0));
    assert_eq!((heard.ssrc_changes, heard.strays), (0, 1));
}

#[test]
fn another_source_counts_from_its_first_packet() {
    let mut listening = answered();
    for n in 0..100 {
        let header = if n < 50 { header(n) } else { Header { ssrc: 5, ..header(n + 10_000) } };
        listening.packet(at(n), false, &header, &[0xd5; 160], true);
    }
    let heard = listening.heard(at(100));
    assert_eq!((heard.packets, heard.expected, heard.lost), (100, 100, 0));
    assert_eq!((heard.ssrc_changes, heard.strays), (1, 0));
}

#[test]
fn other_codecs() {
    let mut listening = answered();
    for n in 0..100 {
        listening.packet(at(n), false, &Header { payload_type: 9, ..header(n) }, &[0; 160], true);
    }
    let heard = listening.heard(at(100));
    assert_eq!((heard.level_dbm0, heard.dead_air, heard.jitter_ms), (None, None, 0.0));
    near(heard.r_factor.unwrap(), 116.0, 0.1);
    listening.packet(at(100), false, &Header { payload_type: 111, ..header(100) }, &[0; 60], true);
    assert_eq!(listening.heard(at(101)).wrong_payload_type, 1);
}

#[test]
fn the_first_payload_is_kept_if_it_is_wanted() {
    let mut listening = Listening::new(true);
    listening.packet(at(0), false, &header(0), &[7; 2_000], true);
    listening.packet(at(1), false, &header(1), &[8; 160], true);
    let heard = listening.heard(at(1));
    assert_eq!((heard.first_payload_type, heard.first_payload), (Some(8), vec![7; FIRST_PAYLOAD_MAX]));
    assert_eq!(heard.first_packet_ms, None, "no answer");
}

#[test]
fn a_plain_stream_takes_little_memory() {
    let one = size_of::<Listening>() + size_of::<Source>() + size_of::<level::Level>();
    assert!(one <= 864, "{one} bytes");
}

#[test]
fn packets_touch_few_cache_lines() {
    /// Bytes.
    const CACHE_LINE: usize = 64;
    // Whether tones are to be looked for is the last that is asked.
    let listening = offset_of!(Listening, digits) + 8;
    assert!(listening <= 2 * CACHE_LINE, "{listening}");
    let source = offset_of!(Source, reports);
    assert!(source <= 3 * CACHE_LINE, "{source}");
}

proptest! {
    /// Any packets at any time: the sums hold, and all figures are numbers in their ranges.
    #[test]
    fn any_packets(
        packets in prop::collection::vec(
            (any::<(u32, u16, u32, bool, bool)>(), 0_u8..128, prop::collection::vec(any::<u8>(), 0..400)),
            0..60,
        )
    ) {
        let mut listening = answered();
        for ((at, sequence, timestamp, marker, elsewhere), payload_type, payload) in &packets {
            let header = Header {
                marker: *marker,
                payload_type: *payload_type,
                sequence: *sequence,
                timestamp: *timestamp,
                ssrc: timestamp % 6,
            };
            listening.packet(Time::from_micros(u64::from(*at)), *elsewhere, &header, payload, true);
            listening.rtcp(Time::ZERO, u64::from(*timestamp) << 20, payload, |_| true);
        }
        let heard = listening.heard(Time::from_millis(9_000));
        prop_assert_eq!(heard.packets, packets.len() as u64);
        prop_assert!(heard.lost <= heard.expected);
        prop_assert!((0.0..=1.0).contains(&heard.loss));
        prop_assert!(heard.dead_air.is_none_or(|part| (0.0..=1.0).contains(&part)));
        prop_assert!(heard.mos.is_none_or(|mos| (1.0..=4.5).contains(&mos)));
        prop_assert!(heard.jitter_ms.is_finite() && heard.burst_ratio.is_finite());
        let mut blocks = Vec::new();
        listening.report_blocks(Time::MAX, &mut blocks);
        prop_assert!(blocks.len() <= SOURCES_MAX);
    }
}
