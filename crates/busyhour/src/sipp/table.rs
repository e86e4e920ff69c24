//! SIPp's options that work here, one row each, in the order of the help.

use busyhour_engine::settings::Behaviors;

use super::injection;
use super::later::LATER;
use super::options::ScenarioChoice;
use super::row::{Category, Row, Status, Takes};
use super::third_party;
use super::values::Unit;
use super::words::{
    behaviors, call_id_type, choose, circuits, compat, duplicate_check, file, fill, transport,
};

/// All options.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    HERE.iter().chain(third_party::ROWS).chain(LATER)
}

/// The option of this name, without dashes.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    all().find(|row| row.names.contains(&name))
}

const fn works(names: &'static [&'static str], takes: Takes, category: Category, help: &'static str) -> Row {
    Row { names, takes, category, status: Status::Works, help }
}

const U32: (i64, i64) = (0, u32::MAX as i64);
const U63: (i64, i64) = (0, i64::MAX);
const ANY: (i64, i64) = (i64::MIN, i64::MAX);
// Retransmissions and sequence numbers stay far from any overflow.
const COUNT: (i64, i64) = (0, 1_000_000);

const MAIN: [&str; 2] = ["-sf", "-sn"];
const RECEIVED: [&str; 2] = ["-rxsf", "-rxsn"];
const OUT_OF_CALL: [&str; 2] = ["-oocsf", "-oocsn"];

// Conversions below keep the row's bounds, which fit into the target type.
static HERE: &[Row] = {
    use Category::*;
    use Takes::*;
    &[
        works(
            &["sf"],
            Text("FILE", |o, v| choose(&mut o.scenario, ScenarioChoice::File(v.into()), MAIN)),
            Scenario,
            "Play the scenario in FILE.",
        ),
        works(
            &["sn"],
            Text("NAME", |o, v| choose(&mut o.scenario, ScenarioChoice::Embedded(v.to_owned()), MAIN)),
            Scenario,
            "Play an embedded scenario: uac (the default), uas, regexp, branchc, branchs, uac_pcap, 3pcc-A, 3pcc-B, \
             3pcc-C-A, 3pcc-C-B, ooc_default, ooc_dummy.",
        ),
        works(
            &["rxsf"],
            Text("FILE", |o, v| choose(&mut o.received, ScenarioChoice::File(v.into()), RECEIVED)),
            Scenario,
            "Take calls too, and play the scenario in FILE for each. The main scenario places calls; -m, -l and the \
             statistics file are about those. The exit status is about both.",
        ),
        works(
            &["rxsn"],
            Text("NAME", |o, v| choose(&mut o.received, ScenarioChoice::Embedded(v.to_owned()), RECEIVED)),
            Scenario,
            "The same with an embedded scenario, like uas.",
        ),
        works(
            &["oocsf"],
            Text("FILE", |o, v| choose(&mut o.out_of_call, ScenarioChoice::File(v.into()), OUT_OF_CALL)),
            Scenario,
            "Play the scenario in FILE for each request that belongs to no call. The main scenario places calls.",
        ),
        works(
            &["oocsn"],
            Text("NAME", |o, v| {
                choose(&mut o.out_of_call, ScenarioChoice::Embedded(v.to_owned()), OUT_OF_CALL)
            }),
            Scenario,
            "The same with an embedded scenario: ooc_default answers 200.",
        ),
        works(&["sd"], Words("NAME", 1), Scenario, "Print an embedded scenario and exit."),
        works(
            &["key"],
            Pair("NAME VALUE", |o, k, v| o.keys.push((k.into(), v.into()))),
            Scenario,
            "Let [NAME] in messages stand for VALUE. May be given several times.",
        ),
        works(
            &["set"],
            Pair("NAME VALUE", |o, k, v| o.globals.push((k.into(), v.into()))),
            Scenario,
            "Set the global variable NAME, which the scenario must declare, to the text VALUE.",
        ),
        works(
            &["r"],
            Float("RATE", 0.0, |o, v| o.rate = Some(v)),
            Rate,
            "Calls to start per period (see -rp). Default 10. Fractions are fine.",
        ),
        works(
            &["rp"],
            Time("TIME", Unit::Milliseconds, |o, v| o.rate_period_ms = Some(v)),
            Rate,
            "Length of that period, in ms without a unit. Default 1000: -r is then in calls per second.",
        ),
        works(
            &["m"],
            Integer("CALLS", U63, |o, v| o.calls_max = Some(v as u64)),
            Rate,
            "Stop when this many calls were started and all of them have ended.",
        ),
        works(
            &["m_csv"],
            Nothing(|o| o.calls_by_file = true),
            Rate,
            "Like -m, with the number of lines of the first -inf file.",
        ),
        works(
            &["l"],
            Integer("CALLS", U63, |o, v| o.limit = Some(v as u64)),
            Rate,
            "Most calls open at a time. A call that is due beyond it is skipped and counted. Default: three times \
             what the rate and the scenario's pauses need.",
        ),
        works(
            &["users"],
            Integer("N", U32, |o, v| o.users = Some(v as u32)),
            Rate,
            "Instead of a rate: N users, each of which starts a new call when its last one has ended. With -r, that \
             rate limits the starts.",
        ),
        works(
            &["rate_increase"],
            Integer("CALLS", ANY, |o, v| o.rate_increase = Some(v)),
            Rate,
            "Add so much to the rate after each interval (see -rate_interval).",
        ),
        works(
            &["rate_interval"],
            Time("TIME", Unit::Seconds, |o, v| o.rate_interval_ms = Some(v)),
            Rate,
            "Interval of -rate_increase, in s without a unit. Default: the value of -fd.",
        ),
        works(
            &["rate_max"],
            Integer("CALLS", U63, |o, v| o.rate_max = Some(v)),
            Rate,
            "Highest rate that -rate_increase reaches. The run ends when the rate would pass it.",
        ),
        works(
            &["no_rate_quit"],
            Nothing(|o| o.no_rate_quit = true),
            Rate,
            "Stay at -rate_max instead of ending the run.",
        ),
        works(
            &["t"],
            Text("MODE", transport),
            Network,
            "u1: UDP, one port for all calls (default). un: UDP, a socket for each call. t1: TCP, one connection. \
             tn: TCP, a connection for each call.",
        ),
        works(
            &["i"],
            Text("ADDRESS", |o, v| fill(&mut o.local_ip, v)),
            Network,
            "Local address: bound, and written into messages. Default: the one that the route to the target has.",
        ),
        works(
            &["p"],
            Integer("PORT", (0, 65_535), |o, v| o.port = Some(v as u16)),
            Network,
            "Local port. Default: the first free one from 5060 to 5119, else any.",
        ),
        works(
            &["bind_local"],
            Nothing(|o| o.bind_local = true),
            Network,
            "Bind to the detected local address too, not to all addresses.",
        ),
        works(
            &["rsa"],
            Text("HOST[:PORT]", |o, v| fill(&mut o.send_to, v)),
            Network,
            "Send everything to this address instead of the target, which stays in the messages.",
        ),
        works(
            &["max_socket"],
            Integer("N", (1, 4_000_000), |o, v| o.sockets_max = Some(v as u32)),
            Network,
            "Most call sockets open at a time with -t un and tn; further calls share them. Default 50000.",
        ),
        works(
            &["buff_size"],
            Integer("BYTES", (0, 1 << 30), |o, v| o.buffer_bytes = Some(v as u32)),
            Network,
            "Send and receive buffer of each socket. Default: as much as the system grants.",
        ),
        works(
            &["skip_rlimit"],
            Nothing(|o| o.skip_descriptor_limit = true),
            Network,
            "Leave the limit of open files as it is. Otherwise it is raised as far as allowed.",
        ),
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
        works(
            &["f"],
            Time("TIME", Unit::Seconds, |o, v| o.screen_period_ms = Some(v)),
            Output,
            "Draw the screen anew after this time, in s without a unit; 0: only at the end. Default 1.",
        ),
        works(
            &["fd"],
            Time("TIME", Unit::Seconds, |o, v| o.statistics_period_ms = Some(v)),
            Output,
            "Time from one row of the statistics file to the next, in s without a unit. Default 60.",
        ),
        works(
            &["trace_stat"],
            Nothing(|o| o.trace_statistics = true),
            Output,
            "Write statistics into SCENARIO_PID_.csv.",
        ),
        works(
            &["stat_delimiter"],
            Text("TEXT", |o, v| fill(&mut o.statistics_delimiter, v)),
            Output,
            "What follows each column of the statistics file. Default: a semicolon.",
        ),
        works(
            &["rfc3339"],
            Nothing(|o| o.rfc3339 = true),
            Output,
            "Write times into files, and [timestamp] into messages, as RFC 3339 has them.",
        ),
        works(&["stf"], Text("FILE", |o, v| file(&mut o.statistics_file, v)), Output, "Name of that file."),
        works(
            &["trace_msg"],
            Nothing(|o| o.trace_messages = true),
            Output,
            "Write sent and received messages into SCENARIO_PID_messages.log.",
        ),
        works(
            &["message_file"],
            Text("FILE", |o, v| file(&mut o.message_file, v)),
            Output,
            "Name of that file.",
        ),
        works(
            &["trace_err"],
            Nothing(|o| o.trace_errors = true),
            Output,
            "Write warnings and unexpected messages into SCENARIO_PID_errors.log.",
        ),
        works(&["error_file"], Text("FILE", |o, v| file(&mut o.error_file, v)), Output, "Name of that file."),
        works(
            &["trace_logs"],
            Nothing(|o| o.trace_logs = true),
            Output,
            "Write the texts of the scenario's log actions into SCENARIO_PID_logs.log. Without it they are dropped.",
        ),
        works(&["log_file"], Text("FILE", |o, v| file(&mut o.log_file, v)), Output, "Name of that file."),
        works(
            &["bg"],
            Nothing(|o| o.background = true),
            Process,
            "Go on in the background: print the new process's number and exit with 99.",
        ),
        works(
            &["sleep"],
            Time("TIME", Unit::Seconds, |o, v| o.sleep_ms = Some(v)),
            Process,
            "Wait before opening sockets, in s without a unit.",
        ),
        works(
            &["inf"],
            Text("FILE", |o, v| injection::note_file(o, v, false)),
            Injection,
            "Values for [field0], [field1] … in messages. The first line of FILE says how calls are given lines: \
             SEQUENTIAL, RANDOM or USER; then one line after another, fields parted by semicolons, up to the first blank \
             one. May be given several times: [field0 file=NAME]; without file= the first one is meant.",
        ),
        works(
            &["rxinf"],
            Text("FILE", |o, v| injection::note_file(o, v, true)),
            Injection,
            "The same, but only file= names it, wherever it stands.",
        ),
        works(
            &["infindex"],
            Pair("NAME FIELD", injection::note_index),
            Injection,
            "Make an index over a field, from 0, of the injection file NAME (without folder, given before), for \
             <lookup>.",
        ),
        works(&["v"], Words("", 0), Process, "Print the version and exit."),
        works(
            &["h", "help"],
            Words("", 0),
            Process,
            "Print this text and exit; -h stat: what the columns of the statistics file mean.",
        ),
        works(
            &["mi"],
            Text("ADDRESS", |o, v| fill(&mut o.media_ip, v)),
            Media,
            "What [media_ip] stands for. Default: the local address. There is no media yet.",
        ),
        works(
            &["mp", "min_rtp_port"],
            Integer("PORT", (0, 65_535), |o, v| o.media_port = Some(v as u16)),
            Media,
            "What [media_port] stands for, and where [auto_media_port] begins. Default 6000. There is no media yet.",
        ),
        works(
            &["compat"],
            Text("VERSION", compat),
            Own,
            "Be like SIPp 3.6 or 3.7 where that differs from 3.8, the default: numbers with a leading 0 in scenarios are \
             octal, ereg finds headers anywhere in the message, blanks behind a tab at the start of a line stay, \
             repartition columns of the statistics file have neither (P) nor (C), and wrong options and scenarios exit \
             with 1.",
        ),
        works(
            &["workers"],
            Integer("N", (1, 1024), |o, v| o.workers = Some(v as usize)),
            Own,
            "Threads that run calls. Default: one for each core that the process may use.",
        ),
        works(
            &["single_packets"],
            Nothing(|o| o.single_packets = true),
            Own,
            "Send and receive each message as a packet of its own, so that a capture on this machine shows every \
             one: without it runs of equal length pass as one large packet, which costs less CPU.",
        ),
        works(
            &["seed"],
            Integer("N", U63, |o, v| o.seed = Some(v as u64)),
            Own,
            "Seed of all random draws: the same seed makes the same draws. Default: different in each run.",
        ),
    ]
};
