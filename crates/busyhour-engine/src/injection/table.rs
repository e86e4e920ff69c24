//! One injection file in memory: its bytes, and where every eighth line starts.

use memchr::{memchr, memchr_iter, memmem};

use super::parse::{BadFile, Note};
use super::printf::Printf;
use super::{LINES_MAX, parse};

/// Lines from one remembered offset to the next. Finding a line reads half of that on average; the offsets then cost
/// a byte a line.
const STRIDE: usize = 8;

/// An injection file as loaded. It needs little more memory than the file is long.
#[derive(Debug)]
pub struct Table {
    name: String,
    /// The file, its comments cut out.
    bytes: Vec<u8>,
    /// Where lines 0, [`STRIDE`], 2 × [`STRIDE`] … start.
    offsets: Vec<u64>,
    /// Lines in `bytes`.
    real_lines: u32,
    order: Order,
    printf: Option<Printf>,
    fields_least: u32,
    holds_authentication: bool,
    notes: Vec<Note>,
}

/// How calls are given their lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One after the other, and from the start again.
    Sequential,
    /// Drawn.
    Random,
    /// Each user has one.
    User,
}

impl Table {
    /// Reads a whole file, whose base name is `name`. Its bytes are kept.
    pub fn parse(name: &str, bytes: Vec<u8>) -> Result<Table, BadFile> {
        let parsed = parse::parse(bytes, STRIDE)?;
        Ok(Table {
            name: name.to_owned(),
            holds_authentication: memmem::find(&parsed.bytes, b"[authentication").is_some(),
            bytes: parsed.bytes,
            offsets: parsed.offsets,
            real_lines: parsed.lines,
            order: parsed.header.order,
            printf: parsed.header.printf,
            fields_least: parsed.fields_least,
            notes: parsed.notes,
        })
    }

    /// Base name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How calls are given their lines.
    pub fn order(&self) -> Order {
        self.order
    }

    /// Number of lines that calls can be given; with `PRINTF=`, of virtual ones.
    pub fn lines(&self) -> u32 {
        self.printf.as_ref().map_or(self.real_lines, |printf| printf.lines)
    }

    /// What is strange about the file, but no error.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Fields of the line that has the fewest.
    pub fn fields_least(&self) -> u32 {
        self.fields_least
    }

    /// Bytes of memory that it takes.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.offsets.capacity() * size_of::<u64>()
    }

    pub(super) fn is_printf(&self) -> bool {
        self.printf.is_some()
    }

    /// Some value may have to be filled in with credentials.
    pub(super) fn holds_authentication(&self) -> bool {
        self.holds_authentication
    }

    /// Appends a field, if there is one.
    pub(super) fn append(&self, line: u32, column: u32, out: &mut Vec<u8>) -> bool {
        self.append_at(self.start(line), line, column, out)
    }

    /// The same, of a line that starts there.
    pub(super) fn append_at(&self, start: u64, line: u32, column: u32, out: &mut Vec<u8>) -> bool {
        let Some(value) = self.bytes.get(start as usize..).and_then(|rest| field(rest, column)) else {
            return false;
        };
        match &self.printf {
            None => out.extend_from_slice(value),
            Some(printf) => printf.append(value, line, out),
        }
        true
    }

    /// Where a line starts, or the one that a virtual line is made from.
    pub(super) fn start(&self, line: u32) -> u64 {
        debug_assert!(line < self.lines() && self.real_lines <= LINES_MAX);
        let line = if self.printf.is_some() { line % self.real_lines } else { line } as usize;
        let Some(&known) = self.offsets.get(line / STRIDE) else { return self.bytes.len() as u64 };
        let mut start = known as usize;
        for _ in 0..line % STRIDE {
            start += memchr(b'\n', &self.bytes[start..]).map_or(0, |end| end + 1);
        }
        start as u64
    }
}

/// A field of the line that starts here, 0-based. Fields are parted by `;`; there is no quoting, and blanks are part of
/// them.
pub(super) fn field(text: &[u8], column: u32) -> Option<&[u8]> {
    // Byte by byte: fields are short, and a vector search costs more to set up.
    let border = |text: &[u8]| text.iter().position(|byte| matches!(byte, b';' | b'\n'));
    let mut rest = text;
    for _ in 0..column {
        let at = border(rest).filter(|at| rest[*at] == b';')?;
        rest = &rest[at + 1..];
    }
    Some(&rest[..border(rest).unwrap_or(rest.len())])
}

/// Number of fields of a line.
pub(super) fn fields(row: &[u8]) -> u32 {
    u32::try_from(memchr_iter(b';', row).count()).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_cut_at_semicolons_only() {
        let row = b" a ;\"b;c\";";
        let values: Vec<_> = (0..5).map(|column| field(row, column)).collect();
        assert_eq!(values, [Some(&b" a "[..]), Some(b"\"b"), Some(b"c\""), Some(b""), None]);
        assert_eq!(fields(row), 4);
        let more = b"a;b\nc;d\n";
        assert_eq!(
            (field(more, 1), field(more, 2), field(&more[4..], 1)),
            (Some(&b"b"[..]), None, Some(&b"d"[..]))
        );
        assert_eq!((field(b"", 0), field(b"", 1), fields(b"")), (Some(&b""[..]), None, 1));
    }

    #[test]
    fn every_line_is_found() {
        let text: String = (0..1000).map(|line| format!("user{line};{}\n", line * line)).collect();
        let table = Table::parse("x.csv", format!("RANDOM\n{text}").into_bytes()).unwrap();
        assert_eq!((table.lines(), table.order()), (1000, Order::Random));
        let mut out = Vec::new();
        for line in 0..1000 {
            out.clear();
            assert!(table.append(line, 1, &mut out));
            assert_eq!(out, (line * line).to_string().as_bytes());
        }
    }

    #[test]
    fn memory_is_little_more_than_the_file() {
        for width in [3, 10, 60] {
            let row = format!("{}\n", "x".repeat(width - 1));
            let bytes = format!("SEQUENTIAL\n{}", row.repeat(100_000)).into_bytes();
            let len = bytes.len();
            let table = Table::parse("x.csv", bytes).unwrap();
            assert!(table.memory_bytes() as f64 <= len as f64 * 1.34, "{width}: {}", table.memory_bytes());
        }
    }

    #[test]
    fn printf_lines_are_virtual() {
        let bytes =
            b"SEQUENTIAL,PRINTF=5,PRINTFOFFSET=100,PRINTFMULTIPLE=10\nu%d;p%04d\nv%d;100%%\n".to_vec();
        let table = Table::parse("x.csv", bytes).unwrap();
        assert_eq!(table.lines(), 5);
        let mut out = Vec::new();
        for line in 0..5 {
            for column in 0..2 {
                assert!(table.append(line, column, &mut out));
                out.push(b' ');
            }
        }
        assert_eq!(out, b"u100 p0100 v110 100% u120 p0120 v130 100% u140 p0140 ");
        assert!(!table.append(0, 2, &mut out));
    }
}
