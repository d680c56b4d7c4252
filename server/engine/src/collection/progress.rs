//! What is counted while a collection runs, and the pace that follows from it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::bundle::VolumeProgress;
use crate::store::PartCounts;

/// Counters of one part; `base` is what an earlier run of it has done.
#[derive(Debug, Default)]
pub struct PartProgress {
    base: PartCounts,
    pub items: AtomicU64,
    pub items_missing: AtomicU64,
    pub read_bytes: AtomicU64,
    pub kept_bytes: AtomicU64,
    volumes: Mutex<Vec<watch::Receiver<VolumeProgress>>>,
}

impl PartProgress {
    #[must_use]
    pub fn resumed(base: PartCounts) -> Self {
        Self {
            base,
            ..Self::default()
        }
    }

    pub fn watch_volume(&self, volume: watch::Receiver<VolumeProgress>) {
        self.volumes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(volume);
    }

    #[must_use]
    pub fn counts(&self) -> PartCounts {
        let volumes = self.volumes.lock().unwrap_or_else(PoisonError::into_inner);
        let packed: u64 = volumes.iter().map(|volume| volume.borrow().written).sum();
        PartCounts {
            items: self.base.items + self.items.load(Ordering::Relaxed),
            items_missing: self.base.items_missing + self.items_missing.load(Ordering::Relaxed),
            read_bytes: self.base.read_bytes + self.read_bytes.load(Ordering::Relaxed),
            kept_bytes: self.base.kept_bytes + self.kept_bytes.load(Ordering::Relaxed),
            packed_bytes: self.base.packed_bytes + packed,
        }
    }
}

/// Sums over all parts at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub read: u64,
    pub planned: u64,
    pub packed: u64,
    pub delivered: u64,
    /// Items that have not ended. Some have no size: the output of a command.
    pub items_left: u64,
}

/// How fast reading and delivery went over the last seconds.
#[derive(Debug)]
pub struct Speedometer {
    last: Option<(Instant, Totals)>,
    read_rate: f64,
    delivery_rate: f64,
}

/// The time over which a rate forgets.
const MEMORY: Duration = Duration::from_secs(5);

impl Speedometer {
    #[must_use]
    pub const fn new() -> Self {
        Self {
            last: None,
            read_rate: 0.0,
            delivery_rate: 0.0,
        }
    }

    /// Bytes a second delivered, and the estimated seconds that are left.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates are estimates, and never negative"
    )]
    pub fn tick(&mut self, now: Instant, totals: Totals) -> (u64, Option<u64>) {
        let Some((then, before)) = self.last.replace((now, totals)) else {
            return (0, None);
        };
        let seconds = (now - then).as_secs_f64().max(0.001);
        let share = 1.0 - (-seconds / MEMORY.as_secs_f64()).exp();
        let blend = |rate: f64, from: u64, to: u64| {
            let current = to.saturating_sub(from) as f64 / seconds;
            if rate == 0.0 {
                current
            } else {
                rate + (current - rate) * share
            }
        };
        self.read_rate = blend(self.read_rate, before.read, totals.read);
        self.delivery_rate = blend(self.delivery_rate, before.delivered, totals.delivered);
        let left_to_read = totals.planned.saturating_sub(totals.read) as f64;
        // what is read later is taken to pack as well as what was read so far
        let ratio = if totals.read == 0 {
            0.0
        } else {
            totals.packed as f64 / totals.read as f64
        };
        let left_to_send =
            totals.packed.saturating_sub(totals.delivered) as f64 + left_to_read * ratio;
        let reading = if left_to_read > 0.0 {
            left_to_read / self.read_rate
        } else {
            0.0
        };
        let sending = if left_to_send > 0.0 {
            left_to_send / self.delivery_rate
        } else {
            0.0
        };
        let left = reading.max(sending);
        if totals.items_left > 0 && left_to_read == 0.0 {
            // what is still read has no size, and so the time has no estimate
            return (self.delivery_rate as u64, None);
        }
        (
            self.delivery_rate as u64,
            (left.is_finite() && left < 1e7).then_some(left.ceil() as u64),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_that_of_the_slower_of_reading_and_sending() {
        let start = Instant::now();
        let mut speedometer = Speedometer::new();
        let at = |read, delivered| Totals {
            read,
            planned: 1000,
            packed: read / 10,
            delivered,
            items_left: 1,
        };
        assert_eq!(speedometer.tick(start, at(0, 0)), (0, None));
        let (rate, left) = speedometer.tick(start + Duration::from_secs(1), at(500, 10));
        assert_eq!(rate, 10);
        // 500 bytes are left to read at 500 a second, 90 to send at 10 a second
        assert_eq!(left, Some(9));
    }

    #[test]
    fn nothing_is_promised_while_nothing_moves() {
        let start = Instant::now();
        let mut speedometer = Speedometer::new();
        let still = Totals {
            read: 0,
            planned: 10,
            packed: 0,
            delivered: 0,
            items_left: 1,
        };
        speedometer.tick(start, still);
        assert_eq!(
            speedometer.tick(start + Duration::from_secs(1), still),
            (0, None)
        );
    }

    #[test]
    fn a_command_that_still_runs_has_no_estimate() {
        let start = Instant::now();
        let mut speedometer = Speedometer::new();
        let at = |items_left| Totals {
            read: 1000,
            planned: 1000,
            packed: 100,
            delivered: 90,
            items_left,
        };
        speedometer.tick(start, at(1));
        let second = start + Duration::from_secs(1);
        assert_eq!(speedometer.tick(second, at(1)).1, None);
    }
}
