//! What options of the network, the process and our own do to a run.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::program::{Running, sipp_in, start, start_sipp_in};

/// A socket that says nothing, and its address.
fn sink() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// The next message to it, and who sent it.
fn next(sink: &UdpSocket) -> (String, SocketAddr) {
    let mut buffer = [0; 4000];
    let (len, from) = sink.recv_from(&mut buffer).unwrap();
    (String::from_utf8_lossy(&buffer[..len]).into_owned(), from)
}

/// Runs a call that nobody answers, as long as the test lasts.
fn unanswered(target: SocketAddr, options: &str) -> Running {
    let line = format!("-sn uac {target} -m 1 -r 1000 -max_retrans 0 -timeout 60s {options}");
    start_sipp_in(tempfile::tempdir().unwrap().path(), &line)
}

#[test]
fn messages_go_to_rsa_and_name_the_target() {
    let (socket, address) = sink();
    let _run = unanswered("192.0.2.7:5070".parse().unwrap(), &format!("-i 127.0.0.1 -rsa {address}"));
    let (message, _) = next(&socket);
    assert!(message.starts_with("INVITE sip:service@192.0.2.7:5070 SIP/2.0\r\n"), "{message}");
}

#[test]
fn bind_local_leaves_other_addresses_free() {
    for (option, is_free) in [("", false), ("-bind_local", true)] {
        let (socket, address) = sink();
        let _run = unanswered(address, option);
        let (_, from) = next(&socket);
        assert_eq!(UdpSocket::bind(("127.0.0.2", from.port())).is_ok(), is_free, "{option:?}");
    }
}

#[test]
fn the_limit_of_open_files_is_raised_or_left() {
    for (option, is_left) in [("-nr", false), ("-skip_rlimit", true)] {
        let (socket, address) = sink();
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -Sn 200 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_busyhour"), "sipp"]);
        let line = format!("{address} -i 127.0.0.1 -m 1 -r 1000 -max_retrans 0 -timeout 60s {option}");
        let run = start(command.args(line.split_whitespace()));
        next(&socket);
        let limits = fs::read_to_string(format!("/proc/{}/limits", run.pid())).unwrap();
        let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
        assert_eq!(files.split_whitespace().next() == Some("200"), is_left, "{option}: {files}");
    }
}

#[test]
fn sleep_delays_the_start() {
    let (socket, address) = sink();
    let started = Instant::now();
    let _run = unanswered(address, "-i 127.0.0.1 -sleep 1");
    next(&socket);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[test]
fn workers_are_as_many_as_asked() {
    for count in [1, 3] {
        let (socket, address) = sink();
        let run = unanswered(address, &format!("-i 127.0.0.1 -workers {count}"));
        next(&socket);
        let threads = fs::read_dir(format!("/proc/{}/task", run.pid())).unwrap();
        let names = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")).unwrap());
        assert_eq!(names.filter(|name| name.starts_with("worker")).count(), count);
    }
}

#[test]
fn the_same_seed_draws_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = "<scenario>
<nop><action><sample assign_to=\"x\" distribution=\"uniform\" min=\"0\" max=\"1000000\"/>
<log message=\"drawn [$x]\"/></action></nop>
<send><![CDATA[
OPTIONS sip:x SIP/2.0
Call-ID: [call_id]

]]></send>
</scenario>
";
    fs::write(folder.path().join("x.xml"), scenario).unwrap();
    let draws = ["7", "7", "8"].map(|seed| drawn(folder.path(), seed));
    assert_eq!(draws[0].len(), 5, "{draws:?}");
    assert_eq!(draws[0], draws[1]);
    assert!(draws[0].is_disjoint(&draws[2]), "{draws:?}");
}

/// What five calls draw.
fn drawn(folder: &Path, seed: &str) -> BTreeSet<String> {
    let (_socket, address) = sink();
    let line = format!("-sf x.xml {address} -i 127.0.0.1 -m 5 -r 1000 -nr -workers 1 -seed {seed}");
    let outcome = sipp_in(folder, &format!("{line} -trace_logs -log_file {seed}.log"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let log = fs::read_to_string(folder.join(format!("{seed}.log"))).unwrap();
    fs::remove_file(folder.join(format!("{seed}.log"))).unwrap();
    log.lines().filter_map(|line| Some(line.split_once("drawn ")?.1.to_owned())).collect()
}

#[test]
fn keys_are_not_read() {
    let started = Instant::now();
    let mut command = Command::new("sh");
    command.args(["-c", "echo q | exec \"$@\"", "sh", env!("CARGO_BIN_EXE_busyhour"), "sipp"]);
    let line = "-sn uas -i 127.0.0.1 -p 0 -timeout 1s";
    let outcome = start(command.args(line.split_whitespace())).wait();
    assert_eq!(outcome.status, 97, "{outcome:?}");
    assert!(started.elapsed() >= Duration::from_secs(1));
}
