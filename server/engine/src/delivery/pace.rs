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
            let mut reserved = Reserved {
                pace: self,
                limit,
                cost: cost(bytes, limit),
                is_used: false,
            };
            tokio::select! {
                () = tokio::time::sleep_until(at) => {
                    reserved.is_used = true;
                    return;
                }
                // the sender lives in `self`
                _ = changes.changed() => {}
            }
        }
    }

    fn reserve(&self, bytes: u64, limit: u64, now: Instant) -> Option<Instant> {
        if limit == 0 {
            return None;
        }
        // a panic while holding it cannot leave it half changed
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let start = free_at.map_or(now, |at| at.max(now));
        *free_at = Some(start + cost(bytes, limit));
        (start > now).then_some(start)
    }
}

/// What bytes take under a limit, which is more than nothing.
fn cost(bytes: u64, limit: u64) -> Duration {
    let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(limit);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Time that somebody waits for. Who stops waiting, as when a collection is cancelled, gives it
/// back to those who come after.
struct Reserved<'p> {
    pace: &'p Pace,
    limit: u64,
    cost: Duration,
    is_used: bool,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        // what was reserved under another limit is forgotten already
        if self.is_used || *self.pace.limit.borrow() != self.limit {
            return;
        }
        let free_at = &self.pace.free_at;
        let mut free_at = free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = free_at.and_then(|at| at.checked_sub(self.cost));
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
    async fn who_stops_waiting_holds_nobody_up() {
        let pace = Pace::new(1);
        pace.take(1).await;
        let after = pace.free_at.lock().unwrap().unwrap();
        for _ in 0..3 {
            let waiting = tokio::time::timeout(Duration::from_millis(10), pace.take(1_000_000));
            assert!(waiting.await.is_err());
        }
        assert_eq!(*pace.free_at.lock().unwrap(), Some(after));
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
