//! Where logs come from: what there is (the plan), and how one item is read.
//!
//! Whatever a source does, it does to itself alone: what cannot be read becomes a [`Reason`] in the
//! report of its item, and the part goes on. Reading is synchronous, on a blocking thread; it looks
//! at [`ReadContext::cancel`] often enough to end within a tenth of a second, even while a program
//! is silent. Only windowed and cleaned bytes come out.

mod binary;
mod command;
mod content;
mod files;
mod follower;
mod item;
mod journal;
mod kin;
mod name;
mod open;
mod packed;
mod pattern;
mod plain;
mod process;
mod remote;
mod rotated;
mod sink;
mod text;
mod utf16;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use chrono_tz::Tz;
use domain::{Reason, Window};

use crate::config::SourceConfig;
use crate::limits::{Meter, Seat};
use crate::redact::Redactor;
use crate::window::{Dater, Dating, Unstamped, WindowFilter};
pub use item::{FileItem, Identity, Item, ItemHow, Packing, newest_first, once_each};
pub use open::open as open_file;
pub use packed::head as file_head;
pub use remote::served_mount;
pub use text::open_text;

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
    pub redactor: &'a Arc<Redactor>,
    /// Set by somebody else when the collection is to end.
    pub cancel: &'a AtomicBool,
    /// Grows while reading, by the bytes as they lie in the source.
    pub read_bytes: &'a AtomicU64,
    /// How much of it may be kept, and how long it may take.
    pub budget: &'a Arc<Meter>,
    /// The part's place at a core, which is left while a source is silent.
    pub seat: Option<&'a Seat>,
}

impl<'a> ReadContext<'a> {
    const fn waiting(&self) -> process::Waiting<'a> {
        process::Waiting {
            cancel: self.cancel,
            seat: self.seat,
        }
    }
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
/// `zone` is the stack's. Files last written before the window are left out. Once `cancel` is set
/// the plan ends where it is.
#[must_use]
pub fn plan(source: &SourceConfig, window: &Window, zone: Tz, cancel: &AtomicBool) -> Plan {
    let mut plan = match source {
        SourceConfig::Files {
            paths,
            time_zone,
            time_format,
            time_key,
            binary,
        } => {
            let dating = Dating {
                zone: time_zone.unwrap_or(zone),
                format: time_format.clone(),
                key: time_key.clone(),
            };
            files::plan(paths, window, dating, *binary, cancel)
        }
        SourceConfig::Journal { units, directory } => journal::plan(units, directory.as_deref()),
        SourceConfig::Command { name, run, timeout } => command::plan(name, run, *timeout),
    };
    newest_first(&mut plan.items);
    plan
}

/// Reads, windows and cleans one item into `out`, which sees no write at all when nothing is kept.
/// Where `out` answers that it is full ([`io::ErrorKind::StorageFull`]), the item ends there, as by a
/// budget, and the report tells of what it took before.
///
/// # Errors
/// Those of `out` alone; what is wrong with the source is in the report.
pub fn read_item(
    item: &Item,
    context: &ReadContext<'_>,
    out: &mut dyn io::Write,
) -> io::Result<ItemReport> {
    match &item.how {
        ItemHow::File(file) => match remote::served_mount(&file.directory()) {
            Some(mount) => {
                let item = file.clone();
                remote::read(&mount, context, out, move |context, out| {
                    content::read(&item, context, out)
                })
            }
            None => content::read(file, context, out),
        },
        ItemHow::Journal { unit, directory } => {
            journal::read(unit, directory.as_deref(), context, out)
        }
        ItemHow::Command { run, timeout, .. } => command::read(run, *timeout, context, out),
    }
}

/// Windows and cleans a text that lies in memory and is stamped in UTC, as if it were a file.
///
/// # Errors
/// Those of `out` and of redaction.
pub fn read_text(
    text: &[u8],
    context: &ReadContext<'_>,
    out: &mut dyn io::Write,
) -> io::Result<ItemReport> {
    let window = &context.window;
    let dating = Dating {
        zone: Tz::UTC,
        format: None,
        key: None,
    };
    let mut dater = Dater::of(&dating, window.end());
    dater.learn(text);
    let filter = WindowFilter::new(window, dater, Unstamped::LeaveOut);
    let mut sink = sink::Sink::new(context, Some(filter), out);
    let ended = sink.push(text, text.len() as u64);
    sink.finish(ended)
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
