//! Injection files on the command line: errors with file and line, notes, and calls that use their values.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use crate::program::{Outcome, sipp_in};

/// Runs `sipp LINE` beside these files.
fn with(files: &[(&str, &str)], line: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    sipp_in(folder.path(), line)
}

#[track_caller]
fn refused(files: &[(&str, &str)], line: &str, texts: &[&str]) {
    let outcome = with(files, line);
    assert_eq!(outcome.status, 255, "{line}: {outcome:?}");
    for text in texts {
        assert!(outcome.stderr.contains(text), "{line}: {text:?} is not in {:?}", outcome.stderr);
    }
}

const TARGET: &str = "127.0.0.1:9 -m 1 -timeout 1s -i 127.0.0.1";

#[test]
fn bad_files_are_refused_with_file_and_line() {
    let bad = |text: &str, texts: &[&str]| {
        refused(&[("a.csv", text)], &format!("-sn uac -inf a.csv {TARGET}"), texts);
    };
    bad("user;password\n", &["a.csv:1: Unknown file type", "\"user;password\"", "SEQUENTIAL"]);
    bad("", &["a.csv:1: Unknown file type"]);
    bad("SEQUENTIAL\n# nothing\n", &["a.csv:2: ", "zero lines"]);
    bad("SEQUENTIAL,PRINTF=0\na\n", &["a.csv:1: ", "at least one virtual line"]);
    bad("SEQUENTIAL,PRINTF=x\na\n", &["a.csv:1: Invalid PRINTF specification", "\"x\""]);
    bad("SEQUENTIAL,PRINTF=5\na%d\nb;%s\n", &["a.csv:3: ", "only decimal values allowed 's'"]);
    refused(&[], &format!("-sn uac -inf no/such.csv {TARGET}"), &["-inf: Unable to open file no/such.csv"]);
    refused(&[], &format!("-sn uac -rxinf no.csv {TARGET}"), &["-rxinf: Unable to open file no.csv"]);
    refused(&[], &format!("-sn uac -inf . {TARGET}"), &["-inf: Unable to open file .", "irectory"]);
    refused(
        &[],
        &format!("-sn uac -inf /dev/zero {TARGET}"),
        &[
            "-inf: Unable to open file /dev/zero",
            "no regular file",
            "64 MiB",
            "write what it gives into a file",
        ],
    );
}

#[test]
fn options_are_checked_against_each_other() {
    let files = [("a.csv", "SEQUENTIAL\na;b\n")];
    refused(
        &files,
        "-sn uac -infindex a.csv 0 -inf a.csv 127.0.0.1",
        &["Could not find file for -infindex: a.csv", "none was given before it"],
    );
    refused(
        &files,
        "-sn uac -inf a.csv -infindex ./a.csv 0 127.0.0.1",
        &["Could not find file for -infindex: ./a.csv", "given before it: a.csv"],
    );
    refused(&files, "-sn uac -inf a.csv -infindex a.csv x 127.0.0.1", &["Invalid field specification", "x"]);
    refused(&files, "-sn uac -inf a.csv -m 5 -m_csv 127.0.0.1", &["-m and -m_csv are mutually exclusive"]);
    refused(&files, "-sn uac -m_csv 127.0.0.1", &["-m_csv needs an -inf file"]);
    refused(&files, "-sn uac -rxinf a.csv -m_csv 127.0.0.1", &["-m_csv needs an -inf file"]);
    refused(&files, "-sn uac -inf a.csv -ip_field x 127.0.0.1", &["valid integer!"]);
}

fn scenario(text: &str) -> String {
    format!(
        "<scenario>
<send><![CDATA[
OPTIONS sip:x SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:a>;tag=[call_number]
To: <sip:x>
Call-ID: [call_id]
CSeq: 1 OPTIONS
X: {text}
Content-Length: 0

]]></send>
</scenario>"
    )
}

#[test]
fn scenarios_may_only_name_files_that_are_there() {
    let named = scenario("[field0 file=\"b.csv\"]");
    let files = [("a.csv", "SEQUENTIAL\na;b\n"), ("s.xml", &named)];
    refused(&files, &format!("-sf s.xml -inf a.csv {TARGET}"), &["s.xml:9", "Invalid injection file: b.csv"]);
    let default = scenario("[field0]");
    let files = [("a.csv", "SEQUENTIAL\na;b\n"), ("s.xml", &default)];
    refused(&files, &format!("-sf s.xml {TARGET}"), &["s.xml:9", "No injection file was specified!"]);
    refused(
        &files,
        &format!("-sf s.xml -rxinf a.csv {TARGET}"),
        &["s.xml:9", "No injection file was specified!"],
    );
}

/// The values of `X` that calls send, in the order of calls, and stderr.
fn sent(text: &str, files: &[(&str, &str)], line: &str) -> (Vec<String>, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let port = socket.local_addr().unwrap().port();
    let scenario = scenario(&format!("[call_number] {text}"));
    let mut all = vec![("s.xml", scenario.as_str())];
    all.extend(files);
    let line = format!("127.0.0.1:{port} -i 127.0.0.1 -sf s.xml -nr -r 1000 -timeout 20s {line}");
    let outcome = with(&all, &line);
    assert_eq!(outcome.status, 0, "{line}: {outcome:?}");
    let mut values = Vec::new();
    let mut buffer = [0; 2000];
    while let Ok(len) = socket.recv(&mut buffer) {
        let message = String::from_utf8_lossy(&buffer[..len]).into_owned();
        let value = message.lines().find_map(|line| line.strip_prefix("X: ")).unwrap();
        let (number, value) = value.split_once(' ').unwrap();
        values.push((number.parse::<u32>().unwrap(), value.to_owned()));
    }
    values.sort();
    (values.into_iter().map(|(_, value)| value).collect(), outcome.stderr)
}

#[test]
fn values_come_into_messages() {
    let files = [
        ("a.csv", "SEQUENTIAL\r\n# users\r\nalice;1\r\nbob;2\r\ncarol;3\r\n"),
        ("b.csv", "SEQUENTIAL,PRINTF=2\nv%03d\n"),
    ];
    let (values, _) = sent(
        "[field0]=[field1] [field0 file=\"b.csv\"] [field0 line=2]",
        &files,
        "-inf a.csv -inf b.csv -m 4 -workers 2",
    );
    let wanted = ["alice=1 v000 carol", "bob=2 v001 carol", "carol=3 v000 carol", "alice=1 v001 carol"];
    assert_eq!(values, wanted);
}

#[test]
fn m_csv_makes_a_call_for_each_line() {
    let file = ("a.csv", "SEQUENTIAL\na\nb\nc\n");
    assert_eq!(sent("[field0]", &[file], "-m_csv -inf a.csv").0, ["a", "b", "c"]);
    let file = ("a.csv", "SEQUENTIAL,PRINTF=5\n%d\n");
    assert_eq!(sent("[field0]", &[file], "-inf a.csv -m_csv").0, ["0", "1", "2", "3", "4"]);
}

#[test]
fn what_is_strange_in_a_file_is_told_with_its_line() {
    let file = ("a.csv", "SEQUENTIAL\na;1\nb\nc;3\n\nd;4\ne;5\n");
    let (values, stderr) = sent("[field0]", &[file], "-inf a.csv -m 3 -infindex a.csv 1");
    assert_eq!(values, ["a", "b", "c"]);
    for text in [
        "note: a.csv:3: 1 line has another number of fields than the first one, which has 2 (line 3 has 1)",
        "note: a.csv:5: a blank line ends the file: 2 lines behind it are not read",
        "note: -infindex a.csv 1: 1 line has no such field",
    ] {
        assert!(stderr.contains(text), "{text:?} is not in {stderr:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "one/a.csv");
    write(folder.path(), "two/a.csv");
    let outcome = sipp_in(folder.path(), &format!("-sn uac -inf one/a.csv -inf two/a.csv -m 0 {TARGET}"));
    assert!(outcome.stderr.contains("two/a.csv: another injection file has the same name"), "{outcome:?}");
}

fn write(folder: &Path, name: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "SEQUENTIAL\na\n").unwrap();
}
