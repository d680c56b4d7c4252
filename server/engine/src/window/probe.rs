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
            self.block.clear();
            self.extend(self.length / places * place, bytes)?;
            // the first line is torn but for the file's own first
            let torn = match place {
                0 => Some(0),
                _ => memchr(b'\n', &self.block).map(|newline| newline + 1),
            };
            if let Some(torn) = torn {
                self.dater.learn(&self.block[torn..]);
            }
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
            if self.block.len() >= REACH {
                return Ok(Place::Unknown);
            }
            step *= 4;
        }
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

/// The first stamped line of a piece: where it begins, and its moment. Only where `begins` does a
/// line begin with the piece.
pub fn first_record(piece: &[u8], begins: bool, dater: &mut Dater) -> Option<(usize, Moment)> {
    let mut at = if begins { 0 } else { memchr(b'\n', piece)? + 1 };
    for line in lines(&piece[at..]) {
        if let Some(moment) = whole_head(line).and_then(|line| dater.moment(line)) {
            return Some((at, moment));
        }
        at += line.len();
    }
    None
}

/// The lines of a piece, each with its end.
fn lines(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = piece;
    std::iter::from_fn(move || {
        let length = memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let line = rest.split_off(..length)?;
        (!line.is_empty()).then_some(line)
    })
}

/// A line of which enough is there to decide on it.
fn whole_head(line: &[u8]) -> Option<&[u8]> {
    (line.len() >= HEAD || line.ends_with(b"\n")).then_some(line)
}

/// The earliest stamp of a file's first lines; the last of them may be torn.
pub fn earliest(head: &[u8], dater: &mut Dater) -> Option<Moment> {
    span(head, dater).map(|(earliest, _)| earliest)
}

/// The earliest and the latest stamp of a file's first lines; the last of them may be torn.
pub fn span(head: &[u8], dater: &mut Dater) -> Option<(Moment, Moment)> {
    lines(head)
        .filter_map(|line| dater.moment(whole_head(line)?))
        .fold(None, |span, moment| match span {
            None => Some((moment, moment)),
            Some((earliest, latest)) => Some((moment.min(earliest), moment.max(latest))),
        })
}
