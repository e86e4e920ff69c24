//! The repartition screens: samples per range of a response time and of the call length (spec-outputs §13.3).

use std::fmt::Write as _;

use busyhour_engine::Snapshot;

use super::screens::{View, foot, title};

/// Returns the screen of the response-time timer `timer`, 0-based. That of the first one shows the call length too.
pub fn repartition_screen(view: &View<'_>, now: &Snapshot, timer: usize) -> String {
    let program = view.context.program;
    let statistics = view.context.statistics(now);
    let mut text = title(&if timer == 0 {
        "Repartition Screen".to_owned()
    } else {
        format!("Repartition {} Screen", timer + 1)
    });
    let borders = program.response_time_borders.get(timer).map_or(&[][..], |borders| borders);
    let name = program.timers.get(timer).map_or("", String::as_str);
    let samples = statistics.and_then(|statistics| statistics.timers.get(timer));
    let samples = samples.map_or(&[][..], |samples| &samples.repartition);
    table(&mut text, &format!("Average Response Time Repartition {name}"), borders, samples);
    if timer == 0 {
        let samples = statistics.map_or(&[][..], |statistics| &statistics.call_length.repartition);
        table(&mut text, "Average Call Length Repartition", &program.call_length_borders, samples);
    }
    text.push_str(&foot(view));
    text
}

// Writing to a String never fails, so the results of `write!` are dropped below.

fn table(text: &mut String, name: &str, borders: &[u32], samples: &[u64]) {
    let _ = writeln!(text, "  {name:<77}");
    let Some(last) = borders.last() else {
        text.push_str("  <No repartion defined>\n");
        return;
    };
    let samples = |range: usize| samples.get(range).copied().unwrap_or(0);
    let mut low = 0;
    for (range, border) in borders.iter().enumerate() {
        let _ = writeln!(text, "    {low:>10} ms <= n < {border:>10} ms : {:>10}", samples(range));
        low = *border;
    }
    let _ = writeln!(text, "    {:>14} n >= {last:>10} ms : {:>10}", "", samples(borders.len()));
}
