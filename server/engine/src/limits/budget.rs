//! How much an item, a part and a collection may keep, and how long they may read.
//!
//! Bytes are those that are kept, after window and redaction and before packing: what the operator
//! sees in the manifest and what whoever receives the bundle has to read. Time is that of reading;
//! while the output waits, because the spool is full or the destination out of reach, it stands
//! still. A collection's parts draw on one budget, whoever comes first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::{LimitOf, Reason};
use serde::{Deserialize, Serialize};

/// The bounds of one item, part or collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Kept bytes.
    pub bytes: u64,
    /// Time of reading, in whole seconds.
    pub time: Duration,
}

impl Budget {
    /// Why something was cut that has used up its bytes.
    #[must_use]
    pub const fn size_limit(&self, of: LimitOf) -> Reason {
        Reason::SizeLimit {
            bytes: self.bytes,
            limit: Some(of),
        }
    }

    /// Why something was cut that has used up its time.
    #[must_use]
    pub const fn time_limit(&self, of: LimitOf) -> Reason {
        Reason::TimedOut {
            seconds: self.time.as_secs(),
            limit: Some(of),
        }
    }
}

/// The budgets that a collection runs under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgets {
    pub item: Budget,
    pub part: Budget,
    pub collection: Budget,
}

impl Default for Budgets {
    fn default() -> Self {
        let budget = |gibibytes: u64, minutes: u64| Budget {
            bytes: gibibytes << 30,
            time: Duration::from_secs(minutes * 60),
        };
        Self {
            item: budget(8, 10),
            part: budget(50, 60),
            collection: budget(100, 4 * 60),
        }
    }
}

/// What is used up of a budget, and of those above it.
#[derive(Debug)]
pub struct Meter {
    of: LimitOf,
    budget: Budget,
    kept_bytes: AtomicU64,
    begun: Instant,
    /// For how long nothing could be kept, in microseconds.
    held: AtomicU64,
    /// So much may still be read, whatever is kept of it; `None`: no matter how much.
    readable: Option<AtomicU64>,
    above: Option<Arc<Meter>>,
}

impl Meter {
    /// Of a collection.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            of: LimitOf::Collection,
            budget,
            kept_bytes: AtomicU64::new(0),
            begun: Instant::now(),
            held: AtomicU64::new(0),
            readable: None,
            above: None,
        }
    }

    /// Reading ends after so many bytes, too, as they lie in the source.
    #[must_use]
    pub fn reading_at_most(self, bytes: u64) -> Self {
        Self {
            readable: Some(AtomicU64::new(bytes)),
            ..self
        }
    }

    /// Takes note of bytes that were read; answers why no more may be, where this is so.
    pub fn read(&self, bytes: u64) -> Option<Reason> {
        let readable = self.readable.as_ref()?;
        let less = |left: u64| Some(left.saturating_sub(bytes));
        let _ = readable.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.is_read_up().then(|| self.size_limit())
    }

    fn is_read_up(&self) -> bool {
        (self.readable.as_ref()).is_some_and(|left| left.load(Ordering::Relaxed) == 0)
    }

    /// Of what is in `above`: a part of a collection, an item of a part. What is used here is used
    /// there, too.
    #[must_use]
    pub fn below(above: &Arc<Self>, budget: Budget) -> Self {
        Self {
            of: match above.of {
                LimitOf::Collection => LimitOf::Part,
                LimitOf::Part | LimitOf::Item => LimitOf::Item,
            },
            above: Some(Arc::clone(above)),
            ..Self::new(budget)
        }
    }

    /// Begins from what is kept of earlier runs; what is above has its own account of that.
    pub fn resume(&self, kept_bytes: u64) {
        self.kept_bytes.store(kept_bytes, Ordering::Relaxed);
    }

    /// Takes up to `bytes` out of all budgets; answers how many may be kept and, where that is not
    /// all, why.
    pub fn take(&self, bytes: u64) -> (u64, Option<Reason>) {
        let (mut granted, mut cut) = (bytes, None);
        for meter in self.upwards() {
            let taken = meter.take_own(granted);
            if taken < granted {
                // what is refused here was not used below
                let refused = granted - taken;
                for lower in self
                    .upwards()
                    .take_while(|lower| !std::ptr::eq(*lower, meter))
                {
                    lower.kept_bytes.fetch_sub(refused, Ordering::Relaxed);
                }
                granted = taken;
                cut = Some(meter.size_limit());
            }
        }
        (granted, cut)
    }

    /// Takes up to `bytes` out of this budget alone, and never more, not even for a moment: another
    /// part would take that for its end.
    fn take_own(&self, bytes: u64) -> u64 {
        let mut taken = 0;
        let _ = (self.kept_bytes).fetch_update(Ordering::Relaxed, Ordering::Relaxed, |kept| {
            taken = bytes.min(self.budget.bytes.saturating_sub(kept));
            Some(kept + taken)
        });
        taken
    }

    /// Leaves `time` out, in which what was read could not be kept.
    pub fn hold(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mut longest = 0;
        for meter in self.upwards() {
            if meter.above.is_some() {
                longest = meter.held.fetch_add(micros, Ordering::Relaxed) + micros;
            } else {
                // parts run beside each other, and wait for the same room
                meter.held.fetch_max(longest.max(micros), Ordering::Relaxed);
            }
        }
    }

    /// How long reading may go on, and why it ends then.
    #[must_use]
    pub fn time_left(&self) -> (Duration, Reason) {
        let mut least = (Duration::MAX, self.time_limit());
        for meter in self.upwards() {
            let held = Duration::from_micros(meter.held.load(Ordering::Relaxed));
            let used = meter.begun.elapsed().saturating_sub(held);
            let left = meter.budget.time.saturating_sub(used);
            if left < least.0 {
                least = (left, meter.time_limit());
            }
        }
        least
    }

    /// Why nothing more may be read, where this is so.
    #[must_use]
    pub fn exhausted(&self) -> Option<Reason> {
        let full = self.upwards().find(|meter| {
            meter.kept_bytes.load(Ordering::Relaxed) >= meter.budget.bytes || meter.is_read_up()
        });
        if let Some(meter) = full {
            return Some(meter.size_limit());
        }
        let (left, reason) = self.time_left();
        left.is_zero().then_some(reason)
    }

    const fn size_limit(&self) -> Reason {
        self.budget.size_limit(self.of)
    }

    const fn time_limit(&self) -> Reason {
        self.budget.time_limit(self.of)
    }

    fn upwards(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |meter| meter.above.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(bytes: u64, seconds: u64) -> Budget {
        Budget {
            bytes,
            time: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn the_tightest_budget_cuts_and_what_it_refuses_is_left_to_others() {
        let collection = Arc::new(Meter::new(budget(100, 60)));
        let one = Arc::new(Meter::below(&collection, budget(70, 60)));
        let other = Arc::new(Meter::below(&collection, budget(70, 60)));
        let item = Meter::below(&one, budget(50, 60));
        assert_eq!(item.take(40), (40, None));
        let limit = |bytes, of| {
            Some(Reason::SizeLimit {
                bytes,
                limit: Some(of),
            })
        };
        assert_eq!(item.take(40), (10, limit(50, LimitOf::Item)));
        assert_eq!(item.exhausted(), limit(50, LimitOf::Item));
        assert_eq!(one.exhausted(), None);
        let next = Meter::below(&one, budget(50, 60));
        assert_eq!(next.take(30), (20, limit(70, LimitOf::Part)));
        assert_eq!(
            Meter::below(&other, budget(50, 60)).take(40),
            (30, limit(100, LimitOf::Collection))
        );
        assert_eq!(other.exhausted(), limit(100, LimitOf::Collection));
    }

    #[test]
    fn what_was_kept_before_counts_once() {
        let collection = Arc::new(Meter::new(budget(100, 60)));
        let part = Meter::below(&collection, budget(70, 60));
        collection.resume(60);
        part.resume(30);
        let part_limit = part.size_limit();
        assert_eq!(part.take(60), (40, Some(part_limit)));
        assert_eq!(collection.exhausted(), Some(collection.size_limit()));
    }

    #[test]
    fn parts_beside_each_other_take_exactly_what_the_collection_may_keep() {
        let collection = Arc::new(Meter::new(budget(10_000, 60)));
        let taken = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let part = Meter::below(&collection, budget(9_000, 60));
                    while part.exhausted().is_none() {
                        taken.fetch_add(part.take(7).0, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), 10_000);
    }

    #[test]
    fn time_in_which_nothing_could_be_kept_is_left_out() {
        let collection = Arc::new(Meter::new(budget(1, 7200)));
        let part = Arc::new(Meter::below(&collection, budget(1, 3600)));
        let item = Meter::below(&part, budget(1, 0));
        assert_eq!(item.exhausted(), Some(item.time_limit()));
        assert_eq!(part.exhausted(), None);
        let item = Meter::below(&part, budget(1, 7200));
        assert_eq!(item.time_left().1, part.time_limit());
        item.hold(Duration::from_secs(600));
        // never more than it has run
        assert_eq!(item.time_left().0, Duration::from_secs(3600));
    }
}
