//! Echoes, and patterns that check them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use busyhour_media::{Happening, PortId, Settings, Source, What};
use busyhour_wire::sdp::Medium;

use crate::link::{Impairment, Link, pcmu, policy, port, sound};

const AUDIO: Medium = Medium::Audio;

fn pattern(id: u8) -> Source {
    Source::Pattern { id, form: pcmu() }
}

fn failed_checks(link: &Link) -> Vec<&str> {
    let texts = link.ends[0].events.iter().filter_map(|event| match &event.happening {
        Happening::CheckFailed(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn echoed_pattern_passes_even_strictly() {
    for secure in [false, true] {
        let strict = Settings { audio_tolerance: 0.05, ..Settings::default() };
        let mut link = Link::new(Impairment { delay_us: 9000, ..Impairment::NONE }, strict);
        link.call(1, [10_000, 10_002]);
        if secure {
            let medium = AUDIO;
            let (send, receive) = (Some(policy(1)), Some(policy(2)));
            link.command(0, 1, What::Secure { medium, send: send.clone(), receive: receive.clone() });
            link.command(1, 1, What::Secure { medium, send: receive, receive: send });
        }
        link.command(1, 1, What::Echo { medium: AUDIO, on: true });
        link.play(0, 1, pattern(1));
        link.run_ms(2000);
        link.play(0, 1, pattern(4));
        link.run_ms(2000);
        link.command(0, 1, What::StopStream(AUDIO));
        link.end([1]);
        assert_eq!(failed_checks(&link), Vec::<&str>::new());
        let counters = link.snapshot(1).counters;
        // The last one comes when the call has ended.
        assert!(counters.echoed >= 195 && counters.echoed + 1 >= counters.packets_received, "{counters:?}");
        assert_eq!((counters.auth_failures, link.snapshot(0).counters.one_way), (0, 0));
    }
}

#[test]
fn pattern_without_echo_fails_once_for_each_stream() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    link.call(1, [10_000, 10_002]);
    link.play(0, 1, pattern(1));
    link.run_ms(500);
    link.play(0, 1, pattern(3));
    link.run_ms(500);
    link.play(0, 1, pattern(6));
    link.run_ms(500);
    // One that was never sent is not judged.
    link.play(0, 1, pattern(5));
    link.end([1]);
    link.call(2, [10_004, 10_006]);
    link.play(0, 2, pattern(2));
    link.run_ms(500);
    link.end([2]);
    assert_eq!(
        failed_checks(&link),
        [
            "RTP check failed: pattern 1",
            "RTP check failed: pattern 3",
            "RTP check failed: pattern 6",
            "RTP check failed: pattern 2, Call-Id '2@0'"
        ]
    );
    assert_eq!(link.snapshot(0).counters.checks_failed, 2, "calls");
}

#[test]
fn lossy_echo_passes_by_default_and_fails_a_strict_check() {
    for (tolerance, failures) in [(1.0, 0), (0.05, 1)] {
        let settings = Settings { audio_tolerance: tolerance, ..Settings::default() };
        let mut link = Link::new(Impairment { loss: 0.1, ..Impairment::NONE }, settings);
        link.call(1, [10_000, 10_002]);
        link.command(1, 1, What::Echo { medium: AUDIO, on: true });
        link.play(0, 1, pattern(2));
        link.run_ms(5000);
        link.end([1]);
        assert_eq!(failed_checks(&link).len(), failures, "{tolerance}");
    }
}

#[test]
fn echo_of_the_process_needs_no_call_and_is_switched() {
    let echo_on = Arc::new(AtomicBool::new(true));
    let settings =
        Settings { echo_ports: vec![PortId(10_002)], echo_on: Arc::clone(&echo_on), ..Settings::default() };
    let mut link = Link::new(Impairment::NONE, settings);
    link.begin(0, 1);
    link.command(0, 1, What::Listen { medium: AUDIO, port: port(10_000) });
    link.connect(0, 1, 10_002);
    link.play(0, 1, sound(4000, None));
    link.run_ms(1000);
    assert!(link.heard(0, 1).packets >= 49);
    echo_on.store(false, Ordering::Relaxed);
    link.run_ms(1000);
    assert!(link.heard(0, 1).packets <= 53);
    let counters = link.snapshot(1).counters;
    assert!(counters.packets_received >= 98 && counters.echoed <= 52, "{counters:?}");
    assert_eq!(counters.unattributed, 0);
}

#[test]
fn echo_of_calls_obeys_the_switch_and_stops() {
    let echo_on = Arc::new(AtomicBool::new(false));
    let settings = Settings { echo_on: Arc::clone(&echo_on), ..Settings::default() };
    let mut link = Link::new(Impairment::NONE, settings);
    link.call(1, [10_000, 10_002]);
    link.command(1, 1, What::Echo { medium: AUDIO, on: true });
    link.play(0, 1, sound(4000, None));
    link.run_ms(500);
    assert_eq!(link.heard(0, 1).packets, 0);
    echo_on.store(true, Ordering::Relaxed);
    link.run_ms(500);
    let before = link.heard(0, 1).packets;
    assert!(before >= 23);
    link.command(1, 1, What::Echo { medium: AUDIO, on: false });
    link.run_ms(500);
    assert!(link.heard(0, 1).packets <= before + 2);
}
