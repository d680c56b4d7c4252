//! One volume's file in the spool, and what others may know of it while it grows.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::CollectionId;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Leaving, Spool};
use crate::secrets::to_hex;
use crate::store::VolumeRow;

const BUFFER_BYTES: usize = 256 * 1024;

/// A volume that will not change any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedVolume {
    pub size_bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

/// How far a volume has come. Its sender's end without `sealed` means that it was given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeProgress {
    /// Bytes that can be read from the file.
    pub written: u64,
    pub sealed: Option<SealedVolume>,
}

/// A volume as delivery sees it.
#[derive(Clone, Debug)]
pub struct SpooledVolume {
    pub id: Uuid,
    /// Path below the collection's folder.
    pub name: String,
    pub file: PathBuf,
    pub content_type: &'static str,
    pub progress: watch::Receiver<VolumeProgress>,
    /// Goes when delivery is done with it, one way or another.
    pub leaving: Arc<Leaving>,
}

impl SpooledVolume {
    /// A volume that was sealed before, by the store's word.
    pub fn sealed(
        row: &VolumeRow,
        collection: CollectionId,
        spool: &Arc<Spool>,
        content_type: &'static str,
    ) -> io::Result<Self> {
        let leaving = Leaving::new(spool);
        leaving.seal();
        // the receiver keeps the last value when the sender goes
        let (_, progress) = watch::channel(VolumeProgress {
            written: row.packed_bytes,
            sealed: Some(SealedVolume {
                size_bytes: row.packed_bytes,
                sha256: row.sha256.clone().unwrap_or_default(),
            }),
        });
        Ok(Self {
            id: row.id,
            name: row.name.clone(),
            file: spool.volume_path(collection, row.id)?,
            content_type,
            progress,
            leaving,
        })
    }
}

/// Writes a volume's file: counts, hashes and tells of each piece that can be read.
#[derive(Debug)]
pub struct VolumeFile {
    file: File,
    buffer: Vec<u8>,
    hasher: Sha256,
    written: u64,
    progress: watch::Sender<VolumeProgress>,
    spool: Arc<Spool>,
}

impl VolumeFile {
    pub fn create(
        path: &Path,
        spool: Arc<Spool>,
    ) -> io::Result<(Self, watch::Receiver<VolumeProgress>)> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let (progress, receiver) = watch::channel(VolumeProgress::default());
        let volume = Self {
            file,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            hasher: Sha256::new(),
            written: 0,
            progress,
            spool,
        };
        Ok((volume, receiver))
    }

    /// Bytes so far, those still in the buffer included.
    pub fn size_bytes(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn write_out(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        self.spool.add(bytes.len() as u64);
        self.progress
            .send_modify(|progress| progress.written = self.written);
        Ok(())
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.write_out(&buffer);
        buffer.clear();
        self.buffer = buffer;
        result
    }

    /// Flushes the file to the disk and computes what it amounts to. Nobody is told yet: the store
    /// has to know first.
    pub fn finish(mut self) -> io::Result<(SealedVolume, watch::Sender<VolumeProgress>)> {
        self.write_buffer()?;
        self.file.sync_all()?;
        let sealed = SealedVolume {
            size_bytes: self.written,
            sha256: to_hex(&self.hasher.finalize()),
        };
        Ok((sealed, self.progress))
    }
}

impl Write for VolumeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.write_buffer()?;
        }
        if bytes.len() >= BUFFER_BYTES {
            self.write_out(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    /// Does nothing: compressors flush at the end of each entry, and small writes cost.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
