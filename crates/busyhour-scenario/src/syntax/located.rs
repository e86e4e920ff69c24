//! A text that knows where each of its bytes stands in the source file.

use std::ops::Range;

use crate::xml::Attribute;

/// Text with the source offset of each byte, so that a finding inside a cleaned or decoded text has an exact place.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    text: String,
    /// Source offset of each byte of `text`.
    at: Vec<usize>,
    /// The whole text's place in the source.
    whole: Range<usize>,
}

impl Located {
    /// The text of a CDATA section whose content stands at `span`, with line ends normalised to LF.
    pub(crate) fn from_cdata(source: &str, span: &Range<usize>, text: &str) -> Located {
        let raw = source.get(span.clone()).unwrap_or("").as_bytes();
        let mut at = Vec::with_capacity(text.len());
        let mut offset = 0;
        for &byte in text.as_bytes() {
            // CRLF became LF.
            if byte == b'\n' && raw.get(offset) == Some(&b'\r') && raw.get(offset + 1) == Some(&b'\n') {
                offset += 1;
            }
            at.push((span.start + offset).min(source.len()));
            offset += 1;
        }
        Located { text: text.to_owned(), at, whole: span.clone() }
    }

    /// The value of an attribute, decoded.
    pub(crate) fn from_attribute(source: &str, attribute: &Attribute) -> Located {
        let span = attribute.value_span.clone();
        let raw = source.get(span.clone()).unwrap_or("");
        let at = align(raw, &attribute.value)
            .map(|offsets| offsets.into_iter().map(|offset| span.start + offset).collect())
            .unwrap_or_default();
        Located { text: attribute.value.clone(), at, whole: span }
    }

    /// The same text with every LF as CR LF, as SIPp has it in all texts with keywords.
    pub(crate) fn with_line_ends(self) -> Located {
        if !self.text.contains('\n') {
            return self;
        }
        let ended = |(byte, at)| {
            let before = (byte == b'\n').then_some((b'\r', at));
            before.into_iter().chain([(byte, at)])
        };
        Located::from_bytes(self.bytes().flat_map(ended).collect(), self.whole())
    }

    /// Builds a text from pieces of another: `kept` are bytes with their source offsets.
    pub(crate) fn from_bytes(kept: Vec<(u8, usize)>, whole: Range<usize>) -> Located {
        let (bytes, at): (Vec<u8>, Vec<usize>) = kept.into_iter().unzip();
        // Only whole ASCII characters are ever removed or added, so it stays UTF-8; if not, nothing is lost but looks.
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        let at = if at.len() == text.len() { at } else { Vec::new() };
        Located { text, at, whole }
    }

    /// Part of the text.
    pub(crate) fn slice(&self, range: Range<usize>) -> Located {
        Located {
            text: self.text.get(range.clone()).unwrap_or("").to_owned(),
            at: self.at.get(range.clone()).unwrap_or(&[]).to_vec(),
            whole: self.span(range),
        }
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Each byte with its source offset.
    pub(crate) fn bytes(&self) -> impl DoubleEndedIterator<Item = (u8, usize)> + '_ {
        let start = self.whole.start;
        self.text.bytes().enumerate().map(move |(i, byte)| (byte, self.at.get(i).copied().unwrap_or(start)))
    }

    /// Place of the whole text.
    pub(crate) fn whole(&self) -> Range<usize> {
        self.whole.clone()
    }

    /// Place in the source of a range of the text; the whole text's if it is not known better.
    pub(crate) fn span(&self, range: Range<usize>) -> Range<usize> {
        let last = if range.end > range.start { range.end - 1 } else { range.start };
        match (self.at.get(range.start), self.at.get(last)) {
            (Some(&start), Some(&end)) if end >= start => start..end + 1,
            _ => self.whole.clone(),
        }
    }
}

/// Offset in `raw` of each byte of `value`, which was made of it by decoding entities and backslash escapes.
fn align(raw: &str, value: &str) -> Option<Vec<usize>> {
    let raw = raw.as_bytes();
    let mut at = Vec::with_capacity(value.len());
    let mut offset = 0;
    for (i, character) in value.char_indices() {
        let width = character.len_utf8();
        let rest = raw.get(offset..)?;
        let escape = rest.first() == Some(&b'\\')
            && matches!(
                (rest.get(1), character),
                (Some(b'\\'), '\\')
                    | (Some(b'"'), '"')
                    | (Some(b'n'), '\n')
                    | (Some(b't'), '\t')
                    | (Some(b'r'), '\r')
            );
        let taken = if escape {
            2
        } else if rest.first() == Some(&b'&') {
            rest.iter().take(16).position(|&byte| byte == b';').map_or(1, |end| end + 1)
        } else if rest.starts_with(value.as_bytes().get(i..i + width)?) {
            width
        } else if character == ' ' && rest.starts_with(b"\r\n") {
            2
        } else if character == ' ' && rest.first().is_some_and(u8::is_ascii_whitespace) {
            1
        } else {
            return None;
        };
        if taken == width && !escape {
            at.extend(offset..offset + width);
        } else {
            at.extend(std::iter::repeat_n(offset, width));
        }
        offset += taken;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(raw: &str, value: &str) -> Located {
        let attribute = Attribute {
            name: "message".to_owned(),
            name_span: 0..0,
            value: value.to_owned(),
            value_span: 0..raw.len(),
        };
        Located::from_attribute(raw, &attribute)
    }

    #[test]
    fn decoded_attributes_keep_their_places() {
        let text = attribute(r#"a &lt;\n\"é [x]"#, "a <\n\"é [x]");
        let keyword = text.as_str().find('[').unwrap();
        assert_eq!(&r#"a &lt;\n\"é [x]"#[text.span(keyword..keyword + 3)], "[x]");
    }

    #[test]
    fn cdata_counts_carriage_returns() {
        let source = "<![CDATA[a\r\n[x]]]>";
        let text = Located::from_cdata(source, &(9..15), "a\n[x]");
        assert_eq!(&source[text.span(2..5)], "[x]");
    }
}
