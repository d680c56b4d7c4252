//! A file that is read from its start to its end: unpacked on the way, or without a known length.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Take};
use std::rc::Rc;

use bzip2::bufread::MultiBzDecoder;
use domain::Reason;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;

use super::content::{CHUNK, Start};
use super::sink::Sink;
use super::{FileItem, Packing, Stop, binary, open};

/// So much is read of a file that says it is empty, as those of `/proc` do.
const SIZELESS_LIMIT: u64 = 16 * 1024 * 1024;
/// Unpacking may need so much. What `xz -9` makes needs 65 MiB; a header can ask for gigabytes.
const XZ_MEMORY_KIB: u32 = 80 * 1024;

/// Reads all of it, or until the window is past.
pub fn copy(
    file: File,
    length: u64,
    packing: Packing,
    start: Start<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), Stop> {
    let mut content = Content::new(Raw::new(file, length), packing).map_err(Stop::Source)?;
    let mut chunk = vec![0; CHUNK];
    let (filled, mut ended) = fill(&mut content, &mut chunk);
    if filled > 0
        && !start.begin(
            &chunk[..filled.min(binary::SAMPLE)],
            &chunk[filled / 2..filled],
            sink,
        )?
    {
        return Ok(());
    }
    let mut filled = filled;
    let mut read_before = 0;
    loop {
        let read = content.read_bytes();
        sink.push(&chunk[..filled], read - read_before)?;
        read_before = read;
        match ended {
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => return Err(Stop::Source(content.fault(&error))),
            None if sink.is_done() => return Ok(()),
            None => (filled, ended) = fill(&mut content, &mut chunk),
        }
    }
}

/// The first bytes of a file, unpacked; at most `limit`.
///
/// # Errors
/// Why there are none.
pub fn head(item: &FileItem, limit: usize) -> Result<Vec<u8>, Reason> {
    let (file, _) = open::open(&item.folder.root, &item.below())?;
    let length = file
        .metadata()
        .map_err(|error| super::reason(&error))?
        .len();
    let mut content = Content::new(Raw::new(file, length), item.packing)?;
    let mut bytes = vec![0; limit];
    match fill(&mut content, &mut bytes) {
        (0, Some(Err(error))) => Err(content.fault(&error)),
        (read, _) => {
            bytes.truncate(read);
            Ok(bytes)
        }
    }
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

/// A file's bytes as they lie on the disk.
pub struct Raw {
    file: Take<File>,
    meter: Rc<Meter>,
}

/// What has come of reading, told past the decoder that reads.
#[derive(Default)]
struct Meter {
    read_bytes: Cell<u64>,
    /// Reading itself failed, not the unpacking.
    has_failed: Cell<bool>,
}

impl Raw {
    pub fn new(file: File, length: u64) -> Self {
        let limit = if length == 0 { SIZELESS_LIMIT } else { length };
        Self {
            file: file.take(limit),
            meter: Rc::default(),
        }
    }
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into);
        match &read {
            Ok(read) => self.meter.read_bytes.update(|bytes| bytes + *read as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.meter.has_failed.set(true),
        }
        read
    }
}

/// A file's bytes, unpacked.
pub struct Content {
    unpacked: Box<dyn Read>,
    is_packed: bool,
    meter: Rc<Meter>,
}

impl Content {
    pub fn new(raw: Raw, packing: Packing) -> Result<Self, Reason> {
        let meter = Rc::clone(&raw.meter);
        let reader = BufReader::with_capacity(CHUNK, raw);
        // of any number of members each, as rotation by appending makes them
        let unpacked: Box<dyn Read> = match packing {
            Packing::Plain => Box::new(reader.into_inner()),
            Packing::Gzip => Box::new(MultiGzDecoder::new(reader)),
            Packing::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(reader);
                Box::new(decoder.map_err(|error| super::reason(&error))?)
            }
            Packing::Xz => Box::new(XzReader::new_mem_limit(reader, true, XZ_MEMORY_KIB)),
            Packing::Bzip2 => Box::new(MultiBzDecoder::new(reader)),
        };
        Ok(Self {
            unpacked,
            is_packed: packing != Packing::Plain,
            meter,
        })
    }

    /// So many bytes were read of the file itself.
    fn read_bytes(&self) -> u64 {
        self.meter.read_bytes.get()
    }

    /// What an error of reading means.
    pub fn fault(&self, error: &io::Error) -> Reason {
        let is_damaged = self.is_packed && !self.meter.has_failed.get();
        if is_damaged && error.kind() != io::ErrorKind::OutOfMemory {
            Reason::Damaged
        } else {
            super::reason(error)
        }
    }
}

impl Read for Content {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.unpacked.read(into)
    }
}
