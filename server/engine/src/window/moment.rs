//! Moments, and the calendar that they are counted by.

use chrono::{DateTime, Utc};

/// A moment (UTC) or a wall clock's reading (no zone yet), in seconds since 1970 and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub seconds: i64,
    pub nanos: u32,
}

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Self {
            seconds: at.timestamp(),
            nanos: at.timestamp_subsec_nanos(),
        }
    }
}

impl Moment {
    pub const EARLIEST: Self = Self {
        seconds: i64::MIN,
        nanos: 0,
    };

    /// Without the fraction of its second.
    pub const fn whole(self) -> Self {
        Self {
            seconds: self.seconds,
            nanos: 0,
        }
    }

    /// So much later; `None` beyond all time.
    pub fn later(self, seconds: i64, nanos: u32) -> Option<Self> {
        let nanos = self.nanos + nanos;
        let carry = i64::from(nanos / 1_000_000_000);
        Some(Self {
            seconds: self.seconds.checked_add(seconds)?.checked_add(carry)?,
            nanos: nanos % 1_000_000_000,
        })
    }
}

/// Whether the proleptic Gregorian calendar has this day.
pub fn is_date(year: u32, month: u32, day: u32) -> bool {
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => return false,
    };
    (1..=last).contains(&day)
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
pub const fn days_since_1970(year: i64, month: u32, day: u32) -> i64 {
    // counted in years that begin in March, so that the leap day is the last
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month as i64 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i64 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn days_agree_with_the_calendar(days in -700_000i32..700_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(days + 719_163).expect("a date");
            let (year, month, day) = (date.year(), date.month(), date.day());
            prop_assert_eq!(days_since_1970(i64::from(year), month, day), i64::from(days));
        }
    }
}
