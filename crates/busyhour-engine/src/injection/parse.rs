//! Reading an injection file: its first line, and where its lines are.

use std::fmt;

use busyhour_scenario::number;
use memchr::memmem;

use super::LINES_MAX;
use super::printf::{self, Printf};
use super::table::{Order, fields};

/// Most lines with another number of fields that are named.
const UNEVEN_NAMED_MAX: usize = 3;

/// Why a file can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFile {
    /// Line in the file, 1-based.
    pub line: u64,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub help: String,
}

/// Something strange in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Line in the file, 1-based.
    pub line: u64,
    /// What it is, and what comes of it.
    pub text: String,
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.line, self.what, self.help)
    }
}

/// What parsing makes of a file.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) header: Header,
    pub(super) bytes: Vec<u8>,
    /// Where every n-th line starts.
    pub(super) offsets: Vec<u64>,
    pub(super) lines: u32,
    pub(super) fields_least: u32,
    pub(super) notes: Vec<Note>,
}

/// The first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) order: Order,
    pub(super) printf: Option<Printf>,
}

/// Reads a file. Comments and carriage returns are cut out of its bytes where they stand.
pub(super) fn parse(mut bytes: Vec<u8>, stride: usize) -> Result<Parsed, BadFile> {
    let mut notes = Vec::new();
    let (first, mut read) = line_at(&bytes, 0);
    let header = Header::read(without_returns(&bytes[first]), &mut notes)?;
    // Reserved once: growing would hold twice as much for a moment.
    let line_ends = memchr::memchr_iter(b'\n', &bytes).count();
    let mut offsets = Vec::with_capacity(line_ends / stride + 1);
    let mut uneven = Uneven::default();
    let mut lines: u32 = 0;
    let mut line_number: u64 = 1;
    let start = read;
    let mut written = start;
    while read < bytes.len() {
        let (line, next) = line_at(&bytes, read);
        line_number += 1;
        let row = without_returns(&bytes[line.clone()]);
        if row.is_empty() {
            note_blank_line(&bytes[next..], line_number, &mut notes);
            break;
        }
        let row = line.start..line.start + row.len();
        read = next;
        if bytes[row.start] == b'#' {
            continue;
        }
        if lines >= LINES_MAX {
            return Err(BadFile {
                line: line_number,
                what: format!("an injection file may have {LINES_MAX} lines at most"),
                help: "Split it into several.".to_owned(),
            });
        }
        if header.printf.is_some() {
            printf::check(&bytes[row.clone()]).map_err(|what| BadFile {
                line: line_number,
                what: format!("Invalid printf injection field: {what}"),
                help: "Write %% for a percent sign, %d for the number.".to_owned(),
            })?;
        }
        uneven.take(fields(&bytes[row.clone()]), line_number);
        if (lines as usize).is_multiple_of(stride) {
            offsets.push(written as u64);
        }
        lines += 1;
        let len = row.len();
        if row.start != written {
            bytes.copy_within(row, written);
        }
        written += len;
        // Only the file's last line may stand there without an end.
        if written < bytes.len() {
            bytes[written] = b'\n';
            written += 1;
        }
    }
    bytes.truncate(written);
    if lines == 0 {
        return Err(BadFile {
            line: line_number,
            what: "the file has no data: it holds zero lines behind the first one".to_owned(),
            help: "Write the values, fields parted by \";\", a line for each call, behind the first line. The first \
                   blank line ends the file."
                .to_owned(),
        });
    }
    notes.extend(uneven.note());
    notes.sort_by_key(|note| note.line);
    Ok(Parsed { header, bytes, offsets, lines, fields_least: uneven.least, notes })
}

impl Header {
    fn read(line: &[u8], notes: &mut Vec<Note>) -> Result<Header, BadFile> {
        let has = |word: &str| memmem::find(line, word.as_bytes()).is_some();
        let order = if has("RANDOM") {
            Order::Random
        } else if has("SEQUENTIAL") {
            Order::Sequential
        } else if has("USER") {
            Order::User
        } else {
            return Err(BadFile {
                line: 1,
                what: format!(
                    "Unknown file type (valid values are RANDOM, SEQUENTIAL, and USER): the first line is {}",
                    quoted(line)
                ),
                help: "Put SEQUENTIAL into the first line, before the data.".to_owned(),
            });
        };
        let lines = value(line, "PRINTF", notes)?;
        let offset = value(line, "PRINTFOFFSET", notes)?;
        let multiple = value(line, "PRINTFMULTIPLE", notes)?;
        let Some(lines) = lines else {
            if offset.or(multiple).is_some() {
                let text =
                    "PRINTFOFFSET and PRINTFMULTIPLE mean nothing without PRINTF=: % is taken as it stands";
                notes.push(Note { line: 1, text: text.to_owned() });
            }
            return Ok(Header { order, printf: None });
        };
        let lines = u32::try_from(lines).ok().filter(|lines| (1..=LINES_MAX).contains(lines));
        let lines = lines.ok_or_else(|| BadFile {
            line: 1,
            what: "a PRINTF file must have at least one virtual line".to_owned(),
            help: format!("Give PRINTF= a number from 1 to {LINES_MAX}."),
        })?;
        let printf = Printf { lines, offset: offset.unwrap_or(0), multiple: multiple.unwrap_or(1) };
        Ok(Header { order, printf: Some(printf) })
    }
}

/// The number behind `KEY=` in the first line, up to a comma, as C's `strtol` reads it.
fn value(line: &[u8], key: &str, notes: &mut Vec<Note>) -> Result<Option<i64>, BadFile> {
    let bad = |problem: String| BadFile {
        line: 1,
        what: format!("Invalid {key} specification: {problem} in {}", quoted(line)),
        help: format!("Write it like SEQUENTIAL,{key}=100."),
    };
    for at in memmem::find_iter(line, key.as_bytes()) {
        let behind = &line[at + key.len()..];
        let Some(text) = behind.strip_prefix(b"=") else {
            // PRINTF starts longer keys too.
            if behind.first().is_some_and(u8::is_ascii_alphabetic) {
                continue;
            }
            return Err(bad(format!("{key} requires \"=\" and a number")));
        };
        let text = text.split(|byte| *byte == b',').next().unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        if text.is_empty() {
            return Ok(Some(0));
        }
        let number = number::integer(&text, true).ok_or_else(|| bad(format!("\"{text}\" is no number")))?;
        if number::integer(&text, false) != Some(number) {
            let text = format!("{key}={text} is read as an octal number, {number}, as SIPp does");
            notes.push(Note { line: 1, text });
        }
        return Ok(Some(number));
    }
    Ok(None)
}

/// Where a line is, without its end, and where the next one starts.
fn line_at(bytes: &[u8], start: usize) -> (std::ops::Range<usize>, usize) {
    match memchr::memchr(b'\n', &bytes[start..]) {
        Some(len) => (start..start + len, start + len + 1),
        None => (start..bytes.len(), bytes.len()),
    }
}

fn without_returns(mut line: &[u8]) -> &[u8] {
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line
}

/// The first blank line ends a file. That is told if anything follows.
fn note_blank_line(rest: &[u8], line: u64, notes: &mut Vec<Note>) {
    let unread = rest.split(|byte| *byte == b'\n').filter(|line| !without_returns(line).is_empty()).count();
    if unread > 0 {
        let lines = if unread == 1 {
            "1 line behind it is".to_owned()
        } else {
            format!("{unread} lines behind it are")
        };
        let text = format!("a blank line ends the file: {lines} not read. Remove it, or start it with #");
        notes.push(Note { line, text });
    }
}

/// Lines with another number of fields than the first.
#[derive(Debug, Default)]
struct Uneven {
    first: u32,
    least: u32,
    named: Vec<(u64, u32)>,
    count: u64,
}

impl Uneven {
    fn take(&mut self, fields: u32, line: u64) {
        if self.first == 0 {
            (self.first, self.least) = (fields, fields);
        }
        self.least = self.least.min(fields);
        if fields != self.first {
            self.count += 1;
            if self.named.len() < UNEVEN_NAMED_MAX {
                self.named.push((line, fields));
            }
        }
    }

    fn note(&self) -> Option<Note> {
        let (line, _) = *self.named.first()?;
        let named: Vec<String> =
            self.named.iter().map(|(line, fields)| format!("line {line} has {fields}")).collect();
        let count = match self.count {
            1 => "1 line has".to_owned(),
            count => format!("{count} lines have"),
        };
        let more = if self.count > self.named.len() as u64 { ", …" } else { "" };
        let text = format!(
            "{count} another number of fields than the first one, which has {} ({}{more}). A field that is not there \
             is empty",
            self.first,
            named.join(", ")
        );
        Some(Note { line, text })
    }
}

/// Bytes as errors show them: in quotes, and cut where they are long.
fn quoted(line: &[u8]) -> String {
    const BYTES_MAX: usize = 100;
    let more = if line.len() > BYTES_MAX { "…" } else { "" };
    format!("\"{}{more}\"", String::from_utf8_lossy(&line[..line.len().min(BYTES_MAX)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Parsed {
        parse(text.as_bytes().to_vec(), 2).unwrap()
    }

    fn rows(text: &str) -> String {
        let parsed = parsed(text);
        let header = text.find('\n').unwrap() + 1;
        String::from_utf8(parsed.bytes[header..].to_vec()).unwrap()
    }

    #[test]
    fn comments_and_returns_are_cut_out() {
        let text = "SEQUENTIAL\r\n#c\na;b\r\n c ;d\r\r\n#x\r\n#\ne;f";
        assert_eq!(rows(text), "a;b\n c ;d\ne;f\n");
        let parsed = parsed(text);
        assert_eq!((parsed.lines, parsed.fields_least), (3, 2));
        assert_eq!(parsed.offsets, [12, 22]);
        assert_eq!(parsed.notes, []);
        assert_eq!(rows("USER\na\nb"), "a\nb");
        assert_eq!(rows("USER\n #x\n \na"), " #x\n \na");
    }

    #[test]
    fn first_word_found_counts() {
        for (line, order) in [
            ("SEQUENTIAL", Order::Sequential),
            ("seq RANDOM", Order::Random),
            ("SEQUENTIALxRANDOM", Order::Random),
            ("USERS", Order::User),
            ("USER SEQUENTIAL", Order::Sequential),
            ("# SEQUENTIAL", Order::Sequential),
            ("\u{feff}SEQUENTIAL", Order::Sequential),
        ] {
            assert_eq!(parsed(&format!("{line}\na\n")).header.order, order, "{line}");
        }
    }

    #[test]
    fn printf_keys_come_in_any_order() {
        let printf = |line: &str| parsed(&format!("{line}\na\n")).header.printf;
        let wanted = Some(Printf { lines: 3, offset: 10, multiple: -2 });
        assert_eq!(printf("SEQUENTIAL,PRINTF=3,PRINTFOFFSET=10,PRINTFMULTIPLE=-2"), wanted);
        assert_eq!(printf("PRINTFMULTIPLE=-2,PRINTFOFFSET=0xa,PRINTF= 3,SEQUENTIAL"), wanted);
        assert_eq!(printf("SEQUENTIAL PRINTF=3"), Some(Printf { lines: 3, offset: 0, multiple: 1 }));
        assert_eq!(printf("SEQUENTIAL,PRINTFOO=3"), None);
        assert_eq!(parsed("SEQUENTIAL,PRINTFOFFSET=3\na\n").notes.len(), 1);
        let octal = parsed("SEQUENTIAL,PRINTF=010\na\n");
        assert_eq!(octal.header.printf.map(|printf| printf.lines), Some(8));
        assert!(octal.notes[0].text.contains("octal"), "{:?}", octal.notes);
    }

    #[track_caller]
    fn refused(text: &str, line: u64, what: &str) {
        let error = parse(text.as_bytes().to_vec(), 2).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }

    #[test]
    fn bad_files_are_refused_with_their_line() {
        refused("", 1, "Unknown file type");
        refused("\nSEQUENTIAL\na\n", 1, "Unknown file type");
        refused("sequential\na\n", 1, "\"sequential\"");
        refused("SEQUENTIAL", 1, "zero lines");
        refused("SEQUENTIAL\n#x\n", 2, "zero lines");
        refused("SEQUENTIAL\n\na\n", 2, "zero lines");
        for number in ["0", "-1", "4294967295", ""] {
            refused(&format!("SEQUENTIAL,PRINTF={number}\na\n"), 1, "at least one virtual line");
        }
        for line in ["PRINTF=abc", "PRINTF=3x", "PRINTF=2 ,PRINTFOFFSET=3", "PRINTF=2,PRINTFOFFSET=08"] {
            refused(&format!("SEQUENTIAL,{line}\na\n"), 1, "is no number");
        }
        refused("SEQUENTIAL,PRINTF\na\n", 1, "requires \"=\"");
        refused("SEQUENTIAL,PRINTF =2\na\n", 1, "requires \"=\"");
        refused("SEQUENTIAL,PRINTF=3\na%d\n#\nb;%s\n", 4, "only decimal values allowed 's'");
        refused("SEQUENTIAL,PRINTF=3\na%\n", 2, "ran off");
    }

    #[test]
    fn a_blank_line_ends_the_file_and_that_is_told() {
        let stopped = parsed("SEQUENTIAL\na\n\r\nb\n\nc\n");
        assert_eq!((stopped.lines, &stopped.bytes[..]), (1, &b"SEQUENTIAL\na\n"[..]));
        assert_eq!(stopped.notes.len(), 1);
        assert_eq!(stopped.notes[0].line, 3);
        assert!(stopped.notes[0].text.contains("2 lines"), "{:?}", stopped.notes);
        assert_eq!(parsed("SEQUENTIAL\na\n\n\r\n\n").notes, []);
    }

    #[test]
    fn uneven_lines_are_counted() {
        let parsed = parsed("SEQUENTIAL\na;b\n#\nc\nd;e\nf;g;h\ni\nj\n");
        assert_eq!(parsed.fields_least, 1);
        assert_eq!(parsed.notes.len(), 1);
        assert_eq!(parsed.notes[0].line, 4);
        let text = &parsed.notes[0].text;
        for part in ["4 lines have", "which has 2", "line 4 has 1, line 6 has 3, line 7 has 1, …"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
