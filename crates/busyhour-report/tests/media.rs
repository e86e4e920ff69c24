//! What reports say of media.

mod common;

use busyhour_engine::{Snapshot, Time};
use busyhour_media::Heard;
use busyhour_media::snapshot::{MediaSnapshot, WorstCall};
use busyhour_report::live::{Live, Target};
use busyhour_report::{dropped_text, media_text};
use common::{summary, uac_full};

/// Twenty seconds of media in which everything has happened.
fn with_media() -> Snapshot {
    let mut media = MediaSnapshot::empty();
    let counters = &mut media.counters;
    counters.packets_sent = 400_000;
    counters.bytes_sent = 68_800_000;
    counters.replayed_packets = 1_000;
    counters.replayed_bytes = 172_000;
    counters.packets_received = 399_990;
    counters.bytes_received = 68_798_280;
    counters.rtcp_sent = 1_600;
    counters.heard = 399;
    counters.one_way = 1;
    counters.expected = 400_000;
    counters.lost = 10;
    counters.busy_us = 1_000_000;
    counters.elapsed_us = 20_000_000;
    for (mos, loss, jitter_us, first_us) in [(441, 0, 120, 20_000), (312, 500, 45_000, 900_000)] {
        let times = if mos == 441 { 395 } else { 4 };
        media.mos.saturating_record_n(mos, times);
        media.loss.saturating_record_n(loss, times);
        media.jitter.saturating_record_n(jitter_us, times);
        media.first_packet.saturating_record_n(first_us, times);
    }
    media.lateness.saturating_record_n(80, 400_000);
    media.worst = vec![
        WorstCall {
            call_id: b"7-1@127.0.0.1".as_slice().into(),
            heard: Heard { one_way: true, sent: 100, ..Heard::default() },
        },
        WorstCall {
            call_id: b"a Call-ID that is very much longer than anyone wants\x1b to read".as_slice().into(),
            heard: Heard {
                packets: 95,
                expected: 100,
                lost: 5,
                loss: 0.05,
                jitter_max_ms: 45.0,
                mos: Some(3.1234),
                ..Heard::default()
            },
        },
    ];
    let mut total = Snapshot::empty([]);
    total.at = Time::from_millis(20_000);
    total.media = Some(Box::new(media));
    total
}

#[test]
fn a_run_without_media_says_nothing_of_it() {
    let total = Snapshot::empty([]);
    assert_eq!(media_text("Media", &total), "");
}

#[test]
fn what_was_sent_heard_and_how_good_it_was() {
    let expected = "\
Media
  RTP packets sent                              400 000   20 000/s
    of these, by captures and digits              1 000
  RTP packets received                          399 990   20 000/s
  RTCP packets sent                               1 600
  streams heard                                     399
  one-way streams: sent, nothing heard                1   0.25 %
  packets lost on the way here                       10   <0.01 % of expected

Quality of streams heard                     p1         p5        p50
  MOS (1 bad, 4.4 best by telephone)       3.12       4.41       4.41
                                            p50        p90        p99        max
  loss                                      0 %        0 %     5.00 %     5.00 %
  jitter, highest of each stream         120 µs     120 µs    45.0 ms    45.0 ms
  from answer to first packet           20.0 ms    20.0 ms     900 ms     900 ms

Worst calls                                           MOS      loss     jitter
  7-1@127.0.0.1                                   one-way       n/a        n/a
  a Call-ID that is very much longer than anyon…     3.12    5.00 %    45.0 ms
";
    assert_eq!(media_text("Media", &with_media()), expected);
}

#[test]
fn one_worst_call_is_enough_where_all_are_good() {
    let good = |call_id: &str| WorstCall {
        call_id: call_id.as_bytes().into(),
        heard: Heard { packets: 100, expected: 100, mos: Some(4.4), ..Heard::default() },
    };
    let mut total = with_media();
    if let Some(media) = &mut total.media {
        media.worst = vec![good("a"), good("b")];
    }
    let text = media_text("Media", &total);
    assert!(
        text.ends_with("  a                                                  4.40       0 %       0 µs\n"),
        "{text}"
    );
}

#[test]
fn nothing_ended_yet_is_not_called_good() {
    let mut total = with_media();
    total.media = Some(Box::new(MediaSnapshot::empty()));
    let text = media_text("Media", &total);
    assert!(!text.contains("MOS"), "{text}");
    assert!(text.contains("streams heard                                       0\n"), "{text}");
    assert!(!text.contains("NaN"), "{text}");
}

#[test]
fn streams_without_a_score_are_told_below_those_heard_unless_nothing_was_judged() {
    let mut total = with_media();
    if let Some(media) = &mut total.media {
        media.counters.unscored = 3;
    }
    let text = media_text("Media", &total);
    let heard = text.lines().position(|line| line.starts_with("  streams heard ")).unwrap();
    let below = text.lines().nth(heard + 1).unwrap();
    assert_eq!(below, "    of these, without MOS                             3", "{text}");
    if let Some(media) = &mut total.media {
        media.counters.expected = 0;
    }
    let text = media_text("Media", &total);
    assert!(!text.contains("without MOS"), "{text}");
}

#[test]
fn codecs_without_a_score_have_none() {
    let mut total = with_media();
    if let Some(media) = &mut total.media {
        media.mos.reset();
        media.worst[1].heard.mos = None;
    }
    let text = media_text("Media", &total);
    let mos = "  MOS (1 bad, 4.4 best by telephone)        n/a        n/a        n/a\n";
    assert!(text.contains(mos), "{text}");
    assert!(text.contains("anyon…      n/a    5.00 %    45.0 ms\n"), "{text}");
}

#[test]
fn the_summary_has_it_and_all_that_was_dropped() {
    let program = uac_full();
    let mut total = with_media();
    if let Some(media) = &mut total.media {
        let counters = &mut media.counters;
        counters.calls_refused = 1;
        counters.kernel_drops = 2;
        counters.send_dropped = 3;
        counters.send_failures = 4;
        counters.auth_failures = 5;
        counters.replays = 6;
        counters.not_rtp = 7;
        counters.unattributed = 8;
        counters.checks_failed = 9;
        counters.late = 10;
        counters.unprotected = 11;
        counters.uncertain = 12;
        counters.busiest_per_mille = 90;
    }
    let programs = [&program];
    let summary = summary(&programs, &total);
    let text = summary.text();
    for line in text.lines() {
        assert!(line.chars().count() <= 80 && line.trim_end() == line, "{line:?}");
    }
    assert!(text.contains("  lateness of media packets               80 µs"), "{text}");
    assert!(
        text.contains("  CPU busy with media                            5.00 %   busiest thread 9.00 %\n"),
        "{text}"
    );
    assert!(text.contains("  calls whose pattern did not come back               9\n"), "{text}");
    assert!(
        text.contains("  sent over 10 ms late                               10   <0.01 % of those sent\n")
    );
    let shared = "  streams not judged                                 12   port shared by calls;
    [rtpstream_audio_port] gives each call its own
";
    assert!(text.contains(shared), "{text}");
    let dropped = "\
Dropped
  calls refused by media: table full                  1
  RTP packets dropped by this kernel                  2
  RTP packets not sent: queue or socket full          3
  packets not sent: SRTP can't protect them          11
  RTP packets refused (ICMP) or not sent              4
  SRTP packets with a wrong tag                       5
  SRTP packets that came again                        6
  datagrams on media ports that are no RTP            7
  RTP packets of no known call                        8
";
    assert_eq!(dropped_text("Dropped", &total), dropped);
}

#[test]
fn live_lines_show_rate_and_score_of_the_interval() {
    let previous = with_media();
    let mut now = previous.clone();
    now.at = Time::from_millis(21_000);
    if let Some(media) = &mut now.media {
        media.counters.packets_sent += 20_000;
        media.counters.packets_received += 19_000;
        media.mos.saturating_record_n(430, 100);
    }
    let mut live = Live {
        phase: Some("ramp up"),
        target: Target::Rate,
        previous: &previous,
        now: &now,
        program: 0,
        limited: false,
    };
    assert!(live.plain().ends_with(", 39 000 RTP packets/s, MOS p5 4.30"), "{}", live.plain());
    assert!(live.plain().chars().count() <= 100, "{}", live.plain());
    assert_eq!(live.terminal(), "00:21  0/s of 0  0 open  0 ok  0 failed  p99 n/a  39.0k pps  MOS 4.30");
    let mut many = now.clone();
    many.counters.open = 123_456;
    many.counters.successful = 123_456_789;
    live.now = &many;
    live.limited = true;
    assert_eq!(live.terminal(), "00:21  LIMITED  0/s of 0  123k open  0 failed  39.0k pps  MOS 4.30");
    live.limited = false;
    live.previous = live.now;
    assert!(live.plain().ends_with(", n/a RTP packets/s, MOS p5 n/a"), "{}", live.plain());
}
