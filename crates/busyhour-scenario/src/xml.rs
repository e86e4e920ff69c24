//! A tolerant XML reader with byte spans, for scenario files as they are found in the wild.
//!
//! It never fails: it gives the tree it could make out and a diagnostic for every departure from XML. A warning means
//! that there is one sensible reading, and that it was taken. An error means that the tree cannot be trusted: look at it
//! for nothing but further diagnostics. Time and memory are linear in the text, whatever it holds.
//!
//! A tag that is well-formed is read as XML says. Only one that is not is read as SIPp up to 3.7 did, where `\"` does
//! not end a value.

mod element;
mod reader;
mod report;
mod skipped;
mod tag;
mod value;

use std::ops::Range;

use crate::diagnostic::Diagnostic;

/// Deepest nesting of elements, the root counted.
pub const DEPTH_MAX: usize = 64;

/// Most attributes of an element.
pub const ATTRIBUTES_MAX: usize = 100;

/// An element.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Name as written, prefix included.
    pub name: String,
    /// Where the name stands.
    pub name_span: Range<usize>,
    /// Attributes in order.
    pub attributes: Vec<Attribute>,
    /// Children in order.
    pub children: Vec<Node>,
    /// From `<` of the start tag to `>` of the end tag.
    pub span: Range<usize>,
}

/// An attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Name as written.
    pub name: String,
    /// Where the name stands.
    pub name_span: Range<usize>,
    /// Value after XML's normalisation, entity decoding, and SIPp's backslash escapes (spec-scenario §1).
    pub value: String,
    /// Where the value stands, without the quotes.
    pub value_span: Range<usize>,
}

/// A child of an element. Comments and processing instructions are dropped.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Character data that is not only white space.
    Text {
        /// The text, entities decoded, line ends normalised to LF.
        text: String,
        /// Where it stands.
        span: Range<usize>,
    },
    /// A CDATA section.
    CData {
        /// The text, line ends normalised to LF.
        text: String,
        /// Where it stands, without `<![CDATA[` and `]]>`.
        span: Range<usize>,
    },
}

/// Reads a document. The root is `None` if there is no element at all, and then one diagnostic is an error. Nesting is
/// limited to [`DEPTH_MAX`], attributes to [`ATTRIBUTES_MAX`], findings to 100 warnings and 100 errors; what is beyond
/// has an error or a count. Diagnostics are sorted by place.
pub fn parse(text: &str) -> (Option<Element>, Vec<Diagnostic>) {
    let (elements, diagnostics) = reader::Reader::document(text).read();
    (elements.into_iter().next(), diagnostics)
}

/// Reads an included file. Elements beside the first one are no finding here: SIPp ignores them, and whoever includes the
/// file says so (spec-3.8 A1). Otherwise as [`parse`].
pub fn parse_fragment(text: &str) -> (Vec<Element>, Vec<Diagnostic>) {
    reader::Reader::fragment(text).read()
}

impl Element {
    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// Moves all places by so many bytes.
    pub(crate) fn shift(&mut self, by: usize) {
        let shift = |span: &mut Range<usize>| *span = span.start + by..span.end + by;
        shift(&mut self.name_span);
        shift(&mut self.span);
        for attribute in &mut self.attributes {
            shift(&mut attribute.name_span);
            shift(&mut attribute.value_span);
        }
        for child in &mut self.children {
            match child {
                Node::Element(element) => element.shift(by),
                Node::Text { span, .. } | Node::CData { span, .. } => shift(span),
            }
        }
    }

    /// Child elements in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }
}
