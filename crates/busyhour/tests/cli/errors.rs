//! Wrong command lines: each is told what is wrong and exits with 255, or 254 if the port is taken.

use std::net::UdpSocket;

use crate::program::{busyhour, sipp, sipp_in};

/// Runs `sipp LINE`, and checks that it is refused with all these texts on stderr and nothing on stdout.
#[track_caller]
fn refused(line: &str, texts: &[&str]) {
    let outcome = sipp(line);
    assert_eq!(outcome.status, 255, "{line}: {outcome:?}");
    assert!(outcome.stderr.starts_with("Error: "), "{line}: {outcome:?}");
    for text in texts {
        assert!(outcome.stderr.contains(text), "{line}: {text:?} is not in {:?}", outcome.stderr);
    }
    assert_eq!(outcome.stdout, "", "{line}");
}

#[test]
fn wrong_types() {
    for option in ["p", "m", "l", "users", "max_socket", "base_cseq", "max_retrans", "rate_max", "seed"] {
        for value in ["x", "1.5", "5x", "0x", "99999999999999999999"] {
            refused(
                &format!("-{option} {value} 127.0.0.1"),
                &[&format!("-{option}, \"{value}\""), "valid integer!"],
            );
        }
    }
    for option in ["r", "lost", "rate_scale"] {
        for value in ["x", "1,5", "nan"] {
            refused(&format!("-{option} {value} 127.0.0.1"), &["is not a floating point number!"]);
        }
    }
    for option in ["d", "rp", "f", "fd", "timeout", "recv_timeout", "T2", "sleep", "deadcall_wait"] {
        for value in ["x", "-1", "1d", ".5s"] {
            refused(&format!("-{option} {value} 127.0.0.1"), &["is not a valid time!"]);
        }
        refused(&format!("-{option} 1:30 127.0.0.1"), &["mm:ss not implemented yet!"]);
    }
    refused("-sendbuffer_warn perhaps 127.0.0.1", &["is not a valid boolean!"]);
    refused("-t xx 127.0.0.1", &["Invalid argument for -t param : 'xx'."]);
    refused("-t l1 127.0.0.1", &["not available yet"]);
    refused("-default_behaviors all,sing 127.0.0.1", &["\"sing\""]);
    refused("-cid_type x 127.0.0.1", &["Unknown Call-ID mode 'x'"]);
    refused("-rtcheck x 127.0.0.1", &["\"x\""]);
    refused("-p 65536 127.0.0.1", &["out of range"]);
    refused("-m -1 127.0.0.1", &["out of range"]);
    refused("-workers 0 127.0.0.1", &["out of range"]);
    refused("-fd 0 127.0.0.1", &["-fd"]);
    refused("-rp 0 127.0.0.1", &["-rp"]);
}

#[test]
fn unknown_names() {
    refused("-trace_mgs 127.0.0.1", &["Invalid argument: '-trace_mgs'.", "Did you mean -trace_msg"]);
    refused("--recv_timout 5 127.0.0.1", &["Did you mean -recv_timeout"]);
    refused("- 127.0.0.1", &["Invalid argument: '-'."]);
    refused("-rxrn uas", &["Invalid argument: '-rxrn'", "-rxsn"]);
}

#[test]
fn not_available_yet() {
    refused("127.0.0.1 -round_robin", &["-round_robin: not available yet"]);
    refused("--trace_rtt 127.0.0.1", &["-trace_rtt: not available yet"]);
}

#[test]
fn not_wanted() {
    refused("-lua_file x.lua 127.0.0.1", &["-lua_file is refused", "no Lua", "<exec verify="]);
    refused("127.0.0.1 -plugin x.so", &["-plugin is refused", "shared library"]);
}

#[test]
fn missing_arguments_and_targets() {
    refused("127.0.0.1 -m", &["Missing argument for param '-m'"]);
    refused("127.0.0.1 -key a", &["Missing argument for param '-key'"]);
    refused("127.0.0.1 127.0.0.2", &["multiple times", "127.0.0.1", "127.0.0.2"]);
    refused("-sn uac", &["Missing remote host"]);
    refused("127.0.0.1:x", &["\"x\"", "not a port"]);
    refused("[::1", &["no ]"]);
    refused("-sn uac -sf x.xml 127.0.0.1", &["Only one scenario may be given"]);
    refused("-users 5 -l 5 127.0.0.1", &["-users"]);
}

#[test]
fn hosts_that_do_not_resolve() {
    let outcome = sipp("no-such-host.invalid -m 1");
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("Unknown remote host 'no-such-host.invalid'"), "{outcome:?}");
    let outcome = sipp("-i ::1 127.0.0.1 -m 1");
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("address family"), "{outcome:?}");
}

#[test]
fn a_port_in_use() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let outcome = sipp(&format!("-sn uas -i 127.0.0.1 -p {port}"));
    assert_eq!(outcome.status, 254, "{outcome:?}");
    assert!(outcome.stderr.contains(&port.to_string()), "{outcome:?}");
    let outcome = sipp(&format!("-sn uas -i 127.0.0.1 -p {port} -t t1 -timeout 300ms"));
    assert_eq!(outcome.status, 97, "a UDP port does not stand in the way of TCP: {outcome:?}");
}

#[test]
fn an_address_that_is_not_ours() {
    let outcome = sipp("-sn uas -i 192.0.2.1 -m 1");
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("192.0.2.1"), "{outcome:?}");
}

#[test]
fn scenarios_that_do_not_load() {
    refused("-sf no-such-file.xml 127.0.0.1", &["Unable to load 'no-such-file.xml' xml scenario file"]);
    refused("-sf . 127.0.0.1", &["directory"]);
    refused("-sn no_such 127.0.0.1", &["no_such", "uac, uas"]);
    refused("-sd no_such", &["no_such"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.xml"), "<scenario>\n  <sendd/>\n</scenario>\n").unwrap();
    let outcome = sipp_in(folder.path(), "-sf bad.xml 127.0.0.1");
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("bad.xml:2:"), "{outcome:?}");
    assert!(outcome.stderr.contains("Unknown element 'sendd' in xml scenario file"), "{outcome:?}");
}

#[test]
fn globals_that_are_not_declared() {
    refused("-sn uac -set x 1 127.0.0.1", &["-set", "\"x\""]);
}

#[test]
fn files_that_can_not_be_written() {
    let outcome = sipp("-sn uas -i 127.0.0.1 -p 0 -trace_msg -message_file no/such/folder/x.log");
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("Unable to create 'no/such/folder/x.log'"), "{outcome:?}");
}

#[test]
fn our_own_commands() {
    for words in [&["demo", "--rate", "0"][..], &["demo", "--duration", "x"], &["dance"], &["check"]] {
        let outcome = busyhour(words);
        assert_eq!(outcome.status, 2, "{words:?}: {outcome:?}");
        assert!(outcome.stderr.contains("error:"), "{words:?}: {outcome:?}");
    }
    assert_eq!(busyhour(&["scenarios", "no_such"]).status, 1);
}

#[test]
fn third_party_call_control() {
    refused("-sn 3pcc-C-A 127.0.0.1", &["sendCmd message found in scenario but no twin", "-3pcc HOST:PORT"]);
    refused("-sn 3pcc-C-B 127.0.0.1", &["recvCmd message found in scenario but no twin"]);
    refused("-sn uac -3pcc 127.0.0.1:9 127.0.0.1", &["need a scenario with sendCmd or recvCmd"]);
    refused("-sn 3pcc-C-A -3pcc 127.0.0.1:9 -master m 127.0.0.1", &["-3pcc can't be combined"]);
    refused("-sn 3pcc-C-A -primary m -secondary s -slave_cfg f 127.0.0.1", &["can't be combined"]);
    refused("-sn 3pcc-C-A -slave_cfg f 127.0.0.1", &["-slave_cfg needs -master or -slave"]);
    refused("-sn 3pcc-C-A -master m 127.0.0.1", &["need -slave_cfg FILE"]);
    refused(
        "-sn 3pcc-C-A -master m -slave_cfg /none 127.0.0.1",
        &["Can not open -slave_cfg file /none", "s1;192.0.2.1:6060"],
    );
    refused(
        "-sn 3pcc-C-A -slave s -slave_cfg f 127.0.0.1",
        &["Inconsistency", "master scenario but -master"],
    );
    refused("-sn 3pcc-C-B -master m -slave_cfg f 127.0.0.1", &["Inconsistency", "slave scenario but -slave"]);
    let alone = sipp("-sn 3pcc-C-A -3pcc 127.0.0.1:9 -i 127.0.0.1 127.0.0.1");
    assert_eq!(alone.status, 255);
    assert!(alone.stderr.contains("127.0.0.1:9: Connection refused; start that side first"), "{alone:?}");
    refused("-sn 3pcc-C-A 127.0.0.1 -3pcc", &["Missing argument for param '-3pcc'"]);
}
