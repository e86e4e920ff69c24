//! `[authentication …]` in the value of an injection file: the parameters are plain text (spec-scenario §5, §10).

use std::ops::Range;

use busyhour_scenario::template::{Credentials, Piece, Template};
use memchr::memmem;

/// Finds the keyword in a value: where it stands, and what it says. Other keywords in values are plain text.
pub(crate) fn in_value(value: &[u8]) -> Option<(Range<usize>, Credentials)> {
    const KEYWORD: &[u8] = b"[authentication";
    let start = memmem::find(value, KEYWORD)?;
    let parameters = start + KEYWORD.len();
    let end = parameters + closing_bracket(&value[parameters..])?;
    let inner = &value[parameters..end];
    let credentials = Credentials {
        username: parameter(inner, b"username="),
        password: parameter(inner, b"password="),
        aka_k: parameter(inner, b"aka_K="),
        aka_op: parameter(inner, b"aka_OP="),
        aka_opc: parameter(inner, b"aka_OPc="),
        aka_amf: parameter(inner, b"aka_AMF="),
    };
    Some((start..end + 1, credentials))
}

/// The first closing bracket outside double quotes.
fn closing_bracket(text: &[u8]) -> Option<usize> {
    let mut quoted = false;
    text.iter().position(|&byte| {
        quoted ^= byte == b'"';
        byte == b']' && !quoted
    })
}

/// A parameter's value, found by its name anywhere: `0x…`, `"…"`, or up to a blank or a control (spec-scenario §4.2;
/// other letters than ASCII's are no end, as in a message).
fn parameter(text: &[u8], name: &[u8]) -> Option<Template> {
    let value = &text[memmem::find(text, name)? + name.len()..];
    let bytes = match value {
        [b'"', quoted @ ..] => unquoted(quoted),
        [b'0', b'x', digits @ ..] if hex(digits).next().is_some() => hex(digits).collect(),
        plain => plain.iter().copied().take_while(|&byte| byte > b' ' && byte != 0x7f).collect(),
    };
    Some(Template { pieces: vec![Piece::Literal(bytes)] })
}

fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => break,
            b'\\' => bytes.extend(rest.next()),
            byte => bytes.push(byte),
        }
    }
    bytes
}

fn hex(digits: &[u8]) -> impl Iterator<Item = u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    digits.chunks_exact(2).map_while(move |pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(template: Option<Template>) -> Option<Vec<u8>> {
        template.map(|template| match template.pieces.as_slice() {
            [Piece::Literal(bytes)] => bytes.clone(),
            pieces => panic!("{pieces:?}"),
        })
    }

    #[test]
    fn parameters_are_read() {
        let value = b"X: [call_id][authentication username=joe password=\"a ]b\"] tail]";
        let (at, credentials) = in_value(value).expect("a keyword");
        assert_eq!(&value[at], b"[authentication username=joe password=\"a ]b\"]");
        assert_eq!(literal(credentials.password), Some(b"a ]b".to_vec()));
        assert_eq!(literal(credentials.username), Some(b"joe".to_vec()));
        assert_eq!(literal(credentials.aka_k), None);
    }

    #[test]
    fn keys_are_bytes() {
        let value = b"[authentication aka_K=0x465b5ce8000A aka_OPc=0x00, aka_OP=plain aka_AMF=0xzz]";
        let (at, credentials) = in_value(value).expect("a keyword");
        assert_eq!(at, 0..value.len());
        assert_eq!(literal(credentials.aka_k), Some(vec![0x46, 0x5b, 0x5c, 0xe8, 0, 0x0a]));
        assert_eq!(literal(credentials.aka_opc), Some(vec![0]));
        assert_eq!(literal(credentials.aka_op), Some(b"plain".to_vec()));
        assert_eq!(literal(credentials.aka_amf), Some(b"0xzz".to_vec()));
    }

    #[test]
    fn quotes_are_unescaped() {
        let (_, credentials) = in_value(b"[authentication password=\"a\\\\b c\"]").expect("a keyword");
        assert_eq!(literal(credentials.password), Some(b"a\\b c".to_vec()));
    }

    #[test]
    fn other_values_hold_none() {
        for value in ["", "joe", "[field0]", "authentication", "[authentication username=joe"] {
            assert_eq!(in_value(value.as_bytes()), None, "{value}");
        }
        let (_, credentials) = in_value("[authentication password=pässe \t]".as_bytes()).expect("a keyword");
        assert_eq!(literal(credentials.password), Some("pässe".into()));
        let (at, credentials) = in_value(b"[authentication]").expect("a keyword");
        assert_eq!((at, credentials), (0..16, Credentials::default()));
    }
}
