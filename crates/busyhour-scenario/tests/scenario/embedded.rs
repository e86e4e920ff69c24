//! The embedded scenarios load without a finding, and mean what their description says.

use busyhour_scenario::program::{
    Action, Distribution, Expect, FirstCommand, HeaderPlace, Keep, MediaAction, Optional, PauseLength,
    Program, Role, Scope, SearchIn, SendStart, StepKind, Variable,
};
use busyhour_scenario::source::Source;
use busyhour_scenario::template::{Keyword, Piece, Template};
use busyhour_scenario::{Options, embedded, embedded_names, load};
use busyhour_wire::sdp::Medium;

fn program(name: &str) -> Program {
    let source = Source::from_bytes(name, embedded(name).unwrap().as_bytes());
    let loaded = load(&source, &Options::default());
    assert_eq!(loaded.diagnostics, [], "{name}");
    loaded.program.unwrap()
}

/// One word a step: what is sent or expected.
fn flow(program: &Program) -> Vec<String> {
    let step = |kind: &StepKind| match kind {
        StepKind::Send(send) => match &send.start {
            SendStart::Request(method) => format!(">{method}"),
            SendStart::Response(code) => format!(">{code}"),
        },
        StepKind::Recv(recv) => {
            let optional = if recv.optional == Optional::No { "" } else { "?" };
            match &recv.expect {
                Expect::Request(method) => format!("<{method}{optional}"),
                Expect::RequestMatching(pattern) => format!("<~{}{optional}", pattern.source),
                Expect::Response(code) => format!("<{code}{optional}"),
                _ => "<".to_owned(),
            }
        }
        StepKind::Pause(pause) => match &pause.length {
            PauseLength::Default => "pause".to_owned(),
            PauseLength::Drawn(Distribution::Fixed(ms)) if pause.final_wait => format!("wait {ms}"),
            PauseLength::Drawn(Distribution::Fixed(ms)) => format!("pause {ms}"),
            other => format!("{other:?}"),
        },
        StepKind::SendCmd(_) => ">cmd".to_owned(),
        StepKind::RecvCmd(_) => "<cmd".to_owned(),
        StepKind::Nop => "nop".to_owned(),
    };
    program.steps.iter().map(|one| step(&one.kind)).collect()
}

/// The template with keywords in brackets as Rust prints them.
fn text(template: &Template) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Piece::Keyword(keyword) => format!("[{keyword:?}]"),
    };
    template.pieces.iter().map(piece).collect()
}

fn sent(program: &Program, index: usize) -> String {
    match &program.steps[index].kind {
        StepKind::Send(send) => text(&send.template),
        other => panic!("step {index} is {other:?}"),
    }
}

#[test]
fn every_embedded_scenario_loads_without_a_finding() {
    let names: Vec<&str> = embedded_names().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "uac",
            "uas",
            "regexp",
            "3pcc-C-A",
            "3pcc-C-B",
            "3pcc-A",
            "3pcc-B",
            "branchc",
            "branchs",
            "uac_pcap",
            "ooc_default",
            "ooc_dummy"
        ]
    );
    for (name, title) in embedded_names() {
        let program = program(name);
        assert_eq!(program.title, title);
        assert_eq!(program.base_name, name);
    }
    assert_eq!(embedded("nonsense"), None);
}

#[test]
fn uac_places_a_call() {
    let uac = program("uac");
    assert_eq!(flow(&uac), [">INVITE", "<100?", "<180?", "<183?", "<200", ">ACK", "pause", ">BYE", "<200"]);
    assert_eq!((uac.creation, uac.sending), (Role::Client, Role::Client));
    assert_eq!(uac.timers, ["1"]);
    assert_eq!(uac.steps[4].stop_timers, [0]);
    assert_eq!(uac.response_time_borders, [[10, 20, 30, 40, 50, 100, 150, 200]]);
    assert_eq!(uac.call_length_borders, [10, 50, 100, 500, 1000, 5000, 10000]);
    assert_eq!((uac.pause_p99_ms, uac.default_pauses), (0, 1));
    assert_eq!(uac.keep, Keep::Headers(vec![]));
    assert!(uac.steps[8].display.blank_line);
    let retrans: Vec<u32> = uac
        .steps
        .iter()
        .filter_map(|step| match &step.kind {
            StepKind::Send(send) => Some(send.retrans_ms),
            _ => None,
        })
        .collect();
    assert_eq!(retrans, [500, 0, 500]);
    let StepKind::Recv(last) = &uac.steps[8].kind else { panic!() };
    assert_eq!(last.methods_sent_before, "INVITEACKBYE");
}

#[test]
fn uac_sends_the_headers_in_order() {
    let uac = program("uac");
    let expected = "INVITE sip:[Service]@[RemoteIp]:[RemotePort(0)] SIP/2.0\r\n\
        Via: SIP/2.0/[Transport] [LocalIp]:[LocalPort(0)];branch=[Branch(0)]\r\n\
        From: sipp <sip:sipp@[LocalIp]:[LocalPort(0)]>;tag=[Pid]SIPpTag00[CallNumber]\r\n\
        To: [Service] <sip:[Service]@[RemoteIp]:[RemotePort(0)]>\r\n\
        Call-ID: [CallId]\r\n\
        CSeq: 1 INVITE\r\n\
        Contact: sip:sipp@[LocalIp]:[LocalPort(0)]\r\n\
        Max-Forwards: 70\r\n\
        Subject: Performance Test\r\n\
        Content-Type: application/sdp\r\n\
        Content-Length: [Len(0)]\r\n\
        \r\n\
        v=0\r\n\
        o=user1 53655765 2353687637 IN IP[MediaIpType] [MediaIp]\r\n\
        s=-\r\n\
        c=IN IP[MediaIpType] [MediaIp]\r\n\
        t=0 0\r\n\
        m=audio [MediaPort(0, Some(Audio))] RTP/AVP 0\r\n\
        a=rtpmap:0 PCMU/8000\r\n";
    assert_eq!(sent(&uac, 0), expected);
    assert!(sent(&uac, 7).ends_with("Subject: Performance Test\r\nContent-Length: 0\r\n\r\n"));
    assert!(sent(&uac, 7).contains(">[PeerTagParam]\r\n"));
}

#[test]
fn uas_answers_a_call() {
    let uas = program("uas");
    assert_eq!(flow(&uas), ["<INVITE", ">180", ">200", "<ACK?", "<BYE", ">200", "wait 4000"]);
    assert_eq!((uas.creation, uas.sending), (Role::Server, Role::Server));
    assert_eq!(uas.pause_p99_ms, 4000);
    assert_eq!(uas.keep, Keep::Headers(vec!["Record-Route".to_owned()]));
    let StepKind::Send(ringing) = &uas.steps[1].kind else { panic!() };
    let via = Keyword::Last { name: "Via".to_owned(), value_only: false };
    assert_eq!(ringing.template.pieces[1], Piece::Keyword(via));
}

#[test]
fn regexp_takes_the_answer_apart() {
    let regexp = program("regexp");
    assert_eq!(
        flow(&regexp),
        [">INVITE", "<100?", "<180?", "<183?", "<200", ">ACK", "pause 1000", ">BYE", "<200"]
    );
    assert_eq!(regexp.variables.call, ["1", "6", "3", "4", "5", "8"]);
    assert_eq!(regexp.steps[4].actions.len(), 3);
    let Action::Ereg(contact) = &regexp.steps[4].actions[1] else { panic!() };
    assert!(matches!(&contact.search_in, SearchIn::Header { place: HeaderPlace::LineStart, .. }));
    assert_eq!((&regexp.steps[4].start_timers[..], &regexp.steps[8].stop_timers[..]), (&[0][..], &[0][..]));
}

#[test]
fn branching_scenarios_branch() {
    let client = program("branchc");
    assert_eq!(
        flow(&client),
        [
            ">REGISTER",
            "<200",
            "<200",
            ">INVITE",
            "<100?",
            "<180?",
            "<183?",
            "<403?",
            "<200",
            ">ACK",
            "pause 5000",
            ">BYE",
            "<200",
            "pause 4000"
        ]
    );
    assert_eq!(client.steps[1].next.unwrap().target, 3);
    assert_eq!(client.steps[7].next.unwrap().target, 11);
    assert!(client.steps[9].next.unwrap().test.is_some());
    assert_eq!(client.pause_p99_ms, 9000);
    let Action::Ereg(ereg) = &client.steps[8].actions[0] else { panic!() };
    assert!(matches!(&ereg.search_in, SearchIn::Header { place: HeaderPlace::Anywhere, .. }));

    let server = program("branchs");
    assert_eq!(
        flow(&server),
        [
            "<REGISTER",
            ">200",
            "<INVITE",
            ">180",
            ">403",
            ">100",
            ">200",
            "<ACK?",
            "<BYE",
            ">200",
            "wait 4000"
        ]
    );
    assert_eq!(server.steps[3].next.unwrap().target, 5);
    assert_eq!(server.steps[4].next.unwrap().target, 8);
}

#[test]
fn out_of_call_scenarios_answer_anything() {
    assert_eq!(flow(&program("ooc_default")), ["<~.*", ">200", "wait 4000"]);
    assert_eq!(flow(&program("ooc_dummy")), ["<DUMMY"]);
}

#[test]
fn controllers_hand_the_sdp_over() {
    let a = program("3pcc-C-A");
    assert_eq!(
        flow(&a),
        [">INVITE", "<100?", "<180?", "<183?", "<200", ">cmd", "<cmd", ">ACK", "pause 1000", ">BYE", "<200"]
    );
    assert_eq!((a.creation, a.sending), (Role::Client, Role::Client));
    assert_eq!(a.first_command, Some(FirstCommand::Sent));
    assert_eq!(a.response_time_borders, [[]]);
    let StepKind::SendCmd(command) = &a.steps[5].kind else { panic!() };
    assert_eq!(text(&command.template), format!("Call-ID: [CallId]\r\n[{:?}]\r\n\r\n", call(0)));
    assert!(sent(&a, 7).ends_with(&format!("Subject: Performance Test\r\n[{:?}]\r\n\r\n", call(1))));

    let b = program("3pcc-C-B");
    assert_eq!(
        flow(&b),
        ["<cmd", ">INVITE", "<100?", "<180?", "<183?", "<200", ">ACK", ">cmd", "pause 1000", ">BYE", "<200"]
    );
    assert_eq!((b.creation, b.sending), (Role::Server, Role::Client));
    assert_eq!(b.first_command, Some(FirstCommand::Received));
}

#[test]
fn called_parties_of_a_controller_answer() {
    for name in ["3pcc-A", "3pcc-B"] {
        let party = program(name);
        assert_eq!(flow(&party), ["<INVITE", ">200", "<ACK", "<BYE", ">200", "wait 2000"]);
        assert_eq!(party.first_command, None);
    }
}

#[test]
fn uac_pcap_plays_two_captures() {
    let uac = program("uac_pcap");
    assert_eq!(
        flow(&uac),
        [
            ">INVITE",
            "<100?",
            "<180?",
            "<200",
            ">ACK",
            "nop",
            "pause 8000",
            "nop",
            "pause 1000",
            ">BYE",
            "<200"
        ]
    );
    for step in [5, 7] {
        assert!(matches!(
            &uac.steps[step].actions[..],
            [Action::Media(MediaAction::PlayCapture { medium: Medium::Audio, renumbered: false, .. })]
        ));
    }
}

fn call(slot: u16) -> Keyword {
    Keyword::Variable(Variable { scope: Scope::Call, slot })
}
