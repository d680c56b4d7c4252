//! How fast the link is: bytes that were staged, and the time in which a block was under way.
//!
//! Time in which nothing was sent (nothing to send, a pause, the bandwidth limit) does not count,
//! so that what comes out is the link's speed and not the collection's.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Below this the time is that of a round trip, not of the bytes.
const LEAST_BYTES: u64 = 256 * 1024;

#[derive(Debug, Default)]
pub struct Meter {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    under_way: u32,
    since: Option<Instant>,
    busy: Duration,
    bytes: u64,
}

/// One block on its way; a failed one counts as time without bytes.
#[derive(Debug)]
pub struct UnderWay<'a> {
    meter: &'a Meter,
}

impl Meter {
    pub fn begin(&self) -> UnderWay<'_> {
        let mut counts = self.counts();
        counts.under_way += 1;
        counts.since.get_or_insert_with(Instant::now);
        UnderWay { meter: self }
    }

    /// Bytes and busy time since the last call; `None` where that is too little to tell a speed.
    pub fn take(&self) -> Option<(u64, Duration)> {
        let mut counts = self.counts();
        if counts.bytes < LEAST_BYTES || counts.busy.is_zero() {
            return None;
        }
        Some((
            std::mem::take(&mut counts.bytes),
            std::mem::take(&mut counts.busy),
        ))
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        // a panic while holding it cannot leave it half changed
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay<'_> {
    /// It has arrived.
    pub fn arrived(self, bytes: u64) {
        self.meter.counts().bytes += bytes;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut counts = self.meter.counts();
        counts.under_way -= 1;
        if counts.under_way == 0
            && let Some(since) = counts.since.take()
        {
            counts.busy += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn time_counts_once_for_blocks_side_by_side_and_not_between_them() {
        let meter = Meter::default();
        let (one, two) = (meter.begin(), meter.begin());
        tokio::time::sleep(Duration::from_millis(60)).await;
        one.arrived(300 * 1024);
        two.arrived(300 * 1024);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (bytes, busy) = meter.take().expect("a measurement");
        assert_eq!(bytes, 600 * 1024);
        let expected = Duration::from_millis(60)..Duration::from_millis(900);
        assert!(expected.contains(&busy), "{busy:?}");
        assert_eq!(meter.take(), None, "it begins anew");
    }
}
