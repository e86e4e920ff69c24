//! Codes of the findings about a file's encoding, XML and included files: `E0xx` and `W0xx`. A code never changes its meaning; one
//! that is no longer used is not given to another finding. `E1xx` and `W1xx` belong to checks of the scenario.

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: &str = $code;)+

        /// Every code of this table with its meaning, in order.
        pub const ALL: &[(&str, &str)] = &[$(($code, concat!($($doc),+))),+];
    };
}

codes! {
    /// The file is empty or holds only white space.
    EMPTY_FILE = "E001";
    /// The file holds no element at all.
    NO_ELEMENT = "E002";
    /// A comment has no end.
    UNCLOSED_COMMENT = "E003";
    /// A CDATA section has no end.
    UNCLOSED_CDATA = "E004";
    /// A document type declaration, processing instruction or other `<!` has no end.
    UNCLOSED_MARKUP = "E005";
    /// The file ends inside a tag.
    ENDS_IN_TAG = "E006";
    /// A tag has no `>` before the next `<`.
    TAG_NOT_CLOSED = "E007";
    /// The quotes in a tag do not pair up.
    QUOTE_NOT_CLOSED = "E008";
    /// Elements are nested too deeply.
    TOO_DEEP = "E009";
    /// An element has too many attributes.
    TOO_MANY_ATTRIBUTES = "E010";
    /// An element is not closed and has taken in the elements that follow it.
    UNCLOSED_ELEMENT = "E011";
    /// A `<` looks like the start of a tag but is none.
    NOT_A_TAG = "E012";
    /// The file ends inside an element other than the root.
    ENDS_IN_ELEMENT = "E013";
    /// UTF-16 text is damaged.
    UTF_16 = "E014";
    /// The file is UTF-32.
    UTF_32 = "E015";
    /// There are more errors than are listed.
    MORE_ERRORS = "E016";
    /// An included file cannot be read.
    INCLUDE_UNREADABLE = "E017";
    /// An `<xi:include>` does not say which file.
    INCLUDE_WITHOUT_HREF = "E018";
    /// A file includes itself, directly or through others.
    INCLUDE_CYCLE = "E019";
    /// Included files are nested too deeply.
    INCLUDE_TOO_DEEP = "E020";
    /// There are too many `<xi:include>`.
    TOO_MANY_INCLUDES = "E021";
    /// The scenario file itself cannot be read.
    FILE_UNREADABLE = "E022";
    /// An injection file of the run cannot be used.
    BAD_INJECTION_FILE = "E023";
    /// A quote inside an attribute value is escaped by a backslash.
    ESCAPED_QUOTE = "W001";
    /// The root element is not closed.
    UNCLOSED_ROOT = "W002";
    /// A comment holds `--`.
    DOUBLE_HYPHEN = "W003";
    /// An attribute value holds `<`.
    LESS_THAN_IN_VALUE = "W004";
    /// An attribute value has no quotes.
    UNQUOTED_VALUE = "W005";
    /// An attribute is given twice; the first counts.
    DUPLICATE_ATTRIBUTE = "W006";
    /// A `&` stands alone.
    BARE_AMPERSAND = "W007";
    /// An entity is not one of XML's five; it stays as written.
    UNKNOWN_ENTITY = "W008";
    /// A numeric character reference names no character; it stays as written.
    BAD_CHARACTER_REFERENCE = "W009";
    /// An end tag has nearly the name of the open element; it is taken as its end.
    MISSPELT_END_TAG = "W010";
    /// An end tag has no start tag; it is ignored.
    STRAY_END_TAG = "W011";
    /// An element without child elements is not closed; it ends where its parent does.
    UNCLOSED_LEAF = "W012";
    /// Text stands outside the root element; it is ignored.
    TEXT_OUTSIDE_ROOT = "W013";
    /// An element stands after the root element; it is ignored.
    SECOND_ROOT = "W014";
    /// An XML declaration does not stand at the very start.
    MISPLACED_DECLARATION = "W015";
    /// An XML declaration does not end with `?>`.
    DECLARATION_END = "W016";
    /// White space is missing between attributes.
    MISSING_SPACE = "W017";
    /// An attribute has no value; it is taken as empty.
    NO_VALUE = "W018";
    /// Characters that do not belong into a tag are ignored.
    STRAY_IN_TAG = "W019";
    /// A `<` stands alone in text.
    BARE_LESS_THAN = "W020";
    /// `]]>` stands outside a CDATA section.
    STRAY_CDATA_END = "W021";
    /// The file holds a control character that XML forbids, as it is or as a reference.
    CONTROL_CHARACTER = "W022";
    /// A document type declaration does not stand before the root element.
    MISPLACED_DOCTYPE = "W023";
    /// An unknown `<!` is ignored.
    UNKNOWN_MARKUP = "W024";
    /// The declared encoding is not that of the bytes.
    ENCODING_MISMATCH = "W025";
    /// The bytes are not UTF-8; they are read as Latin-1.
    NOT_UTF_8 = "W026";
    /// There are more warnings than are listed.
    MORE_WARNINGS = "W027";
    /// An attribute value ends with a single backslash, which may have been meant to escape its quote.
    BACKSLASH_AT_END = "W028";
    /// A CDATA section holds the start of another one.
    NESTED_CDATA = "W029";
    /// Something in an injection file is strange.
    STRANGE_INJECTION_FILE = "W030";
}

#[cfg(test)]
mod tests {
    #[test]
    fn codes_are_distinct_and_in_order() {
        assert!(super::ALL.is_sorted_by(|a, b| a.0 < b.0));
        assert!(super::ALL.iter().all(|(code, meaning)| code.len() == 4 && !meaning.trim().is_empty()));
    }
}
