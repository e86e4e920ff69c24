//! Named transactions of clients and servers, dialogs and commands.

use busyhour_scenario::Options;
use busyhour_scenario::check::codes::*;
use busyhour_scenario::program::{FirstCommand, Optional, Role, StepKind, Transaction};
use busyhour_scenario::template::Piece;

use crate::support::{assert_findings, load_text, program, recv_of, scenario, send, send_of};

fn sent(start_line: &str, attributes: &str) -> String {
    format!("<send {attributes}><![CDATA[{start_line}]]></send>\n")
}

fn request(method: &str, attributes: &str) -> String {
    sent(&format!("{method} sip:a SIP/2.0"), attributes)
}

fn response(attributes: &str) -> String {
    sent("SIP/2.0 200 OK", attributes)
}

fn assert_steps(parts: &[&str], codes: &[&str]) {
    assert_findings(&scenario(&parts.concat()), codes, &Options::default());
}

fn messages(parts: &[&str]) -> Vec<String> {
    let text = scenario(&parts.concat()).replace('§', "");
    load_text(&text, &Options::default()).diagnostics.into_iter().map(|finding| finding.message).collect()
}

#[test]
fn a_received_request_starts_a_server_transaction() {
    let program = program(
        &[
            "<recv request='INVITE' start_txn='i'/>\n<recv request='INFO' start_txn='j'/>\n",
            &response("response_txn='j'"),
            &response("response_txn='i'"),
        ]
        .concat(),
    );
    let transaction = |index: usize| {
        let Transaction { name, invite, server } = &program.transactions[index];
        (name.as_str(), *invite, *server)
    };
    assert_eq!((transaction(0), transaction(1)), (("i", true, true), ("j", false, true)));
    assert_eq!(recv_of(&program, 0).start_transaction, Some(0));
    assert_eq!(recv_of(&program, 1).start_transaction, Some(1));
    assert_eq!(send_of(&program, 2).response_transaction, Some(1));
    assert_eq!(send_of(&program, 3).response_transaction, Some(0));
}

#[test]
fn several_receives_may_start_the_same_one() {
    assert_steps(
        &[
            "<recv request='A' start_txn='i'/><recv request='B' start_txn='i'/>",
            &response("response_txn='i'"),
        ],
        &[],
    );
    // SIPp reads the file from top to bottom, but does not mind the order.
    assert_steps(&[&response("response_txn='i'"), "<recv request='A' start_txn='i'/>"], &[]);
}

#[test]
fn an_invite_is_known_whatever_names_the_transaction_first() {
    let program = program(
        &[
            "<recv response='200' response_txn='i'/>",
            &request("INVITE", "start_txn='i'"),
            &request("ACK", "ack_txn='i'"),
        ]
        .concat(),
    );
    assert!(program.transactions[0].invite && !program.transactions[0].server);
    // SIPp does not know it then, and misses no ACK.
    assert_steps(&["<recv response='200' response_txn='i'/>", &request("INVITE", "start_txn='i'")], &[]);
}

#[test]
fn transactions_are_whole() {
    let a = "<recv request='A' start_txn='§i'/>";
    let b = "<recv request='A' start_txn='i'/>";
    for (parts, phrase) in [
        (&[a][..], "Transaction i has no responses defined!"),
        (&[&response("response_txn='§i'")], "Transaction i is never started!"),
        (
            &[&request("BYE", "start_txn='i'"), &response("response_txn='§i'")],
            "Transaction i is started by a sent request: it takes no sent responses!",
        ),
        (
            &[b, &response("response_txn='i'"), &request("ACK", "ack_txn='§i'")],
            "Transaction i is started by a received request: it takes no received responses or ACK!",
        ),
        (
            &[b, &response("response_txn='i'"), "<recv response='200' response_txn='§i'/>"],
            "Transaction i is started by a received request: it takes no received responses or ACK!",
        ),
        (
            &[a, &request("BYE", "start_txn='i'"), &response("response_txn='i'")],
            "Transaction i is started by both a sent and a received message",
        ),
    ] {
        assert_steps(parts, &[TRANSACTION]);
        assert_eq!(messages(parts), [phrase]);
    }
}

#[test]
fn attributes_of_transactions_have_their_places() {
    for (parts, code, phrase) in [
        (
            &[&request("INVITE", "§response_txn='i'")[..]][..],
            MISPLACED_ATTRIBUTE,
            "response_txn can only be used for received responses or sent responses.",
        ),
        (
            &["<recv request='A' §response_txn='i'/>"],
            MISPLACED_ATTRIBUTE,
            "response_txn can only be used for received responses.",
        ),
        (&[&response("§start_txn='i'")], MISPLACED_ATTRIBUTE, "Responses can not start a transaction"),
        (
            &[&request("ACK", "§start_txn='i'")],
            MISPLACED_ATTRIBUTE,
            "An ACK message can not start a transaction!",
        ),
        (
            &[&request("BYE", "§ack_txn='i'")],
            MISPLACED_ATTRIBUTE,
            "The ack_txn attribute is valid only for ACK messages!",
        ),
        (&["<recv request='A' start_txn='§a,b'/>"], BAD_NAME, "'a,b'"),
        (&["<recv request='A' §start_txn=''/>"], BAD_NAME, "''"),
        (&["<recv response='200' §start_txn='a'/>"], NO_EFFECT, "has no effect"),
    ] {
        assert_steps(parts, &[code]);
        let found = messages(parts).concat();
        assert!(found.contains(phrase), "{found}");
    }
}

#[test]
fn dialogs_are_numbered_from_one() {
    let program = program(
        &[
            "<pause/><recv request='A' dialog='7'/>",
            "<recv request='A'/>",
            "<recv request='A' dialog='0x7'/>",
            "<recv request='A' dialog='1'/>",
            &sent("SIP/2.0 200 OK", "dialog='100000'"),
        ]
        .concat(),
    );
    assert_eq!(program.dialogs, [1, 7, 100_000]);
    let slots: Vec<u16> = program.steps.iter().map(|step| step.dialog).collect();
    assert_eq!(slots, [0, 1, 0, 1, 0, 2]);
}

#[test]
fn a_call_begins_in_dialog_1() {
    assert_steps(&["<recv request='A' dialog='§2'/>"], &[BAD_VALUE]);
    assert_steps(&["<recv request='A' optional='true'/><recv request='B' dialog='2'/>"], &[]);
    assert_steps(&[&sent("A b", "dialog='2'")], &[]);
}

#[test]
fn other_steps_see_the_first_dialog() {
    let loaded = load_text(&scenario(&format!("<nop dialog='x'/>{}", send("1"))), &Options::default());
    assert_eq!(
        loaded.diagnostics.iter().map(|finding| finding.code).collect::<Vec<_>>(),
        [UNKNOWN_ATTRIBUTE]
    );
    assert_eq!(loaded.program.unwrap().steps[0].dialog, 0);
}

#[test]
fn commands_have_a_peer_and_no_final_line_end() {
    let program = program(
        "<recvCmd src='m' optional='true'/><recvCmd src='n'/>\
         <sendCmd dest='s'><![CDATA[\n  Call-ID: [call_id]\n\n  body\n ]]></sendCmd>",
    );
    let StepKind::RecvCmd(received) = &program.steps[0].kind else { panic!() };
    assert_eq!((received.source.as_deref(), received.optional), (Some("m"), Optional::Yes));
    let StepKind::SendCmd(sent) = &program.steps[2].kind else { panic!() };
    assert_eq!(sent.destination.as_deref(), Some("s"));
    assert_eq!(sent.template.pieces[2], Piece::Literal(b"\r\n\r\nbody".to_vec()));
    assert_eq!(program.first_command, Some(FirstCommand::Received));
    assert_eq!((program.creation, program.sending), (Role::Server, Role::Server));
}

#[test]
fn commands_are_checked() {
    assert_steps(&["<recv request='A'/><§sendCmd/>"], &[NO_CDATA]);
    assert_steps(&["<recv request='A'/><recvCmd optional='§x'/>"], &[BAD_VALUE]);
    assert_steps(&["<recv request='A'/><recvCmd optional='true'/><§nop/>"], &[OPTIONAL_BEFORE]);
    assert_steps(&["<recv request='A' optional='true'/><recvCmd/>"], &[]);
}

#[test]
fn repeating_needs_a_stopped_timer() {
    assert_steps(&["<recv request='A' rtd='false' §repeat_rtd='true'/>"], &[MISPLACED_ATTRIBUTE]);
    assert_steps(&["<recv request='A' rtd='a' repeat_rtd='true'/>"], &[]);
}
