//! The bandwidth limit, shared by all that a process delivers. It may change at any moment.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Lets bytes through at a steady rate.
#[derive(Debug)]
pub struct Pace {
    /// Bytes a second; 0: no limit.
    limit: watch::Sender<u64>,
    free_at: Mutex<Option<Instant>>,
}

impl Pace {
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            limit: watch::Sender::new(limit),
            free_at: Mutex::new(None),
        }
    }

    /// Puts another limit in force. Whoever waits under the old one asks again under the new.
    pub fn set(&self, limit: u64) {
        self.limit.send_if_modified(|known| {
            let changed = *known != limit;
            if changed {
                *known = limit;
                // what was reserved under the old limit is not what it costs under the new one
                *self.free_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }
            changed
        });
    }

    /// Waits until `bytes` may leave.
    pub async fn take(&self, bytes: u64) {
        let mut changes = self.limit.subscribe();
        loop {
            let limit = *changes.borrow_and_update();
            let Some(at) = self.reserve(bytes, limit, Instant::now()) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep_until(at) => return,
                // the sender lives in `self`
                _ = changes.changed() => {}
            }
        }
    }

    fn reserve(&self, bytes: u64, limit: u64, now: Instant) -> Option<Instant> {
        if limit == 0 {
            return None;
        }
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(limit);
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        // a panic while holding it cannot leave it half changed
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let start = free_at.map_or(now, |at| at.max(now));
        *free_at = Some(start + cost);
        (start > now).then_some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_spread_over_the_time_that_they_take() {
        let (pace, now) = (Pace::new(1000), Instant::now());
        assert_eq!(pace.reserve(500, 1000, now), None);
        assert_eq!(
            pace.reserve(500, 1000, now),
            Some(now + Duration::from_millis(500))
        );
        assert_eq!(
            pace.reserve(500, 1000, now),
            Some(now + Duration::from_secs(1))
        );
        assert_eq!(pace.reserve(500, 1000, now + Duration::from_secs(10)), None);
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let (pace, now) = (Pace::new(0), Instant::now());
        assert_eq!(pace.reserve(u64::MAX, 0, now), None);
        assert_eq!(pace.reserve(u64::MAX, 0, now), None);
    }

    #[tokio::test]
    async fn a_new_limit_holds_for_what_already_waits() {
        let pace = Pace::new(1);
        pace.take(3600).await;
        let began = Instant::now();
        let waiting = pace.take(3600);
        let change = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            pace.set(0);
        };
        tokio::join!(waiting, change);
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{:?}",
            began.elapsed()
        );
        pace.set(10_000);
        pace.take(1000).await;
        let began = Instant::now();
        pace.take(1000).await;
        assert!(
            began.elapsed() >= Duration::from_millis(80),
            "{:?}",
            began.elapsed()
        );
    }
}
