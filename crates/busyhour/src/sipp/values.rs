//! What SIPp 3.8.0 takes for a number, a truth value and a time on its command line (spec-3.8 A1, C1).

use busyhour_scenario::number;

/// Reads an integer: decimal or `0x` hexadecimal, with a sign if wanted. A leading 0 does not make it octal. `None`
/// for anything else, the empty text and what does not fit into 64 bits included. In files blanks may stand in front;
/// here they may not.
pub(crate) fn integer(text: &str) -> Option<i64> {
    number::integer(text, false).filter(|_| !begins_blank(text))
}

/// Reads a finite floating-point number, decimal (`1.5`, `1e3`) or a hexadecimal integer.
pub(crate) fn float(text: &str) -> Option<f64> {
    number::double(text).filter(|_| !begins_blank(text))
}

/// Reads `true` or `false` in any case, or an integer (0 is false).
pub(crate) fn boolean(text: &str) -> Option<bool> {
    number::boolean(text, false).filter(|_| !begins_blank(text))
}

/// Unit of a time that is written without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// ms.
    Milliseconds,
    /// s.
    Seconds,
}

/// Reads a time into whole milliseconds; fractions of a millisecond are cut. It starts with a digit, may have a
/// fraction and one of the units `ms`, `s`, `m`, `h`. The error says what is wrong, beginning with the text itself.
pub(crate) fn milliseconds(text: &str, unit: Unit) -> Result<u64, String> {
    let form = match text.bytes().filter(|byte| *byte == b':').count() {
        0 => None,
        1 => Some("mm:ss"),
        2 => Some("hh:mm:ss"),
        _ => return Err(not_a_time(text)),
    };
    if let Some(form) = form {
        return Err(format!(
            "\"{text}\": {form} not implemented yet! Write the time with a unit, for example 90s or 1.5m."
        ));
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    if !number.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
        return Err(not_a_time(text));
    }
    let factor = match (suffix, unit) {
        ("", Unit::Milliseconds) | ("ms", _) => 1.0,
        ("", Unit::Seconds) | ("s", _) => 1000.0,
        ("m", _) => 60_000.0,
        ("h", _) => 3_600_000.0,
        _ => return Err(not_a_time(text)),
    };
    let Ok(number) = number.parse::<f64>() else { return Err(not_a_time(text)) };
    // The half billionth undoes binary fractions: 1.001 s is 1001 ms.
    let milliseconds = number * factor * (1.0 + 5e-10);
    // A thousand years in ms; everything below is exact in an f64 and far from overflowing µs in a u64.
    if milliseconds < 3.2e13 { Ok(milliseconds as u64) } else { Err(not_a_time(text)) }
}

fn not_a_time(text: &str) -> String {
    format!(
        "\"{text}\" is not a valid time! Write a number and, if wanted, one of the units ms, s, m, h: \
         500ms, 1.5s, 2m."
    )
}

fn begins_blank(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_as_in_3_8() {
        assert_eq!(integer("10"), Some(10));
        assert_eq!(integer("010"), Some(10));
        assert_eq!(integer("0x10"), Some(16));
        assert_eq!(integer("-5"), Some(-5));
        assert_eq!(integer("+5"), Some(5));
        assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
        for bad in ["", "-", "0x", "1x", " 1", "1 ", "9223372036854775808", "--1", "1.0", "0x-1", "+-1"] {
            assert_eq!(integer(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn floats_as_in_3_8() {
        assert_eq!(float("0.5"), Some(0.5));
        assert_eq!(float(".5"), Some(0.5));
        assert_eq!(float("010"), Some(10.0));
        assert_eq!(float("0x10"), Some(16.0));
        assert_eq!(float("1e3"), Some(1000.0));
        assert_eq!(float("-1"), Some(-1.0));
        for bad in ["", "x", "1x", "inf", "nan", "-inf", "1,5", "1e999"] {
            assert_eq!(float(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn truth_values() {
        assert_eq!(boolean("TRUE"), Some(true));
        assert_eq!(boolean("false"), Some(false));
        assert_eq!(boolean("0"), Some(false));
        assert_eq!(boolean("2"), Some(true));
        assert_eq!(boolean("yes"), None);
    }

    #[test]
    fn times() {
        let ms = |text| milliseconds(text, Unit::Milliseconds);
        let s = |text| milliseconds(text, Unit::Seconds);
        assert_eq!(ms("500"), Ok(500));
        assert_eq!(s("500"), Ok(500_000));
        assert_eq!(ms("1.5s"), Ok(1500));
        assert_eq!(s("0.5"), Ok(500));
        assert_eq!(s("500ms"), Ok(500));
        assert_eq!(ms("2m"), Ok(120_000));
        assert_eq!(ms("1h"), Ok(3_600_000));
        assert_eq!(ms("1.9"), Ok(1));
        assert_eq!(s("1.001"), Ok(1001));
        for bad in ["", "-1", ".5s", "1d", "1 s", "s", "1.2.3", "1:2:3:4", "1e3", "99999999999999999999h"] {
            assert!(ms(bad).is_err_and(|text| text.contains("is not a valid time!")), "{bad:?}");
        }
        assert!(ms("1:30").is_err_and(|text| text.contains("mm:ss not implemented yet!")));
        assert!(ms("0:1:30").is_err_and(|text| text.contains("hh:mm:ss not implemented yet!")));
    }
}
