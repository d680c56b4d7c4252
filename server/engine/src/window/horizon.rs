//! Whether a file that is read from its start has left the window behind for good.
//!
//! By the same assumption as a [search](super::search): from a record on that is stamped after the
//! end by more than the slack, and further on than the slack's bytes, nothing is in. One record of
//! each piece is looked at; where they are in worse disorder, the file is read to its end. So it is
//! where its beginning is late and goes back in time: what is written newest first has all the rest
//! still to come.

use std::cmp::Ordering;
use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use memchr::memchr;

use super::dater::Dater;
use super::lines::Judge;
use super::moment::Moment;
use super::probe::{Record, earliest, first_record};
use super::search::{FIRST, Slack, later};

/// So much of a beginning shows whether it goes back in time, unless all of it is of one moment.
const DIRECTION: usize = 64 * 1024;
/// So much of a beginning shows well enough how records are stamped that are all late.
const LEARNED: usize = 4096;
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
    // the first line of a piece is torn
    let mut pieces = pieces.map(|piece| match memchr(b'\n', piece) {
        Some(newline) => &piece[newline + 1..],
        None => &[],
    });
    let tail = pieces.next_back().unwrap_or_default();
    dater.learn(&head[..head.len().min(LEARNED)]);
    dater.learn(tail);
    let mut judge = Judge::of_all_before(later(end.into(), slack.seconds), dater);
    [head, tail]
        .into_iter()
        .chain(pieces)
        .all(|piece| judge.leaves_out(piece))
}

/// Whether a beginning goes back in time.
fn goes_back(piece: &[u8], dater: &mut Dater) -> bool {
    let direction = halves(&piece[..piece.len().min(DIRECTION)], dater);
    direction.then_with(|| halves(piece, dater)).is_gt()
}

/// How the records of a piece's first half are on the whole stamped beside those of its second.
/// Several writers that are not of one mind about the time make no difference.
fn halves(piece: &[u8], dater: &mut Dater) -> Ordering {
    let lines = piece.split_inclusive(|byte| *byte == b'\n');
    let moments: Vec<i128> = lines
        .filter(|line| line.ends_with(b"\n"))
        .filter_map(|line| dater.moment(line))
        .map(|at| i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos))
        .collect();
    let half = moments.len() / 2;
    let sum = |moments: &[i128]| moments.iter().sum::<i128>();
    sum(&moments[..half]).cmp(&sum(&moments[moments.len() - half..]))
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
            let is_late = earliest.is_some_and(|moment| moment >= self.late);
            let goes_back = is_late && goes_back(piece, &mut self.dater);
            self.begins_late = is_late && !goes_back;
            self.is_disordered |= goes_back;
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

    #[test]
    fn a_late_beginning_that_goes_back_in_time_ends_nothing() {
        let end = "2026-11-20T12:00:00Z"
            .parse::<DateTime<Utc>>()
            .expect("a time");
        // two writers, one of which is seconds ahead
        let line = |number: usize| {
            let second = number + number % 2 * 5;
            format!(
                "2026-11-20T14:{:02}:{:02}Z x {:40}\n",
                second / 60,
                second % 60,
                ""
            )
        };
        let log: Vec<String> = (0..3000).map(line).collect();
        let is_past = |log: Vec<String>| {
            let dater = Dater::new(Clock::new(Tz::UTC, end), None);
            let mut horizon = Horizon::new(end.into(), Slack::USUAL, dater);
            horizon.dater.learn(log[..99].concat().as_bytes());
            horizon.see(log.concat().as_bytes());
            horizon.is_past()
        };
        assert!(is_past(log.clone()));
        assert!(!is_past(log.into_iter().rev().collect()));
    }
}
