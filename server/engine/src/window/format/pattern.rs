//! Formats that the configuration spells out, as `%d.%m.%Y %H:%M:%S`.
//!
//! The directives are those of `strftime` that logs need. A blank stands for one or more; what
//! opens a stamp (a bracket, a quote) may be written or left out.

use super::super::moment::{Moment, is_date};
use super::super::text::TimeOfDay;
use super::super::text::{
    behind_blanks, century, digits, fraction, month, on_the_dial, one_or_two, second_of_day,
    weekday, zone,
};
use super::{Stamp, placed, yearless};

/// What may follow a `%`; `T`, `F`, `D` and `R` stand for several.
const DIRECTIVES: &str = "%Y %y %m %b %d %e %H %I %p %M %S %f %L %z %Z %a %s %T %F %D %R %%";

/// A format out of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Byte(u8),
    Blanks,
    Year,
    YearOfTwoDigits,
    Month,
    MonthName,
    Day,
    Hour,
    HourOnDial,
    Half,
    Minute,
    Second,
    /// Any number of digits behind the point.
    Fraction,
    Zone,
    /// The name of a zone, known or not, or its offset.
    ZoneName,
    Weekday,
    Epoch,
}

/// What a pattern has read so far.
#[derive(Default)]
struct Fields {
    year: Option<u32>,
    month: u32,
    day: u32,
    hour: u32,
    is_afternoon: Option<bool>,
    minute: u32,
    second: u32,
    nanos: u32,
    zone: Option<(i64, usize)>,
    epoch: Option<i64>,
}

impl Pattern {
    /// # Errors
    /// A sentence that says what is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches(super::super::place::is_opener);
        let mut pieces = Vec::new();
        let mut letters = text.bytes();
        while let Some(letter) = letters.next() {
            match letter {
                b'%' => {
                    let directive = letters.next();
                    let more = directive.and_then(directed).ok_or_else(|| {
                        let shown =
                            directive.map_or_else(String::new, |byte| char::from(byte).to_string());
                        format!("%{shown} is not known; use {DIRECTIVES}")
                    })?;
                    pieces.extend_from_slice(more);
                }
                b' ' if pieces.last() == Some(&Piece::Blanks) => {}
                b' ' => pieces.push(Piece::Blanks),
                other => pieces.push(Piece::Byte(other)),
            }
        }
        let pattern = Self { pieces };
        if pattern.tells_a_moment() {
            Ok(pattern)
        } else {
            Err("it does not tell a moment; write a month (%m or %b), a day (%d), an hour (%H, or %I with %p) \
                 and a minute (%M), or seconds since 1970 (%s)"
                .to_owned())
        }
    }

    /// It has a zone's name, which may be one of those that mean several.
    pub fn has_zone_name(&self) -> bool {
        self.pieces.contains(&Piece::ZoneName)
    }

    fn tells_a_moment(&self) -> bool {
        let has = |piece| self.pieces.contains(&piece);
        let hour = has(Piece::Hour) || has(Piece::HourOnDial) && has(Piece::Half);
        let date = (has(Piece::Month) || has(Piece::MonthName)) && has(Piece::Day);
        has(Piece::Epoch) || date && hour && has(Piece::Minute)
    }

    /// The stamp that `text` begins with.
    pub fn read(&self, text: &[u8]) -> Option<Stamp> {
        let (mut fields, mut at) = (Fields::default(), 0);
        for piece in &self.pieces {
            at = fields.take(*piece, text, at)?;
        }
        // a number that goes on is another number
        let is_cut = at > 0 && text[at - 1].is_ascii_digit() && digits(text, at) > 0;
        if is_cut { None } else { fields.stamp(at) }
    }
}

fn directed(letter: u8) -> Option<&'static [Piece]> {
    use Piece::{
        Blanks, Byte, Day, Epoch, Fraction, Half, Hour, HourOnDial, Minute, Month, MonthName,
        Second, Weekday, Year, YearOfTwoDigits, Zone, ZoneName,
    };
    Some(match letter {
        b'Y' => &[Year],
        b'y' => &[YearOfTwoDigits],
        b'm' => &[Month],
        b'b' => &[MonthName],
        b'd' => &[Day],
        b'e' => &[Blanks, Day],
        b'H' => &[Hour],
        b'I' => &[HourOnDial],
        b'p' => &[Half],
        b'M' => &[Minute],
        b'S' => &[Second],
        b'f' | b'L' => &[Fraction],
        b'z' => &[Zone],
        b'Z' => &[ZoneName],
        b'a' => &[Weekday],
        b's' => &[Epoch],
        b'T' => &[Hour, Byte(b':'), Minute, Byte(b':'), Second],
        b'R' => &[Hour, Byte(b':'), Minute],
        b'F' => &[Year, Byte(b'-'), Month, Byte(b'-'), Day],
        b'D' => &[Month, Byte(b'/'), Day, Byte(b'/'), YearOfTwoDigits],
        b'%' => &[Byte(b'%')],
        _ => return None,
    })
}

impl Fields {
    /// Reads one piece at `at`; says where the text goes on.
    fn take(&mut self, piece: Piece, text: &[u8], at: usize) -> Option<usize> {
        let (into, limit) = match piece {
            Piece::Byte(byte) => return (text.get(at) == Some(&byte)).then_some(at + 1),
            Piece::Blanks => {
                let after = behind_blanks(text, at);
                return (after > at || text.get(at).is_some_and(u8::is_ascii_digit))
                    .then_some(after);
            }
            Piece::Year => {
                self.year = Some(super::super::text::four(text, at)?);
                return Some(at + 4);
            }
            Piece::YearOfTwoDigits => {
                self.year = Some(century(super::super::text::two(text, at)?));
                return Some(at + 2);
            }
            Piece::MonthName => {
                self.month = month(text.get(at..)?)?;
                return Some(at + 3);
            }
            Piece::Half => {
                let half = text.get(at..at + 2)?.to_ascii_lowercase();
                self.is_afternoon = Some(match &half[..] {
                    b"am" => false,
                    b"pm" => true,
                    _ => return None,
                });
                return Some(at + 2);
            }
            Piece::Fraction => {
                let count = digits(text, at);
                (self.nanos, _) = fraction(&text[at..at + count]);
                return (count > 0).then_some(at + count);
            }
            Piece::Zone => {
                self.zone = zone(text.get(at..)?);
                return self.zone.map(|(_, length)| at + length);
            }
            Piece::ZoneName => {
                let rest = text.get(at..)?;
                self.zone = zone(rest);
                let letters = rest.iter().take_while(|byte| byte.is_ascii_alphabetic());
                return match (letters.count(), self.zone) {
                    (0, Some((_, length))) => Some(at + length),
                    (0, None) => None,
                    (count, _) => Some(at + count),
                };
            }
            Piece::Weekday => {
                // with the blank behind it, which the pattern has as well
                let length = weekday(text.get(at..)?);
                let name = text.get(at..at + length)?;
                let letters = name.iter().take_while(|byte| byte.is_ascii_alphabetic());
                return (length > 0).then_some(at + letters.count());
            }
            Piece::Epoch => {
                let count = digits(text, at).min(11);
                let number = std::str::from_utf8(&text[at..at + count]).ok()?;
                self.epoch = Some(number.parse().ok()?);
                return Some(at + count);
            }
            Piece::Month => (&mut self.month, 12),
            Piece::Day => (&mut self.day, 31),
            Piece::Hour => (&mut self.hour, 23),
            Piece::HourOnDial => (&mut self.hour, 12),
            Piece::Minute => (&mut self.minute, 59),
            Piece::Second => (&mut self.second, 60),
        };
        let (value, after) = one_or_two(text, at)?;
        *into = value;
        (value <= limit).then_some(after)
    }

    fn stamp(&self, after: usize) -> Option<Stamp> {
        if let Some(seconds) = self.epoch {
            return Some(Stamp::Utc(Moment {
                seconds,
                nanos: self.nanos,
            }));
        }
        let hour = match self.is_afternoon {
            Some(is_afternoon) => on_the_dial(self.hour, is_afternoon)?,
            None => self.hour,
        };
        let time = TimeOfDay {
            second_of_day: second_of_day(hour, self.minute, self.second)?,
            nanos: self.nanos,
            after,
        };
        match self.year {
            Some(year) if is_date(year, self.month, self.day) => {
                Some(placed(time.on(year, self.month, self.day)?, self.zone))
            }
            Some(_) => None,
            None => yearless(self.month, self.day, time),
        }
    }
}
