//! Where logs come from: what there is (the plan), and how one item is read.
//!
//! Whatever a source does, it does to itself alone: what cannot be read becomes a [`Reason`] in the
//! report of its item, and the part goes on. Reading is synchronous, on a blocking thread; it looks
//! at [`ReadContext::cancel`] often enough to end within a tenth of a second, even while a program
//! is silent. Only windowed and cleaned bytes come out.

mod command;
mod content;
mod files;
mod journal;
mod name;
mod open;
mod pattern;
mod process;
mod sink;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{Reason, SourceKind, Window};
use serde::{Deserialize, Serialize};

use crate::config::SourceConfig;
use crate::redact::Redactor;

/// One thing that a source yields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub kind: SourceKind,
    /// For people: a path, a unit, a command's name.
    pub label: String,
    /// Path within the zip. Unique for what it names, and safe to unpack.
    pub entry_name: String,
    /// Bytes to read, as far as they are known ahead: a file's size, compressed or not.
    pub planned_bytes: u64,
    pub modified_at: Option<DateTime<Utc>>,
    pub how: ItemHow,
}

/// What is needed to open an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum ItemHow {
    File {
        /// Directory that the configuration names, without links.
        #[serde(with = "name::path_text")]
        root: PathBuf,
        /// Below the root, without links.
        #[serde(with = "name::path_text")]
        below: PathBuf,
        packing: Packing,
        /// Of stamps that carry none.
        zone: Tz,
    },
    Journal {
        unit: String,
        directory: Option<PathBuf>,
    },
    Command {
        run: Vec<String>,
        timeout: Duration,
    },
}

/// How a file's bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// What a source has.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Newest first.
    pub items: Vec<Item>,
    /// What cannot be had, by label.
    pub missing: Vec<(String, Reason)>,
}

/// What reading an item needs to know and to tell.
#[derive(Debug)]
pub struct ReadContext<'a> {
    pub window: Window,
    pub redactor: &'a Redactor,
    /// Set by somebody else when the collection is to end.
    pub cancel: &'a AtomicBool,
    /// Grows while reading, by the bytes as they lie in the source.
    pub read_bytes: &'a AtomicU64,
}

/// How reading an item ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    Complete,
    /// There was nothing in the window.
    Empty,
    /// Nothing of it could be kept.
    Missing(Reason),
    /// Something was kept, but not all.
    Partial(Reason),
    Cancelled,
}

/// What came of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemReport {
    pub outcome: ItemOutcome,
    /// As they lie in the source.
    pub read_bytes: u64,
    /// After window and redaction.
    pub kept_bytes: u64,
    /// It has no stamps, and was kept as a whole since it was written to in the window.
    pub taken_whole: bool,
    /// How many secrets were taken out, by rule.
    pub redactions: BTreeMap<&'static str, u64>,
}

/// Why reading ended before the source's end.
#[derive(Debug)]
enum Stop {
    Cancelled,
    /// The source failed.
    Source(Reason),
    /// What is kept could not be written.
    Out(io::Error),
}

/// Looks at what a source has, opening nothing but metadata.
///
/// `zone` is the stack's. Files last written before the window are left out.
#[must_use]
pub fn plan(source: &SourceConfig, window: &Window, zone: Tz) -> Plan {
    let mut plan = match source {
        SourceConfig::Files { paths, time_zone } => {
            files::plan(paths, window, time_zone.unwrap_or(zone))
        }
        SourceConfig::Journal { units, directory } => journal::plan(units, directory.as_deref()),
        SourceConfig::Command { name, run, timeout } => command::plan(name, run, *timeout),
    };
    plan.items.sort_by(|one, other| {
        (other.modified_at.cmp(&one.modified_at)).then_with(|| one.label.cmp(&other.label))
    });
    plan
}

/// Reads, windows and cleans one item into `out`, which sees no write at all when nothing is kept.
///
/// # Errors
/// Those of `out` alone; what is wrong with the source is in the report.
pub fn read_item(
    item: &Item,
    context: &ReadContext<'_>,
    out: &mut dyn io::Write,
) -> io::Result<ItemReport> {
    match &item.how {
        ItemHow::File {
            root,
            below,
            packing,
            zone,
        } => content::read(root, below, *packing, *zone, context, out),
        ItemHow::Journal { unit, directory } => {
            journal::read(unit, directory.as_deref(), context, out)
        }
        ItemHow::Command { run, timeout } => command::read(run, *timeout, context, out),
    }
}

/// The reason for an error of the operating system.
fn reason(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::NotFound => Reason::NotFound,
        io::ErrorKind::PermissionDenied => Reason::PermissionDenied,
        _ => Reason::Unreadable {
            detail: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
