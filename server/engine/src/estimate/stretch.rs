//! Where in a file to look next.
//!
//! What is looked into is the largest stretch in bytes and time together, since there a burst can
//! hide; and there where the chart's step nearest to its middle should begin, since a place on the
//! edge of two bars makes both of them right. After some places the rest are for stretches in
//! doubt: where a file has grown as evenly as the places around had it, further ones would change
//! nothing that shows.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::profile::Point;

/// Stretches that hold less, or last less, are even enough.
const EVEN_BYTES: u64 = 16 * 1024;
pub const EVEN_SECONDS: i64 = 600;
/// A place that is off by this part of what the file grows by in a step does not show.
const SHOWN_SHARE: i128 = 8;
/// This part of a stretch at either end is not aimed at: the rest would stay as large as it was.
const MARGIN: u64 = 16;

/// What is to be shown of a file.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Nobody will ask for what lies before, in seconds since 1970.
    pub since: i64,
    /// Seconds that a bar of the chart stands for.
    pub step: i64,
}

/// A stretch between two known places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    from: Point,
    to: Point,
    /// So many bytes was the place that made it off from where it was reckoned.
    deviation: u64,
    /// The same, or that of the place before where it is more: one may be right by chance.
    doubt: u64,
}

impl Stretch {
    const fn bytes(&self) -> u64 {
        self.to.offset.saturating_sub(self.from.offset)
    }

    const fn seconds(&self) -> i64 {
        self.to.at.saturating_sub(self.from.at)
    }

    /// In bytes and time together.
    fn extent(&self) -> u128 {
        u128::from(self.bytes()) * u128::from(self.seconds().unsigned_abs())
    }

    fn is_even(&self, since: i64) -> bool {
        self.bytes() <= EVEN_BYTES || self.seconds() <= EVEN_SECONDS || self.to.at < since
    }

    /// Where a moment is to be found if it grew evenly.
    fn reckoned(&self, at: i64) -> i128 {
        let passed = i128::from(at) - i128::from(self.from.at);
        let seconds = i128::from(self.seconds()).max(1);
        i128::from(self.from.offset) + i128::from(self.bytes()) * passed / seconds
    }

    /// Where to look.
    fn aim(&self, step: i64) -> u64 {
        let middle = self.from.offset + self.bytes() / 2;
        let edge = (self.from.at + self.seconds() / 2 + step / 2).div_euclid(step) * step;
        if edge <= self.from.at || edge >= self.to.at {
            return middle;
        }
        let margin = self.bytes() / MARGIN;
        let aim = u64::try_from(self.reckoned(edge)).unwrap_or(middle);
        aim.clamp(self.from.offset + margin, self.to.offset - margin)
    }
}

impl Ord for Stretch {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |stretch: &Self| (stretch.extent(), stretch.to.offset);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Stretch {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The stretches of a file between the places looked at so far.
#[derive(Debug)]
pub struct Stretches {
    heap: BinaryHeap<Stretch>,
    shown: Shown,
    /// A doubt of no more does not show.
    tolerance: u64,
}

impl Stretches {
    #[must_use]
    pub fn between(from: Point, to: Point, shown: Shown) -> Self {
        let whole = Stretch {
            from,
            to,
            deviation: u64::MAX,
            doubt: u64::MAX,
        };
        let in_a_step =
            whole.reckoned(from.at.saturating_add(shown.step)) - whole.reckoned(from.at);
        Self {
            heap: BinaryHeap::from([whole]),
            shown,
            tolerance: u64::try_from(in_a_step / SHOWN_SHARE).unwrap_or(0),
        }
    }

    /// The one to look into next, and where. `None` where there is none, or none in doubt and only
    /// such are asked for.
    pub fn next(&mut self, only_in_doubt: bool) -> Option<(Stretch, u64)> {
        let mut largest = std::iter::from_fn(|| self.heap.pop());
        let stretch = largest.find(|stretch| {
            let is_settled = only_in_doubt && stretch.doubt <= self.tolerance;
            !is_settled && !stretch.is_even(self.shown.since)
        })?;
        Some((stretch, stretch.aim(self.shown.step)))
    }

    /// Whether a place that was found lies in the stretch, which it then divides.
    pub fn divide(&mut self, stretch: Stretch, found: Point) -> bool {
        let Stretch { from, to, .. } = stretch;
        if found.offset <= from.offset || to.offset <= found.offset {
            return false;
        }
        let off = (i128::from(found.offset) - stretch.reckoned(found.at)).unsigned_abs();
        let deviation = u64::try_from(off).unwrap_or(u64::MAX);
        let doubt = deviation.max(stretch.deviation);
        for (from, to) in [(from, found), (found, to)] {
            self.heap.push(Stretch {
                from,
                to,
                deviation,
                doubt,
            });
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;
    const SHOWN: Shown = Shown {
        since: 0,
        step: HOUR,
    };

    /// The places that are looked at in a file of which so many bytes were logged in each minute.
    fn places(minutes: &[u64], most: usize, sure: usize) -> Vec<Point> {
        let starts: Vec<u64> = (minutes.iter())
            .scan(0, |offset, bytes| {
                *offset += bytes;
                Some(*offset - bytes)
            })
            .collect();
        let at = |offset: u64| {
            let minute = starts.partition_point(|start| *start <= offset) - 1;
            let seconds = 60 * (offset - starts[minute]) / minutes[minute].max(1);
            let at = i64::try_from(minute as u64 * 60 + seconds).expect("small");
            Point { offset, at }
        };
        let end = minutes.iter().sum::<u64>() - 1;
        let mut stretches = Stretches::between(at(0), at(end), SHOWN);
        let mut places = Vec::new();
        while places.len() < most
            && let Some((stretch, aim)) = stretches.next(places.len() >= sure)
        {
            assert!(stretches.divide(stretch, at(aim)));
            places.push(at(aim));
        }
        places
    }

    #[test]
    fn a_file_that_grew_evenly_is_not_looked_at_more_than_is_needed_to_know() {
        let even = places(&[1000; 24 * 60], 100, 7);
        assert_eq!(even.len(), 7);
        assert!(even.iter().all(|place| place.at % HOUR == 0), "{even:?}");
    }

    #[test]
    fn what_is_uneven_is_closed_in_upon() {
        let mut minutes = [1000; 24 * 60];
        minutes[500..520].fill(50_000);
        let places = places(&minutes, 100, 7);
        assert!(places.len() < 60, "{}", places.len());
        let near = |minute: i64| {
            let near = |place: &&Point| (place.at - minute * 60).abs() <= EVEN_SECONDS;
            places.iter().filter(near).count()
        };
        assert!(near(500) > 0 && near(520) > 0, "{places:?}");
        assert_eq!(near(1000), 0, "{places:?}");
    }

    #[test]
    fn what_repeats_each_hour_is_cut_at_the_hours() {
        let minutes: Vec<u64> = (0..24 * 60)
            .map(|minute| if minute % 60 < 5 { 10_000 } else { 300 })
            .collect();
        let places = places(&minutes, 20, 5);
        let off = |place: &Point| (place.at + HOUR / 2).rem_euclid(HOUR) - HOUR / 2;
        let furthest = places.iter().map(|place| off(place).abs()).max();
        assert!(furthest < Some(300), "{places:?}");
    }

    #[test]
    fn what_nobody_asks_for_is_not_looked_at() {
        let at = |offset, at| Point { offset, at };
        let shown = Shown {
            since: 10_000,
            ..SHOWN
        };
        let mut stretches = Stretches::between(at(0, 0), at(1 << 30, 9999), shown);
        assert_eq!(stretches.next(false), None);
    }
}
