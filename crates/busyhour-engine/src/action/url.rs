//! `urlencode` and `urldecode` (spec-scenario §7.2, RFC 3986 §2.1).

use busyhour_scenario::program::Variable;

use super::Host;
use crate::variables::Value;

/// Writes all but letters, digits and `-_.~` as %XX.
pub(super) fn encode(variable: Variable, host: &mut impl Host) {
    host.update(variable, |value| {
        let mut encoded = Vec::new();
        for &byte in value.as_text() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                encoded.push(byte);
            } else {
                encoded.extend_from_slice(&[b'%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
            }
        }
        *value = Value::Text(encoded);
    });
}

/// The reverse; a `+` is a blank, and a `%` without two hexadecimal digits stays.
pub(super) fn decode(variable: Variable, host: &mut impl Host) {
    host.update(variable, |value| {
        let mut rest = value.as_text();
        let mut decoded = Vec::new();
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match (byte, after) {
                (b'%', [high, low, after @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                    decoded.push(digit(*high).unwrap_or(0) << 4 | digit(*low).unwrap_or(0));
                    rest = after;
                }
                (b'+', _) => decoded.push(b' '),
                _ => decoded.push(byte),
            }
        }
        *value = Value::Text(decoded);
    });
}

fn hex_digit(value: u8) -> u8 {
    b"0123456789ABCDEF"[usize::from(value)]
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::Action;

    use super::super::fake::*;
    use crate::variables::Value;

    fn after(action: Action, text: &str) -> Value {
        let mut host = FakeHost::default();
        host.put(A, Value::Text(text.into()));
        host.run(&[action]);
        host.get(A)
    }

    #[test]
    fn all_but_unreserved_characters_are_encoded() {
        let text = "sip:j\u{e9} @h~-_.";
        assert_eq!(after(Action::UrlEncode(A), text), Value::Text(b"sip%3Aj%C3%A9%20%40h~-_.".into()));
    }

    #[test]
    fn what_is_no_escape_stays() {
        let text = "a%3Ab+%4%zz%";
        assert_eq!(after(Action::UrlDecode(A), text), Value::Text(b"a:b %4%zz%".into()));
    }
}
