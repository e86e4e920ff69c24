//! What was sent, what was heard, and how good it was.

use std::fmt::Write as _;

use busyhour_engine::Snapshot;
use busyhour_media::Heard;
use busyhour_media::snapshot::{MediaSnapshot, WorstCall};
use hdrhistogram::Histogram;

use crate::figures::{duration, per_second, rate_per_s, share};
use crate::page::{Page, QUANTILES, Style, shortened};

/// Columns of a Call-ID in the list of the worst calls.
const CALL_ID_WIDTH: usize = 46;
/// MOS of R = 80, from which on users are satisfied (ITU-T G.107 annex B).
const SATISFIED_MOS: f64 = 4.03;

/// Returns the figures of a run's media as lines under a heading; empty if it had none.
pub fn media_text(heading: &str, total: &Snapshot) -> String {
    let mut page = Page::new(Style::Plain);
    if let Some(media) = total.media.as_deref() {
        page.heading(heading);
        sections(&mut page, media, total);
    }
    page.text
}

/// Adds the sections on media, if the run had any.
pub(crate) fn media(page: &mut Page, total: &Snapshot) {
    if let Some(media) = total.media.as_deref() {
        page.section("Media");
        sections(page, media, total);
    }
}

fn sections(page: &mut Page, media: &MediaSnapshot, total: &Snapshot) {
    packets(page, media, total.at.as_micros());
    streams(page, media);
    quality(page, media);
    worst_calls(page, &media.worst);
}

/// Hundredths of an MOS as people write one: `4.41`.
pub(crate) fn mos_text(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn packets(page: &mut Page, media: &MediaSnapshot, us: u64) {
    let counters = &media.counters;
    let mean = |packets| rate_per_s(per_second(packets, us));
    page.line("RTP packets sent", counters.packets_sent, &mean(counters.packets_sent));
    page.lines_above_zero(&[
        ("  of these, by captures and digits", counters.replayed_packets),
        ("  of these, by echo", counters.echoed),
    ]);
    page.line("RTP packets received", counters.packets_received, &mean(counters.packets_received));
    page.lines_above_zero(&[
        ("RTCP packets sent", counters.rtcp_sent),
        ("RTCP packets received", counters.rtcp_received),
    ]);
    if counters.late > 0 {
        let of_sent = format!("{} of those sent", share(counters.late, counters.packets_sent));
        page.line("sent over 10 ms late", counters.late, &of_sent);
    }
}

fn streams(page: &mut Page, media: &MediaSnapshot) {
    let counters = &media.counters;
    let ended = counters.heard + counters.one_way + counters.uncertain;
    page.line("streams heard", counters.heard, "");
    // Of packets that are only counted (`-no_hearing`) nobody asked for a score.
    if counters.unscored > 0 && counters.expected > 0 {
        page.line("  of these, without MOS", counters.unscored, "");
    }
    let of_streams = share(counters.one_way, ended);
    page.alarm_if(counters.one_way > 0, |page| {
        page.line("one-way streams: sent, nothing heard", counters.one_way, &of_streams);
    });
    page.alarm_if(counters.uncertain > 0, |page| {
        if counters.uncertain > 0 {
            page.line("streams not judged", counters.uncertain, "port shared by calls;");
            page.text.push_str("    [rtpstream_audio_port] gives each call its own\n");
        }
    });
    page.lines_above_zero(&[
        ("silent streams, short or not to be heard", counters.too_short),
        ("streams that fell silent, 5 s and more", counters.fell_silent),
    ]);
    if counters.expected > 0 {
        let of_expected = |packets| format!("{} of expected", share(packets, counters.expected));
        page.line("packets lost on the way here", counters.lost, &of_expected(counters.lost));
    }
    page.lines_above_zero(&[
        ("packets received twice", counters.duplicates),
        ("packets out of order", counters.reordered),
        ("packets that are no stream's", counters.strays),
    ]);
    if counters.checks_failed > 0 {
        page.alarm_if(true, |page| {
            page.line("calls whose pattern did not come back", counters.checks_failed, "");
        });
    }
}

/// Of streams that have ended. A low MOS is a bad one, so its columns are the low quantiles.
fn quality(page: &mut Page, media: &MediaSnapshot) {
    // Of packets that are only counted (`-no_hearing`) nobody knows.
    if media.counters.expected == 0 {
        return;
    }
    let value = |quantile| match media.mos.len() {
        0 => "n/a".to_owned(),
        _ => mos_text(media.mos.value_at_quantile(quantile)),
    };
    page.text.push('\n');
    page.heading(&format!("{:<36}{:>11}{:>11}{:>11}", "Quality of streams heard", "p1", "p5", "p50"));
    let _ = writeln!(
        page.text,
        "  {:<34}{:>11}{:>11}{:>11}",
        "MOS (1 bad, 4.4 best by telephone)",
        value(0.01),
        value(0.05),
        value(0.5)
    );
    page.heading(&format!("{:<36}{:>11}{:>11}{:>11}{:>11}", "", "p50", "p90", "p99", "max"));
    row(page, "loss", &media.loss, |hundredths| share(hundredths, 10_000));
    row(page, "jitter, highest of each stream", &media.jitter, duration);
    row(page, "from answer to first packet", &media.first_packet, duration);
}

/// A line of quantiles of values that are the worse the higher they are.
fn row(page: &mut Page, label: &str, samples: &Histogram<u64>, text: impl Fn(u64) -> String) {
    let _ = write!(page.text, "  {label:<34}");
    let values = QUANTILES.map(|quantile| samples.value_at_quantile(quantile));
    for value in values.into_iter().chain([samples.max()]) {
        let text = if samples.is_empty() { "n/a".to_owned() } else { text(value) };
        let _ = write!(page.text, "{text:>11}");
    }
    page.text.push('\n');
}

/// All of them if any is bad; else the first, to show how good the worst one was.
fn worst_calls(page: &mut Page, worst: &[WorstCall]) {
    let judged: Vec<&WorstCall> = worst.iter().filter(|call| is_judged(&call.heard)).collect();
    let shown =
        if judged.iter().any(|call| is_bad(&call.heard)) { judged.len() } else { judged.len().min(1) };
    let shown = &judged[..shown];
    if shown.is_empty() {
        return;
    }
    page.text.push('\n');
    let head = format!(
        "{:<width$}{:>9}{:>10}{:>11}",
        "Worst calls",
        "MOS",
        "loss",
        "jitter",
        width = CALL_ID_WIDTH + 2
    );
    page.heading(&head);
    for call in shown {
        let call_id =
            shortened(&String::from_utf8_lossy(&call.call_id).escape_debug().to_string(), CALL_ID_WIDTH);
        let _ = write!(page.text, "  {call_id:<CALL_ID_WIDTH$}");
        let heard = &call.heard;
        let _ = if is_silent(heard) {
            writeln!(page.text, "{:>9}{:>10}{:>11}", "one-way", "n/a", "n/a")
        } else {
            let mos = heard.mos.map_or_else(|| "n/a".to_owned(), |mos| format!("{mos:.2}"));
            let jitter = duration((heard.jitter_max_ms.max(0.0) * 1000.0) as u64);
            writeln!(page.text, "{mos:>9}{:>10}{jitter:>11}", share(heard.lost, heard.expected))
        };
    }
}

/// Of streams that were only counted, and of silent ones on a port of several calls, nobody knows.
fn is_judged(heard: &Heard) -> bool {
    heard.expected > 0 || heard.one_way
}

/// Something was lost, nothing was heard, or most people would find it poor (R below 80: G.107 annex B).
fn is_bad(heard: &Heard) -> bool {
    heard.one_way || heard.lost > 0 || heard.mos.is_some_and(|mos| mos < SATISFIED_MOS)
}

fn is_silent(heard: &Heard) -> bool {
    heard.one_way && heard.packets == 0
}
