//! Session keys out of the master key (RFC 3711 §4.3, RFC 6188 §3, RFC 7714 §11), with a key derivation rate
//! of 0.

use aes::{Aes128Enc, Aes192Enc, Aes256Enc, cipher::KeyInit};

use super::Refused;
use super::policy::Policy;
use super::transform::Cipher;

/// Longest cipher key.
pub(super) const KEY_MAX: usize = 32;
/// Key of HMAC-SHA1 (RFC 3711 §5.2).
pub(super) const AUTH_LEN: usize = 20;
/// Salt; an AEAD uses the first 12 bytes.
pub(super) const SALT_LEN: usize = 14;

/// First of the three labels of RTP.
const RTP_LABELS: u8 = 0;
/// First of the three labels of RTCP.
const RTCP_LABELS: u8 = 3;

/// The keys of RTP or RTCP.
#[derive(Clone)]
pub(super) struct SessionKeys {
    /// Cipher key, of which [`super::Suite::key_len`] bytes count.
    pub(super) key: [u8; KEY_MAX],
    pub(super) auth: [u8; AUTH_LEN],
    pub(super) salt: [u8; SALT_LEN],
}

impl SessionKeys {
    /// Derives the keys of RTP and of RTCP.
    pub(super) fn derive(policy: &Policy) -> Result<(SessionKeys, SessionKeys), Refused> {
        let (key_len, salt_len) = (policy.suite.key_len(), policy.suite.salt_len());
        let (key, master_salt) = policy.key_and_salt.split_at_checked(key_len).ok_or(Refused::Malformed)?;
        if master_salt.len() != salt_len {
            return Err(Refused::Malformed);
        }
        // The 12 bytes of an AEAD are followed by zeros (RFC 7714 §11).
        let mut salt = [0; SALT_LEN];
        salt[..salt_len].copy_from_slice(master_salt);
        let cipher: &dyn Cipher = match key_len {
            24 => &Aes192Enc::new_from_slice(key).map_err(|_| Refused::Malformed)?,
            32 => &Aes256Enc::new_from_slice(key).map_err(|_| Refused::Malformed)?,
            _ => &Aes128Enc::new_from_slice(key).map_err(|_| Refused::Malformed)?,
        };
        let keys = |labels| SessionKeys::of_labels(cipher, &salt, key_len, labels);
        Ok((keys(RTP_LABELS), keys(RTCP_LABELS)))
    }

    fn of_labels(cipher: &dyn Cipher, salt: &[u8; SALT_LEN], key_len: usize, first: u8) -> SessionKeys {
        let mut keys = SessionKeys { key: [0; KEY_MAX], auth: [0; AUTH_LEN], salt: [0; SALT_LEN] };
        let outputs: [&mut [u8]; 3] = [&mut keys.key[..key_len], &mut keys.auth, &mut keys.salt];
        for (label, output) in (first..).zip(outputs) {
            let mut counter = [0; 16];
            counter[..SALT_LEN].copy_from_slice(salt);
            counter[7] ^= label;
            cipher.apply(&counter, output);
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::super::suite::Suite;
    use super::super::vectors::hex;
    use super::*;

    #[track_caller]
    fn check(suite: Suite, master: [&str; 2], key: &str, salt: &str, auth: &str) {
        let policy = Policy::new(suite, hex(&master.concat()));
        let (keys, _) = SessionKeys::derive(&policy).expect("right length");
        assert_eq!(keys.key[..suite.key_len()], hex(key));
        assert_eq!(keys.salt[..], hex(salt));
        assert_eq!(keys.auth[..], hex(auth));
    }

    #[test]
    fn derivation_is_that_of_rfc_3711_b_3() {
        check(
            Suite::AesCm128Sha1_80,
            ["e1f97a0d3e018be0d64fa32c06de4139", "0ec675ad498afeebb6960b3aabe6"],
            "c61e7a93744f39ee10734afe3ff7a087",
            "30cbbc08863d8c85d49db34a9ae1",
            "cebe321f6ff7716b6fd4ab49af256a156d38baa4",
        );
    }

    #[test]
    fn derivation_is_that_of_rfc_6188_7_2_and_7_4() {
        check(
            Suite::AesCm256Sha1_80,
            [
                "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
                "3b04803de51ee7c96423ab5b78d2",
            ],
            "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
            "fa31791685ca444a9e07c6c64e93",
            "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
        );
        check(
            Suite::AesCm192Sha1_80,
            ["73edc66c4fa15776fb57f9505c17136550ffda71f3e8e5f1", "c8522f3acd4ce86d5add78edbb11"],
            "31874736a8f1143870c26e4857d8a5b2c4a354407faadabb",
            "2372b82d639b6d8503a47adc0a6c",
            "355b10973cd95b9eacf4061c7e1a7151e7cfbfcb",
        );
    }

    #[test]
    fn keys_of_a_wrong_length_are_refused() {
        for suite in Suite::ALL {
            let right = suite.key_len() + suite.salt_len();
            for len in [0, 1, suite.key_len(), right - 1, right + 1, 100] {
                assert!(SessionKeys::derive(&Policy::new(suite, vec![1; len])).is_err(), "{suite:?} {len}");
            }
        }
    }
}
