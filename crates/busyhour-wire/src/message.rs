//! A received message.

use crate::head::{HeadCursor, after_name, blank_line, is_blank, trim, trim_start, without_line_end};
use crate::header::{FirstLetters, HeaderLine, HeaderLines, NameQuery};
use crate::parameter::{tag, top_via_branch};
use crate::start_line::{Start, VERSION};
use memchr::memmem;

/// A view of one received SIP message (RFC 3261 §7).
///
/// Line ends may be bare LF, headers may be folded (CRLF + blank), a NUL is a byte like any other. The first occurrence
/// of a header counts.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    start: Start<'a>,
    call_id: &'a [u8],
    cseq_number: Option<u32>,
    cseq_method: &'a [u8],
    cseq: Option<&'a [u8]>,
    via: Option<&'a [u8]>,
    from: Option<&'a [u8]>,
    to: Option<&'a [u8]>,
    to_tag: Option<&'a [u8]>,
    /// A line of the head, or its blank line: the pass stops when it has found everything.
    head_seen: usize,
}

/// Why bytes are not a SIP message that belongs to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// Exactly CRLFCRLF or four NULs: a keep-alive, to be ignored silently.
    KeepAlive,
    /// `SIP/2.0` occurs nowhere.
    NotSip,
    /// No Call-ID header, or an empty one.
    NoCallId,
    /// A request line without a blank, an empty method, or one of 64 characters and more.
    BadStartLine,
}

impl<'a> Message<'a> {
    /// Reads a message in one pass, which ends as soon as Via, From, To, Call-ID and CSeq are found.
    ///
    /// # Errors
    /// When the bytes cannot belong to a call; see [`ParseError`]. If several apply, the first one in its list.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Message<'a>, ParseError> {
        if matches!(bytes, b"\r\n\r\n" | b"\0\0\0\0") {
            return Err(ParseError::KeepAlive);
        }
        let mut cursor = HeadCursor::new(bytes);
        let start_line = cursor.start_line();
        if !Start::shows_version(start_line) && memmem::find(bytes, VERSION).is_none() {
            return Err(ParseError::NotSip);
        }

        let (mut via, mut from, mut to, mut call_id, mut cseq) = (None, None, None, None, None);
        let mut missing = 5;
        while missing > 0
            && let Some(line) = cursor.line()
        {
            // No two of the names share their first letter, but for Call-ID and CSeq.
            let wanted = match bytes[line] | 0x20 {
                b'v' if via.is_none() => named(bytes, line, b"via", b"v").map(|at| (&mut via, at)),
                b'f' if from.is_none() => named(bytes, line, b"from", b"f").map(|at| (&mut from, at)),
                b't' if to.is_none() => named(bytes, line, b"to", b"t").map(|at| (&mut to, at)),
                b'i' if call_id.is_none() => after_name(bytes, line, b"i").map(|at| (&mut call_id, at)),
                b'c' if call_id.is_none() || cseq.is_none() => match after_name(bytes, line, b"cseq") {
                    Some(at) if cseq.is_none() => Some((&mut cseq, at)),
                    None if call_id.is_none() => {
                        after_name(bytes, line, b"call-id").map(|at| (&mut call_id, at))
                    }
                    _ => None,
                },
                _ => None,
            };
            if let Some((found, at)) = wanted {
                *found = Some(cursor.unfold(at));
                missing -= 1;
            }
        }

        let call_id = call_id.map(call_id_value).filter(|id| !id.is_empty()).ok_or(ParseError::NoCallId)?;
        let start = Start::read(start_line).ok_or(ParseError::BadStartLine)?;
        let cseq = cseq.map(trim);
        let (cseq_number, cseq_method) = cseq.map_or((None, &[][..]), read_cseq);
        let to = to.map(trim);
        Ok(Message {
            bytes,
            start,
            call_id,
            cseq_number,
            cseq_method,
            cseq,
            via: via.map(trim),
            from: from.map(trim),
            to,
            to_tag: to.and_then(tag),
            head_seen: cursor.offset(),
        })
    }

    /// The start line.
    #[inline]
    pub fn start(&self) -> Start<'a> {
        self.start
    }

    /// Status code of a response.
    #[inline]
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { code } => Some(code),
            Start::Request { .. } => None,
        }
    }

    /// Method of a request. That of a response is [`cseq_method`](Self::cseq_method).
    #[inline]
    pub fn method(&self) -> Option<&'a [u8]> {
        match self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// All bytes.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Value of Call-ID, from the first character that is not blank up to the line end (trailing blanks included:
    /// spec-engine §3.1). Never empty.
    #[inline]
    pub fn call_id(&self) -> &'a [u8] {
        self.call_id
    }

    /// Number of CSeq; nothing if it is absent, no number, or over 2³²−1.
    #[inline]
    pub fn cseq_number(&self) -> Option<u32> {
        self.cseq_number
    }

    /// Method of CSeq; empty if absent.
    #[inline]
    pub fn cseq_method(&self) -> &'a [u8] {
        self.cseq_method
    }

    /// The branch parameter of the first Via value.
    #[inline]
    pub fn top_branch(&self) -> Option<&'a [u8]> {
        self.via.and_then(top_via_branch)
    }

    /// The first Via header, which may hold a list, without blanks at both ends.
    #[inline]
    pub fn via(&self) -> Option<&'a [u8]> {
        self.via
    }

    /// Value of From, without blanks at both ends.
    #[inline]
    pub fn from(&self) -> Option<&'a [u8]> {
        self.from
    }

    /// Value of CSeq, without blanks at both ends.
    #[inline]
    pub fn cseq(&self) -> Option<&'a [u8]> {
        self.cseq
    }

    /// Value of To, without blanks at both ends.
    #[inline]
    pub fn to(&self) -> Option<&'a [u8]> {
        self.to
    }

    /// Tag of To; nothing if it is empty.
    #[inline]
    pub fn to_tag(&self) -> Option<&'a [u8]> {
        self.to_tag
    }

    /// All lines up to and without the blank line; everything if there is none. Searched for anew at each call.
    pub fn head(&self) -> &'a [u8] {
        match blank_line(self.bytes, self.head_seen) {
            Some(blank) => &self.bytes[..blank.start],
            None => self.bytes,
        }
    }

    /// Everything after the first CRLFCRLF, or if there is none after the first empty line; empty without either.
    /// Content-Length is not looked at. Searched for anew at each call.
    pub fn body(&self) -> &'a [u8] {
        match blank_line(self.bytes, self.head_seen) {
            Some(blank) => &self.bytes[blank.end..],
            None => &[],
        }
    }

    /// Values of all headers of this name (any case; the compact form is found by the long name, not the other way
    /// round), in order, trimmed of blanks at both ends, a folded value as it stands. A comma list in one header is
    /// one item.
    pub fn header<'n>(&self, name: &'n [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let query = NameQuery::new(name);
        HeaderLines::of_message(self.bytes)
            .filter(move |line| query.matches(line.name))
            .map(|line| line.value)
    }

    /// All headers whose names start with one of these letters; the others cost next to nothing.
    pub fn headers_starting(&self, letters: FirstLetters) -> impl Iterator<Item = HeaderLine<'a>> + use<'a> {
        HeaderLines::of_message(self.bytes).starting(letters)
    }
}

/// Finds the value of Call-ID without reading the rest: for a worker that only asks whose message it is. The value is
/// that of [`Message::call_id`]; nothing if it is absent or empty.
#[inline]
pub fn call_id(bytes: &[u8]) -> Option<&[u8]> {
    let mut cursor = HeadCursor::new(bytes);
    cursor.start_line();
    while let Some(line) = cursor.line() {
        let value = match bytes[line] | 0x20 {
            b'c' => after_name(bytes, line, b"call-id"),
            b'i' => after_name(bytes, line, b"i"),
            _ => None,
        };
        if let Some(at) = value {
            return Some(call_id_value(cursor.unfold(at))).filter(|id| !id.is_empty());
        }
    }
    None
}

#[inline]
fn named(bytes: &[u8], line: usize, long: &[u8], compact: &[u8]) -> Option<usize> {
    after_name(bytes, line, long).or_else(|| after_name(bytes, line, compact))
}

#[inline]
fn call_id_value(unfolded: &[u8]) -> &[u8] {
    let value = trim_start(unfolded);
    match memchr::memchr(b'\n', value) {
        Some(end) => without_line_end(&value[..=end]),
        None => value,
    }
}

#[inline]
fn read_cseq(value: &[u8]) -> (Option<u32>, &[u8]) {
    let value = trim_start(value);
    let end = value.iter().position(|&byte| is_blank(byte)).unwrap_or(value.len());
    let (number, rest) = value.split_at(end);
    let method = trim_start(rest);
    let end = method.iter().position(|&byte| is_blank(byte)).unwrap_or(method.len());
    (read_number(number), &method[..end])
}

#[inline]
fn read_number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, &digit| {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 { None } else { number.checked_mul(10)?.checked_add(u32::from(digit)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:service@192.0.2.1:5060 SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.2:5061;branch=z9hG4bK-7-1-0\r\n\
        From: sipp <sip:sipp@192.0.2.2:5061>;tag=7S1\r\n\
        To: service <sip:service@192.0.2.1:5060>\r\n\
        Call-ID: 1-7@192.0.2.2\r\n\
        CSeq: 1 INVITE\r\n\
        Contact: sip:sipp@192.0.2.2:5061\r\n\
        Content-Length: 4\r\n\
        \r\n\
        v=0\n";

    fn parse(bytes: &[u8]) -> Message<'_> {
        Message::parse(bytes).unwrap()
    }

    /// A request whose headers are these.
    fn with_headers(headers: &str) -> Vec<u8> {
        format!("OPTIONS sip:a@b SIP/2.0\r\n{headers}\r\n\r\n").into_bytes()
    }

    #[test]
    fn a_request_is_read() {
        let message = parse(INVITE);
        assert_eq!(message.start(), Start::Request { method: b"INVITE", uri: b"sip:service@192.0.2.1:5060" });
        assert_eq!((message.method(), message.status()), (Some(&b"INVITE"[..]), None));
        assert_eq!(message.call_id(), b"1-7@192.0.2.2");
        assert_eq!((message.cseq_number(), message.cseq_method()), (Some(1), &b"INVITE"[..]));
        assert_eq!(message.top_branch(), Some(&b"z9hG4bK-7-1-0"[..]));
        assert_eq!(message.to(), Some(&b"service <sip:service@192.0.2.1:5060>"[..]));
        assert_eq!(message.to_tag(), None);
        assert!(message.head().ends_with(b"Content-Length: 4\r\n"));
        assert_eq!(message.body(), b"v=0\n");
        assert_eq!(message.bytes(), INVITE);
        assert_eq!(call_id(INVITE), Some(message.call_id()));
    }

    #[test]
    fn a_response_is_read() {
        let bytes = b"SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP h;branch=1\r\nt: <sip:a@b>;tag=9\r\ni: x\r\nCSEQ: 2 BYE\r\n\r\n";
        let message = parse(bytes);
        assert_eq!((message.status(), message.method()), (Some(180), None));
        assert_eq!(message.cseq_method(), b"BYE");
        assert_eq!(message.to_tag(), Some(&b"9"[..]));
        assert_eq!(message.body(), b"");
    }

    #[test]
    fn keep_alives_are_told_apart() {
        assert_eq!(Message::parse(b"\r\n\r\n").unwrap_err(), ParseError::KeepAlive);
        assert_eq!(Message::parse(b"\0\0\0\0").unwrap_err(), ParseError::KeepAlive);
        for bytes in [&b""[..], b"\r\n", b"\r\n\r\n\r\n", b"\0\0\0", b"\0\0\0\0\0"] {
            assert_eq!(Message::parse(bytes).unwrap_err(), ParseError::NotSip, "{bytes:?}");
        }
    }

    #[test]
    fn the_version_may_stand_anywhere() {
        assert_eq!(Message::parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap_err(), ParseError::NotSip);
        let message = parse(b"INVITE sip:a@b SIP/7.0\r\nCall-ID: 1\r\nVia: SIP/2.0/UDP h\r\n\r\n");
        assert_eq!(message.start(), Start::Request { method: b"INVITE", uri: b"sip:a@b" });
        assert!(Message::parse(b"OPTIONS sip:a@b\r\nCall-ID: 1\r\n\r\nSIP/2.0").is_ok());
    }

    #[test]
    fn a_call_id_is_required() {
        for headers in [
            "To: a",
            "Call-ID:",
            "Call-ID:  ",
            "Call-IDx: 1",
            "Call-ID",
            "To: a\r\n\r\nCall-ID: 1",
            "Call-ID:\r\nTo: a",
        ] {
            let bytes = with_headers(headers);
            assert_eq!(Message::parse(&bytes).unwrap_err(), ParseError::NoCallId, "{headers}");
            assert_eq!(call_id(&bytes), None, "{headers}");
        }
    }

    #[test]
    fn a_call_id_reaches_to_the_line_end() {
        for (headers, expected) in [
            ("Call-ID:1@h", "1@h"),
            ("CALL-ID \t:  1@h  ", "1@h  "),
            ("I: 1@h", "1@h"),
            ("i\t: a b", "a b"),
            ("Call-ID:\r\n 1@h", "1@h"),
            ("Call-ID: 1@h\r\n folded", "1@h"),
            ("Call-ID: a///b", "a///b"),
            ("Call-ID: a\0b", "a\0b"),
            ("Call-ID: 1\r\ni: 2", "1"),
            ("i: 2\r\nCall-ID: 1", "2"),
        ] {
            let bytes = with_headers(headers);
            assert_eq!(parse(&bytes).call_id(), expected.as_bytes(), "{headers:?}");
            assert_eq!(call_id(&bytes), Some(expected.as_bytes()), "{headers:?}");
        }
    }

    #[test]
    fn a_start_line_that_cannot_be_read_is_an_error() {
        let start =
            |line: &str| Message::parse(format!("{line}\r\nCall-ID: SIP/2.0\r\n\r\n").as_bytes()).map(|_| ());
        assert_eq!(start("INVITE").unwrap_err(), ParseError::BadStartLine);
        assert_eq!(start(" sip:a@b SIP/2.0").unwrap_err(), ParseError::BadStartLine);
        assert_eq!(start("SIP/2.0 2000 OK"), Ok(()));
    }

    #[test]
    fn the_first_occurrence_counts() {
        let bytes = with_headers(
            "i: 1\r\nVia: SIP/2.0/UDP h\r\nVia: SIP/2.0/UDP i;branch=2\r\nTo: a;tag=1\r\nt: b;tag=2\r\nCSeq: 1 A\r\nCSeq: 2 B",
        );
        let message = parse(&bytes);
        assert_eq!(message.top_branch(), None);
        assert_eq!(message.to_tag(), Some(&b"1"[..]));
        assert_eq!((message.cseq_number(), message.cseq_method()), (Some(1), &b"A"[..]));
    }

    #[test]
    fn cseq_is_a_number_and_a_method() {
        let cseq = |value: &str| {
            let bytes = with_headers(&format!("Call-ID: 1\r\nCSeq:{value}"));
            let message = parse(&bytes);
            (message.cseq_number(), String::from_utf8_lossy(message.cseq_method()).into_owned())
        };
        assert_eq!(cseq(" 0009\r\n  INVITE"), (Some(9), "INVITE".into()));
        assert_eq!(cseq("4294967295\tBYE "), (Some(u32::MAX), "BYE".into()));
        assert_eq!(cseq(" 4294967296 BYE"), (None, "BYE".into()));
        assert_eq!(cseq(" -1 BYE"), (None, "BYE".into()));
        assert_eq!(cseq(" 7"), (Some(7), String::new()));
        assert_eq!(cseq(""), (None, String::new()));
    }

    #[test]
    fn folded_lines_belong_to_their_header() {
        let bytes = with_headers(
            "Via: SIP/2.0/UDP h\r\n\t;branch=1\r\nTo: <sip:a@b>\r\n ;tag=2\r\nCall-ID: 1\r\nCSeq: 1\r\n BYE\r\nX: 1\r\n Via: 2",
        );
        let message = parse(&bytes);
        assert_eq!(message.top_branch(), Some(&b"1"[..]));
        assert_eq!(message.to(), Some(&b"<sip:a@b>\r\n ;tag=2"[..]));
        assert_eq!(message.to_tag(), Some(&b"2"[..]));
        assert_eq!(message.cseq_method(), b"BYE");
        assert_eq!(message.header(b"x").collect::<Vec<_>>(), [b"1\r\n Via: 2"]);
    }

    #[test]
    fn bare_line_feeds_are_tolerated() {
        let message = parse(b"INVITE sip:a@b SIP/2.0\nVia: SIP/2.0/UDP h;branch=1\nCall-ID: 1\n\nbody\n\n");
        assert_eq!(message.start(), Start::Request { method: b"INVITE", uri: b"sip:a@b" });
        assert_eq!(message.call_id(), b"1");
        assert_eq!(message.top_branch(), Some(&b"1"[..]));
        assert_eq!(message.head(), b"INVITE sip:a@b SIP/2.0\nVia: SIP/2.0/UDP h;branch=1\nCall-ID: 1\n");
        assert_eq!(message.body(), b"body\n\n");
    }

    #[test]
    fn crlfcrlf_is_the_preferred_end_of_the_head() {
        let message = parse(b"INVITE sip:a@b SIP/2.0\r\nX: 1\n\nCall-ID: 1\r\n\r\nbody");
        assert_eq!(message.call_id(), b"1");
        assert_eq!(message.body(), b"body");
    }

    #[test]
    fn without_a_blank_line_all_is_head() {
        let message = parse(b"SIP/2.0 200 OK\r\nCall-ID: 1");
        assert_eq!(message.call_id(), b"1");
        assert_eq!(message.head(), message.bytes());
        assert_eq!(message.body(), b"");
    }

    #[test]
    fn line_ends_before_the_start_line_are_passed_over() {
        let message = parse(b"\r\n\r\nSIP/2.0 200 OK\r\nCall-ID: 1\r\n\r\nbody");
        assert_eq!(message.status(), Some(200));
        assert_eq!(message.body(), b"body");
    }

    #[test]
    fn empty_lines_cost_linear_time() {
        let mut bytes = b"SIP/2.0 200 OK\r\nCall-ID: 1\r\n".to_vec();
        bytes.resize(1 << 22, b'\n');
        assert_eq!(parse(&bytes).body().len(), bytes.len() - 29);
        bytes.extend_from_slice(b"\r\n\r\n");
        assert_eq!(parse(&bytes).body(), b"");
    }

    #[test]
    fn headers_are_found_by_name() {
        let bytes = with_headers(
            "Via: 1, 2\r\nv:3\r\nCall-ID: 1\r\nf: me\r\nFROM : you \r\nRoute:\r\nX-A: 1\r\nx-a:\r\n 2\r\n\r\nVia: body",
        );
        let message = parse(&bytes);
        let values = |name: &'static [u8]| -> Vec<&[u8]> { message.header(name).collect() };
        assert_eq!(values(b"via"), [&b"1, 2"[..], b"3"]);
        assert_eq!(values(b"From"), [&b"me"[..], b"you"]);
        assert_eq!(values(b"f"), [b"me"]);
        assert_eq!(values(b"route"), [b""]);
        assert_eq!(values(b"X-A"), [b"1", b"2"]);
        assert!(values(b"To").is_empty());
        assert!(values(b"").is_empty());
    }
}
