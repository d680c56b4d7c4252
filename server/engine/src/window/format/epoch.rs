//! Times as one number: since 1970, or since the machine's start.

use super::super::moment::Moment;
use super::super::text::{behind_blanks, digits, ends, fraction};
use super::Stamp;

/// A number whose digits tell its unit: 10 for seconds (also with a fraction), 13 for
/// milliseconds, 16 for microseconds, 19 for nanoseconds. All are of the years 2001 to 2128.
pub fn by_size(text: &[u8]) -> Option<Stamp> {
    let unit = match digits(text, 0) {
        10 => 1,
        13 => 1_000,
        16 => 1_000_000,
        19 => 1_000_000_000,
        _ => return None,
    };
    let stamp = number(text, unit)?;
    matches!(stamp, Stamp::Utc(at) if (1_000_000_000..5_000_000_000).contains(&at.seconds))
        .then_some(stamp)
}

pub fn seconds(text: &[u8]) -> Option<Stamp> {
    number(text, 1)
}

pub fn milliseconds(text: &[u8]) -> Option<Stamp> {
    number(text, 1_000)
}

pub fn microseconds(text: &[u8]) -> Option<Stamp> {
    number(text, 1_000_000)
}

pub fn nanoseconds(text: &[u8]) -> Option<Stamp> {
    number(text, 1_000_000_000)
}

/// A number of `unit`ths of a second since 1970, perhaps with a fraction.
fn number(text: &[u8], unit: u64) -> Option<Stamp> {
    let count = digits(text, 0);
    if !(1..=19).contains(&count) {
        return None;
    }
    let value = decimal(&text[..count]);
    let (parts, end) = fraction_at(text, count);
    if !ends(text, end) {
        return None;
    }
    let nanos = value % unit * (1_000_000_000 / unit) + u64::from(parts) / unit;
    Some(Stamp::Utc(Moment {
        seconds: i64::try_from(value / unit).ok()?,
        nanos: u32::try_from(nanos).ok()?,
    }))
}

/// `  12345.678901]`: since the machine's start, behind the bracket that opens it.
pub fn since_boot(text: &[u8]) -> Option<Stamp> {
    let at = behind_blanks(text, 0);
    let count = digits(text, at);
    // ten digits are seconds since 1970
    if !(1..=9).contains(&count) {
        return None;
    }
    let (nanos, end) = fraction_at(text, at + count);
    if end - at - count < 4 || text.get(end) != Some(&b']') {
        return None;
    }
    Some(Stamp::SinceBoot {
        seconds: i64::try_from(decimal(&text[at..at + count])).ok()?,
        nanos,
    })
}

/// At most 19 digits as a number.
fn decimal(digits: &[u8]) -> u64 {
    let digit = |byte: &u8| u64::from(byte - b'0');
    digits
        .iter()
        .map(digit)
        .fold(0, |value, digit| value * 10 + digit)
}

/// A point or comma with digits at `at`, as billionths, and where the text goes on.
fn fraction_at(text: &[u8], at: usize) -> (u32, usize) {
    if !matches!(text.get(at), Some(b'.' | b',')) {
        return (0, at);
    }
    match fraction(&text[at + 1..]) {
        (_, 0) => (0, at),
        (billionths, count) => (billionths, at + 1 + count),
    }
}
