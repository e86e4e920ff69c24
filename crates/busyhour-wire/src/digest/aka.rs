//! Digest AKA from the terminal's side (RFC 3310, RFC 4169, 3GPP TS 33.102 §6.3).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use subtle::ConstantTimeEq as _;

use super::algorithm::Algorithm;
use super::challenge::DigestError;
use super::milenage::{Milenage, Vector};

/// AMF of a resynchronisation (TS 33.102 §6.3.3).
const RESYNCHRONISATION_AMF: [u8; 2] = [0, 0];

/// Servers forget the padding at times, or leave bits in it.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A subscriber: what is on a SIM card.
#[derive(Clone)]
pub struct Subscriber(Milenage);

/// What a challenge means for its subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is answered with this password.
    Password {
        /// RES as it is (AKAv1), or derived from it as base64 (AKAv2).
        password: Vec<u8>,
        /// Sequence number of the challenge, 48 bits.
        sqn: u64,
    },
    /// Its sequence number is below one that was accepted before: it is answered with an empty password and this
    /// token, which tells the server the highest one (RFC 3310 §3.4).
    OutOfSequence {
        /// AUTS.
        auts: [u8; 14],
    },
}

impl Subscriber {
    /// A subscriber by K and OP. What is shorter than 16 bytes is filled up with zeros, what is longer is cut.
    pub fn with_op(k: &[u8], op: &[u8]) -> Subscriber {
        Subscriber(Milenage::with_op(&key(k), &key(op)))
    }

    /// A subscriber by K and OPc, filled up and cut in the same way.
    pub fn with_opc(k: &[u8], opc: &[u8]) -> Subscriber {
        Subscriber(Milenage::with_opc(&key(k), &key(opc)))
    }

    /// Checks who made a challenge and derives its password. `highest`: the highest sequence number accepted so far;
    /// one that is equal or higher is accepted. `algorithm` is taken as AKAv1 unless it is AKAv2.
    ///
    /// # Errors
    /// If the nonce is no base64 of RAND and AUTN, or its MAC is not that of this subscriber's keys.
    pub fn accept(
        &self,
        nonce: &[u8],
        algorithm: Algorithm,
        highest: Option<u64>,
    ) -> Result<Accepted, DigestError> {
        let bytes = TOLERANT.decode(nonce).map_err(|_| DigestError::ShortAkaNonce)?;
        let fields = Fields::read(&bytes).ok_or(DigestError::ShortAkaNonce)?;
        let Fields { rand, concealed_sqn, amf, mac } = fields;
        let vector = self.0.vector(&rand);
        let sqn = xor(concealed_sqn, &vector.ak);
        let expected = self.0.macs(&rand, &sqn, &amf).network;
        if !bool::from(expected.ct_eq(&mac)) {
            return Err(DigestError::WrongMac);
        }
        let sqn = number(&sqn);
        match highest.filter(|&highest| sqn < highest) {
            Some(highest) => Ok(Accepted::OutOfSequence { auts: self.auts(&rand, highest) }),
            None => Ok(Accepted::Password { password: password(algorithm, &vector), sqn }),
        }
    }

    /// The token that tells the server which sequence number is the highest accepted (TS 33.102 §6.3.3).
    fn auts(&self, rand: &[u8; 16], highest: u64) -> [u8; 14] {
        let mut sqn = [0; 6];
        sqn.copy_from_slice(&highest.to_be_bytes()[2..]);
        let mac = self.0.macs(rand, &sqn, &RESYNCHRONISATION_AMF).resynchronisation;
        let mut auts = [0; 14];
        auts[..6].copy_from_slice(&xor(sqn, &self.0.resynchronisation_ak(rand)));
        auts[6..].copy_from_slice(&mac);
        auts
    }
}

/// RFC 4169 §3 for AKAv2; RES itself for AKAv1.
fn password(algorithm: Algorithm, vector: &Vector) -> Vec<u8> {
    if algorithm != Algorithm::AkaV2 {
        return vector.res.to_vec();
    }
    let keys = [&vector.res[..], &vector.ik, &vector.ck].concat();
    // A key of any length will do for HMAC.
    let Ok(mut derived) = Hmac::<Md5>::new_from_slice(&keys) else { return Vec::new() };
    derived.update(b"http-digest-akav2-password");
    STANDARD.encode(derived.finalize().into_bytes()).into_bytes()
}

/// The parts of a nonce: RAND, then AUTN.
struct Fields {
    rand: [u8; 16],
    concealed_sqn: [u8; 6],
    amf: [u8; 2],
    mac: [u8; 8],
}

impl Fields {
    fn read(nonce: &[u8]) -> Option<Fields> {
        let (rand, rest) = nonce.split_first_chunk()?;
        let (concealed_sqn, rest) = rest.split_first_chunk()?;
        let (amf, rest) = rest.split_first_chunk()?;
        let (mac, _) = rest.split_first_chunk()?;
        Some(Fields { rand: *rand, concealed_sqn: *concealed_sqn, amf: *amf, mac: *mac })
    }
}

fn key(bytes: &[u8]) -> [u8; 16] {
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0))
}

fn xor(mut one: [u8; 6], other: &[u8; 6]) -> [u8; 6] {
    for (byte, with) in one.iter_mut().zip(other) {
        *byte ^= with;
    }
    one
}

fn number(sqn: &[u8; 6]) -> u64 {
    sqn.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::super::milenage::tests::bytes;
    use super::*;

    const K: &str = "465b5ce8b199b49faa5f0a2ee238a6bc";
    const OP: &str = "cdc202d5123e20f62b6d676ac72cb318";
    const OPC: &str = "cd63cb71954a9f4e48a5994e37a02baf";
    /// RAND, SQN concealed by AK, AMF and MAC of test set 1.
    const NONCE: &str = "23553cbe9637a89d218ae64dae47bf3555f328b43577b9b94a9ffac354dfafb3";
    const SQN: u64 = 0xff9b_b4d0_b607;

    fn subscriber() -> Subscriber {
        Subscriber::with_op(&bytes::<16>(K), &bytes::<16>(OP))
    }

    fn nonce() -> Vec<u8> {
        STANDARD.encode(bytes::<32>(NONCE)).into_bytes()
    }

    #[test]
    fn res_is_the_password() {
        let res = bytes::<8>("a54211d5e3ba50bf").to_vec();
        let expected = Accepted::Password { password: res, sqn: SQN };
        for subscriber in [subscriber(), Subscriber::with_opc(&bytes::<16>(K), &bytes::<16>(OPC))] {
            assert_eq!(subscriber.accept(&nonce(), Algorithm::AkaV1, None), Ok(expected.clone()));
            assert_eq!(subscriber.accept(&nonce(), Algorithm::AkaV1, Some(SQN)), Ok(expected.clone()));
        }
        let with_server_data = STANDARD.encode([&bytes::<32>(NONCE)[..], b"data"].concat());
        let padding = with_server_data.trim_end_matches('=').as_bytes();
        assert_eq!(subscriber().accept(padding, Algorithm::AkaV1, None), Ok(expected));
    }

    /// The HMAC was computed with Python's `hmac`.
    #[test]
    fn password_of_akav2() {
        let password = b"shzt3q8CWaZnCAWqs3WmEQ==".to_vec();
        let accepted = subscriber().accept(&nonce(), Algorithm::AkaV2, None);
        assert_eq!(accepted, Ok(Accepted::Password { password, sqn: SQN }));
    }

    #[test]
    fn a_lower_sequence_number_asks_for_resynchronisation() {
        let highest = SQN + 5;
        let accepted = subscriber().accept(&nonce(), Algorithm::AkaV1, Some(highest));
        let Ok(Accepted::OutOfSequence { auts }) = accepted else { panic!("{accepted:?}") };
        // As the server reads it.
        let rand = bytes::<16>(&NONCE[..32]);
        let milenage = &subscriber().0;
        let mut sqn = [0; 6];
        sqn.copy_from_slice(&auts[..6]);
        let sqn = xor(sqn, &milenage.resynchronisation_ak(&rand));
        assert_eq!(number(&sqn), highest);
        assert_eq!(auts[6..], milenage.macs(&rand, &sqn, &[0, 0]).resynchronisation);
    }

    #[test]
    fn foreign_and_short_challenges_are_refused() {
        let accept = |nonce: &[u8]| subscriber().accept(nonce, Algorithm::AkaV1, None);
        assert_eq!(accept(b"no base64!"), Err(DigestError::ShortAkaNonce));
        assert_eq!(accept(b""), Err(DigestError::ShortAkaNonce));
        assert_eq!(accept(STANDARD.encode([0; 31]).as_bytes()), Err(DigestError::ShortAkaNonce));
        assert_eq!(accept(STANDARD.encode([0; 32]).as_bytes()), Err(DigestError::WrongMac));
        let other = Subscriber::with_op(b"short", b"keys");
        assert_eq!(other.accept(&nonce(), Algorithm::AkaV1, None), Err(DigestError::WrongMac));
    }
}
