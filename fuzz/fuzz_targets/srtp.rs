//! SRTP: the bytes as an SDES key, as packets off the network, as a packet that is sent and received, and as the
//! sequence numbers of a stream.

#![no_main]

use busyhour_media::srtp::{Policy, Protector, Refused, Suite, Unprotector};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(([choice, mki], rest)) = bytes.split_first_chunk() else { return };
    let suite = Suite::ALL[usize::from(choice & 0x3f) % Suite::ALL.len()];
    read_key(suite, &String::from_utf8_lossy(rest));
    let mut policy = Policy::new(suite, vec![*mki; suite.key_len() + suite.salt_len()]);
    policy.unencrypted = choice & 0x40 != 0;
    policy.mki = (choice & 0x80 != 0).then(|| vec![*mki; usize::from(mki % 129)]);
    receive(&policy, rest);
    exchange(&policy, rest);
    follow(&policy, rest);
});

/// A key that is read is written so that it is read again.
fn read_key(suite: Suite, text: &str) {
    match Policy::from_inline(suite, text) {
        Ok(policy) => assert_eq!(Policy::from_inline(suite, &policy.to_inline()), Ok(policy)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Packets from the network, one by one.
fn receive(policy: &Policy, bytes: &[u8]) {
    let mut unprotector = Unprotector::new(policy).expect("a key of the right length");
    for packet in bytes.split(|byte| *byte == b'\n') {
        let _ = unprotector.unprotect(&mut packet.to_vec());
        let _ = unprotector.unprotect_rtcp(&mut packet.to_vec());
    }
}

/// What is sent arrives unchanged, once; changed, it does not arrive.
fn exchange(policy: &Policy, bytes: &[u8]) {
    let mut protector = Protector::new(policy).expect("a key of the right length");
    let mut unprotector = Unprotector::new(policy).expect("a key of the right length");
    let mut packet = bytes.to_vec();
    match protector.protect(&mut packet, 0) {
        Ok(()) => {
            assert_eq!(packet.len(), bytes.len() + protector.overhead());
            let mut changed = packet.clone();
            let place = usize::from(bytes[0]) * 7 % changed.len();
            changed[place] ^= 1 << (bytes[1] % 8);
            assert!(unprotector.unprotect(&mut changed).is_err());
            assert_eq!(unprotector.unprotect(&mut packet.clone()), Ok(bytes.len()));
            assert_eq!(unprotector.unprotect(&mut packet), Err(Refused::Replay));
        }
        Err(_) => assert_eq!(packet, bytes),
    }
    let mut packet = bytes.to_vec();
    match protector.protect_rtcp(&mut packet, 0) {
        Ok(()) => {
            assert_eq!(packet.len(), bytes.len() + protector.rtcp_overhead());
            let len = unprotector.unprotect_rtcp(&mut packet);
            assert_eq!(len.map(|len| &packet[..len]), Ok(bytes));
        }
        Err(_) => assert_eq!(packet, bytes),
    }
}

/// However the sequence numbers jump, a receiver that misses nothing agrees with the sender on every index.
fn follow(policy: &Policy, bytes: &[u8]) {
    let mut protector = Protector::new(policy).expect("a key of the right length");
    let mut unprotector = Unprotector::new(policy).expect("a key of the right length");
    for sequence in bytes.chunks_exact(2) {
        let mut packet = vec![0x80, 0, sequence[0], sequence[1], 0, 0, 0, 0, 0, 0, 0, 9, 0xd5];
        protector.protect(&mut packet, 0).expect("an RTP packet");
        assert!(matches!(unprotector.unprotect(&mut packet), Ok(13) | Err(Refused::Replay)));
    }
}
