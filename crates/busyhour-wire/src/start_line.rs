//! Request-Line and Status-Line (RFC 3261 §7.1, §7.2).

use crate::head::trim;

/// The start line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// A request: method and Request-URI.
    Request {
        /// Everything before the first blank: 1 to 63 bytes.
        method: &'a [u8],
        /// What stands between the method and the version at the end of the line, blanks at both ends cut; up to the
        /// next blank if the line does not end in `SIP/2.0`.
        uri: &'a [u8],
    },
    /// A response.
    Response {
        /// Status code; 0 if `SIP/2.0` and one blank are not followed by exactly three digits.
        code: u16,
    },
}

impl<'a> Start<'a> {
    /// Reads a line without its line end; nothing if it is a request line without a blank, or with a method that is
    /// empty or too long.
    #[inline]
    pub(crate) fn read(line: &'a [u8]) -> Option<Start<'a>> {
        match line.strip_prefix(VERSION) {
            Some(rest) => Some(Start::Response { code: read_status(rest) }),
            None => read_request(line),
        }
    }

    /// Whether the line shows at once that this is SIP.
    #[inline]
    pub(crate) fn shows_version(line: &[u8]) -> bool {
        line.ends_with(VERSION) || line.starts_with(VERSION)
    }
}

/// The version that every message names, in capitals.
pub(crate) const VERSION: &[u8] = b"SIP/2.0";

const METHOD_BYTES_MAX: usize = 63;

#[inline]
fn read_request(line: &[u8]) -> Option<Start<'_>> {
    let end = line.iter().take(METHOD_BYTES_MAX + 1).position(|&byte| is_space(byte))?;
    let (method, rest) = line.split_at(end);
    if method.is_empty() {
        return None;
    }
    // The blank after the method is kept, so that a version directly after it is seen as one.
    let rest = trim_end(rest);
    let uri = match rest.strip_suffix(VERSION) {
        Some(uri) if uri.last().is_some_and(|&byte| is_space(byte)) => trim(uri),
        _ => trim(rest).split(|&byte| is_space(byte)).next().unwrap_or_default(),
    };
    Some(Start::Request { method, uri })
}

#[inline]
fn read_status(after_version: &[u8]) -> u16 {
    match after_version {
        [b' ', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..]
            if rest.first().is_none_or(|&byte| is_space(byte)) =>
        {
            [a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'))
        }
        _ => 0,
    }
}

#[inline]
fn trim_end(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = line {
        line = rest;
    }
    line
}

/// A blank on one line, where folds cannot be.
#[inline]
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(line: &str) -> &[u8] {
        match Start::read(line.as_bytes()) {
            Some(Start::Request { uri, .. }) => uri,
            other => panic!("{line:?} is a request, not {other:?}"),
        }
    }

    #[test]
    fn a_request_line_needs_a_method_and_a_blank() {
        assert_eq!(Start::read(b""), None);
        assert_eq!(Start::read(b"INVITE"), None);
        assert_eq!(Start::read(b" sip:a@b SIP/2.0"), None);
        assert_eq!(Start::read(format!("{} sip:a@b SIP/2.0", "X".repeat(64)).as_bytes()), None);
        assert!(Start::read(format!("{} sip:a@b SIP/2.0", "X".repeat(63)).as_bytes()).is_some());
        assert_eq!(Start::read(b"INVITE "), Some(Start::Request { method: b"INVITE", uri: b"" }));
    }

    #[test]
    fn the_request_uri_stands_between_method_and_version() {
        assert_eq!(uri("INVITE sip:a@b SIP/2.0"), b"sip:a@b");
        assert_eq!(uri("INVITE  sip:a@b  SIP/2.0"), b"sip:a@b");
        assert_eq!(uri("INVITE sip:a@b; lr SIP/2.0"), b"sip:a@b; lr");
        assert_eq!(uri("INVITE sip:a@b SIP/2.0 \t"), b"sip:a@b");
        assert_eq!(uri("INVITE sip:a@b sip:c@d"), b"sip:a@b");
        assert_eq!(uri("INVITE sip:a@bSIP/2.0"), b"sip:a@bSIP/2.0");
        assert_eq!(uri("INVITE sip:a@b"), b"sip:a@b");
        assert_eq!(uri("INVITE SIP/2.0"), b"");
    }

    #[test]
    fn a_status_code_has_exactly_three_digits() {
        let code = |line: &str| match Start::read(line.as_bytes()) {
            Some(Start::Response { code }) => code,
            other => panic!("{line:?} is a response, not {other:?}"),
        };
        assert_eq!(code("SIP/2.0 200 OK"), 200);
        assert_eq!(code("SIP/2.0 200"), 200);
        assert_eq!(code("SIP/2.0 100 "), 100);
        let wrong = ["4294967301 no", "20 OK", " 200 OK", "", "2x0 OK", "200OK", "-20 OK"];
        for rest in wrong {
            assert_eq!(code(&format!("SIP/2.0 {rest}")), 0, "{rest:?}");
        }
        assert_eq!(code("SIP/2.0"), 0);
    }
}
