//! Digits between SIPp and us.

use super::call::{Side, exec, log_digits, pause};
use super::stage::{Part, Stage};
use crate::peers::Tool;
use Tool::{Busyhour, Sipp38};

const DIGITS: &str = "0123456789*#ABCD";

/// The caller plays digits; the callee, which listens as SIPp can, writes down what it heard.
fn check(caller: Tool, callee: Tool, steps: &[String], payload_type: u8, expected: &str, examples: &[&str]) {
    let stage = Stage::with(examples);
    let calling = Side { steps: steps.concat(), ..Side::default() };
    let listening = Side::default().at_the_end(&[&log_digits(payload_type)]);
    let caller = Part::new(caller, calling.caller(), "");
    let callee = Part::new(callee, listening.callee(), "");
    let played = stage.play(&caller, &callee, 1);
    played.assert_well(1);
    assert_eq!(played.callee.logged, [format!("digits {expected}")], "{}", played.logs);
}

fn played(arguments: &str) -> [String; 2] {
    [exec("play_dtmf", &format!("{DIGITS},{arguments}")), pause(3600)]
}

#[test]
fn ours_are_heard_by_sipp() {
    check(Busyhour, Sipp38, &played("80,101"), 101, DIGITS, &[]);
}

#[test]
fn sipps_are_heard_by_us() {
    check(Sipp38, Busyhour, &played("80,101"), 101, DIGITS, &[]);
}

#[test]
fn ours_of_the_default_type_are_heard_by_sipp() {
    check(Busyhour, Sipp38, &played("80"), 96, DIGITS, &[]);
}

#[test]
fn sipps_of_the_default_type_are_heard_by_us() {
    check(Sipp38, Busyhour, &played("80"), 96, DIGITS, &[]);
}

#[test]
fn plays_one_after_the_other_are_heard_by_sipp() {
    check(Busyhour, Sipp38, &twice(), 101, "1212", &[]);
}

#[test]
fn plays_of_sipp_one_after_the_other_are_heard() {
    check(Sipp38, Busyhour, &twice(), 101, "1212", &[]);
}

/// The same digits in two plays.
fn twice() -> [String; 4] {
    let play = || exec("play_dtmf", "12,80,101");
    [play(), pause(1200), play(), pause(1200)]
}

#[test]
fn a_digit_played_twice_as_one_stream_is_heard_twice_by_sipp() {
    let play = |name: &str| exec("play_dyn_pcap_audio", name);
    let steps = [
        play("dtmf_2833_1.pcap"),
        pause(500),
        play("dtmf_2833_1.pcap"),
        pause(500),
        play("dtmf_2833_5.pcap"),
        pause(600),
    ];
    check(Busyhour, Sipp38, &steps, 101, "115", &["dtmf_2833_1.pcap", "dtmf_2833_5.pcap"]);
}
