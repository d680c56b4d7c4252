//! Looks for stamped lines here and there in a file, reading a few KiB at each place.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use memchr::memchr;

use super::dater::{Dater, HEAD};
use super::moment::Moment;

/// So much is read at a place first; four times as much each further time.
const STEP: usize = 1024;
/// So much is read at a place before it is given up.
const REACH: usize = 1024 * 1024;
/// What begins and ends where a page of the cache does costs a disk no more than is asked for.
pub const PAGE: u64 = 4096;

/// Bytes that can be read from anywhere.
pub trait ReadAt {
    /// # Errors
    /// Those of reading.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, into, offset)
    }
}

/// A stamped line: where it begins, and what it is stamped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    pub offset: u64,
    pub moment: Moment,
}

/// What there is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first record that begins there or later.
    Record(Record),
    /// None begins between there and the end.
    End,
    /// There are only lines without stamps, or a line without end, for as far as was read.
    Unknown,
}

/// Looks into one file.
pub struct Probe<'f> {
    file: &'f dyn ReadAt,
    length: u64,
    dater: Dater,
    block: Vec<u8>,
    read_bytes: u64,
}

impl std::fmt::Debug for Probe<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probe")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl<'f> Probe<'f> {
    /// `length`: so much of the file is looked at, whatever is appended meanwhile.
    #[must_use]
    pub fn new(file: &'f dyn ReadAt, length: u64, dater: Dater) -> Self {
        Self {
            file,
            length,
            dater,
            block: Vec::new(),
            read_bytes: 0,
        }
    }

    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// How much was read so far.
    #[must_use]
    pub const fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// Learns how the file writes its stamps from so many places of it.
    ///
    /// # Errors
    /// Those of reading.
    pub fn learn(&mut self, places: u64, bytes: usize) -> io::Result<()> {
        for place in 0..places {
            self.learn_at(self.length / places * place, bytes)?;
        }
        Ok(())
    }

    /// Learns how the file writes its stamps from one place of it.
    ///
    /// # Errors
    /// Those of reading.
    pub fn learn_at(&mut self, offset: u64, bytes: usize) -> io::Result<()> {
        self.block.clear();
        self.extend(offset, bytes)?;
        if let Some(begin) = first_line(&self.block, offset == 0) {
            self.dater.learn(&self.block[begin..]);
        }
        Ok(())
    }

    /// The dater, with what it has learned.
    #[must_use]
    pub const fn dater(&self) -> &Dater {
        &self.dater
    }

    /// The first record that begins at `offset` or later.
    ///
    /// # Errors
    /// Those of reading.
    pub fn record_from(&mut self, offset: u64) -> io::Result<Place> {
        self.record_within(offset, REACH)
    }

    /// The same, given up where about `reach` bytes show none.
    ///
    /// # Errors
    /// Those of reading.
    pub fn record_within(&mut self, offset: u64, reach: usize) -> io::Result<Place> {
        // the byte before tells whether a line begins just here
        let from = offset.saturating_sub(1);
        let mut begins = offset == 0;
        let (mut at, mut step) = (0, STEP);
        self.block.clear();
        loop {
            let has_ended = self.extend(from, step)?;
            while at < self.block.len() {
                let rest = &self.block[at..];
                let newline = memchr(b'\n', rest).map(|newline| newline + 1);
                if begins {
                    if newline.is_none() && rest.len() < HEAD && !has_ended {
                        break;
                    }
                    let line = &rest[..newline.unwrap_or(rest.len())];
                    if let Some(moment) = self.dater.moment(line) {
                        let offset = from + at as u64;
                        return Ok(Place::Record(Record { offset, moment }));
                    }
                }
                begins = newline.is_some();
                at += newline.unwrap_or(rest.len());
            }
            if has_ended {
                return Ok(Place::End);
            }
            if self.block.len() >= reach {
                return Ok(Place::Unknown);
            }
            step *= 4;
        }
    }

    /// The last record that begins in the last `bytes` of the file.
    ///
    /// # Errors
    /// Those of reading.
    pub fn last_within(&mut self, bytes: usize) -> io::Result<Option<Record>> {
        let from = page_of(self.length.saturating_sub(bytes as u64));
        self.block.clear();
        self.extend(from, usize::MAX)?;
        Ok(self.records(from).last())
    }

    /// Learns from the whole of a small file, and answers with all its records.
    ///
    /// # Errors
    /// Those of reading.
    pub fn every_record(&mut self) -> io::Result<Vec<Record>> {
        self.learn_at(0, usize::MAX)?;
        Ok(self.records(0).collect())
    }

    /// Those of the block, which begins at `from` and ends with the file.
    fn records(&mut self, from: u64) -> impl Iterator<Item = Record> {
        let begin = first_line(&self.block, from == 0).unwrap_or(self.block.len());
        let lines = stamped(&self.block[begin..], true, &mut self.dater);
        lines.map(move |(at, moment)| Record {
            offset: from + (begin + at) as u64,
            moment,
        })
    }

    /// The earliest stamp of the file's first `bytes`.
    ///
    /// # Errors
    /// Those of reading.
    pub fn earliest(&mut self, bytes: usize) -> io::Result<Option<Moment>> {
        self.block.clear();
        self.extend(0, bytes)?;
        Ok(earliest(&self.block, &mut self.dater))
    }

    /// Reads on behind the block, which begins at `from`; whether the file has ended.
    fn extend(&mut self, from: u64, bytes: usize) -> io::Result<bool> {
        let known = self.block.len();
        let left = self.length.saturating_sub(from + known as u64);
        let wanted = usize::try_from(left).map_or(bytes, |left| left.min(bytes));
        self.block.resize(known + wanted, 0);
        let mut filled = known;
        while filled < self.block.len() {
            match self
                .file
                .read_at(&mut self.block[filled..], from + filled as u64)
            {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.read_bytes += (filled - known) as u64;
        let is_short = filled < self.block.len();
        self.block.truncate(filled);
        Ok(is_short || wanted as u64 == left)
    }
}

/// Where the page begins that a byte lies in.
#[must_use]
pub const fn page_of(offset: u64) -> u64 {
    offset - offset % PAGE
}

/// The first stamped line of a piece: where it begins, and its moment. Only where `begins` does a
/// line begin with the piece.
pub fn first_record(piece: &[u8], begins: bool, dater: &mut Dater) -> Option<(usize, Moment)> {
    let begin = first_line(piece, begins)?;
    let first = stamped(&piece[begin..], false, dater).next();
    first.map(|(at, moment)| (begin + at, moment))
}

/// The earliest stamp of a file's first lines; the last of them may be torn.
pub fn earliest(head: &[u8], dater: &mut Dater) -> Option<Moment> {
    span(head, dater).map(|(earliest, _)| earliest)
}

/// The earliest and the latest stamp of a file's first lines; the last of them may be torn.
pub fn span(head: &[u8], dater: &mut Dater) -> Option<(Moment, Moment)> {
    stamped(head, false, dater).fold(None, |span, (_, moment)| match span {
        None => Some((moment, moment)),
        Some((earliest, latest)) => Some((moment.min(earliest), moment.max(latest))),
    })
}

/// The stamped ones of some lines: where each begins, and its moment. Only where they end with the file
/// is the last one whole without a newline.
fn stamped<'a>(
    text: &'a [u8],
    has_ended: bool,
    dater: &'a mut Dater,
) -> impl Iterator<Item = (usize, Moment)> + 'a {
    let mut at = 0;
    lines(text).filter_map(move |line| {
        let begin = at;
        at += line.len();
        let is_enough = has_ended || line.len() >= HEAD || line.ends_with(b"\n");
        let moment = is_enough.then(|| dater.moment(line))??;
        Some((begin, moment))
    })
}

/// Where the first whole line of a piece begins; `begins` as with [`first_record`].
fn first_line(piece: &[u8], begins: bool) -> Option<usize> {
    if begins {
        Some(0)
    } else {
        memchr(b'\n', piece).map(|newline| newline + 1)
    }
}

/// The lines of a text, each with its end.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let length = memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let line = rest.split_off(..length)?;
        (!line.is_empty()).then_some(line)
    })
}
