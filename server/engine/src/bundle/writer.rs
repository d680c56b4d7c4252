//! Writes a part's items into zip volumes.
//!
//! Runs on a blocking thread. A volume is begun with its first byte and sealed at the end of an
//! item once it has reached its size, so that no item is split between volumes.

use std::io::{self, Write};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};

use chrono::{DateTime, Datelike, Timelike, Utc};
use domain::{CollectionId, Reason};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use uuid::Uuid;
use zip::write::{FullFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::volume::VolumeFile;
use super::{Leaving, NoRoom, Spool, SpooledVolume};
use crate::config::Compression;
use crate::store::{ItemRow, Store, StoreError, VolumeRow};

/// Compression levels that keep up with a disk on one core.
const ZSTD_LEVEL: i64 = 3;
const DEFLATE_LEVEL: i64 = 6;
/// Items are recorded in batches of this size.
const RECORD_BATCH: usize = 500;
/// Info-ZIP's extended time stamp: whole seconds in UTC, where the format's own has two-second
/// steps and no zone. <https://libzip.org/specifications/extrafld.txt>
const EXTENDED_TIMESTAMP: u16 = 0x5455;

/// Why a bundle could not be written. Sources never cause this: it is the spool or the store.
#[derive(Debug, Error)]
pub enum BundleError {
    #[error("the spool cannot be written")]
    Spool(#[from] io::Error),
    #[error("the bundle cannot be packed")]
    Zip(#[from] zip::result::ZipError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
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

struct OpenVolume {
    id: Uuid,
    leaving: Weak<Leaving>,
    zip: ZipWriter<StreamWriter<VolumeFile>>,
}

impl OpenVolume {
    fn size_bytes(&self) -> u64 {
        self.zip
            .get_ref()
            .map_or(0, |stream| stream.get_ref().size_bytes())
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
    unrecorded: Vec<ItemRow>,
}

impl BundleWriter {
    /// Must be used on a blocking thread of `runtime`.
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
            unrecorded: Vec::new(),
        }
    }

    /// An entry that comes into being with its first byte. With `cancel` it waits for room in the
    /// spool; without, it is small and must be written in any case.
    pub fn entry<'a>(
        &'a mut self,
        name: &'a str,
        modified_at: Option<DateTime<Utc>>,
        cancel: Option<&'a AtomicBool>,
    ) -> Entry<'a> {
        Entry {
            bundle: self,
            name,
            modified_at,
            cancel,
            started: false,
            failure: None,
        }
    }

    /// The volume that is being written.
    #[must_use]
    pub fn current_volume(&self) -> Option<Uuid> {
        self.open.as_ref().map(|open| open.id)
    }

    /// Remembers what came of an item, and seals the volume when it is large enough.
    pub fn end_item(&mut self, item: ItemRow) -> Result<(), BundleError> {
        self.unrecorded.push(item);
        if self.unrecorded.len() >= RECORD_BATCH {
            self.record()?;
        }
        let size = self.open.as_ref().map_or(0, OpenVolume::size_bytes);
        if size >= self.packing.volume_size_bytes {
            self.seal()?;
        }
        Ok(())
    }

    /// What the part misses so far, by the store's word: label and reason, at most `limit` of them.
    pub fn gaps(&mut self, limit: u32) -> Result<Vec<(String, Reason)>, BundleError> {
        self.record()?;
        let (collection, part) = (self.packing.collection, self.packing.part);
        let gaps = self.store.part_gaps(collection, part, limit);
        Ok(self.runtime.block_on(gaps)?)
    }

    /// Records the last items and seals the last volume.
    pub fn finish(mut self) -> Result<(), BundleError> {
        self.record()?;
        self.seal()
    }

    /// Gives up what is not sealed.
    pub fn abandon(mut self) {
        if let Some(open) = self.open.take() {
            self.discard(open.id);
        }
    }

    fn discard(&self, volume: Uuid) {
        let removed = self
            .spool
            .volume_path(self.packing.collection, volume)
            .and_then(std::fs::remove_file);
        if let Err(error) = removed {
            tracing::warn!(%error, "an abandoned volume could not be removed from the spool");
        }
        if let Err(error) = self.runtime.block_on(self.store.drop_volume(volume)) {
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

    fn seal(&mut self) -> Result<(), BundleError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let id = open.id;
        let sealed = self.seal_open(open);
        if sealed.is_err() {
            self.discard(id);
        }
        sealed
    }

    fn seal_open(&mut self, open: OpenVolume) -> Result<(), BundleError> {
        let (sealed, progress) = open.zip.finish()?.into_inner().finish()?;
        self.record()?;
        self.runtime.block_on(self.store.seal_volume(
            open.id,
            sealed.size_bytes,
            &sealed.sha256,
        ))?;
        if let Some(leaving) = open.leaving.upgrade() {
            leaving.seal();
        }
        progress.send_modify(|progress| progress.sealed = Some(sealed));
        Ok(())
    }

    fn start_entry(
        &mut self,
        name: &str,
        modified_at: Option<DateTime<Utc>>,
    ) -> Result<(), BundleError> {
        let options = self.options(modified_at)?;
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let volume = self.begin_volume()?;
                self.open.insert(volume)
            }
        };
        open.zip.start_file(name, options)?;
        Ok(())
    }

    fn begin_volume(&mut self) -> Result<OpenVolume, BundleError> {
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
            zip: ZipWriter::new_stream(file),
            leaving,
        })
    }

    fn options(
        &self,
        modified_at: Option<DateTime<Utc>>,
    ) -> Result<FullFileOptions<'static, 'static>, BundleError> {
        let (method, level) = match self.packing.compression {
            Compression::Zstd => (CompressionMethod::Zstd, ZSTD_LEVEL),
            Compression::Deflate => (CompressionMethod::Deflated, DEFLATE_LEVEL),
        };
        // sizes are not known ahead, and a log may always be larger than 4 GiB
        let mut options = FullFileOptions::default()
            .compression_method(method)
            .compression_level(Some(level))
            .large_file(true)
            .unix_permissions(0o600);
        if let Some(at) = modified_at {
            if let Some(stamp) = dos_time(at) {
                options = options.last_modified_time(stamp);
            }
            if let Ok(seconds) = i32::try_from(at.timestamp()) {
                let mut field = vec![1];
                field.extend_from_slice(&seconds.to_le_bytes());
                options.add_extra_field(EXTENDED_TIMESTAMP, field, false)?;
            }
        }
        Ok(options)
    }
}

impl std::fmt::Debug for BundleWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BundleWriter")
            .field("packing", &self.packing)
            .finish_non_exhaustive()
    }
}

fn dos_time(at: DateTime<Utc>) -> Option<zip::DateTime> {
    let small = |number: u32| u8::try_from(number).ok();
    zip::DateTime::from_date_and_time(
        u16::try_from(at.year()).ok()?,
        small(at.month())?,
        small(at.day())?,
        small(at.hour())?,
        small(at.minute())?,
        small(at.second())?,
    )
    .ok()
}

/// Takes an item's cleaned bytes.
#[derive(Debug)]
pub struct Entry<'a> {
    bundle: &'a mut BundleWriter,
    name: &'a str,
    modified_at: Option<DateTime<Utc>>,
    cancel: Option<&'a AtomicBool>,
    started: bool,
    failure: Option<BundleError>,
}

impl Entry<'_> {
    /// Whether a byte of it was written.
    pub const fn has_started(&self) -> bool {
        self.started
    }

    /// What made a write fail: an `io::Error` alone cannot carry it.
    pub fn into_failure(self, error: io::Error) -> BundleError {
        self.failure.unwrap_or(BundleError::Spool(error))
    }

    fn keep(&mut self, error: impl Into<BundleError>) -> io::Error {
        self.failure = Some(error.into());
        io::Error::other("the bundle cannot be written")
    }
}

impl Write for Entry<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if let Some(cancel) = self.cancel {
            let room = self.bundle.spool.wait_for_room(cancel);
            room.map_err(|error| self.keep(error))?;
        }
        if !self.started {
            self.bundle
                .start_entry(self.name, self.modified_at)
                .map_err(|error| self.keep(error))?;
            self.started = true;
        }
        match &mut self.bundle.open {
            Some(open) => open.zip.write(bytes),
            None => Err(io::Error::other("the volume is closed")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
