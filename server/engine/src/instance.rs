//! Processes that share a data directory: who is alive, and whose turn it is.
//!
//! Both are file locks, which the kernel lets go when a process ends, however it ends. So a
//! collection whose process was killed is seen at once to have no owner, without any time-out.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// This process, seen from others.
#[derive(Debug)]
pub struct Instance {
    id: Uuid,
    directory: PathBuf,
    /// Held as long as the process lives.
    _life: File,
}

/// The right to run a collection: one at a time over all processes.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

/// Held by a process that runs whatever is queued.
#[derive(Debug)]
pub struct Serving {
    _lock: File,
}

impl Instance {
    pub fn register(data_directory: &Path) -> io::Result<Self> {
        let directory = data_directory.join("run");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        // one after the other: a file that is not locked yet would pass for a dead one's
        let registering = open_lock(&directory.join("registering"))?;
        registering.lock()?;
        remove_dead(&directory)?;
        let id = Uuid::new_v4();
        let life = open_lock(&directory.join(id.to_string()))?;
        life.try_lock()?;
        Ok(Self {
            id,
            directory,
            _life: life,
        })
    }

    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Whether the process that registered as `other` still runs.
    pub fn is_alive(&self, other: Uuid) -> io::Result<bool> {
        if other == self.id {
            return Ok(true);
        }
        match File::open(self.directory.join(other.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            file => is_locked(&file?),
        }
    }

    /// Says to others, as long as what it answers lives, that this process runs whatever is queued.
    /// `None` where another one says so already.
    pub fn serve(&self) -> io::Result<Option<Serving>> {
        let lock = open_lock(&self.directory.join("serving"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Serving { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether any process runs whatever is queued.
    pub fn is_served(&self) -> io::Result<bool> {
        is_locked(&open_lock(&self.directory.join("serving"))?)
    }

    /// Takes the turn, where no other process has it.
    pub fn try_turn(&self) -> io::Result<Option<Turn>> {
        let lock = open_lock(&self.directory.join("turn"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Turn { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // a file that stays is removed by the next process
        let _ = fs::remove_file(self.directory.join(self.id.to_string()));
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

fn is_locked(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => {
            file.unlock()?;
            Ok(false)
        }
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn remove_dead(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_instance = entry
            .file_name()
            .to_str()
            .is_some_and(|name| Uuid::parse_str(name).is_ok());
        let file = match File::open(entry.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?,
        };
        if is_instance && !is_locked(&file)? {
            // another process may be removing it too
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_alive_until_it_ends_and_turns_exclude_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let one = Instance::register(directory.path()).unwrap();
        let two = Instance::register(directory.path()).unwrap();
        let id = two.id();
        assert!(one.is_alive(id).unwrap());
        let turn = two.try_turn().unwrap().unwrap();
        assert!(one.try_turn().unwrap().is_none());
        assert!(!one.is_served().unwrap());
        let serving = two.serve().unwrap().unwrap();
        assert!(one.is_served().unwrap() && one.serve().unwrap().is_none());
        drop((turn, two, serving));
        assert!(!one.is_served().unwrap());
        assert!(one.try_turn().unwrap().is_some());
        assert!(!one.is_alive(id).unwrap());
    }

    #[test]
    fn processes_that_start_at_once_all_begin_and_none_takes_another_for_dead() {
        let directory = tempfile::tempdir().unwrap();
        let start = || {
            for _ in 0..50 {
                let instance = Instance::register(directory.path()).unwrap();
                let life = instance.directory.join(instance.id.to_string());
                assert!(life.exists(), "it was removed as that of a dead one");
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(start);
            }
        });
    }
}
