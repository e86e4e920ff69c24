//! Numbers for people.

/// Formats a count in groups of three digits: `12 345`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Formats a count with its noun, in the plural where it is due: `1 call`, `12 345 calls`.
pub fn counted(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(value))
}

/// Formats a duration given in µs, with two or three digits that matter: `350 µs`, `1.2 ms`, `120 ms`, `3.4 s`,
/// `2 min 05 s`, `1 h 02 min`.
pub fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..99_950 => format!("{:.1} ms", us as f64 / 1e3),
        99_950..999_500 => format!("{:.0} ms", us as f64 / 1e3),
        999_500..59_950_000 => format!("{:.1} s", us as f64 / 1e6),
        _ => {
            let seconds = us.saturating_add(500_000) / 1_000_000;
            match seconds {
                0..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
                _ => format!("{} h {:02} min", count(seconds / 3600), seconds / 60 % 60),
            }
        }
    }
}

/// Formats a share in percent. What is not all never reads `100 %`, and what is not nothing never reads `0 %`. `n/a`
/// if there is no whole.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "n/a".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match percent {
        _ if part == 0 => "0 %".to_owned(),
        _ if part == whole => "100 %".to_owned(),
        ..0.01 => "<0.01 %".to_owned(),
        0.01..10.0 => format!("{percent:.2} %"),
        99.95..100.0 => ">99.9 %".to_owned(),
        _ => format!("{percent:.1} %"),
    }
}

/// Formats a number of somethings a second: `12 345`, `99.5`, `0.25`; `n/a` if there is no such number.
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second < 0.0 {
        return "n/a".to_owned();
    }
    let decimals = match per_second {
        ..1.0 => 2,
        1.0..99.95 => 1,
        _ => return count(per_second.round() as u64),
    };
    let text = format!("{per_second:.decimals$}");
    text.strip_suffix(".00").or_else(|| text.strip_suffix(".0")).unwrap_or(&text).to_owned()
}

/// Formats a number of somethings a second with its unit: `12 345/s`; `n/a` if there is no such number.
pub fn rate_per_s(per_second: f64) -> String {
    let unit = if per_second.is_finite() { "/s" } else { "" };
    rate(per_second) + unit
}

/// Events per second over a time in µs; not a number if no time passed.
pub fn per_second(events: u64, us: u64) -> f64 {
    if us == 0 { f64::NAN } else { events as f64 * 1e6 / us as f64 }
}

/// Returns a line of a list: label, value at the right of its column, and a note if there is one. No line end.
pub fn entry(label: &str, value: &str, note: &str) -> String {
    let gap = if note.is_empty() { "" } else { "   " };
    format!("  {label:<42}{value:>11}{gap}{note}")
}

/// Breaks a text at blanks into lines of at most `width` characters, but for longer words. Lines after the first
/// start with `indent` blanks, and the first is expected to be put after as many.
pub fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + 16);
    let mut column = indent;
    for word in text.split(' ') {
        let len = word.chars().count();
        if column > indent && column + 1 + len > width {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += len;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(
            [0, 12, 999, 1000, 12_345, 1_234_567].map(count).join("|"),
            "0|12|999|1 000|12 345|1 234 567"
        );
        assert_eq!(counted(1, "call"), "1 call");
        assert_eq!(counted(2000, "call"), "2 000 calls");
    }

    #[test]
    fn durations_keep_the_digits_that_matter() {
        let texts = [
            (0, "0 µs"),
            (350, "350 µs"),
            (999, "999 µs"),
            (1_234, "1.2 ms"),
            (99_949, "99.9 ms"),
            (99_950, "100 ms"),
            (999_499, "999 ms"),
            (999_500, "1.0 s"),
            (59_949_999, "59.9 s"),
            (59_950_000, "1 min 00 s"),
            (125_400_000, "2 min 05 s"),
            (3_720_000_000, "1 h 02 min"),
        ];
        for (us, text) in texts {
            assert_eq!(duration(us), text);
        }
        assert!(duration(u64::MAX).ends_with("min"));
    }

    #[test]
    fn shares_do_not_round_trouble_away() {
        assert_eq!(share(0, 0), "n/a");
        assert_eq!(share(0, 5), "0 %");
        assert_eq!(share(5, 5), "100 %");
        assert_eq!(share(1, 1_000_000), "<0.01 %");
        assert_eq!(share(36, 10_000), "0.36 %");
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(999_999, 1_000_000), ">99.9 %");
    }

    #[test]
    fn rates() {
        assert_eq!(rate(f64::NAN), "n/a");
        assert_eq!(rate(f64::INFINITY), "n/a");
        assert_eq!([0.0, 0.25, 1.0, 99.5, 99.96, 12_345.4].map(rate).join("|"), "0|0.25|1|99.5|100|12 345");
        assert_eq!([f64::NAN, 2.5].map(rate_per_s).join("|"), "n/a|2.5/s");
        assert!(per_second(5, 0).is_nan());
        assert_eq!(per_second(5, 2_000_000), 2.5);
    }

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrapped("one two three", 2, 9), "one two\n  three");
        assert_eq!(wrapped("incomprehensibilities", 2, 9), "incomprehensibilities");
    }
}
