//! Small pieces that stamps are made of, read from bytes.

use super::moment::{Moment, days_since_1970, is_date};

/// A time of day, and where the text goes on behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    pub second_of_day: u32,
    pub nanos: u32,
    pub after: usize,
}

impl TimeOfDay {
    /// The wall clock's reading on a day; `None` for a day that no calendar has.
    pub fn on(self, year: u32, month: u32, day: u32) -> Option<Moment> {
        is_date(year, month, day).then(|| Moment {
            seconds: days_since_1970(i64::from(year), month, day) * 86_400
                + i64::from(self.second_of_day),
            nanos: self.nanos,
        })
    }
}

pub fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

/// Two digits at `at`.
pub fn two(text: &[u8], at: usize) -> Option<u32> {
    let pair: &[u8; 2] = text.get(at..)?.first_chunk()?;
    let [tens, ones] = pair.map(|byte| u32::from(byte.wrapping_sub(b'0')));
    (tens < 10 && ones < 10).then_some(tens * 10 + ones)
}

/// Four digits at `at`.
pub fn four(text: &[u8], at: usize) -> Option<u32> {
    Some(two(text, at)? * 100 + two(text, at + 2)?)
}

/// One or two digits at `at`, and where the text goes on.
pub fn one_or_two(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let first = digit(*text.get(at)?)?;
    Some(match text.get(at + 1).copied().and_then(digit) {
        Some(second) => (first * 10 + second, at + 2),
        None => (first, at + 1),
    })
}

/// How many digits there are from `at` on.
pub fn digits(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Behind the blanks at `at`.
pub fn behind_blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| **byte == b' ').count()
}

/// Nothing that would make a longer word or number follows.
pub fn ends(text: &[u8], at: usize) -> bool {
    !text.get(at).is_some_and(u8::is_ascii_alphanumeric)
}

/// Digits behind the point as nanoseconds, and how many there are; what is finer is cut.
pub fn fraction(text: &[u8]) -> (u32, usize) {
    let (mut value, mut scale, mut count) = (0, 100_000_000, 0);
    while let Some(digit) = text.get(count).copied().and_then(digit) {
        value += digit * scale;
        scale /= 10;
        count += 1;
    }
    (value, count)
}

/// The year that two digits mean: 1970 to 2069.
pub const fn century(year: u32) -> u32 {
    if year < 70 { 2000 + year } else { 1900 + year }
}

/// `14:02:03`, `14:02:03.123456`, with a comma, with a colon before milliseconds, `2:02:03 PM`,
/// and without seconds `14:02`; at `at`.
pub fn time_of_day(text: &[u8], at: usize) -> Option<TimeOfDay> {
    let (hour, minute, second, next) = match usual_time(text, at) {
        Some((hour, minute, second)) => (hour, minute, Some(second), at + 8),
        None => time_of_any_length(text, at)?,
    };
    let (nanos, next) = match second {
        Some(_) => nanos_at(text, next),
        None => (0, next),
    };
    // `14:02:031` is something else
    if text.get(next).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (hour, after) = half_of_day(text, next, hour);
    Some(TimeOfDay {
        second_of_day: second_of_day(hour, minute, second.unwrap_or(0))?,
        nanos,
        after,
    })
}

/// `14:02:03`, which is how most are written, without a look at each byte.
pub fn usual_time(text: &[u8], at: usize) -> Option<(u32, u32, u32)> {
    let time: &[u8; 8] = text.get(at..)?.first_chunk()?;
    let [h, hh, b':', m, mm, b':', s, ss] = *time else {
        return None;
    };
    let [h, hh, m, mm, s, ss] =
        [h, hh, m, mm, s, ss].map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let are_digits = (h < 10) & (hh < 10) & (m < 10) & (mm < 10) & (s < 10) & (ss < 10);
    are_digits.then_some((h * 10 + hh, m * 10 + mm, s * 10 + ss))
}

/// `2:02:03` or `14:02`: hour, minute, perhaps the second, and where the text goes on.
fn time_of_any_length(text: &[u8], at: usize) -> Option<(u32, u32, Option<u32>, usize)> {
    let (hour, next) = one_or_two(text, at)?;
    if text.get(next) != Some(&b':') {
        return None;
    }
    let minute_at = next + 1;
    let (minute, next) = one_or_two(text, minute_at)?;
    if text.get(next) != Some(&b':') {
        // the last line of a file that is written may end within the minute
        let is_torn = next == text.len() && next - minute_at == 1;
        return (!is_torn).then_some((hour, minute, None, next));
    }
    let (second, next) = one_or_two(text, next + 1)?;
    Some((hour, minute, Some(second), next))
}

/// `14.02.03.123456` as Db2 writes it; at `at`.
pub fn dotted_time_of_day(text: &[u8], at: usize) -> Option<TimeOfDay> {
    let time: &[u8; 8] = text.get(at..)?.first_chunk()?;
    let [.., b'.', _, _, b'.', _, _] = *time else {
        return None;
    };
    let (nanos, after) = nanos_at(text, at + 8);
    (after > at + 8 && !text.get(after).is_some_and(u8::is_ascii_digit)).then_some(())?;
    Some(TimeOfDay {
        second_of_day: second_of_day(two(time, 0)?, two(time, 3)?, two(time, 6)?)?,
        nanos,
        after,
    })
}

/// `+060`: minutes east of UTC as Db2 writes them, in seconds.
pub fn zone_in_minutes(text: &[u8]) -> Option<(i64, usize)> {
    let sign = match text.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let minutes = i64::from(digit(*text.get(1)?)? * 100 + two(text, 2)?);
    (ends(text, 4) && minutes <= 15 * 60).then_some((sign * minutes * 60, 4))
}

/// `140203`, `140203.123`, `1402`; at `at`.
pub fn compact_time_of_day(text: &[u8], at: usize) -> Option<TimeOfDay> {
    let (hour, minute) = (two(text, at)?, two(text, at + 2)?);
    let (second, mut after, mut nanos) = match two(text, at + 4) {
        Some(second) => (second, at + 6, 0),
        None => (0, at + 4, 0),
    };
    if after == at + 6 {
        (nanos, after) = nanos_at(text, after);
    }
    if text.get(after).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some(TimeOfDay {
        second_of_day: second_of_day(hour, minute, second)?,
        nanos,
        after,
    })
}

pub const fn second_of_day(hour: u32, minute: u32, second: u32) -> Option<u32> {
    // 60: a leap second
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(hour * 3600 + minute * 60 + second)
}

/// A fraction of a second at `at`, and where the text goes on; zero where there is none.
fn nanos_at(text: &[u8], at: usize) -> (u32, usize) {
    let Some(mark @ (b'.' | b',' | b':')) = text.get(at) else {
        return (0, at);
    };
    match fraction(&text[at + 1..]) {
        (nanos, count) if count == 3 || (count > 0 && *mark != b':') => (nanos, at + 1 + count),
        _ => (0, at),
    }
}

/// An hour with the `AM` or `PM` that may follow at `at`, and where the text goes on.
fn half_of_day(text: &[u8], at: usize, hour: u32) -> (u32, usize) {
    let mark = match text.get(at) {
        Some(b' ') => at + 1,
        _ => at,
    };
    let is_afternoon = match text.get(mark) {
        Some(b'A' | b'a') => false,
        Some(b'P' | b'p') => true,
        _ => return (hour, at),
    };
    if !matches!(text.get(mark + 1), Some(b'M' | b'm')) || !ends(text, mark + 2) {
        return (hour, at);
    }
    // a clock of 24 hours, with a mark that says nothing
    let hour = on_the_dial(hour, is_afternoon).unwrap_or(hour);
    (hour, mark + 2)
}

/// The hour of the day that a dial of twelve shows as `hour`.
pub fn on_the_dial(hour: u32, is_afternoon: bool) -> Option<u32> {
    (1..=12)
        .contains(&hour)
        .then(|| hour % 12 + if is_afternoon { 12 } else { 0 })
}

/// The zone that follows a time, as seconds east of UTC, and its length.
///
/// Behind a space only the spellings that cannot be the first word of a message count; ` +01` as
/// PostgreSQL writes it where it stands before what a message does not begin with. Names that several
/// zones have, such as `IST`, mean nothing here.
pub fn zone(text: &[u8]) -> Option<(i64, usize)> {
    let (text, skipped) = match text.first()? {
        b' ' => (&text[1..], 1),
        _ => (text, 0),
    };
    let (sign, rest) = match text.first()? {
        b'Z' | b'z' => return ends(text, 1).then_some((0, skipped + 1)),
        b'U' | b'G' if text.starts_with(b"UTC") || text.starts_with(b"GMT") => {
            return ends(text, 3).then_some((0, skipped + 3));
        }
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => {
            let (hours, length) = named_zone(text)?;
            return Some((hours * 3600, skipped + length));
        }
    };
    let hours = two(rest, 0)?;
    let (minutes, length) = match rest.get(2) {
        Some(b':') if skipped == 0 || !is_address(&rest[3..]) => (two(rest, 3)?, 5),
        _ => match two(rest, 2) {
            Some(minutes) => (minutes, 4),
            None if skipped > 0 && !begins_no_message(&rest[2..]) => return None,
            None => (0, 2),
        },
    };
    if hours > 15 || minutes > 59 || !ends(rest, length) {
        return None;
    }
    Some((
        sign * i64::from(hours * 3600 + minutes * 60),
        skipped + 1 + length,
    ))
}

/// Whether numbers with points follow, as in `+01:10.0.0.5(4711)`.
fn is_address(text: &[u8]) -> bool {
    matches!(text.get(digits(text, 0)), Some(b'.'))
}

/// Whether what follows ` +01` makes a zone of it: ` -10 dBm` is none.
fn begins_no_message(text: &[u8]) -> bool {
    match text {
        [] | [b'\r' | b'\n' | b',' | b';' | b':' | b']' | b'"' | b'|', ..] | [b' ', b'[', ..] => {
            true
        }
        [b' ', word @ ..] => {
            // a level; units are shorter
            let letters = word
                .iter()
                .take_while(|byte| byte.is_ascii_uppercase())
                .count();
            letters >= 3 && ends(word, letters)
        }
        _ => false,
    }
}

/// The same names, for people.
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    let named = NAMED_ZONES
        .iter()
        .filter_map(|(name, _)| std::str::from_utf8(name).ok());
    ["UTC", "GMT"].into_iter().chain(named)
}

/// Names of zones that are of one offset wherever they are written, in hours east of UTC.
const NAMED_ZONES: [(&[u8], i64); 18] = [
    (b"CET", 1),
    (b"CEST", 2),
    (b"EET", 2),
    (b"EEST", 3),
    (b"MSK", 3),
    (b"JST", 9),
    (b"KST", 9),
    (b"AEST", 10),
    (b"AEDT", 11),
    (b"NZST", 12),
    (b"NZDT", 13),
    (b"EST", -5),
    (b"EDT", -4),
    (b"CDT", -5),
    (b"MST", -7),
    (b"MDT", -6),
    (b"PST", -8),
    (b"PDT", -7),
];

/// The offset of the zone whose name `text` begins with, and the name's length.
fn named_zone(text: &[u8]) -> Option<(i64, usize)> {
    // most of what follows a stamp begins otherwise
    if !text.get(..3)?.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let (name, hours) = NAMED_ZONES
        .iter()
        .find(|(name, _)| text.starts_with(name) && ends(text, name.len()))?;
    Some((*hours, name.len()))
}

/// Whether a word is the name of a zone that means one offset.
pub fn is_zone_name(word: &[u8]) -> bool {
    NAMED_ZONES.iter().any(|(name, _)| *name == word)
}

/// The month that `text` begins with by its English name of three letters; Oracle's listener writes
/// capitals.
pub fn month(text: &[u8]) -> Option<u32> {
    Some(match text.get(..3)? {
        b"Jan" | b"JAN" => 1,
        b"Feb" | b"FEB" => 2,
        b"Mar" | b"MAR" => 3,
        b"Apr" | b"APR" => 4,
        b"May" | b"MAY" => 5,
        b"Jun" | b"JUN" => 6,
        b"Jul" | b"JUL" => 7,
        b"Aug" | b"AUG" => 8,
        b"Sep" | b"SEP" => 9,
        b"Oct" | b"OCT" => 10,
        b"Nov" | b"NOV" => 11,
        b"Dec" | b"DEC" => 12,
        _ => return None,
    })
}

/// Length of the weekday that `text` begins with, by its English name, with the comma and the
/// blank behind it; 0 where there is none.
pub fn weekday(text: &[u8]) -> usize {
    let is_day = text.get(..3).is_some_and(|name| {
        matches!(
            name,
            b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun"
        )
    });
    if !is_day {
        return 0;
    }
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic());
    let mut at = letters.count();
    if at != 3 && !text[..at].ends_with(b"day") {
        return 0;
    }
    if text.get(at) == Some(&b',') {
        at += 1;
    }
    match behind_blanks(text, at) {
        after if after > at => after,
        _ => 0,
    }
}
