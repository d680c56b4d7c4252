//! Where bundles go: an Azure blob container or a directory, behind one small face.
//!
//! A blob is staged in blocks and becomes visible, whole, when the list of its blocks is committed.
//! A directory does the same with a hidden file that is renamed at the end, or takes the volume's own
//! file under a second name where it can. Every failure is said
//! in plain words and sorted by what helps against it; none holds a URL.

mod azure;
mod directory;
mod explain;
mod transport;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use uuid::Uuid;

pub use azure::AzureContainer;
pub use directory::LocalDirectory;
pub use transport::{Transport, TransportError, check_authorities};

/// Bytes of a block. The last one of a blob may be shorter.
pub const BLOCK_BYTES: u64 = 8 * 1024 * 1024;

/// What helps against a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Nobody answers: wait.
    Unreachable,
    /// It asks for patience: wait.
    Busy,
    /// It says no to whoever asks: another SAS URL, or a hand at the destination.
    Refused,
    /// There is already something of that name.
    AlreadyExists,
    /// Blocks that were staged are gone: stage them again.
    BlocksLost,
    /// Nothing helps.
    Fatal,
}

/// Why the destination did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct DestinationError {
    pub kind: FailureKind,
    /// In plain words for people; holds no secret.
    pub detail: String,
    /// The wait that the service asked for.
    pub retry_after: Option<Duration>,
}

impl DestinationError {
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            retry_after: None,
        }
    }
}

pub type DestinationResult<T> = Result<T, DestinationError>;

/// Names one block of one volume. Ids of a blob are of equal length, as the service demands, and
/// belong to one volume, so that blocks of an earlier, discarded try are never taken for its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockId {
    pub volume: Uuid,
    pub number: u32,
}

impl BlockId {
    fn bytes(self) -> Vec<u8> {
        format!("{}-{:06}", self.volume.simple(), self.number).into_bytes()
    }
}

/// A volume that is ready to be committed.
#[derive(Clone, Debug)]
pub struct Commit<'a> {
    /// Path below the container or directory.
    pub path: &'a str,
    pub volume: Uuid,
    pub blocks: u32,
    pub size_bytes: u64,
    /// SHA-256 in hexadecimal; kept as metadata of a blob.
    pub sha256: &'a str,
    pub content_type: &'static str,
}

/// A volume that is not to be there.
#[derive(Clone, Debug)]
pub struct Discarded {
    /// Path below the container or directory.
    pub path: String,
    pub volume: Uuid,
    /// It may have become visible.
    pub committed: bool,
}

/// A place that takes bundles.
#[derive(Clone, Debug)]
pub enum Destination {
    Azure(AzureContainer),
    Directory(LocalDirectory),
}

impl Destination {
    /// Proves, before anything is read, that bundles can be written, and leaves nothing visible.
    pub async fn preflight(&self, folder: &str) -> DestinationResult<()> {
        match self {
            Self::Azure(container) => container.preflight(folder).await,
            Self::Directory(directory) => directory.preflight().await,
        }
    }

    /// Hands over one block; repeating it is harmless.
    pub async fn stage(&self, path: &str, id: BlockId, bytes: Bytes) -> DestinationResult<()> {
        match self {
            Self::Azure(container) => container.stage(path, id, bytes).await,
            Self::Directory(directory) => directory.stage(path, id, bytes).await,
        }
    }

    /// Takes a volume by its file instead of by blocks, once and for all; `false` where only blocks
    /// will do. Repeating it is harmless.
    pub async fn adopt(&self, path: &str, volume: Uuid, file: &Path) -> DestinationResult<bool> {
        match self {
            Self::Azure(_) => Ok(false),
            Self::Directory(directory) => directory.adopt(path, volume, file).await,
        }
    }

    /// Makes an adopted volume visible, under the same conditions as [`commit`](Self::commit).
    /// `BlocksLost` where it is not adopted any more.
    pub async fn publish(&self, commit: &Commit<'_>, file: &Path) -> DestinationResult<()> {
        match self {
            Self::Azure(_) => Err(DestinationError::new(
                FailureKind::BlocksLost,
                "another destination has taken the volume's place",
            )),
            Self::Directory(directory) => directory.publish(commit, file).await,
        }
    }

    /// Makes a volume visible. Nothing is overwritten: `AlreadyExists` where its name is taken.
    pub async fn commit(&self, commit: &Commit<'_>) -> DestinationResult<()> {
        match self {
            Self::Azure(container) => container.commit(commit).await,
            Self::Directory(directory) => directory.commit(commit).await,
        }
    }

    /// Whether what lies at the commit's path is this very volume; `None` where nobody may look.
    pub async fn holds(&self, commit: &Commit<'_>) -> DestinationResult<Option<bool>> {
        match self {
            Self::Azure(container) => container.holds(commit).await,
            Self::Directory(directory) => directory.holds(commit).await.map(Some),
        }
    }

    /// Removes what a cancelled run has left, as far as it may; answers whether all is gone.
    pub async fn discard(&self, volumes: &[Discarded]) -> DestinationResult<bool> {
        match self {
            Self::Azure(container) => container.discard(volumes).await,
            Self::Directory(directory) => directory.discard(volumes).await.map(|()| true),
        }
    }

    /// Lets go of the blocks of a volume that will never be committed. The blob service does so by
    /// itself, after a week.
    pub async fn forget(&self, path: &str, volume: Uuid) -> DestinationResult<()> {
        match self {
            Self::Azure(_) => Ok(()),
            Self::Directory(directory) => directory.forget(path, volume).await,
        }
    }
}
