//! Reading a file: as long as it was at opening, unpacked on the way.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Take, Write};
use std::path::Path;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{Reason, Window};
use flate2::bufread::MultiGzDecoder;

use super::sink::{Sink, missing};
use super::{ItemReport, Packing, ReadContext, Stop, open};
use crate::window::{Clock, Unstamped, WindowFilter};

/// So much is read, windowed and cleaned at a time.
const CHUNK: usize = 256 * 1024;
/// So much is read of a file that says it is empty, as those of `/proc` do.
const SIZELESS_LIMIT: u64 = 16 * 1024 * 1024;

/// The byte order marks of UTF-16.
const UTF_16_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

pub fn read(
    root: &Path,
    below: &Path,
    packing: Packing,
    zone: Tz,
    context: &ReadContext<'_>,
    out: &mut dyn Write,
) -> io::Result<ItemReport> {
    let opened = open::open(root, below).and_then(|file| {
        let metadata = file.metadata().map_err(|error| super::reason(&error))?;
        let raw = Raw::new(file, metadata.len());
        Ok((metadata, Content::new(raw, packing)?))
    });
    let (metadata, mut content) = match opened {
        Ok(opened) => opened,
        Err(reason) => return Ok(missing(reason)),
    };
    let filter = filter(&metadata, zone, &context.window);
    let mut sink = Sink::new(context, Some(filter), out);
    let ended = copy(&mut content, &mut sink);
    sink.finish(ended)
}

fn copy(content: &mut Content, sink: &mut Sink<'_>) -> Result<(), Stop> {
    let mut chunk = vec![0; CHUNK];
    let mut read_before = 0;
    while !sink.is_done() {
        let (length, ended) = fill(content, &mut chunk);
        let read = content.raw().read_bytes;
        // the rules of redaction would not see a secret in it
        if read_before == 0
            && UTF_16_MARKS
                .iter()
                .any(|mark| chunk[..length].starts_with(mark))
        {
            return Err(Stop::Source(Reason::RedactionFailed));
        }
        sink.push(&chunk[..length], read - read_before)?;
        read_before = read;
        match ended {
            None => {}
            Some(Ok(())) => break,
            Some(Err(error)) => return Err(Stop::Source(content.fault(&error))),
        }
    }
    Ok(())
}

/// Reads until the chunk is full or the content ends, well or badly.
fn fill(content: &mut Content, chunk: &mut [u8]) -> (usize, Option<io::Result<()>>) {
    let mut length = 0;
    while length < chunk.len() {
        match content.read(&mut chunk[length..]) {
            Ok(0) => return (length, Some(Ok(()))),
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (length, Some(Err(error))),
        }
    }
    (length, None)
}

fn filter(metadata: &Metadata, zone: Tz, window: &Window) -> WindowFilter {
    let last_write = metadata
        .modified()
        .map_or(window.end(), DateTime::<Utc>::from);
    // a copy that kept its time of writing is born after it
    let born = metadata
        .created()
        .map_or(last_write, |born| last_write.min(born.into()));
    let lived_in_it = born < window.end() && last_write >= window.start();
    let unstamped = if lived_in_it {
        Unstamped::TakeWhole
    } else {
        Unstamped::LeaveOut
    };
    WindowFilter::new(window, Clock::new(zone, last_write), unstamped)
}

/// A file's bytes as they lie on the disk.
struct Raw {
    file: Take<File>,
    read_bytes: u64,
    /// Reading itself failed, not the unpacking.
    failed: bool,
}

impl Raw {
    fn new(file: File, length: u64) -> Self {
        let limit = if length == 0 { SIZELESS_LIMIT } else { length };
        Self {
            file: file.take(limit),
            read_bytes: 0,
            failed: false,
        }
    }
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into);
        match &read {
            Ok(read) => self.read_bytes += *read as u64,
            Err(error) => self.failed = error.kind() != io::ErrorKind::Interrupted,
        }
        read
    }
}

/// A file's bytes, unpacked.
enum Content {
    Plain(Raw),
    /// Of any number of members, as rotation by appending makes them.
    Gzip(Box<MultiGzDecoder<BufReader<Raw>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Raw>>),
}

impl Content {
    fn new(raw: Raw, packing: Packing) -> Result<Self, Reason> {
        Ok(match packing {
            Packing::Plain => Self::Plain(raw),
            Packing::Gzip => {
                let reader = BufReader::with_capacity(CHUNK, raw);
                Self::Gzip(Box::new(MultiGzDecoder::new(reader)))
            }
            Packing::Zstd => {
                let reader = BufReader::with_capacity(CHUNK, raw);
                let decoder = zstd::stream::read::Decoder::with_buffer(reader);
                Self::Zstd(decoder.map_err(|error| super::reason(&error))?)
            }
        })
    }

    fn raw(&self) -> &Raw {
        match self {
            Self::Plain(raw) => raw,
            Self::Gzip(decoder) => decoder.get_ref().get_ref(),
            Self::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }

    /// What an error of reading means.
    fn fault(&self, error: &io::Error) -> Reason {
        match self {
            Self::Gzip(_) | Self::Zstd(_) if !self.raw().failed => Reason::Damaged,
            _ => super::reason(error),
        }
    }
}

impl Read for Content {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(raw) => raw.read(into),
            Self::Gzip(decoder) => decoder.read(into),
            Self::Zstd(decoder) => decoder.read(into),
        }
    }
}
