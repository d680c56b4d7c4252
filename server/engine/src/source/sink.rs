//! The way of every byte that is read: window, redaction, counting, out.

use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use domain::Reason;

use super::utf16::{Decoder, Encoder, Utf16};
use super::{ItemOutcome, ItemReport, ReadContext, Stop};
use crate::limits::Meter;
use crate::redact::Cleaner;
use crate::window::WindowFilter;

/// A write that takes so long waits for room; others are not worth counting.
const WAITING: Duration = Duration::from_millis(10);

/// Takes an item's bytes and becomes its report.
pub struct Sink<'a> {
    context: &'a ReadContext<'a>,
    /// `None`: all of it is in, as with a command's output.
    filter: Option<WindowFilter>,
    /// Of UTF-16.
    decoder: Option<Decoder>,
    cleaning: Cleaning<'a>,
    read_bytes: u64,
}

struct Cleaning<'a> {
    cleaner: Cleaner<'a>,
    /// It is taken as it is.
    is_bypassed: bool,
    out: Counting<'a>,
}

struct Counting<'a> {
    out: &'a mut dyn Write,
    budget: &'a Meter,
    encoder: Option<Encoder>,
    kept_bytes: u64,
    /// Why nothing more is kept.
    cut: Option<Reason>,
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
            decoder: None,
            cleaning: Cleaning {
                cleaner: context.redactor.cleaner(),
                is_bypassed: false,
                out: Counting {
                    out,
                    budget: context.budget,
                    encoder: None,
                    kept_bytes: 0,
                    cut: None,
                },
            },
            read_bytes: 0,
        }
    }

    /// What follows is windowed.
    pub fn filter(&mut self, filter: WindowFilter) {
        self.filter = Some(filter);
    }

    /// What follows is UTF-16, and goes out as such.
    pub fn transcode(&mut self, order: Utf16) {
        self.decoder = Some(Decoder::new(order));
        self.cleaning.out.encoder = Some(Encoder::new(order));
    }

    /// What follows is neither windowed nor cleaned.
    pub fn take_as_it_is(&mut self) {
        self.filter = None;
        self.cleaning.is_bypassed = true;
    }

    /// Whether a piece of the item from anywhere can be given, and not only all of it in order.
    pub const fn is_line_wise(&self) -> bool {
        self.filter.is_some() && self.decoder.is_none()
    }

    /// The next bytes begin a record further on in a file that has stamps.
    pub fn jump(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.jump();
        }
    }

    /// Takes note of bytes that were read and are of no further use.
    ///
    /// # Errors
    /// `Cancelled`, and the end of what may be read.
    pub fn count(&mut self, read_bytes: u64) -> Result<(), Stop> {
        self.read_bytes += read_bytes;
        self.context
            .read_bytes
            .fetch_add(read_bytes, Ordering::Relaxed);
        if self.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        match self.context.budget.read(read_bytes) {
            Some(reason) => Err(Stop::Source(reason)),
            None => Ok(()),
        }
    }

    /// Takes the next bytes of the item as it is read, `read_bytes` of them as they lie in the
    /// source.
    ///
    /// # Errors
    /// Those of `out`, `Cancelled`, and the end of the item's budget.
    pub fn push(&mut self, bytes: &[u8], read_bytes: u64) -> Result<(), Stop> {
        self.count(read_bytes)?;
        let decoded = self.decoder.as_mut().map(|decoder| decoder.push(bytes));
        self.window(decoded.as_deref().unwrap_or(bytes))
    }

    /// Takes the next bytes, which begin a record and are in the window for certain.
    ///
    /// # Errors
    /// As of [`Self::push`].
    pub fn pass(&mut self, bytes: &[u8], read_bytes: u64) -> Result<(), Stop> {
        self.count(read_bytes)?;
        match &mut self.filter {
            Some(filter) => filter.pass(bytes, &mut self.cleaning),
            None => self.cleaning.write_all(bytes),
        }
        .map_err(|error| self.stop(error))?;
        self.check_budget()
    }

    fn window(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        match &mut self.filter {
            Some(filter) => filter.push(bytes, &mut self.cleaning),
            None => self.cleaning.write_all(bytes),
        }
        .map_err(|error| self.stop(error))?;
        self.check_budget()
    }

    fn check_budget(&self) -> Result<(), Stop> {
        if let Some(reason) = &self.cleaning.out.cut {
            return Err(Stop::Source(reason.clone()));
        }
        match self.context.budget.time_left() {
            (Duration::ZERO, reason) => Err(Stop::Source(reason)),
            _ => Ok(()),
        }
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
        // what was held back may have been too much
        let fault = fault.or_else(|| self.cleaning.out.cut.clone());
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
        if let Some(rest) = self.decoder.as_mut().map(Decoder::finish) {
            self.window(&rest)?;
        }
        let cleaning = &mut self.cleaning;
        let held = match &mut self.filter {
            Some(filter) => filter.finish(cleaning),
            None => Ok(()),
        };
        held.and_then(|()| cleaning.cleaner.finish(&mut cleaning.out))
            .and_then(|()| cleaning.out.finish())
            .map_err(|error| self.stop(error))
    }

    fn report(self, outcome: ItemOutcome) -> ItemReport {
        let is_whole = self.cleaning.is_bypassed
            || (self.filter.as_ref()).is_some_and(WindowFilter::takes_whole);
        ItemReport {
            outcome,
            read_bytes: self.read_bytes,
            kept_bytes: self.cleaning.out.kept_bytes,
            taken_whole: is_whole && self.cleaning.out.kept_bytes > 0,
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
        if self.is_bypassed {
            self.out.write_all(bytes)?;
        } else {
            self.cleaner.push(bytes, &mut self.out)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Counting<'_> {
    /// Writes what the encoder holds back.
    fn finish(&mut self) -> io::Result<()> {
        match self.encoder.as_mut().map(Encoder::finish) {
            Some(rest) => self.pass(&rest),
            None => Ok(()),
        }
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        // nothing is never written: a zip entry begins with its first write
        if bytes.is_empty() {
            return Ok(());
        }
        // after the cut all is read as if it were kept, so that what holds it back lets it go
        if self.cut.is_some() {
            return Ok(());
        }
        let (granted, cut) = self.budget.take(bytes.len() as u64);
        self.cut = cut;
        // it is not more than there are bytes
        let kept = &bytes[..usize::try_from(granted).unwrap_or(bytes.len())];
        if !kept.is_empty() {
            let begun = Instant::now();
            match self.out.write_all(kept) {
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                    self.cut = Some(Reason::SpoolFull);
                    return Ok(());
                }
                written => written?,
            }
            let waited = begun.elapsed();
            if waited > WAITING {
                self.budget.hold(waited);
            }
        }
        self.kept_bytes += granted;
        Ok(())
    }
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.encoder.as_mut().map(|encoder| encoder.push(bytes)) {
            Some(encoded) => self.pass(&encoded)?,
            None => self.pass(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
