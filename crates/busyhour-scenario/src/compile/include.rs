//! `<xi:include>`: an included file's content takes the element's place (spec-3.8 A1), so that nothing behind this knows of
//! files.

use crate::check::codes::ELEMENT_IGNORED;
use crate::check::findings::Findings;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{INCLUDE, Inclusion, Source, holds_includes};
use crate::xml::{self, Element, Node};

/// Puts the content of all included files into the tree. An `<xi:include>` that has none stays, and a finding says why.
pub(crate) fn expand(root: &mut Element, source: &Source, findings: &mut Findings) {
    let holds = holds_includes(root);
    let children = std::mem::take(&mut root.children);
    root.children = expanded(children, holds, source, findings);
}

/// The nodes with the content of included files. Ends because the source follows neither circles nor deep nesting.
fn expanded(nodes: Vec<Node>, in_holder: bool, source: &Source, findings: &mut Findings) -> Vec<Node> {
    let mut out = Vec::with_capacity(nodes.len());
    for mut node in nodes {
        match &mut node {
            Node::Element(element) if element.name == INCLUDE && in_holder => {
                match content(element, source, findings) {
                    Some(content) => out.extend(expanded(content, true, source, findings)),
                    None => out.push(node),
                }
                continue;
            }
            Node::Element(element) => expand(element, source, findings),
            Node::Text { .. } | Node::CData { .. } => {}
        }
        out.push(node);
    }
    out
}

/// What an included file holds: the children of its `<scenario>`, or else its first element, as with SIPp 3.8.0. A finding names
/// what stands behind that.
fn content(include: &Element, source: &Source, findings: &mut Findings) -> Option<Vec<Node>> {
    let span = match source.inclusion(include.name_span.start) {
        Inclusion::Text(span) => span,
        Inclusion::Refused => return None,
        Inclusion::NotRead => {
            findings.extend([not_read(include)]);
            return None;
        }
    };
    let (elements, found) = xml::parse_fragment(source.text.get(span.clone()).unwrap_or_default());
    if elements.is_empty() {
        findings.extend(found.into_iter().map(|finding| finding.shifted(span.start)));
        return None;
    }
    findings.extend(found.into_iter().map(|finding| finding.shifted(span.start)));
    let mut elements = elements.into_iter().map(|mut element| {
        element.shift(span.start);
        element
    });
    let first = elements.next()?;
    elements.for_each(|other| not_first(&other, findings));
    Some(if first.name == "scenario" { first.children } else { vec![Node::Element(first)] })
}

fn not_first(element: &Element, findings: &mut Findings) {
    findings.add(
        ELEMENT_IGNORED,
        element.name_span.clone(),
        format!("<{}> is ignored: only the first element of an included file is read", element.name),
        "not read",
        "put all elements of the file into one <scenario>",
    );
}

fn not_read(include: &Element) -> Diagnostic {
    let name = include.attribute("href").map(|href| href.value.as_str()).unwrap_or_default();
    let message = format!("cannot include '{name}': this scenario does not come from a file");
    Diagnostic::error(codes::INCLUDE_UNREADABLE, include.name_span.clone(), message)
        .label("not read")
        .help("write the scenario into a file, or put the content here")
}
