//! SRTP with keys from SDP between SIPp and us, in both roles: patterns come back only if both ends
//! understand each other.

use super::call::{Side, claim, exec, pause};
use super::stage::{Part, Stage};
use crate::peers::Tool;
use Tool::{Busyhour, Sipp38};

const CALLS: u64 = 2;

/// Crypto lines of a side: the suite in keywords, first and second.
type Suites = &'static [&'static str];

/// A line `a=crypto` of the side's own key.
fn crypto(suites: Suites) -> Vec<String> {
    let line = |(position, suite): (usize, &&str)| {
        let n = position + 1;
        format!("a=crypto:[cryptotag{n}audio] [cryptosuite{suite}{n}audio] inline:[cryptokeyparams{n}audio]")
    };
    suites.iter().enumerate().map(line).collect()
}

fn side(suites: Suites, steps: &[&str]) -> Side {
    Side { media: "RTP/SAVP 8".to_owned(), attributes: crypto(suites), ..Side::that(steps) }
}

/// A caller sends patterns under the offered suites to a callee that sends them back under the answered ones.
fn check(caller: Tool, callee: Tool, offered: Suites, answered: Suites) {
    let mut steps = vec![exec("rtp_stream", "apattern,2,8,PCMA/8000"), pause(1500)];
    if caller == Busyhour {
        // Of 75, less those that a peer that has just been kept waiting still owes.
        steps.push(claim("packets > 25, loss == 0%"));
    }
    let calling = side(offered, &[&steps.concat()]);
    let answering = side(answered, &[&exec("rtp_echo", "startaudio,8,PCMA/8000")])
        .at_the_end(&[&exec("rtp_echo", "stopaudio,8,PCMA/8000")]);
    let caller = Part::new(caller, calling.caller(), "-r 10");
    let callee = Part::new(callee, answering.callee(), "");
    Stage::with(&[]).play(&caller, &callee, CALLS).assert_well(CALLS);
}

/// A test of each suite with each pair of programs.
macro_rules! suites {
    ($($name:ident: $offered:expr, $answered:expr;)+) => {$(
        mod $name {
            use super::*;

            #[test]
            fn ours_to_sipp() {
                check(Busyhour, Sipp38, $offered, $answered);
            }

            #[test]
            fn sipp_to_ours() {
                check(Sipp38, Busyhour, $offered, $answered);
            }

            #[test]
            fn ours_to_ours() {
                check(Busyhour, Busyhour, $offered, $answered);
            }
        }
    )+};
}

suites! {
    aes_128_80: &["aescm128sha180"], &["aescm128sha180"];
    aes_128_32: &["aescm128sha132"], &["aescm128sha132"];
    aes_192_80: &["aescm192sha180"], &["aescm192sha180"];
    aes_256_80: &["aescm256sha180"], &["aescm256sha180"];
    null_80: &["nullsha180"], &["nullsha180"];
    second_of_two_offered: &["aescm192sha132", "aescm128sha132"], &["aescm128sha132"];
}
