//! Reading a file: what kind of content it has, and how it is taken.
//!
//! Text is windowed and cleaned line by line, UTF-16 too. Anything else cannot be cleaned, and is
//! withheld unless its source asks for it: then it is taken whole and as it is when the file's
//! life meets the window.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Reason, Window};

use super::sink::{Sink, missing};
use super::utf16::Utf16;
use super::{FileItem, ItemOutcome, ItemReport, Packing, ReadContext, Stop, binary};
use super::{follower, packed, plain, rotated};
use crate::window::{Dater, Slack, Unstamped, Wanted, WindowFilter, begins_late};

/// So much is read, windowed and cleaned at a time.
pub const CHUNK: usize = 256 * 1024;

pub fn read(
    item: &FileItem,
    context: &ReadContext<'_>,
    out: &mut dyn Write,
) -> io::Result<ItemReport> {
    let opened = match rotated::open_planned(item) {
        Ok(opened) => opened,
        Err(reason) => return Ok(missing(reason)),
    };
    let start = Start::new(item, &opened.metadata, &context.window);
    let mut sink = Sink::new(context, None, out);
    let length = opened.metadata.len();
    let ended = if item.packing == Packing::Plain && length > 0 {
        plain::copy(&opened.file, length, start, &mut sink)
    } else if follower::was_begun_before(item, &context.window) {
        Ok(())
    } else {
        packed::copy(opened.file, length, item.packing, start, &mut sink)
    };
    let report = sink.finish(ended)?;
    Ok(if opened.is_another {
        lacking(report, Reason::Vanished)
    } else if length < item.bytes {
        lacking(report, Reason::Shortened)
    } else {
        report
    })
}

/// What was planned is gone, whatever came of what is in its place. Rotation by copying empties the
/// file, and the copy is in no plan but the next.
fn lacking(report: ItemReport, reason: Reason) -> ItemReport {
    let outcome = match report.outcome {
        ItemOutcome::Complete => ItemOutcome::Partial(reason),
        ItemOutcome::Empty => ItemOutcome::Missing(reason),
        other => other,
    };
    ItemReport { outcome, ..report }
}

/// What is known of a file before its first byte.
#[derive(Debug)]
pub struct Start<'i> {
    name: &'i OsStr,
    takes_binary: bool,
    window: Window,
    last_write: DateTime<Utc>,
    unstamped: Unstamped,
    pub dater: Dater,
}

impl<'i> Start<'i> {
    fn new(item: &'i FileItem, metadata: &Metadata, window: &Window) -> Self {
        let last_write = metadata
            .modified()
            .map_or(window.end(), DateTime::<Utc>::from);
        // a copy that kept its time of writing is born after it
        let born = metadata
            .created()
            .map_or(last_write, |born| last_write.min(born.into()));
        // rotation by copying and packing make a new file of content that is older
        let may_be_in_it = born < window.end() || item.is_rotated();
        let lived_in_it = may_be_in_it && last_write >= window.start();
        Self {
            name: &item.name,
            takes_binary: item.folder.takes_binary,
            window: *window,
            last_write,
            unstamped: if lived_in_it {
                Unstamped::TakeWhole
            } else {
                Unstamped::LeaveOut
            },
            dater: Dater::of(&item.folder.dating, last_write),
        }
    }

    /// What a search looks for, once the dater has learned.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            from: self.dater.bounds(&self.window).0,
            start: self.window.start().into(),
            end: self.window.end().into(),
        }
    }

    /// It was written to so late that it may have begun after the window.
    pub fn may_begin_late(&self) -> bool {
        self.last_write >= self.window.end() + TimeDelta::seconds(Slack::USUAL.seconds)
    }

    /// It is a log that began after the window, as its first bytes and pieces of it show, the last one
    /// its end.
    pub fn begins_late<'p>(
        &self,
        head: &[u8],
        pieces: impl DoubleEndedIterator<Item = &'p [u8]> + Clone,
    ) -> bool {
        let tail = pieces.clone().next_back().unwrap_or_default();
        let is_plain = Utf16::of(head).is_none() && !binary::is_binary(self.name, head, tail);
        is_plain
            && begins_late(
                head,
                pieces,
                self.dater.clone(),
                self.window.end(),
                Slack::USUAL,
            )
    }

    /// Prepares the sink for what the samples show; whether there is anything to take.
    ///
    /// # Errors
    /// It is withheld.
    pub fn begin(&self, head: &[u8], middle: &[u8], sink: &mut Sink<'_>) -> Result<bool, Stop> {
        if let Some(order) = Utf16::of(head) {
            sink.transcode(order);
        } else if binary::is_binary(self.name, head, middle) {
            return match self.unstamped {
                Unstamped::LeaveOut => Ok(false),
                Unstamped::TakeWhole if self.takes_binary => {
                    sink.take_as_it_is();
                    Ok(true)
                }
                Unstamped::TakeWhole => Err(Stop::Source(Reason::Binary)),
            };
        }
        sink.filter(self.filter());
        Ok(true)
    }

    pub fn filter(&self) -> WindowFilter {
        WindowFilter::new(&self.window, self.dater.clone(), self.unstamped)
    }
}
