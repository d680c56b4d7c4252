//! A directory on this machine: blocks go into a hidden file beside the final one, which is flushed
//! to the disk and renamed, so that a file of the final name is always whole.
//!
//! Where spool and directory share a file system, the hidden file is a second name of the volume in
//! the spool: then nothing is written twice.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    BLOCK_BYTES, BlockId, Commit, DestinationError, DestinationResult, Discarded, FailureKind,
};
use crate::secrets::to_hex;

#[derive(Clone, Debug)]
pub struct LocalDirectory {
    root: PathBuf,
}

impl LocalDirectory {
    #[must_use]
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub async fn preflight(&self) -> DestinationResult<()> {
        let root = self.root.clone();
        blocking(move || {
            make_directory(&root)?;
            let probe = root.join(format!(".help-support-{}", Uuid::new_v4().simple()));
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&probe)?;
            fs::remove_file(&probe)
        })
        .await
        .map_err(|error| self.explain(&error))
    }

    pub async fn stage(&self, path: &str, id: BlockId, bytes: Bytes) -> DestinationResult<()> {
        let staged = self.staged(path, id.volume);
        blocking(move || {
            if let Some(parent) = staged.parent() {
                make_directory(parent)?;
            }
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&staged)?;
            file.write_all_at(&bytes, u64::from(id.number) * BLOCK_BYTES)?;
            // the ledger is about to say that it is there
            file.sync_data()
        })
        .await
        .map_err(|error| self.explain(&error))
    }

    pub async fn commit(&self, commit: &Commit<'_>) -> DestinationResult<()> {
        let (staged, path) = (
            self.staged(commit.path, commit.volume),
            self.root.join(commit.path),
        );
        let (size_bytes, sha256) = (commit.size_bytes, commit.sha256.to_owned());
        blocking(move || {
            let mut file = match OpenOptions::new().read(true).write(true).open(&staged) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && path.exists() => {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                opened => opened?,
            };
            file.set_len(size_bytes)?;
            // somebody may have removed or changed it between two blocks
            if hash(&mut file)? != sha256 {
                fs::remove_file(&staged)?;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            file.sync_all()?;
            rename_without_overwriting(&staged, &path)?;
            sync_parent(&path)
        })
        .await
        .map_err(|error| self.explain_commit(&error))
    }

    /// Gives a volume's file, which may still grow, its hidden second name; `false` where it cannot
    /// have one, as on another file system, or where an earlier run had to copy: that copy stays, and
    /// is gone on with from the ledger. Repeating it is harmless.
    pub async fn adopt(&self, path: &str, volume: Uuid, file: &Path) -> DestinationResult<bool> {
        let (staged, file) = (self.staged(path, volume), file.to_owned());
        blocking(move || {
            if let Some(parent) = staged.parent() {
                make_directory(parent)?;
            }
            if is_same_file(&staged, &file)? {
                return Ok(true);
            }
            // whatever is in the way of a link, copying does without it or says what is wrong
            Ok(fs::hard_link(&file, &staged).is_ok())
        })
        .await
        .map_err(|error| self.explain(&error))
    }

    /// Makes an adopted volume visible, as [`commit`](Self::commit) does. Its file must be on the
    /// disk already.
    pub async fn publish(&self, commit: &Commit<'_>, file: &Path) -> DestinationResult<()> {
        let (staged, path, file) = (
            self.staged(commit.path, commit.volume),
            self.root.join(commit.path),
            file.to_owned(),
        );
        blocking(move || {
            if is_same_file(&path, &file)? {
                // an earlier call came so far
                remove(&staged)?;
            } else if is_same_file(&staged, &file)? {
                rename_without_overwriting(&staged, &path)?;
            } else {
                return Err(io::ErrorKind::NotFound.into());
            }
            sync_parent(&path)
        })
        .await
        .map_err(|error| self.explain_commit(&error))
    }

    pub async fn holds(&self, commit: &Commit<'_>) -> DestinationResult<bool> {
        let (path, sha256) = (self.root.join(commit.path), commit.sha256.to_owned());
        blocking(move || {
            let mut file = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                opened => opened?,
            };
            Ok(hash(&mut file)? == sha256)
        })
        .await
        .map_err(|error| self.explain(&error))
    }

    /// Removes volumes, whole or half, and directories that became empty by it.
    pub async fn discard(&self, volumes: &[Discarded]) -> DestinationResult<()> {
        let root = self.root.clone();
        let files: Vec<PathBuf> = volumes
            .iter()
            .flat_map(|gone| {
                [
                    self.staged(&gone.path, gone.volume),
                    self.root.join(&gone.path),
                ]
            })
            .collect();
        blocking(move || {
            for file in &files {
                remove(file)?;
                for parent in file
                    .ancestors()
                    .skip(1)
                    .take_while(|parent| *parent != root)
                {
                    if fs::remove_dir(parent).is_err() {
                        break;
                    }
                }
            }
            Ok(())
        })
        .await
        .map_err(|error| self.explain(&error))
    }

    /// Removes what was staged of a volume that will never be committed.
    pub async fn forget(&self, path: &str, volume: Uuid) -> DestinationResult<()> {
        let staged = self.staged(path, volume);
        blocking(move || remove(&staged))
            .await
            .map_err(|error| self.explain(&error))
    }

    fn staged(&self, path: &str, volume: Uuid) -> PathBuf {
        let path = self.root.join(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.with_file_name(format!(".{name}.{}.part", volume.simple()))
    }

    fn explain_commit(&self, error: &io::Error) -> DestinationError {
        match error.kind() {
            io::ErrorKind::AlreadyExists => DestinationError::new(
                FailureKind::AlreadyExists,
                "there is already a file of that name",
            ),
            io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => DestinationError::new(
                FailureKind::BlocksLost,
                "the unfinished file has been removed",
            ),
            _ => self.explain(error),
        }
    }

    fn explain(&self, error: &io::Error) -> DestinationError {
        let root = self.root.display();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                DestinationError::new(
                    FailureKind::Refused,
                    format!("the directory {root} cannot be written to; change its permissions"),
                )
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DestinationError::new(
                FailureKind::Refused,
                format!("the disk of {root} is full; make room on it"),
            ),
            io::ErrorKind::NotFound => DestinationError::new(
                FailureKind::Refused,
                format!("the directory {root} cannot be made; choose another one"),
            ),
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => DestinationError::new(
                FailureKind::Refused,
                format!("{root} is not a directory; choose another one"),
            ),
            _ => DestinationError::new(
                FailureKind::Unreachable,
                format!("the directory {root} cannot be used: {error}"),
            ),
        }
    }
}

/// Whether both names exist and stand for one file.
fn is_same_file(one: &Path, other: &Path) -> io::Result<bool> {
    match (fs::symlink_metadata(one), fs::symlink_metadata(other)) {
        (Err(error), _) | (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        (one, other) => {
            let (one, other) = (one?, other?);
            Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
        }
    }
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The name of a file is on the disk only once its directory is.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// The SHA-256 of a file from where it stands, in hexadecimal.
fn hash(file: &mut File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 256 * 1024];
    loop {
        match io::Read::read(file, &mut chunk)? {
            0 => return Ok(to_hex(&hasher.finalize())),
            read => hasher.update(&chunk[..read]),
        }
    }
}

/// Bundles are for the operator alone.
fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Some file systems cannot rename without overwriting; there the check comes just before.
fn rename_without_overwriting(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            if to.exists() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        renamed => Ok(renamed?),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "stack/day/Storage.zip";

    struct Volume {
        directory: tempfile::TempDir,
        file: PathBuf,
        id: Uuid,
    }

    impl Volume {
        fn new() -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            let file = directory.path().join("volume");
            fs::write(&file, b"packed").expect("a volume");
            Self {
                directory,
                file,
                id: Uuid::nil(),
            }
        }

        fn destination(&self) -> LocalDirectory {
            LocalDirectory::new(self.directory.path().join("bundles"))
        }

        /// All files below the destination, by name.
        fn delivered(&self) -> Vec<String> {
            let day = self.directory.path().join("bundles/stack/day");
            let name = |entry: io::Result<fs::DirEntry>| {
                let name = entry.expect("an entry").file_name();
                name.into_string().expect("text")
            };
            fs::read_dir(day).expect("a directory").map(name).collect()
        }

        fn commit(&self) -> Commit<'static> {
            Commit {
                path: PATH,
                volume: self.id,
                blocks: 1,
                size_bytes: 6,
                sha256: "not looked at",
                content_type: "application/zip",
            }
        }
    }

    #[tokio::test]
    async fn a_volume_on_the_same_file_system_is_not_written_again() {
        let volume = Volume::new();
        let destination = volume.destination();
        for _ in 0..2 {
            // the second time is that of a run after a sudden end
            assert_eq!(
                destination.adopt(PATH, volume.id, &volume.file).await,
                Ok(true)
            );
            // it may have grown meanwhile
            fs::write(&volume.file, b"packed").expect("a volume");
            let published = destination.publish(&volume.commit(), &volume.file).await;
            assert_eq!(published, Ok(()));
            assert_eq!(volume.delivered(), ["Storage.zip"]);
        }
        fs::remove_file(&volume.file).expect("the spool's name");
        let delivered = volume.directory.path().join("bundles").join(PATH);
        assert_eq!(fs::read(delivered).expect("the volume"), b"packed");
    }

    #[tokio::test]
    async fn what_has_the_name_already_is_not_replaced() {
        let volume = Volume::new();
        let destination = volume.destination();
        let adopted = destination.adopt(PATH, volume.id, &volume.file).await;
        assert_eq!(adopted, Ok(true));
        let taken = volume.directory.path().join("bundles").join(PATH);
        fs::write(&taken, b"other").expect("a file");
        let published = destination.publish(&volume.commit(), &volume.file).await;
        let kind = published.expect_err("a refusal").kind;
        assert_eq!(kind, FailureKind::AlreadyExists);
        assert_eq!(fs::read(&taken).expect("the file"), b"other");
    }

    #[tokio::test]
    async fn a_copy_that_an_earlier_run_began_is_gone_on_with() {
        let volume = Volume::new();
        let destination = volume.destination();
        let id = BlockId {
            volume: volume.id,
            number: 0,
        };
        let staged = destination.stage(PATH, id, Bytes::from_static(b"packed"));
        assert_eq!(staged.await, Ok(()));
        for file in [&volume.file, Path::new("/proc/version")] {
            let adopted = destination.adopt(PATH, volume.id, file).await;
            assert_eq!(adopted, Ok(false));
        }
        let sha256 = to_hex(&Sha256::digest(b"packed"));
        let commit = Commit {
            sha256: &sha256,
            ..volume.commit()
        };
        assert_eq!(destination.commit(&commit).await, Ok(()));
        let delivered = volume.directory.path().join("bundles").join(PATH);
        assert_eq!(fs::read(delivered).expect("the volume"), b"packed");
    }

    #[tokio::test]
    async fn a_volume_on_another_file_system_is_copied() {
        let volume = Volume::new();
        // always there and never that of a temporary directory
        let adopted = volume
            .destination()
            .adopt(PATH, volume.id, Path::new("/proc/version"))
            .await;
        assert_eq!(adopted, Ok(false));
        assert!(volume.delivered().is_empty());
    }

    #[tokio::test]
    async fn an_adopted_volume_whose_second_name_is_gone_counts_as_lost() {
        let volume = Volume::new();
        let destination = volume.destination();
        let adopted = destination.adopt(PATH, volume.id, &volume.file).await;
        assert_eq!(adopted, Ok(true));
        let forgotten = destination.forget(PATH, volume.id).await;
        assert_eq!(forgotten, Ok(()));
        let published = destination.publish(&volume.commit(), &volume.file).await;
        let kind = published.expect_err("a loss").kind;
        assert_eq!(kind, FailureKind::BlocksLost);
    }
}
