//! Options: what calls do, and when.

use busyhour_engine::settings::Behaviors;

use super::super::row::{Category, Row, Takes};
use super::super::values::Unit;
use super::super::words::{behaviors, call_id_type, circuits, duplicate_check, fill};
use super::works;

const ANY: (i64, i64) = (i64::MIN, i64::MAX);
// Retransmissions and sequence numbers stay far from any overflow.
const COUNT: (i64, i64) = (0, 1_000_000);

/// The rows. Their conversions keep the bounds, which fit into the target type.
pub(super) static ROWS: &[Row] = {
    use Category::*;
    use Takes::{Float, Integer, Nothing, Text, Time};
    &[
        works(
            &["d"],
            Time("TIME", Unit::Milliseconds, |o, v| o.pause_ms = Some(v)),
            Calls,
            "Length of pauses that have none of their own, in ms without a unit. Default 0.",
        ),
        works(
            &["s"],
            Text("USER", |o, v| fill(&mut o.service, v)),
            Calls,
            "What [service] stands for: the user part of the target's address. Default: service.",
        ),
        works(
            &["au"],
            Text("USER", |o, v| fill(&mut o.user_name, v)),
            Calls,
            "User name for digest authentication. Default: the value of -s.",
        ),
        works(
            &["ap"],
            Text("PASSWORD", |o, v| fill(&mut o.password, v)),
            Calls,
            "Password for it. Default: password.",
        ),
        works(
            &["auth_uri"],
            Text("URI", |o, v| fill(&mut o.auth_uri, v)),
            Calls,
            "URI for it, without sip:. Default: the target's address and port.",
        ),
        works(
            &["aa"],
            Nothing(|o| o.auto_answer = true),
            Calls,
            "Answer INFO, NOTIFY, OPTIONS and UPDATE that the scenario does not expect with 200.",
        ),
        works(
            &["default_behaviors"],
            Text("LIST", behaviors),
            Calls,
            "What happens without the scenario saying so. A list with commas of all, none, bye (release aborted \
             calls), abortunexp (an unexpected message ends its call), pingreply (answer PING), cseq (check the \
             ACK's). It starts from nothing; -X takes X away: all,-bye. Default: all.",
        ),
        works(
            &["nd"],
            Nothing(|o| o.behaviors = Some(Behaviors::NONE)),
            Calls,
            "The same as -default_behaviors none.",
        ),
        works(
            &["base_cseq"],
            Integer("N", (0, i32::MAX as i64), |o, v| o.base_cseq = Some(v as u32)),
            Calls,
            "First value of [cseq]. Default 1.",
        ),
        works(
            &["dynamicStart"],
            Integer("N", ANY, |o, v| o.dynamic_start = Some(v)),
            Calls,
            "First value of [dynamic_id], and the one after the last. Default 10000.",
        ),
        works(
            &["dynamicMax"],
            Integer("N", ANY, |o, v| o.dynamic_max = Some(v)),
            Calls,
            "Highest value of [dynamic_id]. Default 12000.",
        ),
        works(
            &["dynamicStep"],
            Integer("N", ANY, |o, v| o.dynamic_step = Some(v)),
            Calls,
            "How much it grows at each use. Default 4.",
        ),
        works(
            &["tdmmap"],
            Text("CIRCUITS", circuits),
            Calls,
            "Circuits for [tdmmap], like {0-3}{99}{5-8}{1-31}: three ranges around a fixed number. Each call has one, \
             shown as 0.99.5/1, and a call that finds none free fails.",
        ),
        works(
            &["cid_str"],
            Text("TEMPLATE", |o, v| fill(&mut o.call_id_template, v)),
            Calls,
            "Form of Call-IDs: %u call number, %p process, %s local address, %r random, %% percent sign. Default \
             %u-%p@%s.",
        ),
        works(
            &["cid_type"],
            Text("TYPE", call_id_type),
            Calls,
            "Kind of Call-IDs: default (by -cid_str), uuid, uuid-compact, random, timestamp.",
        ),
        works(
            &["callid_slash_ign"],
            Nothing(|o| o.keep_call_id_prefix = true),
            Calls,
            "Take Call-IDs whole, also what stands before ///.",
        ),
        works(
            &["pause_msg_ign"],
            Nothing(|o| o.ignore_messages_in_pause = true),
            Calls,
            "Drop messages that arrive while their call pauses.",
        ),
        works(
            &["deadcall_wait"],
            Time("TIME", Unit::Milliseconds, |o, v| o.dead_call_wait_ms = Some(v)),
            Calls,
            "How long the Call-ID of an ended call is remembered, in ms without a unit; 0: not at all. Default 33000.",
        ),
        works(
            &["rtcheck"],
            Text("HOW", duplicate_check),
            Calls,
            "What makes a received message a repeated one: full (equal bytes, the default) or loose (equal To, From, \
             Call-ID and CSeq, and for responses status line and body).",
        ),
        works(
            &["lost"],
            Float("PERCENT", 0.0, |o, v| o.lost_percent = Some(v)),
            Calls,
            "Lose this share of the scenario's messages on purpose, both ways.",
        ),
        works(
            &["recv_timeout"],
            Time("TIME", Unit::Milliseconds, |o, v| o.recv_timeout_ms = Some(v)),
            Timers,
            "A call that waits longer for a message fails, in ms without a unit. Default: no limit.",
        ),
        works(
            &["send_timeout"],
            Time("TIME", Unit::Milliseconds, |o, v| o.send_timeout_ms = Some(v)),
            Timers,
            "A call whose message can't be sent for so long fails, in ms without a unit. Default: no limit.",
        ),
        works(
            &["timeout"],
            Time("TIME", Unit::Seconds, |o, v| o.timeout_ms = Some(v)),
            Timers,
            "End the run after this time, in s without a unit; open calls are aborted. Default: no limit.",
        ),
        works(
            &["timeout_error"],
            Nothing(|o| o.timeout_is_error = true),
            Timers,
            "Reaching -timeout is an error: exit status 255.",
        ),
        works(
            &["nr"],
            Nothing(|o| o.no_retransmission = true),
            Timers,
            "Don't repeat requests over UDP and don't recognise repeated ones.",
        ),
        works(
            &["T2"],
            Time("TIME", Unit::Milliseconds, |o, v| o.t2_ms = Some(v)),
            Timers,
            "Longest gap between repeats of a request other than INVITE, in ms without a unit. Default 4000.",
        ),
        works(
            &["max_retrans"],
            Integer("N", COUNT, |o, v| o.retrans_max = Some(v as u32)),
            Timers,
            "Most repeats of any request; the smaller one of this and the next two counts. Default 9.",
        ),
        works(
            &["max_invite_retrans"],
            Integer("N", COUNT, |o, v| o.invite_retrans_max = Some(v as u32)),
            Timers,
            "Most repeats of an INVITE. Default 5.",
        ),
        works(
            &["max_non_invite_retrans"],
            Integer("N", COUNT, |o, v| o.non_invite_retrans_max = Some(v as u32)),
            Timers,
            "Most repeats of another message. Default 9.",
        ),
    ]
};
