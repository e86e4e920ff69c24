//! What a lint says, where, and what it keeps silent about.

use std::path::{Path, PathBuf};

use busyhour_scenario::source::Source;
use busyhour_scenario::{Options, embedded, embedded_names, lint, load};

/// Codes and places of what the lints say about these steps; each place is marked by `§` in front of it.
fn assert_lints(marked: &str, codes: &[&str]) {
    let marked = format!("<scenario name=\"test\">\n{marked}\n</scenario>\n");
    let mut text = String::new();
    let mut places = Vec::new();
    for (i, part) in marked.split('§').enumerate() {
        if i > 0 {
            places.push(text.len());
        }
        text.push_str(part);
    }
    assert_eq!(codes.len(), places.len(), "one § for each code: {marked}");
    let source = Source::from_bytes("test.xml", text.as_bytes());
    let loaded = load(&source, &Options::default());
    let program = loaded.program.unwrap_or_else(|| panic!("{:?} in {text}", loaded.diagnostics));
    let found = lint(&source, &program);
    for finding in &found {
        assert!(finding.code.starts_with('W') && !finding.message.is_empty() && !finding.help.is_empty());
    }
    let found: Vec<_> =
        found.iter().map(|finding| (finding.code, source.place(finding.span.start))).collect();
    let expected: Vec<_> = codes.iter().copied().zip(places.iter().map(|at| source.place(*at))).collect();
    assert_eq!(found, expected, "{text}");
}

fn assert_silent(steps: &str) {
    assert_lints(steps, &[]);
}

/// A request with these header lines behind its CSeq.
fn request(method: &str, branch: &str, cseq: &str, more: &str) -> String {
    format!(
        "<send><![CDATA[\n{method} sip:a SIP/2.0\nVia: SIP/2.0/UDP a;branch={branch}\nCSeq: {cseq}{more}\n]]></send>\n"
    )
}

fn invite(cseq: &str) -> String {
    request("INVITE", "[branch]", &format!("{cseq} INVITE"), "")
}

fn ack(branch: &str, cseq: &str) -> String {
    request("ACK", branch, &format!("{cseq} ACK"), "")
}

#[test]
fn the_embedded_scenarios_are_right() {
    for (name, _) in embedded_names() {
        let source = Source::from_bytes(name, embedded(name).unwrap().as_bytes());
        let program = load(&source, &Options::default()).program.unwrap();
        assert_eq!(lint(&source, &program), [], "{name}");
    }
}

/// Scenarios that compare us with SIPp and try on purpose what goes wrong, with all warnings that they deserve.
const TRIED: &[(&str, &[&str])] = &[
    ("arithmetic.xml", &["W123"]),
    ("dialog_of_other_steps.xml", &["W100"]),
    ("digest_nonce_counts.xml", &["W117"]),
    ("expressions_in_messages.xml", &["W106"]),
    ("expressions_in_variables.xml", &["W106", "W123"]),
    ("failed_checks_elsewhere.xml", &["W100"]),
    ("labels_tests_and_chances.xml", &["W112", "W123"]),
    ("lengths.xml", &["W124"]),
    ("lines_that_vanish.xml", &["W118", "W123"]),
    ("names_and_looks.xml", &["W100", "W103"]),
    ("redirection_followed.xml", &["W117"]),
    ("stop_call_everywhere.xml", &["W109"]),
    ("tests_of_numbers.xml", &["W123"]),
];

#[test]
fn the_scenarios_of_our_tests_are_right() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut files);
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask"), &mut files);
    let mut loaded_files = 0;
    let mut wrong = Vec::new();
    for file in files {
        let source = Source::read(&file).unwrap();
        // Others are included ones.
        if !source.main_text().contains("<scenario") {
            continue;
        }
        let loaded = load(&source, &Options { keys: keys(&file), ..Options::default() });
        let mut found = loaded.diagnostics;
        // The test of that scenario makes the files.
        if found.iter().any(|finding| finding.code == "E017") {
            continue;
        }
        found.extend(loaded.program.iter().flat_map(|program| lint(&source, program)));
        let mut codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let may_try = file.components().any(|part| part.as_os_str() == "differential");
        let name = file.file_name().unwrap().to_str().unwrap();
        let tried = TRIED.iter().filter(|_| may_try).find(|(tried, _)| *tried == name);
        if codes != tried.map_or(&[][..], |(_, codes)| *codes) {
            wrong.push(format!("{}: {found:?}", file.display()));
        }
        loaded_files += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(loaded_files > 100);
}

/// Keywords that the runs of a scenario give a value by `-key`.
fn keys(file: &Path) -> Vec<(String, String)> {
    let of_interop = ["domain", "expires", "user", "sound", "digits", "first", "second"].map(str::to_owned);
    let case = std::fs::read_to_string(file.with_extension("case")).unwrap_or_default();
    let of_case = case.split(" -key ").skip(1).filter_map(|rest| rest.split_whitespace().next());
    of_interop.into_iter().chain(of_case.map(str::to_owned)).map(|key| (key, "1".to_owned())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target" && name != "ladders") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "xml") {
            files.push(path);
        }
    }
}

#[test]
fn labels() {
    assert_lints(
        "<recv request='A' next='a'/><label id='§b'/><label id='a'/><recv request='B' ontimeout='c'/><label id='c'/>",
        &["W111"],
    );
    assert_silent("<label id='_unexp.main'/><recv request='A'/>");
    assert_lints(
        "<init><nop next='x'/><label id='x'/><nop/><label id='§y'/></init><recv request='A' next='y'/><label id='y'/>",
        &["W111"],
    );
}

#[test]
fn steps_that_are_never_reached() {
    let to = "<recv request='A' next='x'/>";
    let behind = "<label id='x'/><recv request='B'/>";
    assert_lints(&format!("{to}<§pause/><nop/><recv request='C'/>{behind}"), &["W112"]);
    assert_silent(&format!("{to}<recv request='C'/>{behind}"));
    for way in [
        "<recv request='A' next='x' chance='0.5'/>",
        "<recv request='A' optional='true' next='x'/><recv request='C'/>",
    ] {
        assert_silent(&format!("{way}<pause/>{behind}"));
    }
    assert_silent(
        "<recv request='A' timeout='5' ontimeout='x' next='y'/><label id='x'/><pause/><label id='y'/>",
    );
    assert_silent(&format!(
        "<nop condexec='v' next='x'><action><assign assign_to='v' value='1'/></action></nop>{behind}<pause/>"
    ));
    assert_lints(
        &format!("{to}<§pause/>{behind}<nop next='z'/><§pause/><label id='z'/><nop/>"),
        &["W112", "W112"],
    );
    // A jump may go anywhere, or to one step.
    let jump = |value: &str| {
        format!(
            "<nop next='x'><action><assign assign_to='v' value='2'/><jump {value}/></action></nop><label id='x'/><recv request='A' next='y'/><pause/><label id='y'/><nop><action><assign assign_to='v' value='1'/></action></nop>"
        )
    };
    assert_silent(&jump("variable='v'"));
    assert_silent(&jump("value='2'"));
}

#[test]
fn optional_receives_at_the_end() {
    assert_lints("<recv request='A'/><§recv request='B' optional='true'/>", &["W113"]);
    assert_lints(
        "<recv request='A'/><recv request='B' optional='true'/><§recv request='C' optional='true'/>",
        &["W113"],
    );
    assert_silent(
        "<recv request='A'/><recv request='B' optional='true' timeout='500' ontimeout='e'/><recv request='C' optional='true'/><label id='e'/>",
    );
    assert_silent("<recv request='A'/><recv request='B' optional='true'/><recv request='C'/>");
}

#[test]
fn receives_that_never_match() {
    assert_lints("<recv request='A'/><recv response='§200'/>", &["W114"]);
    assert_lints("<recv request='A'/><recv response='§2..' regexp_match='true'/>", &["W114"]);
    assert_silent("<recv response='200'/>");
    assert_silent(&format!("{}<recv response='200'/>", invite("1")));
    let named = request("INVITE", "x", "1 INVITE", "").replace("<send>", "<send start_txn='t'>");
    let end = format!(
        "<recv response='200' response_txn='t'/>{}",
        ack("x", "1").replace("<send>", "<send ack_txn='t'>")
    );
    assert_lints(&format!("{named}<recv response='§100' optional='true'/>{end}"), &["W114"]);
    // Sent before it in the file, but not by a call that comes here.
    let elsewhere = format!(
        "<recv request='A' next='x'/><label id='y'/>{}<recv response='200' next='z'/><label id='x'/><recv response='§200' next='y'/><label id='z'/><nop/>",
        invite("1")
    );
    assert_lints(&elsewhere, &["W114"]);
    let sometimes = elsewhere.replace("next='z'/><label", "next='z' chance='0.5'/><label").replace('§', "");
    assert_silent(&sometimes.replace("next='x'/><label", "next='x' chance='0.5'/><label"));
    assert_lints(
        "<recv request='§Invite'/><recv request='§A|B'/><recv request='foo'/><recv request='A|B' regexp_match='true'/>",
        &["W114", "W114"],
    );
}

#[test]
fn methods_of_cseq() {
    assert_lints(&request("BYE", "x", "2 §INVITE", ""), &["W115"]);
    assert_silent(&request("BYE", "x", "2  BYE", ""));
    assert_silent(
        &request("BYE", "x", "2 [$m]", "")
            .replace("<send>", "<nop><action><assignstr assign_to='m' value='BYE'/></action></nop><send>"),
    );
    assert_silent("<recv request='INVITE'/><send><![CDATA[\nSIP/2.0 200 OK\nCSeq: 1 INVITE\n]]></send>");
}

#[test]
fn numbers_of_acks() {
    let answered = "<recv response='100' optional='true'/><recv response='200'/>\n";
    assert_lints(&format!("{}{answered}{}", invite("1"), ack("x", "§2")), &["W116"]);
    assert_silent(&format!("{}{answered}{}", invite("1"), ack("x", "1")));
    assert_silent(&format!("{}{answered}{}", invite("[cseq]"), ack("x", "[cseq]")));
    assert_silent(&format!("{}{answered}{}", invite("[cseq]"), ack("x", "1")));
    assert_lints(&format!("{}{answered}{}", invite("[cseq]"), ack("x", "§[cseq+1]")), &["W116"]);
    // A PRACK has a number of its own.
    let prack = format!(
        "{}<recv response='183'/>{}<recv response='200'/>{answered}",
        invite("[cseq]"),
        request("PRACK", "x", "[cseq] PRACK", "")
    );
    assert_lints(&format!("{prack}{}", ack("x", "§[cseq]")), &["W116"]);
    assert_silent(&format!("{prack}{}", ack("x", "[cseq-1]")));
    // Which INVITE it is depends on the way.
    let again = format!(
        "{}<recv response='401' optional='true' next='a'/><recv response='200' next='b'/><label id='a'/>{}<recv response='200'/><label id='b'/>",
        invite("1"),
        invite("2")
    );
    assert_silent(&format!("{again}{}", ack("x", "2")));
    assert_lints(&format!("{again}{}", ack("x", "§3")), &["W116"]);
    // Another dialog has other numbers.
    let other = invite("7").replace("<send>", "<send dialog='2'>");
    assert_silent(&format!("{}{answered}{other}{}", invite("1"), ack("x", "1")));
}

#[test]
fn branches_of_acks_and_cancels() {
    let refused = |ack: &str| {
        format!("{}<recv response='180' optional='true'/><recv response='486'/>\n{ack}", invite("1"))
    };
    assert_lints(&refused(&ack("§[branch]", "1")), &["W117"]);
    assert_silent(&refused(&ack("[branch-3]", "1")));
    assert_silent(&refused(
        &ack("[branch-3]", "1").replace("Via: SIP/2.0/UDP a;branch=[branch-3]", "[last_Via:]"),
    ));
    assert_silent(&refused(&ack("[$b]", "1")).replace(
        "<recv response='486'/>",
        "<recv response='486'><action><assignstr assign_to='b' value='x'/></action></recv>",
    ));
    assert_lints(&refused(&ack("§z9hG4bK1", "1")), &["W117"]);
    // A 2xx has its ACK in a transaction of its own.
    assert_silent(&format!("{}<recv response='200'/>{}", invite("1"), ack("[branch]", "1")));
    assert_silent(&format!(
        "{}<recv response='486' optional='true'/><recv response='200'/>{}",
        invite("1"),
        ack("[branch]", "1")
    ));
    assert_silent(&format!(
        "{}<recv response='[45]..' regexp_match='true'/>{}",
        invite("1"),
        ack("[branch]", "1")
    ));
    let cancel = |branch: &str| {
        format!("{}<recv response='180'/>{}", invite("1"), request("CANCEL", branch, "1 CANCEL", ""))
    };
    assert_lints(&cancel("§[branch]"), &["W117"]);
    assert_silent(&cancel("[branch-2]"));
}

#[test]
fn route_sets() {
    let bye = request("BYE", "x", "2 BYE", "\n[routes]\nX: y");
    assert_lints(
        &format!("{}<recv response='200'/>{}", invite("1"), bye.replace("[routes]", "§[routes]")),
        &["W118"],
    );
    assert_silent(&format!("{}<recv response='200' rrs='true'/>{bye}", invite("1")));
    assert_silent(&format!("<recv request='INVITE' rrs='true'/>{bye}"));
    assert_lints(
        &format!(
            "<recv request='INVITE' rrs='true'/>{}",
            bye.replace("[routes]", "§[routes]").replace("<send>", "<send dialog='2'>")
        ),
        &["W118"],
    );
    assert_lints(
        &format!(
            "{}<recv response='200'/>{}",
            invite("1"),
            bye.replace("sip:a", "§[next_url]").replace("[routes]\n", "")
        ),
        &["W118"],
    );
    let of_the_peer = "<recv request='INVITE'/><recv request='NOTIFY' dialog='2'/>";
    assert_silent(&format!("{of_the_peer}{}", bye.replace("<send>", "<send dialog='2'>")));
}

#[test]
fn lengths() {
    let send = |end: &str| request("OPTIONS", "x", "1 OPTIONS", end);
    assert_silent(&send("\nContent-Length: [len]\n\nv=0"));
    assert_lints(&send("\nX: §[len]\nContent-Length: [len]\n\nv=0"), &["W119"]);
    assert_lints("<recv request='A'><action><log message='a §[len] b'/></action></recv>", &["W119"]);
    assert_silent(&send("\nContent-Length: 5\n\nv=0"));
    assert_lints(&send("\nContent-Length: §3\n\nv=0"), &["W120"]);
    assert_lints(&send("\nl: §0\n\nv=0 [call_id]"), &["W120"]);
    assert_silent(&send("\nContent-Length: 7\n\nv=0 [call_id]"));
    assert_lints(&send("\nContent-Length: §4"), &["W120"]);
    assert_silent(&send("\nContent-Length: 0"));
    assert_silent(&send("\nContent-Length: 6\n\n\\x41\\x4\\xgB").replace("\n]]>", "]]>"));
}

#[test]
fn lengths_that_are_written_over_what_follows() {
    let send = |end: &str| request("OPTIONS", "x", "1 OPTIONS", end);
    for end in ["X: y", "X: [call_id]", "X: [field0] y", "[last_Record-Route:]\nX: y", "[last_CSeq:]"] {
        assert_lints(&send(&format!("\nContent-Length: §[len]\n{end}")), &["W124"]);
    }
    assert_lints(&send("\nX: §[len]\nContent-Length: 0"), &["W124"]);
    assert_lints(&send("\nContent-Length: §[len] ;x"), &["W124"]);
    assert_lints(&send("\nX: §[len]\nContent-Length: [len]"), &["W119"]);
    for end in ["[len]", "[len]\n\n", "0\nX: y", "[len]\nX: y\n\nv=0", "[len]\nX: y\n\n[call_id]"] {
        assert_silent(&send(&format!("\nContent-Length: {end}")));
    }
    // These may bring a body, or not be there.
    for line in ["X: [field0]", "[file name=x]", "X: y\\x0D\\x0A\\x0d\\x0a"] {
        assert_silent(&send(&format!("\nContent-Length: [len]\nX: y\n{line}")));
        assert_silent(&send(&format!("\n{line}\nContent-Length: [len]\nX: y")));
    }
    assert_silent(&format!(
        "<recv request='A'><action><assignstr assign_to='v' value='x'/></action></recv>{}",
        send("\nContent-Length: [len]\nX: [$v]")
    ));
    assert_lints(&send("\nContent-Length: [len]\n§[last_Record-Route:]"), &["W121"]);
}

#[test]
fn blank_lines_that_get_lost() {
    let answer = |last: &str| {
        format!(
            "<recv request='INVITE' rrs='true'/><send><![CDATA[\nSIP/2.0 200 OK\nContent-Length: 0\n{last}\n]]></send>"
        )
    };
    for last in ["[last_Record-Route:]", "[routes]", "[last_Contact]"] {
        assert_lints(&answer(&format!("§{last}")), &["W121"]);
    }
    for last in ["[last_CSeq:]", "X: [last_Contact.value]", "[last_Contact:]\nX: y"] {
        assert_silent(&answer(last));
    }
}

#[test]
fn indentation() {
    let send = |line: &str| format!("<send><![CDATA[\n\t  OPTIONS sip:a SIP/2.0\n{line}\n\t \n ]]></send>");
    assert_lints(&send("§\t  X: y\n\t  Z: y"), &["W122"]);
    for line in ["\tX: y", "  X: y", "  \tX: y"] {
        assert_silent(&send(line));
    }
}

#[test]
fn variables_that_are_not_set() {
    let set = "<nop><action><assignstr assign_to='v' value='x'/></action></nop>";
    let log = "<nop><action><log message='a §[$v]'/></action></nop>";
    let used = log.replace('§', "");
    assert_silent(&format!("{set}<recv request='A'/>{used}"));
    assert_lints(&format!("{log}{set}<recv request='A'/>"), &["W123"]);
    assert_silent(&format!("<label id='a'/>{used}{set}<recv request='A' next='a'/>"));
    assert_silent(&format!(
        "<recv request='A' optional='true'><action><ereg regexp='x' assign_to='v'/></action></recv><recv request='B'/>{used}"
    ));
    assert_lints(
        "<recv request='A'><action><log message='§[$v]'/><log message='[$v]'/></action></recv>",
        &["W123"],
    );
    assert_lints(
        "<init><nop><action><assign assign_to='v' value='1'/></action></nop></init><recv request='A'><action><log message='§[$v]'/></action></recv>",
        &["W123"],
    );
    assert_silent("<Global variables='v'/><recv request='A'><action><log message='[$v]'/></action></recv>");
    assert_lints(
        "<recv request='A'/><pause variable='§v'/><nop><action><log message='[$v]'/></action></nop>",
        &["W123"],
    );
    assert_lints(
        "<recv request='A'/><nop condexec='§v' condexec_inverse='true'/><nop condexec='v'/>",
        &["W123"],
    );
    // A counter starts at 0, and a test of a variable that is set later is false.
    assert_silent(
        "<recv request='A'/><label id='a'/><nop next='a' test='v'><action><add assign_to='n' value='1'/><test variable='n' compare='less_than' value='3' assign_to='v'/></action></nop>",
    );
    let subroutine = format!(
        "<recv request='A'/>{used}<pause/><label id='_unexp.main'/>{set}<nop><action><jump variable='_unexp.retaddr'/></action></nop>"
    );
    assert_silent(&subroutine);
    assert_lints(
        "<recv request='A'/><nop><action><log message='§[fill variable=v text=x]'/><log message='[$v]'/></action></nop>",
        &["W123"],
    );
}

#[test]
fn variables_in_parameters_are_found_as_the_compiler_finds_them() {
    let log = |text: &str| {
        format!(
            "<recv request='A'/><nop><action><log message='{text}'/></action></nop><nop><action><assign assign_to='v' value='1'/></action></nop>"
        )
    };
    for used in ["§[fill text=\"x\" variable=\"v\"]", "[authentication username=a§[$v]]", "§[$v+1]"] {
        assert_lints(&log(used), &["W123"]);
    }
    assert_lints(
        &format!(
            "{}<nop><action><log message='[$v]'/></action></nop>",
            log("[fill variable=w text=\"variable=v\"]").replace(
                "<recv request='A'/>",
                "<recv request='A'/><nop><action><assign assign_to='w' value='1'/></action></nop>",
            )
        ),
        &[],
    );
}

#[test]
fn commands_use_variables_too() {
    let command = "<recv request='A'/><sendCmd><![CDATA[Call-ID: [call_id]\nX: §[$v]]]></sendCmd><nop><action><assign assign_to='v' value='1'/></action></nop>";
    assert_lints(command, &["W123"]);
}

#[test]
fn automatic_messages_use_variables_that_some_step_sets() {
    let bye = |at: &str| {
        format!(
            "<recv request='A'/><DefaultMessage id='bye'><![CDATA[BYE sip:a SIP/2.0\nX: {at}[$v]]]></DefaultMessage><Reference variables='v'/>"
        )
    };
    assert_lints(&bye("§"), &["W123"]);
    assert_silent(&format!("{}<nop><action><assign assign_to='v' value='1'/></action></nop>", bye("")));
}

#[test]
fn len_stands_in_no_text_of_an_action() {
    assert_lints(
        "<recv request='A'/><nop><action><setdest host='a§[len]' port='1' protocol='udp'/></action></nop>",
        &["W119"],
    );
}

/// An answer with this SDP behind its first lines.
fn answer(sdp: &str) -> String {
    format!(
        "<recv request=\"INVITE\"/><send><![CDATA[\nSIP/2.0 200 OK\nCSeq: 1 INVITE\nContent-Length: [len]\n\nv=0\n{sdp}\n]]></send>\n"
    )
}

fn play(action: &str) -> String {
    format!("<nop><action><exec {action}/></action></nop>\n")
}

const PAUSE: &str = "<pause milliseconds=\"1000\"/>\n";

fn bye() -> String {
    request("BYE", "[branch]", "2 BYE", "")
}

#[test]
fn what_is_played_is_offered() {
    let audio = answer("m=audio [media_port] RTP/AVP 0");
    assert_lints(
        &format!(
            "{audio}{}{}{PAUSE}",
            play("play_pcap_video=\"§a.pcap\""),
            play("rtp_stream=\"vpattern,1,96,H264/90000\"")
        ),
        &["W126"],
    );
    assert_silent(&format!("{audio}{}{PAUSE}", play("play_pcap_audio=\"a.pcap\"")));
    assert_silent(&format!(
        "{}{}{PAUSE}",
        answer("m=audio 0 RTP/AVP 0\n  m=video 4000 RTP/AVP 9"),
        play("play_pcap_video=\"a.pcap\"")
    ));
    // It may be in what fields, files and variables hold, but not in a header's value.
    for unknown in ["[field0]", "m=[field0] 4000 RTP/AVP 0", "x=[file name=\"a\"]"] {
        assert_silent(&format!("{}{}{PAUSE}", answer(unknown), play("play_pcap_video=\"a.pcap\"")));
    }
    let header = request("INFO", "[branch]", "2 INFO", "\nX: [field0]");
    assert_lints(&format!("{audio}{header}{}{PAUSE}", play("play_pcap_video=\"§a.pcap\"")), &["W126"]);
    let line = request("INFO", "[branch]", "2 INFO", "\n[field0]\nX: y");
    assert_silent(&format!("{audio}{line}{}{PAUSE}", play("play_pcap_video=\"a.pcap\"")));
    // What is to be streamed is known when it runs.
    assert_silent(&format!("{audio}{}{PAUSE}", play("rtp_stream=\"[field0]\"")));
}

#[test]
fn digits_have_a_payload_type_that_is_offered() {
    let with = |types: &str| answer(&format!("m=audio [media_port] RTP/AVP {types}"));
    assert_lints(&format!("{}{}{PAUSE}", with("0 101"), play("play_dtmf=\"§12\"")), &["W129"]);
    assert_lints(&format!("{}{}{PAUSE}", with("0 96"), play("play_dtmf=\"§12,200,101\"")), &["W129"]);
    assert_silent(&format!("{}{}{PAUSE}", with("0 101"), play("play_dtmf=\"12,200,101\"")));
    assert_silent(&format!("{}{}{PAUSE}", with("0 [field0]"), play("play_dtmf=\"12\"")));
    assert_silent(&format!("{}{}{PAUSE}", with("0 101"), play("play_dtmf=\"[field0]\"")));
}

#[test]
fn nothing_is_played_before_the_peer_has_said_where_to() {
    let offer = "<send><![CDATA[\nINVITE sip:a SIP/2.0\nCSeq: 1 INVITE\nContent-Length: [len]\n\nm=audio [media_port] RTP/AVP 0 96\n]]></send>\n";
    let rest = format!("<recv response=\"200\"/>{}{PAUSE}", ack("[branch]", "1"));
    assert_lints(&format!("{offer}{}{rest}", play("play_pcap_audio=\"§a.pcap\"")), &["W127"]);
    assert_lints(&format!("{offer}{}{rest}", play("play_dtmf=\"§1\"")), &["W127"]);
    // A stream waits.
    assert_silent(&format!("{offer}{}{rest}", play("rtp_stream=\"a.wav\"")));
    assert_silent(&format!("{offer}<recv response=\"183\"/>{}{rest}", play("play_pcap_audio=\"a.pcap\"")));
    let ignored = rest.replace("<recv", "<recv ignoresdp=\"true\"");
    assert_lints(&format!("{offer}{ignored}{}{PAUSE}", play("play_dtmf=\"§1\"")), &["W127"]);
    let on_receipt = "<recv response=\"200\"><action><exec play_dtmf=\"1\"/></action></recv>";
    assert_silent(&format!("{offer}{on_receipt}{}{PAUSE}", ack("[branch]", "1")));
}

#[test]
fn what_is_played_has_time() {
    let audio = answer("m=audio [media_port] RTP/AVP 0 96");
    for action in
        ["rtp_stream=\"§a.wav\"", "rtp_stream=\"§[field0]\"", "play_dtmf=\"§1\"", "play_pcap_audio=\"§a\""]
    {
        assert_lints(&format!("{audio}{}{}", play(action), bye()), &["W128"]);
        let silent = action.replace('§', "");
        assert_silent(&format!("{audio}{}{PAUSE}{}", play(&silent), bye()));
    }
    for held in ["rtp_stream=\"wait\"", "verify=\"sleep 1\""] {
        assert_silent(&format!(
            "{audio}<nop><action><exec rtp_stream=\"a.wav\"/><exec {held}/></action></nop>{}",
            bye()
        ));
    }
    assert_silent(&format!(
        "{audio}{}{}{}",
        play("rtp_stream=\"a.wav\""),
        play("rtp_stream=\"wait\""),
        bye()
    ));
    assert_silent(&format!("{audio}{}{}", play("rtp_stream=\"pause\""), bye()));
}

#[test]
fn who_waits_for_a_stream_without_an_end_waits_for_ever() {
    let audio = answer("m=audio [media_port] RTP/AVP 0\n  m=video [media_port+2] RTP/AVP 96");
    let exec = |actions: &[&str]| {
        let actions: String = actions.iter().map(|action| format!("<exec {action}/>")).collect();
        format!("<nop><action>{actions}</action></nop>\n")
    };
    let waits = |before: &[&str], codes: &[&str]| {
        let text: String = before.iter().map(|action| play(&format!("rtp_stream=\"{action}\""))).collect();
        let wait = if codes.is_empty() { "wait" } else { "§wait" };
        assert_lints(&format!("{audio}{text}{}{}", play(&format!("rtp_stream=\"{wait}\"")), bye()), codes);
    };
    waits(&["a.wav,-1"], &["W131"]);
    waits(&["apattern,1,0"], &["W131"]);
    waits(&["a.wav,-1", "pause"], &["W131"]);
    waits(&["a.wav,-1", "b.wav,0"], &["W131"]);
    waits(&["vpattern,1,96,H264/90000", "a.wav"], &["W131"]);
    waits(&["a.wav"], &[]);
    waits(&["a.wav,-1", "b.wav,3"], &[]);
    waits(&["a.wav,-1", "[field0]"], &[]);
    waits(&[], &[]);
    let timed = "rtp_stream=\"wait\" timeout=\"1000\"";
    assert_silent(&format!("{audio}{}{}{}", play("rtp_stream=\"a.wav,-1\""), play(timed), bye()));
    // Streams of one list.
    let endless = "rtp_stream=\"a.wav,-1\"";
    let wait = "rtp_stream=\"wait\"";
    let marked = "rtp_stream=\"§wait\"";
    assert_lints(&format!("{audio}{}{}", exec(&[endless, marked]), bye()), &["W131"]);
    assert_silent(&format!("{audio}{}{}", exec(&[endless, wait, "rtp_stream=\"a.wav\""]), bye()));
    assert_silent(&format!("{audio}{}{}", exec(&[wait, endless]), PAUSE));
    assert_silent(&format!("{audio}{}{}", exec(&[endless, wait, "int_cmd=\"stop_call\""]), bye()));
    // On one way it ends.
    let ways = format!(
        "{audio}<nop next=\"go\" chance=\"0.5\"/>{}<label id=\"go\"/>{}{}",
        play(endless),
        play(wait),
        bye()
    );
    assert_silent(&ways);
}
