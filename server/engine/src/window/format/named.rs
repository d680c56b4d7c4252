//! Dates with the month's English name.

use super::super::text::{
    behind_blanks, digits, ends, four, month, one_or_two, time_of_day, weekday, zone,
};
use super::{Stamp, dated, placed, yearless};

/// `Nov 20 14:02:03` of syslog, `Fri Nov 20 14:02:03.123456 2026` of ctime and Apache's error log,
/// `Fri Nov 20 14:02:03 UTC 2026`, `Nov 20 2026 14:02:03`, `Nov 20, 2026 2:02:03 PM`.
pub fn month_first(text: &[u8]) -> Option<Stamp> {
    if !text.first()?.is_ascii_uppercase() {
        return None;
    }
    let weekday = weekday(text);
    let has_weekday = weekday > 0;
    let text = &text[weekday..];
    let month = month(text)?;
    let at = behind_blanks(text, 3);
    let (day, mut next) = one_or_two(text, at)?;
    if at == 3 {
        return None;
    }
    if text.get(next) == Some(&b',') {
        next += 1;
    }
    let at = behind_blanks(text, next);
    if at == next {
        return None;
    }
    if digits(text, at) == 4 {
        let time = time_of_day(text, behind_blanks(text, at + 4))?;
        return dated(text, four(text, at)?, month, day, time);
    }
    let time = time_of_day(text, at)?;
    // the seconds tell it from other words and numbers
    if time.after < at + 5 || text[at..time.after].iter().filter(|b| **b == b':').count() < 2 {
        return None;
    }
    // `SW1 2005: …` of Cisco is a host and the number of a message
    let year = year_behind(text, time.after)
        .filter(|year| has_weekday || text.get(year.end) != Some(&b':'));
    match year {
        Some(YearBehind { year, zone, .. }) => Some(placed(time.on(year, month, day)?, zone)),
        None => yearless(month, day, time),
    }
}

/// A year that stands behind a time.
struct YearBehind {
    year: u32,
    /// What stands between, where that is a zone.
    zone: Option<(i64, usize)>,
    /// Where the text goes on.
    end: usize,
}

/// The year behind a time, perhaps with a zone's name or offset between.
fn year_behind(text: &[u8], at: usize) -> Option<YearBehind> {
    let year = |at: usize| {
        let plausible = four(text, at).filter(|year| (1970..2200).contains(year));
        plausible.filter(|_| ends(text, at + 4))
    };
    let rest = text.get(at..)?.strip_prefix(b" ")?;
    if let Some(year) = year(at + 1) {
        return Some(YearBehind {
            year,
            zone: None,
            end: at + 5,
        });
    }
    let is_zone =
        |byte: &&u8| byte.is_ascii_uppercase() || matches!(byte, b'+' | b'-' | b'0'..=b'9');
    let length = rest.iter().take_while(is_zone).count();
    if !(1..=5).contains(&length) || rest.get(length) != Some(&b' ') {
        return None;
    }
    let begin = at + 1 + length + 1;
    Some(YearBehind {
        year: year(begin)?,
        zone: zone(&text[at..]),
        end: begin + 4,
    })
}

/// `20/Nov/2026:14:02:03 +0100` of access logs, `20-Nov-2026 14:02:03.123`,
/// `Fri, 20 Nov 2026 14:02:03 +0100`.
pub fn day_first(text: &[u8]) -> Option<Stamp> {
    let text = &text[weekday(text)..];
    let (day, at) = one_or_two(text, 0)?;
    let separator = *text.get(at)?;
    if !matches!(separator, b'/' | b'-' | b' ') || text.get(at + 4) != Some(&separator) {
        return None;
    }
    let month = month(&text[at + 1..])?;
    let at = at + 5;
    if digits(text, at) != 4 {
        let time = time_of_day(text, at).filter(|_| separator == b' ')?;
        return yearless(month, day, time);
    }
    if !matches!(text.get(at + 4)?, b':' | b' ' | b'T') {
        return None;
    }
    dated(
        text,
        four(text, at)?,
        month,
        day,
        time_of_day(text, at + 5)?,
    )
}
