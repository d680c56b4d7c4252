//! Opening what the plan met, wherever it is by now.
//!
//! Logs are rotated while a collection runs: `app.log` becomes `app.log.1`, and that `app.log.2`.
//! Each item holds the identity of its file, so it is read from where it lies now, and what has
//! taken its place belongs to another item. Nothing is lost and nothing is read twice.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::DirEntryExt;
use std::path::Path;

use chrono::{DateTime, Utc};
use domain::Reason;

use super::item::Identity;
use super::{FileItem, open};

/// So many names of a directory are looked through for a file that was renamed.
const NAMES: usize = 20_000;

#[derive(Debug)]
pub struct Opened {
    pub file: File,
    pub metadata: Metadata,
    /// The file of the plan is gone, and a newer one is in its place.
    pub is_another: bool,
}

/// # Errors
/// Why it cannot be read. `Vanished`: it is gone, and what is in its place is another item's.
pub fn open_planned(item: &FileItem) -> Result<Opened, Reason> {
    let here = open_below(item, &item.below());
    match here {
        Ok(opened) if is_planned(item, &opened.metadata) => Ok(opened),
        Err(reason) if reason != Reason::Vanished => Err(reason),
        here => match renamed(item) {
            Some(opened) => Ok(opened),
            None => match here? {
                // under a rotated name may lie what was already read under the first one
                opened if is_new(item, &opened.metadata) && !item.is_rotated() => Ok(Opened {
                    is_another: true,
                    ..opened
                }),
                _ => Err(Reason::Vanished),
            },
        },
    }
}

fn open_below(item: &FileItem, below: &Path) -> Result<Opened, Reason> {
    let (file, metadata) = open::open(&item.folder.root, below)?;
    Ok(Opened {
        file,
        metadata,
        is_another: false,
    })
}

fn is_planned(item: &FileItem, metadata: &Metadata) -> bool {
    Identity::of(metadata) == item.identity
}

/// Whether it was born after the plan, and so is in no plan. Where births are not recorded none is.
fn is_new(item: &FileItem, metadata: &Metadata) -> bool {
    metadata
        .created()
        .is_ok_and(|born| DateTime::<Utc>::from(born) > item.folder.planned_at)
}

/// The planned file under another name of its directory.
fn renamed(item: &FileItem) -> Option<Opened> {
    let entries = fs::read_dir(item.directory()).ok()?;
    (entries.take(NAMES).flatten())
        .filter(|entry| entry.ino() == item.identity.inode)
        .filter_map(|entry| open_below(item, &item.folder.below.join(entry.file_name())).ok())
        .find(|opened| is_planned(item, &opened.metadata))
}
