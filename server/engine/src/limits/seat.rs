//! A part's seat at a core.
//!
//! As many parts as there are cores read at a time; more would only take memory. But a part whose
//! source is silent needs no core: it stands up until there is something to do again, so that
//! hanging sources do not keep others from theirs.

use std::sync::{Arc, Mutex, PoisonError};

use futures::executor::block_on;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The right to keep a core busy; given back when it goes.
#[derive(Debug)]
pub struct Seat {
    cores: Arc<Semaphore>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Seat {
    /// Waits for a core. `None`: nobody is to begin any more.
    pub async fn take(cores: &Arc<Semaphore>) -> Option<Self> {
        let permit = Arc::clone(cores).acquire_owned().await.ok()?;
        Some(Self {
            cores: Arc::clone(cores),
            permit: Mutex::new(Some(permit)),
        })
    }

    /// Lets somebody else have the core.
    pub fn stand_up(&self) {
        self.permit().take();
    }

    /// Waits for a core again, where it was given back. Blocks.
    pub fn sit_down(&self) {
        let mut permit = self.permit();
        if permit.is_none() {
            *permit = block_on(Arc::clone(&self.cores).acquire_owned()).ok();
        }
    }

    fn permit(&self) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stands_up_lets_another_sit_and_waits_for_its_seat() {
        let cores = Arc::new(Semaphore::new(1));
        let first = block_on(Seat::take(&cores)).expect("a seat");
        assert_eq!(cores.available_permits(), 0);
        first.stand_up();
        let second = block_on(Seat::take(&cores)).expect("a seat");
        std::thread::scope(|scope| {
            let back = scope.spawn(|| first.sit_down());
            drop(second);
            back.join().expect("no panic");
        });
        assert_eq!(cores.available_permits(), 0);
        drop(first);
        assert_eq!(cores.available_permits(), 1);
    }
}
