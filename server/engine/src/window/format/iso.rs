//! RFC 3339 and ISO 8601 as logs write them, with the date's numbers from the year down.

use super::super::text::{dotted_time_of_day, four, time_of_day, two, zone_in_minutes};
use super::{Stamp, dated, placed};

/// `2026-11-20T14:02:03.5+01:00`, `2026-11-20 14:02:03,5`, `2026/11/20 14:02:03`; with two blanks as
/// apt writes it, and `2026-11-20-14.02.03.123456+060` of Db2.
pub fn read(text: &[u8]) -> Option<Stamp> {
    let separator = *text.get(4)?;
    if !matches!(separator, b'-' | b'/' | b'.') || text.get(7) != Some(&separator) {
        return None;
    }
    let (year, month, day) = (four(text, 0)?, two(text, 5)?, two(text, 8)?);
    let at = match text.get(10)? {
        b' ' if text.get(11) == Some(&b' ') => 12,
        b'T' | b't' | b' ' | b'\t' | b'_' | b'-' => 11,
        b',' if text.get(11) == Some(&b' ') => 12,
        _ => return None,
    };
    if text.get(10) == Some(&b'-') && text.get(13) == Some(&b'.') {
        let time = dotted_time_of_day(text, at)?;
        let zone = zone_in_minutes(&text[time.after..]);
        return Some(placed(time.on(year, month, day)?, zone));
    }
    let time = time_of_day(text, at)?;
    // `PM: suspend`: who begins with the year mostly counts 24 hours, and the message begins so
    let is_word =
        matches!(text[time.after - 1], b'M' | b'm') && text.get(time.after) == Some(&b':');
    let time = if is_word {
        time_of_day(&text[..time.after - 2], at)?
    } else {
        time
    };
    dated(text, year, month, day, time)
}

/// The same where a stamp without zone is of UTC, as in logs by the W3C's extended format.
pub fn read_in_utc(text: &[u8]) -> Option<Stamp> {
    read(text).map(|stamp| match stamp {
        Stamp::Local(wall) => Stamp::Utc(wall),
        stamp => stamp,
    })
}
