//! The spool: the private directory where bundles wait for delivery, and its limit.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
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
    /// Bytes in the spool, never too low: what left it is only seen when it is measured anew, which
    /// happens when it seems full.
    used: AtomicU64,
    /// Sealed volumes whose delivery is at work.
    leaving: AtomicUsize,
}

/// Stands for one volume in the hands of its delivery. As long as a sealed one exists, the spool
/// will have more room by itself.
#[derive(Debug)]
pub struct Leaving {
    spool: Arc<Spool>,
    sealed: AtomicBool,
}

impl Leaving {
    #[must_use]
    pub fn new(spool: &Arc<Spool>) -> Arc<Self> {
        Arc::new(Self {
            spool: Arc::clone(spool),
            sealed: AtomicBool::new(false),
        })
    }

    pub fn seal(&self) {
        if !self.sealed.swap(true, Ordering::Relaxed) {
            self.spool.leaving.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if *self.sealed.get_mut() {
            self.spool.leaving.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Spool {
    pub fn open(root: PathBuf, limit_bytes: u64) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&root)?;
        let spool = Self {
            root,
            limit_bytes,
            used: AtomicU64::new(0),
            leaving: AtomicUsize::new(0),
        };
        spool.used.store(spool.measure()?, Ordering::Relaxed);
        Ok(spool)
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

    /// Removes files of a collection that no volume in `keep` owns: left by a sudden end. Then it is
    /// seen anew how full the spool is, since other processes use it too; nothing may be written to
    /// it meanwhile.
    pub fn remove_strays(
        &self,
        collection: CollectionId,
        keep: impl IntoIterator<Item = Uuid>,
    ) -> io::Result<()> {
        let keep: HashSet<OsString> = (keep.into_iter())
            .map(|volume| volume.to_string().into())
            .collect();
        for entry in entries(&self.root.join(collection.to_string()))? {
            if !keep.contains(&entry.file_name()) {
                fs::remove_file(entry.path())?;
            }
        }
        self.used.store(self.measure()?, Ordering::Relaxed);
        Ok(())
    }

    /// Removes a delivered volume's file.
    pub fn remove_volume(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    pub fn add(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Holds the caller until there is room.
    ///
    /// # Errors
    /// When there will be none.
    pub fn wait_for_room(&self, cancel: &AtomicBool) -> Result<(), NoRoom> {
        loop {
            let known = self.used.load(Ordering::Relaxed);
            if known < self.limit_bytes {
                break;
            }
            // an unreadable spool is met, and told, by whoever writes to it next
            let used = self.measure().unwrap_or(0);
            let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
            if self.used.compare_exchange(known, used, set, get).is_err() {
                // what another part has written meanwhile may not have been measured
                continue;
            }
            if used < self.limit_bytes {
                break;
            }
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

    fn measure(&self) -> io::Result<u64> {
        let mut used = 0;
        for collection in entries(&self.root)? {
            // a file system of its own has a lost+found, which nobody may read
            let name = collection.file_name();
            let is_collection = |name: &str| name.parse::<CollectionId>().is_ok();
            if !name.to_str().is_some_and(is_collection) {
                continue;
            }
            for volume in entries(&collection.path())? {
                // one that is gone by now takes no room
                used += volume.metadata().map_or(0, |metadata| metadata.len());
            }
        }
        Ok(used)
    }
}

fn entries(directory: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        found => found?.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_spool_waits_only_while_something_is_leaving() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("spool");
        let spool = Arc::new(Spool::open(root.clone(), 10).unwrap());
        let cancel = AtomicBool::new(false);
        spool.wait_for_room(&cancel).unwrap();
        let volume = spool
            .volume_path(CollectionId(Uuid::nil()), Uuid::nil())
            .unwrap();
        fs::write(&volume, [0; 10]).unwrap();
        spool.add(10);
        let leaving = Leaving::new(&spool);
        assert_eq!(spool.wait_for_room(&cancel), Err(NoRoom::Full));
        leaving.seal();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| spool.wait_for_room(&cancel));
            spool.remove_volume(&volume).unwrap();
            waiting.join().unwrap().unwrap();
        });
        drop(leaving);
        fs::write(&volume, [0; 10]).unwrap();
        let reopened = Spool::open(root, 10).unwrap();
        assert_eq!(reopened.wait_for_room(&cancel), Err(NoRoom::Full));
    }

    #[test]
    fn what_another_process_has_left_in_the_spool_counts_for_the_next_run() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Spool::open(directory.path().join("spool"), 10).unwrap();
        let (one, other) = (open(), open());
        let waiting = CollectionId(Uuid::from_u128(1));
        let volume = other.volume_path(waiting, Uuid::nil()).unwrap();
        fs::write(volume, [0; 10]).unwrap();
        other.add(10);
        let mine = CollectionId(Uuid::from_u128(2));
        one.remove_strays(mine, []).unwrap();
        let cancel = AtomicBool::new(false);
        assert_eq!(one.wait_for_room(&cancel), Err(NoRoom::Full));
        one.remove_collection(waiting).unwrap();
        assert_eq!(one.wait_for_room(&cancel), Ok(()));
    }

    #[test]
    fn what_else_lies_in_the_spool_is_neither_counted_nor_in_the_way() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("spool");
        fs::create_dir_all(root.join("lost+found")).unwrap();
        fs::write(root.join("lost+found/#12"), [0; 10]).unwrap();
        fs::write(root.join("note.txt"), [0; 10]).unwrap();
        let spool = Spool::open(root, 10).unwrap();
        assert_eq!(spool.wait_for_room(&AtomicBool::new(false)), Ok(()));
    }
}
