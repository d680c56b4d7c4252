//! Dates without anything between their numbers.

use super::super::text::{
    behind_blanks, century, compact_time_of_day, digits, four, time_of_day, two,
};
use super::{Stamp, dated};

/// `20261120T140203Z`, `20261120140203.123`, `20261120 14:02:03`, `20171223-22:15:29:606`,
/// `081109 203615` (9 November 2008), `20261120:140203.123` of Zabbix.
pub fn read(text: &[u8]) -> Option<Stamp> {
    let count = digits(text, 0);
    let (year, at) = match count {
        6 => (century(two(text, 0)?), 2),
        8 | 12 | 14 | 17 => (four(text, 0)?, 4),
        _ => return None,
    };
    let (month, day) = (two(text, at)?, two(text, at + 2)?);
    let date_end = at + 4;
    let time = match (count, text.get(count)) {
        (6, Some(b' ')) => either(text, behind_blanks(text, date_end))?,
        (8, Some(b' ' | b'-' | b'_' | b'T')) => either(text, date_end + 1)?,
        (8, Some(b':')) => compact_time_of_day(text, date_end + 1)?,
        (12 | 14, _) => compact_time_of_day(text, date_end)?,
        (17, _) => {
            let mut time = compact_time_of_day(&text[..14], date_end)?;
            (time.nanos, _) = super::super::text::fraction(&text[14..17]);
            time.after = 17;
            time
        }
        _ => return None,
    };
    dated(text, year, month, day, time)
}

/// `201126 14:02:03`, `201126 140203`: 20 November 2026.
pub fn day_month_short(text: &[u8]) -> Option<Stamp> {
    let ((day, month, year), time) = short(text)?;
    dated(text, century(year), month, day, time)
}

/// `112026 140203`: 20 November 2026.
pub fn month_day_short(text: &[u8]) -> Option<Stamp> {
    let ((month, day, year), time) = short(text)?;
    dated(text, century(year), month, day, time)
}

/// A date of six digits by its numbers, and the time behind it.
fn short(text: &[u8]) -> Option<((u32, u32, u32), super::TimeOfDay)> {
    if digits(text, 0) != 6 || text.get(6) != Some(&b' ') {
        return None;
    }
    let numbers = (two(text, 0)?, two(text, 2)?, two(text, 4)?);
    Some((numbers, either(text, behind_blanks(text, 6))?))
}

/// A time with or without colons.
fn either(text: &[u8], at: usize) -> Option<super::TimeOfDay> {
    match digits(text, at) {
        6 => compact_time_of_day(text, at),
        1 | 2 => time_of_day(text, at),
        _ => None,
    }
}
