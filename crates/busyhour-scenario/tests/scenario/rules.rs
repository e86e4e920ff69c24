//! What each part of the language becomes in the program.

use busyhour_scenario::program::{
    Action, Argument, Arithmetic, Check, Compare, DefaultMessage, Distribution, Expect, HeaderPlace,
    InternalCommand, Keep, MediaAction, Operand, Optional, PauseLength, Program, RecvTimeout, Role, SearchIn,
    StepKind, Stream, Text,
};
use busyhour_scenario::template::{Keyword, Piece};
use busyhour_scenario::{Compat, Options, Version};

use crate::support::{
    actions, call, keyword, load_text, pieces, program, program_with, recv_of, scenario, send, send_of,
};

/// The program of these steps, whatever warnings it gives.
fn program_with_warnings(steps: &str) -> Program {
    let loaded = load_text(&scenario(steps), &Options::default());
    assert!(!loaded.diagnostics.is_empty(), "{steps}");
    loaded.program.unwrap()
}

fn pause_of(program: &Program, index: usize) -> &PauseLength {
    match &program.steps[index].kind {
        StepKind::Pause(pause) => &pause.length,
        other => panic!("{other:?}"),
    }
}

fn literal(text: &str) -> Vec<u8> {
    match pieces(text, &Options::default()).as_slice() {
        [Piece::Literal(bytes)] => bytes.clone(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn names_and_title() {
    let program = program("<recv request='A'/>");
    assert_eq!((program.title.as_str(), program.base_name.as_str()), ("test", "test"));
    assert_eq!(program.steps[0].line, 3);
}

#[test]
fn roles_follow_the_first_message() {
    let roles = |steps: &str| {
        let program = program(steps);
        (program.creation, program.sending)
    };
    assert_eq!(
        roles("<nop/><pause/><recv request='A'/><send><![CDATA[SIP/2.0 200 OK]]></send>"),
        (Role::Server, Role::Server)
    );
    assert_eq!(roles(&format!("<nop/>{}<recv response='200'/>", send("1"))), (Role::Client, Role::Client));
}

#[test]
fn keywords_with_offsets() {
    assert_eq!(keyword("[cseq+1]"), Keyword::CSeq(1));
    assert_eq!(keyword("[branch-3]"), Keyword::Branch(-3));
    assert_eq!(keyword("[last_cseq_number+1]"), Keyword::LastCSeqNumber(1));
    assert_eq!(keyword("[auto_media_port+10]"), Keyword::AutoMediaPort(10, None));
    assert_eq!(keyword("[users+1]"), Keyword::Users);
    assert_eq!(keyword("[len]"), Keyword::Len(0));
}

#[test]
fn every_keyword_that_needs_nothing_is_there() {
    for name in [
        "remote_ip",
        "remote_host",
        "remote_port",
        "local_ip",
        "local_ip_type",
        "local_port",
        "server_ip",
        "transport",
        "media_ip",
        "media_ip_type",
        "media_port",
        "auto_media_port",
        "call_id",
        "call_number",
        "cseq",
        "last_cseq_number",
        "branch",
        "msg_index",
        "pid",
        "service",
        "len",
        "peer_tag_param",
        "last_message",
        "last_Request_URI",
        "next_url",
        "routes",
        "timestamp",
        "date",
        "clock_tick",
        "dynamic_id",
        "users",
        "userid",
        "sipp_version",
    ] {
        keyword(&format!("[{name}]"));
    }
}

#[test]
fn last_headers_keep_their_names() {
    let last = |name: &str, value_only| Keyword::Last { name: name.to_owned(), value_only };
    assert_eq!(keyword("[last_Via:]"), last("Via", false));
    assert_eq!(keyword("[last_Via]"), last("Via", false));
    assert_eq!(keyword("[last_via.value]"), last("via", true));
    assert_eq!(keyword("[last_X.value:]"), last("X.value", false));
}

#[test]
fn variables_with_hyphens_are_themselves() {
    let steps = format!("{}<nop><action><assign assign_to='a-1' value='1'/></action></nop>", send("[$a-1]"));
    assert_eq!(program(&steps).variables.call, ["a-1"]);
    let steps = format!("{}<nop><action><assign assign_to='a' value='1'/></action></nop>", send("[$a-1]"));
    assert_eq!(program(&steps).variables.call, ["a"]);
}

#[test]
fn fill_takes_quotes_and_a_default() {
    let fill = |text: &str| Keyword::Fill { variable: call(0), text: text.to_owned() };
    assert_eq!(keyword("[fill variable=n]"), fill("X"));
    assert_eq!(keyword("[fill variable=\"n\" text=\"q]r\"]"), fill("q]r"));
    assert_eq!(keyword("[fill text=a-1 variable=n]"), fill("a-1"));
}

#[test]
fn keys_are_pasted_and_not_looked_at_again() {
    let options = Options { keys: vec![("my-1".to_owned(), "[call_id]".to_owned())], ..Options::default() };
    assert_eq!(pieces("a[my-1]b", &options), [Piece::Literal(b"a[call_id]b".to_vec())]);
    // A key cannot hide a keyword.
    let options = Options { keys: vec![("pid".to_owned(), "x".to_owned())], ..Options::default() };
    assert_eq!(pieces("[pid]", &options), [Piece::Keyword(Keyword::Pid)]);
}

#[test]
fn escapes_become_bytes() {
    assert_eq!(literal(r"\x41\x4z\x9\xg\x5bpid\x5d]\xff"), b"A\x04z\x09\\xg[pid]]\xff");
}

#[test]
fn indentation_goes_and_the_blank_line_comes() {
    let text = |cdata: &str| {
        let program = program(&format!("<send><![CDATA[{cdata}]]></send>"));
        match send_of(&program, 0).template.pieces.as_slice() {
            [Piece::Literal(bytes)] => String::from_utf8(bytes.clone()).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(text("\n\t  A b c  \n\t D: e\t\n"), "A b c\r\nD: e\r\n\r\n");
    assert_eq!(text("\r\n  A b c\r\n\r\n  body\r\n  "), "A b c\r\n\r\nbody\r\n");
    assert_eq!(text("A b c\n\nbody"), "A b c\r\n\r\nbody");
    assert_eq!(text("A b c\n\n\n body \n\n body\n\n"), "A b c\r\n\r\n\r\nbody\r\n\r\nbody\r\n");
}

#[test]
fn keep_notes_what_later_steps_want() {
    let keep = |text: &str| program(&send(text)).keep;
    assert_eq!(keep("[last_Via:] [last_cseq_number]"), Keep::Headers(vec![]));
    assert_eq!(
        keep("[last_Foo:] [last_foo.value] [last_Bar]"),
        Keep::Headers(vec!["Foo".into(), "Bar".into()])
    );
    assert_eq!(keep("[last_Foo:] [last_message]"), Keep::Everything);
}

#[test]
fn methods_before_are_in_file_order_without_transactions() {
    let request = |method: &str, attributes: &str| {
        format!("<send {attributes}><![CDATA[{method} sip:a SIP/2.0]]></send>")
    };
    let steps = [
        request("INVITE", "start_txn='i'"),
        "<recv response='200' response_txn='i'/>".to_owned(),
        request("ACK", "ack_txn='i'"),
        request("INFO", ""),
        "<recv response='200'/>".to_owned(),
        request("BYE", ""),
        "<recv response='200'/>".to_owned(),
    ]
    .concat();
    let program = program(&steps);
    assert_eq!(recv_of(&program, 1).methods_sent_before, "");
    assert_eq!(recv_of(&program, 4).methods_sent_before, "INFO");
    assert_eq!(recv_of(&program, 6).methods_sent_before, "INFOBYE");
    assert_eq!(program.transactions[0].name, "i");
    assert!(program.transactions[0].invite);
    assert_eq!(send_of(&program, 0).start_transaction, Some(0));
    assert_eq!(recv_of(&program, 1).response_transaction, Some(0));
    assert_eq!(send_of(&program, 2).ack_transaction, Some(0));
}

#[test]
fn a_transaction_first_named_by_its_response_is_still_an_invite() {
    let steps = "<recv request='A'/><recv response='180' response_txn='i' optional='true'/><recv request='B'/>\
        <send start_txn='i'><![CDATA[INVITE sip:a SIP/2.0]]></send><send ack_txn='i'><![CDATA[ACK sip:a SIP/2.0]]></send>";
    assert!(program(steps).transactions[0].invite);
}

#[test]
fn labels_name_the_next_step_or_the_end() {
    let program = program(
        "<label id='a'/><recv request='A' next='end' test='v' chance='0.25' ontimeout='a'/>\
         <recv request='B' condexec='v' condexec_inverse='1'/><label id='_unexp.main'/><nop next='a'/><label id='end'/>",
    );
    let next = program.steps[0].next.unwrap();
    assert_eq!((next.target, next.test, next.chance), (3, Some(call(0)), 0.25));
    assert_eq!(program.steps[0].on_timeout, Some(0));
    assert_eq!(program.steps[2].next.unwrap().target, 0);
    assert!(program.steps[1].condition.unwrap().inverse);
    assert_eq!(program.unexpected_main, Some(2));
}

#[test]
fn variables_of_the_unexpected_handler_may_be_named_once() {
    let program = program(
        "<recv request='A'/><label id='_unexp.main'/><nop><action><jump variable='_unexp.retaddr'/>\
         <pauserestore variable='_unexp.pausedaddr'/></action></nop>",
    );
    assert_eq!(program.unexpected_return, Some(call(0)));
    assert_eq!(program.unexpected_paused, Some(call(1)));
}

#[test]
fn scopes_are_declared_before_use() {
    let program = program(
        "<Global variables='g, h'/><User variables='u'/><recv request='A'><action><assign assign_to='g' value='1'/>\
         <assign assign_to='u' variable='h'/><ereg regexp='x' assign_to='c, d'/></action></recv>\
         <Reference variables='c,d'/>",
    );
    assert_eq!(program.variables.global, ["g", "h"]);
    assert_eq!(program.variables.user, ["u"]);
    assert_eq!(program.variables.call, ["c", "d"]);
}

#[test]
fn underscore_may_be_mentioned_once() {
    program("<recv request='A'><action><ereg regexp='x' assign_to='_'/></action></recv>");
}

#[test]
fn timers_counters_and_borders() {
    let program = program(
        "<recv request='A' start_rtd='a,true,' counter='3'/><ResponseTimeRepartition value='20,10'/>\
         <recv request='B' rtd='1,a,b' repeat_rtd='true' counter='x'/><recv request='C' start_rtd='false' counter='3'/>\
         <CallLengthRepartition value='5, 5'/>"
            .replace("1,a,b", "1,a")
            .as_str(),
    );
    assert_eq!(program.timers, ["a", "1"]);
    assert_eq!(program.steps[0].start_timers, [0, 1]);
    assert_eq!(program.steps[1].stop_timers, [1, 0]);
    assert!(program.steps[1].repeat_timers);
    assert_eq!(program.counters, ["3", "x"]);
    assert_eq!(program.steps[2].counter, Some(0));
    assert_eq!(program.response_time_borders, [[10, 20], [10, 20]]);
    assert_eq!(program.call_length_borders, [5, 5]);
}

#[test]
fn a_repartition_reaches_only_timers_named_before() {
    let program = program_with_warnings(
        "<recv request='A' rtd='a'/><ResponseTimeRepartition value='10'/><recv request='B' rtd='b'/>",
    );
    assert_eq!(program.response_time_borders, [vec![10], vec![]]);
}

#[test]
fn receives() {
    let recv = |attributes: &str| {
        let mut program = program(&format!("<recv {attributes}/><recv request='Z'/>"));
        match program.steps.remove(0).kind {
            StepKind::Recv(recv) => recv,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(recv("response='200'").expect, Expect::Response(200)));
    assert!(matches!(recv("request='INVITE'").expect, Expect::Request(method) if method == "INVITE"));
    assert!(
        matches!(recv("response='4..' regexp_match='true'").expect, Expect::ResponseMatching(p) if p.source == "4..")
    );
    assert!(matches!(recv("request='.*' regexp_match='true'").expect, Expect::RequestMatching(_)));
    assert_eq!(recv("request='A' optional='global'").optional, Optional::Global);
    let quiet = recv("request='A' optional='true' advance_state='false' rrs='1' auth='TRUE'");
    assert!(!quiet.advance_state && quiet.record_route_set && quiet.auth);
    assert!(matches!(recv("request='A' timeout='0x10'").timeout, RecvTimeout::Fixed(16)));
    assert!(matches!(recv("request='A' timeout='010'").timeout, RecvTimeout::Fixed(10)));
    assert!(matches!(recv("request='A' timeout='-5'").timeout, RecvTimeout::Fixed(-5)));
    assert!(matches!(recv("request='A' timeout='0'").timeout, RecvTimeout::Default));
    assert!(matches!(recv("request='A'").timeout, RecvTimeout::Default));
    let RecvTimeout::Rendered(rendered) = recv("request='A' timeout='[call_number]s'").timeout else {
        panic!()
    };
    assert_eq!(rendered.pieces, [Piece::Keyword(Keyword::CallNumber), Piece::Literal(b"s".to_vec())]);
}

#[test]
fn sends() {
    let program = program(&format!(
        "{}<recv response='200'/>",
        send("1").replace(
            "<send",
            "<send retrans='500' timeout='7' lost='12.5' ignoresdp='true' hiderest='true' display='d'"
        )
    ));
    let send = send_of(&program, 0);
    assert_eq!((send.retrans_ms, send.timeout_ms), (500, 7));
    assert_eq!(program.steps[0].lost_percent, Some(12.5));
    assert!(program.has_loss && program.steps[0].ignore_sdp);
    assert_eq!(program.steps[0].display.text.as_deref(), Some("d"));
    assert!(program.steps[0].display.hidden && program.steps[1].display.hidden);
}

#[test]
fn negative_retransmission_times_are_none() {
    let program = program(&send("1").replace("<send", "<send retrans='-1'"));
    assert_eq!(send_of(&program, 0).retrans_ms, 0);
}

#[test]
fn pauses() {
    let length = |attributes: &str| {
        pause_of(&program(&format!("<recv request='A'/><pause {attributes}/>")), 1).clone()
    };
    let drawn = |attributes: &str| match length(attributes) {
        PauseLength::Drawn(distribution) => distribution,
        other => panic!("{other:?}"),
    };
    assert!(matches!(length(""), PauseLength::Default));
    assert_eq!(drawn("milliseconds='1.5'"), Distribution::Fixed(1.5));
    assert_eq!(drawn("min='1' max='2'"), Distribution::Uniform { min: 1.0, max: 2.0 });
    assert_eq!(
        drawn("normal='true' mean='5' stdev='1' milliseconds='9'"),
        Distribution::Normal { mean: 5.0, stdev: 1.0 }
    );
    assert_eq!(drawn("lognormal='' mean='5' stdev='1'"), Distribution::LogNormal { mean: 5.0, stdev: 1.0 });
    assert_eq!(drawn("exponential='' mean='5'"), Distribution::Exponential { mean: 5.0 });
    assert_eq!(drawn("weibull='' lambda='5' k='2'"), Distribution::Weibull { lambda: 5.0, k: 2.0 });
    assert_eq!(drawn("pareto='' k='5' x_m='2'"), Distribution::Pareto { k: 5.0, x_m: 2.0 });
    assert_eq!(drawn("gamma='' k='5' theta='2'"), Distribution::Gamma { k: 5.0, theta: 2.0 });
    assert_eq!(drawn("distribution='fixed' value='0x10'"), Distribution::Fixed(16.0));
    assert_eq!(
        drawn("distribution='gpareto' shape='1' scale='2' location='3'"),
        Distribution::GPareto { shape: 1.0, scale: 2.0, location: 3.0 }
    );
    assert_eq!(drawn("distribution='negbin' p='0.5' n='3'"), Distribution::NegBin { p: 0.5, n: 3.0 });
    assert_eq!(drawn("milliseconds='1e20' sanity_check='false'"), Distribution::Fixed(1e20));
    let by_variable = program(
        "<recv request='A'><action><assign assign_to='v' value='1'/></action></recv><pause variable='v'/>",
    );
    assert!(matches!(pause_of(&by_variable, 1), PauseLength::Variable(variable) if *variable == call(0)));
}

#[test]
fn pauses_add_up() {
    let program = program(
        "<recv request='A'/><pause/><pause milliseconds='100.9'/><pause min='10' max='20'/><pause distribution='negbin' p='0.1' n='9'/>\
         <pause distribution='exponential' mean='100'/><timewait/>",
    );
    assert_eq!(program.pause_p99_ms, 100 + 29 + 460);
    assert_eq!(program.default_pauses, 2);
    assert!(matches!(&program.steps[6].kind, StepKind::Pause(pause) if pause.final_wait));
}

#[test]
fn default_messages_and_init() {
    let program = program(
        "<init><nop next='a'/><nop/><label id='a'/><nop><action><log message='x'/></action></nop></init>\
         <label id='a'/><recv request='A' next='a'/>\
         <DefaultMessage id='bye'><![CDATA[BYE [next_url] SIP/2.0\nX: [$once]]]></DefaultMessage>\
         <DefaultMessage id='3pcc_abort'><![CDATA[call-id: [call_id]\n]]></DefaultMessage>",
    );
    assert_eq!(program.init.len(), 3);
    assert_eq!(program.init[0].next.unwrap().target, 2);
    assert_eq!(program.steps[0].next.unwrap().target, 0);
    let ids: Vec<DefaultMessage> = program.default_messages.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [DefaultMessage::Bye, DefaultMessage::ThirdPartyAbort]);
}

#[test]
fn several_inits_are_one() {
    let program =
        program("<init><nop next='b'/></init><init><nop/><label id='b'/></init><recv request='A'/>");
    assert_eq!(program.init.len(), 2);
    assert_eq!(program.init[0].next.unwrap().target, 2);
}

#[test]
fn texts_of_actions_get_line_ends_but_are_not_cleaned() {
    let actions = actions("<log message='  a [call_id]\\n'/>");
    let Action::Log(text) = &actions[0] else { panic!() };
    assert_eq!(
        text.pieces,
        [Piece::Literal(b"  a ".to_vec()), Piece::Keyword(Keyword::CallId), Piece::Literal(b"\r\n".to_vec())]
    );
}

#[test]
fn arithmetic_and_assignments() {
    let actions = actions(
        "<assign assign_to='a' value='010'/><assign assign_to='a' variable='b'/><add assign_to='a' value='1'/>\
         <subtract assign_to='a' variable='b'/><multiply assign_to='a' value='-2.5'/><divide assign_to='a' value='2'/>\
         <todouble assign_to='a' variable='b'/><trim assign_to='a'/><index assign_to='b'/>\
         <sample assign_to='a' distribution='uniform' min='1' max='2'/><gettimeofday assign_to='a,b'/>",
    );
    let (a, b) = (call(0), call(1));
    assert!(matches!(&actions[0], Action::Assign { to, value: Operand::Value(10.0) } if *to == a));
    assert!(
        matches!(&actions[1], Action::Assign { to, value: Operand::Variable(from) } if *to == a && *from == b)
    );
    let operators: Vec<Arithmetic> = actions[2..6]
        .iter()
        .map(|action| match action {
            Action::Arithmetic { operator, to, .. } if *to == a => *operator,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(operators, [Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply, Arithmetic::Divide]);
    assert!(matches!(&actions[6], Action::ToDouble { to, from } if *to == a && *from == b));
    assert!(matches!(&actions[7], Action::Trim(to) if *to == a));
    assert!(matches!(&actions[8], Action::Index(to) if *to == b));
    assert!(matches!(&actions[9], Action::Sample { distribution: Distribution::Uniform { .. }, .. }));
    assert!(
        matches!(&actions[10], Action::GetTimeOfDay { seconds, microseconds } if *seconds == a && *microseconds == b)
    );
}

#[test]
fn tests_jumps_and_commands() {
    let actions = actions(
        "<test variable='a' compare='less_than_equal' value='3' assign_to='b'/>\
         <test variable='a' compare='equal' variable2='b' check_it='true'/>\
         <strcmp variable='a' value='[call_id]' assign_to='b' check_it_inverse='true'/>\
         <strcmp variable='a' variable2='b' assign_to='b'/><jump value='0'/><pauserestore variable='a'/>\
         <exec command='echo [call_id]'/><exec int_cmd='stop_now'/><exec int_cmd='stop_gracefully'/>\
         <exec int_cmd='stop_call'/><assignstr assign_to='a' value='x[pid]'/><warning message='w'/><error message='e'/>",
    );
    let (a, b) = (call(0), call(1));
    let expected = Some(b);
    assert!(
        matches!(&actions[0], Action::Test { compare: Compare::LessOrEqual, with: Operand::Value(3.0), assign_to, check: Check::No, .. } if *assign_to == expected)
    );
    assert!(
        matches!(&actions[1], Action::Test { with: Operand::Variable(with), assign_to: None, check: Check::MustHold, .. } if *with == b)
    );
    assert!(
        matches!(&actions[2], Action::StringCompare { with: Text::Literal(text), check: Check::MustNotHold, .. } if text == "[call_id]")
    );
    assert!(matches!(&actions[3], Action::StringCompare { with: Text::Variable(with), .. } if *with == b));
    assert!(matches!(&actions[4], Action::Jump(Operand::Value(0.0))));
    assert!(matches!(&actions[5], Action::PauseRestore(Operand::Variable(from)) if *from == a));
    assert!(matches!(&actions[6], Action::ExecCommand(command) if command.pieces.len() == 2));
    assert!(matches!(&actions[7], Action::ExecInternal(InternalCommand::StopNow)));
    assert!(matches!(&actions[8], Action::ExecInternal(InternalCommand::StopGracefully)));
    assert!(matches!(&actions[9], Action::ExecInternal(InternalCommand::StopCall)));
    assert!(matches!(&actions[10], Action::AssignString { value, .. } if value.pieces.len() == 2));
    assert!(matches!(&actions[11], Action::Warning(_)) && matches!(&actions[12], Action::Error(_)));
}

#[test]
fn eregs() {
    let ereg = |attributes: &str, options: &Options| {
        let steps = format!(
            "<recv request='A'><action><ereg regexp='x' assign_to='_,_' {attributes}/></action></recv>"
        );
        match program_with(&steps, options).steps.remove(0).actions.remove(0) {
            Action::Ereg(ereg) => ereg,
            other => panic!("{other:?}"),
        }
    };
    let new = Options::default();
    let old = Options {
        compat: Compat { header_search_anywhere: true, ..Compat::default() },
        ..Options::default()
    };
    let place = |attributes: &str, options: &Options| match ereg(attributes, options).search_in {
        SearchIn::Header { place, .. } => place,
        other => panic!("{other:?}"),
    };
    assert!(matches!(ereg("", &new).search_in, SearchIn::Message));
    assert!(matches!(ereg("search_in='body'", &new).search_in, SearchIn::Body));
    assert!(matches!(ereg("search_in='var' variable='_'", &new).search_in, SearchIn::Variable(_)));
    assert_eq!(ereg("check_it='true'", &new).check, Check::MustHold);
    assert_eq!(place("search_in='hdr' header='To:'", &new), HeaderPlace::LineStart);
    assert_eq!(place("search_in='hdr' header='To'", &new), HeaderPlace::Name);
    assert_eq!(place("search_in='hdr' header='To:'", &old), HeaderPlace::Anywhere);
    assert_eq!(place("search_in='hdr' header='To:' start_line='true'", &old), HeaderPlace::LineStart);
    assert_eq!(place("search_in='hdr' header='From: '", &new), HeaderPlace::Anywhere);
    assert_eq!(place("search_in='hdr' header=';tag='", &new), HeaderPlace::Anywhere);
    let SearchIn::Header { header, ignore_case, occurrence, .. } =
        ereg("search_in='hdr' header='\\nVia:' case_indep='true' occurence='2'", &new).search_in
    else {
        panic!()
    };
    assert_eq!((header.as_str(), ignore_case, occurrence), ("\nVia:", true, 2));
}

#[test]
fn versions_of_sipp_have_their_ways() {
    let of = |version: &str| {
        let compat = Compat::from(Version::parse(version)?);
        Some((compat.octal_numbers, compat.header_search_anywhere, compat.blanks_behind_tabs))
    };
    assert_eq!(of("3.6"), Some((true, true, true)));
    assert_eq!(of("3.7"), Some((true, true, true)));
    assert_eq!(of("3.8"), Some((false, false, false)));
    assert_eq!((of("3.9"), of("")), (None, None));
    let old = Options { compat: Version::V3_7.into(), ..Options::default() };
    let folded = program_with("<send><![CDATA[A b c\n\t  D: e]]></send>", &old);
    assert_eq!(send_of(&folded, 0).template.pieces, [Piece::Literal(b"A b c\r\n  D: e\r\n\r\n".to_vec())]);
}

#[test]
fn old_numbers_may_be_octal() {
    let old = Options { compat: Compat { octal_numbers: true, ..Compat::default() }, ..Options::default() };
    let program = program_with("<recv request='A' timeout='010'/>", &old);
    assert!(matches!(recv_of(&program, 0).timeout, RecvTimeout::Fixed(8)));
}

/// As 3.6.1 does: there they are no attributes of their own.
#[test]
fn numbers_in_media_arguments_are_never_octal() {
    let old = Options { compat: Compat { octal_numbers: true, ..Compat::default() }, ..Options::default() };
    let program =
        program_with("<recv request='A'/><nop><action><exec rtp_stream='a,010,08'/></action></nop>", &old);
    match &program.steps[1].actions[..] {
        [
            Action::Media(MediaAction::Stream(Argument::Known(Stream::File {
                loops, form: Some(form), ..
            }))),
        ] => {
            assert_eq!((*loops, form.payload_type), (Some(10), 8));
        }
        other => panic!("{other:?}"),
    }
}
