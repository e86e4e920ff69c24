//! What is measured agrees with what the link did.

use busyhour_media::{Settings, What};
use busyhour_wire::sdp::Medium;

use crate::link::{Impairment, Link, policy, sound};

/// Calls with sound both ways for ten seconds; the link, for a look.
fn both_ways(impairment: Impairment, calls: u64, secure: bool) -> Link {
    let mut link = Link::new(impairment, Settings::default());
    for call in 1..=calls {
        let base = 10_000 + 4 * call as u16;
        link.call(call, [base, base + 2]);
        for end in [0u8, 1] {
            if secure {
                let (send, receive) = (Some(policy(end)), Some(policy(1 - end)));
                link.command(end.into(), call, What::Secure { medium: Medium::Audio, send, receive });
            }
            link.play(end.into(), call, sound(4000, None));
        }
    }
    link.run_ms(10_000);
    link
}

#[test]
fn clean_link_is_clean_both_ways() {
    for secure in [false, true] {
        let mut link = both_ways(Impairment::NONE, 8, secure);
        for end in [0, 1] {
            let heard = link.heard(end, 7);
            assert!((498..=501).contains(&heard.packets), "{heard:?}");
            assert_eq!((heard.lost, heard.duplicates, heard.reordered, heard.from_elsewhere), (0, 0, 0, 0));
            assert!(heard.jitter_max_ms < 1.5, "{heard:?}");
            assert!(heard.first_packet_ms.is_some_and(|ms| ms <= 41.0), "{heard:?}");
            assert!(!heard.one_way && heard.sent >= 498);
        }
        link.end(1..=8);
        let snapshot = link.snapshot(0);
        let counters = &snapshot.counters;
        assert_eq!((counters.calls_open, counters.calls_ended, counters.heard), (0, 8, 8));
        assert_eq!((counters.lost, counters.one_way, counters.not_rtp, counters.auth_failures), (0, 0, 0, 0));
        assert_eq!((counters.late, snapshot.lateness.max()), (0, 0));
        assert_eq!(snapshot.loss.len(), 8);
        assert!(counters.rtcp_sent >= 16 && counters.rtcp_received >= 8, "{counters:?}");
        assert_eq!(link.ends[0].given_back, 8);
    }
}

#[test]
fn loss_is_measured_as_it_was() {
    for loss in [0.01, 0.03, 0.1] {
        let impairment = Impairment { loss, ..Impairment::NONE };
        let mut link = both_ways(impairment, 10, false);
        link.end(1..=10);
        for end in [0, 1] {
            let counters = link.snapshot(end).counters;
            let measured = counters.lost as f64 / counters.expected as f64;
            assert!((measured - loss).abs() < 0.012, "{loss}: {counters:?}");
            // Of what the link lost, only the last packets of a call and RTCP are unknown.
            assert!(counters.lost <= link.lost[end] && counters.lost + 40 >= link.lost[end]);
        }
    }
}

#[test]
fn duplicates_and_jitter_are_measured() {
    let impairment = Impairment { duplicate: 0.05, jitter_us: 50_000, ..Impairment::NONE };
    let mut link = both_ways(impairment, 10, false);
    link.end(1..=10);
    let snapshot = link.snapshot(0);
    let counters = &snapshot.counters;
    let part = counters.duplicates as f64 / counters.expected as f64;
    assert!((part - 0.05).abs() < 0.02, "{counters:?}");
    assert!(counters.reordered > 100, "{counters:?}");
    assert!(snapshot.jitter.min() > 8_000, "{}", snapshot.jitter.min());
}

#[test]
fn silence_of_the_peer_is_one_way() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    link.call(1, [10_000, 10_002]);
    link.play(0, 1, sound(4000, None));
    link.run_ms(3000);
    link.end([1]);
    let (sender, listener) = (link.snapshot(0), link.snapshot(1));
    assert_eq!((sender.counters.one_way, sender.counters.heard), (1, 0));
    assert_eq!((listener.counters.one_way, listener.counters.heard), (0, 1));
    assert_eq!(sender.worst[0].call_id[..], *b"1@0");
}

#[test]
fn wrong_keys_are_counted_and_silence_follows() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    link.call(1, [10_000, 10_002]);
    let medium = Medium::Audio;
    link.command(0, 1, What::Secure { medium, send: Some(policy(1)), receive: None });
    link.command(1, 1, What::Secure { medium, send: None, receive: Some(policy(2)) });
    link.play(0, 1, sound(4000, None));
    link.run_ms(1000);
    let heard = link.heard(1, 1);
    assert_eq!(heard.packets, 0);
    assert!(heard.refused >= 48, "{heard:?}");
    // Keys that arrive later (a re-INVITE) end it; the packets before are lost to us.
    link.command(1, 1, What::Secure { medium, send: None, receive: Some(policy(1)) });
    link.run_ms(1000);
    assert!(link.heard(1, 1).packets >= 48);
    assert!(link.snapshot(1).counters.auth_failures >= 48);
}

#[test]
fn finish_judges_open_calls() {
    let mut link = both_ways(Impairment::NONE, 5, false);
    link.command(0, 3, What::End);
    let now = link.now;
    link.ends[0].media.finish(now);
    let counters = link.snapshot(0).counters;
    assert_eq!((counters.calls_open, counters.calls_ended, counters.heard), (0, 5, 5));
    link.run_ms(100);
    assert_eq!(link.ends[0].given_back, 5);
    assert_eq!(link.snapshot(0).counters.calls_ended, 5);
}
