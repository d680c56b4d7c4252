//! The bandwidth limit, shared by all that a process delivers.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Lets bytes through at a steady rate.
#[derive(Debug)]
pub struct Pace {
    /// Bytes a second; 0: no limit.
    limit: u64,
    free_at: Mutex<Option<Instant>>,
}

impl Pace {
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self {
            limit,
            free_at: Mutex::new(None),
        }
    }

    /// Waits until `bytes` may leave.
    pub async fn take(&self, bytes: u64) {
        if let Some(at) = self.reserve(bytes, Instant::now()) {
            tokio::time::sleep_until(at).await;
        }
    }

    fn reserve(&self, bytes: u64, now: Instant) -> Option<Instant> {
        if self.limit == 0 {
            return None;
        }
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.limit);
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        // a panic while holding it cannot leave it half changed
        let mut free_at = self
            .free_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
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
        assert_eq!(pace.reserve(500, now), None);
        assert_eq!(
            pace.reserve(500, now),
            Some(now + Duration::from_millis(500))
        );
        assert_eq!(pace.reserve(500, now), Some(now + Duration::from_secs(1)));
        assert_eq!(pace.reserve(500, now + Duration::from_secs(10)), None);
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let (pace, now) = (Pace::new(0), Instant::now());
        assert_eq!(pace.reserve(u64::MAX, now), None);
        assert_eq!(pace.reserve(u64::MAX, now), None);
    }
}
