//! The end of a call's media: a last reading of its ports, its judgement, and its ports given back.

use std::cmp::Ordering;
use std::fmt::Write as _;

use busyhour_wire::sdp::Medium;

use crate::command::{Event, Happening};
use crate::heard::Heard;
use crate::media::Media;
use crate::session::stream::Stream;
use crate::snapshot::{MediaSnapshot, badness};
use crate::time::Time;

/// From the end of a call to its judgement, µs: its ports are read at its end; on watched ports what was under way then
/// is heard too.
const LAST_READING_US: u64 = 5_000;

impl Media {
    /// The run is over: all calls end and are judged now.
    pub fn finish(&mut self, now: Time) {
        while let Some(name) = self.calls.any_name() {
            if let Some(call) = self.calls.find(name) {
                self.begin_closing(now, call);
            }
            self.calls.forget_name(name);
        }
        for call in 0..self.calls.places() {
            self.close(now, call);
        }
    }

    /// Stops what a call sends; it is judged a little later.
    pub(super) fn begin_closing(&mut self, now: Time, call: u32) {
        let Some(found) = self.calls.get(call) else { return };
        let mut first = true;
        for index in found.lines() {
            let Some(line) = self.lines.get(index) else { continue };
            let medium = line.medium;
            let stream = line.close(now, now + LAST_READING_US, &mut self.out);
            self.judge_check(now, call, medium, stream, true);
            // The call has one judgement: at the timer of its first line.
            if std::mem::replace(&mut first, false) {
                self.arm(index);
            } else {
                self.wheel.cancel(index);
            }
        }
        if first {
            self.close(now, call);
        }
    }

    /// Judges a call and forgets it.
    pub(super) fn close(&mut self, now: Time, call: u32) {
        let Some(found) = self.calls.get(call) else { return };
        let mut worst: Option<Heard> = None;
        for index in found.lines() {
            self.wheel.cancel(index);
            let Some(line) = self.lines.get(index) else { continue };
            let (medium, port) = (line.medium, line.port);
            let heard = self.calls.get(call).and_then(|call| call.ear.heard(medium, now));
            let sent = heard.as_ref().map_or(0, |heard| heard.sent);
            let uncertain =
                port.is_some_and(|port| self.attribution.is_uncertain(port.id, index, line.peer(), sent));
            if let Some(port) = port {
                self.leave_port(index, port);
            }
            self.lines.remove(index);
            let Some(mut heard) = heard else { continue };
            let silent = heard.packets == 0 && heard.sent > 0 && medium != Medium::Image;
            self.out.figures.counters.uncertain += u64::from(silent && uncertain);
            // T.38 is no RTP, and on a port of many calls silence may be somebody else's.
            heard.one_way &= medium != Medium::Image && !uncertain;
            let short = heard.packets == 0 && heard.sent > 0 && !heard.one_way && !(silent && uncertain);
            self.out.figures.counters.too_short += u64::from(short);
            if !judge(&heard, &mut self.out.figures) {
                continue;
            }
            if worst.as_ref().is_none_or(|worst| badness(&heard, worst) == Ordering::Less) {
                worst = Some(heard);
            }
        }
        let Some(call) = self.calls.remove(call) else { return };
        if let Some(worst) = worst {
            self.out.figures.add_worst(&worst, || call.call_id);
        }
        self.out.figures.counters.calls_ended += 1;
    }

    /// Judges a pattern whose stream has ended. `ended`: with its call.
    pub(super) fn judge_check(
        &mut self,
        now: Time,
        call: u32,
        medium: Medium,
        stream: Option<Stream>,
        ended: bool,
    ) {
        let Some(mut stream) = stream else { return };
        let Some(verdict) = stream.check().and_then(|check| check.verdict(now)) else { return };
        let tolerance = match medium {
            Medium::Video => self.settings.video_tolerance,
            _ => self.settings.audio_tolerance,
        };
        if verdict.failed < tolerance {
            return;
        }
        let Some(call) = self.calls.get(call) else { return };
        if !std::mem::replace(&mut call.check_failed, true) {
            self.out.figures.counters.checks_failed += 1;
        }
        let mut text = format!("RTP check failed: pattern {}", verdict.id);
        if ended {
            // Its engine can't say any more whose.
            let _ = write!(text, ", Call-Id '{}'", String::from_utf8_lossy(&call.call_id));
        }
        self.out.events.push_back(Event { call: call.name, happening: Happening::CheckFailed(text) });
    }
}

/// From so long a silence at the end of a call on, its stream is told of.
const FELL_SILENT_MS: f64 = 5000.0;

/// Enters a stream's figures; false if there was no stream.
fn judge(heard: &Heard, figures: &mut MediaSnapshot) -> bool {
    if heard.packets == 0 && heard.sent == 0 {
        return false;
    }
    let counters = &mut figures.counters;
    counters.lost += heard.lost;
    counters.expected += heard.expected;
    counters.duplicates += heard.duplicates;
    counters.reordered += heard.reordered;
    counters.strays += heard.strays;
    counters.one_way += u64::from(heard.one_way);
    counters.heard += u64::from(heard.packets > 0);
    counters.unscored += u64::from(heard.packets > 0 && heard.mos.is_none());
    counters.fell_silent += u64::from(heard.packets > 0 && heard.silent_for_ms > FELL_SILENT_MS);
    // Where nothing is judged (`-no_hearing`), nothing is expected either.
    if heard.expected > 0 {
        figures.loss.saturating_record(rounded(heard.loss * 1e4));
        figures.jitter.saturating_record(rounded(heard.jitter_max_ms * 1e3));
    }
    if let Some(mos) = heard.mos {
        figures.mos.saturating_record(rounded(mos * 1e2));
    }
    if let Some(ms) = heard.first_packet_ms {
        figures.first_packet.saturating_record(rounded(ms * 1e3));
    }
    true
}

/// To the nearest whole number; what is no number or negative counts as 0.
fn rounded(value: f64) -> u64 {
    // Saturates by itself.
    value.round() as u64
}
