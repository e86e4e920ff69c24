//! The scenario screen: load, calls, sockets, and one row for each step (spec-outputs §13.1).

use std::fmt::Write as _;

use busyhour_engine::Snapshot;
use busyhour_engine::snapshot::StepCounters;
use busyhour_media::snapshot::MediaCounters;
use busyhour_scenario::program::{
    Distribution, Expect, PauseLength, Program, Role, Scope, SendStart, Step, StepKind, Variable,
};

use super::Load;
use super::screens::{Status, View, foot, title};

/// Returns the screen with its title and status line. What is periodic counts from `previous`.
pub fn scenario_screen(view: &View<'_>, now: &Snapshot, previous: &Snapshot) -> String {
    let mut text = title("Scenario Screen");
    load(&mut text, view, now);
    text.push('\n');
    state(&mut text, view, now, previous);
    text.push('\n');
    steps(&mut text, view, now);
    text.push_str(&foot(view));
    text
}

// Writing to a String never fails, so the results of `write!` are dropped below.

fn load(text: &mut String, view: &View<'_>, now: &Snapshot) {
    // Hundredths of a second are cut, not rounded.
    let (ms, created) = (now.at.as_millis(), view.context.calls(now).created());
    let elapsed = format!("{}.{:02}", ms / 1000, ms % 1000 / 10);
    let common = format!("{:<7}{elapsed:>8} s     {created:>8}", view.local_port);
    if view.context.program.creation == Role::Server {
        let _ = writeln!(text, "  Port   Total-time  Total-calls  Transport\n  {common}  {}", view.transport);
        return;
    }
    let what = match view.context.load {
        Load::Rate { period_ms } => {
            text.push_str("  Call rate (length)");
            let (rate, period) = (view.context.calls_per_period(now), period_ms as f64 / 1000.0);
            format!("{rate:.1}({} ms)/{period:.3}s", view.pause_ms)
        }
        Load::Users => {
            text.push_str("  Users (length)");
            format!("{:.0} ({} ms)", now.target_rate, view.pause_ms)
        }
    };
    let _ = writeln!(text, "   Port   Total-time  Total-calls  Remote-host");
    let _ = writeln!(text, "  {what}   {common}  {}({})", view.remote, view.transport);
}

fn state(text: &mut String, view: &View<'_>, now: &Snapshot, previous: &Snapshot) {
    let (counters, generator) = (&now.counters, &now.generator);
    let own = view.context.calls(now);
    let client = view.context.program.creation == Role::Client;
    let period_us = now.at.micros_since(previous.at);
    let period_s = period_us as f64 / 1e6;
    let created = own.created();

    let calls = match view.calls_max {
        Some(max) if created >= max => format!("Call limit {max} hit, {period_s:.1} s period"),
        _ => {
            let new = created.saturating_sub(view.context.calls(previous).created());
            format!("{new} new calls during {period_s:.3} s period")
        }
    };
    let turns = generator.turns.saturating_sub(previous.generator.turns);
    let resolution_ms = (period_us / 1000).checked_div(turns).unwrap_or(0);
    let resolution = format!("{resolution_ms} ms scheduler resolution");
    columns(text, &calls, &format!("{resolution:<37}"));

    let open = match now.limit.filter(|_| client) {
        Some(limit) => format!("{} calls (limit {limit})", own.open()),
        None => format!("{} calls", own.open()),
    };
    let peak_s = counters.open_peak_at.as_micros() / 1_000_000;
    columns(text, &open, &format!("Peak was {} calls, after {peak_s} s", counters.open_peak));

    // SIPp counts its tasks. Ours are calls that wait, and ended ones that are remembered; a step that needs no input
    // runs at once, so nothing is ever seen running.
    let _ = writeln!(text, "  0 Running, {} Paused, 0 Woken up", counters.open + counters.dead_calls_kept);

    let out_of_call = format!("{} out-of-call msg (discarded)", counters.out_of_call);
    let dead = format!("{} dead call msg (discarded)", counters.dead_call);
    if client {
        columns(text, &dead, &out_of_call);
    } else {
        let _ = writeln!(text, "  {dead:<38}");
    }
    if view.auto_answer {
        let _ = writeln!(text, "  {} requests auto-answered", counters.auto_answered);
    }
    let sockets = if view.status == Status::Terminated { 0 } else { generator.sockets };
    columns(
        text,
        &format!("{sockets} open sockets"),
        &format!(
            "{}/{}/{} {} errors (send/recv/cong)",
            generator.send_failures, generator.receive_failures, generator.congested, view.transport
        ),
    );
    media(text, now, previous);
}

/// The first line counts captures and digits only, and is always there; the others come with what they count. Video is
/// counted with audio, and both echoes together.
fn media(text: &mut String, now: &Snapshot, previous: &Snapshot) {
    let counters =
        |snapshot: &Snapshot| snapshot.media.as_ref().map(|media| media.counters.clone()).unwrap_or_default();
    let (total, before) = (counters(now), counters(previous));
    let ms = now.at.micros_since(previous.at) / 1000;
    let kilobytes_per_s = |bytes: u64, before: u64| match ms {
        0 => 0.0,
        _ => bytes.saturating_sub(before) as f64 / ms as f64,
    };
    let mut line = |packets: u64, what: &str, rate: f64| {
        columns(text, &format!("{packets} Total {what}"), &format!("{rate:.3} last period RTP rate (kB/s)"));
    };
    let rate = kilobytes_per_s(total.replayed_bytes, before.replayed_bytes);
    line(total.replayed_packets, "RTP pckts sent", rate);
    let streamed = total.packets_sent.saturating_sub(total.replayed_packets + total.echoed);
    if streamed > 0 {
        let bytes = |counters: &MediaCounters| counters.bytes_sent.saturating_sub(counters.replayed_bytes);
        line(streamed, "stream RTP pckts sent", kilobytes_per_s(bytes(&total), bytes(&before)));
    }
    if total.packets_received > 0 {
        let rate = kilobytes_per_s(total.bytes_received, before.bytes_received);
        line(total.packets_received, "RTP pckts received", rate);
    }
    if total.echoed > 0 {
        let _ = writeln!(text, "  {} Total echo RTP pckts", total.echoed);
    }
}

/// Two columns; the left one is 38 wide.
fn columns(text: &mut String, left: &str, right: &str) {
    let _ = writeln!(text, "  {left:<38}  {right}");
}

fn steps(text: &mut String, view: &View<'_>, now: &Snapshot) {
    let program = view.context.program;
    let loss = view.loss || program.has_loss;
    let head = if loss { "Unexp.    Lost" } else { "Unexpected-Msg" };
    let _ = writeln!(text, "{:33}Messages  Retrans   Timeout   {head}", "");
    let counters = view.context.statistics(now).map_or(&[][..], |statistics| &statistics.steps);
    for (index, step) in program.steps.iter().enumerate() {
        if step.display.hidden {
            continue;
        }
        let counted = counters.get(index).copied().unwrap_or_default();
        let _ = write!(text, "{index:<2}:");
        row(text, view, step, &counted, loss);
        text.push('\n');
        if step.display.blank_line {
            text.push('\n');
        }
    }
}

/// What follows the index. Only a nop shows its `display` text, and only messages show timers, as in SIPp.
fn row(text: &mut String, view: &View<'_>, step: &Step, counted: &StepCounters, loss: bool) {
    let client = view.context.program.creation == Role::Client;
    let label = match &step.kind {
        StepKind::Nop => {
            match &step.display.text {
                Some(display) => text.extend([" ", display]),
                None => text.push_str("              [ NOP ]              "),
            }
            return;
        }
        StepKind::Send(send) => arrow_label(&send_name(&send.start), true, client) + &timer_mark(step),
        StepKind::Recv(recv) => arrow_label(&expect_name(&recv.expect), false, client) + &timer_mark(step),
        StepKind::Pause(pause) => {
            let length = pause_text(view, &pause.length);
            if client { format!("       Pause [{length:>9}]") } else { format!("  [{length:>9}] Pause") }
        }
        StepKind::SendCmd(_) => "        [ Sent Command ]".to_owned(),
        StepKind::RecvCmd(_) => "    [ Received Command ]".to_owned(),
    };
    let _ = write!(text, "{label:<33}");
    // SIPp fills the loss column only for steps with a `lost` attribute. A loss by `-lost` is not hidden here.
    let shows_lost = loss && (step.lost_percent.is_some() || counted.lost > 0);
    let lost = if shows_lost { counted.lost.to_string() } else { String::new() };
    let messages = counted.messages.to_string();
    let retransmissions = counted.retransmissions.to_string();
    let timeouts = counted.timeouts.to_string();
    let unexpected = counted.unexpected.to_string();
    match &step.kind {
        StepKind::Send(send) => {
            let timeouts = if send.retrans_ms > 0 { timeouts.as_str() } else { "" };
            cells(text, &[&messages, &retransmissions, timeouts, "", &lost]);
        }
        StepKind::Recv(_) => cells(text, &[&messages, &retransmissions, &timeouts, &unexpected, &lost]),
        StepKind::Pause(_) => cells(text, &[&messages, "", "", &unexpected]),
        StepKind::SendCmd(_) => cells(text, &[&messages, "", "", ""]),
        StepKind::RecvCmd(_) => cells(text, &[&messages, "", &timeouts, ""]),
        StepKind::Nop => {}
    }
}

/// Cells of 9, a blank between them.
fn cells(text: &mut String, values: &[&str]) {
    for (position, value) in values.iter().enumerate() {
        let blank = if position == 0 { "" } else { " " };
        let _ = write!(text, "{blank}{value:<9}");
    }
}

/// The name and an arrow that points away from our side, which is the left one of a client's screen.
fn arrow_label(name: &str, sent: bool, client: bool) -> String {
    let arrow = if sent == client { "---------->" } else { "<----------" };
    if client { format!("  {name:>10} {arrow} ") } else { format!("  {arrow} {name:<10} ") }
}

fn send_name(start: &SendStart) -> String {
    match start {
        SendStart::Request(method) => method.clone(),
        SendStart::Response(code) => code.to_string(),
    }
}

fn expect_name(expect: &Expect) -> String {
    match expect {
        Expect::Request(method) => method.clone(),
        Expect::Response(code) => code.to_string(),
        Expect::RequestMatching(pattern) | Expect::ResponseMatching(pattern) => pattern.source.clone(),
        Expect::Nothing => String::new(),
    }
}

/// ` B-RTDn ` where a timer starts, ` E-RTDn ` where one stops; n is the timer's ordinal, not its name. Of several,
/// the first is shown; a start goes before a stop.
fn timer_mark(step: &Step) -> String {
    let mark = |letter: char, timer: u16| format!(" {letter}-RTD{} ", timer + 1);
    match (step.start_timers.first(), step.stop_timers.first()) {
        (Some(timer), _) => mark('B', *timer),
        (None, Some(timer)) => mark('E', *timer),
        (None, None) => String::new(),
    }
}

fn pause_text(view: &View<'_>, length: &PauseLength) -> String {
    let drawn = match length {
        PauseLength::Default => return pretty_ms(view.pause_ms as f64),
        PauseLength::Variable(variable) => {
            return format!("${}", variable_name(view.context.program, *variable));
        }
        PauseLength::Drawn(drawn) => drawn,
    };
    // SIPp writes every parameter as a time, shapes and probabilities too.
    let p = pretty_ms;
    match drawn {
        Distribution::Fixed(ms) => p(*ms),
        Distribution::Uniform { min, max } => format!("{}/{}", p(*min), p(*max)),
        Distribution::Normal { mean, stdev } => format!("N({},{})", p(*mean), p(*stdev)),
        Distribution::LogNormal { mean, stdev } => format!("LN({},{})", p(*mean), p(*stdev)),
        Distribution::Exponential { mean } => format!("Exp({})", p(*mean)),
        Distribution::Weibull { lambda, k } => format!("Wb({},{})", p(*lambda), p(*k)),
        Distribution::Pareto { k, x_m } => format!("P({},{})", p(*k), p(*x_m)),
        Distribution::GPareto { shape, scale, location } => {
            format!("P({},{},{})", p(*shape), p(*scale), p(*location))
        }
        Distribution::Gamma { k, theta } => format!("G({},{})", p(*k), p(*theta)),
        Distribution::NegBin { p: chance, n } => format!("NB({},{})", p(*chance), p(*n)),
    }
}

fn variable_name(program: &Program, variable: Variable) -> &str {
    let names = match variable.scope {
        Scope::Call => &program.variables.call,
        Scope::User => &program.variables.user,
        Scope::Global => &program.variables.global,
    };
    names.get(usize::from(variable.slot)).map_or("", String::as_str)
}

/// `100ms`, `2.50ms`, `12.5s`, `1:30`, `1:00:00`: ms below 10 s, a decimal below a minute, then minutes and hours.
fn pretty_ms(value: f64) -> String {
    let ms = value.max(0.0) as u64;
    let seconds = ms / 1000;
    match ms {
        0..10_000 if value.max(0.0).fract() > 0.0 => format!("{value:.2}ms"),
        0..10_000 => format!("{ms}ms"),
        10_000..60_000 => format!("{seconds}.{}s", ms % 1000 / 100),
        60_000..3_600_000 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_read_well() {
        let texts = [0.0, 4000.0, 2.5, 0.1, 12_550.0, 90_000.0, 3_600_000.0, -5.5].map(pretty_ms);
        assert_eq!(texts.join(" "), "0ms 4000ms 2.50ms 0.10ms 12.5s 1:30 1:00:00 0ms");
    }
}
