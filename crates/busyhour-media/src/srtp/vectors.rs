//! Published packets: those of RFC 7714 §16 and §17, and those that libsrtp is tested with.

use super::session::Session;
use super::suite::Suite;
use super::{Policy, Protector, Refused, Unprotector};

/// Bytes of a text of hexadecimal digits; blanks are passed over.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

const RTP: &str = "800f1234 decafbad cafebabe abababab abababab abababab abababab";
const RTCP: &str = "81c8000b cafebabe abababab abababab abababab abababab";
const KEY: &str = "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6";
const MARS: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 \
                    deadbeef deadbeef deadbeef deadbeef deadbeef";

#[track_caller]
fn check(policy: &Policy, srtp: &str, srtcp: &str) {
    let mut protector = Protector::new(policy).expect("right length");
    let mut unprotector = Unprotector::new(policy).expect("right length");
    let mut packet = hex(RTP);
    assert_eq!(protector.protect(&mut packet, 0), Ok(()));
    assert_eq!(packet, hex(srtp));
    assert_eq!(unprotector.unprotect(&mut packet), Ok(28));
    assert_eq!(packet[..28], hex(RTP));

    let mut packet = hex(RTCP);
    protector.set_rtcp_index(0xcafe_babe, 1);
    assert_eq!(protector.protect_rtcp(&mut packet, 0), Ok(()));
    assert_eq!(packet, hex(srtcp));
    assert_eq!(unprotector.unprotect_rtcp(&mut packet), Ok(24));
    assert_eq!(packet[..24], hex(RTCP));
}

#[test]
fn packets_are_those_of_libsrtp() {
    let mut policy = Policy::new(Suite::AesCm128Sha1_80, hex(KEY));
    check(
        &policy,
        "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb",
        "81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8 80000001 993e08cd 54d6c123 0798",
    );
    policy.mki = Some(hex("e1f97a0d"));
    check(
        &policy,
        "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 e1f97a0d b78d6acc 99ea179b 8dbb",
        "81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8 80000001 e1f97a0d 993e08cd 54d6c123 0798",
    );
    policy = Policy::new(Suite::NullSha1_80, hex(KEY));
    check(
        &policy,
        "800f1234 decafbad cafebabe abababab abababab abababab abababab aba13627 0b679134 ce9b",
        "81c8000b cafebabe abababab abababab abababab abababab 00000001 fe88c7fd fd37ebce 615d",
    );
}

#[test]
fn shorter_tag_is_the_longer_one_cut_and_only_in_rtp() {
    check(
        &Policy::new(Suite::AesCm128Sha1_32, hex(KEY)),
        "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc",
        "81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8 80000001 993e08cd 54d6c123 0798",
    );
}

#[test]
fn unencrypted_rtp_has_the_tag_of_the_null_cipher_and_its_rtcp_is_encrypted() {
    let mut policy = Policy::new(Suite::AesCm128Sha1_80, hex(KEY));
    policy.unencrypted = true;
    check(
        &policy,
        "800f1234 decafbad cafebabe abababab abababab abababab abababab aba13627 0b679134 ce9b",
        "81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8 80000001 993e08cd 54d6c123 0798",
    );
}

/// The session of RFC 7714 §16: the keys are given, not derived.
fn quid_pro_quo(suite: Suite) -> Session {
    let key: Vec<u8> = (0..).take(suite.key_len()).collect();
    Session::with_keys(suite, &key, b"Quid pro quo")
}

#[test]
fn packets_are_those_of_rfc_7714_16() {
    let clear = hex("8040f17b 8041f8d3 5501a0b2");
    let rtp = [clear.as_slice(), b"Gallia est omnis divisa in partes tres"].concat();
    for (suite, srtp) in [
        (
            Suite::AeadAes128Gcm,
            "f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833 \
             899d7f27 beb16a91 52cf765e e4390cce",
        ),
        (
            Suite::AeadAes256Gcm,
            "32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b \
             7aa3db36 dfffd6b0 f9bb7878 d7a76c13",
        ),
    ] {
        let mut packet = rtp.clone();
        assert_eq!(Protector::of(quid_pro_quo(suite)).protect(&mut packet, 0), Ok(()));
        assert_eq!(packet, [clear.clone(), hex(srtp)].concat(), "{suite:?}");
        assert_eq!(Unprotector::of(quid_pro_quo(suite)).unprotect(&mut packet), Ok(rtp.len()));
        assert_eq!(packet[..rtp.len()], rtp, "{suite:?}");
    }
}

#[test]
fn packets_are_those_of_rfc_7714_17() {
    let rtcp = hex(MARS);
    for (suite, srtcp) in [
        (
            Suite::AeadAes128Gcm,
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda \
             4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
        ),
        (
            Suite::AeadAes256Gcm,
            "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be \
             8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4",
        ),
    ] {
        let mut packet = rtcp.clone();
        let mut protector = Protector::of(quid_pro_quo(suite));
        protector.set_rtcp_index(0x4d61_7273, 0x5d4);
        assert_eq!(protector.protect_rtcp(&mut packet, 0), Ok(()));
        assert_eq!(packet, hex(srtcp), "{suite:?}");
        assert_eq!(Unprotector::of(quid_pro_quo(suite)).unprotect_rtcp(&mut packet), Ok(rtcp.len()));
        assert_eq!(packet[..rtcp.len()], rtcp, "{suite:?}");
    }
}

#[test]
fn rtcp_that_is_only_authenticated_is_taken() {
    for (suite, tag) in [
        (Suite::AeadAes128Gcm, "841dd9683dd78ec92ae58790125f62b3"),
        (Suite::AeadAes256Gcm, "91db4afbfeee5a978fab4393ed2615fe"),
    ] {
        let packet = [hex(MARS), hex(tag), hex("000005d4")].concat();
        let mut unprotector = Unprotector::of(quid_pro_quo(suite));
        let mut changed = packet.clone();
        changed[20] ^= 1;
        assert_eq!(unprotector.unprotect_rtcp(&mut changed), Err(Refused::Authentication));
        let mut opened = packet.clone();
        assert_eq!(unprotector.unprotect_rtcp(&mut opened), Ok(52), "{suite:?}");
        assert_eq!(opened[..52], hex(MARS));
        assert_eq!(unprotector.unprotect_rtcp(&mut packet.clone()), Err(Refused::Replay));
    }
}
