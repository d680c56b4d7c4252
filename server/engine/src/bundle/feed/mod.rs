//! The way from the thread that collects to the thread that packs.
//!
//! Cleaned bytes travel in a few buffers of fixed size that go round, so that each of the two works
//! at its own pace, and memory stays constant. A buffer holds a piece of a large item, or many
//! small items at once. When the packing thread ends, the collecting one is told with its next
//! buffer; when the collecting one ends without [`Feed::finish`], what is not sealed is given up.

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender, channel};

use chrono::{DateTime, Utc};

use super::writer::{BundleError, BundleWriter};
use super::{NoRoom, Spool};
use crate::redact::Canary;
use crate::store::NewItem;

const BUFFER_BYTES: usize = 256 * 1024;
/// One in the hands of each thread, and some between them to even out their pace.
const BUFFERS: usize = 5;
/// So many items without bytes are sent on at the latest.
const MAX_STEPS: usize = 1024;

/// What happens to a buffer's bytes, in order.
enum Step {
    /// A canary, and what window and redaction made of it.
    Canary(Box<(Canary, Vec<u8>)>),
    /// An entry begins.
    Begin {
        name: String,
        modified_at: Option<DateTime<Utc>>,
    },
    /// So many bytes belong to the entry that was begun last.
    Bytes(usize),
    /// The item has ended, with its entry where it has one.
    End(Box<NewItem>),
    /// All items have ended.
    Finish,
}

#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    steps: Vec<Step>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.bytes.len() >= BUFFER_BYTES || self.steps.len() >= MAX_STEPS
    }
}

/// The collecting thread's end.
pub struct Feed {
    spool: Arc<Spool>,
    batch: Batch,
    filled: Sender<Batch>,
    /// Those that came back. Never more than [`BUFFERS`] exist, which bounds both channels.
    spare: Vec<Batch>,
    emptied: Receiver<Batch>,
}

/// The packing thread's end.
pub struct Packer {
    bundle: BundleWriter,
    filled: Receiver<Batch>,
    emptied: Sender<Batch>,
    /// The item at hand has an entry.
    has_entry: bool,
}

/// Joins the two threads that make a bundle.
#[must_use]
pub fn feed(bundle: BundleWriter, spool: Arc<Spool>) -> (Feed, Packer) {
    let (filled, to_pack) = channel();
    let (back, emptied) = channel();
    let feed = Feed {
        spool,
        batch: Batch::default(),
        filled,
        spare: (1..BUFFERS).map(|_| Batch::default()).collect(),
        emptied,
    };
    let packer = Packer {
        bundle,
        filled: to_pack,
        emptied: back,
        has_entry: false,
    };
    (feed, packer)
}

impl Feed {
    /// Sends a canary ahead of all items, without which no volume is begun; `cleaned` is what window
    /// and redaction made of it.
    pub fn plant(&mut self, canary: Canary, cleaned: Vec<u8>) {
        let canary = Box::new((canary, cleaned));
        self.batch.steps.push(Step::Canary(canary));
    }

    /// An entry that comes into being with its first byte. Writing waits for room in the spool.
    pub fn entry<'a>(
        &'a mut self,
        name: &'a str,
        modified_at: Option<DateTime<Utc>>,
        cancel: &'a AtomicBool,
    ) -> Entry<'a> {
        Entry {
            feed: self,
            name,
            modified_at,
            cancel,
            started: false,
            failure: None,
        }
    }

    /// Tells what came of the item whose entry was written last; its volume is filled in.
    pub fn end_item(&mut self, item: NewItem) -> Result<(), BundleError> {
        self.batch.steps.push(Step::End(Box::new(item)));
        if self.batch.is_full() {
            self.send()?;
        }
        Ok(())
    }

    /// All items have ended: what was written is to be sealed.
    pub fn finish(mut self) -> Result<(), BundleError> {
        self.batch.steps.push(Step::Finish);
        self.send()
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = BUFFER_BYTES.saturating_sub(self.batch.bytes.len());
            let (taken, after) = rest.split_at(room.min(rest.len()));
            self.batch.bytes.extend_from_slice(taken);
            match self.batch.steps.last_mut() {
                Some(Step::Bytes(count)) => *count += taken.len(),
                _ => self.batch.steps.push(Step::Bytes(taken.len())),
            }
            if self.batch.is_full() {
                self.send()?;
            }
            rest = after;
        }
        Ok(())
    }

    /// Hands the buffer over and takes an empty one, for which it may have to wait.
    fn send(&mut self) -> Result<(), BundleError> {
        let full = std::mem::take(&mut self.batch);
        self.filled.send(full).map_err(|_| BundleError::Ended)?;
        self.batch = match self.spare.pop() {
            Some(spare) => spare,
            None => self.emptied.recv().map_err(|_| BundleError::Ended)?,
        };
        Ok(())
    }

    /// Waits for room in the spool. It is only full when it stays so once all that is under way to
    /// it has arrived: a volume may be sealed by that, and leave.
    fn wait_for_room(&mut self, cancel: &AtomicBool) -> Result<(), BundleError> {
        match self.spool.wait_for_room(cancel) {
            Err(NoRoom::Full) => {
                self.settle()?;
                Ok(self.spool.wait_for_room(cancel)?)
            }
            waited => Ok(waited?),
        }
    }

    fn settle(&mut self) -> Result<(), BundleError> {
        self.send()?;
        while self.spare.len() < BUFFERS - 1 {
            let back = self.emptied.recv().map_err(|_| BundleError::Ended)?;
            self.spare.push(back);
        }
        Ok(())
    }
}

impl Packer {
    /// Packs until the other end finishes or goes. On failure, or when the other end goes early,
    /// what is not sealed is given up.
    pub fn run(mut self) -> Result<(), BundleError> {
        while let Ok(mut batch) = self.filled.recv() {
            match self.pack(&mut batch) {
                Ok(false) => {}
                Ok(true) => return self.bundle.finish(),
                Err(error) => {
                    self.bundle.abandon();
                    return Err(error);
                }
            }
            // nobody waits for it any more when the other end has gone
            let _ = self.emptied.send(batch);
        }
        self.bundle.abandon();
        Ok(())
    }

    /// Packs and empties a buffer; answers whether it was the last one.
    fn pack(&mut self, batch: &mut Batch) -> Result<bool, BundleError> {
        let Batch { bytes, steps } = batch;
        let mut rest = bytes.as_slice();
        let mut is_last = false;
        let mut steps = steps.drain(..).peekable();
        while let Some(step) = steps.next() {
            match step {
                Step::Canary(canary) => self.bundle.prove(&canary.0, &canary.1)?,
                Step::Begin { name, modified_at } => {
                    self.has_entry = true;
                    let count = match steps.next() {
                        Some(Step::Bytes(count)) => count,
                        // an entry begins with its first byte, which is in the same buffer
                        _ => 0,
                    };
                    let (own, after) = rest.split_at(count);
                    rest = after;
                    if let Some(Step::End(_)) = steps.peek() {
                        self.bundle.write_whole(&name, modified_at, own)?;
                    } else {
                        self.bundle.begin(&name, modified_at)?;
                        self.bundle.write(own)?;
                    }
                }
                Step::Bytes(count) => {
                    let (own, after) = rest.split_at(count);
                    rest = after;
                    self.bundle.write(own)?;
                }
                Step::End(item) => {
                    let has_entry = std::mem::take(&mut self.has_entry);
                    self.bundle.end_item(*item, has_entry)?;
                }
                Step::Finish => is_last = true,
            }
        }
        drop(steps);
        batch.bytes.clear();
        Ok(is_last)
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer")
            .field("bundle", &self.bundle)
            .finish_non_exhaustive()
    }
}

/// Takes an item's cleaned bytes.
#[derive(Debug)]
pub struct Entry<'a> {
    feed: &'a mut Feed,
    name: &'a str,
    modified_at: Option<DateTime<Utc>>,
    cancel: &'a AtomicBool,
    started: bool,
    failure: Option<BundleError>,
}

impl Entry<'_> {
    /// What made a write fail: an `io::Error` alone cannot carry it. When this end did not fail,
    /// it was redaction, the only other thing on the way.
    pub fn into_failure(self, error: io::Error) -> BundleError {
        self.failure.unwrap_or(BundleError::Redaction(error))
    }

    fn try_write(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        self.feed.wait_for_room(self.cancel)?;
        if !self.started {
            // so that a small item is whole in one buffer
            let filled = self.feed.batch.bytes.len();
            if filled > 0 && filled + bytes.len() > BUFFER_BYTES {
                self.feed.send()?;
            }
            self.started = true;
            self.feed.batch.steps.push(Step::Begin {
                name: self.name.to_owned(),
                modified_at: self.modified_at,
            });
        }
        self.feed.bytes(bytes)
    }
}

impl Write for Entry<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        match self.try_write(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => {
                let kind = match error {
                    // nothing of these bytes was taken: the item ends before them
                    BundleError::NoRoom(NoRoom::Full) => io::ErrorKind::StorageFull,
                    _ => io::ErrorKind::Other,
                };
                self.failure = Some(error);
                Err(io::Error::new(kind, "the bundle cannot be written"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
