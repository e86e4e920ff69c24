//! Whatever the text, loading ends without a panic, and an error is the only reason for no program.

use busyhour_scenario::source::Source;
use busyhour_scenario::{Options, Version, embedded, embedded_names, ladder, lint, load};
use proptest::prelude::*;

/// Pieces of the language that mutations put together.
const WORDS: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "\"",
    "'",
    "=",
    "[",
    "]",
    "[$",
    "$a",
    "\\x",
    "\\x5",
    "+1",
    "-1",
    ",",
    " ",
    "\n",
    "\r\n",
    "é",
    "0x",
    "-",
    "99999999999999999999",
    "1e308",
    "<action>",
    "</action>",
    "<![CDATA[",
    "]]>",
    "<nop>",
    "<recv ",
    "<send>",
    "<label id=\"1\"/>",
    "next=\"1\"",
    "[len]",
    "[fill variable=a text=",
    "[last_",
    ".value]",
    "<ereg regexp=\"(\"",
    "assign_to=\"a,b\"",
    "<init>",
    "<pause distribution=\"gamma\" k=\"1\" theta=\"1e300\"/>",
    "<pause distribution=\"negbin\" p=\"1\" n=\"1\"/>",
    "<pause min=\"1\" max=\"2\"/>",
    "<Global variables=\"a\"/>",
    "&lt;",
    "&#0;",
    "start_rtd=\",,\"",
    "rtd=\"true\"",
    "timeout=\"[$a]\"",
    "<DefaultMessage id=\"bye\">",
    "SIP/2.0 ",
    "[field0 file=\"a\" line=[",
    "[file name=\"",
    "[authentication username=",
    " aka_K=0x5",
    "<exec rtp_stream=\"apattern,1,",
    "<exec play_dtmf=\",",
    "<setdest host=\"a\" port=\"",
    "start_txn=\"a\" response_txn=\"a\"",
    "<sendCmd>",
    "<recvCmd/>",
    "\t",
];

/// One change: at a place in per mille, remove so many bytes and insert a word.
fn change() -> impl Strategy<Value = (usize, usize, usize)> {
    (0..1000usize, prop_oneof![3 => 0..4usize, 1 => 0..400usize], 0..WORDS.len())
}

fn mutated(text: &str, changes: &[(usize, usize, usize)]) -> String {
    let mut text = text.to_owned();
    for &(place, remove, word) in changes {
        let start = text.floor_char_boundary(text.len() * place / 1000);
        let end = text.floor_char_boundary((start + remove).min(text.len())).max(start);
        text.replace_range(start..end, WORDS[word]);
    }
    text
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let source = Source::from_bytes("mutated.xml", bytes);
    for (version, files) in [("3.8", None), ("3.6", Some(vec!["a".to_owned()]))] {
        let options = Options {
            files,
            no_default_file: version == "3.6",
            keys: vec![("a".to_owned(), "[call_id]".to_owned())],
            compat: Version::parse(version).unwrap().into(),
        };
        let loaded = load(&source, &options);
        let any_error = loaded.diagnostics.iter().any(|finding| finding.code.starts_with('E'));
        prop_assert_eq!(loaded.program.is_none(), any_error);
        for finding in &loaded.diagnostics {
            prop_assert!(source.text.get(finding.span.clone()).is_some(), "{:?}", finding);
        }
        if let Some(program) = loaded.program {
            for finding in lint(&source, &program) {
                prop_assert!(source.text.get(finding.span.clone()).is_some(), "{:?}", finding);
            }
            prop_assert!(ladder(&source, &program).lines().all(|line| line.chars().count() <= 80));
            let end = program.steps.len() as u32;
            for step in &program.steps {
                prop_assert!(step.next.is_none_or(|next| next.target <= end));
                prop_assert!(step.on_timeout.is_none_or(|target| target <= end));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn mutated_scenarios_never_panic(
        which in 0..12usize,
        changes in proptest::collection::vec(change(), 1..12),
    ) {
        let (name, _) = embedded_names().nth(which).unwrap();
        check(mutated(embedded(name).unwrap(), &changes).as_bytes())?;
    }

    #[test]
    fn words_in_any_order_never_panic(words in proptest::collection::vec(0..WORDS.len(), 0..60)) {
        let text: String = words.into_iter().map(|word| WORDS[word]).collect();
        check(format!("<scenario>{text}</scenario>").as_bytes())?;
        check(format!("<scenario><send><![CDATA[{text}]]></send><nop><action><log message=\"{text}\"/></action></nop>").as_bytes())?;
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&bytes)?;
    }
}
