//! Work that may never come back.
//!
//! A read of a file whose server is gone blocks in the kernel, and a thread that blocks there
//! cannot be ended. So what may hang is done aside, on a thread that can be left behind: whoever
//! waits for it stops listening. It ends by itself when the kernel lets it go.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Threads that may be aside at a time, over the whole process. Where so many hang, another would
/// hang, too.
const MOST: usize = 512;

static ASIDE: AtomicUsize = AtomicUsize::new(0);

/// One of the threads that are aside, counted as long as it is.
struct Place(&'static AtomicUsize);

impl Place {
    fn take(count: &'static AtomicUsize, most: usize) -> Option<Self> {
        let is_free = count.fetch_add(1, Ordering::Relaxed) < most;
        let place = Self(count);
        is_free.then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Starts `work` aside. What it tells is heard from the receiver, of which two messages may wait;
/// once that is dropped, telling fails.
///
/// # Errors
/// There is no further thread.
pub fn aside<T: Send + 'static>(
    name: &str,
    work: impl FnOnce(SyncSender<T>) + Send + 'static,
) -> io::Result<Receiver<T>> {
    let place =
        Place::take(&ASIDE, MOST).ok_or_else(|| io::Error::other("too many sources hang"))?;
    let (tell, told) = sync_channel(2);
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let _place = place;
            work(tell);
        })?;
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let first = Place::take(&COUNT, 2);
        let second = Place::take(&COUNT, 2);
        assert!(first.is_some() && second.is_some());
        assert!(Place::take(&COUNT, 2).is_none());
        drop(first);
        assert!(Place::take(&COUNT, 2).is_some());
    }
}
