//! SRTP between two ends: what is sent arrives as it was over losses, reordering and rollovers; what was changed
//! or has been there is refused.

use busyhour_media::srtp::{OVERHEAD_MAX, Policy, Protector, Refused, STREAMS_MAX, Suite, Unprotector};
use proptest::prelude::*;

fn policy(suite: Suite, unencrypted: bool, mki: Option<Vec<u8>>) -> Policy {
    let key = (0_u8..).map(|byte| byte.wrapping_mul(37)).take(suite.key_len() + suite.salt_len()).collect();
    Policy { unencrypted, mki, ..Policy::new(suite, key) }
}

/// Every suite, with and without encryption and identifier.
fn policies() -> impl Iterator<Item = Policy> {
    let forms = [(false, None), (true, None), (false, Some(vec![1])), (true, Some(vec![7; 128]))];
    Suite::ALL.into_iter().flat_map(move |suite| {
        forms.clone().into_iter().map(move |(unencrypted, mki)| policy(suite, unencrypted, mki))
    })
}

fn ends(policy: &Policy) -> (Protector, Unprotector) {
    (Protector::new(policy).unwrap(), Unprotector::new(policy).unwrap())
}

/// A packet with two contributing sources and an extension of eight bytes.
fn rtp(ssrc: u32, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x92, 0x00];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&u32::from(sequence).wrapping_mul(160).to_be_bytes());
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[0xc5; 8]);
    packet.extend_from_slice(&[0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0]);
    packet.extend_from_slice(payload);
    packet
}

fn report(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[0x5a; 20]);
    packet
}

fn sealed(protector: &mut Protector, packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    protector.protect(&mut packet, 0).unwrap();
    packet
}

fn sealed_report(protector: &mut Protector, packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    protector.protect_rtcp(&mut packet, 0).unwrap();
    packet
}

fn opened(unprotector: &mut Unprotector, packet: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut packet = packet.to_vec();
    let len = unprotector.unprotect(&mut packet)?;
    packet.truncate(len);
    Ok(packet)
}

fn opened_report(unprotector: &mut Unprotector, packet: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut packet = packet.to_vec();
    let len = unprotector.unprotect_rtcp(&mut packet)?;
    packet.truncate(len);
    Ok(packet)
}

#[test]
fn every_policy_hides_the_payload_and_nothing_else() {
    for policy in policies() {
        let (mut protector, mut unprotector) = ends(&policy);
        let clear = rtp(1, 1, b"a payload of some length");
        let packet = sealed(&mut protector, &clear);
        assert_eq!(packet.len(), clear.len() + protector.overhead(), "{policy:?}");
        assert!(protector.overhead() <= OVERHEAD_MAX && protector.rtcp_overhead() <= OVERHEAD_MAX);
        assert_eq!(packet[..28], clear[..28], "{policy:?}");
        let hidden = !policy.unencrypted && !policy.suite.is_null();
        assert_eq!(packet[28..clear.len()] != clear[28..], hidden, "{policy:?}");
        assert_eq!(opened(&mut unprotector, &packet), Ok(clear));

        let clear = report(1);
        let packet = sealed_report(&mut protector, &clear);
        assert_eq!(packet.len(), clear.len() + protector.rtcp_overhead());
        assert_eq!(packet[8..28] != clear[8..], !policy.suite.is_null());
        assert_eq!(opened_report(&mut unprotector, &packet), Ok(clear));
    }
}

#[test]
fn every_flipped_bit_is_refused_and_spoils_nothing() {
    for policy in policies() {
        let (mut protector, mut unprotector) = ends(&policy);
        let packet = sealed(&mut protector, &rtp(1, 100, b"0123456789abcdefg"));
        let control = sealed_report(&mut protector, &report(1));
        for bit in 0..packet.len() * 8 {
            let mut changed = packet.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(unprotector.unprotect(&mut changed).is_err(), "{policy:?}: bit {bit}");
        }
        for bit in 0..control.len() * 8 {
            let mut changed = control.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(unprotector.unprotect_rtcp(&mut changed).is_err(), "{policy:?}: RTCP, bit {bit}");
        }
        for len in 0..packet.len() {
            assert!(opened(&mut unprotector, &packet[..len]).is_err(), "{policy:?}: {len} bytes");
        }
        for len in 0..control.len() {
            assert!(opened_report(&mut unprotector, &control[..len]).is_err(), "{policy:?}: {len} bytes");
        }
        assert!(opened(&mut unprotector, &packet).is_ok());
        assert!(opened_report(&mut unprotector, &control).is_ok());
        assert_eq!(opened(&mut unprotector, &packet), Err(Refused::Replay));
        assert_eq!(opened_report(&mut unprotector, &control), Err(Refused::Replay));
    }
}

#[test]
fn another_key_another_identifier_and_another_suite_do_not_open() {
    let first = policy(Suite::AesCm128Sha1_80, false, Some(vec![1, 2]));
    let mut others = vec![first.clone(); 3];
    others[0].key_and_salt[0] ^= 1;
    others[1].mki = Some(vec![1, 3]);
    others[2].suite = Suite::AesCm128Sha1_32;
    let packet = sealed(&mut Protector::new(&first).unwrap(), &rtp(1, 1, b"payload"));
    for other in others {
        let mut unprotector = Unprotector::new(&other).unwrap();
        assert_eq!(opened(&mut unprotector, &packet), Err(Refused::Authentication));
    }
    assert!(Protector::new(&Policy { mki: Some(vec![0; 129]), ..first }).is_err());
}

#[test]
fn streams_have_rollovers_of_their_own_up_to_the_limit() {
    let policy = policy(Suite::AesCm128Sha1_80, false, None);
    let (mut protector, mut unprotector) = ends(&policy);
    let ssrcs = 0..STREAMS_MAX as u32;
    for sequence in [40_000_u16, 65_000, 20_000, 45_000, 10] {
        for ssrc in ssrcs.clone() {
            let clear = rtp(ssrc, sequence, b"payload");
            let packet = sealed(&mut protector, &clear);
            assert_eq!(opened(&mut unprotector, &packet), Ok(clear), "{ssrc} {sequence}");
        }
    }
    assert_eq!((protector.forgotten(), unprotector.forgotten()), (0, 0));
    // Forged packets of new sources push nobody out.
    for ssrc in 100..200 {
        assert_eq!(opened(&mut unprotector, &rtp(ssrc, 1, &[0; 40])), Err(Refused::Authentication));
    }
    assert_eq!(unprotector.forgotten(), 0);
    // One more than the limit is taken; the first, silent longest, begins anew.
    assert!(opened(&mut unprotector, &sealed(&mut protector, &rtp(99, 1, b"x"))).is_ok());
    assert_eq!((protector.forgotten(), unprotector.forgotten()), (1, 1));
    assert!(opened(&mut unprotector, &sealed(&mut protector, &rtp(0, 11, b"x"))).is_ok());
    assert!(opened(&mut unprotector, &sealed(&mut protector, &rtp(15, 11, b"x"))).is_ok());
}

#[test]
fn new_keys_keep_the_rollovers() {
    let old = policy(Suite::AesCm128Sha1_80, false, None);
    let mut new = policy(Suite::AeadAes256Gcm, false, None);
    new.key_and_salt.reverse();
    let (mut protector, mut unprotector) = ends(&old);
    for sequence in [65_535, 0] {
        assert!(opened(&mut unprotector, &sealed(&mut protector, &rtp(1, sequence, b"x"))).is_ok());
    }
    let mut late = Unprotector::new(&old).unwrap();
    assert!(protector.rekey(&Policy::new(Suite::AeadAes256Gcm, vec![1])).is_err());
    protector.rekey(&new).unwrap();
    unprotector.rekey(&new).unwrap();
    let packet = sealed(&mut protector, &rtp(1, 1, b"x"));
    assert_eq!(opened(&mut late, &packet), Err(Refused::Authentication));
    assert_eq!(opened(&mut unprotector, &packet), Ok(rtp(1, 1, b"x")));
    assert_eq!(opened(&mut unprotector, &packet), Err(Refused::Replay));
}

/// A sender that makes its SRTP anew for new keys counts from 0, with the same SSRC.
#[test]
fn after_new_keys_the_sender_may_count_from_the_beginning() {
    let old = policy(Suite::AesCm128Sha1_80, false, None);
    for suite in Suite::ALL {
        let mut new = policy(suite, false, None);
        new.key_and_salt.reverse();
        for sequence in [2, 40_000] {
            let (mut protector, mut unprotector) = ends(&old);
            for sequence in [65_535, 0, 1] {
                assert!(opened(&mut unprotector, &sealed(&mut protector, &rtp(1, sequence, b"x"))).is_ok());
            }
            unprotector.rekey(&new).unwrap();
            let mut anew = Protector::new(&new).unwrap();
            for sequence in [sequence, sequence + 1] {
                let packet = sealed(&mut anew, &rtp(1, sequence, b"x"));
                assert_eq!(opened(&mut unprotector, &packet), Ok(rtp(1, sequence, b"x")), "{suite:?}");
                assert_eq!(opened(&mut unprotector, &packet), Err(Refused::Replay));
            }
        }
    }
}

#[test]
fn what_is_no_packet_is_left_alone() {
    for policy in policies() {
        let mut protector = Protector::new(&policy).unwrap();
        let clear = rtp(1, 1, b"payload");
        let mut buffer = [b"before".as_slice(), &clear].concat();
        protector.protect(&mut buffer, 6).unwrap();
        assert_eq!((&buffer[..6], buffer.len()), (&b"before"[..], 6 + clear.len() + protector.overhead()));
        let mut short = vec![0x80; 11];
        assert_eq!(protector.protect(&mut short, 0), Err(Refused::Malformed));
        assert_eq!(protector.protect(&mut short, 12), Err(Refused::Malformed));
        assert_eq!(protector.protect_rtcp(&mut short, 4), Err(Refused::Malformed));
        assert_eq!(short, [0x80; 11]);
    }
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let mki = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..6));
    (0..Suite::ALL.len(), any::<bool>(), mki)
        .prop_map(|(suite, unencrypted, mki)| policy(Suite::ALL[suite], unencrypted, mki))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_arrives_is_what_was_sent(
        policy in any_policy(),
        first: u16,
        // Of each packet: whether it is lost, how late it comes, whether it comes twice.
        fates in proptest::collection::vec((proptest::bool::weighted(0.2), 0_usize..40, any::<bool>()), 1..400),
    ) {
        let (mut protector, mut unprotector) = ends(&policy);
        let mut arriving = Vec::new();
        for (place, (lost, late, twice)) in fates.into_iter().enumerate() {
            let clear = rtp(9, first.wrapping_add(place as u16), &place.to_be_bytes());
            let packet = sealed(&mut protector, &clear);
            if !lost {
                arriving.push((place + late, clear, packet, twice));
            }
        }
        arriving.sort_by_key(|(time, ..)| *time);
        for (_, clear, packet, twice) in arriving {
            prop_assert_eq!(opened(&mut unprotector, &packet), Ok(clear));
            if twice {
                prop_assert_eq!(opened(&mut unprotector, &packet), Err(Refused::Replay));
            }
        }
    }

    #[test]
    fn long_losses_and_rollovers_are_followed(
        policy in any_policy(),
        first: u16,
        steps in proptest::collection::vec(1_u16..0x7fff, 1..100),
    ) {
        let (mut protector, mut unprotector) = ends(&policy);
        let mut sequence = first;
        for step in steps {
            // The sender has sent what is lost, too: only its rollover counter matters.
            let clear = rtp(9, sequence, b"payload");
            let packet = sealed(&mut protector, &clear);
            prop_assert_eq!(opened(&mut unprotector, &packet), Ok(clear));
            sequence = sequence.wrapping_add(step);
        }
    }

    #[test]
    fn reports_come_in_any_order_of_64(
        policy in any_policy(),
        lates in proptest::collection::vec(0_usize..40, 1..100),
    ) {
        let (mut protector, mut unprotector) = ends(&policy);
        let mut arriving: Vec<_> = lates
            .into_iter()
            .enumerate()
            .map(|(place, late)| (place + late, sealed_report(&mut protector, &report(9))))
            .collect();
        arriving.sort_by_key(|(time, _)| *time);
        for (_, packet) in arriving {
            prop_assert_eq!(opened_report(&mut unprotector, &packet), Ok(report(9)));
            prop_assert_eq!(opened_report(&mut unprotector, &packet), Err(Refused::Replay));
        }
    }

    #[test]
    fn noise_is_refused(policy in any_policy(), mut noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (mut protector, mut unprotector) = ends(&policy);
        prop_assert!(unprotector.unprotect(&mut noise.clone()).is_err());
        prop_assert!(unprotector.unprotect_rtcp(&mut noise.clone()).is_err());
        if let Some(first) = noise.first_mut() {
            *first = *first & 0x3f | 0x80;
        }
        prop_assert!(unprotector.unprotect(&mut noise.clone()).is_err());
        prop_assert!(unprotector.unprotect_rtcp(&mut noise.clone()).is_err());
        let mut buffer = noise.clone();
        if protector.protect(&mut buffer, 0).is_err() {
            prop_assert_eq!(&buffer, &noise);
        }
    }

    #[test]
    fn inline_text_is_never_fatal(text in "\\PC{0,80}", suite in 0..Suite::ALL.len()) {
        if let Err(error) = Policy::from_inline(Suite::ALL[suite], &text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
