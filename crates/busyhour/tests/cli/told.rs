//! Help, version, embedded scenarios: what the program only tells.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::program::{busyhour, sipp};

#[test]
fn help() {
    for line in ["", "-h", "--help", "-r x -h -no_such"] {
        let outcome = sipp(line);
        assert_eq!(outcome.status, 99, "{line}: {outcome:?}");
        assert!(outcome.stdout.contains("-trace_msg"), "{line}: {outcome:?}");
        assert_eq!(outcome.stderr, "", "{line}");
    }
    let outcome = sipp("-h stat");
    assert_eq!(outcome.status, 99);
    assert!(outcome.stdout.contains("SuccessfulCall"));
    let outcome = sipp("-no_such -h");
    assert_eq!(outcome.status, 255);
}

#[test]
fn version() {
    let outcome = sipp("-v");
    assert_eq!(outcome.status, 99);
    assert!(outcome.stdout.contains(concat!("busyhour ", env!("CARGO_PKG_VERSION"))), "{outcome:?}");
    assert!(outcome.stdout.contains("SIPp v3.8.0"));
    let outcome = busyhour(&["--version"]);
    assert_eq!(outcome.status, 0);
    assert_eq!(outcome.stdout, concat!("busyhour ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn nothing_at_all_says_what_to_try() {
    let outcome = busyhour::<&str>(&[]);
    assert_eq!(outcome.status, 0);
    assert!(outcome.stdout.contains("busyhour demo"), "{outcome:?}");
    let outcome = busyhour(&["--help"]);
    assert_eq!(outcome.status, 0);
    for command in ["demo", "check", "scenarios", "sipp"] {
        assert!(outcome.stdout.contains(command), "{command}: {outcome:?}");
    }
}

#[test]
fn a_link_named_sipp_is_sipp() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("sipp");
    symlink(env!("CARGO_BIN_EXE_busyhour"), &link).unwrap();
    let output = Command::new(&link).arg("-v").output().unwrap();
    assert_eq!(output.status.code(), Some(99));
    let output = Command::new(&link).arg("demo").arg("-m").output().unwrap();
    assert_eq!(output.status.code(), Some(255), "demo is a host here");
}

#[test]
fn embedded_scenarios() {
    let outcome = busyhour(&["scenarios"]);
    assert_eq!(outcome.status, 0);
    let folder = tempfile::tempdir().unwrap();
    for name in ["uac", "uas", "regexp", "branchc", "branchs", "ooc_default", "ooc_dummy"] {
        assert!(outcome.stdout.lines().any(|line| line.starts_with(name)), "{name}: {outcome:?}");
        let printed = busyhour(&["scenarios", name]);
        assert_eq!(printed.status, 0);
        assert_eq!(sipp(&format!("-sd {name}")).stdout, printed.stdout);
        let file = folder.path().join(format!("{name}.xml"));
        std::fs::write(&file, &printed.stdout).unwrap();
        let checked = busyhour(&["check", file.to_str().unwrap()]);
        assert_eq!(checked.status, 0, "{name}: {checked:?}");
        assert_eq!(checked.stdout, format!("{}: ok\n", file.display()));
    }
    assert_eq!(sipp("-sd uac").status, 99);
    assert_eq!(sipp("--sd uac").status, 99);
}

#[test]
fn a_reader_that_stops_early_is_no_trouble() {
    let command = format!("{} sipp -h | head -1", env!("CARGO_BIN_EXE_busyhour"));
    let output = Command::new("sh").arg("-c").arg(command).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
