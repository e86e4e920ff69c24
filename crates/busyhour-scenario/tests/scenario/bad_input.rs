//! Every mistake has its code, at its place; several mistakes are all found in one run.

use crate::support::{assert_findings, findings, load_text, scenario, send};
use busyhour_scenario::Options;
use busyhour_scenario::check::codes::*;

/// Steps with places marked by `§`, and the codes found there.
fn assert_steps(steps: &str, codes: &[&str]) {
    assert_findings(&scenario(steps), codes, &Options::default());
}

/// A nop with these actions behind a send.
fn actions(actions: &str) -> String {
    format!("{}\n<nop><action>{actions}</action></nop>", send("1"))
}

#[test]
fn files_that_are_no_scenario() {
    let options = Options::default();
    assert_findings("<?xml version=\"1.0\"?>\n<!-- nothing -->§", &["E002"], &options);
    assert_findings("§", &["E001"], &options);
    assert_findings("<§scenarios name='x'/>", &[NO_SCENARIO], &options);
    assert_findings("<§scenario/>", &[NO_MESSAGES], &options);
    assert_findings("<§scenario><nop/></scenario>", &[NO_ROLE], &options);
}

#[test]
fn unknown_names() {
    assert_steps("<§sned/><recv request='A'/>", &[UNKNOWN_ELEMENT]);
    assert_steps("<recv request='A'/><§log message='x'/>", &[UNKNOWN_ELEMENT]);
    assert_steps(&send("[§lokal_ip]"), &[UNKNOWN_KEYWORD]);
    assert_steps(&send("[§::1]"), &[UNKNOWN_KEYWORD]);
    assert_steps(&actions("<log message=\"a&lt;\\n[§foo]\"/>"), &[UNKNOWN_KEYWORD]);
    assert_steps(&actions("<§logg message='x'/>"), &[UNKNOWN_ACTION]);
    assert_steps(&actions("<exec §comand='x'/>"), &[UNKNOWN_ACTION]);
    assert_steps(&actions("<§exec/>"), &[UNKNOWN_ACTION]);
    assert_steps("<recv request='A' §tiemout='5'/>", &[UNKNOWN_ATTRIBUTE]);
    assert_steps("<recv request='A' next='§endd'/><label id='end'/>", &[LABEL_UNDEFINED]);
    assert_steps("<recv request='A' §ontimeout=''/><label id='end'/>", &[LABEL_UNDEFINED]);
    assert_steps(&format!("{}<pause distribution='§Fixed' value='1'/>", send("1")), &[UNKNOWN_DISTRIBUTION]);
    assert_steps("<recv request='A'/><Reference variables='§x'/>", &[VARIABLE_UNKNOWN]);
    assert_steps("<init><§recv request='A'/></init><recv request='A'/>", &[BAD_INIT]);
}

#[test]
fn help_names_the_nearest() {
    let help = |steps: &str| {
        let loaded = load_text(&scenario(steps), &Options::default());
        assert_eq!(loaded.diagnostics.len(), 1, "{:?}", loaded.diagnostics);
        loaded.diagnostics[0].help.clone()
    };
    assert!(help("<sned/><recv request='A'/>").contains("'send'"));
    assert!(help(&send("[lokal_ip]")).contains("'local_ip'"));
    assert!(help("<recv request='A' next='endd'/><label id='end'/>").contains("'end'"));
    assert!(help("<recv request='A' tiemout='5'/>").contains("'timeout'"));
    assert!(help("<recv request='A' optional='True'/>").contains("'true'"));
    assert!(help(&send("[[local_ip]]")).contains("\\x5b[local_ip]"));
}

#[test]
fn phrases_that_scripts_look_for() {
    let message = |steps: &str| {
        let loaded = load_text(&scenario(steps), &Options::default());
        loaded.diagnostics.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("\n")
    };
    let long = actions("<assign assign_to='x' value='1'/>");
    for (steps, phrase) in [
        ("<x/>", "Unknown element 'x' in xml scenario file"),
        (&actions("<x/>"), "Unknown action: x"),
        (&actions("<exec/>"), "illegal <exec> in the scenario"),
        (&send("[x]"), "Unsupported keyword 'x' in xml scenario file"),
        (&send("[]"), "Syntax error or invalid [keyword]"),
        ("<send/>", "No CDATA in 'send' section"),
        ("<send><![CDATA[ ]]></send>", "Empty cdata in xml scenario file"),
        ("<send><![CDATA[[x] y]]></send>", "You can not use a keyword for the METHOD"),
        ("<pause distribution='x'/>", "Unknown distribution: x"),
        ("<recv request='A' next='x'/>", "The label 'x' was not defined (index 0, next attribute)"),
        ("<label id='x'/><label id='x'/>", "The label name 'x' is used twice."),
        ("<nop/>", "Unable to determine creation mode of the tool (server, client)"),
        ("", "Did not find any messages inside of scenario!"),
        (&long, "Variable $x is referenced 1 times!"),
        ("<Reference variables='x'/>", "Could not reference non-existent variable"),
        ("<recv request='A' timeout='5x'/>", "\"5x\" is not a valid integer!"),
        ("<recv request='A' dialog='0'/>", "dialog must be a positive number, not '0'"),
        ("<recv request='A'/><timewait/><nop/>", "can only be the last message"),
        (
            "<recv request='A' optional='true'/><nop/>",
            "<recv> before <nop> sequence without a mandatory message",
        ),
        ("<CallLengthRepartition value='a'/>", "Could not create table"),
        ("<init><send/></init>", "Invalid element in an init stanza"),
    ] {
        assert!(message(steps).contains(phrase), "{steps}: {}", message(steps));
    }
    let no_root = load_text("<a/>", &Options::default());
    assert!(no_root.diagnostics[0].message.contains("No 'scenario' section"));
}

#[test]
fn message_texts() {
    assert_steps("<§send/>", &[NO_CDATA]);
    assert_steps("<send>§OPTIONS sip:a SIP/2.0</send>", &[NO_CDATA]);
    assert_steps("<send><![CDATA[§ \n\t ]]></send>", &[EMPTY_CDATA]);
    assert_steps("<send>\n<![CDATA[OPTIONS sip:a SIP/2.0]]>\n<![CDATA[§x]]></send>", &[CDATA_TWICE]);
    assert_steps("<send><![CDATA[\n §[service] sip:a SIP/2.0\n]]></send>", &[METHOD_IS_KEYWORD]);
    assert_steps("<send><![CDATA[\n §OP[service] sip:a SIP/2.0\n]]></send>", &[METHOD_IS_KEYWORD]);
    assert_steps("<send><![CDATA[§SIP/2.0 [pid] OK]]></send>", &[METHOD_IS_KEYWORD]);
    assert_steps("<send><![CDATA[§SIP/2.0 99 OK]]></send>", &[BAD_START_LINE]);
    assert_steps("<send><![CDATA[§SIP/2.0 200OK]]></send>", &[BAD_START_LINE]);
    assert_steps("<send><![CDATA[§SIP/2.0 700 OK]]></send>", &[BAD_START_LINE]);
    assert_steps("<send><![CDATA[§PING]]></send>", &[BAD_START_LINE]);
    assert_steps("<send><![CDATA[§PING\nA: b]]></send>", &[VALUE_TAKEN_FOR]);
    assert_steps(&send("§[]"), &[KEYWORD_SYNTAX]);
    assert_steps(&send("§[call_id"), &[KEYWORD_SYNTAX]);
    assert_steps(&send("§[a [§b]"), &[KEYWORD_SYNTAX, UNKNOWN_KEYWORD]);
    assert_steps(&send("[§fill text=\"x\"]"), &[KEYWORD_SYNTAX]);
    assert_steps(&send("[§last_]"), &[VALUE_TAKEN_FOR]);
    assert_steps(&send("[§$]"), &[BAD_NAME]);
    assert_steps("<send><![CDATA[\r\n  OPTIONS a b\r\n  X: [§foo]\r\n]]></send>", &[UNKNOWN_KEYWORD]);
}

#[test]
fn attribute_values() {
    assert_steps("<recv request='A' timeout='§5s'/>", &[BAD_INTEGER]);
    assert_steps("<recv request='A' timeout='§99999999999'/>", &[BAD_INTEGER]);
    assert_steps("<recv request='A' §timeout=''/>", &[BAD_INTEGER]);
    assert_steps("<recv request='A' lost='§a'/>", &[BAD_NUMBER]);
    assert_steps("<recv request='A' rrs='§yes'/>", &[BAD_BOOLEAN]);
    assert_steps("<recv request='A' optional='§True'/>", &[BAD_VALUE]);
    assert_steps("<recv request='A' next='a' chance='§2'/><label id='a'/>", &[BAD_VALUE]);
    assert_steps("<recv request='A' dialog='§-1'/>", &[BAD_VALUE]);
    assert_steps("<recv request='A' §advance_state='false'/>", &[MISPLACED_ATTRIBUTE]);
    assert_steps("<recv request='A' §repeat_rtd='true'/>", &[MISPLACED_ATTRIBUTE]);
    assert_steps("<recv request='A'/><timewait §next='a'/><label id='a'/>", &[MISPLACED_ATTRIBUTE]);
    assert_steps("<recv request='A' counter='§a,b'/>", &[BAD_NAME]);
    assert_steps("<recv request='§A(' regexp_match='true'/>", &[BAD_EXPRESSION]);
    assert_steps("<recv request='A'/><§label/>", &[MISSING_ATTRIBUTE]);
    assert_steps("<label id='a'/><recv request='A'/><label id='§a'/>", &[LABEL_TWICE]);
    assert_steps("<recv request='A'/><CallLengthRepartition value='§10,'/>", &[BAD_TABLE]);
    assert_steps("<recv request='A'/><§CallLengthRepartition/>", &[MISSING_ATTRIBUTE]);
    assert_steps("<recv request='A' rtd='1'/><ResponseTimeRepartition value='§10,'/>", &[BAD_TABLE]);
    assert_steps("<recv request='A'/><ResponseTimeRepartition value='§10,'/>", &[VALUE_TAKEN_FOR]);
    assert_steps(
        "<recv request='A'/><pause distribution='uniform' min='§a' max='§b'/>",
        &[BAD_NUMBER, BAD_NUMBER],
    );
    assert_steps("<recv request='A'/><§pause min='1'/>", &[MISSING_ATTRIBUTE]);
    assert_steps("<recv request='A'/><pause distribution='weibull' lambda='1' k='§0'/>", &[BAD_VALUE]);
    assert_steps("<recv request='A'/><§pause milliseconds='1e20'/>", &[PAUSE_TOO_LONG]);
    assert_steps(
        "<recv request='A'/><DefaultMessage id='§by'><![CDATA[BYE [next_url] SIP/2.0]]></DefaultMessage>",
        &[BAD_VALUE],
    );
}

#[test]
fn actions_that_are_not_complete() {
    assert_steps(&actions("<§log/>"), &[MISSING_ATTRIBUTE]);
    assert_steps(&actions("<§ereg regexp='a'/>"), &[MISSING_ATTRIBUTE]);
    assert_steps(&actions("<ereg regexp='§[' assign_to='a,a'/>"), &[BAD_EXPRESSION]);
    assert_steps(&actions("<ereg regexp='a' assign_to='a,a' search_in='§head'/>"), &[BAD_VALUE]);
    assert_steps(&actions("<§ereg regexp='a' assign_to='a,a' search_in='hdr'/>"), &[MISSING_ATTRIBUTE]);
    assert_steps(&actions("<ereg regexp='a' assign_to='§a,a,a,a,a,a,a,a,a,a,a'/>"), &[BAD_VALUE]);
    assert_steps(
        &actions("<ereg regexp='a' assign_to='a,a' check_it='true' §check_it_inverse='false'/>"),
        &[EXCLUSIVE_ATTRIBUTES],
    );
    assert_steps(&actions("<assign assign_to='a,a' value='1'/>").replace("'a,a'", "'§a,a'"), &[BAD_NAME]);
    assert_steps(&actions("<assign assign_to='a' value='1' §variable='a'/>"), &[EXCLUSIVE_ATTRIBUTES]);
    assert_steps(&actions("<divide assign_to='a' value='§0'/><add assign_to='a' value='1'/>"), &[BAD_VALUE]);
    assert_steps(
        &actions("<§test variable='a' compare='equal' value='1'/><trim assign_to='a'/>"),
        &[MISSING_ATTRIBUTE],
    );
    assert_steps(&actions("<test variable='a' compare='§eq' value='1' assign_to='a'/>"), &[BAD_VALUE]);
    assert_steps(&actions("<§strcmp variable='a' assign_to='a'/>"), &[MISSING_ATTRIBUTE]);
    assert_steps(&actions("<gettimeofday assign_to='§a,a,a'/>"), &[BAD_VALUE]);
    assert_steps(&actions("<§jump/>"), &[MISSING_ATTRIBUTE]);
    assert_steps(&actions("<§sample assign_to='a'/><trim assign_to='a'/>"), &[MISSING_ATTRIBUTE]);
}

#[test]
fn rules_of_the_whole() {
    assert_steps(&actions("<assign assign_to='§x' value='1'/>"), &[VARIABLE_ONCE]);
    assert_steps(&send("[§$x]"), &[VARIABLE_ONCE]);
    assert_steps("<Global variables='§g'/><recv request='A'/>", &[VARIABLE_ONCE]);
    assert_steps(
        &format!(
            "{}<Global variables='§g'/>",
            actions("<add assign_to='g' value='1'/><trim assign_to='g'/>")
        ),
        &[DECLARED_LATE],
    );
    assert_steps("<recv request='A' start_rtd='§a,b' rtd='b'/>", &[TIMER_NEVER_STOPPED]);
    assert_steps("<recv request='A' optional='true'/><label id='a'/><§nop/>", &[OPTIONAL_BEFORE]);
    assert_steps("<recv request='A' optional='global'/><§pause/>", &[OPTIONAL_BEFORE]);
    assert_steps("<recv request='A'/><timewait/><§pause/>", &[TIMEWAIT_NOT_LAST]);
}

#[test]
fn transactions() {
    let invite = |attributes: &str| format!("<send {attributes}><![CDATA[INVITE sip:a SIP/2.0]]></send>\n");
    let ack = |attributes: &str| format!("<send {attributes}><![CDATA[ACK sip:a SIP/2.0]]></send>\n");
    let response = |attributes: &str| format!("<recv response='200' {attributes}/>\n");
    let steps = |parts: &[String]| parts.concat();
    assert_steps(&steps(&[invite("start_txn='i'"), response("response_txn='i'"), ack("ack_txn='i'")]), &[]);
    assert_steps(&steps(&[invite("start_txn='§i'"), response("response_txn='i'")]), &[TRANSACTION]);
    assert_steps(&steps(&[invite("start_txn='§i'"), ack("ack_txn='i'")]), &[TRANSACTION]);
    assert_steps(&steps(&[invite(""), response("response_txn='§i'")]), &[TRANSACTION]);
    assert_steps(
        &steps(&[
            send("1").replace("<send", "<send start_txn='i'"),
            response("response_txn='i'"),
            ack("ack_txn='§i'"),
        ]),
        &[TRANSACTION],
    );
    assert_steps(&ack("§start_txn='i'"), &[MISPLACED_ATTRIBUTE]);
    assert_steps(&invite("§ack_txn='i'"), &[MISPLACED_ATTRIBUTE]);
    assert_steps(&invite("§response_txn='i'"), &[MISPLACED_ATTRIBUTE]);
    assert_steps("<recv request='A' §response_txn='i'/>", &[MISPLACED_ATTRIBUTE]);
    assert_steps(&invite("start_txn='§a,b'"), &[BAD_NAME]);
}

#[test]
fn warnings() {
    assert_steps("<recv request='A' crlf='§false'/>", &[CRLF_FALSE]);
    assert_steps("<recv request='A'>§optional=\"true\"</recv>", &[TEXT_IGNORED]);
    assert_steps("<recv request='A'/>\n§stray", &[TEXT_IGNORED]);
    assert_steps(
        "<recv request='A' optional='true'/><recv request='B' timeout='§5'/>",
        &[TIMEOUT_NEVER_FIRES],
    );
    assert_steps("<recv request='A' optional='true' timeout='5'/><recv request='B'/>", &[]);
    assert_steps("<recv request='A' optional='true' timeout='5'/><recv request='B' timeout='5'/>", &[]);
    assert_steps(
        "<recv request='A' optional='true' timeout='5'/><recv request='B' optional='true'/><recv request='C' timeout='§5'/>",
        &[TIMEOUT_NEVER_FIRES],
    );
    assert_steps("<recv request='§\\d' regexp_match='true'/>", &[NOT_POSIX]);
    assert_steps(&actions("<ereg regexp='a§\\d+' assign_to='a,a'/>"), &[NOT_POSIX]);
    assert_steps("<recv request='A' regexp_match='§1'/>", &[VALUE_TAKEN_FOR]);
    assert_steps("<recv response='§200 OK'/>", &[VALUE_TAKEN_FOR]);
    assert_steps("<recv response='§abc'/>", &[VALUE_TAKEN_FOR]);
    assert_steps("<§recv/>", &[NO_EFFECT]);
    assert_steps("<recv request='A' §response='200'/>", &[NO_EFFECT]);
    assert_steps("<recv request='A' §test='v' §chance='1'/>", &[NO_EFFECT, NO_EFFECT]);
    assert_steps("<recv request='A' §condexec_inverse='true'/>", &[NO_EFFECT]);
    assert_steps("<recv response='200' §start_txn='a'/>", &[NO_EFFECT]);
    assert_steps("<recv request='A'><§foo/></recv>", &[ELEMENT_IGNORED]);
    assert_steps("<recv request='A'><action><§jump value='0'/></action></recv>", &[NO_EFFECT]);
    assert_steps("<recv request='A'><action/><§action/></recv>", &[ELEMENT_IGNORED]);
    assert_steps(&actions("<exec int_cmd='§stop'/>"), &[VALUE_TAKEN_FOR]);
    assert_steps(&actions("<exec command='a' §int_cmd='stop_now'/>"), &[NO_EFFECT]);
    assert_steps("<§ResponseTimeRepartition value='1'/><recv request='A' rtd='a'/>", &[NO_EFFECT]);
    assert_steps("<recv request='A'/><pause distribution='uniform' min='5' max='§1'/>", &[VALUE_TAKEN_FOR]);
    assert_steps("<recv request='A'/><CallLengthRepartition value='§10 20'/>", &[VALUE_TAKEN_FOR]);
}

#[test]
fn all_mistakes_are_found_in_one_run() {
    assert_steps(
        "<§sned/>\n<send §retran='1' next='§x' timeout='§1s'>\n<![CDATA[\nOPTIONS [§foo] [§bar]\n]]></send>\n\
         <recv response='200' start_rtd='§t'>\n<action><§lgo message='a'/><assign assign_to='§v' value='§z'/></action>\n\
         </recv><§Foo/>",
        &[
            UNKNOWN_ELEMENT,
            UNKNOWN_ATTRIBUTE,
            LABEL_UNDEFINED,
            BAD_INTEGER,
            UNKNOWN_KEYWORD,
            UNKNOWN_KEYWORD,
            TIMER_NEVER_STOPPED,
            UNKNOWN_ACTION,
            VARIABLE_ONCE,
            BAD_NUMBER,
            UNKNOWN_ELEMENT,
        ],
    );
}

#[test]
fn findings_are_limited() {
    let loaded = load_text(&scenario(&"<x/>".repeat(2000)), &Options::default());
    assert!(loaded.program.is_none());
    assert_eq!(loaded.diagnostics.len(), 501);
    assert_eq!(loaded.diagnostics[500].code, MORE_FINDINGS);
}

#[test]
fn more_dialogs_than_slots_are_an_error() {
    let steps = |last: u32| {
        let receives: String =
            (3..=last).map(|dialog| format!("<recv request='A' dialog='{dialog}'/>\n")).collect();
        scenario(&format!("{}{receives}", send("x").replace("<send", "<send dialog='2'")))
    };
    // Dialog 1 is always there.
    assert!(findings(&steps(65_536), &Options::default()).is_empty());
    let found = findings(&steps(65_537), &Options::default());
    assert_eq!(found.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), [TOO_MANY]);
}

#[test]
fn white_space_before_the_start_line_goes_but_a_no_break_space_stays() {
    let send =
        |before: &str| format!("<send><![CDATA[{before}OPTIONS sip:a SIP/2.0\n CSeq: 1 OPTIONS\n]]></send>");
    assert_steps(&send(" \t\r\n \t"), &[]);
    assert_steps(&send("\n\t§\u{a0}"), &[VALUE_TAKEN_FOR]);
}
