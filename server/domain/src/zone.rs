//! Time zones: what a person types or reads, against UTC inside.

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Utc};
pub use chrono_tz::Tz;

/// A time as typed into a `datetime-local` field, taken in `zone`.
///
/// A time that an autumn night has twice means its first pass. A time that a spring night skips
/// means the moment of the same distance after the gap's start.
///
/// `None` where the text is not of the form `2026-11-20T14:05` (seconds may follow), or its year is
/// beyond four digits.
#[must_use]
pub fn parse_local(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let naive = [
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M:%S%.f",
    ]
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
            // the offset in force before the gap; the longest gap ever was a day
            (1..=25).map(TimeDelta::hours).find_map(|back| {
                let before = zone.from_local_datetime(&naive.checked_sub_signed(back)?);
                before.latest()?.to_utc().checked_add_signed(back)
            })
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

/// The same in the middle of a sentence: `today 14:02`.
#[must_use]
pub fn moment_within(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let moment = moment(at, now, zone);
    for word in ["Today", "Yesterday"] {
        if let Some(rest) = moment.strip_prefix(word) {
            return format!("{}{rest}", word.to_lowercase());
        }
    }
    moment
}

/// A moment in full, with its zone: `Fri 20 Nov 2026 14:02:31 Europe/Zurich (UTC+1)`.
#[must_use]
pub fn full(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!(
        "{} {}",
        local.format("%a %-d %b %Y %H:%M:%S"),
        describe(zone, at)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn typed_times_mean_the_named_zone() {
        let zone = Tz::Europe__Zurich;
        assert_eq!(
            parse_local("2026-11-20T14:05", zone),
            Some(utc("2026-11-20T13:05:00Z"))
        );
        assert_eq!(
            parse_local("2026-07-01T14:05:30", zone),
            Some(utc("2026-07-01T12:05:30Z"))
        );
        assert_eq!(parse_local("yesterday", zone), None);
    }

    #[test]
    fn the_doubled_hour_is_its_first_pass_and_the_skipped_one_moves_on() {
        let zone = Tz::Europe__Zurich;
        assert_eq!(
            parse_local("2026-10-25T02:30", zone),
            Some(utc("2026-10-25T00:30:00Z"))
        );
        assert_eq!(
            parse_local("2026-03-29T02:30", zone),
            Some(utc("2026-03-29T01:30:00Z"))
        );
    }

    #[test]
    fn zones_are_named_with_their_offset() {
        let at = utc("2026-11-20T12:00:00Z");
        assert_eq!(describe(Tz::Europe__Zurich, at), "Europe/Zurich (UTC+1)");
        assert_eq!(describe(Tz::Asia__Kolkata, at), "Asia/Kolkata (UTC+5:30)");
        assert_eq!(describe(Tz::UTC, at), "UTC");
        assert_eq!(
            describe(Tz::America__New_York, at),
            "America/New_York (UTC\u{2212}5)"
        );
    }

    #[test]
    fn moments_are_as_short_as_their_distance_allows() {
        let (now, zone) = (utc("2026-11-20T12:00:00Z"), Tz::UTC);
        assert_eq!(
            moment(utc("2026-11-20T09:05:00Z"), now, zone),
            "Today 09:05"
        );
        assert_eq!(
            moment(utc("2026-11-19T23:05:00Z"), now, zone),
            "Yesterday 23:05"
        );
        assert_eq!(
            moment_within(utc("2026-11-19T23:05:00Z"), now, zone),
            "yesterday 23:05"
        );
        assert_eq!(
            moment_within(utc("2026-11-18T22:15:00Z"), now, zone),
            "Wed 18 Nov 22:15"
        );
        assert_eq!(
            moment(utc("2026-11-18T22:15:00Z"), now, zone),
            "Wed 18 Nov 22:15"
        );
        assert_eq!(
            moment(utc("2025-11-18T22:15:00Z"), now, zone),
            "18 Nov 2025 22:15"
        );
    }

    #[test]
    fn gaps_of_every_size_move_times_on_by_their_own_length() {
        for (zone, typed, expected) in [
            // half an hour, at 02:00 to 02:30
            (
                Tz::Australia__Lord_Howe,
                "2026-10-04T02:15",
                "2026-10-03T15:45:00Z",
            ),
            // a whole day that was left out when the date line moved
            (
                Tz::Pacific__Apia,
                "2011-12-30T12:00",
                "2011-12-30T22:00:00Z",
            ),
            // midnight itself is skipped
            (
                Tz::Africa__Cairo,
                "2026-04-24T00:30",
                "2026-04-23T22:30:00Z",
            ),
        ] {
            assert_eq!(
                parse_local(typed, zone),
                Some(utc(expected)),
                "{zone} {typed}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_field_s_value_means_its_own_minute(
            minutes in 0_i64..70_000_000,
            zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        ) {
            let at = DateTime::from_timestamp(minutes * 60, 0).expect("in the calendar");
            let typed = field_value(at, zone);
            let back = parse_local(&typed, zone).expect("a time");
            // of a doubled hour the second pass reads as the first; old zones had odd seconds
            prop_assert_eq!(field_value(back, zone), typed);
            prop_assert!(back <= at);
        }

        #[test]
        fn no_text_is_too_odd(
            text in ".*",
            form in "[0-9+-]{1,7}-[0-9]{1,3}-[0-9]{1,3}T[0-9]{1,3}:[0-9]{1,3}",
            zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        ) {
            let _ = (parse_local(&text, zone), parse_local(&form, zone));
        }

        #[test]
        fn every_typed_time_means_some_moment(
            minutes in 0_i64..70_000_000,
            zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        ) {
            let naive = DateTime::from_timestamp(minutes * 60, 0).expect("in the calendar").naive_utc();
            prop_assert!(resolve_local(naive, zone).is_some());
        }
    }
}
