//! Credentials: the value of Authorization and Proxy-Authorization (RFC 7616 §3.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::challenge::Challenge;
use super::response::{Protection, Response};

/// What a challenge is answered with.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// User, written as it is: quotes in it are not escaped.
    pub username: &'a [u8],
    /// Password, any bytes.
    pub password: &'a [u8],
    /// Method of the request.
    pub method: &'a [u8],
    /// Digest URI.
    pub uri: &'a [u8],
    /// The request's body, for `auth-int`.
    pub body: &'a [u8],
    /// Client nonce, for a challenge with `qop`.
    pub cnonce: &'a [u8],
    /// How often this nonce is used, from 1.
    pub nonce_count: u32,
    /// AKA's resynchronisation token (RFC 3310 §3.4).
    pub auts: Option<&'a [u8]>,
}

impl Challenge<'_> {
    /// Appends the value of the header that answers the challenge, in SIPp's order and without blanks after commas.
    /// Of several qualities of protection `auth-int` is taken, then `auth`; unknown ones are echoed.
    pub fn answer(&self, answer: &Answer<'_>, out: &mut Vec<u8>) {
        let mut nonce_count = [0; 8];
        hex_digits(answer.nonce_count, &mut nonce_count);
        let protection =
            self.qop.map(|offered| Protection { qop: quality(offered), nonce_count: &nonce_count });
        let response = Response {
            algorithm: self.algorithm,
            username: answer.username,
            password: answer.password,
            realm: self.realm,
            nonce: self.nonce,
            method: answer.method,
            uri: answer.uri,
            body: answer.body,
            cnonce: answer.cnonce,
            protection,
        };
        out.extend_from_slice(b"Digest ");
        quoted("username", answer.username, out);
        quoted(",realm", self.realm, out);
        if let Some(Protection { qop, nonce_count }) = protection {
            quoted(",cnonce", answer.cnonce, out);
            out.extend_from_slice(b",nc=");
            out.extend_from_slice(nonce_count);
            out.extend_from_slice(b",qop=");
            out.extend_from_slice(qop);
        }
        quoted(",uri", answer.uri, out);
        quoted(",nonce", self.nonce, out);
        quoted(",response", response.hash().as_bytes(), out);
        out.extend_from_slice(b",algorithm=");
        out.extend_from_slice(self.algorithm_name);
        if let Some(opaque) = self.opaque {
            quoted(",opaque", opaque, out);
        }
        if let Some(auts) = answer.auts {
            quoted(",auts", STANDARD.encode(auts).as_bytes(), out);
        }
    }
}

fn quality(offered: &[u8]) -> &[u8] {
    let offers = |wanted: &[u8]| offered.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted));
    if offers(b"auth-int") {
        b"auth-int"
    } else if offers(b"auth") {
        b"auth"
    } else {
        offered
    }
}

fn quoted(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    out.extend_from_slice(value);
    out.push(b'"');
}

fn hex_digits(value: u32, digits: &mut [u8; 8]) {
    for (at, digit) in digits.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(value >> (28 - 4 * at) & 15) as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: Answer<'_> = Answer {
        username: b"Mufasa",
        password: b"Circle Of Life",
        method: b"GET",
        uri: b"/dir/index.html",
        body: b"",
        cnonce: b"0a4f113b",
        nonce_count: 1,
        auts: None,
    };

    fn answer(challenge: &str, answer: &Answer<'_>) -> String {
        let challenge = Challenge::choose(challenge.as_bytes(), |_| true).expect("a challenge");
        let mut out = Vec::new();
        challenge.answer(answer, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn order_and_form() {
        let challenge = "Digest realm=\"testrealm@host.com\", qop=\"auth\", \
            nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        assert_eq!(
            answer(challenge, &ANSWER),
            "Digest username=\"Mufasa\",realm=\"testrealm@host.com\",cnonce=\"0a4f113b\",nc=00000001,qop=auth,\
             uri=\"/dir/index.html\",nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\",\
             response=\"6629fae49393a05397450978507c4ef1\",algorithm=MD5,opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
        );
    }

    #[test]
    fn without_quality_of_protection() {
        let challenge = "Digest realm=\"testrealm@host.com\",nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\",algorithm=\"md5\"";
        assert_eq!(
            answer(challenge, &ANSWER),
            "Digest username=\"Mufasa\",realm=\"testrealm@host.com\",uri=\"/dir/index.html\",\
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\",response=\"670fd8c2df070c60b045671b8b24ff02\",algorithm=md5"
        );
    }

    #[test]
    fn integrity_is_preferred_and_the_unknown_is_echoed() {
        let quality = |qop: &str| {
            let text = answer(&format!("Digest realm=r,nonce=n,qop=\"{qop}\""), &ANSWER);
            let (_, rest) = text.split_once("qop=").expect("a qop");
            rest.split(",uri").next().map(str::to_owned)
        };
        assert_eq!(quality("auth,auth-int").as_deref(), Some("auth-int"));
        assert_eq!(quality("AUTH").as_deref(), Some("auth"));
        assert_eq!(quality("token,foo").as_deref(), Some("token,foo"));
    }

    /// What SIPp 3.8.0 sent on a challenge without `qop`, with `auth`, and with `auth,auth-int`, by algorithm.
    #[test]
    fn header_is_sipps() {
        for line in include_str!("sipp_headers.txt").lines() {
            let parameter = |name: &str| {
                let (_, rest) = line.split_once(name).unwrap_or_default();
                rest.split([',', '"']).next().unwrap_or_default()
            };
            let qop = match parameter(",qop=") {
                "" => "",
                "auth" => ",qop=\"auth\"",
                _ => ",qop=\"auth,auth-int\"",
            };
            let algorithm = parameter(",algorithm=");
            let challenge = format!(
                "Digest realm=\"re alm\", nonce=\"no+/nce==\", opaque=\"op\",algorithm=\"{algorithm}\"{qop}"
            );
            let sent = Answer {
                username: b"joe",
                password: b"secret",
                method: b"REGISTER",
                uri: parameter("uri=\"").as_bytes(),
                body: b"hello body\r\n",
                cnonce: parameter("cnonce=\"").as_bytes(),
                nonce_count: 1,
                auts: None,
            };
            assert_eq!(answer(&challenge, &sent), line);
        }
    }

    #[test]
    fn nonce_count_has_eight_digits() {
        let later = Answer { nonce_count: 0x2a, ..ANSWER };
        assert!(answer("Digest realm=r,nonce=n,qop=auth", &later).contains(",nc=0000002a,"));
    }

    #[test]
    fn auts_comes_last() {
        let resynchronisation = Answer { password: b"", auts: Some(&[0; 14]), ..ANSWER };
        let text = answer("Digest realm=r,nonce=n,opaque=o", &resynchronisation);
        assert!(text.ends_with(",opaque=\"o\",auts=\"AAAAAAAAAAAAAAAAAAA=\""), "{text}");
    }
}
