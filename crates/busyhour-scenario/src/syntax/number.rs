//! Numbers and truth values as SIPp reads them, in attributes and on its command line (spec-3.8 A1).

/// Reads a whole number: decimal (a leading zero means nothing, or octal if `octal`), or hexadecimal behind `0x`.
/// Blanks in front and a sign are allowed, anything behind is not. `None` if it is not one or beyond 64 bits.
pub fn integer(text: &str, octal: bool) -> Option<i64> {
    let (negative, digits) = sign(text.trim_ascii_start());
    let value = if let Some(hex) = hexadecimal(digits) {
        parse(hex, 16)?
    } else if octal && digits.len() > 1 && digits.starts_with('0') {
        parse(digits, 8)?
    } else {
        parse(digits, 10)?
    };
    Some(if negative { -value } else { value })
}

/// Reads a number as C's `strtod` does, with nothing behind it. Infinite values are not numbers here.
pub fn double(text: &str) -> Option<f64> {
    let text = text.trim_ascii_start();
    let (negative, digits) = sign(text);
    if let Some(hex) = hexadecimal(digits) {
        let value = parse(hex, 16)? as f64;
        return Some(if negative { -value } else { value });
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Reads `true` or `false` in any case, or a whole number that is false if 0.
pub fn boolean(text: &str, octal: bool) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        integer(text, octal).map(|value| value != 0)
    }
}

/// Borders of a repartition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Borders {
    /// Sorted, ms.
    pub(crate) sorted: Vec<u32>,
    /// Something was there that is not read: a second number without a comma, or digits beyond 32 bits.
    pub(crate) inexact: bool,
}

/// Reads the borders of a repartition: unsigned whole numbers between commas, blanks and tabs allowed. Nothing at all is
/// no table. Like SIPp, takes the first of two numbers with a blank between.
pub(crate) fn borders(text: &str) -> Option<Borders> {
    let mut borders = Borders { sorted: Vec::new(), inexact: false };
    if text.is_empty() {
        return Some(borders);
    }
    for part in text.split(',') {
        let mut numbers = part.split([' ', '\t']).filter(|number| !number.is_empty());
        let first = numbers.next()?;
        borders.inexact |= numbers.next().is_some();
        if !part.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ' || byte == b'\t') {
            return None;
        }
        borders.inexact |= first.parse::<u32>().is_err();
        borders.sorted.push(first.parse().unwrap_or(u32::MAX));
    }
    borders.sorted.sort_unstable();
    Some(borders)
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn hexadecimal(digits: &str) -> Option<&str> {
    digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"))
}

/// `from_str_radix` takes a sign of its own, which must not come twice.
fn parse(digits: &str, radix: u32) -> Option<i64> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_decimal_or_hexadecimal() {
        assert_eq!(integer("010", false), Some(10));
        assert_eq!(integer("010", true), Some(8));
        assert_eq!(integer("0x10", false), Some(16));
        assert_eq!(integer(" -5", false), Some(-5));
        for bad in ["", "5x", "1s", "--5", "0x", "99999999999999999999", "5 "] {
            assert_eq!(integer(bad, false), None, "{bad:?}");
        }
    }

    #[test]
    fn doubles_are_as_strtod_reads_them() {
        assert_eq!(double("010"), Some(10.0));
        assert_eq!(double("0x10"), Some(16.0));
        assert_eq!(double("-.5e1"), Some(-5.0));
        for bad in ["", "1,5", "abc", "1e999", "inf", "nan", "5ms"] {
            assert_eq!(double(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn booleans_take_any_case_and_numbers() {
        assert_eq!(boolean("TRUE", false), Some(true));
        assert_eq!(boolean("False", false), Some(false));
        assert_eq!(boolean("2", false), Some(true));
        assert_eq!(boolean("0x0", false), Some(false));
        assert_eq!(boolean("yes", false), None);
    }

    #[test]
    fn borders_are_sorted() {
        let sorted = |text| borders(text).map(|borders| (borders.sorted, borders.inexact));
        assert_eq!(sorted("20, 10,\t30"), Some((vec![10, 20, 30], false)));
        assert_eq!(sorted("10 20,5,5"), Some((vec![5, 5, 10], true)));
        assert_eq!(sorted("99999999999"), Some((vec![u32::MAX], true)));
        assert_eq!(sorted(""), Some((vec![], false)));
        for bad in ["10,", "10,,20", "-1", "a", "10 a"] {
            assert_eq!(borders(bad), None, "{bad:?}");
        }
    }
}
