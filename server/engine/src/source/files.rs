//! Files by globs: which there are.
//!
//! The walk follows no links. A link that matches is taken where its target lies below the
//! directory that the glob names without wildcards; the target is then what is opened, and a file
//! that several globs or links reach is taken once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{Reason, SourceKind, Window};
use walkdir::WalkDir;

use super::pattern::{Matches, Pattern};
use super::{Item, ItemHow, Packing, Plan, name, reason};

pub fn plan(globs: &[String], window: &Window, zone: Tz) -> Plan {
    let mut survey = Survey {
        since: window.start(),
        zone,
        found: HashMap::new(),
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
struct Survey {
    since: DateTime<Utc>,
    zone: Tz,
    /// By the path that is opened.
    found: HashMap<PathBuf, Found>,
    missing: BTreeMap<String, Reason>,
    /// Whether anything matched, in the window or not.
    has_met: bool,
}

struct Found {
    item: Item,
    is_link: bool,
}

impl Survey {
    fn look(&mut self, pattern: &Pattern) {
        let root = match fs::canonicalize(&pattern.root) {
            Ok(root) => root,
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
                Ok(metadata) => self.meet(&root, &pattern.root, path, &metadata),
                Err(error) => self.miss(path, reason(&error)),
            },
            Matches::Glob { matcher, depth } => {
                let walk = WalkDir::new(&pattern.root)
                    .min_depth(1)
                    .max_depth(depth.unwrap_or(usize::MAX));
                for entry in walk {
                    match entry {
                        Ok(entry) if entry.file_type().is_dir() => {}
                        Ok(entry) if !matcher.is_match(entry.path()) => {}
                        Ok(entry) => match entry.metadata() {
                            Ok(metadata) => {
                                self.meet(&root, &pattern.root, entry.path(), &metadata);
                            }
                            Err(error) => self.miss_entry(&error),
                        },
                        Err(error) => self.miss_entry(&error),
                    }
                }
            }
        }
    }

    /// Takes what matches a glob; `root` is `root_as_named` without links.
    fn meet(&mut self, root: &Path, root_as_named: &Path, path: &Path, metadata: &Metadata) {
        self.has_met = true;
        if !metadata.is_symlink() {
            let below = path.strip_prefix(root_as_named).unwrap_or(path);
            self.take(root, below, path, metadata, false);
            return;
        }
        let target = fs::canonicalize(path)
            .and_then(|target| fs::symlink_metadata(&target).map(|metadata| (target, metadata)));
        match target {
            Ok((_, metadata)) if metadata.is_dir() => {}
            Ok((target, metadata)) => match target.strip_prefix(root) {
                Ok(below) => self.take(root, below, path, &metadata, true),
                Err(_) => self.miss(path, Reason::NotARegularFile),
            },
            Err(error) => self.miss(path, reason(&error)),
        }
    }

    fn take(&mut self, root: &Path, below: &Path, path: &Path, metadata: &Metadata, is_link: bool) {
        if !metadata.is_file() {
            return self.miss(path, Reason::NotARegularFile);
        }
        let modified_at: Option<DateTime<Utc>> = metadata.modified().ok().map(DateTime::from);
        if modified_at.is_some_and(|at| at < self.since) {
            return;
        }
        let opened = root.join(below);
        if self
            .found
            .get(&opened)
            .is_some_and(|known| is_link || !known.is_link)
        {
            return;
        }
        let packing = Packing::of(&opened);
        let item = Item {
            kind: SourceKind::Files,
            label: path.to_string_lossy().into_owned(),
            entry_name: entry_name(path, packing),
            planned_bytes: metadata.len(),
            modified_at,
            how: ItemHow::File {
                root: root.to_owned(),
                below: below.to_owned(),
                packing,
                zone: self.zone,
            },
        };
        self.found.insert(opened, Found { item, is_link });
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

    fn into_plan(self) -> Plan {
        let mut items: Vec<Item> = self.found.into_values().map(|found| found.item).collect();
        items.sort_by(|one, other| one.label.cmp(&other.label));
        let mut names = HashSet::new();
        for item in &mut items {
            while !names.insert(item.entry_name.clone()) {
                item.entry_name.push('~');
            }
        }
        Plan {
            items,
            missing: self.missing.into_iter().collect(),
        }
    }
}

/// Without its compression's ending, unless a file of that name lies beside it: `app.log.1.gz`
/// beside `app.log.1` becomes `app.log.1~gz`, whether or not a glob matches both.
fn entry_name(path: &Path, packing: Packing) -> String {
    let mut entry = name::file_entry(path, packing);
    let rivals: &[Packing] = match packing {
        Packing::Plain => &[],
        Packing::Gzip => &[Packing::Plain],
        Packing::Zstd => &[Packing::Plain, Packing::Gzip],
    };
    let stem = path.with_extension("");
    let has_rival = rivals.iter().any(|rival| {
        let mut beside = stem.clone().into_os_string();
        beside.push(rival.ending());
        fs::symlink_metadata(beside).is_ok()
    });
    if has_rival {
        entry.push('~');
        entry.push_str(packing.ending().trim_start_matches('.'));
    }
    entry
}
