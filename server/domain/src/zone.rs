//! Time zones: what a person types or reads, against UTC inside.

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Utc};
pub use chrono_tz::Tz;

/// A time as typed into a `datetime-local` field, taken in `zone`.
///
/// A time that an autumn night has twice means its first pass. A time that a spring night skips
/// means the moment of the same distance after the gap's start.
///
/// `None` where the text is not of the form `2026-11-20T14:05` (seconds may follow).
#[must_use]
pub fn parse_local(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let naive = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    resolve_local(naive, zone)
}

/// See [`parse_local`] for times that exist twice or not at all.
#[must_use]
pub fn resolve_local(naive: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&naive) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.to_utc()),
        LocalResult::None => {
            // take the offset that was in force before the gap
            let before = zone.from_local_datetime(&(naive - TimeDelta::hours(3))).earliest()?;
            Some(before.to_utc() + TimeDelta::hours(3))
        }
    }
}

/// The value of a `datetime-local` field, to the minute.
#[must_use]
pub fn field_value(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string()
}

/// `Europe/Zurich (UTC+1)`, with the offset in force at `at`.
#[must_use]
pub fn describe(zone: Tz, at: DateTime<Utc>) -> String {
    use chrono::Offset;
    let seconds = at.with_timezone(&zone).offset().fix().local_minus_utc();
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    let sign = if seconds < 0 { '\u{2212}' } else { '+' };
    match (zone.name(), seconds, minutes) {
        ("UTC", ..) => "UTC".to_owned(),
        (name, 0, _) => format!("{name} (UTC)"),
        (name, _, 0) => format!("{name} (UTC{sign}{hours})"),
        (name, ..) => format!("{name} (UTC{sign}{hours}:{minutes:02})"),
    }
}

/// A moment for a table: `Today 14:02`, `Wed 18 Nov 22:15`, `18 Nov 2025 22:15`.
#[must_use]
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (local, today) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let form = match (today.date_naive() - local.date_naive()).num_days() {
        0 => "Today %H:%M",
        1 => "Yesterday %H:%M",
        _ if local.year() == today.year() => "%a %-d %b %H:%M",
        _ => "%-d %b %Y %H:%M",
    };
    local.format(form).to_string()
}

/// A moment in full, with its zone: `Fri 20 Nov 2026 14:02:31 Europe/Zurich (UTC+1)`.
#[must_use]
pub fn full(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!("{} {}", local.format("%a %-d %b %Y %H:%M:%S"), describe(zone, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn typed_times_mean_the_named_zone() {
        let zone = Tz::Europe__Zurich;
        assert_eq!(parse_local("2026-11-20T14:05", zone), Some(utc("2026-11-20T13:05:00Z")));
        assert_eq!(parse_local("2026-07-01T14:05:30", zone), Some(utc("2026-07-01T12:05:30Z")));
        assert_eq!(parse_local("yesterday", zone), None);
    }

    #[test]
    fn the_doubled_hour_is_its_first_pass_and_the_skipped_one_moves_on() {
        let zone = Tz::Europe__Zurich;
        assert_eq!(parse_local("2026-10-25T02:30", zone), Some(utc("2026-10-25T00:30:00Z")));
        assert_eq!(parse_local("2026-03-29T02:30", zone), Some(utc("2026-03-29T01:30:00Z")));
    }

    #[test]
    fn zones_are_named_with_their_offset() {
        let at = utc("2026-11-20T12:00:00Z");
        assert_eq!(describe(Tz::Europe__Zurich, at), "Europe/Zurich (UTC+1)");
        assert_eq!(describe(Tz::Asia__Kolkata, at), "Asia/Kolkata (UTC+5:30)");
        assert_eq!(describe(Tz::UTC, at), "UTC");
        assert_eq!(describe(Tz::America__New_York, at), "America/New_York (UTC\u{2212}5)");
    }

    #[test]
    fn moments_are_as_short_as_their_distance_allows() {
        let (now, zone) = (utc("2026-11-20T12:00:00Z"), Tz::UTC);
        assert_eq!(moment(utc("2026-11-20T09:05:00Z"), now, zone), "Today 09:05");
        assert_eq!(moment(utc("2026-11-19T23:05:00Z"), now, zone), "Yesterday 23:05");
        assert_eq!(moment(utc("2026-11-18T22:15:00Z"), now, zone), "Wed 18 Nov 22:15");
        assert_eq!(moment(utc("2025-11-18T22:15:00Z"), now, zone), "18 Nov 2025 22:15");
    }
}
