//! `PRINTF=`: lines that are made from a few, by filling in a number.

use std::io::Write as _;

/// Widest number that may be asked for; more is an error of the file.
const WIDTH_MAX: usize = 4096;

/// The numbers of a file's virtual lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Printf {
    /// How many there are.
    pub(super) lines: u32,
    pub(super) offset: i64,
    pub(super) multiple: i64,
}

impl Printf {
    /// Appends a field of a virtual line; `field` is the one of the line it is made from.
    pub(super) fn append(&self, field: &[u8], line: u32, out: &mut Vec<u8>) {
        // The file's own numbers may be of any size.
        let number = self.offset.wrapping_add(i64::from(line).wrapping_mul(self.multiple));
        let mut rest = field;
        while let Some(at) = memchr::memchr(b'%', rest) {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            match Conversion::read(rest) {
                Ok((conversion, behind)) => {
                    conversion.append(number, out);
                    rest = behind;
                }
                // `check` has refused such a file.
                Err(_) => out.push(b'%'),
            }
        }
        out.extend_from_slice(rest);
    }
}

/// Finds what can't be filled in; in words.
pub(super) fn check(row: &[u8]) -> Result<(), String> {
    for field in row.split(|byte| *byte == b';') {
        let mut rest = field;
        while let Some(at) = memchr::memchr(b'%', rest) {
            (_, rest) = Conversion::read(&rest[at + 1..])
                .map_err(|problem| format!("{problem}: \"{}\"", String::from_utf8_lossy(field)))?;
        }
    }
    Ok(())
}

/// What stands behind a `%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conversion {
    Percent,
    Number { left: bool, zeros: bool, width: usize, precision: Option<usize> },
}

impl Conversion {
    /// Reads one: `%`, or flags `-` and `0`, width, precision and `d`. Also returns what follows it.
    fn read(text: &[u8]) -> Result<(Conversion, &[u8]), String> {
        if let Some(rest) = text.strip_prefix(b"%") {
            return Ok((Conversion::Percent, rest));
        }
        let flags = text.iter().take_while(|byte| matches!(byte, b'-' | b'0')).count();
        let (left, zeros) = (text[..flags].contains(&b'-'), text[..flags].contains(&b'0'));
        let (width, mut rest) = number(&text[flags..])?;
        let mut precision = None;
        if let Some(behind) = rest.strip_prefix(b".") {
            let (digits, behind) = number(behind)?;
            (precision, rest) = (Some(digits), behind);
        }
        match rest.split_first() {
            Some((b'd', rest)) => Ok((Conversion::Number { left, zeros, width, precision }, rest)),
            Some((other, _)) => {
                let other = char::from(*other);
                Err(format!(
                    "a field of a PRINTF file may hold %d, with digits, \".\" and \"-\" before the d, and %% (only \
                     decimal values allowed '{other}')"
                ))
            }
            None => Err("a % ran off the end of its field: %d or %% was expected".to_owned()),
        }
    }

    fn append(self, number: i64, out: &mut Vec<u8>) {
        let (left, zeros, width, precision) = match self {
            Conversion::Percent => return out.push(b'%'),
            Conversion::Number { left, zeros, width, precision } => (left, zeros, width, precision),
        };
        let start = out.len();
        if !(number == 0 && precision == Some(0)) {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{}", number.unsigned_abs());
        }
        let digits = out.len() - start;
        let sign = usize::from(number < 0);
        let filled = match precision {
            Some(precision) => precision,
            None if zeros && !left => width.saturating_sub(sign),
            None => 0,
        };
        let (zeros, blanks) =
            (filled.saturating_sub(digits), width.saturating_sub(sign + digits.max(filled)));
        let front = if left { 0 } else { blanks };
        let lead = [(b' ', front), (b'-', sign), (b'0', zeros)];
        let lead = lead.into_iter().flat_map(|(byte, count)| std::iter::repeat_n(byte, count));
        out.extend(lead.clone());
        // The digits were written first, to know how many there are.
        out[start..].rotate_left(digits);
        if left {
            out.extend(std::iter::repeat_n(b' ', blanks));
        }
    }
}

fn number(text: &[u8]) -> Result<(usize, &[u8]), String> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[..digits]
        .iter()
        .fold(0_usize, |value, digit| value.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
    if value > WIDTH_MAX {
        return Err(format!("a number {value} columns wide was asked for, at most {WIDTH_MAX} are possible"));
    }
    Ok((value, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(field: &str, number: i64) -> String {
        check(field.as_bytes()).unwrap();
        let mut out = b">".to_vec();
        Printf { lines: 1, offset: number, multiple: 1 }.append(field.as_bytes(), 0, &mut out);
        String::from_utf8(out[1..].to_vec()).unwrap()
    }

    #[test]
    fn numbers_are_filled_in_as_by_c() {
        for (field, number, wanted) in [
            ("u%d", 7, "u7"),
            ("%d%d", -7, "-7-7"),
            ("%04d|", 7, "0007|"),
            ("%04d", -5, "-005"),
            ("%-4d|", 7, "7   |"),
            ("%--3d|", 7, "7  |"),
            ("%-03d|", 7, "7  |"),
            ("%4d", -7, "  -7"),
            ("%.3d", 7, "007"),
            ("%.3d", -7, "-007"),
            ("%5.2d", 1, "   01"),
            ("%05.2d", 1, "   01"),
            ("%-5.2d|", 1, "01   |"),
            ("%.d", 0, ""),
            ("%.0d", 3, "3"),
            ("%2d", 12_345, "12345"),
            ("%%", 7, "%"),
            ("100%%d", 7, "100%d"),
            ("%%%d%%", 7, "%7%"),
            ("", 7, ""),
            ("%d", i64::MIN, "-9223372036854775808"),
        ] {
            assert_eq!(filled(field, number), wanted, "{field} of {number}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for field in
            ["%s", "%", "%5", "a%", "%x", "%+d", "% d", "%ld", "%5%", "%..3d", "%3-d", "%u", "%i", "%5000d"]
        {
            assert!(check(field.as_bytes()).is_err(), "{field}");
        }
        let problem = check(b"ok;%s").unwrap_err();
        assert!(
            problem.contains("only decimal values allowed 's'") && problem.ends_with("\"%s\""),
            "{problem}"
        );
    }

    #[test]
    fn numbers_of_any_size_do_not_panic() {
        let mut out = Vec::new();
        Printf { lines: 2, offset: i64::MAX, multiple: i64::MAX }.append(b"%d", 1, &mut out);
        assert_eq!(out, b"-2");
    }
}
