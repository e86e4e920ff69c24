//! The value of `response` (RFC 7616 §3.4.1), for those who make it and those who check it.

use super::algorithm::{Algorithm, Hex};

/// Everything that goes into a response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Response<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) username: &'a [u8],
    pub(super) password: &'a [u8],
    pub(super) realm: &'a [u8],
    pub(super) nonce: &'a [u8],
    pub(super) method: &'a [u8],
    pub(super) uri: &'a [u8],
    pub(super) body: &'a [u8],
    pub(super) cnonce: &'a [u8],
    pub(super) protection: Option<Protection<'a>>,
}

/// What a quality of protection adds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protection<'a> {
    pub(super) qop: &'a [u8],
    /// As it stands in the header.
    pub(super) nonce_count: &'a [u8],
}

impl Response<'_> {
    pub(super) fn hash(&self) -> Hex {
        let algorithm = self.algorithm;
        let mut user = algorithm.hash(&[self.username, self.realm, self.password]);
        if algorithm.is_session() {
            user = algorithm.hash(&[user.as_bytes(), self.nonce, self.cnonce]);
        }
        let user = user.as_bytes();
        let integrity = self.protection.is_some_and(|protection| protection.qop == b"auth-int");
        let request = if integrity {
            algorithm.hash(&[self.method, self.uri, algorithm.hash_body(self.body).as_bytes()])
        } else {
            algorithm.hash(&[self.method, self.uri])
        };
        let request = request.as_bytes();
        match self.protection {
            Some(Protection { qop, nonce_count }) => {
                algorithm.hash(&[user, self.nonce, nonce_count, self.cnonce, qop, request])
            }
            None => algorithm.hash(&[user, self.nonce, request]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 2617 §3.5 and RFC 7616 §3.9.1.
    const MUFASA: Response<'_> = Response {
        algorithm: Algorithm::Md5,
        username: b"Mufasa",
        password: b"Circle Of Life",
        realm: b"testrealm@host.com",
        nonce: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
        method: b"GET",
        uri: b"/dir/index.html",
        body: b"",
        cnonce: b"0a4f113b",
        protection: Some(Protection { qop: b"auth", nonce_count: b"00000001" }),
    };

    fn text(response: Response<'_>) -> String {
        String::from_utf8(response.hash().as_bytes().to_vec()).expect("digits")
    }

    #[test]
    fn example_of_rfc_2617() {
        assert_eq!(text(MUFASA), "6629fae49393a05397450978507c4ef1");
        let without = Response { protection: None, ..MUFASA };
        assert_eq!(text(without), "670fd8c2df070c60b045671b8b24ff02");
    }

    #[test]
    fn examples_of_rfc_7616() {
        let one = Response {
            password: b"Circle of Life",
            realm: b"http-auth@example.org",
            nonce: b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            cnonce: b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            ..MUFASA
        };
        assert_eq!(text(one), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            text(Response { algorithm: Algorithm::Sha256, ..one }),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn body_counts_for_integrity_only() {
        let body = |qop, body| {
            let protection = Some(Protection { qop, nonce_count: b"00000001" });
            text(Response { body, protection, ..MUFASA })
        };
        assert_eq!(body(b"auth", b"v=0"), body(b"auth", b""));
        assert_ne!(body(b"auth-int", b"v=0"), body(b"auth-int", b""));
    }
}
