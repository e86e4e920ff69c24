//! The ciphers and tags: AES counter mode with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1), and AES-GCM (RFC 7714).

use aes::cipher::array::Array;
use aes::cipher::consts::{U12, U16};
use aes::cipher::{BlockCipherEncrypt, BlockSizeUser, InnerIvInit as _, KeyInit as _, StreamCipherCore as _};
use aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut as _, AesGcm};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

use super::keys::{AUTH_LEN, KEY_MAX, SALT_LEN, SessionKeys};
use super::suite::Suite;

/// Bytes of the tag of an AEAD.
pub(super) const GCM_TAG_LEN: usize = 16;
/// Bytes of an HMAC-SHA1 before it is cut to the tag.
const SHA1_LEN: usize = 20;
/// HMAC fills its key up with zeros to a block.
const SHA1_BLOCK_LEN: usize = 64;

/// AES with an expanded key, in counter mode.
pub(super) trait Cipher: Send + Sync {
    /// Encrypts or decrypts `data`, whose first block has this counter.
    fn apply(&self, counter: &[u8; 16], data: &mut [u8]);
}

impl<C> Cipher for C
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    fn apply(&self, counter: &[u8; 16], data: &mut [u8]) {
        CtrCore::<&C, Ctr128BE>::inner_iv_init(self, Array::cast_from_core(counter))
            .apply_keystream_partial(InOutBuf::from(data));
    }
}

/// AES-GCM with an expanded key.
pub(super) trait Aead: Send + Sync {
    /// Encrypts `data` and returns the tag of both.
    fn seal(&self, nonce: &[u8; 12], clear: &[u8], data: &mut [u8]) -> [u8; GCM_TAG_LEN];

    /// Decrypts `data` if the tag of both is right; returns false, and changes nothing, if it is wrong. Takes
    /// the same time wherever the tag differs.
    fn open(&self, nonce: &[u8; 12], clear: &[u8], data: &mut [u8], tag: &[u8; GCM_TAG_LEN]) -> bool;
}

impl<C> Aead for AesGcm<C, U12>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    fn seal(&self, nonce: &[u8; 12], clear: &[u8], data: &mut [u8]) -> [u8; GCM_TAG_LEN] {
        let sealed = self.encrypt_inout_detached(Array::cast_from_core(nonce), clear, InOutBuf::from(data));
        // Refused are only texts of more than 2³⁶ bytes, which no datagram has; a wrong tag is then the right
        // answer.
        sealed.map(Into::into).unwrap_or_default()
    }

    fn open(&self, nonce: &[u8; 12], clear: &[u8], data: &mut [u8], tag: &[u8; GCM_TAG_LEN]) -> bool {
        let (nonce, tag) = (Array::cast_from_core(nonce), Array::cast_from_core(tag));
        self.decrypt_inout_detached(nonce, clear, InOutBuf::from(data), tag).is_ok()
    }
}

/// A transform with its keys expanded, kept for the packets of a call. The ciphers are boxed, each in its own
/// size: 176 to 400 bytes.
pub(super) enum Transform {
    /// A cipher, or none, and the state of an HMAC behind its key.
    Sha1 { cipher: Option<Box<dyn Cipher>>, mac: Hmac<Sha1> },
    /// Both in one.
    Gcm(Box<dyn Aead>),
}

impl Transform {
    pub(super) fn new(suite: Suite, keys: &SessionKeys) -> Transform {
        let key = &keys.key;
        if suite.is_aead() {
            return Transform::Gcm(match suite.key_len() {
                32 => Box::new(gcm(aes256(key))),
                _ => Box::new(gcm(aes128(key))),
            });
        }
        let cipher: Option<Box<dyn Cipher>> = match suite.key_len() {
            _ if suite.is_null() => None,
            24 => Some(Box::new(aes192(key))),
            32 => Some(Box::new(aes256(key))),
            _ => Some(Box::new(aes128(key))),
        };
        Transform::Sha1 { cipher, mac: hmac(&keys.auth) }
    }

    pub(super) fn as_form(&self) -> Form<'_> {
        match self {
            Transform::Sha1 { cipher, mac } => Form::Sha1 { cipher: cipher.as_deref(), mac },
            Transform::Gcm(aead) => Form::Gcm(aead.as_ref()),
        }
    }
}

/// A transform for one packet.
pub(super) enum Form<'a> {
    Sha1 { cipher: Option<&'a dyn Cipher>, mac: &'a Hmac<Sha1> },
    Gcm(&'a dyn Aead),
}

impl Form<'_> {
    /// Expands the keys for one use, on the stack: RTCP is too rare to keep them for it.
    pub(super) fn once<R>(suite: Suite, keys: &SessionKeys, then: impl FnOnce(Form<'_>) -> R) -> R {
        let key = &keys.key;
        if suite.is_aead() {
            return match suite.key_len() {
                32 => then(Form::Gcm(&gcm(aes256(key)))),
                _ => then(Form::Gcm(&gcm(aes128(key)))),
            };
        }
        let mac = &hmac(&keys.auth);
        match suite.key_len() {
            _ if suite.is_null() => then(Form::Sha1 { cipher: None, mac }),
            24 => then(Form::Sha1 { cipher: Some(&aes192(key)), mac }),
            32 => then(Form::Sha1 { cipher: Some(&aes256(key)), mac }),
            _ => then(Form::Sha1 { cipher: Some(&aes128(key)), mac }),
        }
    }
}

/// The HMAC-SHA1 of a packet and what is authenticated with it but not in it, or behind it.
pub(super) fn sha1_tag(mac: &Hmac<Sha1>, packet: &[u8], behind: [u8; 4]) -> [u8; SHA1_LEN] {
    let mut mac = mac.clone();
    mac.update(packet);
    mac.update(&behind);
    mac.finalize().into_bytes().into()
}

/// The counter of a packet's first block (RFC 3711 §4.1.1): salt, SSRC and index, one over the other.
pub(super) fn counter(salt: &[u8; SALT_LEN], ssrc: u32, index: u64) -> [u8; 16] {
    let mut counter = [0; 16];
    counter[..SALT_LEN].copy_from_slice(salt);
    mix(&mut counter[4..SALT_LEN], ssrc, index);
    counter
}

/// The nonce of a packet (RFC 7714 §8.1, §9.1): the same, two bytes further to the front.
pub(super) fn nonce(salt: &[u8; SALT_LEN], ssrc: u32, index: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&salt[..12]);
    mix(&mut nonce[2..], ssrc, index);
    nonce
}

/// Lays the SSRC and the 48 bits of the index over ten bytes.
fn mix(bytes: &mut [u8], ssrc: u32, index: u64) {
    let [_, _, index @ ..] = index.to_be_bytes();
    for (byte, with) in bytes.iter_mut().zip(ssrc.to_be_bytes().into_iter().chain(index)) {
        *byte ^= with;
    }
}

fn hmac(key: &[u8; AUTH_LEN]) -> Hmac<Sha1> {
    let mut block = [0; SHA1_BLOCK_LEN];
    block[..AUTH_LEN].copy_from_slice(key);
    Hmac::new(&block.into())
}

fn gcm<C>(cipher: C) -> AesGcm<C, U12>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    AesGcm::from(cipher)
}

fn aes128(key: &[u8; KEY_MAX]) -> Aes128Enc {
    Aes128Enc::new(&first::<16>(key).into())
}

fn aes192(key: &[u8; KEY_MAX]) -> Aes192Enc {
    Aes192Enc::new(&first::<24>(key).into())
}

fn aes256(key: &[u8; KEY_MAX]) -> Aes256Enc {
    Aes256Enc::new(&first::<32>(key).into())
}

fn first<const N: usize>(key: &[u8; KEY_MAX]) -> [u8; N] {
    let mut first = [0; N];
    first.copy_from_slice(&key[..N]);
    first
}

#[cfg(test)]
mod tests {
    use super::super::vectors::hex;
    use super::*;

    /// The key stream of RFC 3711 B.2 and RFC 6188 §7.1, §7.3: the session salt, SSRC 0, index 0.
    #[track_caller]
    fn check(cipher: &dyn Cipher, first: &str, last: &str) {
        let salt = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd").try_into().expect("14 bytes");
        let mut stream = vec![0; 0xff02 * 16];
        cipher.apply(&counter(&salt, 0, 0), &mut stream);
        assert_eq!(stream[..48], hex(first));
        assert_eq!(stream[0xfeff * 16..], hex(last));
    }

    fn key(text: &str) -> [u8; KEY_MAX] {
        let mut key = [0; KEY_MAX];
        key[..text.len() / 2].copy_from_slice(&hex(text));
        key
    }

    #[test]
    fn key_stream_is_that_of_rfc_3711_b_2() {
        check(
            &aes128(&key("2b7e151628aed2a6abf7158809cf4f3c")),
            "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0",
            "ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae6a2cc3787889374fbeb4c81b17ba6c44",
        );
    }

    #[test]
    fn key_stream_is_that_of_rfc_6188_7_1_and_7_3() {
        check(
            &aes256(&key("57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98")),
            "92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac63c4868b7096d88421b563b8c94c9a31",
            "cea518c90fd91ced9cbb18c078a547113dbc4814f4da5f00a08772b63c6a046d6eb246913062a16891433e97dd01a57f",
        );
        check(
            &aes192(&key("eab234764e517b2d3d160d587d8c86219740f65f99b6bcf7")),
            "35096cba4610028dc1b57503804ce37c5de986291dcce161d5165ec4568f5c9a474a40c77894bc17180202272a4c264d",
            "d108d1a31a00bad6367ec23eb044b415c8f57129fdeb970b59f917b257662d4ca5dab625811034e8cebdfeb6dc158dd3",
        );
    }

    #[test]
    fn nonce_is_that_of_rfc_7714() {
        let mut salt = [0; SALT_LEN];
        salt[..12].copy_from_slice(b"Quid pro quo");
        assert_eq!(nonce(&salt, 0x5501_a0b2, 0xf17b)[..], hex("51753c6580c2726f20718414"));
        assert_eq!(nonce(&salt, 0x4d61_7273, 0x5d4)[..], hex("517524055203726f207170bb"));
    }
}
