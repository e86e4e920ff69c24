//! A key in use: one packet is sealed or opened under an index that the caller has found.

use subtle::ConstantTimeEq as _;

use super::Refused;
use super::keys::{SALT_LEN, SessionKeys};
use super::packet::{RTCP_CLEAR_LEN, RtpShape};
use super::policy::{MKI_MAX, Policy};
use super::suite::Suite;
use super::transform::{Form, GCM_TAG_LEN, Transform, counter, nonce, sha1_tag};

/// Bytes behind an SRTCP packet that hold its index.
const INDEX_LEN: usize = 4;
/// The bit of the index that says that the packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;

/// Session keys of RTP and RTCP in one direction.
pub(super) struct Session {
    suite: Suite,
    unencrypted: bool,
    mki: Box<[u8]>,
    rtp: Transform,
    rtp_salt: [u8; SALT_LEN],
    rtcp: SessionKeys,
}

impl Session {
    pub(super) fn new(policy: &Policy) -> Result<Session, Refused> {
        let mki = policy.mki.as_deref().unwrap_or_default();
        if mki.len() > MKI_MAX {
            return Err(Refused::Malformed);
        }
        let (rtp, rtcp) = SessionKeys::derive(policy)?;
        Ok(Session {
            suite: policy.suite,
            unencrypted: policy.unencrypted,
            mki: mki.into(),
            rtp: Transform::new(policy.suite, &rtp),
            rtp_salt: rtp.salt,
            rtcp,
        })
    }

    /// Bytes that an SRTP packet has more than its RTP packet.
    pub(super) fn rtp_overhead(&self) -> usize {
        self.suite.tag_len() + self.mki.len()
    }

    /// Bytes that an SRTCP packet has more than its RTCP packet.
    pub(super) fn rtcp_overhead(&self) -> usize {
        self.suite.rtcp_tag_len() + INDEX_LEN + self.mki.len()
    }

    /// Seals an RTP packet behind which [`Session::rtp_overhead`] bytes are free.
    pub(super) fn seal_rtp(&self, packet: &mut [u8], shape: RtpShape, index: u64) {
        let (body, behind) = packet.split_at_mut(packet.len() - self.rtp_overhead());
        let clear = if self.unencrypted { body.len() } else { shape.payload };
        match self.rtp.as_form() {
            Form::Sha1 { cipher, mac } => {
                if let Some(cipher) = cipher {
                    cipher.apply(&counter(&self.rtp_salt, shape.ssrc, index), &mut body[clear..]);
                }
                let (mki, tag) = behind.split_at_mut(self.mki.len());
                mki.copy_from_slice(&self.mki);
                tag.copy_from_slice(&sha1_tag(mac, body, rollovers(index))[..tag.len()]);
            }
            Form::Gcm(aead) => {
                let (clear, data) = body.split_at_mut(clear);
                let (tag, mki) = behind.split_at_mut(GCM_TAG_LEN);
                tag.copy_from_slice(&aead.seal(&nonce(&self.rtp_salt, shape.ssrc, index), clear, data));
                mki.copy_from_slice(&self.mki);
            }
        }
    }

    /// Opens an SRTP packet if its tag is that of this index, and changes nothing if not; returns the length
    /// of what is left.
    pub(super) fn open_rtp(&self, packet: &mut [u8], shape: RtpShape, index: u64) -> Result<usize, Refused> {
        let len = packet.len().checked_sub(self.rtp_overhead()).ok_or(Refused::Malformed)?;
        if shape.payload > len {
            return Err(Refused::Malformed);
        }
        let (body, behind) = packet.split_at_mut(len);
        let clear = if self.unencrypted { len } else { shape.payload };
        match self.rtp.as_form() {
            Form::Sha1 { cipher, mac } => {
                let (mki, tag) = behind.split_at(self.mki.len());
                let expected = sha1_tag(mac, body, rollovers(index));
                same(mki, &self.mki)?;
                same(tag, &expected[..tag.len()])?;
                if let Some(cipher) = cipher {
                    cipher.apply(&counter(&self.rtp_salt, shape.ssrc, index), &mut body[clear..]);
                }
            }
            Form::Gcm(aead) => {
                let (clear, data) = body.split_at_mut(clear);
                let (tag, mki) = behind.split_first_chunk::<GCM_TAG_LEN>().ok_or(Refused::Malformed)?;
                same(mki, &self.mki)?;
                if !aead.open(&nonce(&self.rtp_salt, shape.ssrc, index), clear, data, tag) {
                    return Err(Refused::Authentication);
                }
            }
        }
        Ok(len)
    }

    /// Seals an RTCP packet behind which [`Session::rtcp_overhead`] bytes are free, under an index of 31
    /// bits.
    pub(super) fn seal_rtcp(&self, packet: &mut [u8], ssrc: u32, index: u32) {
        let (body, behind) = packet.split_at_mut(packet.len() - self.rtcp_overhead());
        let word = if self.suite.is_null() { index } else { index | ENCRYPTED }.to_be_bytes();
        let salt = &self.rtcp.salt;
        Form::once(self.suite, &self.rtcp, |form| match form {
            Form::Sha1 { cipher, mac } => {
                if let Some(cipher) = cipher {
                    cipher.apply(&counter(salt, ssrc, index.into()), &mut body[RTCP_CLEAR_LEN..]);
                }
                let (place, behind) = behind.split_at_mut(INDEX_LEN);
                let (mki, tag) = behind.split_at_mut(self.mki.len());
                place.copy_from_slice(&word);
                mki.copy_from_slice(&self.mki);
                tag.copy_from_slice(&sha1_tag(mac, body, word)[..tag.len()]);
            }
            Form::Gcm(aead) => {
                let (clear, data) = body.split_at_mut(RTCP_CLEAR_LEN);
                let (tag, behind) = behind.split_at_mut(GCM_TAG_LEN);
                let (place, mki) = behind.split_at_mut(INDEX_LEN);
                let clear = header_and_index(clear, word);
                tag.copy_from_slice(&aead.seal(&nonce(salt, ssrc, index.into()), &clear, data));
                place.copy_from_slice(&word);
                mki.copy_from_slice(&self.mki);
            }
        });
    }

    /// Where an SRTCP packet's index stands, and what it is.
    pub(super) fn rtcp_index(&self, packet: &[u8]) -> Result<u32, Refused> {
        let len = packet.len().checked_sub(self.rtcp_overhead()).ok_or(Refused::Malformed)?;
        Ok(self.index_word(packet, len)? & !ENCRYPTED)
    }

    /// Opens an SRTCP packet if its tag is right; returns the length of what is left.
    pub(super) fn open_rtcp(&self, packet: &mut [u8], ssrc: u32) -> Result<usize, Refused> {
        let len = packet.len().checked_sub(self.rtcp_overhead()).ok_or(Refused::Malformed)?;
        if len < RTCP_CLEAR_LEN {
            return Err(Refused::Malformed);
        }
        let word = self.index_word(packet, len)?;
        let (index, encrypted) = (u64::from(word & !ENCRYPTED), word & ENCRYPTED != 0);
        let (word, salt) = (word.to_be_bytes(), &self.rtcp.salt);
        Form::once(self.suite, &self.rtcp, |form| match form {
            Form::Sha1 { cipher, mac } => {
                let (body, behind) = packet.split_at_mut(len);
                let (mki, tag) = behind[INDEX_LEN..].split_at(self.mki.len());
                let expected = sha1_tag(mac, body, word);
                same(mki, &self.mki)?;
                same(tag, &expected[..tag.len()])?;
                if let Some(cipher) = cipher.filter(|_| encrypted) {
                    cipher.apply(&counter(salt, ssrc, index), &mut body[RTCP_CLEAR_LEN..]);
                }
                Ok(len)
            }
            Form::Gcm(aead) => {
                let nonce = nonce(salt, ssrc, index);
                same(&packet[len + GCM_TAG_LEN + INDEX_LEN..], &self.mki)?;
                let (body, behind) = packet.split_at_mut(len);
                let tag = *behind.first_chunk::<GCM_TAG_LEN>().ok_or(Refused::Malformed)?;
                let right = if encrypted {
                    let (clear, data) = body.split_at_mut(RTCP_CLEAR_LEN);
                    aead.open(&nonce, &header_and_index(clear, word), data, &tag)
                } else {
                    // All of it is authenticated, and the index behind it as if the tag were not between (RFC
                    // 7714 §9.3).
                    behind[..INDEX_LEN].copy_from_slice(&word);
                    aead.open(&nonce, &packet[..len + INDEX_LEN], &mut [], &tag)
                };
                if right { Ok(len) } else { Err(Refused::Authentication) }
            }
        })
    }

    /// The index and its flag, of a packet of which `len` bytes are RTCP.
    fn index_word(&self, packet: &[u8], len: usize) -> Result<u32, Refused> {
        let at = if self.suite.is_aead() { len + GCM_TAG_LEN } else { len };
        let bytes = packet.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Refused::Malformed)?;
        Ok(u32::from_be_bytes(*bytes))
    }
}

/// What HMAC takes behind an RTP packet.
fn rollovers(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// What an AEAD authenticates of an encrypted RTCP packet without encrypting it (RFC 7714 §9.2).
fn header_and_index(header: &[u8], word: [u8; INDEX_LEN]) -> [u8; RTCP_CLEAR_LEN + INDEX_LEN] {
    let mut clear = [0; RTCP_CLEAR_LEN + INDEX_LEN];
    clear[..RTCP_CLEAR_LEN].copy_from_slice(header);
    clear[RTCP_CLEAR_LEN..].copy_from_slice(&word);
    clear
}

/// Compares in a time that does not tell where the difference is.
fn same(found: &[u8], expected: &[u8]) -> Result<(), Refused> {
    if bool::from(found.ct_eq(expected)) { Ok(()) } else { Err(Refused::Authentication) }
}

/// Sessions without key derivation, as the vectors of RFC 7714 want them.
#[cfg(test)]
impl Session {
    pub(super) fn with_keys(suite: Suite, key: &[u8], salt: &[u8]) -> Session {
        let mut keys = SessionKeys { key: [0; 32], auth: [0; 20], salt: [0; SALT_LEN] };
        keys.key[..key.len()].copy_from_slice(key);
        keys.salt[..salt.len()].copy_from_slice(salt);
        Session {
            suite,
            unencrypted: false,
            mki: Box::default(),
            rtp: Transform::new(suite, &keys),
            rtp_salt: keys.salt,
            rtcp: keys,
        }
    }
}
