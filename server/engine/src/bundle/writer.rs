//! Writes a part's items into zip volumes.
//!
//! A volume is begun with its first byte and sealed at the end of an item once it has reached its
//! size, so that no item is split between volumes.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Weak};

use chrono::{DateTime, Utc};
use domain::CollectionId;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::volume::VolumeFile;
use super::zip::{Compressor, ZipStream, unpack};
use super::{Leaving, NoRoom, Spool, SpooledVolume};
use crate::config::Compression;
use crate::redact::Canary;
use crate::store::{NewItem, Seal, Store, StoreError, VolumeRow};

/// Items are recorded in batches of this size.
const RECORD_BATCH: usize = 2000;
/// A volume's directory is kept in memory until it is sealed; a hundred thousand items reach this.
const LARGEST_DIRECTORY_BYTES: usize = 12 * 1024 * 1024;
/// Lines in a bundle's `errors.txt`; the manifest names all.
const MAX_ERROR_LINES: u32 = 10_000;

/// Why a bundle could not be written. Sources never cause this: it is the spool, the store, or
/// redaction.
#[derive(Debug, Error)]
pub enum BundleError {
    #[error("the spool cannot be written")]
    Spool(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// What would have left is not cleaned: a planted secret was found, or the hidden item is lost.
    #[error("redaction failed its test: {rule}")]
    Canary { rule: &'static str },
    /// No canary was sent ahead.
    #[error("redaction was not tested")]
    Untested,
    #[error("redaction cannot go on")]
    Redaction(#[source] io::Error),
    /// The thread that packs has ended; it knows why.
    #[error("packing has ended")]
    Ended,
}

/// How and under which names a part is packed.
#[derive(Clone, Debug)]
pub struct Packing {
    pub collection: CollectionId,
    pub part: u32,
    /// Path below the collection's folder, without number and ending: `node/role`.
    pub stem: String,
    /// The first volume's number, from 1; greater after a restart or for a retry.
    pub first_number: u32,
    pub compression: Compression,
    pub volume_size_bytes: u64,
}

/// What is to come of a part behind a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    More,
}

struct OpenVolume {
    id: Uuid,
    leaving: Weak<Leaving>,
    zip: ZipStream<VolumeFile>,
}

impl OpenVolume {
    /// Whether no further item goes into it.
    fn is_full(&self, size_bytes: u64) -> bool {
        let directory = self.zip.directory_bytes();
        self.zip.get_ref().size_bytes() + directory as u64 >= size_bytes
            || directory >= LARGEST_DIRECTORY_BYTES
    }
}

pub struct BundleWriter {
    packing: Packing,
    spool: Arc<Spool>,
    store: Store,
    runtime: Handle,
    deliveries: mpsc::UnboundedSender<SpooledVolume>,
    next_number: u32,
    open: Option<OpenVolume>,
    /// Between volumes; while one is open it has the compressor.
    compressor: Option<Compressor>,
    unrecorded: Vec<NewItem>,
    /// A canary died on its way through redaction.
    is_proved: bool,
}

impl BundleWriter {
    /// Must not be used on a thread that works for `runtime`.
    #[must_use]
    pub fn new(
        packing: Packing,
        spool: Arc<Spool>,
        store: Store,
        runtime: Handle,
        deliveries: mpsc::UnboundedSender<SpooledVolume>,
    ) -> Self {
        let next_number = packing.first_number;
        Self {
            packing,
            spool,
            store,
            runtime,
            deliveries,
            next_number,
            open: None,
            compressor: None,
            unrecorded: Vec::new(),
            is_proved: false,
        }
    }

    /// Packs a canary as an item would be, unpacks it and searches it. Until that went well no
    /// volume is begun, so that not a byte of the part can leave. It is in no volume itself.
    pub fn prove(&mut self, canary: &Canary, cleaned: &[u8]) -> Result<(), BundleError> {
        let compression = self.packing.compression;
        let mut compressor = match self.compressor.take() {
            Some(compressor) => compressor,
            None => Compressor::new(compression)?,
        };
        let mut packed = Vec::new();
        compressor.begin(Some(cleaned.len() as u64))?;
        compressor.push(cleaned, &mut packed)?;
        compressor.end(&mut packed)?;
        self.compressor = Some(compressor);
        let unpacked = unpack(compression, &packed)?;
        canary
            .search(&unpacked)
            .map_err(|rule| BundleError::Canary { rule })?;
        self.is_proved = true;
        Ok(())
    }

    /// Writes an entry in one go.
    pub fn write_whole(
        &mut self,
        name: &str,
        modified_at: Option<DateTime<Utc>>,
        bytes: &[u8],
    ) -> Result<(), BundleError> {
        Ok(self.volume()?.zip.write_whole(name, modified_at, bytes)?)
    }

    /// Begins an entry.
    pub fn begin(
        &mut self,
        name: &str,
        modified_at: Option<DateTime<Utc>>,
    ) -> Result<(), BundleError> {
        Ok(self.volume()?.zip.begin(name, modified_at)?)
    }

    /// Goes on with the entry that was begun.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        Ok(self.volume()?.zip.write(bytes)?)
    }

    /// Remembers what came of an item, and seals the volume when it is large enough. With
    /// `has_entry` the item lies in the volume that is open.
    pub fn end_item(&mut self, mut item: NewItem, has_entry: bool) -> Result<(), BundleError> {
        if has_entry && let Some(open) = &mut self.open {
            open.zip.end()?;
            item.row.volume = Some(open.id);
        }
        self.unrecorded.push(item);
        if self.unrecorded.len() >= RECORD_BATCH {
            self.record()?;
        }
        let size = self.packing.volume_size_bytes;
        if self.open.as_ref().is_some_and(|open| open.is_full(size)) {
            self.seal(Rest::More)?;
        }
        Ok(())
    }

    /// Records the last items, writes `errors.txt` and seals the last volume; with that, a whole part
    /// is collected. On failure what is not sealed is given up.
    pub fn finish(mut self) -> Result<(), BundleError> {
        let written = self
            .record()
            .and_then(|()| self.write_errors())
            .and_then(|()| self.end_part());
        if written.is_err() {
            self.abandon();
        }
        written
    }

    /// Writes `errors.txt`, where something is missing. It is made from what the store knows, so
    /// that it also names what an earlier run of the part has met.
    fn write_errors(&mut self) -> Result<(), BundleError> {
        let (collection, part) = (self.packing.collection, self.packing.part);
        let gaps = self.store.part_gaps(collection, part, MAX_ERROR_LINES + 1);
        let gaps = self.runtime.block_on(gaps)?;
        if gaps.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for (label, reason) in gaps.iter().take(MAX_ERROR_LINES as usize) {
            // writing into a String cannot fail
            let _ = writeln!(
                text,
                "{}: {}",
                one_line(label),
                one_line(&reason.to_string())
            );
        }
        if gaps.len() > MAX_ERROR_LINES as usize {
            text.push_str("and more; manifest.json names them all\n");
        }
        self.write_whole("errors.txt", Some(Utc::now()), text.as_bytes())
    }

    /// Gives up what is not sealed.
    pub fn abandon(&mut self) {
        if let Some(open) = self.open.take() {
            self.discard(open.id);
        }
    }

    /// The volume's row stays: whatever the destination has of it by now, is to go before.
    fn discard(&self, volume: Uuid) {
        let removed = self
            .spool
            .volume_path(self.packing.collection, volume)
            .and_then(std::fs::remove_file);
        if let Err(error) = removed {
            tracing::warn!(%error, "an abandoned volume could not be removed from the spool");
        }
        if let Err(error) = self.runtime.block_on(self.store.empty_volume(volume)) {
            tracing::warn!(%error, "an abandoned volume could not be forgotten");
        }
    }

    fn record(&mut self) -> Result<(), BundleError> {
        let items = std::mem::take(&mut self.unrecorded);
        if !items.is_empty() {
            let (collection, part) = (self.packing.collection, self.packing.part);
            self.runtime
                .block_on(self.store.record_items(collection, part, &items))?;
        }
        Ok(())
    }

    fn end_part(&mut self) -> Result<(), BundleError> {
        if self.open.is_none() {
            let (collection, part) = (self.packing.collection, self.packing.part);
            let ended = self.store.set_part_collected(collection, part, None);
            self.runtime.block_on(ended)?;
        }
        self.seal(Rest::Nothing)
    }

    /// Seals the volume that is open; with [`Rest::Nothing`] its part is collected.
    fn seal(&mut self, rest: Rest) -> Result<(), BundleError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let id = open.id;
        let sealed = self.seal_open(open, rest);
        if sealed.is_err() {
            self.discard(id);
        }
        sealed
    }

    fn seal_open(&mut self, open: OpenVolume, rest: Rest) -> Result<(), BundleError> {
        let (file, compressor) = open.zip.finish()?;
        self.compressor = Some(compressor);
        let (sealed, progress) = file.finish()?;
        self.record()?;
        let seal = Seal {
            volume: open.id,
            packed_bytes: sealed.size_bytes,
            sha256: &sealed.sha256,
        };
        let (collection, part) = (self.packing.collection, self.packing.part);
        self.runtime.block_on(async {
            match rest {
                Rest::Nothing => {
                    let last = Some(&seal);
                    self.store.set_part_collected(collection, part, last).await
                }
                Rest::More => self.store.seal_volume(&seal).await,
            }
        })?;
        if let Some(leaving) = open.leaving.upgrade() {
            leaving.seal();
        }
        progress.send_modify(|progress| progress.sealed = Some(sealed));
        Ok(())
    }

    fn volume(&mut self) -> Result<&mut OpenVolume, BundleError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.begin_volume()?,
        };
        Ok(self.open.insert(open))
    }

    fn begin_volume(&mut self) -> Result<OpenVolume, BundleError> {
        if !self.is_proved {
            return Err(BundleError::Untested);
        }
        let compressor = match self.compressor.take() {
            Some(compressor) => compressor,
            None => Compressor::new(self.packing.compression)?,
        };
        let number = self.next_number;
        self.next_number += 1;
        let stem = &self.packing.stem;
        let name = if number == 1 {
            format!("{stem}.zip")
        } else {
            format!("{stem}.{number:03}.zip")
        };
        let row = VolumeRow::begun(Some(self.packing.part), name);
        let path = self.spool.volume_path(self.packing.collection, row.id)?;
        self.runtime
            .block_on(self.store.insert_volume(self.packing.collection, &row))?;
        let (file, progress) = VolumeFile::create(&path, Arc::clone(&self.spool))?;
        let id = row.id;
        let volume = SpooledVolume {
            id,
            name: row.name,
            file: path,
            content_type: "application/zip",
            progress,
            leaving: Leaving::new(&self.spool),
        };
        let leaving = Arc::downgrade(&volume.leaving);
        // nobody listens once delivery has failed; what is sealed then waits for a retry
        let _ = self.deliveries.send(volume);
        Ok(OpenVolume {
            id,
            zip: ZipStream::new(file, compressor),
            leaving,
        })
    }
}

/// A file may be called by any bytes, and must not pass for two lines.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

impl std::fmt::Debug for BundleWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BundleWriter")
            .field("packing", &self.packing)
            .finish_non_exhaustive()
    }
}
