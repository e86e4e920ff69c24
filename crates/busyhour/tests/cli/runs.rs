//! Runs from SIPp's command line: two processes on loopback, files, exit statuses, signals.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::program::{
    Outcome, Running, closed_port, free_port, sipp, sipp_in, start_sipp_in, wait_for_port, wait_until,
};

/// Starts a uas for so many calls, and returns it with its port.
fn uas(folder: &Path, calls: u32) -> (Running, u16) {
    let port = free_port();
    let uas = start_sipp_in(folder, &format!("-sn uas -i 127.0.0.1 -p {port} -m {calls}"));
    wait_for_port(port);
    (uas, port)
}

#[test]
fn calls_succeed_and_both_sides_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let (uas, port) = uas(folder.path(), 10);
    let pid_line = format!("127.0.0.1:{port} -i 127.0.0.1 -m 10 -r 100 -trace_msg -trace_stat -trace_err");
    let uac = start_sipp_in(folder.path(), &pid_line);
    let pid = uac.pid();
    let uac = uac.wait();
    assert_eq!(uac.status, 0, "{uac:?}");
    assert!(uac.stderr.contains("Resolving remote host '127.0.0.1'... Done."), "{uac:?}");
    assert_eq!(uac.stdout.matches("Test Terminated").count(), 2, "{uac:?}");
    assert!(cell(&uac, "Successful call").contains(" 10 "), "{uac:?}");
    assert!(uac.stdout.contains("Generator verdict: "), "{uac:?}");

    let messages = fs::read_to_string(folder.path().join(format!("uac_{pid}_messages.log"))).unwrap();
    assert_eq!(messages.matches("UDP message sent [").count(), 30, "INVITE, ACK, BYE");
    assert_eq!(messages.matches("UDP message received [").count(), 30, "180, 200, 200");
    let rows = fs::read_to_string(folder.path().join(format!("uac_{pid}_.csv"))).unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    assert!(rows.len() >= 3, "{rows:?}");
    assert!(rows[0].starts_with("StartTime;LastResetTime;CurrentTime;"), "{rows:?}");
    assert!(!folder.path().join(format!("uac_{pid}_errors.log")).exists(), "no error, no file");

    let uas = uas.wait();
    assert_eq!(uas.status, 0, "{uas:?}");
    assert!(cell(&uas, "Successful call").contains(" 10 "), "{uas:?}");
}

/// A line of the statistics screen.
fn cell<'a>(outcome: &'a Outcome, name: &str) -> &'a str {
    outcome.stdout.lines().find(|line| line.contains(name)).unwrap_or_default()
}

#[test]
fn names_of_files_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let names = "-message_file m.log -error_file e.log -stf s.csv -trace_msg -trace_err -trace_stat";
    // Nobody answers there, and the kernel says so, or it is silent because of its limit of ICMP messages.
    let (_closed, port) = closed_port();
    let line = format!("127.0.0.1:{port} -i 127.0.0.1 -m 2 -r 100 -max_retrans 1 {names}");
    let outcome = sipp_in(folder.path(), &line);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(fs::read_to_string(folder.path().join("m.log")).unwrap().contains("INVITE"));
    assert!(
        fs::read_to_string(folder.path().join("e.log"))
            .unwrap()
            .starts_with("The following events occurred:\n")
    );
    assert!(fs::read_to_string(folder.path().join("s.csv")).unwrap().lines().count() >= 3);
    assert!(outcome.stderr.contains("There were more errors, see 'e.log' file"), "{outcome:?}");
}

#[test]
fn limits_of_time() {
    let server = "-sn uas -i 127.0.0.1 -p 0";
    let outcome = sipp(&format!("{server} -timeout 200ms"));
    assert_eq!(outcome.status, 97, "{outcome:?}");
    let outcome = sipp(&format!("{server} -timeout 200ms -timeout_error"));
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("uas timed out after '0.200' seconds"), "{outcome:?}");
    assert!(outcome.stdout.contains("Test Terminated"), "the report comes all the same: {outcome:?}");
    let folder = tempfile::tempdir().unwrap();
    let (_uas, port) = uas(folder.path(), 100);
    let outcome = sipp(&format!("127.0.0.1:{port} -i 127.0.0.1 -r 50 -d 60s -m 5 -timeout 500ms"));
    assert_eq!(outcome.status, 1, "open calls are aborted and count as failed: {outcome:?}");
    assert!(cell(&outcome, "Failed call").contains(" 5 "), "{outcome:?}");
}

#[test]
fn limits_of_calls() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(sipp("127.0.0.1:9 -i 127.0.0.1 -m 0").status, 0);
    let (_uas, port) = uas(folder.path(), 1000);
    let outcome = sipp(&format!("127.0.0.1:{port} -i 127.0.0.1 -users 3 -m 7"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(cell(&outcome, "Successful call").contains(" 7 "), "{outcome:?}");
    // 50/s for 200 ms, then 100/s would be too many.
    let rate = "-r 50 -rate_increase 50 -rate_interval 200ms -rate_max 80";
    let outcome = sipp(&format!("127.0.0.1:{port} -i 127.0.0.1 {rate}"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
}

#[test]
fn signals_end_a_run_with_its_report() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["INT", "TERM", "USR1"] {
        let (uas, _) = uas(folder.path(), 100);
        uas.signal(signal);
        let outcome = uas.wait();
        assert_eq!(outcome.status, 0, "{signal}: {outcome:?}");
        assert!(outcome.stdout.contains("Test Terminated"), "{signal}: {outcome:?}");
    }
}

#[test]
fn screens_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let (uas, _) = uas(folder.path(), 100);
    let file = folder.path().join(format!("uas_{}_screen.log", uas.pid()));
    let dumps = || fs::read_to_string(&file).map_or(0, |text| text.matches("Scenario Screen").count());
    uas.signal("USR2");
    wait_until(|| dumps() == 1);
    uas.signal("USR2");
    wait_until(|| dumps() == 2);
    uas.signal("INT");
    assert_eq!(uas.wait().status, 0);
}

#[test]
fn open_calls_are_waited_for_aborted_or_left() {
    let folder = tempfile::tempdir().unwrap();
    let (_uas, port) = uas(folder.path(), 100);
    let held = format!("127.0.0.1:{port} -i 127.0.0.1 -r 50 -m 5 -l 5 -d 60s -trace_stat -stf");
    let started = |name: &str| {
        let uac = start_sipp_in(folder.path(), &format!("{held} {name} -fd 50ms"));
        let file = folder.path().join(name);
        wait_until(|| fs::read_to_string(&file).is_ok_and(|rows| last_field(&rows, "CurrentCall") == "5"));
        uac
    };
    let uac = started("a.csv");
    uac.signal("INT");
    assert_eq!(uac.wait().status, 0, "open calls are left as they are");
    let uac = started("b.csv");
    // One level came from -m, ten come from the signal: all calls are aborted.
    uac.signal("USR1");
    let outcome = uac.wait();
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(cell(&outcome, "Failed call").contains(" 5 "), "{outcome:?}");
}

/// A field of the last complete row of a statistics file.
fn last_field<'a>(rows: &'a str, name: &str) -> &'a str {
    let mut lines = rows.lines();
    let column = lines.next().and_then(|header| header.split(';').position(|column| column == name));
    let last = if rows.ends_with('\n') { lines.next_back() } else { None };
    column.and_then(|column| last?.split(';').nth(column)).unwrap_or_default()
}

#[test]
fn the_background() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let line = format!("-sn uas -i 127.0.0.1 -p {port} -bg -trace_stat");
    let outcome = sipp_in(folder.path(), &line);
    assert_eq!(outcome.status, 99, "{outcome:?}");
    let pid =
        outcome.stdout.strip_prefix("Background mode - PID=[").and_then(|rest| rest.strip_suffix("]\n"));
    let pid: u32 = pid.unwrap_or_default().parse().unwrap_or_else(|_| panic!("{outcome:?}"));
    wait_for_port(port);
    let statistics = folder.path().join(format!("uas_{pid}_.csv"));
    wait_until(|| statistics.exists());
    assert!(Command::new("kill").args(["-INT", &pid.to_string()]).status().unwrap().success());
    wait_until(|| fs::read_to_string(&statistics).is_ok_and(|rows| rows.lines().count() >= 4));
    let outcome = sipp("-sn uac -bg");
    assert_eq!(outcome.status, 255, "what is wrong is said before: {outcome:?}");
}

#[test]
fn keys_globals_and_commands_of_a_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = r#"<?xml version="1.0"?>
<scenario name="x">
<Global variables="who"/>
<nop><action><exec command="echo [key] [$who] > told.txt"/></action></nop>
<send><![CDATA[

OPTIONS sip:[key]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:a@[local_ip]>;tag=[call_number]
To: <sip:b@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 OPTIONS
Subject: [$who]
Content-Length: 0

]]></send>
</scenario>
"#;
    fs::write(folder.path().join("x.xml"), scenario).unwrap();
    let line = "-sf x.xml -key key value -set who somebody 127.0.0.1:9 -i 127.0.0.1 -m 1 -r 100 -trace_msg";
    let outcome = sipp_in(folder.path(), &format!("{line} -message_file m.log"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let messages = fs::read_to_string(folder.path().join("m.log")).unwrap();
    assert!(messages.contains("OPTIONS sip:value@127.0.0.1:9 SIP/2.0"), "{messages}");
    assert!(messages.contains("Subject: somebody"), "{messages}");
    let told = folder.path().join("told.txt");
    wait_until(|| fs::read_to_string(&told).is_ok_and(|text| text == "value somebody\n"));
}

#[test]
fn texts_of_log_actions_have_a_file_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = r#"<scenario>
<nop><action><log message="call [call_number] begins"/></action></nop>
<send><![CDATA[
OPTIONS sip:x SIP/2.0
Call-ID: [call_id]

]]></send>
</scenario>
"#;
    fs::write(folder.path().join("x.xml"), scenario).unwrap();
    let line = "-sf x.xml 127.0.0.1:9 -i 127.0.0.1 -m 2 -r 100 -nr";
    let chosen = sipp_in(folder.path(), &format!("{line} -trace_logs -log_file chosen.log"));
    assert_eq!(chosen.status, 0, "{chosen:?}");
    let logged = fs::read_to_string(folder.path().join("chosen.log")).unwrap();
    assert_eq!(logged, "call 1 begins\ncall 2 begins\n");
    let usual = start_sipp_in(folder.path(), &format!("{line} -trace_logs"));
    let file = folder.path().join(format!("x_{}_logs.log", usual.pid()));
    let usual = usual.wait();
    assert_eq!(usual.status, 0, "{usual:?}");
    assert_eq!(fs::read_to_string(file).unwrap(), logged);
}

#[test]
fn scenarios_can_end_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let nop = |action: &str| {
        let text = format!(
            "<scenario>\n<nop><action>{action}</action></nop>\n<send><![CDATA[\nOPTIONS sip:x SIP/2.0\nCall-ID: \
             [call_id]\n\n]]></send>\n</scenario>\n"
        );
        fs::write(folder.path().join("x.xml"), text).unwrap();
        sipp_in(folder.path(), "-sf x.xml 127.0.0.1:9 -i 127.0.0.1 -r 100")
    };
    let outcome = nop("<exec int_cmd=\"stop_now\"/>");
    assert_eq!(outcome.status, 97, "{outcome:?}");
    let outcome = nop("<error message=\"call [call_number] is too much\"/>");
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("call 1 is too much"), "{outcome:?}");
    assert!(outcome.stdout.contains("Test Terminated"), "{outcome:?}");
}
