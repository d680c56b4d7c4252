//! From what a stamp says to the moment that it means.
//!
//! A stamp without a zone is of its source's zone. A time that an autumn night has twice means its
//! first pass, one that a spring night skips is moved on by the gap: the same rule as for a
//! person's input, see [`domain::zone::resolve_local`].

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use domain::zone::resolve_local;

use super::stamp::{Moment, Stamp, days_since_1970, is_date};

/// Length of the blocks that share an offset. Every change of a zone's offset in this century
/// falls on a multiple of it.
const BLOCK_SECONDS: i64 = 900;

/// What a file's stamps need in order to be moments.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Tz,
    last_write: DateTime<Utc>,
    /// Index of the last block looked up, and the zone's offset in it.
    block: Option<(i64, i64)>,
}

impl Clock {
    /// `zone`: of stamps that carry none. `last_write`: of the file; it dates stamps without year.
    #[must_use]
    pub const fn new(zone: Tz, last_write: DateTime<Utc>) -> Self {
        Self {
            zone,
            last_write,
            block: None,
        }
    }

    /// `None` for a date that no year near the last write has.
    pub fn moment(&mut self, stamp: Stamp) -> Option<Moment> {
        match stamp {
            Stamp::Utc(moment) => Some(moment),
            Stamp::Local(wall) => self.utc(wall),
            Stamp::Yearless {
                month,
                day,
                second_of_day,
                nanos,
            } => self.dated(month, day, second_of_day, nanos),
        }
    }

    /// The latest year that puts the stamp at most a day after the last write. The day covers
    /// clocks that differ, and a zone that was configured wrongly.
    fn dated(&mut self, month: u32, day: u32, second_of_day: u32, nanos: u32) -> Option<Moment> {
        let limit = Moment {
            seconds: self.last_write.timestamp() + 86_400,
            nanos: 0,
        };
        let newest = self.last_write.year() + 1;
        // nine years hold a 29 February, even around 2100
        for year in (newest - 9..=newest).rev() {
            if !u32::try_from(year).is_ok_and(|year| is_date(year, month, day)) {
                continue;
            }
            let seconds =
                days_since_1970(i64::from(year), month, day) * 86_400 + i64::from(second_of_day);
            // no zone is that far ahead of UTC; saves looking the year's offset up
            if seconds - 16 * 3600 > limit.seconds {
                continue;
            }
            let moment = self.utc(Moment { seconds, nanos })?;
            if moment <= limit {
                return Some(moment);
            }
        }
        None
    }

    fn utc(&mut self, wall: Moment) -> Option<Moment> {
        if self.zone == Tz::UTC {
            return Some(wall);
        }
        let index = wall.seconds.div_euclid(BLOCK_SECONDS);
        let offset = match self.block {
            Some((known, offset)) if known == index => offset,
            _ => {
                let first = self.offset(index * BLOCK_SECONDS)?;
                let last = self.offset((index + 1) * BLOCK_SECONDS - 1)?;
                if first != last {
                    // an odd zone of the past changes within the block
                    return Some(shifted(wall, self.offset(wall.seconds)?));
                }
                self.block = Some((index, first));
                first
            }
        };
        Some(shifted(wall, offset))
    }

    /// Seconds that the zone's wall clock is ahead of UTC when it shows `wall_seconds`.
    fn offset(&self, wall_seconds: i64) -> Option<i64> {
        let naive = DateTime::from_timestamp(wall_seconds, 0)?.naive_utc();
        Some(wall_seconds - resolve_local(naive, self.zone)?.timestamp())
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

    use super::super::stamp::StampReader;
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn moment(line: &str, zone: Tz, last_write: &str) -> Option<Moment> {
        let stamp = StampReader::default()
            .read(line.as_bytes())
            .expect("a stamp");
        Clock::new(zone, utc(last_write)).moment(stamp)
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
                let expected = resolve_local(naive, zone).map(Moment::from);
                prop_assert_eq!(clock.moment(Stamp::Local(Moment { seconds, nanos: 0 })), expected);
            }
        }
    }
}
