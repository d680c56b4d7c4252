//! Files by globs: which there are.
//!
//! The walk follows no links. A link that matches is taken where its target lies below the
//! directory that the glob names without wildcards; the target is then what is opened. A file that
//! several globs, links or hard links reach is taken once. A plan may have a million files, so an
//! item keeps little more than its file's name, and nothing else is kept of it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::num::NonZeroI64;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use domain::{Reason, Window};
use walkdir::WalkDir;

use super::item::{Folder, Identity};
use super::pattern::{Matches, Pattern};
use super::{FileItem, Item, ItemHow, Packing, Plan, once_each, reason};
use crate::window::Dating;

pub fn plan(
    globs: &[String],
    window: &Window,
    dating: Dating,
    takes_binary: bool,
    cancel: &AtomicBool,
) -> Plan {
    let mut survey = Survey {
        since: window.start(),
        dating,
        takes_binary,
        planned_at: Utc::now(),
        cancel,
        items: Vec::new(),
        missing: BTreeMap::new(),
        has_met: false,
    };
    for glob in globs {
        match Pattern::parse(glob) {
            Ok(pattern) => survey.look(&pattern),
            Err(detail) => survey.miss(Path::new(glob), Reason::Unreadable { detail }),
        }
    }
    // a mistyped path must not look like a quiet hour
    if !survey.has_met && survey.missing.is_empty() {
        for glob in globs {
            survey.miss(Path::new(glob), Reason::NotFound);
        }
    }
    survey.into_plan()
}

/// What the globs have met so far.
struct Survey<'c> {
    since: DateTime<Utc>,
    dating: Dating,
    takes_binary: bool,
    planned_at: DateTime<Utc>,
    cancel: &'c AtomicBool,
    /// Some of them more than once.
    items: Vec<Item>,
    missing: BTreeMap<String, Reason>,
    /// Whether anything matched, in the window or not.
    has_met: bool,
}

/// Where a glob's walk begins.
struct Root {
    /// Without links.
    path: Arc<Path>,
    as_named: Arc<Path>,
}

impl Survey<'_> {
    fn look(&mut self, pattern: &Pattern) {
        let root = match fs::canonicalize(&pattern.root) {
            Ok(root) => Root {
                path: root.into(),
                as_named: pattern.root.as_path().into(),
            },
            Err(error) => {
                return match &pattern.matches {
                    Matches::Literal(path) => self.miss(path, reason(&error)),
                    // of several globs some may match nothing
                    Matches::Glob { .. } if error.kind() == io::ErrorKind::NotFound => {}
                    Matches::Glob { .. } => self.miss(&pattern.root, reason(&error)),
                };
            }
        };
        match &pattern.matches {
            Matches::Literal(path) => match fs::symlink_metadata(path) {
                Ok(metadata) if metadata.is_dir() => self.miss(path, Reason::NotARegularFile),
                Ok(metadata) => self.meet(&root, path, &metadata),
                Err(error) => self.miss(path, reason(&error)),
            },
            Matches::Glob { matcher, depth } => {
                let walk = WalkDir::new(&pattern.root)
                    .min_depth(1)
                    .max_depth(depth.unwrap_or(usize::MAX));
                for entry in walk {
                    if self.cancel.load(Ordering::Relaxed) {
                        return;
                    }
                    match entry {
                        Ok(entry) if entry.file_type().is_dir() => {}
                        Ok(entry) if !matcher.is_match(entry.path()) => {}
                        Ok(entry) => match entry.metadata() {
                            Ok(metadata) => {
                                self.meet(&root, entry.path(), &metadata);
                            }
                            Err(error) => self.miss_entry(&error),
                        },
                        Err(error) => self.miss_entry(&error),
                    }
                }
            }
        }
    }

    /// Takes what matches a glob.
    fn meet(&mut self, root: &Root, path: &Path, metadata: &Metadata) {
        self.has_met = true;
        if !metadata.is_symlink() {
            let below = path.strip_prefix(&root.as_named).unwrap_or(path);
            return self.take(root, below, path, metadata, None);
        }
        let target = fs::canonicalize(path)
            .and_then(|target| fs::symlink_metadata(&target).map(|metadata| (target, metadata)));
        match target {
            Ok((_, metadata)) if metadata.is_dir() => {}
            Ok((target, metadata)) => match target.strip_prefix(&root.path) {
                Ok(below) => self.take(root, below, path, &metadata, Some(path)),
                Err(_) => self.miss(path, Reason::LeadsElsewhere),
            },
            Err(error) => self.miss(path, reason(&error)),
        }
    }

    /// Takes the file `below` the root, which is known as `path`.
    fn take(
        &mut self,
        root: &Root,
        below: &Path,
        path: &Path,
        metadata: &Metadata,
        link: Option<&Path>,
    ) {
        let name = match below.file_name() {
            Some(name) if metadata.is_file() => name,
            _ => return self.miss(path, Reason::NotARegularFile),
        };
        let modified_at: Option<DateTime<Utc>> = metadata.modified().ok().map(DateTime::from);
        if modified_at.is_some_and(|at| at < self.since) {
            return;
        }
        let packing = Packing::of(below);
        self.items.push(Item {
            planned_bytes: metadata.len(),
            modified_at,
            how: ItemHow::File(FileItem {
                folder: self.folder(root, below.parent().unwrap_or(Path::new(""))),
                name: name.into(),
                link: link.map(Into::into),
                identity: Identity::of(metadata),
                bytes: metadata.len(),
                packing,
                has_rival: has_rival(path, packing),
            }),
        });
    }

    /// The directory of a file, shared with the file before it where that lies there too.
    fn folder(&self, root: &Root, below: &Path) -> Arc<Folder> {
        if let Some(ItemHow::File(last)) = self.items.last().map(|item| &item.how)
            && last.folder.below == below
            && last.folder.root == root.path
            && last.folder.root_as_named == root.as_named
        {
            return Arc::clone(&last.folder);
        }
        Arc::new(Folder {
            root: Arc::clone(&root.path),
            root_as_named: Arc::clone(&root.as_named),
            below: below.to_owned(),
            dating: self.dating.clone(),
            takes_binary: self.takes_binary,
            planned_at: self.planned_at,
        })
    }

    fn miss(&mut self, path: &Path, reason: Reason) {
        self.missing
            .insert(path.to_string_lossy().into_owned(), reason);
    }

    fn miss_entry(&mut self, error: &walkdir::Error) {
        let path = error.path().unwrap_or(Path::new("/"));
        match error.io_error() {
            // gone since its directory was listed: it was not there
            Some(error) if error.kind() == io::ErrorKind::NotFound => {}
            Some(error) => self.miss(path, reason(error)),
            None => self.miss(path, Reason::NotARegularFile),
        }
    }

    fn into_plan(mut self) -> Plan {
        once_each(&mut self.items);
        Plan {
            items: self.items,
            missing: self.missing.into_iter().collect(),
        }
    }
}

impl Identity {
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            born: (metadata.created().ok())
                .and_then(|born| NonZeroI64::new(DateTime::<Utc>::from(born).timestamp_micros())),
        }
    }
}

/// Whether a file lies beside it that would have the same name in the bundle, and comes before it.
/// One whose ending is not written in small letters always steps back.
fn has_rival(path: &Path, packing: Packing) -> bool {
    let Some(ending) = Packing::PACKED.iter().position(|packed| *packed == packing) else {
        return false;
    };
    let name = path.as_os_str().as_bytes();
    let (stem, written) = name.split_at(name.len().saturating_sub(packing.ending().len()));
    written != packing.ending().as_bytes()
        || std::iter::once(&Packing::Plain)
            .chain(&Packing::PACKED[..ending])
            .any(|rival| {
                let beside = [stem, rival.ending().as_bytes()].concat();
                fs::symlink_metadata(OsStr::from_bytes(&beside)).is_ok()
            })
}
