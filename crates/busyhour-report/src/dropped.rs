//! Whatever was dropped, refused or skipped: no counter of that kind is left out of a final report.

use std::fmt::Write as _;

use busyhour_engine::Snapshot;

use crate::figures::{count, entry};

/// Label and value of each such counter that is not 0.
pub(crate) fn dropped(total: &Snapshot) -> Vec<(&'static str, u64)> {
    let (counters, generator) = (&total.counters, &total.generator);
    let steps = total.programs.iter().flat_map(|program| &program.steps);
    let lost = steps.map(|step| step.lost).sum();
    let mut all = vec![
        ("calls not started: limit of open calls", counters.suppressed_by_limit),
        ("incoming calls refused: call table full", counters.calls_refused),
        ("commands dropped: too many for a call", counters.commands_dropped),
        ("messages dropped: too many waited in a call", counters.waiting_dropped),
        ("calls taken down by a bug in busyhour", counters.panics),
        ("datagrams dropped by this kernel", generator.kernel_drops),
        ("messages dropped between workers", generator.ring_overflows),
        ("messages that could not be sent", generator.send_failures),
        ("messages that waited for the socket", generator.congested),
        ("failed receives, connections not accepted", generator.receive_failures),
        ("messages lost on purpose", lost),
        ("messages for no known call", counters.out_of_call),
        ("messages ignored during a pause", counters.ignored_in_pause),
        ("messages for calls that had ended", counters.dead_call),
        ("ended calls forgotten early", counters.dead_calls_evicted),
        ("received bytes that are not SIP", counters.not_sip),
        ("messages without Call-ID", counters.no_call_id),
        ("messages with a bad start line", counters.bad_start_line),
        ("streams closed: bad framing", generator.framing_errors),
        ("commands that failed (exec)", generator.commands_failed),
        ("commands and host names refused", generator.errands_refused),
        ("trace records dropped", counters.events_dropped),
        ("warnings not shown: too many", counters.warnings_suppressed),
    ];
    if let Some(media) = &total.media {
        let media = &media.counters;
        all.extend([
            ("calls refused by media: table full", media.calls_refused),
            ("RTP packets dropped by this kernel", media.kernel_drops),
            ("RTP packets not sent: queue or socket full", media.send_dropped),
            ("packets not sent: SRTP can't protect them", media.unprotected),
            ("RTP packets refused (ICMP) or not sent", media.send_failures),
            ("packets of captures sent to nobody", media.unsent),
            ("RTCP packets of captures not played", media.captured_rtcp_skipped),
            ("RTCP packets refused (ICMP) or not sent", media.rtcp_refused),
            ("SRTP packets with a wrong tag", media.auth_failures),
            ("SRTP packets that came again", media.replays),
            ("datagrams on media ports that are no RTP", media.not_rtp),
            ("RTP packets of no known call", media.unattributed),
        ]);
    }
    all.retain(|(_, value)| *value > 0);
    all
}

/// Returns these counters as lines under a heading; empty if all are 0.
pub fn dropped_text(heading: &str, total: &Snapshot) -> String {
    let dropped = dropped(total);
    if dropped.is_empty() {
        return String::new();
    }
    let mut text = format!("{heading}\n");
    for (label, value) in dropped {
        // Writing to a String never fails.
        let _ = writeln!(text, "{}", entry(label, &count(value), ""));
    }
    text
}
