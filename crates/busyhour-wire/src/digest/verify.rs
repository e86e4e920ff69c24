//! The server's side: whether credentials fit.

use subtle::ConstantTimeEq as _;

use super::algorithm::Algorithm;
use super::parameters::{Values, Word, Words};
use super::response::{Protection, Response};

/// Whether the value of an Authorization header proves knowledge of the password. Realm, nonce, URI and the rest are
/// believed as they stand in it: no nonce is remembered, and none is too old. AKA never fits. The response is compared
/// in constant time.
pub fn verify(value: &[u8], method: &[u8], body: &[u8], username: &[u8], password: &[u8]) -> bool {
    let mut words = Words::new(value);
    match words.next() {
        Some(Word::Scheme(name)) if name.eq_ignore_ascii_case(b"Digest") => {}
        _ => return false,
    }
    let mut values = Values::new(["realm", "nonce", "uri", "response", "qop", "cnonce", "nc", "algorithm"]);
    for word in words {
        // Credentials have one scheme; what follows another is not ours.
        let Word::Parameter { name, value } = word else { break };
        values.note(name, value);
    }
    let [realm, nonce, uri, response, qop, cnonce, nonce_count, algorithm] = values.get();
    let Some(algorithm) = Algorithm::of_name(algorithm.unwrap_or(b"MD5")) else { return false };
    let (Some(realm), Some(nonce), Some(uri), Some(response)) = (realm, nonce, uri, response) else {
        return false;
    };
    if algorithm.is_aka() || (algorithm.is_session() && cnonce.is_none()) {
        return false;
    }
    let protection = qop.map(|qop| Protection { qop, nonce_count: nonce_count.unwrap_or_default() });
    let expected = Response {
        algorithm,
        username,
        password,
        realm,
        nonce,
        method,
        uri,
        body,
        cnonce: cnonce.unwrap_or_default(),
        protection,
    };
    expected.hash().as_bytes().ct_eq(response).into()
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, Challenge};
    use super::*;

    #[test]
    fn example_of_rfc_2617() {
        let value = b"Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
            nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", qop=auth, nc=00000001, \
            cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc\"";
        assert!(verify(value, b"GET", b"", b"Mufasa", b"Circle Of Life"));
        assert!(!verify(value, b"GET", b"", b"Mufasa", b"Circle of Life"));
        assert!(!verify(value, b"PUT", b"", b"Mufasa", b"Circle Of Life"));
        assert!(!verify(value, b"GET", b"", b"Simba", b"Circle Of Life"));
        assert!(!verify(&value[7..], b"GET", b"", b"Mufasa", b"Circle Of Life"));
    }

    #[test]
    fn every_algorithm_and_quality_of_protection() {
        for algorithm in
            ["MD5", "md5-SESS", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess", "AKAv1-MD5"]
        {
            for qop in ["", "auth", "auth-int", "auth,auth-int"] {
                let qop_parameter = if qop.is_empty() { String::new() } else { format!(",qop=\"{qop}\"") };
                let text = format!("Digest realm=\"r\\\"\",nonce=\"n\",algorithm={algorithm}{qop_parameter}");
                let Ok(challenge) = Challenge::choose(text.as_bytes(), |_| true) else {
                    assert!(qop.is_empty() && challenge_is_session(algorithm));
                    continue;
                };
                let mut value = Vec::new();
                let answer = Answer {
                    username: b"alice",
                    password: b"\x00\xff[",
                    method: b"REGISTER",
                    uri: b"sip:127.0.0.1:5060",
                    body: b"v=0\r\n",
                    cnonce: b"0123456789abcdef",
                    nonce_count: 3,
                    auts: None,
                };
                challenge.answer(&answer, &mut value);
                let fits = |body: &[u8]| verify(&value, b"REGISTER", body, b"alice", b"\x00\xff[");
                assert_eq!(fits(b"v=0\r\n"), !algorithm.starts_with("AKA"), "{algorithm} {qop}");
                assert!(!qop.contains("auth-int") || !fits(b"v=1\r\n"), "{algorithm} {qop}");
                assert!(!verify(&value, b"REGISTER", b"v=0\r\n", b"alice", b"other"));
            }
        }
    }

    fn challenge_is_session(name: &str) -> bool {
        name.to_ascii_lowercase().ends_with("-sess")
    }

    #[test]
    fn what_is_missing_never_fits() {
        for value in ["", "Digest", "Basic YTpi", "Digest response=\"\"", "Digest realm=r,nonce=n,uri=u"] {
            assert!(!verify(value.as_bytes(), b"INVITE", b"", b"", b""), "{value}");
        }
    }
}
