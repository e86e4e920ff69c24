//! `a=crypto`: keys of SRTP (RFC 4568 §4, §6).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::lines::{number, word, words};

/// Longest base64 text of a key that is read: twice what the longest suite needs.
const KEY_TEXT_MAX: usize = 128;

/// The base64 of keys as peers write it: with or without padding, and with bits left over behind the last byte.
pub const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A crypto line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crypto<'a> {
    /// Which line an answer takes.
    pub tag: u32,
    /// Name of the suite, such as `AES_CM_128_HMAC_SHA1_80`.
    pub suite: &'a [u8],
    /// Master key and master salt of the first `inline:`, in base64; empty if there is none.
    pub key_text: &'a [u8],
    /// What follows the key after `|`: lifetime, MKI and its length; empty if nothing does.
    pub key_rest: &'a [u8],
    /// The session parameters, as written.
    pub session_parameters: &'a [u8],
}

impl<'a> Crypto<'a> {
    /// Reads the value of the attribute. `None` without a number and a suite.
    pub(super) fn read(value: &'a [u8]) -> Option<Crypto<'a>> {
        let (tag, rest) = word(value);
        let (suite, rest) = word(rest);
        let (mut keys, mut session_parameters) = word(rest);
        // A blank behind the colon is wrong, and plain.
        if keys.eq_ignore_ascii_case(b"inline:") {
            (keys, session_parameters) = word(session_parameters);
        } else if let Some((method, key)) = keys.split_at_checked(b"inline:".len())
            && method.eq_ignore_ascii_case(b"inline:")
        {
            keys = key;
        } else {
            (keys, session_parameters) = (b"", rest);
        }
        let first = keys.split(|&byte| byte == b';').next().unwrap_or_default();
        let end = first.iter().position(|&byte| byte == b'|').unwrap_or(first.len());
        let (key_text, key_rest) = first.split_at(end);
        if suite.is_empty() {
            return None;
        }
        let key_rest = key_rest.strip_prefix(b"|").unwrap_or(key_rest);
        Some(Crypto { tag: number(tag)?, suite, key_text, key_rest, session_parameters })
    }

    /// Master key and master salt. `None` if the text is no base64, empty, or longer than any suite's.
    pub fn key_and_salt(&self) -> Option<Vec<u8>> {
        if self.key_text.len() > KEY_TEXT_MAX {
            return None;
        }
        KEY_BASE64.decode(self.key_text).ok().filter(|key| !key.is_empty())
    }

    /// Whether a session parameter such as `UNENCRYPTED_SRTP` is there.
    pub fn has(&self, parameter: &str) -> bool {
        words(self.session_parameters).any(|word| word.eq_ignore_ascii_case(parameter.as_bytes()))
    }
}
