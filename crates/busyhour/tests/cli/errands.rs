//! Commands of scenarios, and files in messages.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;

use crate::program::{Outcome, sipp_in};

/// Runs a scenario with these steps, against somebody who never answers, in a folder.
fn run(folder: &Path, steps: &str, options: &str) -> Outcome {
    let scenario = format!("<scenario name=\"errands\">{}{steps}</scenario>", message(""));
    fs::write(folder.join("errands.xml"), scenario).unwrap();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    sipp_in(folder, &format!("-sf errands.xml 127.0.0.1:{port} -i 127.0.0.1 -m 1 {options}"))
}

fn message(line: &str) -> String {
    format!(
        "<send><![CDATA[\nOPTIONS sip:b@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]\n\
         From: <sip:a@127.0.0.1>;tag=a\nTo: <sip:b@127.0.0.1>\nCall-ID: [call_id]\nCSeq: [cseq] OPTIONS\n{line}\
         Content-Length: 0\n\n]]></send>\n"
    )
}

fn nop(actions: &str) -> String {
    format!("<nop><action>{actions}</action></nop>")
}

#[test]
fn the_last_command_of_a_run_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = run(folder.path(), &nop("<exec command=\"echo [call_number] &gt; made; exec true\"/>"), "");
    assert_eq!(outcome.status, 0, "{outcome:?}");
    crate::program::wait_until(|| {
        fs::read_to_string(folder.path().join("made")).is_ok_and(|text| text == "1\n")
    });
}

#[test]
fn the_exit_status_tells_of_a_command_that_did_not_end_well() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = run(folder.path(), &nop("<exec verify=\"true\"/>"), "");
    assert_eq!(outcome.status, 0, "{outcome:?}");
    for (command, reason) in [
        ("false", "'false' returned 1"),
        ("/no/such/command", "'/no/such/command' returned 127: not found"),
        ("kill -9 $$", "'kill -9 $$' was killed by signal 9"),
    ] {
        let outcome = run(folder.path(), &nop(&format!("<exec verify=\"{command}\"/>")), "");
        assert_eq!(outcome.status, 1, "{outcome:?}");
        assert!(outcome.stderr.contains(reason), "{outcome:?}");
        assert!(outcome.stdout.contains("commands that failed (exec)"), "it is counted: {outcome:?}");
    }
}

#[test]
fn files_stand_in_messages() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("line-1.txt"), "X-File: yes").unwrap();
    let steps = message("[file name=line-[call_number].txt]\n");
    let outcome = run(folder.path(), &steps, "-trace_msg -message_file m.log");
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(fs::read_to_string(folder.path().join("m.log")).unwrap().contains("\nX-File: yes"));
    let outcome = run(folder.path(), &message("[file name=none]\n"), "");
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("the file 'none' can't be read: No such file"), "{outcome:?}");
}
