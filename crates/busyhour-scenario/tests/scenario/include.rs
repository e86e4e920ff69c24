//! `<xi:include>`: what it gives, what it refuses, and where findings point.

use std::collections::HashMap;
use std::path::Path;

use busyhour_scenario::diagnostic::{one_line, render};
use busyhour_scenario::source::{INCLUDES_MAX, LoadErrorReason, NESTING_MAX, Source};
use busyhour_scenario::{Loaded, Options, load};
use proptest::prelude::*;

/// Loads the first file; the others are there to be included.
fn load_files(files: &[(&str, &str)]) -> (Source, Loaded) {
    let by_name: HashMap<&Path, &str> = files.iter().map(|(name, text)| (Path::new(*name), *text)).collect();
    let (main, text) = files[0];
    let mut read =
        |path: &Path| by_name.get(path).map(|text| text.as_bytes().to_vec()).ok_or(LoadErrorReason::NotFound);
    let source = Source::with_reader(main, Path::new(main), text.as_bytes(), &mut read);
    let loaded = load(&source, &Options::default());
    (source, loaded)
}

/// The findings, one line each.
fn lines(files: &[(&str, &str)]) -> Vec<String> {
    let (source, loaded) = load_files(files);
    loaded.diagnostics.iter().map(|finding| one_line(&source, finding)).collect()
}

fn including(href: &str) -> String {
    format!("<scenario>\n<xi:include href=\"{href}\"/>\n</scenario>\n")
}

#[test]
fn content_takes_the_place_of_the_element() {
    let main = "<scenario name='main'>\n<init><xi:include href='set.xml'/></init>\n<recv request='A'/>\n\
                <xi:include href='sub/more.xml' parse='xml'/>\n\
                <nop><action><xi:include href='log.xml'/></action></nop>\n<recv request='E'/></scenario>";
    let (source, loaded) = load_files(&[
        ("dir/main.xml", main),
        ("dir/set.xml", "<scenario><nop/>\n<label id='x'/></scenario>"),
        (
            "dir/sub/more.xml",
            "<?xml version='1.0'?>\n<scenario name='other'>\n<recv request='B'/>\n<xi:include href='deep.xml'/></scenario>",
        ),
        ("dir/sub/deep.xml", "<!-- one -->\n<recv request='C'/>"),
        ("dir/log.xml", "<scenario><log message='1'/>\n<log message='2'/></scenario>"),
    ]);
    assert_eq!(loaded.diagnostics, [], "{}", render(&source, &loaded.diagnostics, false));
    let program = loaded.program.unwrap();
    assert_eq!(program.title, "main");
    assert_eq!(program.init.len(), 1);
    // Each step has its line in its own file.
    assert_eq!(program.steps.iter().map(|step| step.line).collect::<Vec<_>>(), [3, 3, 2, 5, 6]);
    assert_eq!(program.steps[3].actions.len(), 2);
}

/// As SIPp 3.8.0 does it, though not in silence.
#[test]
fn of_several_elements_without_a_scenario_the_first_is_taken() {
    for file in
        ["<recv request='A'/>\n<recv request='B'/>", "<scenario><recv request='A'/></scenario>\n<nop/>"]
    {
        let files = [("main.xml", &*including("a.xml")), ("a.xml", file)];
        let (_, loaded) = load_files(&files);
        assert_eq!(loaded.program.unwrap().steps.len(), 1);
        let found = lines(&files);
        assert!(found.len() == 1 && found[0].starts_with("a.xml:2:2: warning[W107]"), "{found:?}");
    }
}

#[test]
fn a_file_may_be_included_twice() {
    let main = "<scenario><xi:include href='a.xml'/><xi:include href='./x/../a.xml'/></scenario>";
    let (_, loaded) = load_files(&[
        ("main.xml", main),
        ("a.xml", "<recv request='A'/>"),
        ("./x/../a.xml", "<recv request='A'/>"),
    ]);
    assert_eq!(loaded.program.unwrap().steps.len(), 2);
}

#[test]
fn findings_point_into_the_included_file() {
    let files = [
        ("main.xml", &*including("a.xml")),
        (
            "a.xml",
            "<scenario><recv request='A'/>\n<send>\n <![CDATA[\n  BYE sip:a SIP/2.0\n  X: [nonsense]\n ]]></send></scenario>",
        ),
    ];
    let found = lines(&files);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("a.xml:5:7: error[E103]"), "{found:?}");
    let (source, loaded) = load_files(&files);
    let shown = render(&source, &loaded.diagnostics, false);
    assert!(shown.contains("--> a.xml:5:7") && shown.contains("5 |   X: [nonsense]"), "{shown}");
    assert!(shown.contains("included by main.xml:2:2"), "{shown}");
}

#[test]
fn an_included_file_is_decoded_and_read_like_any_other() {
    let found = lines(&[
        ("main.xml", &including("a.xml")),
        ("a.xml", "<scenario><recv request='A'>\n</recvv>\n<recv request=B/></scenario>"),
    ]);
    assert!(found[0].starts_with("a.xml:2:3: warning[W010]"), "{found:?}");
    assert!(found[1].starts_with("a.xml:3:15: warning[W005]"), "{found:?}");
    let latin = "<?xml version='1.0' encoding='ISO-8859-1'?><recv request='é'/>";
    let found = lines(&[("main.xml", &including("a.xml")), ("a.xml", latin)]);
    assert!(found[0].starts_with("a.xml:1:59: warning[W025]"), "{found:?}");
    assert!(
        lines(&[("main.xml", &including("a.xml")), ("a.xml", "")])[0].starts_with("a.xml:1:1: error[E001]")
    );
}

#[test]
fn what_cannot_be_included_is_reported_where_it_is_asked_for() {
    let missing = lines(&[("dir/main.xml", &including("none.xml"))]);
    assert_eq!(
        missing,
        [
            "dir/main.xml:2:19: error[E017]: Unable to load 'dir/main.xml' xml scenario file: cannot include 'none.xml': File was not found"
        ]
    );
    for element in ["<xi:include/>", "<xi:include href=''/>"] {
        let found = lines(&[("main.xml", &format!("<scenario>{element}<recv request='A'/></scenario>"))]);
        assert_eq!(found, ["main.xml:1:12: error[E018]: <xi:include> without an href"]);
    }
    let unknown = lines(&[("main.xml", "<scenario><include href='a.xml'/></scenario>")]);
    assert!(unknown[0].contains("error[E101]: Unknown element 'include'"), "{unknown:?}");
}

#[test]
fn what_stands_behind_the_first_element_of_a_file_includes_nothing() {
    let behind =
        "<recv request='A'/><xi:include href='none.xml'/><scenario><xi:include href='a.xml'/></scenario>";
    let found = lines(&[("main.xml", &including("a.xml")), ("a.xml", behind)]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|line| line.contains("is ignored: only the first element")), "{found:?}");
}

#[test]
fn circles_are_named() {
    let found = lines(&[
        ("d/main.xml", &including("sub/a.xml")),
        ("d/sub/a.xml", &including("../b.xml")),
        ("d/sub/../b.xml", &including("main.xml")),
    ]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("d/sub/../b.xml:2:19: error[E019]"), "{found:?}");
    assert!(found[0].ends_with("d/main.xml → d/sub/a.xml → d/b.xml → d/main.xml"), "{found:?}");
}

#[test]
fn nesting_and_number_have_limits() {
    let names: Vec<String> = (0..=NESTING_MAX + 1).map(|depth| format!("{depth}.xml")).collect();
    let texts: Vec<String> = names.iter().skip(1).map(|next| including(next)).collect();
    let chain = |depth: usize| -> Vec<(&str, &str)> {
        let mut files: Vec<_> =
            names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).take(depth).collect();
        files.push((&names[depth], "<recv request='A'/>"));
        files
    };
    assert_eq!(lines(&chain(NESTING_MAX)), [] as [String; 0]);
    let found = lines(&chain(NESTING_MAX + 1));
    assert_eq!(found, ["16.xml:2:19: error[E020]: cannot include '17.xml': more than 16 nested includes"]);

    let many = format!("<scenario>{}</scenario>", "<xi:include href='a.xml'/>".repeat(INCLUDES_MAX + 5));
    let (_, loaded) = load_files(&[("main.xml", &many), ("a.xml", "<recv request='A'/>")]);
    assert_eq!(loaded.diagnostics.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["E021"]);
    // Two of each in sixteen levels would be 65536.
    let twice: Vec<String> = names
        .iter()
        .skip(1)
        .map(|next| format!("<scenario>{}</scenario>", format!("<xi:include href='{next}'/>").repeat(2)))
        .collect();
    let files: Vec<_> = names.iter().map(String::as_str).zip(twice.iter().map(String::as_str)).collect();
    assert_eq!(lines(&files).len(), 1);
}

#[test]
fn all_files_together_have_one_limit() {
    let large = format!("<recv request='A'/><!--{}-->", "x".repeat(6 << 20));
    let main = "<scenario><xi:include href='a.xml'/><xi:include href='a.xml'/><xi:include href='a.xml'/><xi:include href='b.xml'/></scenario>";
    let found = lines(&[("main.xml", main), ("a.xml", &large), ("b.xml", "<recv request='B'/>")]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|line| line.contains("E017") && line.contains("16 MiB")), "{found:?}");
}

#[test]
fn bytes_without_a_file_include_nothing() {
    let source = Source::from_bytes(
        "text",
        b"<scenario><xi:include href='/etc/passwd'/><recv request='A'/></scenario>",
    );
    let loaded = load(&source, &Options::default());
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.diagnostics[0].code, "E017");
    assert!(!source.text.contains("root"));
}

#[test]
fn files_on_disk_are_found_beside_the_one_that_includes_them() {
    let folder = std::env::temp_dir().join(format!("busyhour-include-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("sub")).unwrap();
    std::fs::write(folder.join("main.xml"), including("sub/a.xml")).unwrap();
    std::fs::write(folder.join("sub/a.xml"), including("b.xml")).unwrap();
    std::fs::write(folder.join("sub/b.xml"), "<recv request='A'/>").unwrap();
    std::fs::write(folder.join("endless.xml"), including("/dev/zero")).unwrap();
    std::fs::write(folder.join("piped.xml"), including("pipe")).unwrap();
    // Nobody ever writes into it.
    assert!(std::process::Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    let good = Source::read(&folder.join("main.xml")).unwrap();
    let endless = Source::read(&folder.join("endless.xml")).unwrap();
    let piped = Source::read(&folder.join("piped.xml")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(load(&good, &Options::default()).program.unwrap().steps.len(), 1);
    for refused in [endless, piped] {
        let found = &load(&refused, &Options::default()).diagnostics[0];
        assert_eq!(found.code, "E017");
        assert!(found.message.ends_with("it is a pipe, a device or a socket"), "{}", found.message);
    }
}

/// Texts that include each other in every way.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..4usize).prop_map(|file| format!("<xi:include href='{file}'/>")),
        Just("<recv request='A'/>".to_owned()),
        Just("<scenario>".to_owned()),
        Just("</scenario>".to_owned()),
        Just("<init>".to_owned()),
        Just("<nop><action>".to_owned()),
        Just("</action></nop>".to_owned()),
        Just("<send><![CDATA[".to_owned()),
        Just("A b SIP/2.0\n [§] [$x]".to_owned()),
        Just("]]></send>".to_owned()),
        Just("<xi:include".to_owned()),
        Just("é<!--".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn files_that_include_each_other_end(texts in proptest::collection::vec(proptest::collection::vec(piece(), 0..8), 4)) {
        let texts: Vec<String> = texts.into_iter().map(|pieces| pieces.concat()).collect();
        let main = format!("<scenario>{}</scenario>", texts[0]);
        let files = [("main", main.as_str()), ("0", &texts[0]), ("1", &texts[1]), ("2", &texts[2]), ("3", &texts[3])];
        let (source, loaded) = load_files(&files);
        prop_assert_eq!(loaded.program.is_none(), loaded.diagnostics.iter().any(|finding| finding.code.starts_with('E')));
        for finding in &loaded.diagnostics {
            prop_assert!(source.text.get(finding.span.clone()).is_some(), "{:?}", finding);
        }
        render(&source, &loaded.diagnostics[..loaded.diagnostics.len().min(5)], false);
    }
}
