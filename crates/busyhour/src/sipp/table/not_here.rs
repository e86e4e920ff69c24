//! SIPp's options that have no effect here, those that are not available yet, and those that will not come.

use super::super::row::{Category, Row, Status, Takes};
use super::super::values::Unit;
use super::no_effect;

const fn later(names: &'static [&'static str], words: usize, category: Category, help: &'static str) -> Row {
    Row { names, takes: Takes::Words("", words), category, status: Status::Later, help }
}

const fn refused(names: &'static [&'static str], words: usize, reason: &'static str) -> Row {
    Row {
        names,
        takes: Takes::Words("", words),
        category: Category::Process,
        status: Status::Refused,
        help: reason,
    }
}

const INT: (i64, i64) = (i32::MIN as i64, i32::MAX as i64);

/// The rows.
pub(super) static ROWS: &[Row] = {
    use Category::*;
    use Takes::{Boolean, Float, Integer, Nothing, Time};
    &[
        no_effect(
            &["timer_resol"],
            Time("TIME", Unit::Milliseconds, |_, _| ()),
            "Timers are always exact to 1 ms.",
        ),
        no_effect(
            &["rate_scale"],
            Float("STEP", 0.0, |_, _| ()),
            "Step of the keys that change the rate: there are no keys yet.",
        ),
        no_effect(&["nostdin"], Nothing(|_| ()), "Don't read keys: they are not read yet in any case."),
        no_effect(
            &["ip_field"],
            Integer("FIELD", (0, i32::MAX as i64), |_, _| ()),
            "Field of the first -inf file with the local address of each call: there is no -t ui yet.",
        ),
        no_effect(&["max_recv_loops"], Integer("N", INT, |_, _| ()), "Messages are read in batches."),
        no_effect(
            &["max_sched_loops"],
            Integer("N", INT, |_, _| ()),
            "Only calls with something to do are run.",
        ),
        no_effect(
            &["watchdog_interval"],
            Time("TIME", Unit::Milliseconds, |_, _| ()),
            "Lateness is always measured; the verdict at the end tells it.",
        ),
        no_effect(&["watchdog_minor_threshold"], Time("TIME", Unit::Milliseconds, |_, _| ()), "Likewise."),
        no_effect(&["watchdog_major_threshold"], Time("TIME", Unit::Milliseconds, |_, _| ()), "Likewise."),
        no_effect(
            &["watchdog_minor_maxtriggers"],
            Integer("N", INT, |_, _| ()),
            "Lateness never ends a run.",
        ),
        no_effect(&["watchdog_major_maxtriggers"], Integer("N", INT, |_, _| ()), "Likewise."),
        no_effect(&["watchdog_reset"], Time("TIME", Unit::Milliseconds, |_, _| ()), "Likewise."),
        no_effect(
            &["sendbuffer_warn"],
            Boolean("BOOL", |_, _| ()),
            "A message that can't be sent is a failure of its call, never of the run.",
        ),
        no_effect(&["periodic_rtd"], Nothing(|_| ()), "SIPp ignores it too."),
        later(&["bind_to_device"], 1, Network, "bind to a network interface"),
        later(&["ci"], 1, Network, "address of the control socket"),
        later(&["cp"], 1, Network, "port of the control socket"),
        later(&["round_robin"], 0, Network, "use all addresses of the target in turn"),
        later(&["max_reconnect"], 1, Network, "reconnections allowed"),
        later(&["reconnect_close"], 1, Network, "fail the calls of a broken connection"),
        later(&["reconnect_sleep"], 1, Network, "pause before a reconnection"),
        later(&["tls_cert"], 1, Network, "TLS certificate"),
        later(&["tls_key"], 1, Network, "TLS private key"),
        later(&["tls_ca"], 1, Network, "TLS trust anchors"),
        later(&["tls_crl"], 1, Network, "TLS revocation list"),
        later(&["tls_version"], 1, Network, "TLS version"),
        later(&["tls_handshake_timeout"], 1, Network, "longest TLS handshake"),
        later(&["ws_path"], 1, Network, "WebSocket path"),
        later(&["ws_handshake_timeout"], 1, Network, "longest WebSocket handshake"),
        later(&["multihome"], 1, Network, "SCTP: further local address"),
        later(&["heartbeat"], 1, Network, "SCTP: heartbeat interval"),
        later(&["assocmaxret"], 1, Network, "SCTP: repeats per association"),
        later(&["pathmaxret"], 1, Network, "SCTP: repeats per path"),
        later(&["pmtu"], 1, Network, "SCTP: path MTU"),
        later(&["gracefulclose"], 1, Network, "SCTP: way of closing"),
        later(&["message_overwrite"], 1, Output, "start the message file anew"),
        later(&["error_overwrite"], 1, Output, "start the error file anew"),
        later(&["trace_shortmsg"], 0, Output, "messages, one line each"),
        later(&["shortmessage_file"], 1, Output, "name of that file"),
        later(&["shortmessage_overwrite"], 1, Output, "start it anew"),
        later(&["log_overwrite"], 1, Output, "start the file of log actions anew"),
        later(&["trace_screen"], 0, Output, "screens into a file"),
        later(&["screen_file"], 1, Output, "name of that file"),
        later(&["screen_overwrite"], 1, Output, "start it anew"),
        later(&["trace_calldebug"], 0, Output, "steps of aborted calls"),
        later(&["calldebug_file"], 1, Output, "name of that file"),
        later(&["calldebug_overwrite"], 1, Output, "start it anew"),
        later(&["trace_counts"], 0, Output, "message counts"),
        later(&["trace_error_codes"], 0, Output, "codes of unexpected responses"),
        later(&["trace_rtt"], 0, Output, "all response times"),
        later(&["rtt_freq"], 1, Output, "samples per write of that file"),
        later(&["ringbuffer_files"], 1, Output, "rotated files to keep"),
        later(&["ringbuffer_size"], 1, Output, "size that rotates a file"),
        later(&["max_log_size"], 1, Output, "size that ends a file"),
        refused(
            &["lua_file"],
            1,
            "there is no Lua here. A check that the scenario language can't express can be a program of its own, \
             called by <exec verify=\"…\"/>: the call fails if it does not exit with 0",
        ),
        refused(
            &["plugin"],
            1,
            "a shared library made for SIPp can't work here, because it calls into SIPp's own code. -key and \
             injection files bring values into messages",
        ),
    ]
};
