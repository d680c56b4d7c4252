//! Delivers one volume: stages its blocks as they are written, then commits their list. A
//! destination that can take the volume's file as it is gets that instead.
//!
//! Its bytes are hashed on the way out. What is committed is therefore what was sealed: a file that
//! was lost or changed while it waited is told as such, and never becomes visible.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use futures::stream::{FuturesUnordered, StreamExt};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Link, Stopped};
use crate::bundle::{SealedVolume, SpooledVolume, VolumeProgress};
use crate::destination::{
    BLOCK_BYTES, BlockId, Commit, Destination, DestinationError, FailureKind,
};
use crate::secrets::to_hex;
use crate::store::{LedgerBlock, Store};

/// Blocks of one volume that are under way at once.
const IN_FLIGHT: usize = 3;
/// How often lost blocks are sent again before the volume counts as failed.
const MAX_RESTAGES: u32 = 3;
/// The service lets go of blocks that are not committed within a week; what is nearly that old
/// counts as not sent. <https://learn.microsoft.com/rest/api/storageservices/put-block>
const BLOCKS_LAPSE_AFTER: TimeDelta = TimeDelta::hours(156);

/// Brings a volume to its destination and answers its size.
///
/// `memory` bounds the blocks in memory over all volumes of the process.
///
/// # Errors
/// [`Stopped::Damaged`] when its file is not what was sealed and nothing of it became visible.
pub async fn deliver_volume(
    store: &Store,
    link: &Link,
    memory: &Semaphore,
    folder: &str,
    volume: &SpooledVolume,
) -> Result<SealedVolume, Stopped> {
    let delivery = Delivery::of(store, link, memory, folder, volume);
    match delivery.run().await {
        Err(Stopped::Damaged) => delivery.look_for_it().await,
        ended => ended,
    }
}

/// Whether the destination has a sealed volume; `None` where nobody may look. One that it has counts
/// as delivered.
pub async fn is_delivered(
    store: &Store,
    link: &Link,
    memory: &Semaphore,
    folder: &str,
    volume: &SpooledVolume,
) -> Result<Option<bool>, Stopped> {
    let delivery = Delivery::of(store, link, memory, folder, volume);
    let Some(sealed) = volume.progress.borrow().sealed.clone() else {
        return Ok(Some(false));
    };
    let is_there = delivery.is_there(&sealed).await?;
    if is_there == Some(true) {
        store.finish_volume(volume.id).await?;
    }
    Ok(is_there)
}

/// Whether the destination has a sealed volume already, of which nothing is in the ledger. Then it
/// counts as delivered.
pub async fn recognise_volume(
    store: &Store,
    link: &Link,
    memory: &Semaphore,
    folder: &str,
    volume: &SpooledVolume,
) -> Result<bool, Stopped> {
    let fresh = Utc::now() - BLOCKS_LAPSE_AFTER;
    if !store.blocks(volume.id, fresh).await?.is_empty() {
        return Ok(false);
    }
    let delivery = Delivery::of(store, link, memory, folder, volume);
    match delivery.look_for_it().await {
        Ok(_) => Ok(true),
        Err(Stopped::Damaged) => Ok(false),
        Err(stopped) => Err(stopped),
    }
}

struct Delivery<'a> {
    store: &'a Store,
    link: &'a Link,
    memory: &'a Semaphore,
    /// Below the container or directory.
    path: String,
    volume: &'a SpooledVolume,
}

/// How a volume goes to its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Blocks,
    /// The destination has adopted its file.
    File,
}

/// One block, read and ready to leave.
struct Block<'a> {
    number: u32,
    bytes: Bytes,
    /// As the ledger has it.
    sha256_up_to_end: String,
    _memory: SemaphorePermit<'a>,
}

impl<'a> Delivery<'a> {
    fn of(
        store: &'a Store,
        link: &'a Link,
        memory: &'a Semaphore,
        folder: &str,
        volume: &'a SpooledVolume,
    ) -> Self {
        Self {
            store,
            link,
            memory,
            path: format!("{folder}/{}", volume.name),
            volume,
        }
    }

    async fn run(&self) -> Result<SealedVolume, Stopped> {
        let file = Arc::new(File::open(&self.volume.file).map_err(damage)?);
        for _ in 0..MAX_RESTAGES {
            let way = self.choose_way().await?;
            let sealed = match way {
                Way::File => self.await_seal(&file).await?,
                Way::Blocks => self.stage_blocks(&file).await?,
            };
            if self.commit(&sealed, way).await? {
                self.store.finish_volume(self.volume.id).await?;
                return Ok(sealed);
            }
            tracing::info!(path = %self.path, "the destination lost blocks; they are sent again");
            self.store.forget_blocks(self.volume.id).await?;
        }
        Err(Stopped::Failed(DestinationError::new(
            FailureKind::Fatal,
            "the destination lost the blocks that were sent, again and again",
        )))
    }

    async fn choose_way(&self) -> Result<Way, Stopped> {
        let (path, id, file) = (&self.path, self.volume.id, &self.volume.file);
        let adopt =
            |destination: Arc<Destination>| async move { destination.adopt(path, id, file).await };
        Ok(match self.link.persist(adopt).await? {
            true => Way::File,
            false => Way::Blocks,
        })
    }

    /// Waits until the volume is sealed. One that was sealed earlier is read once more: it may have
    /// changed since.
    async fn await_seal(&self, file: &Arc<File>) -> Result<SealedVolume, Stopped> {
        let mut progress = self.volume.progress.clone();
        let earlier = progress.borrow().sealed.clone();
        if let Some(sealed) = earlier {
            let file = Arc::clone(file);
            let hashed = blocking(move || hash(&file)).await?.map_err(damage)?;
            return if hashed == sealed.sha256 {
                Ok(sealed)
            } else {
                Err(Stopped::Damaged)
            };
        }
        let mut flushed = 0;
        loop {
            let grown = |seen: &VolumeProgress| {
                seen.sealed.is_some() || seen.written >= flushed + BLOCK_BYTES
            };
            let seen = tokio::select! {
                () = self.link.stop.cancelled() => return Err(Stopped::Cancelled),
                // its end without a seal says that the volume was given up
                seen = progress.wait_for(grown) => seen.map_err(|_| Stopped::Cancelled)?.clone(),
            };
            if let Some(sealed) = seen.sealed {
                return Ok(sealed);
            }
            flushed = seen.written;
            // its seal has to wait for the disk, but not for all of the volume at once
            let file = Arc::clone(file);
            blocking(move || file.sync_data())
                .await?
                .map_err(Stopped::Spool)?;
        }
    }

    /// Stages what the ledger does not have yet, until the volume is sealed and all of it is staged.
    async fn stage_blocks(&self, file: &Arc<File>) -> Result<SealedVolume, Stopped> {
        let fresh = Utc::now() - BLOCKS_LAPSE_AFTER;
        let ledger = self.store.blocks(self.volume.id, fresh).await?;
        let mut progress = self.volume.progress.clone();
        let mut under_way = FuturesUnordered::new();
        let mut whole = Sha256::new();
        let mut number = 0_u32;
        loop {
            let start = u64::from(number) * BLOCK_BYTES;
            // whole blocks while it grows; the rest once it is sealed
            let ready = tokio::select! {
                () = self.link.stop.cancelled() => return Err(Stopped::Cancelled),
                seen = progress.wait_for(|seen| seen.written >= start + BLOCK_BYTES || seen.sealed.is_some()) => {
                    seen.map(|seen| seen.clone()).map_err(|_| Stopped::Cancelled)
                }
                Some(staged) = under_way.next() => {
                    let () = staged?;
                    continue;
                }
            }?;
            if let Some(sealed) = &ready.sealed
                && start >= sealed.size_bytes
            {
                if to_hex(&whole.finalize()) != sealed.sha256 {
                    return Err(Stopped::Damaged);
                }
                while let Some(staged) = under_way.next().await {
                    let () = staged?;
                }
                return Ok(sealed.clone());
            }
            let permit = tokio::select! {
                () = self.link.stop.cancelled() => return Err(Stopped::Cancelled),
                // the semaphore is never closed
                permit = self.memory.acquire() => permit.map_err(|_| Stopped::Cancelled)?,
                Some(staged) = under_way.next() => {
                    let () = staged?;
                    continue;
                }
            };
            let end = ready.written.min(start + BLOCK_BYTES);
            let read = read_block(file, start, end - start, whole).await?;
            whole = read.whole;
            let block = Block {
                number,
                bytes: read.bytes,
                sha256_up_to_end: to_hex(&whole.clone().finalize()),
                _memory: permit,
            };
            number += 1;
            let is_staged = ledger.iter().any(|known| {
                known.number == block.number
                    && known.sha256_up_to_end == block.sha256_up_to_end
                    && known.size_bytes == block.bytes.len() as u64
            });
            if is_staged {
                continue;
            }
            under_way.push(self.stage_block(block));
            while under_way.len() >= IN_FLIGHT {
                if let Some(staged) = under_way.next().await {
                    let () = staged?;
                }
            }
        }
    }

    async fn stage_block(&self, block: Block<'_>) -> Result<(), Stopped> {
        let (link, path) = (self.link, self.path.as_str());
        let length = block.bytes.len() as u64;
        let id = BlockId {
            volume: self.volume.id,
            number: block.number,
        };
        link.persist_sending(length, |destination| {
            let bytes = block.bytes.clone();
            async move {
                let under_way = link.meter.begin();
                destination.stage(path, id, bytes).await?;
                under_way.arrived(length);
                Ok(())
            }
        })
        .await?;
        let entry = LedgerBlock {
            number: block.number,
            size_bytes: length,
            sha256_up_to_end: block.sha256_up_to_end,
        };
        self.store.record_block(self.volume.id, &entry).await?;
        Ok(())
    }

    /// Commits the volume; `false` when it has to be staged again.
    async fn commit(&self, sealed: &SealedVolume, way: Way) -> Result<bool, Stopped> {
        self.start_commit().await?;
        let (commit, file) = (&self.as_commit(sealed), &self.volume.file);
        let commit = |destination: Arc<Destination>| async move {
            match way {
                Way::File => destination.publish(commit, file).await,
                Way::Blocks => destination.commit(commit).await,
            }
        };
        let sent = self.link.persist(commit).await;
        let error = match sent {
            Ok(()) => return Ok(true),
            Err(Stopped::Failed(error)) => error,
            Err(stopped) => return Err(stopped),
        };
        match error.kind {
            // it may be there already: an earlier commit arrived and only its answer was lost
            FailureKind::AlreadyExists | FailureKind::BlocksLost => {
                match (self.is_there(sealed).await?, error.kind) {
                    (Some(true), _) => Ok(true),
                    // the path holds this collection's id, so that nobody else writes there
                    (None, FailureKind::AlreadyExists) => Ok(true),
                    (_, FailureKind::BlocksLost) => Ok(false),
                    _ => Err(Stopped::Failed(error)),
                }
            }
            _ => Err(Stopped::Failed(error)),
        }
    }

    /// Tells the store that the volume is about to become visible: from then on no other container
    /// can take its place. Where one has, and this link does not know it yet, the link has to first.
    async fn start_commit(&self) -> Result<(), Stopped> {
        loop {
            let version = self.link.version();
            if self.store.start_commit(self.volume.id, version).await? {
                return Ok(());
            }
            self.link.replaced(version).await?;
        }
    }

    /// Takes a volume that the destination has for delivered; [`Stopped::Damaged`] where it has not.
    async fn look_for_it(&self) -> Result<SealedVolume, Stopped> {
        let sealed = self.volume.progress.borrow().sealed.clone();
        let sealed = sealed.ok_or(Stopped::Damaged)?;
        loop {
            let version = self.link.version();
            if self.is_there(&sealed).await? != Some(true) {
                return Err(Stopped::Damaged);
            }
            // what is there already binds the collection to this container, too
            if self.store.start_commit(self.volume.id, version).await? {
                break;
            }
            self.link.replaced(version).await?;
        }
        self.store.finish_volume(self.volume.id).await?;
        Ok(sealed)
    }

    /// Whether the destination has this very volume; `None` where nobody may look.
    async fn is_there(&self, sealed: &SealedVolume) -> Result<Option<bool>, Stopped> {
        let commit = &self.as_commit(sealed);
        self.link
            .persist(|destination| async move { destination.holds(commit).await })
            .await
    }

    fn as_commit<'c>(&'c self, sealed: &'c SealedVolume) -> Commit<'c> {
        Commit {
            path: &self.path,
            volume: self.volume.id,
            blocks: u32::try_from(sealed.size_bytes.div_ceil(BLOCK_BYTES)).unwrap_or(u32::MAX),
            size_bytes: sealed.size_bytes,
            sha256: &sealed.sha256,
            content_type: self.volume.content_type,
        }
    }
}

struct ReadBlock {
    bytes: Bytes,
    /// Of the volume up to the end of this block.
    whole: Sha256,
}

async fn read_block(
    file: &Arc<File>,
    start: u64,
    length: u64,
    mut whole: Sha256,
) -> Result<ReadBlock, Stopped> {
    let file = Arc::clone(file);
    let read = blocking(move || {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, start)?;
        whole.update(&bytes);
        Ok(ReadBlock {
            bytes: Bytes::from(bytes),
            whole,
        })
    });
    read.await?.map_err(damage)
}

/// Does what takes its time at the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<io::Result<T>, Stopped> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Stopped::Spool(io::Error::other(error)))
}

/// The SHA-256 of a file, in hexadecimal.
fn hash(file: &File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 256 * 1024];
    let mut offset = 0;
    loop {
        match file.read_at(&mut chunk, offset)? {
            0 => return Ok(to_hex(&hasher.finalize())),
            read => {
                hasher.update(&chunk[..read]);
                offset += read as u64;
            }
        }
    }
}

/// A file that is gone or shorter than it was is damaged; anything else is the disk's trouble.
fn damage(error: io::Error) -> Stopped {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => Stopped::Damaged,
        _ => Stopped::Spool(error),
    }
}
