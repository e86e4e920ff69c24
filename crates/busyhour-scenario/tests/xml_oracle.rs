//! On well-formed documents the tolerant reader and roxmltree see the same tree, and the reader finds nothing to say.
//!
//! They may differ in two things: SIPp's backslash escapes in attribute values, and dropped white space.

use std::fmt::Write;

use busyhour_scenario::xml::{Element, Node, parse};
use proptest::prelude::*;

/// Documents in the shape of scenarios, with the odd corners of well-formed XML.
const DOCUMENTS: [&str; 12] = [
    "<scenario/>",
    "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<!DOCTYPE scenario SYSTEM \"sipp.dtd\">\n\n\
     <scenario name=\"a caller\">\n  <send retrans=\"500\">\n    <![CDATA[\n\n      INVITE sip:[service]@[remote_ip] SIP/2.0\n\
     Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\n    ]]>\n  </send>\n\
     <recv response=\"100\" optional=\"true\">\n  </recv>\n  <pause/>\n</scenario>\n",
    "<scenario name='single \"quotes\" hold double ones'><nop display=\"it's\"/></scenario>",
    "<s>\r\n<send>\r\n<![CDATA[\r\nBYE a & b < c > d\r\n]]>\r\n</send>\r\n</s>\r\n",
    "<s a = \"1\"\n\tb\n=\n'2'   ><x   /></s   >",
    "<s><a b=\"&lt;sip:(.*)&gt;&amp;&quot;&apos;&#65;&#x42;\"/>&lt;text&gt; &amp;amp; &#x2713;</s>",
    "<s a=\"line\nend\ttab\r\ncrlf&#10;lf&#9;tab\"/>",
    "<!-- before --><s><!-- in -->x<!-- > < & ' \" -->y<?pi some ?></s><!-- after --><?last?>",
    "<s><![CDATA[]]><a><![CDATA[ ]] ]> ]]&gt; ]]></a><![CDATA[one]]><![CDATA[two]]></s>",
    "<!DOCTYPE s [\n <!-- ' ]> -->\n <!ELEMENT s ANY>\n <!ATTLIST s a CDATA #IMPLIED>\n <?x ]>?>\n]>\n<s a='>'>]] ></s>",
    "<s><ereg regexp=\"a\\.b\\\\c\\n[^\\]&quot;]*\" x='\\'/><log message=\"$1 \\\\\"/></s>",
    "<Ünï-cödé.1 ä_.b=\"日本\">ｔｅｘｔ</Ünï-cödé.1>",
];

#[test]
fn scenario_like_documents_read_alike() {
    for text in DOCUMENTS {
        compare(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_documents_read_alike(text in document()) {
        compare(&text);
    }

    #[test]
    fn damaged_documents_never_panic(text in document(), cuts in prop::collection::vec((any::<prop::sample::Index>(), "[<>&\"'/=! \\\\a-]{0,3}"), 1..4)) {
        let mut text = text;
        for (place, insert) in cuts {
            let at = text.floor_char_boundary(place.index(text.len() + 1));
            let end = text.ceil_char_boundary((at + 1).min(text.len()));
            text.replace_range(at..end, &insert);
        }
        let (root, diagnostics) = parse(&text);
        let has_error = diagnostics.iter().any(|diagnostic| diagnostic.code.starts_with('E'));
        prop_assert!(root.is_some() || has_error, "{text}");
        for diagnostic in &diagnostics {
            prop_assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?} in {text}");
        }
        // Nobody looks closely at declarations: we do not care, and roxmltree is lax.
        if text.contains("<!D") || text.contains("<?") {
            return Ok(());
        }
        // What XML accepts has no error; what XML refuses has a finding.
        match roxmltree::Document::parse(&text) {
            Ok(_) => prop_assert!(!has_error, "{diagnostics:?} in {text}"),
            Err(error) => prop_assert!(
                !diagnostics.is_empty() || is_not_looked_for(&error),
                "no finding for '{error}' in {text}"
            ),
        }
    }
}

/// Departures in the letters of names, which change nothing in the tree.
fn is_not_looked_for(error: &roxmltree::Error) -> bool {
    use roxmltree::Error;
    matches!(
        error,
        Error::UnknownNamespace(..)
            | Error::InvalidName(_)
            | Error::InvalidElementNamePrefix(_)
            | Error::InvalidChar(..)
            | Error::InvalidChar2(..)
            | Error::InvalidString(..)
    )
}

fn compare(text: &str) {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..roxmltree::ParsingOptions::default() };
    let document = roxmltree::Document::parse_with_options(text, options);
    let document = document.unwrap_or_else(|error| panic!("not well-formed: {error}: {text}"));
    let (root, diagnostics) = parse(text);
    // A value may end with a backslash, which is well-formed but suspicious.
    let found: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.code != "W028").collect();
    assert!(found.is_empty(), "{found:?} in {text}");
    compare_elements(&root.unwrap(), document.root_element(), text);
}

fn compare_elements(ours: &Element, theirs: roxmltree::Node<'_, '_>, text: &str) {
    assert_eq!(ours.name, theirs.tag_name().name());
    assert_eq!(ours.span, theirs.range(), "{text}");
    let their_attributes: Vec<_> = theirs.attributes().collect();
    assert_eq!(ours.attributes.len(), their_attributes.len());
    for (our, their) in ours.attributes.iter().zip(their_attributes) {
        assert_eq!(our.name, their.name());
        assert_eq!(our.value, unescape(their.value()), "{text}");
        assert_eq!(our.value_span, their.range_value(), "{text}");
    }

    let their_elements: Vec<_> = theirs.children().filter(roxmltree::Node::is_element).collect();
    assert_eq!(ours.elements().count(), their_elements.len());
    for (our, their) in ours.elements().zip(their_elements) {
        compare_elements(our, their, text);
    }

    // roxmltree joins neighbouring text and CDATA, and keeps white space.
    let their_text: String =
        theirs.children().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect();
    let mut rest = their_text.as_str();
    for node in &ours.children {
        if let Node::Text { text: piece, .. } | Node::CData { text: piece, .. } = node {
            let at =
                rest.find(piece.as_str()).unwrap_or_else(|| panic!("{piece:?} is not in {rest:?} in {text}"));
            assert!(rest[..at].trim_ascii().is_empty(), "{text}");
            rest = &rest[at + piece.len()..];
        }
    }
    assert!(rest.trim_ascii().is_empty(), "{rest:?} is missing in {text}");
}

/// SIPp's backslash escapes (spec-scenario §1), written a second time.
fn unescape(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let replaced = [("\\\\", "\\"), ("\\\"", "\""), ("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r")]
            .iter()
            .find(|(escape, _)| rest[at..].starts_with(escape));
        out.push_str(replaced.map_or("\\", |(_, character)| character));
        rest = &rest[at + replaced.map_or(1, |(escape, _)| escape.len())..];
    }
    out + rest
}

/// A well-formed document, as text.
fn document() -> impl Strategy<Value = String> {
    let head = prop_oneof![
        Just(""),
        Just("<?xml version=\"1.0\"?>"),
        Just("<?xml version='1.0' encoding='ISO-8859-1' ?>\n<!DOCTYPE scenario SYSTEM \"sipp.dtd\">\n"),
        Just("<!DOCTYPE s [ <!ELEMENT a ANY> ]>"),
    ];
    let tail = prop_oneof![Just(""), Just("\n"), Just("<!-- end -->"), Just("\r\n<?end?> ")];
    (head, element(), tail).prop_map(|(head, element, tail)| format!("{head}{element}{tail}"))
}

fn element() -> impl Strategy<Value = String> {
    let leaf = (name(), attributes(), any::<bool>()).prop_map(|(name, attributes, short)| match short {
        true => format!("<{name}{attributes}/>"),
        false => format!("<{name}{attributes}></{name} >"),
    });
    leaf.prop_recursive(5, 40, 6, |inner| {
        let child = prop_oneof![3 => inner, 2 => text(), 1 => cdata(), 1 => comment()];
        (name(), attributes(), prop::collection::vec(child, 0..6)).prop_map(|(name, attributes, children)| {
            format!("<{name}{attributes}>{}</{name}>", children.concat())
        })
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z_][a-zA-Z0-9._-]{0,8}",
        Just("send".to_owned()),
        Just("recv".to_owned()),
        Just("é".to_owned())
    ]
}

fn attributes() -> impl Strategy<Value = String> {
    let value = (prop::collection::vec(value_piece(), 0..6), any::<bool>(), "[ \t\r\n]{1,3}", " ?");
    prop::collection::btree_map(name(), value, 0..5).prop_map(|attributes| {
        attributes.into_iter().fold(String::new(), |mut out, (name, (pieces, double, before, around))| {
            // The other quote may stand in a value.
            let (quote, other) = if double { ('"', "'") } else { ('\'', "\"") };
            let value = pieces.concat().replace('Q', other);
            let _ = write!(out, "{before}{name}{around}={around}{quote}{value}{quote}");
            out
        })
    })
}

fn value_piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z >\\]\\[()$*.Q\\\\é\t\n=/-]{0,6}",
        prop::sample::select(vec![
            "&lt;", "&gt;", "&amp;", "&quot;", "&apos;", "&#10;", "&#x41;", "\\n", "\\\\", "\\t", "\\.",
            "\r\n"
        ])
        .prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    // A `]` could make up `]]>` with what follows. roxmltree keeps a lone CR before a reference, against XML.
    let piece = prop_oneof![
        "[a-z >\"'=/é\t\n\\\\-]{0,6}",
        prop::sample::select(vec!["&lt;", "&amp;", "&#13;", "&quot;", "\r\n"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn cdata() -> impl Strategy<Value = String> {
    "([a-z <>&\"'é\n\\\\]|\r\n){0,20}".prop_map(|text| format!("<![CDATA[{text}]]>"))
}

fn comment() -> impl Strategy<Value = String> {
    "([a-z <>&\"'é\n]|\r\n){0,20}".prop_map(|text| format!("<!--{text}-->"))
}
