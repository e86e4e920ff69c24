//! Keys of one direction, and their text in SDES: what follows `inline:` (RFC 4568 §6.1).

use std::fmt;

use base64::Engine as _;
use busyhour_wire::sdp::KEY_BASE64;

use super::suite::Suite;

/// Longest master key identifier, bytes (RFC 4568 §6.1).
pub const MKI_MAX: usize = 128;

/// Keys and transform of one direction.
#[derive(Clone, PartialEq, Eq)]
pub struct Policy {
    /// The transform.
    pub suite: Suite,
    /// Master key and master salt, as in `inline:`: [`Suite::key_len`] and [`Suite::salt_len`] bytes.
    pub key_and_salt: Vec<u8>,
    /// `UNENCRYPTED_SRTP`: RTP is authenticated only.
    pub unencrypted: bool,
    /// The master key identifier that each packet carries, at most [`MKI_MAX`] bytes; `None` and empty are
    /// the same.
    pub mki: Option<Vec<u8>>,
}

impl Policy {
    /// Makes a policy that encrypts and has no master key identifier.
    pub fn new(suite: Suite, key_and_salt: Vec<u8>) -> Policy {
        Policy { suite, key_and_salt, unencrypted: false, mki: None }
    }

    /// Reads what follows `inline:` up to a blank: `key||salt`, then `|lifetime` (ignored: no call lives that
    /// long) and `|MKI:length`, both optional. Of several keys, `inline:a|1:4;inline:b|2:4`, the first is
    /// taken.
    ///
    /// # Errors
    /// [`Unreadable`] says what is wrong.
    pub fn from_inline(suite: Suite, text: &str) -> Result<Policy, Unreadable> {
        let first = text.split([' ', '\t', ';']).next().unwrap_or_default();
        let mut parts = first.split('|');
        let key = parts.next().unwrap_or_default();
        let key_and_salt = KEY_BASE64.decode(key).map_err(|_| Unreadable::Base64)?;
        let expected = suite.key_len() + suite.salt_len();
        if key_and_salt.len() != expected {
            return Err(Unreadable::KeyLength { suite, found: key_and_salt.len(), expected });
        }
        let mut policy = Policy::new(suite, key_and_salt);
        for part in parts {
            if let Some((value, length)) = part.split_once(':') {
                policy.mki = Some(read_mki(value, length).ok_or(Unreadable::Mki)?);
            }
        }
        Ok(policy)
    }

    /// Writes what follows `inline:`: `key||salt` in base64, and `|MKI:length` if there is an identifier.
    pub fn to_inline(&self) -> String {
        let mut text = KEY_BASE64.encode(&self.key_and_salt);
        if let Some(mki) = self.mki.as_deref().filter(|mki| !mki.is_empty()) {
            text.push('|');
            text.push_str(&decimal(mki));
            text.push(':');
            text.push_str(&mki.len().to_string());
        }
        text
    }
}

/// Keys do not belong in logs.
impl fmt::Debug for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Policy")
            .field("suite", &self.suite)
            .field("unencrypted", &self.unencrypted)
            .field("mki", &self.mki)
            .finish_non_exhaustive()
    }
}

/// Why the text behind `inline:` gives no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The key is not base64.
    Base64,
    /// The key has the wrong length for its suite.
    KeyLength {
        /// The suite.
        suite: Suite,
        /// Bytes found.
        found: usize,
        /// Bytes of its key and salt.
        expected: usize,
    },
    /// The master key identifier is not `number:length`, or does not fit its length, or that is not 1 to
    /// [`MKI_MAX`].
    Mki,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Base64 => {
                write!(
                    formatter,
                    "the SRTP key behind `inline:` is not base64 (letters, digits, `+`, `/`, `=`)"
                )
            }
            Unreadable::KeyLength { suite, found, expected } => write!(
                formatter,
                "the SRTP key behind `inline:` has {found} bytes, but {} takes {expected}: {} of the key and {} of \
                 the salt, together {} characters of base64",
                suite.name(),
                suite.key_len(),
                suite.salt_len(),
                expected.div_ceil(3) * 4,
            ),
            Unreadable::Mki => write!(
                formatter,
                "the master key identifier behind the SRTP key is not `number:length` with a length of 1 to {MKI_MAX} \
                 bytes that holds the number, such as `1:4`"
            ),
        }
    }
}

impl std::error::Error for Unreadable {}

/// A decimal number of any size as `length` bytes, the most significant first.
fn read_mki(value: &str, length: &str) -> Option<Vec<u8>> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(value) || !is_number(length) {
        return None;
    }
    let length = length.parse().ok().filter(|length| (1..=MKI_MAX).contains(length))?;
    let mut bytes = vec![0; length];
    for digit in value.bytes() {
        let mut carry = u16::from(digit - b'0');
        for byte in bytes.iter_mut().rev() {
            let sum = u16::from(*byte) * 10 + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(bytes)
}

/// The number that `bytes` hold, the most significant first.
fn decimal(bytes: &[u8]) -> String {
    let mut rest = bytes.to_vec();
    let mut digits = Vec::new();
    while rest.iter().any(|byte| *byte != 0) {
        let mut remainder = 0;
        for byte in &mut rest {
            let dividend = remainder << 8 | u16::from(*byte);
            *byte = (dividend / 10) as u8;
            remainder = dividend % 10;
        }
        digits.push(char::from(b'0' + remainder as u8));
    }
    if digits.is_empty() { "0".to_owned() } else { digits.into_iter().rev().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

    #[test]
    fn keys_are_read_as_written() {
        for suite in Suite::ALL {
            let bytes: Vec<u8> = (0..).take(suite.key_len() + suite.salt_len()).collect();
            let mut policy = Policy::new(suite, bytes);
            assert_eq!(Policy::from_inline(suite, &policy.to_inline()), Ok(policy.clone()));
            let unpadded = policy.to_inline().replace('=', "");
            assert_eq!(Policy::from_inline(suite, &unpadded), Ok(policy.clone()));
            policy.mki = Some(vec![0, 0xff, 3, 0]);
            assert_eq!(Policy::from_inline(suite, &policy.to_inline()), Ok(policy.clone()));
        }
    }

    #[test]
    fn lifetime_identifier_parameters_and_second_key_stand_behind() {
        let suite = Suite::AesCm128Sha1_80;
        let plain = Policy::from_inline(suite, KEY).expect("RFC 4568 §4.1");
        assert_eq!(plain.key_and_salt.len(), 30);
        assert_eq!(plain.to_inline(), KEY);
        for tail in ["|2^20", "|1048576", " UNENCRYPTED_SRTP", ";inline:AAAA|2^20|2:4"] {
            assert_eq!(Policy::from_inline(suite, &format!("{KEY}{tail}")).as_ref(), Ok(&plain), "{tail}");
        }
        for tail in ["|2^20|1:4", "|1:4", "|2^20|1:4;inline:AAAA|2^20|2:4"] {
            let policy = Policy::from_inline(suite, &format!("{KEY}{tail}")).expect(tail);
            assert_eq!(policy.mki, Some(vec![0, 0, 0, 1]), "{tail}");
        }
        let long = format!("{KEY}|{}:16", u128::MAX);
        assert_eq!(Policy::from_inline(suite, &long).map(|policy| policy.mki), Ok(Some(vec![0xff; 16])));
        assert_eq!(Policy::from_inline(suite, &long).map(|policy| policy.to_inline()), Ok(long));
    }

    #[test]
    fn what_is_no_key_says_why() {
        let suite = Suite::AesCm128Sha1_80;
        for (text, error) in [
            ("", Unreadable::KeyLength { suite, found: 0, expected: 30 }),
            ("AAAA", Unreadable::KeyLength { suite, found: 3, expected: 30 }),
            ("!nonsense!", Unreadable::Base64),
            (&format!("{KEY}|:4"), Unreadable::Mki),
            (&format!("{KEY}|1:"), Unreadable::Mki),
            (&format!("{KEY}|-1:4"), Unreadable::Mki),
            (&format!("{KEY}|1:0"), Unreadable::Mki),
            (&format!("{KEY}|1:129"), Unreadable::Mki),
            (&format!("{KEY}|256:1"), Unreadable::Mki),
        ] {
            assert_eq!(Policy::from_inline(suite, text), Err(error), "{text}");
            assert!(error.to_string().contains(':') || error.to_string().contains("base64"));
        }
        assert!(
            Policy::from_inline(Suite::AeadAes256Gcm, KEY).unwrap_err().to_string().contains("60 characters")
        );
    }

    #[test]
    fn keys_do_not_show_in_debug_output() {
        let policy = Policy::new(Suite::NullSha1_32, vec![0xab; 30]);
        assert!(!format!("{policy:?}").contains("171"));
    }
}
