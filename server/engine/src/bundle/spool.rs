//! The spool: the private directory where bundles wait for delivery, and its limit.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use domain::CollectionId;
use thiserror::Error;
use uuid::Uuid;

/// Why nothing more can be written to the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoRoom {
    /// It has reached its limit, and nothing in it is about to leave.
    #[error("the spool is full")]
    Full,
    #[error("cancelled while waiting for room in the spool")]
    Cancelled,
}

const ROOM_POLL: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Spool {
    root: PathBuf,
    limit_bytes: u64,
    /// Bytes in the files of this process's collections.
    used: AtomicU64,
    /// Those of them in sealed volumes, which leave by themselves.
    leaving: AtomicU64,
}

impl Spool {
    pub fn open(root: PathBuf, limit_bytes: u64) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&root)?;
        Ok(Self {
            root,
            limit_bytes,
            used: AtomicU64::new(0),
            leaving: AtomicU64::new(0),
        })
    }

    #[must_use]
    pub const fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// The file of a volume; its directory is made.
    pub fn volume_path(&self, collection: CollectionId, volume: Uuid) -> io::Result<PathBuf> {
        let directory = self.root.join(collection.to_string());
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        Ok(directory.join(volume.to_string()))
    }

    /// Removes all files of a collection.
    pub fn remove_collection(&self, collection: CollectionId) -> io::Result<()> {
        match fs::remove_dir_all(self.root.join(collection.to_string())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes files of a collection that no volume in `keep` owns: left by a sudden end.
    pub fn remove_strays(&self, collection: CollectionId, keep: &[Uuid]) -> io::Result<()> {
        let directory = self.root.join(collection.to_string());
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let owned = keep
                .iter()
                .any(|volume| volume.to_string().as_str() == name);
            if !owned {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes a delivered volume's file.
    pub fn remove_volume(&self, path: &Path, size_bytes: u64) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        saturating_sub(&self.used, size_bytes);
        saturating_sub(&self.leaving, size_bytes);
        Ok(())
    }

    /// A collection's files have gone, or a volume was given up, without being delivered.
    pub fn forget(&self, used: u64, leaving: u64) {
        saturating_sub(&self.used, used);
        saturating_sub(&self.leaving, leaving);
    }

    pub fn add(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn mark_leaving(&self, bytes: u64) {
        self.leaving.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Holds the caller until there is room.
    ///
    /// # Errors
    /// When there will be none.
    pub fn wait_for_room(&self, cancel: &AtomicBool) -> Result<(), NoRoom> {
        while self.used.load(Ordering::Relaxed) >= self.limit_bytes {
            if cancel.load(Ordering::Relaxed) {
                return Err(NoRoom::Cancelled);
            }
            if self.leaving.load(Ordering::Relaxed) == 0 {
                return Err(NoRoom::Full);
            }
            thread::sleep(ROOM_POLL);
        }
        Ok(())
    }
}

fn saturating_sub(counter: &AtomicU64, bytes: u64) {
    // the closure always answers, so that this cannot fail
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
        Some(used.saturating_sub(bytes))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_spool_waits_only_while_something_is_leaving() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path().join("spool"), 10).unwrap();
        let cancel = AtomicBool::new(false);
        spool.wait_for_room(&cancel).unwrap();
        spool.add(10);
        assert_eq!(spool.wait_for_room(&cancel), Err(NoRoom::Full));
        spool.mark_leaving(10);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| spool.wait_for_room(&cancel));
            spool.remove_volume(Path::new("/nonexistent"), 10).unwrap();
            waiting.join().unwrap().unwrap();
        });
    }
}
