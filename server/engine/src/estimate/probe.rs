//! A file's profile, from a few reads.
//!
//! Beginning, middle and end are looked at, then whatever [stretch](super::stretch) may hide most, as
//! often as the file's share of all bytes allows. A packed file is looked at in its first bytes
//! only: it ends when it was last written to, and tells its unpacked size, or is taken to hold
//! [`UNPACKED_FACTOR`] times its own.
//!
//! On a cold disk each look is a wait: one reads a page, which mostly shows a stamped line.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileExt;

use chrono::{DateTime, Utc};
use rustix::fs::{Advice, fadvise};

use super::profile::{Point, Profile};
use super::stretch::{EVEN_SECONDS, Shown, Stretches};
use crate::source::{FileItem, Packing, file_head, open_file};
use crate::window::{Dater, Place, Probe, Record, lines, page_of};

/// So much is read of a file's beginning, middle and end; a file of no more is read as a whole.
const LOOK: usize = 8 * 1024;
/// So much is searched for a place's stamp where lines are long.
const LONG_LOOK: usize = 64 * 1024;
/// So much is searched for a file's first stamp, as a collection does.
const FIRST_STAMP: usize = 256 * 1024;
/// So many places are looked at in all files together, which takes about a second from a cold disk …
const PLACES_IN_ALL: u64 = 32_000;
/// … and in each file at least and at most so many.
const PLACES: [u64; 2] = [4, 512];
/// Of a file's places one in so many is looked at though nothing is in doubt.
const SURE_SHARE: u64 = 4;
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
    shown: Shown,
    /// A place is looked at for each so many bytes.
    bytes_per_place: u64,
}

impl Effort {
    /// For the files of one of several roles, which hold so many bytes together: roles share places
    /// alike, since each has bars of its own, and files by their size.
    #[must_use]
    pub fn shared(shown: Shown, roles: usize, bytes: u64) -> Self {
        let roles = u64::try_from(roles).unwrap_or(u64::MAX);
        Self {
            shown,
            bytes_per_place: (bytes.saturating_mul(roles) / PLACES_IN_ALL).max(1),
        }
    }

    fn places(&self, size: u64) -> u64 {
        (size / self.bytes_per_place).clamp(PLACES[0], PLACES[1])
    }
}

fn look(item: &FileItem, effort: Effort) -> Option<Profile> {
    let (file, metadata) = open_file(&item.folder.root, &item.below()).ok()?;
    let life = Life::of(&metadata)?;
    let dater = Dater::of(&item.folder.dating, life.written);
    if item.packing != Packing::Plain {
        return packed(item, &file, dater, &life);
    }
    let mut probe = Probe::new(&file, life.size, dater);
    let points = if life.size <= LOOK as u64 {
        let all = probe.every_record().ok()?;
        thinned(all.into_iter().map(Point::from).collect())
    } else {
        // reading ahead would be for nothing
        let _ = fadvise(&file, 0, None, Advice::Random);
        places(&mut probe, effort).ok()?
    };
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
    let Some(first) = lines(&head).find_map(|line| dater.moment(line)) else {
        return Some(life.whole(size));
    };
    let first = Point {
        offset: 0,
        at: first.seconds,
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

/// Places with their moments, in file order; none where the file has no stamps.
fn places(probe: &mut Probe<'_>, effort: Effort) -> io::Result<Vec<Point>> {
    let size = probe.length();
    for offset in [0, page_of(size / 2), page_of(size - LOOK as u64)] {
        probe.learn_at(offset, LOOK)?;
    }
    let Place::Record(first) = probe.record_within(0, FIRST_STAMP)? else {
        return Ok(Vec::new());
    };
    let last = match probe.last_within(LOOK)? {
        Some(last) => Some(last),
        None => probe.last_within(LONG_LOOK)?,
    };
    let mut points = vec![first.into()];
    let Some(last) = last.filter(|last| last.offset > first.offset) else {
        return Ok(points);
    };
    points.push(last.into());
    let mut stretches = Stretches::between(points[0], points[1], effort.shown);
    let most = effort.places(size);
    for place in 0..most {
        let Some((stretch, aim)) = stretches.next(place >= most / SURE_SHARE) else {
            break;
        };
        // from the first whole line of the page
        if let Place::Record(found) = probe.record_within(page_of(aim) + 1, LONG_LOOK)?
            && stretches.divide(stretch, found.into())
        {
            points.push(found.into());
        }
    }
    points.sort_unstable_by_key(|point| point.offset);
    Ok(points)
}

impl From<Record> for Point {
    fn from(record: Record) -> Self {
        Self {
            offset: record.offset,
            at: record.moment.seconds,
        }
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fmt::Write;

    use chrono_tz::Tz;

    use super::*;
    use crate::window::{Dating, PAGE, ReadAt};

    /// Counts what is read: where, and how much.
    struct Log {
        text: Vec<u8>,
        reads: RefCell<Vec<(u64, usize)>>,
    }

    impl ReadAt for Log {
        fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
            let from = usize::try_from(offset).expect("small");
            let read = into.len().min(self.text.len() - from);
            into[..read].copy_from_slice(&self.text[from..from + read]);
            self.reads.borrow_mut().push((offset, read));
            Ok(read)
        }
    }

    #[test]
    fn a_file_that_grew_evenly_is_looked_at_in_a_few_pages() {
        let begin: DateTime<Utc> = "2025-11-20T00:00:00Z".parse().expect("a time");
        let mut text = String::new();
        for line in 0..30_000 {
            let at = begin + chrono::TimeDelta::seconds(2 * line);
            writeln!(text, "{} line {line:05} of somebody", at.to_rfc3339()).expect("memory");
        }
        let log = Log {
            text: text.into_bytes(),
            reads: RefCell::default(),
        };
        let size = log.text.len() as u64;
        let dating = Dating {
            zone: Tz::UTC,
            format: None,
            key: None,
        };
        let mut probe = Probe::new(&log, size, Dater::of(&dating, begin));
        let shown = Shown {
            since: 0,
            step: 3600,
        };
        let points = places(&mut probe, Effort::shared(shown, 4, size * 500)).expect("memory");
        let profile = Profile::stamped(points, size);
        for hour in 0..16 {
            let from = begin.timestamp() + hour * 3600;
            let told = profile.logged(from, from + 3600);
            assert!(
                told.abs_diff(size * 3600 / 60_000) < 200,
                "{told} of {size}"
            );
        }
        let reads = log.reads.borrow();
        let pages = |(offset, length): &(u64, usize)| {
            assert!(offset.is_multiple_of(PAGE), "{reads:?}");
            (*length as u64).div_ceil(PAGE)
        };
        assert!(reads.iter().map(pages).sum::<u64>() <= 16, "{reads:?}");
    }

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
