//! Ports: taken and given back, shared by calls, reports that nobody takes.

use std::sync::Arc;

use busyhour_media::{Capture, Happening, PortId, Settings, Source, What};
use busyhour_wire::rtp::Header;
use busyhour_wire::sdp::Medium;

use crate::link::{Impairment, Link, port, sound};

const AUDIO: Medium = Medium::Audio;

#[test]
fn calls_on_one_port_are_told_apart() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    // Both ends number their SSRCs from one base, but not the same calls.
    link.first_number[1] = 1;
    // All calls of end 0 are on one port; those of end 1 on their own, but for the last two.
    for (call, far) in [(1, 10_002), (2, 10_004), (3, 10_006), (4, 10_006)] {
        link.call(call, [10_000, far]);
    }
    for (call, packets) in [(1, 10), (2, 20), (3, 30), (4, 40)] {
        link.play(1, call, sound(160, Some(packets)));
        // Two processes never have one clock, as these have.
        link.run_ms(30);
        link.play(0, call, sound(160, Some(packets)));
    }
    link.run_ms(2000);
    for (call, packets) in [(1, 10), (2, 20)] {
        assert_eq!((link.heard(0, call).packets, link.heard(0, call).from_elsewhere), (packets, 0));
        assert_eq!(link.heard(1, call).packets, packets);
    }
    // The far end's SSRC of call 3 is ours of call 4: it tells nothing where the address does not.
    assert_eq!((link.heard(0, 3).packets, link.heard(0, 4).packets), (0, 0));
    link.end(1..=4);
    let counters = link.snapshot(0).counters;
    assert!(counters.unattributed >= 70, "{counters:?}");
    assert_eq!((counters.one_way, link.ends[0].given_back), (0, 4));
}

#[test]
fn echoes_of_our_own_streams_are_told_apart_behind_one_address() {
    let settings = Settings { echo_ports: vec![PortId(10_002)], ..Settings::default() };
    let mut link = Link::new(Impairment::NONE, settings);
    for call in 1..=5 {
        link.begin(0, call);
        link.command(0, call, What::Listen { medium: AUDIO, port: port(10_000) });
        link.connect(0, call, 10_002);
    }
    for call in 1..=5 {
        link.play(0, call, sound(160, Some(10 * call as u32)));
        link.run_ms(30);
    }
    link.run_ms(2000);
    for call in 1..=5 {
        assert_eq!(link.heard(0, call).packets, 10 * call);
    }
    assert_eq!(link.snapshot(0).counters.unattributed, 0);
}

#[test]
fn one_way_is_seen_on_a_port_where_calls_come_and_go() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    // The far end of call 2 is silent; that of call 1 sends on after the call.
    for (call, far) in [(1, 10_002), (2, 10_004)] {
        link.call(call, [10_000, far]);
        link.play(0, call, sound(4000, None));
    }
    link.play(1, 1, sound(4000, None));
    link.run_ms(200);
    link.command(0, 1, What::End);
    link.run_ms(4000);
    link.end([2]);
    let counters = link.snapshot(0).counters;
    assert!(counters.unattributed > 100, "{counters:?}");
    assert_eq!((counters.one_way, counters.heard, counters.calls_ended), (1, 1, 2));
}

#[test]
fn echoes_of_one_capture_in_many_calls_are_nobodys() {
    let settings = Settings { echo_ports: vec![PortId(10_002)], ..Settings::default() };
    let mut link = Link::new(Impairment::NONE, settings);
    let mut capture = Capture::default();
    for n in 0..50u16 {
        let timestamp = 160 * u32::from(n);
        let header = Header { marker: false, payload_type: 0, sequence: n, timestamp, ssrc: 9 };
        capture.push(u64::from(n) * 20_000, 0, &[&header.to_bytes()[..], &[0xff; 160]].concat());
    }
    let capture = Arc::new(capture);
    for call in 1..=5 {
        link.begin(0, call);
        link.command(0, call, What::Listen { medium: AUDIO, port: port(10_000) });
        link.connect(0, call, 10_002);
        link.play(0, call, Source::Capture { capture: Arc::clone(&capture), renumbered: false });
        link.run_ms(100);
    }
    link.run_ms(2000);
    link.end(1..=5);
    let counters = link.snapshot(0).counters;
    assert_eq!((counters.duplicates, counters.one_way), (0, 0), "{counters:?}");
    assert!(counters.unattributed > 200, "{counters:?}");
}

#[test]
fn silence_on_a_port_of_many_proves_nothing() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    for call in [1, 2] {
        link.call(call, [10_000, 10_002]);
        link.play(0, call, sound(4000, None));
    }
    link.run_ms(2000);
    // Another SSRC than any that is known, from where both peers are.
    let (now, from) = (link.now, link.address(1, 10_002));
    let mut stranger = [0x80, 0, 0, 1, 0, 0, 0, 0, 9, 9, 9, 9, 1];
    for _ in 0..100 {
        link.ends[0].media.handle_datagram(now, port(10_000).id, false, from, &mut stranger);
    }
    link.end([1, 2]);
    let counters = link.snapshot(0).counters;
    assert_eq!((counters.unattributed, counters.one_way, counters.calls_ended), (100, 0, 2));
}

#[test]
fn commands_out_of_place_give_ports_back() {
    let settings = Settings { calls_max: 1, ..Settings::default() };
    let mut link = Link::new(Impairment::NONE, settings);
    link.begin(0, 1);
    link.begin(0, 2);
    assert_eq!(link.snapshot(0).counters.calls_refused, 1);
    link.command(0, 2, What::Listen { medium: AUDIO, port: port(10_004) });
    assert_eq!(link.ends[0].given_back, 1);
    // The same port again, then another one.
    link.command(0, 1, What::Listen { medium: AUDIO, port: port(10_000) });
    link.command(0, 1, What::Listen { medium: AUDIO, port: port(10_000) });
    link.command(0, 1, What::Listen { medium: AUDIO, port: port(10_002) });
    assert_eq!(link.ends[0].given_back, 3);
    link.command(0, 1, What::End);
    link.command(0, 1, What::Listen { medium: AUDIO, port: port(10_006) });
    link.run_ms(50);
    assert_eq!((link.ends[0].taken, link.ends[0].given_back), (5, 5));
    assert_eq!(link.ends[0].media.open_calls(), 0);
}

#[test]
fn refusals_are_counted_and_said_once() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    link.call(1, [10_000, 10_002]);
    let (rtp, rtcp) = (link.address(1, 10_002), link.address(1, 10_003));
    for to in [Some(rtcp), Some(rtp), Some(rtp), None] {
        link.ends[0].media.handle_send_failure(port(10_000).id, to, "refused (ICMP)");
    }
    link.ends[0].media.handle_send_failure(port(9).id, None, "refused (ICMP)");
    link.run_ms(30);
    let counters = link.snapshot(0).counters;
    assert_eq!((counters.send_failures, counters.rtcp_refused), (4, 1));
    let events: Vec<_> = link.ends[0].events.iter().map(|event| event.happening.clone()).collect();
    assert_eq!(events, [Happening::Warning("audio to 127.0.0.2:10002: refused (ICMP)".to_owned())]);
}

#[test]
fn no_rtcp_means_none() {
    let mut link = Link::new(Impairment::NONE, Settings { rtcp: false, ..Settings::default() });
    link.call(1, [10_000, 10_002]);
    link.play(0, 1, sound(4000, None));
    link.run_ms(20_000);
    link.end([1]);
    assert!(link.ends[0].sent.iter().all(|sent| !sent.rtcp));
    assert_eq!(link.snapshot(0).counters.rtcp_sent, 0);
}

#[test]
fn garbage_is_counted() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    link.call(1, [10_000, 10_002]);
    let now = link.now;
    let from = link.address(1, 10_002);
    for bytes in [&b""[..], b"\x80", b"OPTIONS sip:a@b SIP/2.0\r\n\r\n", &[0xff; 40], &[0x9f; 12]] {
        for rtcp in [false, true] {
            let mut bytes = bytes.to_vec();
            link.ends[0].media.handle_datagram(now, port(10_000).id, rtcp, from, &mut bytes);
        }
    }
    assert_eq!((link.snapshot(0).counters.not_rtp, link.heard(0, 1).not_rtp), (10, 10));
    let mut stray = vec![0x80; 40];
    link.ends[0].media.handle_datagram(now, port(77).id, false, from, &mut stray);
    let elsewhere = link.address(1, 9);
    link.ends[0].media.handle_datagram(now, port(10_000).id, false, elsewhere, &mut stray);
    assert_eq!((link.snapshot(0).counters.unattributed, link.heard(0, 1).from_elsewhere), (1, 1));
}
