//! Tables: lines of columns (CSV and its like), of which several may hold a time.
//!
//! The column is chosen by its name where the file begins with names. Else by the order of what it
//! holds: a log is written as time goes on, while what it tells of began in any order, and expires
//! later than anything was written. Where that leaves a doubt, the file has no stamp for us, and is
//! taken as a whole, rather than lost for one that means something else.

use memchr::{memchr, memchr3};

use super::clock::Clock;
use super::format::Reader;
use super::moment::Moment;
use super::names::Meaning;
use super::search::Slack;
use super::text::is_zone_name;

/// What may stand between columns.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// So many columns are looked at.
const MOST_COLUMNS: usize = 64;
/// No stamp is longer.
const LONGEST_STAMP: usize = 44;
/// Where so many lines of a sample are no rows, the others are not looked at.
const LOOKED_AT: usize = 16;
/// So many rows are kept of each sample.
const ROWS: usize = 64;
/// Fewer rows show no order.
const ORDER_FROM: usize = 8;
/// So far a stamp may lie after the last write: clocks differ, and zones are configured wrongly.
const LATE_SECONDS: i64 = 86_400;

/// A column of the lines of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    delimiter: u8,
    /// From 0.
    pub number: usize,
}

impl Column {
    /// What a line has in this column, without its quote.
    pub fn value<'a>(&self, body: &'a [u8]) -> Option<&'a [u8]> {
        columns(body, self.delimiter).nth(self.number)
    }

    /// The same where it may be a stamp.
    pub fn stamp<'a>(&self, body: &'a [u8]) -> Option<&'a [u8]> {
        self.value(body).filter(|column| may_be_stamp(column))
    }
}

/// The columns that a `key` may mean in a file with this first line: those of its number from 1 on,
/// or of its name there.
pub fn columns_called(key: &str, first_line: &[u8]) -> Vec<Column> {
    let number = key
        .parse()
        .ok()
        .and_then(|number: usize| number.checked_sub(1));
    let called = |delimiter| {
        let mut names = columns(names(first_line), delimiter);
        let number =
            number.or_else(|| names.position(|name| name.trim_ascii() == key.as_bytes()))?;
        Some(Column { delimiter, number })
    };
    DELIMITERS.into_iter().filter_map(called).collect()
}

/// The names of columns that a first line may hold.
fn names(first_line: &[u8]) -> &[u8] {
    let line = first_line
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(first_line);
    let line = line.trim_ascii();
    line.strip_prefix(b"#").unwrap_or(line).trim_ascii_start()
}

/// The columns of a line, each without the quotes that it stands in.
fn columns(body: &[u8], delimiter: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let text = unindented(rest?);
        let (column, behind) = match text.strip_prefix(b"\"") {
            Some(quoted) => {
                let close = closing_quote(quoted);
                let (column, behind) = quoted.split_at(close);
                (column, behind.get(1..).unwrap_or_default())
            }
            None => (text, text),
        };
        let end = memchr(delimiter, behind);
        rest = end.map(|end| &behind[end + 1..]);
        let is_quoted = column.len() != text.len();
        Some(match end {
            Some(end) if !is_quoted => &column[..end],
            _ => column,
        })
    })
}

/// Where a quoted column ends; two quotes in it stand for one.
fn closing_quote(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr(b'"', &text[at..]) {
        at += found;
        if text.get(at + 1) != Some(&b'"') {
            return at;
        }
        at += 2;
    }
    text.len()
}

/// Behind blanks, but not behind tabs: they may stand between columns.
fn unindented(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| **byte == b' ').count();
    &text[blanks..]
}

/// Whether a column holds a stamp's letters and digits and no words beside.
fn may_be_stamp(column: &[u8]) -> bool {
    let column = column.trim_ascii_end();
    let begins = column
        .first()
        .is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let words = || column.split(|byte| !byte.is_ascii_alphabetic());
    begins
        && column.len() <= LONGEST_STAMP
        && column.iter().any(u8::is_ascii_digit)
        && words().all(|word| word.len() <= 3 || is_zone_name(word))
}

/// What the sampled lines of a file show of a table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The file's first line, which may hold names.
    names: Option<Vec<u8>>,
    has_begun: bool,
    delimiter: Option<u8>,
    /// Rows with several stamps, as they lie in the file.
    rows: Vec<Row>,
    /// How many there were in all.
    count: usize,
    of_sample: usize,
    /// So many lines of the sample.
    looked_at: usize,
}

/// The stamped columns of a row, by number and text.
type Row = Vec<(usize, Vec<u8>)>;

/// What a table says about where the time stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is no table, or one with a single time.
    None,
    Column(Column),
    /// Several columns may hold the time; the earliest that any of them holds.
    Doubtful(Option<Moment>),
}

impl Table {
    /// Another sample begins.
    pub fn begin_sample(&mut self) {
        self.of_sample = 0;
        self.looked_at = 0;
    }

    /// Takes note of a line, before anything is known of it.
    pub fn see(&mut self, line: &[u8]) {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        // a record has a stamp, and that a colon mostly
        if is_first && !line.iter().any(|byte| matches!(byte, b':' | b'=' | b'{')) {
            self.names = Some(names(line).to_vec());
        }
    }

    /// Whether a line may be a row, told without reading a stamp: most files are no tables, and each
    /// of their sampled lines comes by here. `starts`: it starts with a stamp.
    pub fn wants(&mut self, body: &[u8], starts: bool) -> bool {
        if self.count == 0 && self.looked_at == LOOKED_AT || body.first() == Some(&b'{') {
            return false;
        }
        self.looked_at += 1;
        if !starts {
            return true;
        }
        let start = body.strip_prefix(b"\"").unwrap_or(body);
        let start = &start[..start.len().min(LONGEST_STAMP + 2)];
        let end = memchr3(b',', b';', b'\t', start).or_else(|| memchr(b'|', start));
        end.is_some_and(|end| {
            let column = &start[..end];
            may_be_stamp(column.strip_suffix(b"\"").unwrap_or(column))
        })
    }

    /// Takes a line that is [wanted](Self::wants), in which `reads` finds stamps.
    pub fn add(&mut self, body: &[u8], mut reads: impl FnMut(&[u8]) -> bool) {
        let known = self.delimiter;
        let delimiters = DELIMITERS
            .into_iter()
            .filter(|other| known.is_none_or(|known| known == *other));
        for delimiter in delimiters {
            let stamps = columns(body, delimiter).take(MOST_COLUMNS).enumerate();
            let row: Row = stamps
                .filter(|(_, column)| may_be_stamp(column) && reads(column))
                .map(|(number, column)| (number, column.to_vec()))
                .collect();
            if row.len() > 1 {
                self.delimiter = Some(delimiter);
                self.count += 1;
                self.of_sample += 1;
                if self.of_sample <= ROWS {
                    self.rows.push(row);
                }
                return;
            }
        }
    }

    /// The column of the time, of a file with so many lines. `reader` is the one of a text.
    pub fn choice(
        &self,
        lines: usize,
        clock: &Clock,
        reader: impl Fn(&[u8]) -> Option<Reader>,
    ) -> Choice {
        let Some(delimiter) = self.delimiter.filter(|_| self.count * 2 >= lines) else {
            return Choice::None;
        };
        let of = |number| Column { delimiter, number };
        let mut numbers: Vec<usize> = (0..MOST_COLUMNS)
            .filter(|number| {
                let has = |row: &&Row| row.iter().any(|(known, _)| known == number);
                self.rows.iter().filter(has).count() * 2 > self.rows.len()
            })
            .collect();
        if let Some(meanings) = self.meanings(delimiter) {
            let meaning = |number: &usize| meanings.get(*number).copied().unwrap_or(Meaning::Plain);
            numbers.retain(|number| meaning(number) != Meaning::Another);
            let best = numbers.iter().map(meaning).min();
            numbers.retain(|number| Some(meaning(number)) == best);
        }
        if let [only] = numbers[..] {
            return Choice::Column(of(only));
        }
        let mut clock = clock.clone();
        let mut moments = |number: usize| -> Vec<Moment> {
            let texts = self
                .rows
                .iter()
                .flatten()
                .filter(|(known, _)| *known == number);
            texts
                .filter_map(|(_, text)| {
                    let stamp = reader(text)?.read(text)?;
                    clock.moment(stamp).map(|readings| readings.first)
                })
                .collect()
        };
        let times: Vec<_> = numbers
            .iter()
            .map(|number| (*number, moments(*number)))
            .filter(|(_, moments)| !moments.is_empty())
            .collect();
        let earliest = times.iter().flat_map(|(_, moments)| moments).min().copied();
        let last_write = Moment::from(clock.last_write()).seconds;
        match chosen(times, last_write) {
            Some(number) => Choice::Column(of(number)),
            None => Choice::Doubtful(earliest),
        }
    }

    /// What the names of the columns say, where the file begins with names.
    fn meanings(&self, delimiter: u8) -> Option<Vec<Meaning>> {
        let names = columns(self.names.as_deref()?, delimiter);
        let meanings: Vec<_> = names.map(|name| Meaning::of(name.trim_ascii())).collect();
        (meanings.len() > 1).then_some(meanings)
    }
}

/// The column that holds the time, by the moments that each holds in file order.
fn chosen(mut times: Vec<(usize, Vec<Moment>)>, last_write: i64) -> Option<usize> {
    let latest = |moments: &[Moment]| moments.iter().max().map_or(i64::MIN, |last| last.seconds);
    retain_some(&mut times, |moments| {
        latest(moments) <= last_write + LATE_SECONDS
    });
    retain_some(&mut times, is_in_order);
    if let [(only, _)] = &times[..] {
        return Some(*only);
    }
    // what is written is written at its end
    let last = times.iter().max_by_key(|(_, moments)| middle(moments))?;
    if times.iter().all(|(_, moments)| are_close(moments, &last.1)) {
        return Some(last.0);
    }
    retain_some(&mut times, |moments| {
        latest(moments).abs_diff(last_write) <= Slack::USUAL.seconds.unsigned_abs()
    });
    match &times[..] {
        [(only, _)] => Some(*only),
        _ => None,
    }
}

/// Leaves those that fit, unless none does.
fn retain_some(times: &mut Vec<(usize, Vec<Moment>)>, fits: impl Fn(&[Moment]) -> bool) {
    if times.iter().any(|(_, moments)| fits(moments)) {
        times.retain(|(_, moments)| fits(moments));
    }
}

/// Whether moments go on, or newest first back, but for the disorder that logs have.
fn is_in_order(moments: &[Moment]) -> bool {
    let (Some(first), Some(last)) = (moments.first(), moments.last()) else {
        return false;
    };
    let turns = |is_back: fn(i64) -> bool| {
        let steps = moments.windows(2);
        steps
            .filter(|pair| is_back(pair[1].seconds - pair[0].seconds))
            .count()
    };
    let backward = turns(|step| step < -Slack::USUAL.seconds);
    let forward = turns(|step| step > Slack::USUAL.seconds);
    let turns = if last >= first { backward } else { forward };
    first != last && moments.len() >= ORDER_FROM && turns * 20 <= moments.len()
}

fn middle(moments: &[Moment]) -> Option<Moment> {
    let mut sorted = moments.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// Whether two columns mostly tell of the same few minutes.
fn are_close(one: &[Moment], other: &[Moment]) -> bool {
    let is_far = |(one, other): &(&Moment, &Moment)| {
        one.seconds.abs_diff(other.seconds) > Slack::USUAL.seconds.unsigned_abs()
    };
    let far = one.iter().zip(other).filter(is_far).count();
    one.len() == other.len() && far * 20 <= one.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str, delimiter: u8) -> Vec<String> {
        columns(line.as_bytes(), delimiter)
            .map(|column| String::from_utf8_lossy(column).into_owned())
            .collect()
    }

    #[test]
    fn columns_stand_between_delimiters_outside_of_quotes() {
        assert_eq!(split("a,\"b,\"\"c\",, d", b','), ["a", "b,\"\"c", "", "d"]);
        assert_eq!(split("a\t\tb", b'\t'), ["a", "", "b"]);
        assert_eq!(split("\"open, x", b','), ["open, x"]);
        assert_eq!(split("", b','), [""]);
        assert_eq!(split("a,", b','), ["a", ""]);
    }

    #[test]
    fn a_stamp_fills_its_column() {
        for column in [
            "2026-11-20 14:02:03.123 CEST",
            "Nov 20, 2026 2:02:03 PM",
            "20/Nov/2026:14:02:03 +0100",
            "1795179723",
        ] {
            assert!(may_be_stamp(column.as_bytes()), "{column}");
        }
        for column in ["2026-11-20 14:02:03 INFO started", "INFO", "", "x 2026"] {
            assert!(!may_be_stamp(column.as_bytes()), "{column}");
        }
    }
}
