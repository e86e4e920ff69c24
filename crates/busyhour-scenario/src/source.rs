//! A scenario file as text, with the files it includes: reading them with a size limit, decoding them, and finding lines
//! and columns in them.
//!
//! Byte offsets everywhere in this crate refer to the decoded text, which is UTF-8 without a byte order mark. Included
//! files (spec-3.8 A1) stand behind the main one in the same text, each once for each place that includes it, so that an
//! offset alone says in which file a finding is.

mod decode;
mod include;

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use crate::diagnostic::Diagnostic;

pub(crate) use include::{INCLUDE, holds_includes};
pub use include::{INCLUDES_MAX, NESTING_MAX};

/// Most bytes of a scenario that are read, over all its files.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A decoded scenario file, and the files it includes.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name of the main file as the user gave it.
    pub name: String,
    /// The decoded text of all files, the main one first, a line end between them.
    pub text: String,
    /// What decoding and including found. The XML reader's findings come on top of these.
    pub diagnostics: Vec<Diagnostic>,
    /// The files in the order of their texts; never empty.
    parts: Vec<Part>,
    /// For each `<xi:include>` that was followed, by the offset of its name: the file, or `None` if a finding says why
    /// there is none.
    includes: HashMap<usize, Option<usize>>,
    /// Includes were followed, so that one that is not in the map was one too many.
    follows_includes: bool,
}

/// One file's share of the text.
#[derive(Debug, Clone)]
struct Part {
    /// Name to be shown.
    name: String,
    span: Range<usize>,
    /// Offset of the first byte of each line; never empty.
    line_starts: Vec<usize>,
    /// Offset of the name of the `<xi:include>` that asked for it.
    included_at: Option<usize>,
}

/// What became of an `<xi:include>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inclusion {
    /// The file's text stands here.
    Text(Range<usize>),
    /// A finding of the source says why there is no text.
    Refused,
    /// The source was made without a way to read files.
    NotRead,
}

impl Source {
    /// Reads and decodes a file and the files it includes. Never reads more than [`FILE_BYTES_MAX`] bytes of the file,
    /// whatever its kind; included files are regular ones, so that no pipe makes the reader wait. That an included file
    /// cannot be read is a finding, not an error.
    pub fn read(path: &Path) -> Result<Source, LoadError> {
        let name = path.display().to_string();
        match read_limited(path) {
            Ok(bytes) => Ok(Source::with_reader(name, path, &bytes, &mut read_regular)),
            Err(reason) => Err(LoadError { name, reason }),
        }
    }

    /// Decodes bytes. Files that they include are not read: an `<xi:include>` will be an error.
    ///
    /// A byte order mark decides; else valid UTF-8 is taken as it is, whatever the declaration says; else each byte is a
    /// Latin-1 character (spec-scenario §1, Encoding).
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> Source {
        let mut source = Source {
            name: name.into(),
            text: String::new(),
            diagnostics: Vec::new(),
            parts: Vec::new(),
            includes: HashMap::new(),
            follows_includes: false,
        };
        source.add_part(source.name.clone(), bytes, None);
        source
    }

    /// Decodes bytes and the files they include, which `read` gives. The names of those are relative to the folder of
    /// `path`, which may be empty: then to the current one.
    pub fn with_reader(
        name: impl Into<String>,
        path: &Path,
        bytes: &[u8],
        read: &mut dyn FnMut(&Path) -> Result<Vec<u8>, LoadErrorReason>,
    ) -> Source {
        let mut source = Source::from_bytes(name, bytes);
        include::follow(&mut source, path, bytes.len() as u64, read);
        source
    }

    /// Text of the main file alone.
    pub fn main_text(&self) -> &str {
        self.parts.first().and_then(|main| self.text.get(main.span.clone())).unwrap_or_default()
    }

    /// Name of the file in which an offset lies.
    pub fn file(&self, offset: usize) -> &str {
        &self.part(offset).name
    }

    /// Offset of the `<xi:include>` that asked for the file in which an offset lies; `None` in the main file.
    pub fn included_at(&self, offset: usize) -> Option<usize> {
        self.part(offset).included_at
    }

    /// Finds line and column of a byte offset in its file. Both are 1-based; columns count characters. An offset beyond
    /// the end gives the end, one inside a character gives that character.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let (line, start) = self.line_and_start(offset);
        let offset = self.text.floor_char_boundary(offset.min(self.part(offset).span.end));
        (line, self.text[start..offset].chars().count() + 1)
    }

    /// Finds the line of a byte offset in its file, 1-based, however long that line is.
    pub fn line(&self, offset: usize) -> usize {
        self.line_and_start(offset).0
    }

    /// The line in which an offset lies: where it starts, and its text without the line end.
    pub fn line_at(&self, offset: usize) -> (usize, &str) {
        let part = self.part(offset);
        let (line, start) = self.line_and_start(offset);
        let end = part.line_starts.get(line).map_or(part.span.end, |next| next - 1);
        let text = self.text.get(start..end).unwrap_or_default();
        (start, text.strip_suffix('\r').unwrap_or(text))
    }

    /// What became of the `<xi:include>` whose name stands at this offset.
    pub(crate) fn inclusion(&self, offset: usize) -> Inclusion {
        match self.includes.get(&offset) {
            Some(Some(part)) => {
                self.parts.get(*part).map_or(Inclusion::Refused, |part| Inclusion::Text(part.span.clone()))
            }
            None if !self.follows_includes => Inclusion::NotRead,
            _ => Inclusion::Refused,
        }
    }

    /// Decodes bytes and adds them to the text as one more file.
    fn add_part(&mut self, name: String, bytes: &[u8], included_at: Option<usize>) {
        if !self.parts.is_empty() {
            self.text.push('\n');
        }
        let start = self.text.len();
        let (text, found) = decode::decode(bytes);
        let line_starts = std::iter::once(start)
            .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| start + at + 1))
            .collect();
        self.text.push_str(&text);
        self.diagnostics.extend(found.into_iter().map(|finding| finding.shifted(start)));
        self.parts.push(Part { name, span: start..self.text.len(), line_starts, included_at });
    }

    /// The line of an offset, 1-based, and where it starts.
    fn line_and_start(&self, offset: usize) -> (usize, usize) {
        let part = self.part(offset);
        let line = part.line_starts.partition_point(|start| *start <= offset.min(part.span.end));
        // A part's first line starts where the part does, so at least one start is not behind the offset.
        (line, part.line_starts[line - 1])
    }

    fn part(&self, offset: usize) -> &Part {
        let behind = self.parts.partition_point(|part| part.span.start <= offset);
        // The first part starts at 0.
        &self.parts[behind - 1]
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
    /// It is a pipe, a device or a socket, and something else includes it.
    NotRegular,
    /// It may not be read by this user.
    PermissionDenied,
    /// It is larger than [`FILE_BYTES_MAX`]; its size in bytes, if the system tells.
    TooLarge(Option<u64>),
    /// Reading failed.
    Io(io::Error),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, help) = self.reason.words();
        write!(f, "Unable to load '{}' xml scenario file: {what}", self.name.escape_debug())?;
        match &self.reason {
            LoadErrorReason::NotFound => write!(f, ". {help}, or name an embedded scenario"),
            _ if help.is_empty() => Ok(()),
            _ => write!(f, ". {help}"),
        }
    }
}

impl LoadErrorReason {
    /// What is wrong, and how to mend it.
    fn words(&self) -> (String, &'static str) {
        let limit = FILE_BYTES_MAX / (1024 * 1024);
        match self {
            LoadErrorReason::NotFound => ("File was not found".to_owned(), "Check the path"),
            LoadErrorReason::Directory => ("it is a directory".to_owned(), "Name a scenario file inside it"),
            LoadErrorReason::NotRegular => {
                ("it is a pipe, a device or a socket".to_owned(), "Name a regular file")
            }
            LoadErrorReason::PermissionDenied => {
                ("permission denied".to_owned(), "Make it readable for this user")
            }
            LoadErrorReason::TooLarge(Some(bytes)) => (
                format!("it has {bytes} bytes, a scenario may have {limit} MiB with all its files"),
                "Is it the right file?",
            ),
            LoadErrorReason::TooLarge(None) => (
                format!("with it there are more than {limit} MiB, which is the limit of a scenario"),
                "Is it the right file?",
            ),
            LoadErrorReason::Io(error) => (error.to_string(), ""),
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

/// Reads a file that another one includes, if it is a regular one: the user did not name it, and reading from a pipe or a
/// terminal may wait for ever.
fn read_regular(path: &Path) -> Result<Vec<u8>, LoadErrorReason> {
    let metadata = fs::metadata(path).map_err(reason)?;
    if metadata.is_dir() {
        return Err(LoadErrorReason::Directory);
    }
    if !metadata.is_file() {
        return Err(LoadErrorReason::NotRegular);
    }
    read_limited(path)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes;

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
        assert_eq!((source.line(0), source.line(5), source.line(999)), (1, 2, 3));
        assert_eq!(
            (source.line_at(1), source.line_at(5), source.line_at(999)),
            ((0, "ä"), (4, "bc"), (7, ""))
        );
        assert_eq!(Source::from_bytes("a", b"").place(7), (1, 1));
    }
}
