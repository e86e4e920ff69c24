//! Actions on injection files, credentials, destinations and commands.

use busyhour_scenario::Options;
use busyhour_scenario::check::codes::*;
use busyhour_scenario::program::Action;
use busyhour_scenario::template::Keyword;

use crate::support::{actions, assert_actions, call, literal, load_text, of, scenario, steps};

#[test]
fn injection_files_are_looked_up_and_changed() {
    let actions = actions(
        "<lookup assign_to='a' file='f' key='[$b]'/><insert file='[$a]' value='x;y'/>\
         <replace file='f' line='[$a]' value='z'/>",
    );
    let variable = |slot| of(Keyword::Variable(call(slot)));
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
    assert!(first("play_pcap_text='1' play_pcap_video='2'").contains("medium: Video"));
    assert!(first("rtp_echo='startaudio' rtp_stream='a'").starts_with("Media(Stream("));
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
