//! Header lines.

/// One header, folded lines included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderLine<'a> {
    /// Name as written, without blanks before the colon.
    pub name: &'a [u8],
    /// Value without the blanks around it; folds (CRLF + blank) stay inside.
    pub value: &'a [u8],
    /// The whole line or lines, line end included.
    pub raw: &'a [u8],
}

/// All header lines of a message head, the start line and lines without a colon left out.
pub fn header_lines(head: &[u8]) -> impl Iterator<Item = HeaderLine<'_>> {
    let _ = head;
    std::iter::empty()
}

/// The long name for a compact one (RFC 3261 §7.3.3): `i` → `Call-ID`. Other names come back as they are.
pub fn long_name(name: &[u8]) -> &[u8] {
    name
}
