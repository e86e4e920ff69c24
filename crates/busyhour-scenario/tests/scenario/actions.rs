//! Actions on injection files, credentials, destinations and commands, and those of media.

use busyhour_scenario::Options;
use busyhour_scenario::check::codes::*;
use busyhour_scenario::program::Action;
use busyhour_scenario::template::{Keyword, Piece, Template};

use crate::support::{actions, assert_findings, call, load_text, scenario, send};

/// A nop with these actions behind a send; its variables `a` and `b` are used elsewhere too.
fn steps(actions: &str) -> String {
    format!(
        "{}<nop><action><trim assign_to='a'/><trim assign_to='b'/></action></nop>\n<nop><action>{actions}</action></nop>\n\
         <Reference variables='a,b'/>",
        send("1")
    )
}

/// Asserts the codes of actions whose places are marked by `§`.
fn assert_actions(actions: &str, codes: &[&str]) {
    assert_findings(&scenario(&steps(actions)), codes, &Options::default());
}

fn message(actions: &str) -> String {
    let loaded = load_text(&scenario(&steps(actions)), &Options::default());
    loaded.diagnostics.into_iter().map(|finding| finding.message).collect()
}

fn literal(text: &str) -> Template {
    Template { pieces: vec![Piece::Literal(text.as_bytes().to_vec())] }
}

#[test]
fn injection_files_are_looked_up_and_changed() {
    let actions = actions(
        "<lookup assign_to='a' file='f' key='[$b]'/><insert file='[$a]' value='x;y'/>\
         <replace file='f' line='[$a]' value='z'/>",
    );
    let variable = |slot| Template { pieces: vec![Piece::Keyword(Keyword::Variable(call(slot)))] };
    assert!(
        matches!(&actions[0], Action::Lookup { to, file, key } if *to == call(0) && *file == literal("f") && *key == variable(1))
    );
    assert!(
        matches!(&actions[1], Action::Insert { file, value } if *file == variable(0) && *value == literal("x;y"))
    );
    assert!(
        matches!(&actions[2], Action::Replace { file, line, value } if *file == literal("f") && *line == variable(0) && *value == literal("z"))
    );
    for incomplete in [
        "<§lookup assign_to='a' file='f'/>",
        "<§lookup assign_to='a' key='f'/>",
        "<§lookup file='a' key='f'/>",
        "<§insert file='f'/>",
        "<§insert value='f'/>",
        "<§replace file='f' line='1'/>",
        "<§replace file='f' value='1'/>",
        "<§replace line='f' value='1'/>",
    ] {
        assert_actions(incomplete, &[MISSING_ATTRIBUTE]);
    }
    assert_actions("<lookup assign_to='§a,b' file='f' key='k'/>", &[BAD_NAME]);
}

#[test]
fn texts_are_encoded_in_place() {
    let actions = actions("<urlencode variable='a'/><urldecode variable='b'/>");
    assert!(matches!(&actions[0], Action::UrlEncode(variable) if *variable == call(0)));
    assert!(matches!(&actions[1], Action::UrlDecode(variable) if *variable == call(1)));
    assert_actions("<§urlencode §assign_to='a'/>", &[MISSING_ATTRIBUTE, UNKNOWN_ATTRIBUTE]);
}

#[test]
fn credentials_are_verified() {
    let actions = actions("<verifyauth assign_to='a' username='joe' password='[$b]'/>");
    assert!(
        matches!(&actions[0], Action::VerifyAuth { to, username, password } if *to == call(0) && *username == literal("joe") && password.pieces.len() == 1)
    );
    assert_actions("<§verifyauth assign_to='a' username='u'/>", &[MISSING_ATTRIBUTE]);
    assert_actions("<§verifyauth assign_to='a' password='u'/>", &[MISSING_ATTRIBUTE]);
    assert_actions("<§verifyauth username='u' password='u'/>", &[MISSING_ATTRIBUTE]);
}

#[test]
fn destinations_are_set_and_connections_closed() {
    let actions = actions("<setdest host='[$a]' port='5060' protocol='UDP'/><closecon/>");
    assert!(
        matches!(&actions[0], Action::SetDestination { host, port, protocol } if host.pieces.len() == 1 && *port == literal("5060") && *protocol == literal("UDP"))
    );
    assert!(matches!(&actions[1], Action::CloseConnection));
    assert_actions("<setdest host='a' port='[$a]' protocol='[$b]'/>", &[]);
    assert_actions("<§setdest host='a' port='1'/>", &[MISSING_ATTRIBUTE]);
    assert_actions("<setdest host='a' port='1' protocol='§Udp'/>", &[BAD_VALUE]);
    assert_actions("<setdest host='a' port='§10x' protocol='udp'/>", &[BAD_VALUE]);
    assert_actions("<setdest host='a' port='§65536' protocol='udp'/>", &[BAD_VALUE]);
}

#[test]
fn the_first_attribute_of_exec_counts() {
    let first = |attributes: &str| {
        let loaded = load_text(&scenario(&steps(&format!("<exec {attributes}/>"))), &Options::default());
        format!("{:?}", loaded.program.unwrap().steps.pop().unwrap().actions[0])
    };
    assert!(first("verify='a'").starts_with("ExecVerify"));
    assert!(first("verify='a' command='b'").starts_with("ExecCommand"));
    assert!(first("int_cmd='stop_now' verify='b'").starts_with("ExecVerify"));
    assert!(first("play_dtmf='1' int_cmd='stop_now'").starts_with("ExecInternal"));
    assert!(first("play_pcap_text='1' play_pcap_video='2'").contains("play_pcap_video"));
    assert!(first("rtp_echo='startaudio' rtp_stream='a'").contains("rtp_stream"));
    assert_actions("<exec verify='a' §rtp_stream='pause'/>", &[NO_EFFECT]);
    assert_actions("<exec command='a' §timeout='5'/>", &[NO_EFFECT]);
    assert_actions("<§exec timeout='5'/>", &[UNKNOWN_ACTION]);
}

#[test]
fn lua_is_refused() {
    assert_actions("<exec §lua='f'/>", &[NOT_AVAILABLE]);
    let loaded = load_text(&scenario(&steps("<exec lua='f'/>")), &Options::default());
    assert!(loaded.diagnostics[0].help.contains("exec verify"));
}

#[test]
fn media_actions_load() {
    for (action, name) in [
        ("<exec play_pcap_audio='a.pcap'/>", "exec play_pcap_audio"),
        ("<exec play_pcap_image='a.pcap'/>", "exec play_pcap_image"),
        ("<exec play_pcap_video='a[pid].pcap'/>", "exec play_pcap_video"),
        ("<exec play_pcap_text='a.pcap'/>", "exec play_pcap_text"),
        ("<exec play_dtmf='12'/>", "exec play_dtmf"),
        ("<exec play_dtmf='12x, 0200,127'/>", "exec play_dtmf"),
        ("<exec play_dtmf='12,,'/>", "exec play_dtmf"),
        ("<exec play_dtmf='[$a],20'/>", "exec play_dtmf"),
        ("<exec rtp_stream='a.raw'/>", "exec rtp_stream"),
        ("<exec rtp_stream='a.raw, -1,0,PCMU/8000,x'/>", "exec rtp_stream"),
        ("<exec rtp_stream='a.raw,1,13,CN'/>", "exec rtp_stream"),
        ("<exec rtp_stream='a.raw,1,96,iLBC/8000'/>", "exec rtp_stream"),
        ("<exec rtp_stream='[$a],x,3'/>", "exec rtp_stream"),
        ("<exec rtp_stream='pause'/>", "exec rtp_stream"),
        ("<exec rtp_stream='resumevpattern'/>", "exec rtp_stream"),
        ("<exec rtp_stream='apattern'/>", "exec rtp_stream"),
        ("<exec rtp_stream='vpattern,6,96,H264/90000'/>", "exec rtp_stream"),
        ("<exec rtp_stream='wait' timeout='0x10'/>", "exec rtp_stream"),
        ("<exec rtp_echo='startaudio'/>", "exec rtp_echo"),
        ("<exec rtp_echo='updatevideo,96,H264/90000'/>", "exec rtp_echo"),
        ("<exec rtp_echo='stopaudio,0,PCMU'/>", "exec rtp_echo"),
        ("<rtp_echo value='1'/>", "rtp_echo"),
        ("<rtp_echo variable='a'/>", "rtp_echo"),
        ("<rtp_stats assign_to='a,b,a' media='video'/>", "rtp_stats"),
        ("<rtp_dtmf assign_to='a' payload_type='0x60'/>", "rtp_dtmf"),
    ] {
        assert!(
            matches!(&actions(action)[..], [Action::NotAvailable { name: found }] if found == name),
            "{action}"
        );
    }
}

#[test]
fn captures_may_be_named_by_a_key() {
    assert_actions("<exec play_pcap_audio='§[file]'/>", &[BAD_VALUE]);
    assert_actions("<exec §play_pcap_audio=''/>", &[BAD_VALUE]);
    assert!(
        message("<exec play_pcap_audio='[field0]'/>")
            .contains("play_pcap_audio \"[field0]\" looks like a keyword value, but keyword not supplied!")
    );
    let options = Options { keys: vec![("file".to_owned(), "a.pcap".to_owned())], ..Options::default() };
    assert_findings(&scenario(&steps("<exec play_pcap_audio='[file]'/>")), &[], &options);
}

#[test]
fn media_actions_are_checked() {
    for (action, phrase) in [
        ("<exec play_dtmf='§xyz'/>", "no digit to send"),
        ("<exec play_dtmf='§,200'/>", "no digit to send"),
        ("<exec play_dtmf='§12,49'/>", "the tone length is not 50 to 2000 ms"),
        ("<exec play_dtmf='§12,2001'/>", "the tone length"),
        ("<exec play_dtmf='§12,200 '/>", "the tone length"),
        ("<exec play_dtmf='§12,0x64'/>", "the tone length"),
        ("<exec play_dtmf='§12,200,128'/>", "the payload type is not 0 to 127"),
        ("<exec play_dtmf='§12,200,96,1'/>", "the payload type"),
        ("<exec §rtp_stream=''/>", "it names no file"),
        ("<exec rtp_stream='§a.raw,1,0,PCMU'/>", "cannot set playback parameters"),
        ("<exec rtp_stream='§a.raw,1,3'/>", "Missing mandatory payload_name parameter in rtp_stream action"),
        ("<exec rtp_stream='§a.raw,1,3,GSM/8000'/>", "Unknown static rtp payload type 3"),
        ("<exec rtp_stream='§a.raw,1,96,foo'/>", "Unknown dynamic rtp payload type 96"),
        ("<exec rtp_stream='§a.raw,1,128,foo'/>", "Invalid rtp payload type 128"),
        ("<exec rtp_stream='§apattern,7'/>", "there is no pattern 7"),
        ("<exec rtp_stream='wait' timeout='§-1'/>", "rtp_stream wait timeout must not be negative"),
        ("<exec rtp_echo='§foo'/>", "unknown action"),
        ("<exec rtp_echo='§startaudio,96'/>", "Missing mandatory payload_name parameter in rtp_echo action"),
        ("<rtp_stats assign_to='§a,b,a,b'/>", "rtp_stats assigns one to three variables"),
        ("<rtp_stats assign_to='a' media='§text'/>", "media"),
        (
            "<rtp_dtmf assign_to='a' payload_type='§128'/>",
            "rtp_dtmf payload_type must be from 0 to 127, not 128",
        ),
    ] {
        assert_actions(action, &[BAD_VALUE]);
        let found = message(&action.replace('§', ""));
        assert!(found.contains(phrase), "{action}: {found}");
    }
    for action in [
        "<exec rtp_stream='§a.raw,x'/>",
        "<exec rtp_stream='§a.raw,1,x'/>",
        "<exec rtp_stream='§apattern,x'/>",
        "<exec rtp_stream='wait' timeout='§x'/>",
        "<exec rtp_echo='§startaudio,[$a]'/>",
        "<rtp_dtmf assign_to='a' payload_type='§x'/>",
    ] {
        let codes: &[&str] = &[BAD_INTEGER];
        // The variable in a text that is read literally is no mention.
        assert_actions(action, codes);
    }
    assert_actions("<§rtp_echo/>", &[MISSING_ATTRIBUTE]);
    assert_actions("<rtp_echo value='1' §variable='a'/>", &[EXCLUSIVE_ATTRIBUTES]);
    assert_actions("<rtp_echo value='§x'/>", &[BAD_NUMBER]);
    assert_actions("<§rtp_stats/>", &[MISSING_ATTRIBUTE]);
    assert_actions("<§rtp_dtmf/>", &[MISSING_ATTRIBUTE]);
    assert_actions("<rtp_dtmf assign_to='§a,b'/>", &[BAD_NAME]);
    assert_actions("<exec rtp_stream='[§foo]'/>", &[UNKNOWN_KEYWORD]);
}

#[test]
fn a_bad_number_of_media_says_what_is_wrong_with_it() {
    for (action, help) in [
        ("<exec rtp_stream='a.raw,x'/>", "write a whole number"),
        ("<exec rtp_stream='a.raw,1 ,0'/>", "remove the blank behind the number"),
        ("<exec rtp_echo='startaudio,'/>", "nothing stands there"),
        ("<exec rtp_stream='apattern,one'/>", "write a whole number"),
    ] {
        let steps = format!("{}<nop><action>{action}</action></nop>", send("1"));
        let loaded = load_text(&scenario(&steps), &Options::default());
        assert!(loaded.diagnostics[0].help.starts_with(help), "{action}: {:?}", loaded.diagnostics);
    }
}
