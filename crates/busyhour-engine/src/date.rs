//! `[timestamp]` and `[date]`.

use std::io::Write as _;

/// Writes local time as `YYYY-MM-DD<TAB>HH:MM:SS.uuuuuu<TAB>EPOCH.uuuuuu`, or by RFC 3339.
pub(crate) fn timestamp(wall_us: u64, utc_offset_s: i32, rfc3339: bool, out: &mut Vec<u8>) {
    let (seconds, us) = ((wall_us / 1_000_000) as i64, wall_us % 1_000_000);
    let t = Civil::from_epoch(seconds + i64::from(utc_offset_s));
    // Writing to a Vec cannot fail.
    let _ = if rfc3339 {
        let _ = write!(
            out,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{us:06}",
            t.year, t.month, t.day, t.hour, t.minute, t.second
        );
        let minutes = utc_offset_s.abs() / 60;
        match utc_offset_s {
            0 => write!(out, "Z"),
            1.. => write!(out, "+{:02}:{:02}", minutes / 60, minutes % 60),
            _ => write!(out, "-{:02}:{:02}", minutes / 60, minutes % 60),
        }
    } else {
        write!(
            out,
            "{:04}-{:02}-{:02}\t{:02}:{:02}:{:02}.{us:06}\t{seconds}.{us:06}",
            t.year, t.month, t.day, t.hour, t.minute, t.second
        )
    };
}

/// Writes `Sun, 22 Nov 2026 10:11:27 GMT` (RFC 3261 §20.17).
pub(crate) fn sip_date(wall_us: u64, out: &mut Vec<u8>) {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = (wall_us / 1_000_000) as i64;
    let t = Civil::from_epoch(seconds);
    let weekday = DAYS[seconds.div_euclid(86_400).rem_euclid(7) as usize];
    let month = MONTHS[t.month as usize - 1];
    let _ = write!(
        out,
        "{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        t.day, t.year, t.hour, t.minute, t.second
    );
}

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    /// From seconds since 1970, by counting 400-year eras that begin on 1 March.
    fn from_epoch(seconds: i64) -> Civil {
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Civil {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_three_forms() {
        let wall = 1_795_342_097_909_769;
        assert_eq!(
            text(|out| timestamp(wall, 0, false, out)),
            "2026-11-22\t10:08:17.909769\t1795342097.909769"
        );
        assert_eq!(text(|out| timestamp(wall, 5400, true, out)), "2026-11-22T11:38:17.909769+01:30");
        assert_eq!(text(|out| timestamp(wall, 0, true, out)), "2026-11-22T10:08:17.909769Z");
        assert_eq!(text(|out| sip_date(wall, out)), "Sun, 22 Nov 2026 10:08:17 GMT");
        assert_eq!(text(|out| sip_date(951_782_400_000_000, out)), "Tue, 29 Feb 2000 00:00:00 GMT");
    }
}
