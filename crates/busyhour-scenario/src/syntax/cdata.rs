//! Cleaning of message texts (spec-scenario §4.1).

use crate::syntax::located::Located;

/// What a message text is for: only a `send` gets its last line end back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A `send`.
    Send,
    /// A `sendCmd` or a `<DefaultMessage>`.
    Other,
}

/// Cleans the text of a CDATA section: indentation and trailing blanks go, a message without a body gets its blank
/// line, line ends become CRLF. `None` if nothing but white space is there.
///
/// Unlike in SIPp, which leaves blanks behind a tab, all blanks and tabs at the start of a line go.
pub(crate) fn clean(text: &Located, purpose: Purpose) -> Option<Located> {
    clean_as(text, purpose, false)
}

/// Like [`clean`], but may leave blanks behind a tab where they are.
pub(crate) fn clean_as(text: &Located, purpose: Purpose, blanks_behind_tabs: bool) -> Option<Located> {
    let mut bytes: Vec<(u8, usize)> = text.bytes().skip_while(|&(byte, _)| is_space(byte)).collect();
    let mut line_end_removed = false;
    while let Some(&(byte, _)) = bytes.last()
        && is_space(byte)
    {
        line_end_removed |= byte == b'\n';
        bytes.pop();
    }
    let end = bytes.last()?.1;

    let mut lines: Vec<Vec<(u8, usize)>> = bytes
        .split_inclusive(|&(byte, _)| byte == b'\n')
        .map(|line| {
            let (content, line_end) = match line.split_last() {
                Some((&last, content)) if last.0 == b'\n' => (content, Some(last)),
                _ => (line, None),
            };
            let mut kept = trimmed(content, blanks_behind_tabs);
            kept.extend(line_end);
            kept
        })
        .collect();

    let has_blank_line = lines.iter().any(|line| matches!(line.as_slice(), [(b'\n', _)]));
    if !has_blank_line {
        lines.push(vec![(b'\n', end), (b'\n', end)]);
    } else if purpose == Purpose::Send && line_end_removed {
        lines.push(vec![(b'\n', end)]);
    }

    let mut cleaned = Vec::with_capacity(bytes.len() + 2 * lines.len());
    for (byte, at) in lines.into_iter().flatten() {
        if byte == b'\n' {
            cleaned.push((b'\r', at));
        }
        cleaned.push((byte, at));
    }
    Some(Located::from_bytes(cleaned, text.whole()))
}

/// A line without blanks and tabs around it. SIPp takes blanks off first, then tabs, and blanks never again.
fn trimmed(line: &[(u8, usize)], blanks_behind_tabs: bool) -> Vec<(u8, usize)> {
    let is_blank = |byte: u8| byte == b' ' || (byte == b'\t' && !blanks_behind_tabs);
    let mut line = trim_by(line, is_blank);
    if blanks_behind_tabs {
        line = trim_by(line, |byte| byte == b'\t');
    }
    line.to_vec()
}

fn trim_by(line: &[(u8, usize)], is_blank: impl Fn(u8) -> bool) -> &[(u8, usize)] {
    let start = line.iter().take_while(|(byte, _)| is_blank(*byte)).count();
    let end = line[start..].iter().rev().take_while(|(byte, _)| is_blank(*byte)).count();
    &line[start..line.len() - end]
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str, purpose: Purpose) -> Option<String> {
        let located = Located::from_cdata(text, &(0..text.len()), text);
        clean(&located, purpose).map(|text| text.as_str().to_owned())
    }

    #[test]
    fn a_message_without_body_ends_in_a_blank_line() {
        let text = "\n   BYE sip:x SIP/2.0\n\t  CSeq: 1 BYE  \n  ";
        assert_eq!(cleaned(text, Purpose::Send).unwrap(), "BYE sip:x SIP/2.0\r\nCSeq: 1 BYE\r\n\r\n");
    }

    #[test]
    fn a_body_ends_in_a_line_end_only_if_one_was_written() {
        assert_eq!(cleaned("a b\n\nv=0\n ", Purpose::Send).unwrap(), "a b\r\n\r\nv=0\r\n");
        assert_eq!(cleaned("a b\n\nv=0", Purpose::Send).unwrap(), "a b\r\n\r\nv=0");
        assert_eq!(cleaned("a b\n\nv=0\n", Purpose::Other).unwrap(), "a b\r\n\r\nv=0");
    }

    #[test]
    fn a_line_of_blanks_is_a_blank_line() {
        assert_eq!(cleaned("a b\n \t \nv=0", Purpose::Send).unwrap(), "a b\r\n\r\nv=0");
    }

    #[test]
    fn old_sipp_keeps_blanks_behind_tabs() {
        let text = "a b\n \t  X\t \n\t Y \t\n\t \tZ \t";
        let located = Located::from_cdata(text, &(0..text.len()), text);
        let cleaned = clean_as(&located, Purpose::Send, true).unwrap();
        assert_eq!(cleaned.as_str(), "a b\r\n  X\r\n Y \r\n \tZ\r\n\r\n");
    }

    #[test]
    fn white_space_only_is_nothing() {
        assert_eq!(cleaned(" \n\t\n", Purpose::Send), None);
        assert_eq!(cleaned("", Purpose::Send), None);
    }
}
