//! Where things stand on the chart: shares of its width, heights of its bars, its days.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::zone;

/// A day on the axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// Its midnight in the viewer's zone, in seconds since 1970.
    pub start: i64,
    /// Whether there is room for its name.
    pub is_named: bool,
    /// `Sat 14 Nov` and, for a narrow picture, `Sat`: of a longer axis `14`, since weekdays recur.
    pub long: String,
    pub short: String,
}

/// What a name takes of the axis, in percent.
const NAME_SHARE: f64 = 8.0;
const DAY_SECONDS: i64 = 86_400;

/// A day's row in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayVolume {
    pub name: String,
    pub bytes: u64,
    /// Where the step with most bytes begins; `None` where there are none.
    pub busiest: Option<DateTime<Utc>>,
}

/// A share of a whole, in percent, and never beyond it.
#[allow(clippy::cast_precision_loss, reason = "a place on the screen")]
#[must_use]
pub fn percent(part: i64, whole: i64) -> f64 {
    (part as f64 / whole.max(1) as f64 * 100.0).clamp(0.0, 100.0)
}

/// The height of a bar where the tallest has `room`. What is not nothing is seen.
#[must_use]
pub fn bar_height(bytes: u64, peak: u64, room: i64) -> i64 {
    if bytes == 0 || peak == 0 {
        return 0;
    }
    let height = i128::from(bytes) * i128::from(room) / i128::from(peak);
    i64::try_from(height).unwrap_or(room).clamp(2, room.max(2))
}

/// The midnights between two moments. Where days are too short for their names, each second, third …
/// has one.
#[must_use]
pub fn days(from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    let whole = (to - from).num_seconds();
    let share = |seconds: i64| percent(seconds, whole);
    let named = (1..=whole / DAY_SECONDS).find(|days| share(days * DAY_SECONDS) >= NAME_SHARE);
    let every = named
        .and_then(|days| usize::try_from(days).ok())
        .unwrap_or(1);
    let short = if whole <= 8 * DAY_SECONDS {
        "%a"
    } else {
        "%-d"
    };
    let mut date = from.with_timezone(&zone).date_naive();
    while let Some(next) = date.checked_add_days(Days::new(1)) {
        date = next;
        let Some(midnight) = zone::resolve_local(date.and_time(NaiveTime::MIN), zone) else {
            break;
        };
        if midnight >= to {
            break;
        }
        days.push(Day {
            start: midnight.timestamp(),
            is_named: days.len().is_multiple_of(every)
                && share((to - midnight).num_seconds()) >= NAME_SHARE,
            long: date.format("%a %-d %b").to_string(),
            short: date.format(short).to_string(),
        });
    }
    days
}

/// Steps added up by the day that they begin in.
#[must_use]
pub fn by_day(start: DateTime<Utc>, step_seconds: i64, steps: &[u64], zone: Tz) -> Vec<DayVolume> {
    let mut days: Vec<(DayVolume, u64)> = Vec::new();
    let mut at = start;
    for bytes in steps {
        let name = at.with_timezone(&zone).format("%a %-d %b").to_string();
        if days.last().is_none_or(|(day, _)| day.name != name) {
            let day = DayVolume {
                name,
                bytes: 0,
                busiest: None,
            };
            days.push((day, 0));
        }
        if let Some((day, most)) = days.last_mut() {
            day.bytes += bytes;
            if bytes > most {
                *most = *bytes;
                day.busiest = Some(at);
            }
        }
        at += TimeDelta::seconds(step_seconds);
    }
    days.into_iter().map(|(day, _)| day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn days_begin_at_the_viewers_midnight() {
        let (from, to) = (utc("2026-11-18T22:00:00Z"), utc("2026-11-20T10:00:00Z"));
        let found = days(from, to, Tz::Europe__Zurich);
        let starts: Vec<_> = found.iter().map(|day| day.start).collect();
        let expected = ["2026-11-18T23:00:00Z", "2026-11-19T23:00:00Z"];
        assert_eq!(starts, expected.map(|text| utc(text).timestamp()));
        assert_eq!(
            (found[0].long.as_str(), found[0].short.as_str()),
            ("Thu 19 Nov", "Thu")
        );
    }

    #[test]
    fn names_of_days_have_room_however_long_the_axis_is() {
        let from = utc("2026-11-01T05:00:00Z");
        for (length, named) in [
            (2, &["2", "3"][..]),
            (30, &["2", "5", "8", "11", "14", "17", "20", "23", "26"]),
        ] {
            let to = from + TimeDelta::days(length);
            let days = days(from, to, Tz::UTC);
            let starts = days.iter().filter(|day| day.is_named);
            let names: Vec<_> = starts
                .map(|day| day.long.split(' ').nth(1).unwrap_or_default())
                .collect();
            assert_eq!(names, named);
        }
    }

    #[test]
    fn bars_are_seen_and_stay_in_their_room() {
        assert_eq!(bar_height(0, 100, 96), 0);
        assert_eq!(bar_height(1, 1_000_000, 96), 2);
        assert_eq!(bar_height(u64::MAX, u64::MAX, 96), 96);
        assert_eq!(bar_height(50, 100, 96), 48);
    }

    #[test]
    fn a_table_row_is_a_day_of_the_viewer() {
        let start = utc("2026-11-18T22:00:00Z");
        let rows = by_day(start, 3600, &[1, 5, 7, 2], Tz::Europe__Zurich);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].bytes, rows[1].bytes), (1, 14));
        assert_eq!(rows[1].busiest, Some(utc("2026-11-19T00:00:00Z")));
    }
}
