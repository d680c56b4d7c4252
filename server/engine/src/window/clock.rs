//! From what a stamp says to the moment that it means.
//!
//! A stamp without a zone is of its source's zone. A time that a spring night skips is moved on by
//! the gap, the same rule as for a person's input, see [`domain::zone::resolve_local`]. A time
//! that an autumn night has twice has two [`Readings`]: nothing in the line tells which is meant,
//! so a record is in when either is. That may bring up to an hour too much, once a year, and never
//! loses a line.
//!
//! A stamp without year is of the latest year that does not put it after the file's last write. A
//! log that goes on for more than a year so has the same day of each year in one window, which
//! again is too much and never too little.

use chrono::{DateTime, Datelike, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use domain::Window;
use domain::zone::resolve_local;

use super::format::{Stamp, Yearless};
use super::moment::{Moment, days_since_1970, is_date};

/// Length of the blocks that share an offset. Every change of a zone's offset in this century
/// falls on a multiple of it.
const BLOCK_SECONDS: i64 = 900;
/// So far a stamp may lie after the last write: clocks differ, and zones are configured wrongly.
const LATE_SECONDS: i64 = 86_400;
/// No zone is that far ahead of UTC.
const AHEAD_SECONDS: i64 = 16 * 3600;

/// What a file's stamps need in order to be moments.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Tz,
    last_write: DateTime<Utc>,
    booted_at: Option<DateTime<Utc>>,
    /// Index of the last block looked up, and the zone's offsets in it.
    block: Option<(i64, Offsets)>,
}

/// What a stamp may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readings {
    pub first: Moment,
    /// Later than the first; of a time that a night has twice.
    pub second: Option<Moment>,
}

/// Seconds that a zone's wall clock is ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offsets {
    first: i64,
    second: Option<i64>,
}

impl Readings {
    const fn only(first: Moment) -> Self {
        Self {
            first,
            second: None,
        }
    }

    /// Whether any of them is from `start` on and before `end`.
    pub fn meet(&self, start: Moment, end: Moment) -> bool {
        let is_in = |moment: Moment| start <= moment && moment < end;
        is_in(self.first) || self.second.is_some_and(is_in)
    }

    /// The same so many seconds earlier.
    pub fn earlier(&self, seconds: i64) -> Self {
        let earlier = |moment: Moment| Moment {
            seconds: moment.seconds - seconds,
            ..moment
        };
        Self {
            first: earlier(self.first),
            second: self.second.map(earlier),
        }
    }

    /// Whether all that these stand for is from `start` on and before `end`, when a fraction of up to
    /// a second and up to `seconds` less one are still to be added; `None` where some is and some is
    /// not.
    pub fn meet_for(&self, seconds: i64, start: Moment, end: Moment) -> Option<bool> {
        let all_in = |moment: Moment| {
            let (first, behind) = (moment.whole(), moment.whole().seconds + seconds);
            let behind = Moment {
                seconds: behind,
                nanos: 0,
            };
            if start <= first && behind <= end {
                Some(true)
            } else if behind <= start || end <= first {
                Some(false)
            } else {
                None
            }
        };
        let first = all_in(self.first)?;
        let second = self.second.map_or(Some(false), all_in)?;
        Some(first || second)
    }
}

impl Clock {
    /// `zone`: of stamps that carry none. `last_write`: of the file; it dates stamps without year.
    #[must_use]
    pub const fn new(zone: Tz, last_write: DateTime<Utc>) -> Self {
        Self {
            zone,
            last_write,
            booted_at: None,
            block: None,
        }
    }

    /// When the machine that wrote the file was started; stamps that count from there are none
    /// otherwise.
    #[must_use]
    pub const fn booted_at(mut self, booted_at: Option<DateTime<Utc>>) -> Self {
        self.booted_at = booted_at;
        self
    }

    pub const fn last_write(&self) -> DateTime<Utc> {
        self.last_write
    }

    /// `None` for a date that no year near the last write has, and for a time since a start of the
    /// machine that the file does not go back to.
    pub fn moment(&mut self, stamp: Stamp) -> Option<Readings> {
        match stamp {
            Stamp::Utc(moment) => Some(Readings::only(moment)),
            Stamp::Local(wall) => self.readings(wall),
            Stamp::Yearless(stamp) => self.dated(stamp),
            Stamp::SinceBoot { seconds, nanos } => {
                let booted_at = Moment::from(self.booted_at?);
                let moment = booted_at.later(seconds, nanos)?;
                (moment <= self.latest()).then_some(Readings::only(moment))
            }
        }
    }

    /// No stamp of the file can be later.
    fn latest(&self) -> Moment {
        Moment {
            seconds: self.last_write.timestamp() + LATE_SECONDS,
            nanos: 0,
        }
    }

    /// In the latest year that does not put it after the last write.
    fn dated(&mut self, stamp: Yearless) -> Option<Readings> {
        let latest = self.latest();
        let newest = self.last_write.year() + 1;
        // nine years hold a 29 February, even around 2100
        let years = (newest - 9..=newest).rev();
        for year in years.filter_map(|year| u32::try_from(year).ok()) {
            if !is_date(year, stamp.month, stamp.day) {
                continue;
            }
            let wall = Moment {
                seconds: days_since_1970(i64::from(year), stamp.month, stamp.day) * 86_400
                    + i64::from(stamp.second_of_day),
                nanos: stamp.nanos,
            };
            // saves looking the year's offset up
            if wall.seconds - AHEAD_SECONDS > latest.seconds {
                continue;
            }
            let readings = self.readings(wall)?;
            if readings.first <= latest {
                return Some(readings);
            }
        }
        None
    }

    /// What a wall clock's reading in the zone may mean.
    fn readings(&mut self, wall: Moment) -> Option<Readings> {
        if self.zone == Tz::UTC {
            return Some(Readings::only(wall));
        }
        let index = wall.seconds.div_euclid(BLOCK_SECONDS);
        let offsets = match self.block {
            Some((known, offsets)) if known == index => offsets,
            _ => {
                let first = self.offsets(index * BLOCK_SECONDS)?;
                let last = self.offsets((index + 1) * BLOCK_SECONDS - 1)?;
                if first == last {
                    self.block = Some((index, first));
                    first
                } else {
                    // an odd zone of the past changes within the block
                    self.offsets(wall.seconds)?
                }
            }
        };
        Some(Readings {
            first: shifted(wall, offsets.first),
            second: offsets.second.map(|offset| shifted(wall, offset)),
        })
    }

    fn offsets(&self, wall_seconds: i64) -> Option<Offsets> {
        let naive = DateTime::from_timestamp(wall_seconds, 0)?.naive_utc();
        let ahead = |at: DateTime<Utc>| wall_seconds - at.timestamp();
        let first = ahead(resolve_local(naive, self.zone)?);
        let second = self.zone.from_local_datetime(&naive).latest();
        Some(Offsets {
            first,
            second: (second.map(|at| ahead(at.to_utc()))).filter(|second| *second != first),
        })
    }

    /// The window, and where it cuts a time that a night has twice the whole of that: before its
    /// start no line is in by either reading, nor from its end on.
    pub fn bounds(&self, window: &Window) -> (Moment, Moment) {
        let step = TimeDelta::seconds(BLOCK_SECONDS);
        let (mut start, mut end) = (window.start(), window.end());
        while let Some(earlier) = self.twin(start) {
            start = earlier.0 - step;
        }
        while let Some(later) = self.twin(end) {
            end = later.1 + step;
        }
        (start.into(), end.into())
    }

    /// Both passes of the time that the zone's wall clock shows at `at`, if it shows it twice.
    fn twin(&self, at: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let naive = at.with_timezone(&self.zone).naive_local();
        match self.zone.from_local_datetime(&naive) {
            chrono::LocalResult::Ambiguous(first, second) => {
                Some((first.to_utc(), second.to_utc()))
            }
            _ => None,
        }
    }
}

const fn shifted(wall: Moment, offset: i64) -> Moment {
    Moment {
        seconds: wall.seconds - offset,
        nanos: wall.nanos,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::format::Format;
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn moment(line: &str, zone: Tz, last_write: &str) -> Option<Moment> {
        let stamp = ["iso", "syslog"]
            .iter()
            .find_map(|name| Format::named(name)?.read(line.as_bytes()))
            .expect("a stamp");
        Clock::new(zone, utc(last_write))
            .moment(stamp)
            .map(|readings| readings.first)
    }

    fn is(text: &str) -> Option<Moment> {
        Some(utc(text).into())
    }

    #[test]
    fn the_year_is_the_latest_that_is_not_after_the_last_write() {
        let (zone, written) = (Tz::UTC, "2027-01-02T08:00:00Z");
        assert_eq!(
            moment("Jan  2 07:59:00 x", zone, written),
            is("2027-01-02T07:59:00Z")
        );
        assert_eq!(
            moment("Dec 31 23:59:59 x", zone, written),
            is("2026-12-31T23:59:59Z")
        );
        assert_eq!(
            moment("Jan  3 07:59:00 x", zone, written),
            is("2027-01-03T07:59:00Z")
        );
        assert_eq!(
            moment("Jan  3 08:00:01 x", zone, written),
            is("2026-01-03T08:00:01Z")
        );
        assert_eq!(
            moment("Feb 29 00:00:00 x", zone, written),
            is("2024-02-29T00:00:00Z")
        );
    }

    #[test]
    fn new_year_comes_by_the_zone() {
        let written = "2026-12-31T23:30:00Z";
        assert_eq!(
            moment("Jan  1 00:20:00 x", Tz::Europe__Zurich, written),
            is("2026-12-31T23:20:00Z")
        );
    }

    #[test]
    fn wall_clocks_are_of_the_zone() {
        let (zone, written) = (Tz::Europe__Zurich, "2026-12-01T00:00:00Z");
        assert_eq!(
            moment("2026-11-20 14:02:03 x", zone, written),
            is("2026-11-20T13:02:03Z")
        );
        assert_eq!(
            moment("2026-07-20 14:02:03 x", zone, written),
            is("2026-07-20T12:02:03Z")
        );
        // twice, and never
        assert_eq!(
            moment("2026-10-25 02:30:00 x", zone, written),
            is("2026-10-25T00:30:00Z")
        );
        assert_eq!(
            moment("2026-03-29 02:30:00 x", zone, written),
            is("2026-03-29T01:30:00Z")
        );
    }

    #[test]
    fn a_doubled_hour_has_two_readings_and_is_searched_as_a_whole() {
        let window = |start, end| Window::new(utc(start), utc(end)).expect("in order");
        let mut clock = Clock::new(Tz::Europe__Zurich, utc("2026-12-01T00:00:00Z"));
        let wall = Moment::from(utc("2026-10-25T02:30:00Z"));
        let readings = clock.moment(Stamp::Local(wall)).expect("a time");
        assert_eq!(readings.second, is("2026-10-25T01:30:00Z"));
        let meets = |start, end| readings.meet(utc(start).into(), utc(end).into());
        assert!(meets("2026-10-25T00:30:00Z", "2026-10-25T00:31:00Z"));
        assert!(meets("2026-10-25T01:30:00Z", "2026-10-25T01:31:00Z"));
        assert!(!meets("2026-10-25T00:31:00Z", "2026-10-25T01:30:00Z"));

        let night = window("2026-10-25T00:20:00Z", "2026-10-25T01:10:00Z");
        let (start, end) = clock.bounds(&night);
        assert!(start < utc("2026-10-25T00:00:00Z").into());
        assert!(end >= utc("2026-10-25T02:00:00Z").into());
        let day = window("2026-10-24T00:20:00Z", "2026-10-25T02:00:00Z");
        assert_eq!(clock.bounds(&day), (day.start().into(), day.end().into()));
    }

    #[test]
    fn seconds_since_the_start_need_a_start_that_the_file_goes_back_to() {
        let stamp = Stamp::SinceBoot {
            seconds: 90,
            nanos: 5_000_000,
        };
        let clock = Clock::new(Tz::Europe__Zurich, utc("2026-11-20T14:00:00Z"));
        let moment = |booted_at: &str| {
            clock
                .clone()
                .booted_at(Some(utc(booted_at)))
                .moment(stamp)
                .map(|readings| readings.first)
        };
        assert_eq!(
            moment("2026-11-20T08:00:00Z"),
            is("2026-11-20T08:01:30.005Z")
        );
        assert_eq!(moment("2026-11-24T08:00:00Z"), None);
        assert_eq!(clock.clone().moment(stamp), None);
    }

    proptest! {
        #[test]
        fn cached_offsets_are_the_zones(
            zone in prop::sample::select(vec![Tz::Europe__Zurich, Tz::Australia__Lord_Howe, Tz::Asia__Kathmandu, Tz::Africa__Monrovia]),
            start in 0i64..1_900_000_000,
            steps in prop::collection::vec(0i64..4000, 1..200),
        ) {
            let mut clock = Clock::new(zone, utc("2026-12-01T00:00:00Z"));
            let mut seconds = start;
            for step in steps {
                seconds += step;
                let naive = DateTime::from_timestamp(seconds, 0).expect("in range").naive_utc();
                let readings = clock.moment(Stamp::Local(Moment { seconds, nanos: 0 }));
                let expected = resolve_local(naive, zone).map(Moment::from);
                prop_assert_eq!(readings.map(|readings| readings.first), expected);
                let second = match zone.from_local_datetime(&naive) {
                    chrono::LocalResult::Ambiguous(_, second) => Some(second.to_utc().into()),
                    _ => None,
                };
                prop_assert_eq!(readings.and_then(|readings| readings.second), second);
            }
        }
    }
}
