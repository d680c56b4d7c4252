//! A file's profile, from a few reads.
//!
//! First and last stamp are looked at, then the middle of whatever stretch is largest in bytes and
//! time together, since there a burst can hide, as often as all files together allow. A packed file is looked at in
//! its first bytes only: it ends when it was last written to, and tells its unpacked size, or is
//! taken to hold [`UNPACKED_FACTOR`] times its own.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileExt;

use chrono::{DateTime, Utc};
use memchr::memchr;

use super::profile::{Point, Profile};
use crate::source::{FileItem, Packing, file_head, open_file};
use crate::window::Dater;

/// So much is read at a place; a file of no more is read as a whole.
const LOOK: usize = 8 * 1024;
/// So much is searched for a place's stamp where lines are long.
const LONG_LOOK: usize = 64 * 1024;
/// So much is searched for a file's first stamp, as a collection does.
const FIRST_STAMP: usize = 256 * 1024;
/// So many places are looked at in all files together, which takes well under a second …
const PLACES_IN_ALL: u64 = 64_000;
/// … and in each file at least and at most so many.
const PLACES: [u64; 2] = [32, 256];
/// Stretches that hold less, or last less, are even enough.
const EVEN_BYTES: u64 = 16 * 1024;
const EVEN_SECONDS: i64 = 600;
/// What packed logs come to where they do not tell.
const UNPACKED_FACTOR: u64 = 8;

/// Looks at a file; one that cannot be read gives nothing, and the collection will say why.
#[must_use]
pub fn profile(item: &FileItem, effort: Effort) -> Profile {
    look(item, effort).unwrap_or(Profile::Nothing)
}

/// How closely to look.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Nobody will ask for what lies before, in seconds since 1970.
    since: i64,
    places: u64,
}

impl Effort {
    /// For one of so many files.
    #[must_use]
    pub fn shared(since: i64, files: usize) -> Self {
        let places = PLACES_IN_ALL / u64::try_from(files.max(1)).unwrap_or(u64::MAX);
        Self {
            since,
            places: places.clamp(PLACES[0], PLACES[1]),
        }
    }
}

fn look(item: &FileItem, effort: Effort) -> Option<Profile> {
    let (file, metadata) = open_file(&item.folder.root, &item.below()).ok()?;
    let life = Life::of(&metadata)?;
    let dater = Dater::of(&item.folder.dating, life.written);
    if item.packing != Packing::Plain {
        return packed(item, &file, dater, &life);
    }
    let mut search = Search {
        file,
        size: life.size,
        dater,
        piece: vec![0; LOOK],
    };
    let points = if life.size <= LOOK as u64 {
        search.every_stamp()
    } else {
        search.places(effort)
    };
    let points = points.ok()?;
    Some(if points.is_empty() {
        life.whole(life.size)
    } else {
        Profile::stamped(points, life.size)
    })
}

/// What a file's metadata says of it.
struct Life {
    born: DateTime<Utc>,
    written: DateTime<Utc>,
    size: u64,
}

impl Life {
    fn of(metadata: &Metadata) -> Option<Self> {
        let written = DateTime::<Utc>::from(metadata.modified().ok()?);
        // a copy that kept its time of writing is born after it
        let born = metadata
            .created()
            .map_or(written, |born| written.min(born.into()));
        Some(Self {
            born,
            written,
            size: metadata.len(),
        })
    }

    fn whole(&self, bytes: u64) -> Profile {
        if bytes == 0 {
            return Profile::Nothing;
        }
        Profile::Whole {
            born: self.born.timestamp(),
            written: self.written.timestamp(),
            bytes,
        }
    }
}

fn packed(item: &FileItem, file: &File, mut dater: Dater, life: &Life) -> Option<Profile> {
    let head = file_head(item, LONG_LOOK).ok()?;
    dater.learn(&head);
    let size = if head.len() < LONG_LOOK {
        head.len() as u64
    } else {
        told_size(file, item.packing, life.size)
            .unwrap_or_else(|| life.size.saturating_mul(UNPACKED_FACTOR))
    };
    let first = stamps(&mut dater, &head).next();
    let Some((offset, at)) = first else {
        return Some(life.whole(size));
    };
    let first = Point {
        offset: offset as u64,
        at,
    };
    let last = Point {
        offset: size.saturating_sub(1),
        at: life.written.timestamp(),
    };
    Some(Profile::stamped(vec![first, last], size))
}

/// The unpacked size that a gzip file (RFC 1952, ISIZE) or a zstd frame (RFC 8878, content size)
/// tells, where it can be true.
fn told_size(file: &File, packing: Packing, size: u64) -> Option<u64> {
    let told = match packing {
        Packing::Gzip => {
            let mut end = [0; 4];
            file.read_exact_at(&mut end, size.checked_sub(4)?).ok()?;
            u64::from(u32::from_le_bytes(end))
        }
        Packing::Zstd => {
            let mut start = [0; 18];
            file.read_exact_at(&mut start, 0).ok()?;
            zstd::zstd_safe::get_frame_content_size(&start).ok()??
        }
        _ => return None,
    };
    // of several members the last one tells of itself alone, and 4 GiB wrap around
    (told >= size && told / 1100 <= size).then_some(told)
}

/// The stamped lines of a piece that begins where a line does: where each begins in it, and its
/// moment in seconds since 1970.
fn stamps<'a>(dater: &'a mut Dater, piece: &'a [u8]) -> impl Iterator<Item = (usize, i64)> + 'a {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < piece.len() {
            let begin = at;
            let rest = &piece[begin..];
            at += memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
            if let Some(moment) = dater.moment(&piece[begin..at]) {
                return Some((begin, moment.seconds));
            }
        }
        None
    })
}

/// A stretch between two known places; the largest comes first.
#[derive(PartialEq, Eq)]
struct Stretch {
    from: Point,
    to: Point,
}

impl Stretch {
    const fn bytes(&self) -> u64 {
        self.to.offset.saturating_sub(self.from.offset)
    }

    /// In bytes and time together.
    fn extent(&self) -> u128 {
        let seconds = self.to.at.saturating_sub(self.from.at);
        u128::from(self.bytes()) * u128::from(seconds.unsigned_abs())
    }

    fn is_even(&self, since: i64) -> bool {
        self.bytes() <= EVEN_BYTES
            || self.to.at.saturating_sub(self.from.at) <= EVEN_SECONDS
            || self.to.at < since
    }
}

impl Ord for Stretch {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.extent(), self.to.offset).cmp(&(other.extent(), other.to.offset))
    }
}

impl PartialOrd for Stretch {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

struct Search {
    file: File,
    size: u64,
    dater: Dater,
    piece: Vec<u8>,
}

impl Search {
    /// The stamps of a small file.
    fn every_stamp(&mut self) -> io::Result<Vec<Point>> {
        let length = self.read(0, LOOK)?;
        self.dater.learn(&self.piece[..length]);
        let points = stamps(&mut self.dater, &self.piece[..length]);
        let points = points.map(|(begin, at)| Point {
            offset: begin as u64,
            at,
        });
        Ok(thinned(points.collect()))
    }

    /// Places with their moments, in file order; none where the file has no stamps.
    fn places(&mut self, effort: Effort) -> io::Result<Vec<Point>> {
        self.learn()?;
        let Some(first) = self.first()? else {
            return Ok(Vec::new());
        };
        let mut points = vec![first];
        if let Some(last) = self.last()? {
            points.push(last);
            let mut stretches = BinaryHeap::from([Stretch {
                from: first,
                to: last,
            }]);
            for _ in 0..effort.places {
                let Some(stretch) = stretches.pop() else {
                    break;
                };
                if stretch.is_even(effort.since) {
                    continue;
                }
                let middle = stretch.from.offset + stretch.bytes() / 2;
                if let Some(found) = self.stamp_after(middle)?
                    && found.offset < stretch.to.offset
                {
                    points.push(found);
                    let (from, to) = (stretch.from, stretch.to);
                    stretches.push(Stretch { from, to: found });
                    stretches.push(Stretch { from: found, to });
                }
            }
            points.sort_unstable_by_key(|point| point.offset);
        }
        Ok(points)
    }

    /// How the file writes its stamps, from its beginning, its middle and its end.
    fn learn(&mut self) -> io::Result<()> {
        let end = self.size.saturating_sub(LOOK as u64);
        for from in [0, end / 2, end] {
            let length = self.read(from, LOOK)?;
            let skipped = match from {
                0 => 0,
                _ => line_start(&self.piece[..length]),
            };
            self.dater.learn(&self.piece[skipped..length]);
        }
        Ok(())
    }

    fn first(&mut self) -> io::Result<Option<Point>> {
        for reach in [LOOK, FIRST_STAMP] {
            let length = self.read(0, reach)?;
            let piece = &self.piece[..length];
            if let Some((begin, at)) = stamps(&mut self.dater, piece).next() {
                let offset = begin as u64;
                return Ok(Some(Point { offset, at }));
            }
        }
        Ok(None)
    }

    fn last(&mut self) -> io::Result<Option<Point>> {
        for reach in [LOOK, LONG_LOOK] {
            let from = self.size.saturating_sub(reach as u64);
            let length = self.read(from, reach)?;
            let skipped = line_start(&self.piece[..length]);
            let piece = &self.piece[skipped..length];
            if let Some((begin, at)) = stamps(&mut self.dater, piece).last() {
                let offset = from + (skipped + begin) as u64;
                return Ok(Some(Point { offset, at }));
            }
        }
        Ok(None)
    }

    /// The first stamped line that begins after `offset`, where there is one close by.
    fn stamp_after(&mut self, offset: u64) -> io::Result<Option<Point>> {
        for reach in [LOOK, LONG_LOOK] {
            let length = self.read(offset, reach)?;
            let skipped = line_start(&self.piece[..length]);
            let piece = &self.piece[skipped..length];
            if let Some((begin, at)) = stamps(&mut self.dater, piece).next() {
                let offset = offset + (skipped + begin) as u64;
                return Ok(Some(Point { offset, at }));
            }
        }
        Ok(None)
    }

    /// Reads at most `reach` bytes of the file as it was when it was looked up.
    fn read(&mut self, from: u64, reach: usize) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(from)).unwrap_or(usize::MAX);
        let wanted = reach.min(left);
        if self.piece.len() < wanted {
            self.piece.resize(wanted, 0);
        }
        let mut length = 0;
        while length < wanted {
            let into = &mut self.piece[length..wanted];
            match self.file.read_at(into, from + length as u64) {
                // truncated meanwhile
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(length)
    }
}

/// Leaves out places that are close in time to both of their neighbours: there may be a million
/// small files, whose profiles are all kept.
fn thinned(points: Vec<Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for (place, point) in points.iter().enumerate() {
        let is_far = |other: &Point| point.at.saturating_sub(other.at).abs() > EVEN_SECONDS;
        if kept.last().is_none_or(is_far) || points.get(place + 1).is_none_or(is_far) {
            kept.push(*point);
        }
    }
    kept
}

/// Where the first whole line of a piece begins.
fn line_start(piece: &[u8]) -> usize {
    memchr(b'\n', piece).map_or(piece.len(), |newline| newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_small_file_the_places_around_pauses_are_kept() {
        let minutes = [0, 1, 2, 3, 60, 61, 62, 90, 91];
        let points = (0..).zip(minutes).map(|(offset, minute)| Point {
            offset,
            at: minute * 60,
        });
        let kept = thinned(points.collect());
        let kept: Vec<_> = kept.iter().map(|point| point.at / 60).collect();
        assert_eq!(kept, [0, 3, 60, 62, 90, 91]);
        let even = (0..1000_i64).map(|at| Point {
            offset: at.unsigned_abs(),
            at,
        });
        assert_eq!(thinned(even.collect()).len(), 3);
    }
}
