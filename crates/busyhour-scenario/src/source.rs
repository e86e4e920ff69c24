//! A scenario file as text: reading it with a size limit, decoding it, and finding lines and columns in it.
//!
//! Byte offsets everywhere in this crate refer to the decoded text, which is UTF-8 without a byte order mark.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::diagnostic::{Diagnostic, codes};

/// Largest scenario file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A decoded scenario file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name as the user gave it.
    pub name: String,
    /// The decoded text.
    pub text: String,
    /// What decoding found. The XML reader's findings come on top of these.
    pub diagnostics: Vec<Diagnostic>,
    /// Offset of the first byte of each line; never empty.
    line_starts: Vec<usize>,
}

impl Source {
    /// Reads and decodes a file. Never reads more than [`FILE_BYTES_MAX`] bytes, whatever the file's kind.
    pub fn read(path: &Path) -> Result<Source, LoadError> {
        let name = path.display().to_string();
        match read_limited(path) {
            Ok(bytes) => Ok(Source::from_bytes(name, &bytes)),
            Err(reason) => Err(LoadError { name, reason }),
        }
    }

    /// Decodes bytes (spec-scenario §1, Encoding): a byte order mark decides; else valid UTF-8 is taken as it is,
    /// whatever the declaration says; else each byte is a Latin-1 character.
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> Source {
        let (text, diagnostics) = decode(bytes);
        let line_starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Source { name: name.into(), text, diagnostics, line_starts }
    }

    /// Finds line and column of a byte offset. Both are 1-based; columns count characters. An offset beyond the end
    /// gives the end, one inside a character gives that character.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line_starts.partition_point(|start| *start <= offset);
        // The first line starts at 0, so at least one start is not behind the offset.
        let start = self.line_starts[line - 1];
        (line, self.text[start..offset].chars().count() + 1)
    }

    /// The text of a 1-based line, without its line end. Empty if there is no such line.
    pub fn line(&self, line: usize) -> &str {
        let start = self.line_start(line);
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next.saturating_sub(1));
        let text = self.text.get(start..end).unwrap_or("");
        text.strip_suffix('\r').unwrap_or(text)
    }

    /// Offset of the first byte of a 1-based line; the text's length if there is no such line.
    pub fn line_start(&self, line: usize) -> usize {
        let start = line.checked_sub(1).and_then(|index| self.line_starts.get(index));
        start.copied().unwrap_or(self.text.len())
    }
}

/// Why a scenario file could not be read.
#[derive(Debug)]
pub struct LoadError {
    /// Name as the user gave it.
    pub name: String,
    /// The reason.
    pub reason: LoadErrorReason,
}

/// The reasons of a [`LoadError`].
#[derive(Debug)]
pub enum LoadErrorReason {
    /// There is no such file.
    NotFound,
    /// It is a directory.
    Directory,
    /// It may not be read by this user.
    PermissionDenied,
    /// It is larger than [`FILE_BYTES_MAX`]; its size in bytes, if the system tells.
    TooLarge(Option<u64>),
    /// Reading failed.
    Io(io::Error),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unable to load '{}' xml scenario file: ", self.name.escape_debug())?;
        let limit = FILE_BYTES_MAX / (1024 * 1024);
        match &self.reason {
            LoadErrorReason::NotFound => {
                write!(f, "File was not found. Check the path, or name an embedded scenario")
            }
            LoadErrorReason::Directory => write!(f, "it is a directory. Name a scenario file inside it"),
            LoadErrorReason::PermissionDenied => {
                write!(f, "permission denied. Make it readable for this user")
            }
            LoadErrorReason::TooLarge(Some(bytes)) => {
                write!(f, "it has {bytes} bytes, a scenario file may have {limit} MiB. Is it the right file?")
            }
            LoadErrorReason::TooLarge(None) => {
                write!(f, "it has more than {limit} MiB, which is the limit. Is it the right file?")
            }
            LoadErrorReason::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            LoadErrorReason::Io(error) => Some(error),
            _ => None,
        }
    }
}

fn read_limited(path: &Path) -> Result<Vec<u8>, LoadErrorReason> {
    // Looked at before opening: opening a named pipe or a device can have effects that a directory check need not.
    let metadata = fs::metadata(path).map_err(reason)?;
    if metadata.is_dir() {
        return Err(LoadErrorReason::Directory);
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(LoadErrorReason::TooLarge(Some(metadata.len())));
    }
    let mut bytes = Vec::new();
    // Pipes and devices have no length, so the limit is enforced again while reading.
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(reason)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(LoadErrorReason::TooLarge(None));
    }
    Ok(bytes)
}

fn reason(error: io::Error) -> LoadErrorReason {
    match error.kind() {
        io::ErrorKind::NotFound => LoadErrorReason::NotFound,
        io::ErrorKind::PermissionDenied => LoadErrorReason::PermissionDenied,
        io::ErrorKind::IsADirectory => LoadErrorReason::Directory,
        _ => LoadErrorReason::Io(error),
    }
}

fn decode(bytes: &[u8]) -> (String, Vec<Diagnostic>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const LATIN_1: &str = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n";

    #[test]
    fn a_declared_latin_1_that_is_utf_8_stays_utf_8_with_a_warning() {
        let source = Source::from_bytes("a.xml", format!("{LATIN_1}<s>é</s>").as_bytes());
        assert!(source.text.ends_with("<s>é</s>"));
        assert_eq!(source.diagnostics[0].code, codes::ENCODING_MISMATCH);
        assert_eq!(source.place(source.diagnostics[0].span.start), (2, 4));
    }

    #[test]
    fn a_declared_latin_1_is_decoded_silently() {
        let source = Source::from_bytes("a.xml", &[LATIN_1.as_bytes(), b"<s>\xE9</s>"].concat());
        assert!(source.text.ends_with("<s>é</s>"));
        assert!(source.diagnostics.is_empty());
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_reported_where_they_stand() {
        let source = Source::from_bytes("a.xml", b"<s>\n\xC3\xA9 \xFF</s>");
        assert_eq!(source.text, "<s>\nÃ© ÿ</s>");
        assert_eq!(source.diagnostics[0].code, codes::NOT_UTF_8);
        assert_eq!(source.place(source.diagnostics[0].span.start), (2, 4));
        assert_eq!(&source.text[source.diagnostics[0].span.clone()], "ÿ");
    }

    #[test]
    fn byte_order_marks_are_honoured() {
        let little: Vec<u8> = "\u{FEFF}<s>é</s>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{FEFF}<s>é</s>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in
            [little.as_slice(), big.as_slice(), &little[2..], &big[2..], "\u{FEFF}<s>é</s>".as_bytes()]
        {
            let source = Source::from_bytes("a.xml", bytes);
            assert_eq!(source.text, "<s>é</s>");
            assert!(source.diagnostics.is_empty());
        }
        let damaged = Source::from_bytes("a.xml", &little[..little.len() - 1]);
        assert_eq!(damaged.diagnostics[0].code, codes::UTF_16);
        assert_eq!(Source::from_bytes("a.xml", b"\xFF\xFE\0\0<\0\0\0").diagnostics[0].code, codes::UTF_32);
    }

    #[test]
    fn places_are_one_based_and_count_characters() {
        let source = Source::from_bytes("a", "ä\r\nbc\n".as_bytes());
        assert_eq!(source.place(0), (1, 1));
        assert_eq!(source.place(1), (1, 1));
        assert_eq!(source.place(2), (1, 2));
        assert_eq!(source.place(5), (2, 2));
        assert_eq!(source.place(999), (3, 1));
        assert_eq!(
            (source.line(0), source.line(1), source.line(2), source.line(3), source.line(4)),
            ("", "ä", "bc", "", "")
        );
        assert_eq!(Source::from_bytes("a", b"").place(7), (1, 1));
    }
}
