//! The way of every byte that is read: window, redaction, counting, out.

use std::io::{self, Write};
use std::sync::atomic::Ordering;

use domain::Reason;

use super::{ItemOutcome, ItemReport, ReadContext, Stop};
use crate::redact::Cleaner;
use crate::window::WindowFilter;

/// Takes an item's bytes and becomes its report.
pub struct Sink<'a> {
    context: &'a ReadContext<'a>,
    /// `None`: all of it is in, as with a command's output.
    filter: Option<WindowFilter>,
    cleaning: Cleaning<'a>,
    read_bytes: u64,
}

struct Cleaning<'a> {
    cleaner: Cleaner<'a>,
    out: Counting<'a>,
}

struct Counting<'a> {
    out: &'a mut dyn Write,
    kept_bytes: u64,
}

impl<'a> Sink<'a> {
    pub fn new(
        context: &'a ReadContext<'a>,
        filter: Option<WindowFilter>,
        out: &'a mut dyn Write,
    ) -> Self {
        Self {
            context,
            filter,
            cleaning: Cleaning {
                cleaner: context.redactor.cleaner(),
                out: Counting { out, kept_bytes: 0 },
            },
            read_bytes: 0,
        }
    }

    /// Takes the next bytes of the item as it is read, `read_bytes` of them as they lie in the
    /// source.
    ///
    /// # Errors
    /// Those of `out`, and `Cancelled`.
    pub fn push(&mut self, bytes: &[u8], read_bytes: u64) -> Result<(), Stop> {
        self.read_bytes += read_bytes;
        self.context
            .read_bytes
            .fetch_add(read_bytes, Ordering::Relaxed);
        if self.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        match &mut self.filter {
            Some(filter) => filter.push(bytes, &mut self.cleaning),
            None => self.cleaning.write_all(bytes),
        }
        .map_err(|error| self.stop(error))
    }

    /// Writing failed, or was given up since the collection is cancelled.
    fn stop(&self, error: io::Error) -> Stop {
        if self.is_cancelled() {
            Stop::Cancelled
        } else {
            Stop::Out(error)
        }
    }

    fn is_cancelled(&self) -> bool {
        self.context.cancel.load(Ordering::Relaxed)
    }

    /// Nothing that may still come would be kept.
    pub fn is_done(&self) -> bool {
        self.filter.as_ref().is_some_and(WindowFilter::is_done)
    }

    /// Writes what is held back and tells what came of the item.
    pub fn finish(mut self, ended: Result<(), Stop>) -> io::Result<ItemReport> {
        let (fault, stopped) = match ended {
            Ok(()) => (None, None),
            Err(Stop::Source(reason)) => (Some(reason), None),
            Err(stop) => (None, Some(stop)),
        };
        match stopped.or_else(|| self.release().err()) {
            None | Some(Stop::Source(_)) => {}
            Some(Stop::Cancelled) => return Ok(self.report(ItemOutcome::Cancelled)),
            Some(Stop::Out(error)) => return Err(error),
        }
        let outcome = match (fault, self.cleaning.out.kept_bytes) {
            (None, 0) => ItemOutcome::Empty,
            (None, _) => ItemOutcome::Complete,
            (Some(reason), 0) => ItemOutcome::Missing(reason),
            (Some(reason), _) => ItemOutcome::Partial(reason),
        };
        Ok(self.report(outcome))
    }

    /// Writes what window and redaction hold back.
    fn release(&mut self) -> Result<(), Stop> {
        let cleaning = &mut self.cleaning;
        let held = match &mut self.filter {
            Some(filter) => filter.finish(cleaning),
            None => Ok(()),
        };
        held.and_then(|()| cleaning.cleaner.finish(&mut cleaning.out))
            .map_err(|error| self.stop(error))
    }

    fn report(self, outcome: ItemOutcome) -> ItemReport {
        let filter = self.filter.as_ref();
        ItemReport {
            outcome,
            read_bytes: self.read_bytes,
            kept_bytes: self.cleaning.out.kept_bytes,
            taken_whole: filter.is_some_and(WindowFilter::takes_whole)
                && self.cleaning.out.kept_bytes > 0,
            redactions: self.cleaning.cleaner.counts().clone(),
        }
    }
}

/// The report of an item that could not even be opened.
pub fn missing(reason: Reason) -> ItemReport {
    ItemReport {
        outcome: ItemOutcome::Missing(reason),
        read_bytes: 0,
        kept_bytes: 0,
        taken_whole: false,
        redactions: std::collections::BTreeMap::new(),
    }
}

impl Write for Cleaning<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.cleaner.push(bytes, &mut self.out)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // nothing is never written: a zip entry begins with its first write
        if bytes.is_empty() {
            return Ok(0);
        }
        let written = self.out.write(bytes)?;
        self.kept_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
