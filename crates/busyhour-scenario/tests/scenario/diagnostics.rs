//! `docs/diagnostics.md` has a section for each code and for nothing else, and its examples are true.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use busyhour_media::Library;
use busyhour_scenario::source::{LoadErrorReason, Source};
use busyhour_scenario::{Options, lint, load, media_files};

const PAGE: &str = include_str!("../../../../docs/diagnostics.md");

/// Where codes are defined.
const TABLES: &[&str] = &[
    include_str!("../../src/diagnostic/codes.rs"),
    include_str!("../../src/check/codes.rs"),
    include_str!("../../src/check/lint/codes.rs"),
];

/// Codes that no scenario gives: a file that is not there has no text, injection files are read
/// elsewhere, and captures are not text.
const WITHOUT_EXAMPLE: &[&str] = &["E022", "E023", "W030", "W130"];

/// An example: what follows `xml` on its fence, and its text.
type Example = (Vec<&'static str>, String);

/// The sections: the code of each and its examples.
fn sections() -> BTreeMap<&'static str, Vec<Example>> {
    let mut sections: BTreeMap<&str, Vec<Example>> = BTreeMap::new();
    let mut code = "";
    let mut example: Option<Example> = None;
    for line in PAGE.lines() {
        match &mut example {
            Some(_) if line == "```" => sections.entry(code).or_default().extend(example.take()),
            Some((_, text)) => {
                text.push_str(line);
                text.push('\n');
            }
            None => {
                if let Some(flags) = line.strip_prefix("```xml ") {
                    example = Some((flags.split(' ').collect(), String::new()));
                } else if let Some(title) = line.strip_prefix("### ") {
                    code = title.split(':').next().unwrap();
                    assert!(sections.insert(code, Vec::new()).is_none(), "two sections for {code}");
                }
            }
        }
    }
    sections
}

fn codes() -> BTreeSet<&'static str> {
    let quoted = TABLES.iter().flat_map(|table| table.split('"').skip(1).step_by(2));
    let is_code = |text: &&str| {
        text.len() == 4 && text.starts_with(['E', 'W']) && text[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    quoted.filter(is_code).collect()
}

/// The codes that an example gives.
fn found(flags: &[&str], text: &str) -> Vec<&'static str> {
    let mut files = vec![("example.xml".to_owned(), String::new())];
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ").and_then(|rest| rest.strip_suffix(" ===")) {
            files.push((name.to_owned(), String::new()));
            continue;
        }
        let (_, text) = files.last_mut().unwrap();
        if let Some((count, what)) = line.strip_prefix("… ").and_then(|rest| rest.split_once(" times: ")) {
            text.extend((0..count.parse().unwrap()).map(|i: usize| what.replace('#', &i.to_string())));
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    let (_, main) = files.remove(0);
    let whole = flags.contains(&"file");
    let main = if whole { main } else { format!("<scenario name=\"example\">\n{main}</scenario>\n") };
    let included: HashMap<PathBuf, String> =
        files.into_iter().map(|(name, text)| (PathBuf::from(name), text)).collect();
    let mut read = |path: &Path| {
        included.get(path).map(|text| text.clone().into_bytes()).ok_or(LoadErrorReason::NotFound)
    };
    let bytes = encoded(&main, flags);
    let source = Source::with_reader("example.xml", Path::new("example.xml"), &bytes, &mut read);
    let files: Vec<String> =
        flags.iter().filter_map(|flag| flag.strip_prefix("inf=")).map(str::to_owned).collect();
    let options = Options { files: (!files.is_empty()).then_some(files), ..Options::default() };
    let loaded = load(&source, &options);
    let mut findings = loaded.diagnostics;
    if let Some(program) = &loaded.program {
        findings.extend(lint(&source, program));
        findings.extend(media_files::check(program, &Library::default(), 8));
    }
    findings.iter().map(|finding| finding.code).collect()
}

fn encoded(text: &str, flags: &[&str]) -> Vec<u8> {
    let utf16 = || {
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<u8>>()
    };
    match flags.iter().find(|flag| ["latin1", "utf16", "utf16-cut", "utf32"].contains(flag)) {
        Some(&"latin1") => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        Some(&"utf16") => utf16(),
        Some(&"utf16-cut") => utf16()[..text.len() * 2 + 1].to_vec(),
        Some(_) => {
            ['\u{FEFF}'].into_iter().chain(text.chars()).flat_map(|c| u32::from(c).to_le_bytes()).collect()
        }
        None => text.as_bytes().to_vec(),
    }
}

#[test]
fn each_code_has_a_section_and_each_section_a_code() {
    assert_eq!(sections().into_keys().collect::<BTreeSet<_>>(), codes());
}

#[test]
fn wrong_examples_give_their_code_and_right_ones_nothing() {
    let mut untrue = Vec::new();
    for (code, examples) in sections() {
        let (wrong, right): (Vec<_>, Vec<_>) = examples.iter().partition(|(flags, _)| flags[0] == "wrong");
        if wrong.is_empty() != WITHOUT_EXAMPLE.contains(&code) || wrong.len() != right.len() {
            untrue.push(format!("{code} has no example"));
        }
        for (flags, text) in wrong {
            let found = found(flags, text);
            if !found.contains(&code) {
                untrue.push(format!("{code} wrong: {:?}", &found[..found.len().min(5)]));
            }
        }
        for (flags, text) in right {
            let found = found(flags, text);
            if !found.is_empty() {
                untrue.push(format!("{code} right: {found:?}"));
            }
        }
    }
    assert!(untrue.is_empty(), "{untrue:#?}");
}
