//! How a file's bytes lie over time, from a few known places.
//!
//! A profile holds for any window, so one look at a file serves the chart, the estimate and every
//! later question until the file changes.

/// A place in a file and the moment that was logged there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// In unpacked bytes.
    pub offset: u64,
    /// Seconds since 1970.
    pub at: i64,
}

/// How a file's bytes lie over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Places in file order. Between two of them the bytes are taken to come evenly.
    Stamped(Box<[Point]>),
    /// No stamps: collected as a whole, where its life meets the window.
    Whole { born: i64, written: i64, bytes: u64 },
    /// It gives nothing: empty, or it cannot be read.
    Nothing,
}

impl Profile {
    /// A file whose stamps were found at these places, in file order. Where a stamp is older than
    /// one before it, the older place counts from the younger moment: several writers in a file
    /// are never more than moments apart. `size` bytes end at the last moment.
    #[must_use]
    pub fn stamped(mut points: Vec<Point>, size: u64) -> Self {
        let Some(last) = points.iter().map(|point| point.at).max() else {
            return Self::Nothing;
        };
        if let Some(first) = points.first_mut() {
            // the torn end of an earlier record belongs close by
            first.offset = 0;
        }
        let mut latest = i64::MIN;
        for point in &mut points {
            latest = latest.max(point.at);
            point.at = latest;
        }
        // a record lasts for the second that it names
        points.push(Point {
            offset: size,
            at: last.saturating_add(1),
        });
        Self::Stamped(points.into())
    }

    /// Bytes that a collection of `from` to before `to` would take.
    #[must_use]
    pub fn taken(&self, from: i64, to: i64) -> u64 {
        match self {
            Self::Whole {
                born,
                written,
                bytes,
            } if *born < to && *written >= from => *bytes,
            Self::Stamped(_) => self.logged(from, to),
            Self::Whole { .. } | Self::Nothing => 0,
        }
    }

    /// Bytes that were logged from `from` to before `to`.
    #[must_use]
    pub fn logged(&self, from: i64, to: i64) -> u64 {
        match self {
            Self::Stamped(points) => before(points, to).saturating_sub(before(points, from)),
            Self::Whole {
                born,
                written,
                bytes,
            } => {
                let life = [
                    Point {
                        offset: 0,
                        at: *born,
                    },
                    Point {
                        offset: *bytes,
                        at: written.saturating_add(1),
                    },
                ];
                before(&life, to).saturating_sub(before(&life, from))
            }
            Self::Nothing => 0,
        }
    }

    /// First and last moment that anything was logged at.
    #[must_use]
    pub fn span(&self) -> Option<(i64, i64)> {
        match self {
            Self::Stamped(points) => Some((points.first()?.at, points.last()?.at)),
            Self::Whole { born, written, .. } => Some((*born, *written)),
            Self::Nothing => None,
        }
    }
}

/// Bytes before a moment, by the two places around it.
fn before(points: &[Point], at: i64) -> u64 {
    let next = points.partition_point(|point| point.at < at);
    let Some(after) = points.get(next) else {
        return points.last().map_or(0, |last| last.offset);
    };
    let Some(earlier) = next.checked_sub(1).and_then(|place| points.get(place)) else {
        return after.offset.min(points[0].offset);
    };
    let (bytes, seconds) = (
        i128::from(after.offset) - i128::from(earlier.offset),
        i128::from(after.at) - i128::from(earlier.at),
    );
    let share = bytes * (i128::from(at) - i128::from(earlier.at)) / seconds.max(1);
    earlier
        .offset
        .saturating_add(u64::try_from(share).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn profile(points: &[(u64, i64)], size: u64) -> Profile {
        let points = points
            .iter()
            .map(|&(offset, at)| Point { offset, at })
            .collect();
        Profile::stamped(points, size)
    }

    #[test]
    fn bytes_come_evenly_between_known_places() {
        let profile = profile(&[(10, 1000), (110, 1100), (160, 1100), (200, 1200)], 240);
        assert_eq!(profile.logged(0, 5000), 240);
        assert_eq!(profile.logged(1000, 1050), 55);
        assert_eq!(profile.logged(1000, 1100), 110);
        // a burst within one second is on its side of the moment as a whole
        assert_eq!(profile.logged(1100, 1200), 90);
        assert_eq!(profile.logged(1201, 5000), 0);
        assert_eq!(profile.logged(0, 1000), 0);
    }

    #[test]
    fn a_file_without_stamps_is_taken_whole_and_drawn_over_its_life() {
        let profile = Profile::Whole {
            born: 1000,
            written: 1099,
            bytes: 100,
        };
        assert_eq!(profile.taken(1090, 2000), 100);
        assert_eq!(profile.taken(1100, 2000), 0);
        assert_eq!(profile.logged(1050, 2000), 50);
    }

    proptest! {
        #[test]
        fn windows_that_meet_share_out_every_byte_once(
            places in prop::collection::vec((0u64..1000, -500i64..5000), 1..20),
            cuts in prop::collection::vec(-1000i64..6000, 0..20),
        ) {
            let mut places = places;
            places.sort_by_key(|place| place.0);
            let profile = profile(&places, 1000);
            let mut cuts = cuts;
            cuts.extend([-1001, 6001]);
            cuts.sort_unstable();
            let sum: u64 = cuts.windows(2).map(|pair| profile.logged(pair[0], pair[1])).sum();
            prop_assert_eq!(sum, 1000);
        }
    }
}
