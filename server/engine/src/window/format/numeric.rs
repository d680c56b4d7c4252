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

/// `17/06/09 20:10:40` of Spark and Hadoop: 9 June 2017.
pub fn year_of_two_digits(text: &[u8]) -> Option<Stamp> {
    let (_, month, day, at) = short_numbers(text)?;
    let year = century(two(text, 0)?);
    dated(text, year, month, day, time_of_day(text, at)?)
}

/// `11/20/26 14:02:03`, `[1/5/26, 9:02:03:123 CET]` of WebSphere and IBM MQ in the United States.
pub fn month_day_short(text: &[u8]) -> Option<Stamp> {
    let (month, day, year, at) = short_numbers(text)?;
    dated(text, century(year), month, day, time_of_day(text, at)?)
}

/// The same where the day comes first: `20/11/26 14:02:03`, `20.11.26 14:02:03`.
pub fn day_month_short(text: &[u8]) -> Option<Stamp> {
    let (day, month, year, at) = short_numbers(text)?;
    dated(text, century(year), month, day, time_of_day(text, at)?)
}

/// The three numbers of a date that ends with a year of four digits, and where the time begins.
fn numbers(text: &[u8]) -> Option<(u32, u32, u32, usize)> {
    let (first, second, at) = two_numbers(text)?;
    if digits(text, at) != 4 {
        return None;
    }
    Some((first, second, four(text, at)?, time_behind(text, at + 4)?))
}

/// The three numbers of a date of which the last has two digits, and where the time begins. With
/// dashes it may be what is left of a torn `2026-11-20`.
fn short_numbers(text: &[u8]) -> Option<(u32, u32, u32, usize)> {
    let (first, second, at) = two_numbers(text)?;
    let is_dated = matches!(text[at - 1], b'/' | b'.') && digits(text, at) == 2;
    if !is_dated || !matches!(text.get(at + 2), Some(b' ' | b',')) {
        return None;
    }
    Some((first, second, two(text, at)?, time_behind(text, at + 2)?))
}

/// Two numbers, and where the third begins behind the same sign.
fn two_numbers(text: &[u8]) -> Option<(u32, u32, usize)> {
    let (first, at) = one_or_two(text, 0)?;
    let separator = *text.get(at)?;
    if !matches!(separator, b'/' | b'.' | b'-') {
        return None;
    }
    let (second, at) = one_or_two(text, at + 1)?;
    (text.get(at) == Some(&separator)).then_some((first, second, at + 1))
}

/// Where the time begins behind a date that ends at `at`.
fn time_behind(text: &[u8], at: usize) -> Option<usize> {
    let at = at + usize::from(text.get(at) == Some(&b','));
    match text.get(at)? {
        b' ' => Some(behind_blanks(text, at)),
        b'T' | b'-' => Some(at + 1),
        _ => None,
    }
}

/// `03-17 16:13:38.811` of Android, also with a slash or a point; `03/17-16:13:38.811371` of Snort.
pub fn month_day(text: &[u8]) -> Option<Stamp> {
    if !matches!(
        (text.get(2)?, text.get(5)?),
        (b'-' | b'/' | b'.', b' ') | (b'/', b'-')
    ) {
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
