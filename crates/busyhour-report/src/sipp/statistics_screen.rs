//! The statistics screen: counters and means, of the last period and in all (spec-outputs §13.2, as 3.8.0 shows it).

use std::fmt::Write as _;

use busyhour_engine::Snapshot;

use super::screens::{View, foot, title};
use super::{Moments, call_rate};
use crate::clock::hmsu;

const RULER: &str = "-------------------------+---------------------------+--------------------------\n";

/// Returns the screen with its title and status line. The periodic column counts from `previous`.
pub fn statistics_screen(view: &View<'_>, now: &Snapshot, previous: &Snapshot) -> String {
    let context = &view.context;
    let (calls, before) = (context.calls(now), context.calls(previous));
    let period_ms = now.at.micros_since(previous.at) / 1000;
    let (created, created_before) = (calls.created(), before.created());
    let mut table = Table { text: title("Statistics Screen") };

    table.time("Start Time", context.clock.tabbed(context.start_us).as_str());
    table.time("Last Reset Time", context.clock.tabbed(context.wall_us(previous)).as_str());
    table.time("Current Time", context.clock.tabbed(context.wall_us(now)).as_str());
    table.text.push_str(RULER);
    table.text.push_str("  Counter Name           | Periodic value            | Cumulative value\n");
    table.text.push_str(RULER);
    table.row("Elapsed Time", &hmsu(period_ms), &hmsu(now.at.as_millis()));
    let rate = |calls: u64, ms: u64| format!("{:>8.3} cps", call_rate(calls, ms));
    let new = created.saturating_sub(created_before);
    table.row("Call Rate", &rate(new, period_ms), &rate(created, now.at.as_millis()));
    table.text.push_str(RULER);
    table.both("Incoming calls created", calls.incoming, before.incoming);
    table.both("Outgoing calls created", calls.outgoing, before.outgoing);
    table.row("Total Calls created", "", &number(created));
    table.row("Current Calls", &number(calls.open()), "");
    table.text.push_str(RULER);

    let (statistics, statistics_before) = (context.statistics(now), context.statistics(previous));
    if !context.program.counters.is_empty() {
        for (position, name) in context.program.counters.iter().enumerate() {
            let value = |counters: Option<&Vec<u64>>| {
                counters.and_then(|counters| counters.get(position)).copied().unwrap_or(0)
            };
            table.both(
                &format!("Counter {name}"),
                value(statistics.map(|statistics| &statistics.counters)),
                value(statistics_before.map(|before| &before.counters)),
            );
        }
        table.text.push_str(RULER);
    }

    table.both("Successful call", calls.successful, before.successful);
    table.both("Failed call", calls.failed_total(), before.failed_total());
    table.text.push_str(RULER);
    for (position, name) in context.program.timers.iter().enumerate() {
        table.duration(
            &format!("Response Time {name}"),
            Moments::of(statistics.and_then(|statistics| statistics.timers.get(position))),
            Moments::of(statistics_before.and_then(|before| before.timers.get(position))),
        );
    }
    table.duration(
        "Call Length",
        Moments::of(statistics.map(|statistics| &statistics.call_length)),
        Moments::of(statistics_before.map(|before| &before.call_length)),
    );
    table.text.push_str(&foot(view));
    table.text
}

struct Table {
    text: String,
}

impl Table {
    fn time(&mut self, name: &str, time: &str) {
        let _ = writeln!(self.text, "  {name:<22} | {time:<53}");
    }

    fn row(&mut self, name: &str, periodic: &str, cumulative: &str) {
        let _ = writeln!(self.text, "  {name:<22.22} | {periodic:<25} | {cumulative:<25}");
    }

    fn both(&mut self, name: &str, now: u64, before: u64) {
        self.row(name, &number(now.saturating_sub(before)), &number(now));
    }

    fn duration(&mut self, name: &str, now: Moments, before: Moments) {
        self.row(name, &hmsu(now.since(before).mean_ms()), &hmsu(now.mean_ms()));
    }
}

fn number(value: u64) -> String {
    format!("{value:>8}")
}
