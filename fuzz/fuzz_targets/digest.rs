//! Digest authentication: a challenge is read and answered, and the answer verified; the same bytes as credentials, and
//! as the nonce of AKA.

#![no_main]

use busyhour_wire::digest::{Algorithm, Answer, Challenge, Subscriber, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = verify(bytes, b"INVITE", b"v=0", b"user", b"secret");
    let _ = Subscriber::with_op(bytes, b"op").accept(bytes, Algorithm::AkaV2, Some(1));
    let challenge = match Challenge::choose(bytes, |_| true) {
        Ok(challenge) => challenge,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let mut header = Vec::new();
    let answer = Answer {
        username: b"user",
        password: b"secret",
        method: b"INVITE",
        uri: b"sip:host",
        body: b"v=0",
        cnonce: b"0123456789abcdef",
        nonce_count: 0xfedc_ba98,
        auts: None,
    };
    challenge.answer(&answer, &mut header);
    // What cannot be written without quotes, or does not end its quotes, cannot be read back.
    let survives = |value: &[u8]| !value.iter().any(|byte| b" \t\r\n,\"\\".contains(byte));
    let all = [challenge.realm, challenge.nonce, challenge.qop.unwrap_or_default()];
    if all.into_iter().all(survives) {
        assert_eq!(verify(&header, b"INVITE", b"v=0", b"user", b"secret"), !challenge.algorithm.is_aka());
        assert!(!verify(&header, b"INVITE", b"v=0", b"user", b"wrong"));
    }
});
