//! The threads of a part: one that collects, one that packs.
//!
//! They are not tokio's: those work for whatever comes, while these are made for one part and get
//! what holds for it, its priority.

use std::io;
use std::thread;

use tokio::sync::oneshot;

use crate::limits::{Priority, lower_own_priority};

/// Starts a thread of a part. What it answers is dropped with it when it panics.
pub(super) fn start<T: Send + 'static>(
    name: &str,
    priority: Priority,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (answer, answered) = oneshot::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            lower_own_priority(priority);
            // nobody waits any more when the process is ending
            let _ = answer.send(work());
        })?;
    Ok(answered)
}
