//! The text of a send as lines: start line, headers, body.

use std::ops::Range;

use crate::check::findings::Findings;
use crate::syntax::located::Located;
use crate::syntax::text::{self, RawPiece};

/// A cleaned message text, its keywords not yet replaced.
pub(crate) struct Message {
    text: Located,
    /// The headers' lines as ranges of the text, without line ends.
    headers: Vec<Range<usize>>,
    body: Range<usize>,
}

/// A keyword of a text, without its brackets.
pub(crate) struct KeywordText {
    pub(crate) text: String,
    /// Where it stands in the text, with its brackets.
    pub(crate) range: Range<usize>,
}

impl Message {
    /// Takes a cleaned text apart.
    pub(crate) fn new(text: Located) -> Message {
        let whole = text.as_str();
        let mut headers = Vec::new();
        let mut start = whole.find("\r\n").map_or(whole.len(), |end| end + 2);
        let mut body = whole.len();
        while start < whole.len() {
            let length = whole[start..].find("\r\n");
            let end = length.map_or(whole.len(), |length| start + length);
            if start == end {
                body = (end + 2).min(whole.len());
                break;
            }
            headers.push(start..end);
            start = (end + 2).min(whole.len());
        }
        let body = body..whole.len();
        Message { text, headers, body }
    }

    /// The text with its places.
    pub(crate) fn located(&self) -> &Located {
        &self.text
    }

    /// A part of the text.
    pub(crate) fn get(&self, range: Range<usize>) -> &str {
        self.text.as_str().get(range).unwrap_or_default()
    }

    /// Where a part of the text stands in the source.
    pub(crate) fn span(&self, range: Range<usize>) -> Range<usize> {
        self.text.span(range)
    }

    /// What follows the blank line.
    pub(crate) fn body(&self) -> Range<usize> {
        self.body.clone()
    }

    /// The last header's line.
    pub(crate) fn last_header(&self) -> Option<Range<usize>> {
        self.headers.last().cloned()
    }

    /// The value of the first header with this name or compact name, without white space around it.
    pub(crate) fn header(&self, name: &str, compact: &str) -> Option<Range<usize>> {
        self.headers.iter().find_map(|line| {
            let (found, value) = self.get(line.clone()).split_once(':')?;
            let found = found.trim_end();
            if !found.eq_ignore_ascii_case(name) && !found.eq_ignore_ascii_case(compact) {
                return None;
            }
            let start = line.end - value.trim_start().len();
            Some(start..start + value.trim().len())
        })
    }

    /// The keywords in order.
    pub(crate) fn keywords(&self) -> Vec<KeywordText> {
        keywords(&self.text)
    }

    /// True if one of the lines is this keyword and nothing else, by the start of its name.
    pub(crate) fn has_line(&self, keyword: &str) -> bool {
        self.headers.iter().any(|line| {
            let line = self.get(line.clone());
            line.get(..keyword.len() + 1)
                .is_some_and(|start| start.starts_with('[') && start[1..].eq_ignore_ascii_case(keyword))
        })
    }
}

/// The keywords of a text in order.
pub(crate) fn keywords(text: &Located) -> Vec<KeywordText> {
    // Whatever is wrong with them is reported already.
    let pieces = text::split(text, &mut Findings::default());
    let keyword = |piece| match piece {
        RawPiece::Keyword { range, .. } => {
            let inner = text.as_str().get(range.start + 1..range.end - 1).unwrap_or_default();
            Some(KeywordText { text: inner.to_owned(), range })
        }
        RawPiece::Literal(_) => None,
    };
    pieces.into_iter().filter_map(keyword).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message::new(Located::from_cdata(text, &(0..text.len()), text))
    }

    #[test]
    fn lines_are_told_apart() {
        let message = message("A b SIP/2.0\r\nVia : x \r\n[last_Route:]\r\nl:[len]\r\n\r\nv=0\r\n\r\nx");
        assert_eq!(message.get(message.header("via", "v").unwrap()), "x");
        assert_eq!(message.get(message.header("Content-Length", "l").unwrap()), "[len]");
        assert_eq!(message.header("CSeq", "CSeq"), None);
        assert_eq!(message.get(message.body()), "v=0\r\n\r\nx");
        assert_eq!(message.get(message.last_header().unwrap()), "l:[len]");
        assert!(message.has_line("last_route") && !message.has_line("last_Via"));
        assert_eq!(message.keywords()[1].text, "len");
    }

    #[test]
    fn parts_may_be_missing() {
        assert_eq!(message("A b").last_header(), None);
        assert_eq!(message("A b\r\n\r\n").last_header(), None);
        let message = message("A b\r\nX: y");
        assert_eq!((message.last_header(), message.body()), (Some(5..9), 9..9));
    }
}
