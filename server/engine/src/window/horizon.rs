//! Whether a file that is read from its start has left the window behind for good.
//!
//! By the same assumption as a [search](super::search): from a record on that is stamped after the
//! end by more than the slack, and further on than the slack's bytes, nothing is in. One record of
//! each piece is looked at; where they are in worse disorder, the file is read to its end.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use memchr::memchr;

use super::dater::Dater;
use super::moment::Moment;
use super::probe::{Record, earliest, first_record};
use super::search::{FIRST, Slack, later};

/// So much of a piece is searched for a record.
const LOOK: usize = 16 * 1024;

/// Whether a file's first bytes ([`FIRST`] of them) and pieces from further on, the last one at its
/// end, are all stamped after the window's end, by more than the slack: then nothing of it is in.
/// What is known of the file's stamps comes from these bytes alone, so where one of them shows none
/// the answer is no.
#[must_use]
pub fn begins_late<'p>(
    head: &[u8],
    pieces: impl DoubleEndedIterator<Item = &'p [u8]>,
    mut dater: Dater,
    end: DateTime<Utc>,
    slack: Slack,
) -> bool {
    let late = later(end.into(), slack.seconds);
    let mut is_late = |piece: &[u8], learns: bool| {
        if learns {
            dater.learn(piece);
        }
        earliest(piece, &mut dater).is_some_and(|moment| moment >= late)
    };
    // the first line of a piece is torn
    let mut pieces = pieces.map(|piece| match memchr(b'\n', piece) {
        Some(newline) => &piece[newline + 1..],
        None => &[],
    });
    let tail = pieces.next_back().unwrap_or_default();
    is_late(head, true) && is_late(tail, true) && pieces.all(|piece| is_late(piece, false))
}

#[derive(Debug)]
pub struct Horizon {
    dater: Dater,
    /// The window's end with the slack.
    late: Moment,
    slack: Slack,
    /// Where the next piece begins, counted from the first.
    offset: u64,
    is_further_on: bool,
    /// The latest stamp that lies further back than the slack's bytes.
    settled: Option<Moment>,
    /// Those that do not, from the first on.
    recent: VecDeque<Record>,
    /// Where those begin that are all late.
    first_late: Option<u64>,
    is_disordered: bool,
    begins_late: bool,
}

impl Horizon {
    pub fn new(end: Moment, slack: Slack, dater: Dater) -> Self {
        Self {
            dater,
            late: later(end, slack.seconds),
            slack,
            offset: 0,
            is_further_on: false,
            settled: None,
            recent: VecDeque::new(),
            first_late: None,
            is_disordered: false,
            begins_late: false,
        }
    }

    /// The first piece is not the file's start.
    pub fn further_on(mut self) -> Self {
        self.is_further_on = true;
        self
    }

    /// Looks at the file's next bytes.
    pub fn see(&mut self, piece: &[u8]) {
        if self.offset == 0 && !self.is_further_on && piece.len() >= FIRST {
            let earliest = earliest(&piece[..FIRST], &mut self.dater);
            self.begins_late = earliest.is_some_and(|moment| moment >= self.late);
        }
        let look = &piece[..piece.len().min(LOOK)];
        if let Some((at, moment)) = first_record(look, self.offset == 0, &mut self.dater) {
            self.meet(Record {
                offset: self.offset + at as u64,
                moment,
            });
        }
        self.offset += piece.len() as u64;
    }

    /// Passes over bytes unseen.
    pub fn skip(&mut self, bytes: usize) {
        self.offset += bytes as u64;
    }

    fn meet(&mut self, record: Record) {
        while let Some(old) = self.recent.front().copied()
            && record.offset - old.offset > self.slack.bytes
        {
            self.settled = self.settled.max(Some(old.moment));
            self.recent.pop_front();
        }
        let allowed = later(record.moment, self.slack.seconds);
        self.is_disordered |= self.settled.is_some_and(|settled| settled > allowed);
        if record.moment < self.late {
            // what seemed to be the end was one writer ahead of the others, or a clock gone wrong
            self.first_late = None;
        } else if self.first_late.is_none() {
            self.first_late = Some(record.offset);
        }
        self.recent.push_back(record);
    }

    /// Nothing that follows is in.
    pub fn is_past(&self) -> bool {
        let is_far = |late: u64| self.offset - late > self.slack.bytes;
        !self.is_disordered && (self.begins_late || self.first_late.is_some_and(is_far))
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::super::clock::Clock;
    use super::*;

    /// A few lines from an hour on, as the end of a file has them: the first is torn.
    fn lines(hour: u32) -> Vec<u8> {
        let lines = (0..9).map(|second| format!("2026-11-20T{hour:02}:05:0{second}Z x\n"));
        lines.collect::<String>().into_bytes()
    }

    #[test]
    fn a_file_is_late_when_all_that_is_seen_of_it_says_so() {
        let end: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().expect("a time");
        let late = |head: &[u8], tail: &[u8], end| {
            let dater = Dater::new(Clock::new(Tz::UTC, end), None);
            let pieces = [lines(14), tail.to_vec()];
            let pieces = pieces.iter().map(Vec::as_slice);
            begins_late(head, pieces, dater, end, Slack::USUAL)
        };
        assert!(late(&lines(12), &lines(15), end));
        // what lies before the window, or so little behind it that others may lie in it
        assert!(!late(&lines(11), &lines(15), end));
        assert!(!late(&lines(12), &lines(11), end));
        assert!(!late(
            &lines(15),
            &lines(15),
            end + chrono::TimeDelta::minutes(121)
        ));
        assert!(!late(
            &lines(12),
            &lines(15),
            end + chrono::TimeDelta::seconds(1)
        ));
        // nothing is known
        assert!(!late(b"no stamps\nat all\n", &lines(15), end));
        assert!(!late(&lines(12), b"no stamps\nat all\n", end));
        assert!(!late(&lines(12), b"one long line", end));
    }
}
