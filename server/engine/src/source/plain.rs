//! A file that lies there as it is: only what may hold the window is read.
//!
//! It is read as long as it was at opening. Only whole lines are handed on until its end, so that
//! one that is cut short or written anew meanwhile gives what was there, and no torn line.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use domain::Reason;
use memchr::memrchr;

use super::content::{CHUNK, Start};
use super::sink::Sink;
use super::{Stop, binary};
use crate::window::{FIRST, Probe, Slack, ends_by_returns, search};

/// A longer file is searched.
const SEARCHED_FROM: u64 = 1024 * 1024;
/// Of a longer file more than its beginning shows the format of its stamps.
const LEARNED_FROM: u64 = 256 * 1024;
/// At so many places of it the format of its stamps is looked at.
const LEARNED_AT: u64 = 6;
/// So many pieces of a file, the last one its end, are looked at before more of it is, where it may
/// have begun after the window.
const LATE_PIECES: usize = 8;
const LATE_PIECE: usize = 2048;
/// So much of the file's start shows whether it was written anew.
const GUARD: usize = 256;

pub fn copy(
    file: &File,
    length: u64,
    mut start: Start<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), Stop> {
    if length > LEARNED_FROM && start.may_begin_late() && begins_late(file, length, &start, sink)? {
        return Ok(());
    }
    let sample = usize::try_from(length).map_or(binary::SAMPLE, |all| all.min(binary::SAMPLE));
    let mut head = vec![0; sample];
    let read = fill(file, &mut head, 0)?;
    head.truncate(read);
    let mut middle = Vec::new();
    if length > binary::SAMPLE as u64 {
        middle.resize(binary::SAMPLE, 0);
        let read = fill(file, &mut middle, length / 2)?;
        middle.truncate(read);
    }
    if !start.begin(&head, &middle, sink)? {
        return Ok(());
    }
    drop(middle);
    if head.len() as u64 == length {
        return sink.push(&head, length);
    }
    // a search knows no line ends but newlines
    let may_be_searched = !ends_by_returns(&head) && sink.is_line_wise();
    head.truncate(GUARD);
    let mut ranges = Ranges {
        file,
        length,
        guard: head,
        buffer: vec![0; CHUNK],
    };
    if length <= LEARNED_FROM || !may_be_searched {
        return ranges.copy(0..length, false, sink);
    }
    let mut probe = Probe::new(file, length, start.dater.clone());
    let learned = probe.learn(LEARNED_AT, binary::SAMPLE / 2);
    learned.map_err(|error| failed(&error))?;
    start.dater = probe.dater().clone();
    if length <= SEARCHED_FROM {
        sink.count(probe.read_bytes())?;
        sink.filter(start.filter());
        return ranges.copy(0..length, false, sink);
    }
    let found = search(&mut probe, &start.wanted(), Slack::USUAL);
    let found = found.map_err(|error| failed(&error))?;
    sink.count(probe.read_bytes())?;
    // a file that was emptied meanwhile looks like one without the window
    ranges.check()?;
    sink.filter(start.filter().of_searched());
    if found.asked.start > 0 {
        sink.jump();
    }
    if found.sure.is_empty() {
        return ranges.copy(found.asked, false, sink);
    }
    ranges.copy(found.asked.start..found.sure.start, false, sink)?;
    ranges.copy(found.sure.clone(), true, sink)?;
    ranges.copy(found.sure.end..found.asked.end, false, sink)
}

/// Whether the file is out for having begun after the window. Of a week in rotated files most are,
/// and samples of all of each would be most of what is read.
fn begins_late(
    file: &File,
    length: u64,
    start: &Start<'_>,
    sink: &mut Sink<'_>,
) -> Result<bool, Stop> {
    let (mut head, mut pieces) = ([0; FIRST], [0; LATE_PIECES * LATE_PIECE]);
    let mut read = fill(file, &mut head, 0)?;
    let behind_head = length - (FIRST + LATE_PIECE) as u64;
    for (number, piece) in (1..).zip(pieces.chunks_exact_mut(LATE_PIECE)) {
        let offset = FIRST as u64 + behind_head / LATE_PIECES as u64 * number;
        read += fill(file, piece, offset.min(length - LATE_PIECE as u64))?;
    }
    sink.count(read as u64)?;
    let pieces = pieces.chunks_exact(LATE_PIECE);
    Ok(read == FIRST + LATE_PIECES * LATE_PIECE && start.begins_late(&head, pieces))
}

struct Ranges<'f> {
    file: &'f File,
    length: u64,
    /// What the file began with at opening.
    guard: Vec<u8>,
    buffer: Vec<u8>,
}

impl Ranges<'_> {
    /// Hands a range of the file on, which begins and ends where a line does or the file.
    fn copy(&mut self, range: Range<u64>, is_sure: bool, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let (mut offset, mut held) = (range.start, 0);
        while offset < range.end && (is_sure || !sink.is_done()) {
            let free = (self.buffer.len() - held) as u64;
            let wanted = usize::try_from(free.min(range.end - offset)).unwrap_or(CHUNK);
            let read = fill(self.file, &mut self.buffer[held..held + wanted], offset)?;
            self.check()?;
            offset += read as u64;
            let filled = &self.buffer[..held + read];
            let is_last = offset == range.end || read < wanted;
            let whole = match memrchr(b'\n', filled) {
                Some(newline) if !is_last => newline + 1,
                _ => filled.len(),
            };
            let (lines, rest) = filled.split_at(whole);
            if is_sure {
                sink.pass(lines, read as u64)?;
            } else {
                sink.push(lines, read as u64)?;
            }
            held = rest.len();
            self.buffer.copy_within(whole..whole + held, 0);
            if read < wanted {
                // it claims to be longer than it is, as files of `/sys` do
                break;
            }
        }
        Ok(())
    }

    /// What was read is of no use where it was not there at opening.
    fn check(&self) -> Result<(), Stop> {
        if self.is_as_opened() {
            Ok(())
        } else {
            Err(Stop::Source(Reason::Shortened))
        }
    }

    /// Whether it was neither cut short nor written anew.
    fn is_as_opened(&self) -> bool {
        let mut now = vec![0; self.guard.len()];
        (self.file.metadata()).is_ok_and(|metadata| metadata.len() >= self.length)
            && fill(self.file, &mut now, 0).is_ok_and(|read| now[..read] == self.guard)
    }
}

/// Reads until `into` is full or the file ends.
fn fill(file: &File, into: &mut [u8], offset: u64) -> Result<usize, Stop> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read_at(&mut into[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    Ok(filled)
}

fn failed(error: &io::Error) -> Stop {
    Stop::Source(super::reason(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_of_a_file_that_is_emptied_meanwhile_does_not_count() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("a.log");
        std::fs::write(&path, "2025-11-20T14:00:00Z\n").expect("a file");
        let file = File::open(&path).expect("a file");
        let ranges = Ranges {
            file: &file,
            length: 21,
            guard: b"2025-11-20".to_vec(),
            buffer: Vec::new(),
        };
        assert!(ranges.check().is_ok());
        std::fs::write(&path, "2025-11-21T14:00:00Z\n").expect("a file");
        assert!(ranges.check().is_err());
        std::fs::write(&path, "2025-11-20").expect("a file");
        assert!(ranges.check().is_err());
    }
}
