//! Algorithms of digest authentication.

use std::fmt;

use md5::{Digest, Md5};
use sha2::{Sha256, Sha512_256};

/// What `algorithm=` names (RFC 7616 §3.3, RFC 8760, RFC 3310, RFC 4169).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `MD5`, also where none is named.
    Md5,
    /// `MD5-sess`.
    Md5Session,
    /// `SHA-256`.
    Sha256,
    /// `SHA-256-sess`.
    Sha256Session,
    /// `SHA-512-256`: SHA-512/256, not a cut SHA-512.
    Sha512_256,
    /// `SHA-512-256-sess`.
    Sha512_256Session,
    /// `AKAv1-MD5`.
    AkaV1,
    /// `AKAv2-MD5`.
    AkaV2,
}

impl Algorithm {
    const NAMES: [(&str, Algorithm); 8] = [
        ("MD5", Algorithm::Md5),
        ("MD5-sess", Algorithm::Md5Session),
        ("SHA-256", Algorithm::Sha256),
        ("SHA-256-sess", Algorithm::Sha256Session),
        ("SHA-512-256", Algorithm::Sha512_256),
        ("SHA-512-256-sess", Algorithm::Sha512_256Session),
        ("AKAv1-MD5", Algorithm::AkaV1),
        ("AKAv2-MD5", Algorithm::AkaV2),
    ];

    /// The algorithm of this name, in any case.
    pub fn of_name(name: &[u8]) -> Option<Algorithm> {
        let known = Self::NAMES.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
        known.map(|(_, algorithm)| *algorithm)
    }

    /// Whether the session's nonces go into the hash of user and password (`-sess`): it cannot do without a cnonce.
    pub fn is_session(self) -> bool {
        matches!(self, Algorithm::Md5Session | Algorithm::Sha256Session | Algorithm::Sha512_256Session)
    }

    /// Whether the password comes from AKA's keys and the nonce.
    pub fn is_aka(self) -> bool {
        matches!(self, Algorithm::AkaV1 | Algorithm::AkaV2)
    }

    /// Hash of these parts with colons between them.
    pub(super) fn hash(self, parts: &[&[u8]]) -> Hex {
        match self {
            Algorithm::Md5 | Algorithm::Md5Session | Algorithm::AkaV1 | Algorithm::AkaV2 => {
                joined::<Md5>(parts)
            }
            Algorithm::Sha256 | Algorithm::Sha256Session => joined::<Sha256>(parts),
            Algorithm::Sha512_256 | Algorithm::Sha512_256Session => joined::<Sha512_256>(parts),
        }
    }

    /// Hash of a body.
    pub(super) fn hash_body(self, body: &[u8]) -> Hex {
        self.hash(&[body])
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, algorithm)| algorithm == self);
        formatter.write_str(name.map_or("", |(name, _)| name))
    }
}

/// A hash in lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hex {
    digits: [u8; 64],
    len: usize,
}

impl Hex {
    fn new(hash: &[u8]) -> Hex {
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(hash) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        Hex { digits, len: (2 * hash.len()).min(64) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.digits[..self.len]
    }
}

fn joined<D: Digest>(parts: &[&[u8]]) -> Hex {
    let mut hash = D::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    Hex::new(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case() {
        assert_eq!(Algorithm::of_name(b"sha-512-256-SESS"), Some(Algorithm::Sha512_256Session));
        assert_eq!(Algorithm::of_name(b"akaV1-md5"), Some(Algorithm::AkaV1));
        assert_eq!(Algorithm::of_name(b"MD5-"), None);
        assert_eq!(Algorithm::of_name(b""), None);
        for (name, algorithm) in Algorithm::NAMES {
            assert_eq!(Algorithm::of_name(name.as_bytes()), Some(algorithm));
            assert_eq!(algorithm.to_string(), name);
        }
    }

    #[test]
    fn parts_are_joined_by_colons() {
        let hex = |algorithm: Algorithm, parts: &[&[u8]]| {
            String::from_utf8(algorithm.hash(parts).as_bytes().to_vec()).expect("digits")
        };
        assert_eq!(hex(Algorithm::Md5, &[b""]), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(
            hex(Algorithm::Sha512_256, &[b"abc"]),
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
        );
        assert_eq!(hex(Algorithm::Sha256, &[b"a", b"b"]), hex(Algorithm::Sha256, &[b"a:b"]));
    }
}
