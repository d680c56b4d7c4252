//! One thing that a source yields, small enough that a million of them can be planned.
//!
//! The files of a directory share what they have in common, and the texts that people and bundles
//! see are made when they are asked for.

use std::ffi::OsStr;
use std::num::NonZeroI64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::SourceKind;

use super::name;
use crate::window::Dating;

/// One thing that a source yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Bytes to read, as far as they are known ahead: a file's size, compressed or not.
    pub planned_bytes: u64,
    pub modified_at: Option<DateTime<Utc>>,
    pub how: ItemHow,
}

/// What is needed to open an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemHow {
    File(FileItem),
    Journal {
        unit: String,
        directory: Option<PathBuf>,
    },
    Command {
        name: String,
        run: Vec<String>,
        timeout: Duration,
    },
}

/// A file as the plan met it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileItem {
    pub folder: Arc<Folder>,
    pub name: Box<OsStr>,
    /// Where the link lies that led to it.
    pub link: Option<Box<Path>>,
    pub identity: Identity,
    /// How long it was.
    pub bytes: u64,
    pub packing: Packing,
    /// A file lies beside it that would have the same name in the bundle.
    pub has_rival: bool,
}

/// What the files of one directory share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Directory that the configuration names, without links.
    pub root: Arc<Path>,
    /// The same as it is configured.
    pub root_as_named: Arc<Path>,
    /// The directory below the root, without links.
    pub below: PathBuf,
    /// How their stamps are meant.
    pub dating: Dating,
    /// What is no text is taken too, as it is.
    pub takes_binary: bool,
    /// When the walk that met it began.
    pub planned_at: DateTime<Utc>,
}

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub device: u64,
    pub inode: u64,
    /// In microseconds since 1970, where births are recorded: numbers of removed files are given to
    /// new ones.
    pub born: Option<NonZeroI64>,
}

/// How a file's bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Plain,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

impl Item {
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        match self.how {
            ItemHow::File(_) => SourceKind::Files,
            ItemHow::Journal { .. } => SourceKind::Journal,
            ItemHow::Command { .. } => SourceKind::Command,
        }
    }

    /// For people: a path, a unit, a command's name.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.how {
            ItemHow::File(file) => file.seen_as().to_string_lossy().into_owned(),
            ItemHow::Journal { unit, .. } => unit.clone(),
            ItemHow::Command { name, .. } => name.clone(),
        }
    }

    /// Which file it is, for the store: the same after it was renamed, and after a restart. `None`
    /// where births are not recorded: a new file may have got a removed one's number.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        let ItemHow::File(file) = &self.how else {
            return None;
        };
        let Identity {
            device,
            inode,
            born,
        } = file.identity;
        Some(format!("{device}:{inode}:{}", born?))
    }

    /// Path within the zip. Unique for what it names, and safe to unpack.
    #[must_use]
    pub fn entry_name(&self) -> String {
        match &self.how {
            ItemHow::File(file) => name::file_entry(&file.seen_as(), file.packing, file.has_rival),
            ItemHow::Journal { unit, .. } => name::journal_entry(unit),
            ItemHow::Command { name, .. } => name::command_entry(name),
        }
    }

    /// The path within the zip if this were its label. Other items may have the same.
    #[must_use]
    pub fn entry_called(&self, label: &str) -> String {
        match &self.how {
            ItemHow::File(file) => name::file_entry(Path::new(label), file.packing, file.has_rival),
            ItemHow::Journal { .. } => name::journal_entry(label),
            ItemHow::Command { .. } => name::command_entry(label),
        }
    }
}

impl FileItem {
    /// Named as rotation names what it puts aside: packed, or with a number or date at its end.
    pub fn is_rotated(&self) -> bool {
        let name = self.name.to_string_lossy();
        let end = name.rsplit(['.', '-', '_']).next().unwrap_or_default();
        let is_numbered = end.len() < name.len() && end.bytes().all(|byte| byte.is_ascii_digit());
        self.packing != Packing::Plain || is_numbered && !end.is_empty() || end == "old"
    }

    /// The path by which the configuration reaches it.
    pub fn seen_as(&self) -> PathBuf {
        match &self.link {
            Some(link) => link.to_path_buf(),
            None => (self.folder.root_as_named.join(&self.folder.below)).join(&*self.name),
        }
    }

    /// The directory that it lies in, without links.
    pub fn directory(&self) -> PathBuf {
        self.folder.root.join(&self.folder.below)
    }

    /// Its path below the root, without links.
    pub fn below(&self) -> PathBuf {
        self.folder.below.join(&*self.name)
    }
}

/// Leaves each thing once. Of several names of one file (hard links, links, globs that overlap)
/// one that is no link wins, then the first by alphabet; of several sources, the first.
pub fn once_each(items: &mut Vec<Item>) {
    items.sort_by(|one, other| {
        let what = key(one).cmp(&key(other));
        what.then_with(|| match (&one.how, &other.how) {
            (ItemHow::File(file), ItemHow::File(twin)) => {
                (file.link.is_some(), file.seen_as()).cmp(&(twin.link.is_some(), twin.seen_as()))
            }
            _ => std::cmp::Ordering::Equal,
        })
    });
    items.dedup_by(|later, earlier| key(later) == key(earlier));
}

/// Newest first, so that what matters most is read before it is rotated away.
pub fn newest_first(items: &mut [Item]) {
    items.sort_by(|one, other| {
        (other.modified_at.cmp(&one.modified_at)).then_with(|| one.label().cmp(&other.label()))
    });
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'i> {
    File(Identity),
    Unit(&'i str),
    Command(&'i str),
}

fn key(item: &Item) -> Key<'_> {
    match &item.how {
        ItemHow::File(file) => Key::File(file.identity),
        ItemHow::Journal { unit, .. } => Key::Unit(unit),
        ItemHow::Command { name, .. } => Key::Command(name),
    }
}
