//! Commands and datagrams in any order: no panic, every call ends, every port comes back.

use std::sync::Arc;

use busyhour_media::command::Media;
use busyhour_media::{Capture, Settings, Source, What};
use busyhour_wire::sdp::Medium;
use proptest::prelude::*;

use crate::link::{Impairment, Link, pcmu, policy, port, remote, sound};

#[derive(Debug, Clone)]
enum Step {
    Begin,
    Listen(u16),
    Remote(Option<u16>),
    Secure(Option<u8>, Option<u8>),
    Sound(Option<u32>),
    Pattern(u8),
    Capture(bool, Vec<(u16, u16, Vec<u8>)>),
    Pause,
    Resume,
    Stop,
    Echo(bool),
    Tell,
    End,
    Datagram(u16, bool, u16, Vec<u8>),
    Failure(u16, Option<u16>),
    Wait(u16),
    Stall(u16),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80),
        proptest::collection::vec(any::<u8>(), 10..40).prop_map(|mut bytes| {
            bytes[0] = 0x80;
            bytes
        }),
    ]
}

fn ports() -> impl Strategy<Value = u16> {
    (0..4u16).prop_map(|n| 10_000 + 2 * n)
}

fn step() -> impl Strategy<Value = Step> {
    let packet = (0..30_000u16, prop_oneof![Just(0), Just(1), Just(2), any::<u16>()], bytes());
    let captured = proptest::collection::vec(packet, 0..6);
    prop_oneof![
        3 => Just(Step::Begin),
        3 => ports().prop_map(Step::Listen),
        3 => proptest::option::weighted(0.8, ports()).prop_map(Step::Remote),
        1 => (any::<Option<u8>>(), any::<Option<u8>>()).prop_map(|(a, b)| Step::Secure(a, b)),
        2 => proptest::option::of(0..4u32).prop_map(Step::Sound),
        2 => any::<u8>().prop_map(Step::Pattern),
        3 => (any::<bool>(), captured).prop_map(|(renumbered, packets)| Step::Capture(renumbered, packets)),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        1 => Just(Step::Stop),
        1 => any::<bool>().prop_map(Step::Echo),
        1 => Just(Step::Tell),
        1 => Just(Step::End),
        3 => (ports(), any::<bool>(), ports(), bytes()).prop_map(|(to, rtcp, from, bytes)| Step::Datagram(to, rtcp, from, bytes)),
        1 => (ports(), proptest::option::of(ports())).prop_map(|(port, to)| Step::Failure(port, to)),
        4 => (0..300u16).prop_map(Step::Wait),
        1 => (0..8000u16).prop_map(Step::Stall),
    ]
}

fn apply(link: &mut Link, end: usize, call: u64, medium: Medium, step: Step) {
    let play = |source| What::Play { medium, source };
    let what = match step {
        Step::Begin => return link.begin(end, call),
        Step::Listen(number) => What::Listen { medium, port: port(number) },
        Step::Remote(to) => {
            let to = to.map(|to| Box::new(remote(link.address(1 - end, to))));
            What::Remote { medium, to, answered: link.now }
        }
        Step::Secure(send, receive) => {
            What::Secure { medium, send: send.map(policy), receive: receive.map(policy) }
        }
        Step::Sound(loops) => play(sound(500, loops)),
        Step::Pattern(id) => play(Source::Pattern { id, form: pcmu() }),
        Step::Capture(renumbered, packets) => {
            let mut capture = Capture::default();
            let mut moment = 0;
            for (gap, offset, bytes) in packets {
                moment += u64::from(gap);
                capture.push(moment, offset, &bytes);
            }
            play(Source::Capture { capture: Arc::new(capture), renumbered })
        }
        Step::Pause => What::Pause(Media::Only(medium)),
        Step::Resume => What::Resume(Media::All),
        Step::Stop => What::StopStream(medium),
        Step::Echo(on) => What::Echo { medium, on },
        Step::Tell => What::TellStreamsEnd(1),
        Step::End => What::End,
        Step::Datagram(to, rtcp, from, mut bytes) => {
            let (now, from) = (link.now, link.address(1 - end, from));
            link.ends[end].media.handle_datagram(now, port(to).id, rtcp, from, &mut bytes);
            return;
        }
        Step::Failure(number, to) => {
            let to = to.map(|to| link.address(1 - end, to));
            link.ends[end].media.handle_send_failure(port(number).id, to, "refused (ICMP)");
            return;
        }
        Step::Wait(ms) => return link.run_ms(ms.into()),
        Step::Stall(ms) => return link.stall_ms(ms.into()),
    };
    link.command(end, call, what);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_calls_end_and_all_ports_come_back(
        steps in proptest::collection::vec((0..2usize, 0..5u64, 0..4usize, step()), 1..80),
        loss in 0.0..0.5f64,
        stop in any::<bool>(),
    ) {
        let impairment = Impairment { loss, duplicate: 0.1, delay_us: 500, jitter_us: 40_000, ..Impairment::NONE };
        let mut link = Link::new(impairment, Settings { calls_max: 4, ..Settings::default() });
        let mut begun = [0u64; 2];
        for (n, (end, call, medium, step)) in steps.into_iter().enumerate() {
            begun[end] += u64::from(matches!(step, Step::Begin));
            apply(&mut link, end, call, Medium::ALL[medium], step);
            // A snapshot copies large histograms, so not after each.
            for end in [0, 1].into_iter().filter(|_| n % 16 == 15) {
                let counters = link.snapshot(end).counters;
                let counted = counters.calls_open + counters.calls_ended + counters.calls_refused;
                prop_assert_eq!(counted, begun[end]);
                prop_assert!(link.ends[end].given_back <= link.ends[end].taken);
            }
        }
        if stop {
            let now = link.now;
            for end in [0, 1] {
                link.ends[end].media.finish(now);
            }
        } else {
            link.end(0..5);
        }
        link.run_ms(200);
        for end in [0, 1] {
            prop_assert_eq!(link.ends[end].media.open_calls(), 0);
            prop_assert_eq!(link.ends[end].media.next_timeout(), None);
            prop_assert_eq!(link.ends[end].given_back, link.ends[end].taken);
        }
    }
}
