//! The transforms that SDES can name (RFC 4568 §6.2, RFC 6188 §5, RFC 7714 §14.1).

/// Transforms that SDES names (RFC 4568, 6188, 7714).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    AesCm128Sha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`.
    AesCm128Sha1_32,
    /// `AES_192_CM_HMAC_SHA1_80`.
    AesCm192Sha1_80,
    /// `AES_192_CM_HMAC_SHA1_32`.
    AesCm192Sha1_32,
    /// `AES_256_CM_HMAC_SHA1_80`.
    AesCm256Sha1_80,
    /// `AES_256_CM_HMAC_SHA1_32`.
    AesCm256Sha1_32,
    /// `NULL_HMAC_SHA1_80`: authenticated, not encrypted.
    NullSha1_80,
    /// `NULL_HMAC_SHA1_32`.
    NullSha1_32,
    /// `AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `AEAD_AES_256_GCM`.
    AeadAes256Gcm,
}

impl Suite {
    /// All, in the order of preference of an answer.
    pub const ALL: [Suite; 10] = [
        Suite::AesCm128Sha1_80,
        Suite::AesCm128Sha1_32,
        Suite::AesCm192Sha1_80,
        Suite::AesCm192Sha1_32,
        Suite::AesCm256Sha1_80,
        Suite::AesCm256Sha1_32,
        Suite::NullSha1_80,
        Suite::NullSha1_32,
        Suite::AeadAes128Gcm,
        Suite::AeadAes256Gcm,
    ];

    /// As SDES writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Suite::AesCm128Sha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128Sha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Suite::AesCm192Sha1_80 => "AES_192_CM_HMAC_SHA1_80",
            Suite::AesCm192Sha1_32 => "AES_192_CM_HMAC_SHA1_32",
            Suite::AesCm256Sha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Suite::AesCm256Sha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Suite::NullSha1_80 => "NULL_HMAC_SHA1_80",
            Suite::NullSha1_32 => "NULL_HMAC_SHA1_32",
            Suite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Suite::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// Finds a suite by its name, in the case of the RFCs. Besides those, `AES_CM_192_…` and `AES_CM_256_…`
    /// are taken, which some devices write.
    pub fn from_name(name: &str) -> Option<Suite> {
        let of_devices = match name {
            "AES_CM_192_HMAC_SHA1_80" => Some(Suite::AesCm192Sha1_80),
            "AES_CM_192_HMAC_SHA1_32" => Some(Suite::AesCm192Sha1_32),
            "AES_CM_256_HMAC_SHA1_80" => Some(Suite::AesCm256Sha1_80),
            "AES_CM_256_HMAC_SHA1_32" => Some(Suite::AesCm256Sha1_32),
            _ => None,
        };
        of_devices.or_else(|| Suite::ALL.into_iter().find(|suite| suite.name() == name))
    }

    /// Bytes of the master key.
    pub const fn key_len(self) -> usize {
        match self {
            Suite::AesCm192Sha1_80 | Suite::AesCm192Sha1_32 => 24,
            Suite::AesCm256Sha1_80 | Suite::AesCm256Sha1_32 | Suite::AeadAes256Gcm => 32,
            _ => 16,
        }
    }

    /// Bytes of the master salt.
    pub const fn salt_len(self) -> usize {
        match self {
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 12,
            _ => 14,
        }
    }

    /// Bytes of the tag of an SRTP packet.
    pub const fn tag_len(self) -> usize {
        match self {
            Suite::AesCm128Sha1_32 | Suite::AesCm192Sha1_32 | Suite::AesCm256Sha1_32 | Suite::NullSha1_32 => {
                4
            }
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 16,
            _ => 10,
        }
    }

    /// Bytes of the tag of an SRTCP packet: the `_32` suites shorten only that of SRTP (RFC 4568 §6.2).
    pub const fn rtcp_tag_len(self) -> usize {
        match self {
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 16,
            _ => 10,
        }
    }

    /// True for the suites without a cipher.
    pub const fn is_null(self) -> bool {
        matches!(self, Suite::NullSha1_80 | Suite::NullSha1_32)
    }

    /// True for the suites that encrypt and authenticate in one (RFC 7714).
    pub const fn is_aead(self) -> bool {
        matches!(self, Suite::AeadAes128Gcm | Suite::AeadAes256Gcm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_written_and_only_in_their_case() {
        for suite in Suite::ALL {
            assert_eq!(Suite::from_name(suite.name()), Some(suite));
            assert_eq!(Suite::from_name(&suite.name().to_lowercase()), None);
        }
        assert_eq!(Suite::from_name("AES_CM_192_HMAC_SHA1_32"), Some(Suite::AesCm192Sha1_32));
        assert_eq!(Suite::from_name("AES_CM_256_HMAC_SHA1_80"), Some(Suite::AesCm256Sha1_80));
        assert_eq!(Suite::from_name("F8_128_HMAC_SHA1_80"), None);
        assert_eq!(Suite::from_name(""), None);
    }
}
