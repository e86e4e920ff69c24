//! Scenarios in tests: short ones, with the place of each expected finding marked by `§`.

use busyhour_scenario::source::Source;
use busyhour_scenario::{Loaded, Options, load};

/// Loads the text of a file called `test.xml`.
pub(crate) fn load_text(text: &str, options: &Options) -> Loaded {
    load(&Source::from_bytes("folder/test.xml", text.as_bytes()), options)
}

/// Puts steps into a scenario.
pub(crate) fn scenario(steps: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<scenario name=\"test\">\n{steps}\n</scenario>\n")
}

/// A send of a request with this text in its last header.
pub(crate) fn send(text: &str) -> String {
    format!("<send><![CDATA[\n  OPTIONS sip:a SIP/2.0\n  CSeq: 1 OPTIONS\n  Test: {text}\n]]></send>")
}

/// Codes and places (line, column) of the findings, by place.
pub(crate) fn findings(text: &str, options: &Options) -> Vec<(String, (usize, usize))> {
    let source = Source::from_bytes("folder/test.xml", text.as_bytes());
    let loaded = load(&source, options);
    let any_error = loaded.diagnostics.iter().any(|finding| finding.code.starts_with('E'));
    assert_eq!(loaded.program.is_none(), any_error, "{text}");
    let mut found = Vec::new();
    for finding in &loaded.diagnostics {
        assert!(source.text.get(finding.span.clone()).is_some(), "{finding:?} is outside of {text}");
        assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{finding:?}");
        found.push((finding.code.to_owned(), source.place(finding.span.start)));
    }
    found
}

/// Asserts that a text whose places are marked by `§` gives exactly these codes at these places.
pub(crate) fn assert_findings(marked: &str, codes: &[&str], options: &Options) {
    let mut text = String::new();
    let mut places = Vec::new();
    for (i, part) in marked.split('§').enumerate() {
        if i > 0 {
            let line = text.matches('\n').count() + 1;
            let column = text.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            places.push((line, column));
        }
        text.push_str(part);
    }
    let expected: Vec<_> = codes.iter().map(|code| (*code).to_owned()).zip(places.iter().copied()).collect();
    assert_eq!(codes.len(), places.len(), "one § for each code: {marked}");
    assert_eq!(findings(&text, options), expected, "{text}");
}
