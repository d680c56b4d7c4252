//! What stands in a `datetime-local` field, and the moment it means.
//!
//! Such a field has no zone: on the night when summer time ends, its text means two moments. What
//! the portal itself has written into a field keeps its moment beside the text, through the form
//! and back, so that a quick choice means the hour it was chosen in.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use domain::zone;

/// The content of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedTime {
    pub text: String,
    /// What the portal has written there last. It counts only while the text still says it.
    written: Option<DateTime<Utc>>,
}

impl TypedTime {
    /// The content of a field that `at` is written into.
    #[must_use]
    pub fn written(at: DateTime<Utc>, zone: Tz) -> Self {
        Self {
            text: zone::field_value(at, zone),
            written: Some(at),
        }
    }

    /// A field's content as it comes with a form. What is no moment in `written` counts for nothing.
    #[must_use]
    pub fn sent(text: &str, written: &str) -> Self {
        Self {
            text: text.to_owned(),
            written: written.parse().ok(),
        }
    }

    /// What to send beside the text, for [`Self::sent`]. Blank for nothing.
    #[must_use]
    pub fn written_text(&self) -> String {
        self.written.map_or_else(String::new, |at| {
            at.to_rfc3339_opts(SecondsFormat::Secs, true)
        })
    }

    /// The moment that it means in `zone`; `None` where the text is no time.
    #[must_use]
    pub fn at(&self, zone: Tz) -> Option<DateTime<Utc>> {
        self.written
            .filter(|at| zone::field_value(*at, zone) == self.text)
            .or_else(|| zone::parse_local(&self.text, zone))
    }

    /// The same moment in another zone; what is no time stays as it is.
    #[must_use]
    pub fn moved(self, from: Tz, to: Tz) -> Self {
        if from == to {
            return self;
        }
        self.at(from).map_or(self, |at| Self::written(at, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZURICH: Tz = Tz::Europe__Zurich;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn what_was_written_keeps_its_pass_of_the_autumn_hour() {
        for moment in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"] {
            let field = TypedTime::written(utc(moment), ZURICH);
            assert_eq!(field.text, "2026-10-25T02:30");
            let sent = TypedTime::sent(&field.text, &field.written_text());
            assert_eq!(sent.at(ZURICH), Some(utc(moment)));
        }
    }

    #[test]
    fn what_was_typed_counts_more_than_what_was_written() {
        let sent = TypedTime::sent("2026-10-25T02:45", "2026-10-25T01:30:00Z");
        assert_eq!(sent.at(ZURICH), Some(utc("2026-10-25T00:45:00Z")));
        let sent = TypedTime::sent("half", "2026-10-25T01:30:00Z");
        assert_eq!(sent.at(ZURICH), None);
        let sent = TypedTime::sent("2026-11-20T14:05", "never");
        assert_eq!(sent.at(Tz::UTC), Some(utc("2026-11-20T14:05:00Z")));
    }

    #[test]
    fn a_field_keeps_its_moment_when_the_zone_changes() {
        let field = TypedTime::sent("2026-11-20T14:05", "");
        let moved = field.clone().moved(Tz::UTC, ZURICH);
        assert_eq!(moved.text, "2026-11-20T15:05");
        assert_eq!(moved.moved(ZURICH, Tz::UTC).text, field.text);
        let nothing = TypedTime::sent("half", "");
        assert_eq!(nothing.clone().moved(Tz::UTC, ZURICH), nothing);
    }
}
