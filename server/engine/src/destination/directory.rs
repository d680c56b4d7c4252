//! A directory on this machine: blocks go into a hidden file beside the final one, which is flushed
//! to the disk and renamed, so that a file of the final name is always whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
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
            match path.parent() {
                Some(parent) => File::open(parent)?.sync_all(),
                None => Ok(()),
            }
        })
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => DestinationError::new(
                FailureKind::AlreadyExists,
                "there is already a file of that name",
            ),
            io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => DestinationError::new(
                FailureKind::BlocksLost,
                "the unfinished file has been removed",
            ),
            _ => self.explain(&error),
        })
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
                match fs::remove_file(file) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
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
        blocking(move || match fs::remove_file(staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
        .map_err(|error| self.explain(&error))
    }

    fn staged(&self, path: &str, volume: Uuid) -> PathBuf {
        let path = self.root.join(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.with_file_name(format!(".{name}.{}.part", volume.simple()))
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
