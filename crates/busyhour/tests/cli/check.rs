//! `busyhour check`.

use std::fs;

use crate::program::busyhour_in;

const GOOD: &str = "<scenario name=\"x\">\n<recv request=\"INVITE\"/>\n</scenario>\n";

#[test]
fn good_and_bad_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.xml"), GOOD).unwrap();
    fs::write(
        folder.path().join("bad.xml"),
        "<scenario>\n<recv request=\"INVITE\" next=\"1\"/>\n</scenario>\n",
    )
    .unwrap();

    let outcome = busyhour_in(folder.path(), &["check", "good.xml"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert_eq!(outcome.stdout, "good.xml: ok\n");

    let outcome = busyhour_in(folder.path(), &["check", "good.xml", "bad.xml"]);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stdout.contains("good.xml: ok\n"), "{outcome:?}");
    assert!(outcome.stdout.contains("bad.xml:2:"), "the place: {outcome:?}");
    assert!(outcome.stdout.contains("<recv request=\"INVITE\" next=\"1\"/>"), "the line: {outcome:?}");
    assert!(outcome.stdout.contains("help:"), "the way out: {outcome:?}");
    assert!(outcome.stdout.contains("bad.xml: 1 error"), "{outcome:?}");
}

#[test]
fn what_is_no_scenario_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty.xml"), "").unwrap();
    fs::write(folder.path().join("noise.xml"), [0xff_u8, 0xfe, 0x00, 0x80, b'<', 0xc3]).unwrap();
    let large = fs::File::create(folder.path().join("large.xml")).unwrap();
    large.set_len(100 << 20).unwrap();
    for file in ["missing.xml", ".", "empty.xml", "noise.xml", "large.xml"] {
        let outcome = busyhour_in(folder.path(), &["check", file]);
        assert_eq!(outcome.status, 1, "{file}: {outcome:?}");
        assert!(outcome.stdout.contains("error"), "{file}: {outcome:?}");
    }
}

#[test]
fn findings_as_json() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.xml"), GOOD).unwrap();
    fs::write(folder.path().join("part.xml"), "<scenario><recv request=\"A\"/>\n <nonsense/></scenario>")
        .unwrap();
    fs::write(folder.path().join("main.xml"), "<scenario><xi:include href=\"part.xml\"/></scenario>")
        .unwrap();
    fs::write(folder.path().join("warn.xml"), "<scenario><recv request=\"A\"/><label id=\"x\"/></scenario>")
        .unwrap();

    let outcome = busyhour_in(
        folder.path(),
        &["check", "--format", "json", "good.xml", "main.xml", "warn.xml", "none.xml"],
    );
    assert_eq!(outcome.status, 1, "{outcome:?}");
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{outcome:?}");
    assert!(
        lines[0].starts_with(
            "{\"file\":\"part.xml\",\"line\":2,\"column\":3,\"end_line\":2,\"end_column\":11,\"code\":\"E101\",\"level\":\"error\""
        ),
        "{outcome:?}"
    );
    assert!(lines[1].contains("\"code\":\"W111\",\"level\":\"warning\""), "{outcome:?}");
    assert!(lines[2].contains("\"file\":\"none.xml\",\"line\":1,\"column\":1"), "{outcome:?}");
    assert!(lines[2].contains("\"code\":\"E022\""), "{outcome:?}");
    let outcome = busyhour_in(folder.path(), &["check", "--format", "json", "warn.xml"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
}

#[test]
fn files_and_keywords_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let text = "<scenario><recv request=\"A\"><action><log message=\"[mine] [field0 file=a.csv]\"/></action></recv></scenario>";
    fs::write(folder.path().join("a.xml"), text).unwrap();
    let status = |words: &[&str]| busyhour_in(folder.path(), &[&["check", "a.xml"], words].concat()).status;
    assert_eq!(status(&[]), 1);
    assert_eq!(status(&["--key", "mine"]), 0);
    assert_eq!(status(&["--key", "mine", "--inf", "folder/a.csv"]), 0);
    assert_eq!(status(&["--key", "mine=my own", "--inf", "a.csv"]), 0);
    assert_eq!(status(&["--key", "mine", "--inf", "b.csv"]), 1);
    let show = |words: &[&str]| busyhour_in(folder.path(), &[&["show", "a.xml"], words].concat());
    assert!(show(&[]).stdout.contains("E103"));
    assert_eq!(show(&["--key", "mine", "--inf", "b.csv"]).status, 1);
    let outcome = show(&["--key", "mine=x", "--inf", "a.csv"]);
    assert!(outcome.status == 0 && outcome.stdout.contains("<------------ A ---"), "{outcome:?}");
}

#[test]
fn injection_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.xml"), GOOD).unwrap();
    fs::write(folder.path().join("good.csv"), "SEQUENTIAL\na;b\n").unwrap();
    fs::write(folder.path().join("order.csv"), "ROTATE\na;b\n").unwrap();
    fs::write(folder.path().join("uneven.csv"), "SEQUENTIAL\n# x\na;b\nc\n").unwrap();
    fs::create_dir(folder.path().join("folder.csv")).unwrap();
    let check = |words: &[&str]| busyhour_in(folder.path(), &[&["check", "good.xml"], words].concat());
    let outcome = check(&["--inf", "good.csv", "--inf", "none.csv"]);
    assert_eq!((outcome.status, &*outcome.stdout), (0, "good.csv: ok\ngood.xml: ok\n"));
    let outcome = check(&["--inf", "order.csv", "--inf", "uneven.csv"]);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    for part in
        ["order.csv:1:1\n", "E023", "ROTATE\n", "uneven.csv:4:1\n", "W030", "uneven.csv: ok, 1 warning"]
    {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:?}");
    }
    let outcome = check(&["--inf", "uneven.csv", "--format", "json"]);
    let start =
        "{\"file\":\"uneven.csv\",\"line\":4,\"column\":1,\"end_line\":4,\"end_column\":2,\"code\":\"W030\"";
    assert!(outcome.status == 0 && outcome.stdout.starts_with(start), "{outcome:?}");
    let outcome = check(&["--inf", "folder.csv"]);
    assert!(outcome.status == 1 && outcome.stdout.starts_with("error: "), "{outcome:?}");
}

#[test]
fn ladders() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.xml"), GOOD).unwrap();
    fs::write(folder.path().join("bad.xml"), "<scenario><nonsense/></scenario>").unwrap();
    let outcome = busyhour_in(folder.path(), &["show", "good.xml"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("|<--------- INVITE ----------|"), "{outcome:?}");
    let outcome = busyhour_in(folder.path(), &["show", "uac"]);
    assert!(outcome.stdout.contains("|--------- INVITE ---------->|"), "{outcome:?}");
    let outcome = busyhour_in(folder.path(), &["show", "bad.xml"]);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stdout.contains("E101"), "{outcome:?}");
    assert_eq!(busyhour_in(folder.path(), &["show", "none.xml"]).status, 1);
}
