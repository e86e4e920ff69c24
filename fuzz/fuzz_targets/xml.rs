//! Scenario files: bytes through decoding, the XML reader (as a document and as an included file) and the rendering of
//! its findings.

#![no_main]

use busyhour_scenario::diagnostic::{Diagnostic, Level, one_line, render};
use busyhour_scenario::source::Source;
use busyhour_scenario::xml::{self, DEPTH_MAX, Element, Node};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let source = Source::from_bytes("fuzz.xml", bytes);
    let (root, diagnostics) = xml::parse(&source.text);
    let has_error = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    assert!(root.is_some() || has_error);
    if let Some(root) = &root {
        check_element(root, &source.text, 1);
    }
    check_findings(&source, &source.diagnostics);
    check_findings(&source, &diagnostics);

    let (elements, diagnostics) = xml::parse_fragment(&source.text);
    assert_eq!(elements.first(), root.as_ref());
    check_findings(&source, &diagnostics);
});

fn check_element(element: &Element, text: &str, depth: usize) {
    assert!(depth <= DEPTH_MAX);
    assert_eq!(text[element.name_span.clone()], element.name);
    assert!(text[element.span.clone()].starts_with('<'));
    for (index, attribute) in element.attributes.iter().enumerate() {
        assert_eq!(text[attribute.name_span.clone()], attribute.name);
        let _ = &text[attribute.value_span.clone()];
        assert!(element.attributes[..index].iter().all(|other| other.name != attribute.name));
    }
    for node in &element.children {
        match node {
            Node::Element(child) => {
                assert!(element.span.start < child.span.start && child.span.end <= element.span.end);
                check_element(child, text, depth + 1);
            }
            Node::Text { text: value, span } => {
                assert!(!value.is_empty() && !text[span.clone()].trim_ascii().is_empty());
            }
            Node::CData { text: value, span } => {
                assert!(!value.contains('\r') && value.len() <= text[span.clone()].len());
            }
        }
    }
}

/// Each finding has its place, and shows no control character of the file.
fn check_findings(source: &Source, diagnostics: &[Diagnostic]) {
    assert!(diagnostics.len() <= 202);
    assert!(diagnostics.is_sorted_by_key(|diagnostic| diagnostic.span.start));
    for diagnostic in diagnostics {
        let _ = &source.text[diagnostic.span.clone()];
    }
    // A few show as much as all, and rendering takes most of the time.
    let few = &diagnostics[..diagnostics.len().min(2)];
    if source.text.len() % 8 > 0 || few.is_empty() {
        return;
    }
    let lines = few.iter().map(|diagnostic| one_line(source, diagnostic));
    for shown in lines.chain([render(source, few, false)]) {
        assert!(shown.chars().all(|character| character == '\n' || !character.is_control()));
    }
}
