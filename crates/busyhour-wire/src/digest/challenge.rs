//! Challenges of WWW-Authenticate and Proxy-Authenticate (RFC 7616 §3.3).

use std::fmt;

use super::algorithm::Algorithm;
use super::parameters::{Values, Word, Words};

/// A digest challenge that can be answered. Values are as they stand between the quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// `realm`.
    pub realm: &'a [u8],
    /// `nonce`.
    pub nonce: &'a [u8],
    /// `opaque`; an empty one is none, as with SIPp.
    pub opaque: Option<&'a [u8]>,
    /// `qop`, the whole list; an empty one is none.
    pub qop: Option<&'a [u8]>,
    /// `algorithm`.
    pub algorithm: Algorithm,
    /// `algorithm` as received; `MD5` if there is none.
    pub algorithm_name: &'a [u8],
}

/// Why a challenge cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DigestError {
    /// No challenge of the scheme `Digest`.
    NoDigest,
    /// An algorithm that is not known.
    UnknownAlgorithm(String),
    /// A `-sess` algorithm without `qop`: there is no cnonce then.
    NoQop(String),
    /// No `nonce`, or an empty one.
    NoNonce,
    /// No `realm`.
    NoRealm,
    /// An algorithm that the caller has no use for.
    Unusable(Algorithm),
    /// AKA, and the nonce is no base64 or holds less than RAND and AUTN, 32 bytes.
    ShortAkaNonce,
    /// AKA, and the MAC in AUTN is not that of these keys.
    WrongMac,
}

impl<'a> Challenge<'a> {
    /// Finds the first challenge that can be answered; other schemes, unknown algorithms and `-sess` without `qop` are
    /// passed over. `value`: a header's value, or those of several headers with commas between them. `usable` may
    /// refuse algorithms for whose keys nothing is known.
    ///
    /// # Errors
    /// What is wrong with the first digest challenge, if none can be answered.
    pub fn choose(value: &'a [u8], usable: impl Fn(Algorithm) -> bool) -> Result<Challenge<'a>, DigestError> {
        let mut first_error = None;
        let mut parameters: Option<Parameters<'a>> = None;
        let mut words = Words::new(value);
        loop {
            let word = words.next();
            match word {
                Some(Word::Parameter { name, value }) => {
                    if let Some(parameters) = &mut parameters {
                        parameters.0.note(name, value);
                    }
                }
                Some(Word::Scheme(_)) | None => {
                    match parameters.take().map(|parameters| parameters.challenge(&usable)) {
                        Some(Ok(challenge)) => return Ok(challenge),
                        Some(Err(error)) => first_error = first_error.or(Some(error)),
                        None => {}
                    }
                }
            }
            match word {
                Some(Word::Scheme(name)) if name.eq_ignore_ascii_case(b"Digest") => {
                    parameters = Some(Parameters::new());
                }
                Some(_) => {}
                None => return Err(first_error.unwrap_or(DigestError::NoDigest)),
            }
        }
    }
}

/// The parameters of one challenge.
struct Parameters<'a>(Values<'a, 5>);

impl<'a> Parameters<'a> {
    fn new() -> Self {
        Parameters(Values::new(["realm", "nonce", "opaque", "qop", "algorithm"]))
    }

    fn challenge(self, usable: impl Fn(Algorithm) -> bool) -> Result<Challenge<'a>, DigestError> {
        let [realm, nonce, opaque, qop, algorithm] = self.0.get();
        let algorithm_name = algorithm.unwrap_or(b"MD5");
        let name = || String::from_utf8_lossy(algorithm_name).into_owned();
        let algorithm =
            Algorithm::of_name(algorithm_name).ok_or_else(|| DigestError::UnknownAlgorithm(name()))?;
        let [opaque, qop] = [opaque, qop].map(|value| value.filter(|value| !value.is_empty()));
        if algorithm.is_session() && qop.is_none() {
            return Err(DigestError::NoQop(name()));
        }
        let nonce = nonce.filter(|nonce| !nonce.is_empty()).ok_or(DigestError::NoNonce)?;
        let realm = realm.ok_or(DigestError::NoRealm)?;
        if !usable(algorithm) {
            return Err(DigestError::Unusable(algorithm));
        }
        Ok(Challenge { realm, nonce, opaque, qop, algorithm, algorithm_name })
    }
}

impl fmt::Display for DigestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DigestError::NoDigest => formatter.write_str(
                "authentication must be digest: no challenge in Proxy-Authenticate or WWW-Authenticate has the \
                 scheme Digest",
            ),
            DigestError::UnknownAlgorithm(name) => write!(
                formatter,
                "authentication must use MD5, MD5-sess, SHA-256, SHA-256-sess, SHA-512-256, SHA-512-256-sess, \
                 AKAv1-MD5 or AKAv2-MD5, not '{name}'"
            ),
            DigestError::NoQop(name) => {
                write!(formatter, "{name} needs a qop in the challenge, for a cnonce")
            }
            DigestError::NoNonce => formatter.write_str("couldn't parse nonce: the challenge has none"),
            DigestError::NoRealm => formatter.write_str("couldn't parse realm in the challenge: it has none"),
            DigestError::Unusable(algorithm) => write!(formatter, "{algorithm} can't be used here"),
            DigestError::ShortAkaNonce => formatter.write_str(
                "Nonce is too short: for AKA it must be base64 of RAND and AUTN, 32 bytes at least",
            ),
            DigestError::WrongMac => formatter.write_str(
                "MAC != expectedMAC: aka_K and aka_OP (or aka_OPc) are not the server's; an aka_OP that is not \
                 given is all zeros",
            ),
        }
    }
}

impl std::error::Error for DigestError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(value: &str) -> Result<Challenge<'_>, DigestError> {
        Challenge::choose(value.as_bytes(), |_| true)
    }

    #[test]
    fn a_challenge_is_read() {
        let challenge = choose(
            "digest  Realm=\"a, \\\"b\\\"\", qop=\"auth,auth-int\",\r\n NONCE=\"n==\", opaque=\"\", algorithm=sha-256, stale=FALSE",
        );
        assert_eq!(
            challenge,
            Ok(Challenge {
                realm: b"a, \\\"b\\\"",
                nonce: b"n==",
                opaque: None,
                qop: Some(b"auth,auth-int"),
                algorithm: Algorithm::Sha256,
                algorithm_name: b"sha-256",
            })
        );
    }

    #[test]
    fn md5_is_the_default() {
        let challenge = choose("Digest realm=r,nonce=n").expect("a challenge");
        assert_eq!((challenge.algorithm, challenge.algorithm_name), (Algorithm::Md5, &b"MD5"[..]));
        assert_eq!((challenge.qop, challenge.opaque), (None, None));
    }

    #[test]
    fn first_that_can_be_answered_wins() {
        let nonce = |value: &'static str| choose(value).map(|challenge| challenge.nonce);
        assert_eq!(
            nonce(
                "Basic realm=\"b\", Digest realm=\"r\",nonce=\"1\",algorithm=FOO, Digest realm=\"r\", nonce=\"2\", \
                 algorithm=\"SHA-256-sess\", Digest realm=\"r\",nonce=\"3\", Digest realm=\"r\",nonce=\"4\""
            ),
            Ok(&b"3"[..])
        );
        assert_eq!(nonce("Digest realm=r, Digest realm=r,nonce=2"), Ok(&b"2"[..]));
        assert_eq!(nonce("Digest nonce=1,nonce=2,realm=r"), Ok(&b"1"[..]));
    }

    #[test]
    fn algorithms_without_keys_are_passed_over() {
        let value = b"Digest realm=r,nonce=1,algorithm=AKAv2-MD5, Digest realm=r,nonce=2,algorithm=MD5";
        let challenge = Challenge::choose(value, |algorithm| !algorithm.is_aka()).expect("a challenge");
        assert_eq!(challenge.nonce, b"2");
        let alone = Challenge::choose(&value[..45], |algorithm| !algorithm.is_aka());
        assert_eq!(alone, Err(DigestError::Unusable(Algorithm::AkaV2)));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let error = |value| choose(value).expect_err("no challenge").to_string();
        assert!(error("Basic realm=x").starts_with("authentication must be digest"));
        assert!(error("").starts_with("authentication must be digest"));
        assert!(error("realm=r,nonce=n").starts_with("authentication must be digest"));
        assert!(error("Digest realm=r,nonce=n,algorithm=FOO").contains("authentication must use MD5"));
        assert!(error("Digest realm=r,nonce=n,algorithm=FOO").ends_with("not 'FOO'"));
        assert_eq!(
            error("Digest realm=r,nonce=n,algorithm=MD5-sess"),
            "MD5-sess needs a qop in the challenge, for a cnonce"
        );
        assert!(error("Digest realm=r").starts_with("couldn't parse nonce"));
        assert!(error("Digest realm=r,nonce=\"\"").starts_with("couldn't parse nonce"));
        assert!(error("Digest nonce=r").starts_with("couldn't parse realm"));
    }
}
