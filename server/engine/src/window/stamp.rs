//! Time stamps at the start of a line, read by hand-written parsers over bytes.
//!
//! A log has one stamp a line, so this runs once for each hundred bytes or so of everything that
//! is collected: no allocation, no regular expression, and a look at the first byte is mostly
//! enough to refuse a line without a stamp. What a stamp means in UTC is [`super::clock`]'s matter.

use chrono::{DateTime, Utc};

/// A moment (UTC) or a wall clock's reading (no zone yet), in seconds since 1970 and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub seconds: i64,
    pub nanos: u32,
}

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Self {
            seconds: at.timestamp(),
            nanos: at.timestamp_subsec_nanos(),
        }
    }
}

/// What a line's stamp says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// It names its zone.
    Utc(Moment),
    /// A wall clock's reading in a zone that it does not name.
    Local(Moment),
    /// The same, without the year.
    Yearless {
        month: u32,
        day: u32,
        second_of_day: u32,
        nanos: u32,
    },
}

/// A way of writing stamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Format {
    /// RFC 3339 and ISO 8601: `2026-11-20T14:02:03.5+01:00`, `2026-11-20 14:02:03,5`.
    #[default]
    Iso,
    /// `Nov 20 14:02:03`.
    Syslog,
}

impl Format {
    const ALL: [Self; 2] = [Self::Iso, Self::Syslog];

    fn read(self, text: &[u8]) -> Option<Stamp> {
        match self {
            Self::Iso => iso(text),
            Self::Syslog => syslog(text),
        }
    }
}

/// Reads stamps and remembers which format the file uses.
#[derive(Clone, Debug, Default)]
pub struct StampReader {
    last: Format,
}

impl StampReader {
    /// The stamp at the start of `line`, of which the first hundred bytes are enough.
    pub fn read(&mut self, line: &[u8]) -> Option<Stamp> {
        let text = without_prefix(line);
        if let Some(stamp) = self.last.read(text) {
            return Some(stamp);
        }
        let others = Format::ALL
            .into_iter()
            .filter(|format| *format != self.last);
        for format in others {
            if let Some(stamp) = format.read(text) {
                self.last = format;
                return Some(stamp);
            }
        }
        None
    }
}

/// Skips what may stand before a stamp: a byte order mark, syslog's `<PRI>` with the version of
/// RFC 5424, an opening bracket.
fn without_prefix(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    match line.first() {
        Some(b'[') => &line[1..],
        Some(b'<') => {
            let digits = line[1..]
                .iter()
                .take(3)
                .take_while(|b| b.is_ascii_digit())
                .count();
            match line[1 + digits..].strip_prefix(b">") {
                Some(rest) if digits > 0 => rest.strip_prefix(b"1 ").unwrap_or(rest),
                _ => line,
            }
        }
        _ => line,
    }
}

fn iso(text: &[u8]) -> Option<Stamp> {
    if text.len() < 16 || !text[0].is_ascii_digit() || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = two(text, 0)? * 100 + two(text, 2)?;
    let (month, day) = (two(text, 5)?, two(text, 8)?);
    if !matches!(text[10], b'T' | b't' | b' ') || !is_date(year, month, day) {
        return None;
    }
    let (second_of_day, nanos, after) = time_of_day(text, 11, false)?;
    let local = Moment {
        seconds: days_since_1970(i64::from(year), month, day) * 86_400 + i64::from(second_of_day),
        nanos,
    };
    Some(match zone(&text[after..]) {
        Some(offset) => Stamp::Utc(Moment {
            seconds: local.seconds - offset,
            nanos,
        }),
        None => Stamp::Local(local),
    })
}

fn syslog(text: &[u8]) -> Option<Stamp> {
    if text.len() < 15 || text[3] != b' ' || text[6] != b' ' {
        return None;
    }
    let month = match &text[..3] {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    };
    let day = match text[4] {
        b' ' => digit(text[5])?,
        _ => two(text, 4)?,
    };
    // whether there is a 29 February shows only with the year
    if !is_date(2000, month, day) {
        return None;
    }
    let (second_of_day, nanos, _) = time_of_day(text, 7, true)?;
    Some(Stamp::Yearless {
        month,
        day,
        second_of_day,
        nanos,
    })
}

/// `14:02`, `14:02:03`, `14:02:03.123456` or with a comma, at `at`: the second of the day, the
/// nanoseconds and where the text goes on.
fn time_of_day(text: &[u8], at: usize, seconds_needed: bool) -> Option<(u32, u32, usize)> {
    let (hour, minute) = (two(text, at)?, two(text, at + 3)?);
    if text[at + 2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let mut next = at + 5;
    let (mut second, mut nanos) = (0, 0);
    if text.get(next) == Some(&b':') {
        second = two(text, next + 1)?;
        next += 3;
        // 60: a leap second
        if second > 60 {
            return None;
        }
        if matches!(text.get(next), Some(b'.' | b',')) {
            let digits = text[next + 1..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count();
            if digits > 0 {
                nanos = fraction(&text[next + 1..next + 1 + digits]);
                next += 1 + digits;
            }
        }
    } else if seconds_needed {
        return None;
    }
    // `14:02:031` is something else
    if text.get(next).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((hour * 3600 + minute * 60 + second, nanos, next))
}

/// Digits behind the point as nanoseconds; what is finer is cut.
fn fraction(digits: &[u8]) -> u32 {
    let (mut value, mut scale) = (0, 100_000_000);
    for byte in digits.iter().take(9) {
        value += u32::from(byte - b'0') * scale;
        scale /= 10;
    }
    value
}

/// The zone that follows a time, as seconds east of UTC.
///
/// Behind a space only the spellings that cannot be the first word of a message count.
fn zone(text: &[u8]) -> Option<i64> {
    let (text, spaced) = match text.first()? {
        b' ' => (&text[1..], true),
        _ => (text, false),
    };
    let (sign, rest) = match text.first()? {
        b'Z' | b'z' if !spaced => return ends(text, 1).then_some(0),
        b'U' | b'G' if text.starts_with(b"UTC") || text.starts_with(b"GMT") => {
            return ends(text, 3).then_some(0);
        }
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let hours = two(rest, 0)?;
    let (minutes, after) = if rest.get(2) == Some(&b':') {
        (two(rest, 3)?, 5)
    } else if let Some(minutes) = two(rest, 2) {
        (minutes, 4)
    } else if spaced {
        return None;
    } else {
        (0, 2)
    };
    if hours > 15 || minutes > 59 || !ends(rest, after) {
        return None;
    }
    Some(sign * i64::from(hours * 3600 + minutes * 60))
}

/// Nothing that would make a longer word or number follows.
fn ends(text: &[u8], at: usize) -> bool {
    !text.get(at).is_some_and(u8::is_ascii_alphanumeric)
}

fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

fn two(text: &[u8], at: usize) -> Option<u32> {
    Some(digit(*text.get(at)?)? * 10 + digit(*text.get(at + 1)?)?)
}

/// Whether the proleptic Gregorian calendar has this day.
pub fn is_date(year: u32, month: u32, day: u32) -> bool {
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => return false,
    };
    (1..=last).contains(&day)
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
pub const fn days_since_1970(year: i64, month: u32, day: u32) -> i64 {
    // counted in years that begin in March, so that the leap day is the last
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month as i64 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i64 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> Option<Stamp> {
        StampReader::default().read(line.as_bytes())
    }

    fn utc(text: &str) -> Option<Stamp> {
        let at: DateTime<Utc> = text.parse().expect("a time");
        Some(Stamp::Utc(at.into()))
    }

    fn local(text: &str) -> Option<Stamp> {
        let at: DateTime<Utc> = format!("{text}Z").parse().expect("a time");
        Some(Stamp::Local(at.into()))
    }

    #[test]
    fn iso_in_its_usual_spellings() {
        for line in [
            "2026-11-20T14:02:03Z x",
            "2026-11-20t14:02:03z",
            "2026-11-20 15:02:03+01:00 x",
            "2026-11-20 15:02:03 +0100 x",
            "2026-11-20 15:02:03+01 x",
            "2026-11-20T09:02:03-0500 x",
            "2026-11-20 14:02:03 UTC [12] x",
            "[2026-11-20T14:02:03Z] x",
            "[2026-11-20 15:02:03 +0100] x",
            "<34>1 2026-11-20T14:02:03Z host app",
            "<34>2026-11-20T14:02:03Z host app",
            "\u{feff}2026-11-20T14:02:03Z x",
        ] {
            assert_eq!(read(line), utc("2026-11-20T14:02:03Z"), "{line}");
        }
        for line in [
            "2026-11-20T14:02:03 x",
            "2026-11-20 14:02:03: x",
            "2026-11-20 14:02:03",
            "2026-11-20 14:02:03 -5 is too cold",
            "2026-11-20 14:02:03 Zebra",
            "2026-11-20 14:02:03 +01000 x",
            "2026-11-20 14:02:03, x",
        ] {
            assert_eq!(read(line), local("2026-11-20T14:02:03"), "{line}");
        }
        assert_eq!(read("2026-11-20 14:02 x"), local("2026-11-20T14:02:00"));
    }

    #[test]
    fn fractions_by_point_or_comma_down_to_the_nanosecond() {
        assert_eq!(
            read("2026-11-20T14:02:03.5Z"),
            utc("2026-11-20T14:02:03.5Z")
        );
        assert_eq!(
            read("2026-11-20 14:02:03,123 x"),
            local("2026-11-20T14:02:03.123")
        );
        assert_eq!(
            read("2026-11-20T14:02:03.1234567899Z"),
            utc("2026-11-20T14:02:03.123456789Z")
        );
    }

    #[test]
    fn syslog_has_no_year() {
        let expected = Some(Stamp::Yearless {
            month: 11,
            day: 2,
            second_of_day: 14 * 3600 + 2 * 60 + 3,
            nanos: 0,
        });
        for line in [
            "Nov  2 14:02:03 host x",
            "Nov 02 14:02:03 host x",
            "<34>Nov  2 14:02:03 host x",
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn what_only_looks_like_a_stamp_is_none() {
        for line in [
            "",
            "x",
            "2026-11-20",
            "2026-13-20T14:02:03Z",
            "2026-02-29T14:02:03Z",
            "2026-11-20T24:02:03Z",
            "2026-11-20T14:62:03Z",
            "2026-11-20T14:02:61Z",
            "2026-11-20T14:02:033Z",
            " 2026-11-20T14:02:03Z",
            "Nov 31 14:02:03 x",
            "Nov 20 14:02 x and more",
            "Nove20 14:02:03",
            "<>2026-11-20T14:02:03Z",
            "<1234>2026-11-20T14:02:03Z",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn days_agree_with_the_calendar(days in -700_000i32..700_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(days + 719_163).expect("a date");
            let (year, month, day) = (chrono::Datelike::year(&date), chrono::Datelike::month(&date), chrono::Datelike::day(&date));
            prop_assert_eq!(days_since_1970(i64::from(year), month, day), i64::from(days));
        }

        #[test]
        fn any_bytes_are_a_stamp_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = StampReader::default().read(&bytes);
        }

        #[test]
        fn mutated_stamps_never_panic(at in 0usize..40, byte: u8, cut in 0usize..45) {
            let mut line = b"<34>1 2026-11-20T14:02:03.123456+01:00 host".to_vec();
            line[at] = byte;
            line.truncate(cut);
            let _ = StampReader::default().read(&line);
        }
    }
}
