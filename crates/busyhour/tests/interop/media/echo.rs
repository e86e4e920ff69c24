//! Echoes and patterns (`rtpcheck`) between SIPp and us, in both roles.

use super::call::{Side, exec, pause};
use super::stage::{Part, Played, Stage};
use crate::peers::{Counts, Tool};
use Tool::{Busyhour, Sipp38};

/// Exit code of a program whose pattern did not come back.
const NOT_ECHOED: i32 = 253;
const CALLS: u64 = 3;

/// A caller that sends a pattern for a second and a half.
fn pattern(tool: Tool, port: &str) -> Part {
    let steps = [exec("rtp_stream", "apattern,3,8,PCMA/8000"), pause(1500)];
    let side = Side {
        media: "RTP/AVP 8".to_owned(),
        attributes: Vec::new(),
        port: port.to_owned(),
        ..Side::that(&[&steps.concat()])
    };
    Part::new(tool, side.caller(), "-r 10")
}

/// A callee that sends back what comes, for as long as the call lasts, or does nothing.
fn echo_of_the_call(tool: Tool, echoes: bool) -> Part {
    let side = if echoes {
        Side::that(&[&exec("rtp_echo", "startaudio,8,PCMA/8000")])
            .at_the_end(&[&exec("rtp_echo", "stopaudio,8,PCMA/8000")])
    } else {
        Side::default()
    };
    let side = Side { media: "RTP/AVP 8".to_owned(), attributes: Vec::new(), ..side };
    Part::new(tool, side.callee(), "")
}

fn play(caller: Part, callee: Part) -> Played {
    Stage::with(&[]).play(&caller, &callee, CALLS)
}

/// That the caller's patterns came back.
fn assert_echoed(played: &Played) {
    played.assert_well(CALLS);
}

/// That the caller says that they did not, though its calls went well.
fn assert_not_echoed(played: &Played) {
    let expected = Counts { exit: NOT_ECHOED, ..Counts::all_well(CALLS) };
    assert_eq!(played.caller.counts, expected, "{}", played.logs);
    assert_eq!(played.callee.counts, Counts::all_well(CALLS), "{}", played.logs);
}

const OWN_PORT: &str = "[rtpstream_audio_port]";

/// A test of each pair of programs.
macro_rules! pairs {
    ($($name:ident: $caller:expr, $callee:expr;)+) => {$(
        mod $name {
            use super::*;

            #[test]
            fn process_echoes() {
                let callee = Part::named($callee, "uas", "-rtp_echo");
                assert_echoed(&play(pattern($caller, OWN_PORT), callee));
            }

            #[test]
            fn call_echoes() {
                assert_echoed(&play(pattern($caller, OWN_PORT), echo_of_the_call($callee, true)));
            }

            #[test]
            fn nothing_echoes() {
                assert_not_echoed(&play(pattern($caller, OWN_PORT), echo_of_the_call($callee, false)));
            }
        }
    )+};
}

pairs! {
    ours_to_sipp: Busyhour, Sipp38;
    sipp_to_ours: Sipp38, Busyhour;
    ours_to_ours: Busyhour, Busyhour;
}
