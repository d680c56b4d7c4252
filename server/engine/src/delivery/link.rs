//! The link of a running collection to its destination: which destination is in force, whether it
//! waits, and how a request is repeated until it succeeds.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Meter, Pace};
use crate::destination::{Destination, DestinationError, FailureKind};

/// Failures in a row, of those that can pass by themselves, before the collection is said to wait.
const QUIET_TRIES: u32 = 4;
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// The same for a directory: trying a disk burdens nobody, and people look on while they make room.
const LONGEST_DIRECTORY_DELAY: Duration = Duration::from_secs(5);
/// A service that asks for more patience than this is asked again all the same.
const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

/// Why a delivery did not come to its end.
#[derive(Debug, Error)]
pub enum Stopped {
    /// The collection was cancelled, or the process is ending.
    #[error("stopped")]
    Cancelled,
    /// What nothing helps against; only this volume's part fails.
    #[error(transparent)]
    Failed(#[from] DestinationError),
    /// The volume in the spool is not what was sealed, and is to be collected anew.
    #[error("the bundle was lost or damaged in the spool")]
    Damaged,
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error("the spool cannot be read")]
    Spool(#[from] std::io::Error),
}

/// A destination, and the version under which the store has it.
#[derive(Clone, Debug)]
struct InForce {
    destination: Arc<Destination>,
    version: u64,
}

#[derive(Debug)]
pub struct Link {
    current: watch::Sender<InForce>,
    /// Why it waits, by the request that waits; the runner tells the store.
    waiting: Mutex<BTreeMap<u64, String>>,
    /// Why nothing may be asked now: somebody paused the collection.
    paused: watch::Sender<Option<String>>,
    waiting_changed: watch::Sender<Option<String>>,
    next_request: AtomicU64,
    pub pace: Arc<Pace>,
    pub meter: Meter,
    pub stop: CancellationToken,
    /// Since when nothing has come of any request; `None` while something does, and in a pause.
    failing_since: watch::Sender<Option<Instant>>,
    /// For how long that is borne.
    give_up_after: Option<Duration>,
}

impl Link {
    #[must_use]
    pub fn new(
        destination: Destination,
        version: u64,
        pace: Arc<Pace>,
        stop: CancellationToken,
    ) -> Self {
        let destination = Arc::new(destination);
        Self {
            current: watch::Sender::new(InForce {
                destination,
                version,
            }),
            waiting: Mutex::default(),
            paused: watch::Sender::new(None),
            waiting_changed: watch::Sender::new(None),
            next_request: AtomicU64::new(0),
            pace,
            meter: Meter::default(),
            stop,
            failing_since: watch::Sender::new(None),
            give_up_after: None,
        }
    }

    /// Stops by itself once every request has failed for so long.
    #[must_use]
    pub const fn giving_up_after(mut self, give_up_after: Option<Duration>) -> Self {
        self.give_up_after = give_up_after;
        self
    }

    #[must_use]
    pub fn current(&self) -> Arc<Destination> {
        Arc::clone(&self.current.borrow().destination)
    }

    /// The version under which the store has the destination in force.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.current.borrow().version
    }

    /// Waits until a destination of another version is in force.
    ///
    /// # Errors
    /// [`Stopped::Cancelled`].
    pub async fn replaced(&self, version: u64) -> Result<(), Stopped> {
        let mut current = self.current.subscribe();
        tokio::select! {
            () = self.stop.cancelled() => Err(Stopped::Cancelled),
            // the sender lives in `self`
            _ = current.wait_for(|current| current.version != version) => Ok(()),
        }
    }

    /// Puts another destination in force; whatever waits tries again at once.
    pub fn replace(&self, destination: Destination, version: u64) {
        let destination = Arc::new(destination);
        self.current.send_replace(InForce {
            destination,
            version,
        });
        self.failing_since.send_replace(None);
    }

    /// Holds back every further request, saying why, or lets them go on with `None`.
    pub fn set_paused(&self, why: Option<String>) {
        self.paused.send_if_modified(|known| {
            let changed = *known != why;
            *known = why;
            changed
        });
        self.failing_since.send_replace(None);
        self.tell();
    }

    /// Why requests wait now; `None` while none does.
    pub fn waiting(&self) -> Option<String> {
        self.waiting_changed.borrow().clone()
    }

    /// Tells when [`waiting`](Self::waiting) changes.
    pub fn watch_waiting(&self) -> watch::Receiver<Option<String>> {
        self.waiting_changed.subscribe()
    }

    /// Repeats a request until it succeeds, nothing helps any more, or the collection stops.
    ///
    /// What can pass by itself is repeated with growing, jittered delays, or after the wait that the
    /// service asked for. What the destination refuses is tried again after the longest delay, since
    /// somebody may have mended it there, or as soon as its SAS URL is replaced.
    pub async fn persist<T, F>(
        &self,
        request: impl FnMut(Arc<Destination>) -> F,
    ) -> Result<T, Stopped>
    where
        F: Future<Output = Result<T, DestinationError>>,
    {
        self.persist_sending(0, request).await
    }

    /// Like [`persist`](Self::persist), for a request that sends so many bytes of a bundle: each try
    /// takes its share of the bandwidth limit.
    pub async fn persist_sending<T, F>(
        &self,
        bytes: u64,
        mut request: impl FnMut(Arc<Destination>) -> F,
    ) -> Result<T, Stopped>
    where
        F: Future<Output = Result<T, DestinationError>>,
    {
        let wait = Wait::new(self);
        let mut replaced = self.current.subscribe();
        let mut failures = 0;
        loop {
            tokio::select! {
                // whoever stopped it tidies up, and nothing may come in between
                biased;
                () = self.stop.cancelled() => return Err(Stopped::Cancelled),
                () = self.admitted(bytes) => {}
            }
            // not earlier: it may have been replaced while the limit held this request back
            let current = Arc::clone(&replaced.borrow_and_update().destination);
            let longest_delay = longest_delay(&current);
            let answer = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Stopped::Cancelled),
                () = self.failed_for_too_long() => return Err(self.give_up()),
                answer = request(current) => answer,
            };
            self.take_note(answer.as_ref().err());
            let error = match answer {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            failures += 1;
            let delay = match error.kind {
                FailureKind::Unreachable | FailureKind::Busy => {
                    backoff(failures, longest_delay, error.retry_after)
                }
                FailureKind::Refused => longest_delay,
                FailureKind::AlreadyExists | FailureKind::BlocksLost | FailureKind::Fatal => {
                    return Err(Stopped::Failed(error));
                }
            };
            tracing::info!(failures, ?delay, reason = %error, "the destination did not take a request");
            if error.kind == FailureKind::Refused || failures > QUIET_TRIES {
                wait.because(error.detail);
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.failed_for_too_long() => return Err(self.give_up()),
                () = tokio::time::sleep(delay) => {}
                // an error here says that the link is gone, and so is its collection
                _ = replaced.changed() => failures = 0,
            }
        }
    }

    /// Whether the destination does what it is asked to; a clear answer that nothing helps against
    /// is one, too.
    fn take_note(&self, error: Option<&DestinationError>) {
        let fails = error.is_some_and(|error| {
            matches!(
                error.kind,
                FailureKind::Unreachable | FailureKind::Busy | FailureKind::Refused
            )
        });
        self.failing_since.send_if_modified(|since| {
            let changed = since.is_some() != fails;
            if changed {
                *since = fails.then(Instant::now);
            }
            changed
        });
    }

    /// Ends when nothing is to be tried any more; never where nobody said for how long.
    async fn failed_for_too_long(&self) {
        let Some(patience) = self.give_up_after else {
            return std::future::pending().await;
        };
        let mut failing = self.failing_since.subscribe();
        loop {
            let since = *failing.borrow_and_update();
            let over = async {
                match since {
                    Some(since) => tokio::time::sleep_until(since + patience).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => return,
                // the sender lives in `self`
                _ = failing.changed() => {}
            }
        }
    }

    fn give_up(&self) -> Stopped {
        self.stop.cancel();
        Stopped::Cancelled
    }

    /// Waits until so many bytes may leave: within the bandwidth limit, and not in a pause, also not
    /// in one that began meanwhile.
    async fn admitted(&self, bytes: u64) {
        let mut paused = self.paused.subscribe();
        // the sender lives in `self`, so that neither wait can fail
        let _running = paused.wait_for(Option::is_none).await.is_ok();
        if bytes > 0 {
            self.pace.take(bytes).await;
            let _running = paused.wait_for(Option::is_none).await.is_ok();
        }
    }

    fn set_waiting(&self, request: u64, reason: Option<String>) {
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            match reason {
                Some(reason) => waiting.insert(request, reason),
                None => waiting.remove(&request),
            };
        }
        self.tell();
    }

    /// Publishes why it waits. A pause comes first: nothing else is tried while it lasts.
    fn tell(&self) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let paused = self.paused.borrow().clone();
        let first = paused.or_else(|| waiting.values().next().cloned());
        self.waiting_changed.send_if_modified(|told| {
            let changed = *told != first;
            *told = first;
            changed
        });
    }
}

/// One request's entry in the list of what waits; gone with the request, however that ends.
struct Wait<'a> {
    link: &'a Link,
    number: u64,
}

impl<'a> Wait<'a> {
    fn new(link: &'a Link) -> Self {
        let number = link.next_request.fetch_add(1, Ordering::Relaxed);
        Self { link, number }
    }

    fn because(&self, reason: String) {
        self.link.set_waiting(self.number, Some(reason));
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.link.set_waiting(self.number, None);
    }
}

const fn longest_delay(destination: &Destination) -> Duration {
    match destination {
        Destination::Azure(_) => LONGEST_DELAY,
        Destination::Directory(_) => LONGEST_DIRECTORY_DELAY,
    }
}

/// Doubles from the first delay on, up to the longest, with a third of jitter so that many clients do not return as
/// one; never shorter than the service asked for.
fn backoff(failures: u32, longest: Duration, retry_after: Option<Duration>) -> Duration {
    let doubled = FIRST_DELAY
        .saturating_mul(1 << failures.saturating_sub(1).min(10))
        .min(longest);
    let noise = getrandom::u32().unwrap_or(0);
    let jitter = doubled.mul_f64(f64::from(noise) / f64::from(u32::MAX) / 3.0);
    let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
    doubled.max(asked) + jitter
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::destination::LocalDirectory;

    fn directory(path: &str) -> Destination {
        Destination::Directory(LocalDirectory::new(PathBuf::from(path)))
    }

    #[tokio::test]
    async fn what_the_limit_held_back_heeds_a_later_pause_and_goes_to_the_latest_destination() {
        let pace = Arc::new(Pace::new(1));
        pace.take(1000).await;
        let link = Link::new(directory("/before"), 1, pace, CancellationToken::new());
        let held_back = link.persist_sending(1000, |destination| async move {
            Ok::<_, DestinationError>(format!("{destination:?}"))
        });
        tokio::pin!(held_back);
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, &mut held_back).await.is_err());
        link.set_paused(Some("paused by olga".to_owned()));
        link.pace.set(0);
        let sent = tokio::time::timeout(soon, &mut held_back).await;
        assert!(sent.is_err(), "nothing begins in a pause: {sent:?}");
        link.replace(directory("/after"), 2);
        link.set_paused(None);
        let sent = held_back.await.unwrap();
        assert!(sent.contains("/after"), "{sent}");
    }

    #[tokio::test]
    async fn a_link_that_is_given_up_waits_for_no_request_under_way() {
        let link = Link::new(
            directory("/gone"),
            1,
            Arc::new(Pace::new(0)),
            CancellationToken::new(),
        )
        .giving_up_after(Some(FIRST_DELAY * 2));
        let mut tries = 0;
        let asked = link.persist(|_| {
            tries += 1;
            let is_first = tries == 1;
            async move {
                if !is_first {
                    std::future::pending::<()>().await;
                }
                Err::<(), _>(DestinationError::new(FailureKind::Busy, "busy"))
            }
        });
        let ended = tokio::time::timeout(LONGEST_DELAY, asked).await;
        assert!(matches!(ended, Ok(Err(Stopped::Cancelled))), "{ended:?}");
        assert_eq!(tries, 2);
    }

    #[test]
    fn waits_grow_to_a_limit_and_honour_the_service() {
        assert!(backoff(1, LONGEST_DELAY, None) >= FIRST_DELAY);
        assert!(backoff(3, LONGEST_DELAY, None) >= FIRST_DELAY * 4);
        assert!(backoff(40, LONGEST_DELAY, None) <= LONGEST_DELAY.mul_f64(1.34));
        assert!(
            backoff(1, LONGEST_DELAY, Some(Duration::from_secs(30))) >= Duration::from_secs(30)
        );
        assert!(backoff(1, LONGEST_DELAY, Some(Duration::MAX)) <= LONGEST_ASKED * 2);
    }
}
