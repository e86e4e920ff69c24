//! Where in a message its session description is.

use memchr::memmem;

use super::lines::{Lines, value_of};
use crate::Message;
use crate::head::{blank_line, is_blank, trim};
use crate::header::long_name;

/// How deep `multipart` may stand in `multipart`.
const NESTING_MAX: usize = 3;

/// Parts of a `multipart` body that are looked at.
const PARTS_MAX: usize = 64;

/// The session description in a message: its body if that is `application/sdp`, or the first such part if it is
/// `multipart` (RFC 5621); a body without a Content-Type if it begins like one. `None` if there is none.
pub fn sdp_of<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    find(message.header(b"Content-Type").next(), message.body(), 0)
}

fn find<'a>(content_type: Option<&'a [u8]>, body: &'a [u8], depth: usize) -> Option<&'a [u8]> {
    if body.is_empty() {
        return None;
    }
    let Some(content_type) = content_type else {
        return Lines::new(body).next().and_then(|line| value_of(line, b'v')).map(|_| body);
    };
    let end = content_type.iter().position(|&byte| byte == b';').unwrap_or(content_type.len());
    let (kind, parameters) = content_type.split_at(end);
    let kind = trim(kind);
    if kind.eq_ignore_ascii_case(b"application/sdp") {
        return Some(body);
    }
    let is_multipart = kind.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"));
    if !is_multipart || depth == NESTING_MAX {
        return None;
    }
    parts(body, boundary(parameters)).take(PARTS_MAX).find_map(|part| {
        let (content_type, content) = split_part(part);
        // A part without a type is plain text (RFC 2046 §5.1).
        find(Some(content_type?), content, depth + 1)
    })
}

/// The boundary among the parameters of a Content-Type; empty if there is none: then any line that begins with `--`
/// is one.
fn boundary(parameters: &[u8]) -> &[u8] {
    const NAME: &[u8] = b"boundary=";
    let mut at = 0;
    while let Some(found) = parameters.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == b';')) {
        at += found + 1;
        let parameter = trim(&parameters[at..]);
        let Some((name, value)) = parameter.split_at_checked(NAME.len()) else { return b"" };
        if !name.eq_ignore_ascii_case(NAME) {
            continue;
        }
        let (value, ends): (_, fn(u8) -> bool) = match value {
            [b'"', quoted @ ..] => (quoted, |byte| byte == b'"'),
            _ => (value, |byte| byte == b';' || is_blank(byte)),
        };
        let end = value.iter().position(|&byte| ends(byte)).unwrap_or(value.len());
        return &value[..end];
    }
    b""
}

/// The parts of a body: what stands between lines that begin with the boundary.
fn parts<'a>(body: &'a [u8], boundary: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let delimiter = [b"--", boundary].concat();
    let mut next = delimiter_after(body, 0, &delimiter);
    std::iter::from_fn(move || {
        let (_, start) = next?;
        if body[start..].is_empty() {
            return None;
        }
        next = delimiter_after(body, start, &delimiter);
        Some(&body[start..next.map_or(body.len(), |(end, _)| end)])
    })
}

/// Where the next line that begins with the delimiter begins, and where the line after it does.
fn delimiter_after(body: &[u8], from: usize, delimiter: &[u8]) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        at += memmem::find(&body[at..], delimiter)?;
        if at == 0 || matches!(body[at - 1], b'\n' | b'\r') {
            let rest = &body[at..];
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            return Some((at, at + end));
        }
        at += delimiter.len();
    }
}

/// The Content-Type of a part, and its content.
fn split_part(part: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(blank) = blank_line(part, 0) else { return (None, b"") };
    let mut content_type = None;
    for line in part[..blank.start].split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        if long_name(trim(&line[..colon])).eq_ignore_ascii_case(b"Content-Type") {
            content_type = Some(trim(&line[colon + 1..]));
            break;
        }
    }
    (content_type, &part[blank.end..])
}
