//! Times as SIPp writes them (spec-outputs §2).

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Turns µs since 1970 into text. The offset of local time from UTC is found once, at the start of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clock {
    /// Local time minus UTC, in seconds.
    pub utc_offset_s: i32,
    /// `-rfc3339`: statistics files and error logs use RFC 3339 times.
    pub rfc3339: bool,
}

impl Clock {
    /// Returns one for the system's time zone as it is at `epoch_us`.
    pub fn local(epoch_us: u64, rfc3339: bool) -> Clock {
        let utc_offset_s = i64::try_from(epoch_us)
            .ok()
            .and_then(|us| Timestamp::from_microsecond(us).ok())
            .map_or(0, |moment| TimeZone::system().to_offset(moment).seconds());
        Clock { utc_offset_s, rfc3339 }
    }

    /// Formats as `2026-11-22<TAB>10:08:17.909769<TAB>1795342097.909769`: local date, local time, µs since 1970.
    pub fn tabbed(&self, epoch_us: u64) -> Stamp {
        let mut stamp = Stamp::new();
        let civil = self.civil(epoch_us);
        stamp.date(&civil);
        stamp.push(b'\t');
        stamp.time(&civil);
        stamp.push(b'\t');
        stamp.number(epoch_us / 1_000_000, 1);
        stamp.push(b'.');
        stamp.number(epoch_us % 1_000_000, 6);
        stamp
    }

    /// Formats as RFC 3339 with µs, `2026-11-22T10:08:17.963565Z`; the offset is `Z` in UTC and else `±hh:mm`.
    pub fn rfc3339(&self, epoch_us: u64) -> Stamp {
        let mut stamp = Stamp::new();
        let civil = self.civil(epoch_us);
        stamp.date(&civil);
        stamp.push(b'T');
        stamp.time(&civil);
        if self.utc_offset_s == 0 {
            stamp.push(b'Z');
        } else {
            stamp.push(if self.utc_offset_s < 0 { b'-' } else { b'+' });
            let minutes = u64::from(self.utc_offset_s.unsigned_abs()) / 60;
            stamp.number(minutes / 60, 2);
            stamp.push(b':');
            stamp.number(minutes % 60, 2);
        }
        stamp
    }

    /// Formats for statistics files and error logs: RFC 3339 with `-rfc3339`, else with tabs.
    pub fn column(&self, epoch_us: u64) -> Stamp {
        if self.rfc3339 { self.rfc3339(epoch_us) } else { self.tabbed(epoch_us) }
    }

    fn civil(&self, epoch_us: u64) -> Civil {
        let local_s = (epoch_us / 1_000_000).saturating_add_signed(i64::from(self.utc_offset_s));
        let (year, month, day) = date_of(local_s / 86_400);
        Civil { year, month, day, second: local_s % 86_400, us: epoch_us % 1_000_000 }
    }
}

/// Formats a duration in ms as `hh:mm:ss`, cutting the rest of the second.
pub fn hms(ms: u64) -> String {
    let seconds = ms / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Formats a duration in ms as `hh:mm:ss:µs`; SIPp measures in ms, so the last three digits are 0.
pub fn hmsu(ms: u64) -> String {
    format!("{}:{:03}000", hms(ms), ms % 1000)
}

/// A formatted time, without an allocation.
#[derive(Clone, Copy)]
pub struct Stamp {
    bytes: [u8; Stamp::SIZE],
    len: usize,
}

impl Stamp {
    // A date and a time are 27 bytes for years of four digits; µs since 1970 are 20 digits at most.
    const SIZE: usize = 64;

    /// The text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever written.
        str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    fn new() -> Stamp {
        Stamp { bytes: [0; Stamp::SIZE], len: 0 }
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn date(&mut self, civil: &Civil) {
        self.number(civil.year, 4);
        self.push(b'-');
        self.number(civil.month, 2);
        self.push(b'-');
        self.number(civil.day, 2);
    }

    fn time(&mut self, civil: &Civil) {
        self.number(civil.second / 3600, 2);
        self.push(b':');
        self.number(civil.second / 60 % 60, 2);
        self.push(b':');
        self.number(civil.second % 60, 2);
        self.push(b'.');
        self.number(civil.us, 6);
    }

    /// Writes `value` with at least `width` digits.
    fn number(&mut self, mut value: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        while value > 0 {
            start -= 1;
            digits[start] = b'0' + (value % 10) as u8;
            value /= 10;
        }
        for digit in &digits[start.min(digits.len() - width)..] {
            self.push(*digit);
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A local date and time.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    second: u64,
    us: u64,
}

/// The Gregorian date of so many days after 1970-01-01.
///
/// Years are counted from 1 March, so the leap day comes last; 400 of them (an era) have 146 097 days.
fn date_of(days: u64) -> (u64, u64, u64) {
    let since_march_0000 = days + 719_468;
    let era = since_march_0000 / 146_097;
    let day_of_era = since_march_0000 % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: u64 = 1_795_342_097_909_769;

    #[test]
    fn forms_of_one_moment() {
        let utc = Clock::default();
        assert_eq!(utc.tabbed(MOMENT).as_str(), "2026-11-22\t10:08:17.909769\t1795342097.909769");
        assert_eq!(utc.rfc3339(MOMENT).as_str(), "2026-11-22T10:08:17.909769Z");
        let east = Clock { utc_offset_s: 5 * 3600 + 1800, rfc3339: true };
        assert_eq!(east.column(MOMENT).as_str(), "2026-11-22T15:38:17.909769+05:30");
        assert_eq!(east.tabbed(MOMENT).as_str(), "2026-11-22\t15:38:17.909769\t1795342097.909769");
        let west = Clock { utc_offset_s: -11 * 3600, rfc3339: true };
        assert_eq!(west.column(MOMENT).as_str(), "2026-11-21T23:08:17.909769-11:00");
    }

    #[test]
    fn dates_agree_with_the_calendar_library() {
        let utc = Clock::default();
        for day in (0..60_000_u64).step_by(7).chain([0, 59, 11_016, 11_017, 19_782, 19_783]) {
            let us = day * 86_400_000_000 + 1;
            let expected =
                Timestamp::from_microsecond(us as i64).unwrap().strftime("%Y-%m-%dT%H:%M:%S.000001Z");
            assert_eq!(utc.rfc3339(us).as_str(), expected.to_string());
        }
    }

    #[test]
    fn absurd_times_do_not_panic() {
        assert!(Clock::default().tabbed(u64::MAX).as_str().starts_with("586524-"));
        assert_eq!(
            Clock { utc_offset_s: -3600, rfc3339: true }.column(0).as_str(),
            "1970-01-01T00:00:00.000000-01:00"
        );
        assert_eq!(Clock::local(u64::MAX, false).utc_offset_s, 0);
    }

    #[test]
    fn durations() {
        assert_eq!(hms(3_999), "00:00:03");
        assert_eq!(hmsu(130), "00:00:00:130000");
        assert_eq!(hmsu(363_723_004), "101:02:03:004000");
    }
}
