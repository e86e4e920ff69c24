//! When packets leave and what they look like.

use std::sync::Arc;

use busyhour_media::command::Media;
use busyhour_media::library::Digits;
use busyhour_media::{Capture, Happening, Library, Settings, Sound, Source, Time, What};
use busyhour_wire::rtcp::{self, Packet};
use busyhour_wire::rtp::{Header, PacketForm};
use busyhour_wire::sdp::Medium;

use crate::link::{Impairment, Link, pcmu, port, remote, sound};

const AUDIO: Medium = Medium::Audio;

fn link() -> Link {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    link.call(1, [10_000, 10_002]);
    link
}

/// RTP at the given moments (µs), RTCP behind the second packet, a stray one three ports up.
fn capture(moments: &[u64]) -> Arc<Capture> {
    let mut capture = Capture::default();
    for (n, moment) in moments.iter().enumerate() {
        let header = Header {
            marker: false,
            payload_type: 8,
            sequence: 65_534u16.wrapping_add(n as u16),
            timestamp: u32::MAX - 200 + 160 * n as u32 % 100,
            ssrc: 0xabcd,
        };
        let mut packet = header.to_bytes().to_vec();
        packet.extend_from_slice(&[0xd5; 160]);
        capture.push(*moment, 0, &packet);
        if n == 1 {
            capture.push(*moment, 1, &[0x80, 201, 0, 1, 0, 0, 0xab, 0xcd]);
            capture.push(*moment, 3, b"stray");
        }
    }
    Arc::new(capture)
}

#[test]
fn capture_is_sent_as_it_is_at_its_own_pace() {
    let mut link = link();
    let moments = [0, 20_500, 35_250, 90_000, 90_100];
    let capture = capture(&moments);
    link.play(0, 1, Source::Capture { capture: Arc::clone(&capture), renumbered: false });
    link.run_ms(500);
    let sent = &link.ends[0].sent;
    let expected: Vec<&[u8]> = capture.packets.iter().map(|packet| capture.payload(packet)).collect();
    assert_eq!(sent.iter().map(|sent| &sent.bytes[..]).collect::<Vec<_>>(), expected);
    let start = sent[0].at;
    let rtp: Vec<u64> = link.ends[0].rtp().iter().map(|(at, ..)| at.micros_since(start)).collect();
    for (sent, moment) in rtp.iter().zip(moments) {
        assert!((moment..moment + 1000).contains(sent), "{rtp:?}");
    }
    let to: Vec<(u16, bool)> = sent.iter().map(|sent| (sent.to.port(), sent.rtcp)).collect();
    assert_eq!(
        to,
        [
            (10_002, false),
            (10_002, false),
            (10_003, true),
            (10_005, false),
            (10_002, false),
            (10_002, false),
            (10_002, false)
        ]
    );
    let counters = link.snapshot(0).counters;
    assert_eq!((counters.replayed_packets, counters.packets_sent, counters.rtcp_sent), (7, 6, 1));
}

/// The thread is late, and the next play comes before what is due of the last one has left.
#[test]
fn a_capture_that_follows_cuts_off_nothing_that_is_due() {
    let mut link = link();
    let moments: Vec<u64> = (0..10).map(|n| n * 20_000).collect();
    let capture = capture(&moments);
    let play = |link: &mut Link| {
        link.play(0, 1, Source::Capture { capture: Arc::clone(&capture), renumbered: false });
    };
    play(&mut link);
    link.run_ms(50);
    link.stall_ms(150);
    play(&mut link);
    link.run_ms(300);
    assert_eq!(link.ends[0].rtp().len(), 20);
}

/// Sequence numbers without a gap, timestamps that never go back, one SSRC, a marker at the start.
fn assert_is_one_stream(rtp: &[(Time, Header, Vec<u8>)]) {
    for pair in rtp.windows(2) {
        let ((_, a, _), (_, b, _)) = (&pair[0], &pair[1]);
        assert_eq!(b.sequence, a.sequence.wrapping_add(1));
        assert!((b.timestamp.wrapping_sub(a.timestamp) as i32) >= 0, "{a:?} {b:?}");
        assert_eq!(a.ssrc, b.ssrc);
    }
    assert!(rtp[0].1.marker);
}

#[test]
fn digits_played_twice_are_heard_twice() {
    let mut link = link();
    let library = Library::new(None);
    let one = library.digits(&Digits { digits: "1".to_owned(), tone_ms: 100, payload_type: 96 });
    for _ in 0..2 {
        link.play(0, 1, Source::Capture { capture: Arc::clone(&one), renumbered: true });
        link.run_ms(2000);
    }
    let rtp = link.ends[0].rtp();
    assert_eq!((rtp[0].1.sequence, rtp[0].1.timestamp), (1200, 24_000), "as SIPp begins");
    assert_is_one_stream(&rtp);
    let heard: Vec<u8> = link.heard(1, 1).digits.iter().map(|digit| digit.digit).collect();
    assert_eq!(heard, b"11");
    // Two seconds of real time are 16000 ticks.
    let starts: Vec<u32> = rtp
        .iter()
        .filter(|(_, header, _)| header.marker && header.payload_type == 96)
        .map(|p| p.1.timestamp)
        .collect();
    assert_eq!(starts[1] - starts[0], 16_000);
}

#[test]
fn renumbered_captures_and_streams_share_one_stream_of_the_call() {
    let mut link = link();
    link.play(0, 1, sound(1600, Some(1)));
    link.run_ms(300);
    for _ in 0..3 {
        link.play(0, 1, Source::Capture { capture: capture(&[0, 20_000, 40_000]), renumbered: true });
        link.run_ms(1000);
    }
    link.play(0, 1, sound(1600, Some(1)));
    link.run_ms(300);
    let rtp = link.ends[0].rtp();
    assert_eq!(rtp.len(), 10 + 9 + 10);
    assert_eq!(rtp[0].1.ssrc, 0xca11_0000 + 2);
    for pair in rtp.windows(2) {
        assert_eq!(pair[1].1.sequence, pair[0].1.sequence + 1);
    }
    assert!(rtp[10].1.marker && rtp[13].1.marker && !rtp[11].1.marker);
    assert_eq!(rtp[13].1.timestamp - rtp[10].1.timestamp, 8000);
    assert_eq!(link.snapshot(0).counters.captured_rtcp_skipped, 3);
}

#[test]
fn digits_during_a_sound_are_on_the_same_stream() {
    let mut link = link();
    link.play(0, 1, sound(4000, None));
    link.run_ms(200);
    let library = Library::new(None);
    let digits = library.digits(&Digits { digits: "42".to_owned(), tone_ms: 60, payload_type: 96 });
    link.play(0, 1, Source::Capture { capture: digits, renumbered: true });
    link.run_ms(2000);
    let rtp = link.ends[0].rtp();
    for pair in rtp.windows(2) {
        assert_eq!((pair[1].1.sequence, pair[1].1.ssrc), (pair[0].1.sequence + 1, pair[0].1.ssrc));
    }
    let heard = link.heard(1, 1);
    assert_eq!((heard.lost, heard.ssrc_changes), (0, 0), "{heard:?}");
    let digits: Vec<u8> = heard.digits.iter().map(|digit| digit.digit).collect();
    assert_eq!(digits, b"42");
}

#[test]
fn media_of_a_call_play_at_once_at_their_own_paces() {
    let mut link = link();
    let video = PacketForm {
        payload_type: 99,
        encoding: "H264".to_owned(),
        clock_hz: 90_000,
        packet_ms: 160,
        packet_bytes: 1280,
        ticks: 1280,
    };
    let ilbc = PacketForm { payload_type: 98, packet_ms: 30, packet_bytes: 50, ticks: 240, ..pcmu() };
    let bytes = vec![7; 5000];
    for (medium, number, form) in [(Medium::Video, 10_010, video), (Medium::Text, 10_020, ilbc)] {
        link.command(0, 1, What::Listen { medium, port: port(number) });
        let to = Some(Box::new(remote(link.address(1, number + 100))));
        link.command(0, 1, What::Remote { medium, to, answered: link.now });
        let sound = Arc::new(Sound { bytes: bytes.clone() });
        let source = Source::Sound { sound, form, loops: None };
        link.command(0, 1, What::Play { medium, source });
    }
    link.play(0, 1, sound(4000, None));
    link.run_ms(4800);
    let rtp = link.ends[0].rtp();
    let of = |payload_type| rtp.iter().filter(move |(_, header, _)| header.payload_type == payload_type);
    assert_eq!((of(0).count(), of(99).count(), of(98).count()), (240, 30, 160));
    let ssrc = |payload_type| of(payload_type).next().unwrap().1.ssrc;
    assert_eq!((ssrc(0), ssrc(99)), (0xca11_0002, 0xca11_0003));
    assert_eq!(link.snapshot(0).lateness.max(), 0);
}

#[test]
fn pause_and_resume_keep_the_sound_and_skip_time() {
    let mut link = link();
    link.play(0, 1, sound(4000, None));
    link.run_ms(400);
    link.command(0, 1, What::Pause(Media::Only(AUDIO)));
    let before = link.ends[0].rtp().len();
    link.run_ms(1000);
    assert_eq!(link.ends[0].rtp().len(), before);
    link.command(0, 1, What::Resume(Media::All));
    link.run_ms(400);
    let rtp = link.ends[0].rtp();
    let ((rest_from, last, _), (rest_to, next, payload)) = (&rtp[before - 1], &rtp[before]);
    assert_eq!(next.sequence, last.sequence + 1);
    assert_eq!(u64::from(next.timestamp - last.timestamp), rest_to.micros_since(*rest_from) * 8 / 1000);
    let position = before * 160 % 4000;
    assert_eq!(payload[0], (position * 7 % 251) as u8);
    assert_eq!(rtp.len() - before, 20);
}

#[test]
fn hold_rests_and_goes_on() {
    let mut link = link();
    link.play(0, 1, sound(4000, None));
    link.run_ms(400);
    link.command(0, 1, What::Remote { medium: AUDIO, to: None, answered: link.now });
    let before = link.ends[0].rtp().len();
    link.run_ms(1000);
    assert_eq!(link.ends[0].rtp().len(), before);
    link.connect(0, 1, 10_002);
    link.run_ms(400);
    assert_eq!(link.ends[0].rtp().len(), before + 20);
}

#[test]
fn end_of_streams_is_told_once_all_have_ended() {
    let mut link = link();
    link.command(0, 1, What::TellStreamsEnd(1));
    assert_eq!(link.ends[0].events.len(), 1, "nothing streams");
    link.play(0, 1, sound(3200, Some(1)));
    link.command(0, 1, What::TellStreamsEnd(1));
    link.run_ms(300);
    assert_eq!(link.ends[0].events.len(), 1);
    link.run_ms(200);
    assert_eq!(link.ends[0].events.len(), 2);
    link.play(0, 1, sound(3200, None));
    link.command(0, 1, What::TellStreamsEnd(1));
    link.run_ms(5000);
    assert_eq!(link.ends[0].events.len(), 2, "it has no end");
    link.play(0, 1, sound(3200, Some(0)));
    assert!(link.ends[0].events.iter().all(|event| event.happening == Happening::StreamsEnded(1)));
    assert_eq!(link.ends[0].events.len(), 3, "a play of nothing ends what played");
}

#[test]
fn next_sound_follows_without_a_gap_or_a_double() {
    let mut link = link();
    link.play(0, 1, sound(1600, Some(1)));
    for _ in 0..500 {
        link.run_ms(1);
        if !link.ends[0].events.is_empty() {
            break;
        }
        link.command(0, 1, What::TellStreamsEnd(1));
    }
    link.play(0, 1, sound(1600, Some(1)));
    link.run_ms(400);
    let rtp = link.ends[0].rtp();
    assert_eq!(rtp.len(), 20);
    assert!(rtp.windows(2).all(|pair| pair[1].0.micros_since(pair[0].0) == 20_000));
    assert!(rtp.windows(2).all(|pair| pair[1].1.timestamp - pair[0].1.timestamp == 160));
}

#[test]
fn stall_is_caught_up_in_small_bursts_and_nothing_is_skipped() {
    let mut link = link();
    link.play(0, 1, sound(4000, None));
    link.run_ms(400);
    link.stall_ms(1000);
    link.run_ms(400);
    let rtp = link.ends[0].rtp();
    assert_eq!(rtp.len(), 90);
    assert!(rtp.windows(2).all(|pair| pair[1].1.timestamp - pair[0].1.timestamp == 160));
    assert!(rtp.windows(6).all(|six| six[5].0.micros_since(six[0].0) >= 1000));
    let snapshot = link.snapshot(0);
    assert!((49..=50).contains(&snapshot.counters.late), "{:?}", snapshot.counters);
    assert!(snapshot.lateness.max() > 900_000);
}

#[test]
fn calls_are_spread_over_the_interval() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    for call in 1..=100 {
        let base = 10_000 + 4 * call as u16;
        link.call(call, [base, base + 2]);
        link.play(0, call, sound(4000, None));
    }
    link.run_ms(1000);
    let mut places = [0; 20];
    for (at, ..) in link.ends[0].rtp() {
        places[(at.as_millis() % 20) as usize] += 1;
    }
    assert!(places.iter().all(|n| (150..=350).contains(n)), "{places:?}");
}

#[test]
fn reports_tell_of_both_directions_and_bye_ends_them() {
    let mut link = link();
    for end in [0, 1] {
        link.play(end, 1, sound(4000, None));
    }
    link.run_ms(30_000);
    link.end([1]);
    let reports: Vec<_> = link.ends[0].sent.iter().filter(|sent| sent.rtcp).collect();
    assert!((5..=13).contains(&reports.len()), "{}", reports.len());
    for sent in &reports[1..] {
        let Some(Packet::Report(report)) = rtcp::packets(&sent.bytes).next() else { panic!("no report") };
        let info = report.sender.expect("we send");
        assert!(info.packets > 50 && info.bytes == info.packets * 160);
        assert_eq!(report.blocks().count(), 1);
    }
    let last = rtcp::packets(&reports[reports.len() - 1].bytes).last();
    assert_eq!(last, Some(Packet::Bye(Some(0xca11_0002))));
    assert_eq!(
        reports.iter().filter(|sent| rtcp::packets(&sent.bytes).any(|p| matches!(p, Packet::Bye(_)))).count(),
        1
    );
    let heard = link.heard(1, 1);
    assert_eq!(heard.far_loss, Some(0.0), "{heard:?}");
    assert!(heard.rtt_ms.is_some_and(|ms| ms < 25.0), "{heard:?}");
}

#[test]
fn capture_without_a_peer_plays_to_nobody_and_says_so() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    link.begin(0, 1);
    link.play(0, 1, Source::Capture { capture: capture(&[0, 20_000]), renumbered: false });
    link.run_ms(100);
    assert_eq!(link.snapshot(0).counters.unsent, 4);
    assert!(matches!(&link.ends[0].events[..], [event] if matches!(event.happening, Happening::Warning(_))));
    link.end([1]);
    assert_eq!(link.snapshot(0).counters.one_way, 0);
}
