//! Delivers one volume: stages its blocks as they are written, then commits their list.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::{Link, Stopped};
use crate::bundle::{SealedVolume, SpooledVolume};
use crate::destination::{BLOCK_BYTES, BlockId, Commit, FailureKind};
use crate::secrets::to_hex;
use crate::store::{LedgerBlock, Store};

/// Blocks of one volume that are under way at once.
const IN_FLIGHT: usize = 3;
/// How often lost blocks are sent again before the volume counts as failed.
const MAX_RESTAGES: u32 = 3;

/// Brings a volume to its destination and answers its size.
///
/// `memory` bounds the blocks in memory over all volumes of the process.
pub async fn deliver_volume(
    store: &Store,
    link: &Link,
    memory: &Semaphore,
    folder: &str,
    volume: &SpooledVolume,
) -> Result<SealedVolume, Stopped> {
    let path = format!("{folder}/{}", volume.name);
    let file = Arc::new(File::open(&volume.file)?);
    for _ in 0..MAX_RESTAGES {
        let sealed = stage_blocks(store, link, memory, &path, volume, &file).await?;
        if commit(store, link, &path, volume, &sealed).await? {
            store.finish_volume(volume.id).await?;
            return Ok(sealed);
        }
        tracing::info!(%path, "the destination lost blocks; they are sent again");
        store.forget_blocks(volume.id).await?;
    }
    Err(Stopped::Failed(crate::destination::DestinationError::new(
        FailureKind::Fatal,
        "the destination lost the blocks that were sent, again and again",
    )))
}

/// Stages what the ledger does not have yet, until the volume is sealed and all of it is staged.
async fn stage_blocks(
    store: &Store,
    link: &Link,
    memory: &Semaphore,
    path: &str,
    volume: &SpooledVolume,
    file: &Arc<File>,
) -> Result<SealedVolume, Stopped> {
    let ledger = store.blocks(volume.id).await?;
    let mut progress = volume.progress.clone();
    let mut under_way = FuturesUnordered::new();
    let mut number = 0_u32;
    loop {
        let start = u64::from(number) * BLOCK_BYTES;
        // whole blocks while it grows; the rest once it is sealed
        let ready = tokio::select! {
            () = link.stop.cancelled() => return Err(Stopped::Cancelled),
            seen = progress.wait_for(|seen| seen.written >= start + BLOCK_BYTES || seen.sealed.is_some()) => {
                seen.map(|seen| seen.clone()).map_err(|_| Stopped::Cancelled)
            }
            Some(staged) = under_way.next() => {
                let () = staged?;
                continue;
            }
        }?;
        let end = ready.written.min(start + BLOCK_BYTES);
        if let Some(sealed) = &ready.sealed
            && start >= sealed.size_bytes
        {
            while let Some(staged) = under_way.next().await {
                let () = staged?;
            }
            return Ok(sealed.clone());
        }
        let known = ledger.iter().find(|block| block.number == number).cloned();
        let block = Block {
            number,
            start,
            length: end - start,
        };
        under_way.push(stage_block(
            store, link, memory, path, volume, file, block, known,
        ));
        number += 1;
        while under_way.len() >= IN_FLIGHT {
            if let Some(staged) = under_way.next().await {
                let () = staged?;
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Block {
    number: u32,
    start: u64,
    length: u64,
}

#[allow(
    clippy::too_many_arguments,
    reason = "all of them are what one block hangs on"
)]
async fn stage_block(
    store: &Store,
    link: &Link,
    memory: &Semaphore,
    path: &str,
    volume: &SpooledVolume,
    file: &Arc<File>,
    block: Block,
    known: Option<LedgerBlock>,
) -> Result<(), Stopped> {
    // the semaphore is never closed
    let _permit = memory.acquire().await.map_err(|_| Stopped::Cancelled)?;
    let bytes = read_block(file, block).await?;
    let sha256 = to_hex(&Sha256::digest(&bytes));
    if known.is_some_and(|known| known.sha256 == sha256 && known.size_bytes == block.length) {
        return Ok(());
    }
    tokio::select! {
        () = link.stop.cancelled() => return Err(Stopped::Cancelled),
        () = link.pace.take(block.length) => {}
    }
    let id = BlockId {
        volume: volume.id,
        number: block.number,
    };
    link.persist(|destination| {
        let bytes = bytes.clone();
        async move { destination.stage(path, id, bytes).await }
    })
    .await?;
    let entry = LedgerBlock {
        number: block.number,
        size_bytes: block.length,
        sha256,
    };
    store.record_block(volume.id, &entry).await?;
    Ok(())
}

async fn read_block(file: &Arc<File>, block: Block) -> Result<Bytes, Stopped> {
    let file = Arc::clone(file);
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = vec![0; usize::try_from(block.length).map_err(std::io::Error::other)?];
        file.read_exact_at(&mut bytes, block.start)?;
        Ok(Bytes::from(bytes))
    });
    read.await
        .map_err(|error| Stopped::Spool(std::io::Error::other(error)))?
        .map_err(Stopped::Spool)
}

/// Commits the volume; `false` when its blocks have to be staged again.
async fn commit(
    store: &Store,
    link: &Link,
    path: &str,
    volume: &SpooledVolume,
    sealed: &SealedVolume,
) -> Result<bool, Stopped> {
    store.start_commit(volume.id).await?;
    let blocks = u32::try_from(sealed.size_bytes.div_ceil(BLOCK_BYTES)).unwrap_or(u32::MAX);
    let commit = Commit {
        path,
        volume: volume.id,
        blocks,
        size_bytes: sealed.size_bytes,
        sha256: &sealed.sha256,
        content_type: volume.content_type,
    };
    let commit = &commit;
    let sent = link
        .persist(|destination| async move { destination.commit(commit).await })
        .await;
    let error = match sent {
        Ok(()) => return Ok(true),
        Err(Stopped::Failed(error)) => error,
        Err(stopped) => return Err(stopped),
    };
    match error.kind {
        // it may be there already: an earlier commit arrived and only its answer was lost
        FailureKind::AlreadyExists | FailureKind::BlocksLost => {
            let held = link
                .persist(|destination| async move { destination.holds(commit).await })
                .await?;
            match (held, error.kind) {
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
