//! A source's own word on where in a line the time stands.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::columns::{Column, columns_called};
use super::field::Field;

/// No name is longer.
const LONGEST: usize = 64;

/// `time_key` of a source: the name of a JSON or logfmt field, or the name or number of a table's
/// column. In files whose lines have it, nothing else counts as a stamp: a line without goes on with
/// the record before. Files whose lines do not have it are dated as they show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeKey(String);

impl FromStr for TimeKey {
    type Err = String;

    /// The error is a sentence that says what is allowed.
    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |letter: char| !letter.is_control() && !matches!(letter, '"' | '\\' | '=');
        if text.trim().is_empty() || text.len() > LONGEST || !text.chars().all(fits) {
            return Err(format!(
                "{text:?} cannot be the name of a field; write that of a JSON or logfmt field (\"eventTime\"), \
                 or the name or number of a column"
            ));
        }
        if text.bytes().all(|byte| byte == b'0') {
            return Err(format!("{text:?} is no column; they count from \"1\" on"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for TimeKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TimeKey> for String {
    fn from(key: TimeKey) -> Self {
        key.0
    }
}

impl fmt::Display for TimeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the sampled lines of a file have a key.
#[derive(Clone, Debug)]
pub struct Keyed {
    key: TimeKey,
    fields: [Field; 3],
    /// How many lines have it as a field.
    of_fields: usize,
    /// As which column, and how many lines have a stamp there.
    columns: Vec<(Column, usize)>,
    has_begun: bool,
}

/// Where a file has its key.
#[derive(Clone, Copy, Debug)]
pub enum Place<'k> {
    Fields(&'k [Field]),
    Column(Column),
}

impl Keyed {
    pub fn new(key: &TimeKey) -> Self {
        Self {
            fields: Field::named(&key.0),
            key: key.clone(),
            of_fields: 0,
            columns: Vec::new(),
            has_begun: false,
        }
    }

    /// Takes note of a line, before anything is known of it: the first may name the columns.
    pub fn see(&mut self, line: &[u8]) {
        if !std::mem::replace(&mut self.has_begun, true) {
            let columns = columns_called(&self.key.0, line);
            self.columns = columns.into_iter().map(|column| (column, 0)).collect();
        }
    }

    /// Asks a line; `reads` finds stamps.
    pub fn ask(&mut self, line: &[u8], mut reads: impl FnMut(&[u8]) -> bool) {
        let mut values = self.fields.iter().flat_map(|field| field.values(line));
        if values.any(&mut reads) {
            self.of_fields += 1;
        }
        for (column, count) in &mut self.columns {
            *count += usize::from(column.stamp(line).is_some_and(&mut reads));
        }
    }

    /// Where most lines have it, if any has.
    pub fn place(&self) -> Option<Place<'_>> {
        let column = self.columns.iter().max_by_key(|(_, count)| *count);
        match column {
            Some((column, count)) if *count > self.of_fields => Some(Place::Column(*column)),
            _ if self.of_fields > 0 => Some(Place::Fields(&self.fields)),
            _ => None,
        }
    }
}
