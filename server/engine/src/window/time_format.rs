//! A source's own word on how its logs write stamps.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::format::pattern::Pattern;
use super::format::{ALIASES, FORMATS, Format, Reader};
use super::text::zone_names;
use super::time_key::TimeKey;

/// `time_format` of a source: the name of a built-in format, or a pattern as
/// `%d.%m.%Y %H:%M:%S`. The formats are not guessed then, only where the stamp stands in a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeFormat {
    text: String,
    reader: Reader,
}

/// How a source's stamps are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dating {
    /// Of stamps that carry no zone.
    pub zone: Tz,
    /// How stamps are written; `None`: as the files themselves show.
    pub format: Option<TimeFormat>,
    /// In which field or column; `None`: as the files themselves show.
    pub key: Option<TimeKey>,
}

impl TimeFormat {
    pub(super) const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What to know of a format that reads less than it seems to.
    #[must_use]
    pub fn caution(&self) -> Option<String> {
        let has_name = matches!(&self.reader, Reader::Pattern(pattern) if pattern.has_zone_name());
        has_name.then(|| {
            let names: Vec<_> = zone_names().collect();
            format!(
                "%Z knows offsets (+0100) and the names that mean one offset: {}; a stamp with another one is \
                 taken in the source's time_zone",
                names.join(", ")
            )
        })
    }
}

impl FromStr for TimeFormat {
    type Err = String;

    /// The error is a sentence that says what is allowed.
    fn from_str(text: &str) -> Result<Self, String> {
        let reader = if text.contains('%') {
            let pattern = Pattern::parse(text)
                .map_err(|error| format!("{text:?} is not a format of time: {error}"))?;
            Reader::Pattern(Arc::new(pattern))
        } else {
            Reader::Known(Format::named(text).ok_or_else(|| unknown(text))?)
        };
        Ok(Self {
            text: text.to_owned(),
            reader,
        })
    }
}

fn unknown(text: &str) -> String {
    let names = FORMATS.iter().map(|format| format.name);
    let names: Vec<_> = names
        .chain(ALIASES.iter().map(|(alias, _)| *alias))
        .collect();
    format!(
        "{text:?} is not a format of time; write one of {}, or a pattern as \"%d.%m.%Y %H:%M:%S\"",
        names.join(", ")
    )
}

impl TryFrom<String> for TimeFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TimeFormat> for String {
    fn from(format: TimeFormat) -> Self {
        format.text
    }
}

impl fmt::Display for TimeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for TimeFormat {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TimeFormat {}
