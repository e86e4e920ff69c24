//! From bytes to text: byte order marks, declared encodings, Latin-1.

use crate::diagnostic::{Diagnostic, codes};

/// Decodes bytes (spec-scenario §1, Encoding): a byte order mark decides; else valid UTF-8 is taken as it is, whatever the
/// declaration says; else each byte is a Latin-1 character. The findings' spans are in the decoded text.
pub(super) fn decode(bytes: &[u8]) -> (String, Vec<Diagnostic>) {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => {
            let error =
                Diagnostic::error(codes::UTF_32, 0..0, "the file is encoded in UTF-32, which is not read")
                    .label("UTF-32 byte order mark")
                    .help("save the file as UTF-8");
            (String::new(), vec![error])
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => decode_bytes(rest),
        [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
        // No mark, but `<` in two bytes.
        [b'<', 0, _, 0, ..] => decode_utf16(bytes, u16::from_le_bytes),
        [0, b'<', 0, _, ..] => decode_utf16(bytes, u16::from_be_bytes),
        _ => decode_bytes(bytes),
    }
}

fn decode_bytes(bytes: &[u8]) -> (String, Vec<Diagnostic>) {
    let declared = declared_encoding(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let warning = text.bytes().position(|byte| !byte.is_ascii()).and_then(|at| {
                let declared =
                    declared.filter(|name| !name.eq_ignore_ascii_case("utf-8") && *name != "utf8")?;
                let width = text[at..].chars().next().map_or(0, char::len_utf8);
                let message = format!("the file declares {declared}, but its bytes are UTF-8; read as UTF-8");
                Some(
                    Diagnostic::warning(codes::ENCODING_MISMATCH, at..at + width, message)
                        .label("first character that is not ASCII")
                        .help("write encoding=\"UTF-8\" in the first line"),
                )
            });
            (text.to_owned(), warning.into_iter().collect())
        }
        Err(error) => {
            let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            if declared.is_some_and(is_latin_1) {
                return (text, Vec::new());
            }
            let before = &bytes[..error.valid_up_to()];
            let at = before.iter().map(|byte| char::from(*byte).len_utf8()).sum();
            // A non-ASCII byte is two bytes long as a character; only such a byte can be invalid.
            let found = bytes[error.valid_up_to()];
            let message = match declared {
                Some(name) => format!(
                    "byte 0x{found:02X} is not valid UTF-8; the file, declared as {name}, is read as Latin-1"
                ),
                None => format!("byte 0x{found:02X} is not valid UTF-8; the whole file is read as Latin-1"),
            };
            let warning = Diagnostic::warning(codes::NOT_UTF_8, at..at + 2, message)
                .label("first byte that is not UTF-8")
                .help("save the file as UTF-8, or declare encoding=\"ISO-8859-1\" in the first line");
            (text, vec![warning])
        }
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (String, Vec<Diagnostic>) {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut invalid = None;
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let character = character.unwrap_or_else(|_| {
            invalid.get_or_insert(text.len());
            char::REPLACEMENT_CHARACTER
        });
        text.push(character);
    }
    if !odd.is_empty() {
        invalid.get_or_insert(text.len());
        text.push(char::REPLACEMENT_CHARACTER);
    }
    let diagnostics = invalid.map(|at| {
        Diagnostic::error(
            codes::UTF_16,
            at..at + char::REPLACEMENT_CHARACTER.len_utf8(),
            "the UTF-16 text is damaged",
        )
        .label("half of a character")
        .help("save the file as UTF-8")
    });
    (text, diagnostics.into_iter().collect())
}

/// The encoding named by the XML declaration, if there is one at the start.
fn declared_encoding(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(512)];
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let head = head[start..].strip_prefix(b"<?xml")?;
    let head = &head[..memchr::memchr(b'>', head)?];
    let at = memchr::memmem::find(head, b"encoding")?;
    let rest = head[at + b"encoding".len()..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    let name = std::str::from_utf8(&rest[..memchr::memchr(*quote, rest)?]).ok()?;
    name.bytes().all(|byte| byte.is_ascii_graphic()).then_some(name)
}

fn is_latin_1(name: &str) -> bool {
    ["iso-8859-1", "iso_8859-1", "iso8859-1", "latin1", "latin-1", "l1"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}
