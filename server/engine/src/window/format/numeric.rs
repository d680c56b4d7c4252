//! Dates in numbers that do not begin with a year of four digits.

use super::super::text::{
    behind_blanks, century, digits, ends, four, one_or_two, time_of_day, two,
};
use super::{Stamp, dated, yearless};

/// `11/20/2026 2:02:03 PM`, as .NET writes it for the United States.
pub fn month_day_year(text: &[u8]) -> Option<Stamp> {
    let (month, day, year, at) = numbers(text)?;
    dated(text, year, month, day, time_of_day(text, at)?)
}

/// `20/11/2026 14:02:03`, `20.11.2026 14:02:03`.
pub fn day_month_year(text: &[u8]) -> Option<Stamp> {
    let (day, month, year, at) = numbers(text)?;
    dated(text, year, month, day, time_of_day(text, at)?)
}

/// The three numbers of a date that ends with the year, and where the time begins.
fn numbers(text: &[u8]) -> Option<(u32, u32, u32, usize)> {
    let (first, at) = one_or_two(text, 0)?;
    let separator = *text.get(at)?;
    if !matches!(separator, b'/' | b'.' | b'-') {
        return None;
    }
    let (second, at) = one_or_two(text, at + 1)?;
    if text.get(at) != Some(&separator) || digits(text, at + 1) != 4 {
        return None;
    }
    let year = four(text, at + 1)?;
    let mut at = at + 5;
    if text.get(at) == Some(&b',') {
        at += 1;
    }
    match text.get(at)? {
        b' ' => Some((first, second, year, behind_blanks(text, at))),
        b'T' | b'-' => Some((first, second, year, at + 1)),
        _ => None,
    }
}

/// `17/06/09 20:10:40` of Spark and Hadoop: 9 June 2017.
pub fn year_of_two_digits(text: &[u8]) -> Option<Stamp> {
    if text.get(2) != Some(&b'/') || text.get(5) != Some(&b'/') || text.get(8) != Some(&b' ') {
        return None;
    }
    let (year, month, day) = (two(text, 0)?, two(text, 3)?, two(text, 6)?);
    dated(text, century(year), month, day, time_of_day(text, 9)?)
}

/// `03-17 16:13:38.811` of Android, also with a slash or a point.
pub fn month_day(text: &[u8]) -> Option<Stamp> {
    if !matches!(text.get(2)?, b'-' | b'/' | b'.') || text.get(5) != Some(&b' ') {
        return None;
    }
    let (month, day) = (two(text, 0)?, two(text, 3)?);
    let time = time_of_day(text, 6)?;
    // with seconds
    (time.after >= 14).then_some(())?;
    yearless(month, day, time)
}

/// `I1120 16:56:01.123456` of klog and glog, `I20261120 16:56:01.123456` of newer ones.
pub fn klog(text: &[u8]) -> Option<Stamp> {
    if !matches!(text.first()?, b'I' | b'W' | b'E' | b'F' | b'D') {
        return None;
    }
    let count = digits(text, 1);
    if text.get(1 + count) != Some(&b' ') || !ends(text, 1 + count) {
        return None;
    }
    let time = time_of_day(text, behind_blanks(text, 1 + count))?;
    match count {
        4 => yearless(two(text, 1)?, two(text, 3)?, time),
        8 => dated(text, four(text, 1)?, two(text, 5)?, two(text, 7)?, time),
        _ => None,
    }
}
