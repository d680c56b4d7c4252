//! How the lines of one file are stamped.

use super::columns::Column;
use super::field::{Field, is_anothers};
use super::format::{Reader, Stamp};
use super::moment::Moment;
use super::place::{MAX_WORDS, Spot, Spots, body, start};

/// The places and formats of a file's stamps.
///
/// What a line says depends on the line alone: of the formats that stand at one place at most one
/// reads a text, and of several places the first counts.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Formats at a line's start; the one that read a line last is tried first.
    pub start: Vec<Reader>,
    /// Of a table: then nothing else counts.
    pub column: Option<Column>,
    pub fields: Vec<Field>,
    pub within: Vec<Within>,
    /// What the values of columns and fields are read by.
    pub values: Vec<Reader>,
    /// The earliest of the stamps seen of which none is taken for the records', for a doubt.
    pub doubt: Option<Moment>,
    /// A stamp without zone is of UTC.
    pub wall_is_utc: bool,
}

/// A format that stands behind words.
#[derive(Clone, Debug)]
pub struct Within {
    pub reader: Reader,
    /// Bit n: behind n words, up to [`MAX_WORDS`] of them.
    pub words: u32,
    /// In brackets, which makes up for a few words more: hosts and users come as lists.
    pub is_bracketed: bool,
}

/// So many words more may stand before a stamp in brackets.
const MORE_WORDS: u32 = 4;

impl Within {
    /// Behind `words` words.
    pub const fn behind(reader: Reader, words: u32, is_bracketed: bool) -> Self {
        let mut within = Self {
            reader,
            words: 0,
            is_bracketed,
        };
        within.add(words);
        within
    }

    /// Behind `words` words as well.
    pub const fn add(&mut self, words: u32) {
        self.words |= 1 << words;
        if self.is_bracketed {
            let mut more = words + 1;
            while more <= words + MORE_WORDS && more < MAX_WORDS {
                self.words |= 1 << more;
                more += 1;
            }
        }
    }

    fn read(&self, spot: Spot<'_>) -> Option<Stamp> {
        let is_place =
            self.words & (1 << spot.words) != 0 && self.is_bracketed == spot.is_bracketed;
        is_place.then(|| self.reader.read(spot.text)).flatten()
    }
}

impl Profile {
    /// The stamp of a line; `None` for one that goes on with a record.
    pub fn stamp(&mut self, line: &[u8]) -> Option<Stamp> {
        let body = body(line)?;
        let stamp = match self.column {
            Some(column) => self.value(column.value(body)?),
            None => (self.at_start(body))
                .or_else(|| self.in_a_field(body))
                .or_else(|| self.within(body)),
        };
        Some(self.of_zone(stamp?))
    }

    /// The stamp that a line begins with.
    pub fn stamp_at_start(&mut self, line: &[u8]) -> Option<Stamp> {
        let stamp = self.at_start(body(line)?)?;
        Some(self.of_zone(stamp))
    }

    const fn of_zone(&self, stamp: Stamp) -> Stamp {
        match stamp {
            Stamp::Local(wall) if self.wall_is_utc => Stamp::Utc(wall),
            stamp => stamp,
        }
    }

    fn at_start(&mut self, body: &[u8]) -> Option<Stamp> {
        let text = start(body);
        let (at, stamp) = (self.start.iter().enumerate())
            .find_map(|(at, reader)| Some((at, reader.read(text)?)))?;
        self.start.swap(0, at);
        Some(stamp)
    }

    fn in_a_field(&self, body: &[u8]) -> Option<Stamp> {
        self.fields
            .iter()
            .find_map(|field| field.values(body).find_map(|value| self.value(value)))
    }

    fn value(&self, text: &[u8]) -> Option<Stamp> {
        self.values.iter().find_map(|reader| reader.read(text))
    }

    fn within(&self, body: &[u8]) -> Option<Stamp> {
        if self.within.is_empty() {
            return None;
        }
        Spots::of(body).find_map(|spot| {
            let stamp = self.within.iter().find_map(|within| within.read(spot));
            stamp.filter(|_| !is_anothers(body, spot.text))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::*;

    #[test]
    fn a_stamp_behind_as_many_words_as_are_counted_has_a_place_of_its_own() {
        let reader = || Reader::Known(Format::named("iso").expect("a format"));
        let line = format!("{}2026-11-20T14:00:00Z", "w ".repeat(MAX_WORDS as usize));
        let last = || Spots::of(line.as_bytes()).last().expect("a spot");
        assert_eq!(last().words, MAX_WORDS);
        let behind = |words| Within::behind(reader(), words, false).read(last());
        assert!(behind(MAX_WORDS).is_some());
        assert!(behind(0).is_none());
    }
}
