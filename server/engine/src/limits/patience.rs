//! Looks at places that may hang, one at a time each.
//!
//! What does not answer in time is left behind, and not asked again until it comes back: it would
//! hang again, and cost another thread each time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::aside;

/// How often whoever waits is looked after.
const TICK: Duration = Duration::from_millis(50);

/// Places by what they are told apart by.
#[derive(Debug)]
pub struct Patience<K> {
    longest: Duration,
    /// Places that have not answered, with what a look holds until it comes back.
    hanging: Mutex<Vec<(K, Weak<()>)>>,
}

impl<K: Clone + PartialEq> Patience<K> {
    #[must_use]
    pub const fn of(longest: Duration) -> Self {
        Self {
            longest,
            hanging: Mutex::new(Vec::new()),
        }
    }

    /// What `look` finds at `place`; `None` where that does not answer in time, or `cancel` is set.
    pub fn ask<T: Send + 'static>(
        &self,
        place: &K,
        cancel: &AtomicBool,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.hangs(place) {
            return None;
        }
        let alive = Arc::new(());
        let here = Arc::downgrade(&alive);
        let answer = aside("look", move |tell: SyncSender<T>| {
            let _alive = alive;
            // nobody listens when it took too long
            let _ = tell.send(look());
        });
        let answer = answer.ok()?;
        let until = Instant::now() + self.longest;
        loop {
            match answer.recv_timeout(TICK) {
                Ok(found) => return Some(found),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if cancel.load(Ordering::Relaxed) => return None,
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
                Err(RecvTimeoutError::Timeout) => {
                    let mut hanging = self.hanging.lock().unwrap_or_else(PoisonError::into_inner);
                    hanging.push((place.clone(), here));
                    return None;
                }
            }
        }
    }

    fn hangs(&self, place: &K) -> bool {
        let mut hanging = self.hanging.lock().unwrap_or_else(PoisonError::into_inner);
        hanging.retain(|(_, look)| look.strong_count() > 0);
        hanging.iter().any(|(known, _)| known == place)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_place_that_hangs_is_waited_for_once_and_asked_again_when_it_has_come_back() {
        let patience = Patience::of(Duration::from_millis(100));
        let never = AtomicBool::new(false);
        let (release, held) = channel::<()>();
        let hanging = patience.ask(&"gone", &never, move || held.recv().is_ok());
        assert_eq!(hanging, None);
        assert_eq!(patience.ask(&"gone", &never, || true), None, "not tried");
        assert_eq!(patience.ask(&"here", &never, || true), Some(true));
        drop(release);
        let begun = Instant::now();
        while patience.ask(&"gone", &never, || true).is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn who_gives_up_does_not_wait() {
        let patience = Patience::of(Duration::from_secs(3600));
        let (release, held) = channel::<()>();
        let found = patience.ask(&(), &AtomicBool::new(true), move || held.recv().is_ok());
        assert_eq!(found, None);
        drop(release);
    }
}
