//! The ways in which logs write stamps: one row a format, each read by a parser written by hand.
//!
//! A log has one stamp a line, so this runs once for each hundred bytes or so of everything that
//! is collected: no allocation, no regular expression, and the first bytes are mostly enough to
//! refuse a text. What a stamp means in UTC is [`super::clock`]'s matter, where in a line it is
//! looked for [`super::profile`]'s.
//!
//! No two formats that are looked for on their own read the same text, but for those of [`ORDERS`],
//! of which a file has one.

mod compact;
mod epoch;
mod iso;
mod named;
mod numeric;
pub mod pattern;

use super::moment::Moment;
use super::text::{TimeOfDay, zone};
use pattern::Pattern;

/// What a line's stamp says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// It names its zone.
    Utc(Moment),
    /// A wall clock's reading in a zone that it does not name.
    Local(Moment),
    /// The same, without the year.
    Yearless(Yearless),
    /// Time since the machine's start.
    SinceBoot { seconds: i64, nanos: u32 },
}

/// A wall clock's reading without the year. The day is one that some year has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yearless {
    pub month: u32,
    pub day: u32,
    pub second_of_day: u32,
    pub nanos: u32,
}

/// When a format is taken for a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A date and a time that nothing else looks like: at a line's start on sight.
    OnSight,
    /// Numbers that may be something else: where the file's lines have them again and again.
    ByUse,
    /// Where the configuration names it.
    ByName,
}

/// A way of writing stamps.
#[derive(Debug)]
pub struct Format {
    /// As the configuration writes it.
    pub name: &'static str,
    pub trust: Trust,
    read: fn(&[u8]) -> Option<Stamp>,
}

/// Every format.
pub static FORMATS: [Format; 20] = [
    row("iso", Trust::OnSight, iso::read),
    row("syslog", Trust::OnSight, named::month_first),
    row("access", Trust::OnSight, named::day_first),
    row("klog", Trust::ByUse, numeric::klog),
    row("spark", Trust::ByUse, numeric::year_of_two_digits),
    row("month_day_year", Trust::ByUse, numeric::month_day_year),
    row("day_month_year", Trust::ByUse, numeric::day_month_year),
    row("month_day_yy", Trust::ByUse, numeric::month_day_short),
    row("day_month_yy", Trust::ByUse, numeric::day_month_short),
    row("android", Trust::ByUse, numeric::month_day),
    row("compact", Trust::ByUse, compact::read),
    row("compact_mdy", Trust::ByUse, compact::month_day_short),
    row("compact_dmy", Trust::ByUse, compact::day_month_short),
    row("epoch", Trust::ByUse, epoch::by_size),
    row("dmesg", Trust::ByUse, epoch::since_boot),
    row("epoch_s", Trust::ByName, epoch::seconds),
    row("epoch_ms", Trust::ByName, epoch::milliseconds),
    row("epoch_us", Trust::ByName, epoch::microseconds),
    row("epoch_ns", Trust::ByName, epoch::nanoseconds),
    row("iis", Trust::ByName, iso::read_in_utc),
];

/// The orders in which the numbers of a date may stand that tell them apart by nothing else. Where
/// a file shows nothing for either, the first is meant.
pub const ORDERS: [&[&str]; 3] = [
    &["month_day_year", "day_month_year"],
    &["spark", "month_day_yy", "day_month_yy"],
    &["compact", "compact_mdy", "compact_dmy"],
];

/// Further names, for what people know a format by.
pub const ALIASES: [(&str, &str); 8] = [
    ("rfc3339", "iso"),
    ("rfc5424", "iso"),
    ("log4j", "iso"),
    ("cbs", "iso"),
    ("nginx", "iso"),
    ("ctime", "syslog"),
    ("apache_error", "syslog"),
    ("rfc2822", "access"),
];

const fn row(name: &'static str, trust: Trust, read: fn(&[u8]) -> Option<Stamp>) -> Format {
    Format { name, trust, read }
}

impl Format {
    /// The format that the configuration calls `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
        let name = alias.map_or(name, |(_, name)| name);
        FORMATS.iter().find(|format| format.name == name)
    }

    /// The stamp that `text` begins with.
    pub fn read(&self, text: &[u8]) -> Option<Stamp> {
        (self.read)(text)
    }
}

/// A built-in format, or a pattern out of the configuration.
#[derive(Clone, Debug)]
pub enum Reader {
    Known(&'static Format),
    Pattern(std::sync::Arc<Pattern>),
}

impl Reader {
    /// The stamp that `text` begins with.
    pub fn read(&self, text: &[u8]) -> Option<Stamp> {
        match self {
            Self::Known(format) => format.read(text),
            Self::Pattern(pattern) => pattern.read(text),
        }
    }
}

/// A day and a time, in UTC where a zone follows.
fn dated(text: &[u8], year: u32, month: u32, day: u32, time: TimeOfDay) -> Option<Stamp> {
    let wall = time.on(year, month, day)?;
    Some(placed(wall, zone(&text[time.after..])))
}

/// A wall clock's reading with the zone that was found behind it.
fn placed(wall: Moment, zone: Option<(i64, usize)>) -> Stamp {
    match zone {
        Some((offset, _)) => Stamp::Utc(Moment {
            seconds: wall.seconds - offset,
            nanos: wall.nanos,
        }),
        None => Stamp::Local(wall),
    }
}

/// A day without its year; whether there is a 29 February shows only with the year.
fn yearless(month: u32, day: u32, time: TimeOfDay) -> Option<Stamp> {
    super::moment::is_date(2000, month, day).then_some(Stamp::Yearless(Yearless {
        month,
        day,
        second_of_day: time.second_of_day,
        nanos: time.nanos,
    }))
}

#[cfg(test)]
mod tests;
