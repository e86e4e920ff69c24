//! Where `ereg search_in="hdr"` looks: the rest of a line after a text, by text search, not by SIP's grammar.

use busyhour_scenario::program::HeaderPlace;
use memchr::{memchr2, memchr2_iter, memmem};

/// What follows the `occurrence`-th place, 1-based, where `header` stands, up to the end of that line. `None` if there
/// are fewer. Hits do not overlap; a text that is empty is found nowhere.
pub(super) fn rest_of_line<'a>(
    message: &'a [u8],
    header: &[u8],
    place: HeaderPlace,
    ignore_case: bool,
    occurrence: u32,
) -> Option<&'a [u8]> {
    if header.is_empty() {
        return None;
    }
    let mut at = 0;
    let mut left = occurrence.max(1);
    while left > 0 {
        let hit = at + find(&message[at..], header, ignore_case)?;
        if !stands(message, hit, hit + header.len(), place) {
            at = hit + 1;
        } else {
            at = hit + header.len();
            left -= 1;
        }
    }
    let rest = &message[at..];
    Some(&rest[..memchr2(b'\r', b'\n', rest).unwrap_or(rest.len())])
}

/// Whether the hit from `start` to `end` is where it must be.
fn stands(message: &[u8], start: usize, end: usize, place: HeaderPlace) -> bool {
    let at_line_start = start == 0 || message[start - 1] == b'\n';
    match place {
        HeaderPlace::Anywhere => true,
        HeaderPlace::LineStart => at_line_start,
        HeaderPlace::Name => {
            let after = message[end..].iter().find(|byte| !matches!(byte, b' ' | b'\t'));
            at_line_start && after == Some(&b':')
        }
    }
}

fn find(text: &[u8], wanted: &[u8], ignore_case: bool) -> Option<usize> {
    if !ignore_case {
        return memmem::find(text, wanted);
    }
    let starts = text.len().checked_sub(wanted.len())? + 1;
    memchr2_iter(wanted[0].to_ascii_lowercase(), wanted[0].to_ascii_uppercase(), &text[..starts])
        .find(|at| text[*at..*at + wanted.len()].eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::HeaderPlace::{Anywhere, LineStart, Name};

    use super::*;

    const MESSAGE: &[u8] = b"INVITE sip:To@b SIP/2.0\r\n\
        Contact: <sip:a@b>\r\n\
        Subject: To: trick; X-A one\r\n\
        To: first\r\n\
        X-A: long\r\n folded\r\n\
        X-Empty:\r\n\
        to: second\r\n\
        \r\n\
        To: body";

    fn rest(header: &str, place: HeaderPlace, ignore_case: bool, occurrence: u32) -> Option<&'static str> {
        rest_of_line(MESSAGE, header.as_bytes(), place, ignore_case, occurrence)
            .map(|rest| std::str::from_utf8(rest).expect("ASCII"))
    }

    #[test]
    fn leading_blank_stays() {
        assert_eq!(rest("Contact:", LineStart, false, 1), Some(" <sip:a@b>"));
    }

    #[test]
    fn line_start_or_anywhere() {
        assert_eq!(rest("To:", Anywhere, false, 1), Some(" trick; X-A one"));
        assert_eq!(rest("To:", LineStart, false, 1), Some(" first"));
        assert_eq!(rest("To", Anywhere, false, 1), Some("@b SIP/2.0"));
        assert_eq!(rest("INVITE", LineStart, false, 1), Some(" sip:To@b SIP/2.0"));
    }

    #[test]
    fn name_without_its_colon() {
        assert_eq!(rest("To", Name, false, 1), Some(": first"));
        assert_eq!(rest("X-E", Name, false, 1), None);
        assert_eq!(rest("INVITE", Name, false, 1), None);
        let blanks = rest_of_line(b"To \t: first", b"To", Name, false, 1);
        assert_eq!(blanks, Some(&b" \t: first"[..]));
        assert_eq!(rest_of_line(b"To", b"To", Name, false, 1), None);
    }

    #[test]
    fn occurrences_reach_into_the_body() {
        assert_eq!(rest("To:", LineStart, false, 2), Some(" body"));
        assert_eq!(rest("To:", LineStart, true, 2), Some(" second"));
        assert_eq!(rest("To:", LineStart, true, 3), Some(" body"));
        assert_eq!(rest("To:", LineStart, true, 4), None);
        assert_eq!(rest("To:", LineStart, false, 0), Some(" first"));
    }

    #[test]
    fn case_counts_unless_told() {
        assert_eq!(rest("CONTACT:", LineStart, false, 1), None);
        assert_eq!(rest("CONTACT:", LineStart, true, 1), Some(" <sip:a@b>"));
    }

    #[test]
    fn only_the_first_line_of_a_folded_header() {
        assert_eq!(rest("X-A:", LineStart, false, 1), Some(" long"));
    }

    #[test]
    fn line_end_in_the_text() {
        assert_eq!(rest("\r\nTo:", Anywhere, false, 1), Some(" first"));
        assert_eq!(rest("\nTo:", Anywhere, false, 2), Some(" body"));
    }

    #[test]
    fn empty_and_absent() {
        assert_eq!(rest("X-Empty:", LineStart, false, 1), Some(""));
        assert_eq!(rest("X-None:", LineStart, false, 1), None);
        assert_eq!(rest("", Anywhere, true, 1), None);
        assert_eq!(rest_of_line(b"", b"To:", LineStart, true, 1), None);
        assert_eq!(rest_of_line(b"To:", b"To:", LineStart, true, 1), Some(&b""[..]));
    }
}
