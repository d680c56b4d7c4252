//! Where in a large file a window lies, from looking at a few places.
//!
//! Logs are sorted but for what several writers mix up. What is relied on, for any two records:
//! where the earlier one in the file has the later stamp, they lie at most [`Slack::bytes`] apart,
//! or their stamps are at most [`Slack::seconds`] apart. From that, one record says much about all:
//!
//! - one stamped before the start by more than the seconds: what lies further before it than the
//!   bytes is out;
//! - one stamped after the end by as much: what lies further behind it is out;
//! - one stamped later than the start by as much: what lies further behind it is not before the
//!   window; likewise for the end. Between two such everything is in, and no line need be looked at.
//!
//! So it does not matter which records a search happens to meet; better ones make narrower bounds.
//! Every record that was met is held against the assumption, and where one speaks against it the
//! whole file is filtered.

use std::io;
use std::ops::Range;

use super::PROBE;
use super::moment::Moment;
use super::probe::{Place, Probe, Record};

/// How much disorder there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slack {
    pub seconds: i64,
    pub bytes: u64,
}

impl Slack {
    pub const USUAL: Self = Self {
        seconds: 300,
        bytes: 1024 * 1024,
    };
}

/// Between so many places of a large file at least, and at most, its order is looked at; in between
/// one for each [`SPREAD`] bytes.
const PLACES: Range<u64> = 32..256;
const SPREAD: u64 = 8 * 1024 * 1024;
/// A file whose first bytes are all stamped after the window began after it, if it is in order.
pub const FIRST: usize = 16 * 1024;

/// The part of a file that a window may lie in. All bounds are where records begin, or the
/// file's start or end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Nothing outside is in.
    pub asked: Range<u64>,
    /// Everything here is in. Lies within `asked`; may be empty.
    pub sure: Range<u64>,
}

impl Extent {
    const fn whole(length: u64) -> Self {
        Self {
            asked: 0..length,
            sure: 0..0,
        }
    }

    const NOTHING: Self = Self::whole(0);
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// What is stamped before this is out. Earlier than the start where a night has an hour twice
    /// and a stamp may mean its second pass.
    pub from: Moment,
    /// What is stamped from here on and before the end is in.
    pub start: Moment,
    pub end: Moment,
}

/// Looks for a window.
///
/// # Errors
/// Those of reading.
pub fn search(probe: &mut Probe<'_>, wanted: &Wanted, slack: Slack) -> io::Result<Extent> {
    let whole = Extent::whole(probe.length());
    let first = match probe.record_from(0)? {
        Place::Record(first) if first.offset < PROBE as u64 => first,
        // a filter calls such a file unstamped
        _ => return Ok(whole),
    };
    let late = later(wanted.end, slack.seconds);
    let begins_late =
        first.moment >= late && probe.earliest(FIRST)?.is_some_and(|moment| moment >= late);
    let mut search = Search {
        probe,
        records: vec![first],
        slack,
    };
    if !search.look_around()? {
        return Ok(whole);
    }
    if begins_late && search.is_in_order() {
        return Ok(Extent::NOTHING);
    }
    let extent = search.extent(wanted)?;
    Ok(match extent {
        Some(extent) if search.is_in_order() => extent,
        _ => whole,
    })
}

struct Search<'p, 'f> {
    probe: &'p mut Probe<'f>,
    /// All that were met, as they lie in the file.
    records: Vec<Record>,
    slack: Slack,
}

impl Search<'_, '_> {
    /// Meets records all over the file; `false` where a place shows none.
    fn look_around(&mut self) -> io::Result<bool> {
        let length = self.probe.length();
        // what lies closer together than the slack's bytes may be in any order
        let least = PLACES.start.min(2 * length / self.slack.bytes.max(1));
        let places = (length / SPREAD).clamp(least, PLACES.end);
        let tail = length.saturating_sub(FIRST as u64);
        for place in (1..places)
            .map(|place| length / places * place)
            .chain([tail])
        {
            match self.probe.record_from(place)? {
                Place::Record(record) => self.keep(record),
                Place::End => {}
                Place::Unknown => return Ok(false),
            }
        }
        Ok(true)
    }

    fn keep(&mut self, record: Record) {
        let at = (self.records).partition_point(|known| known.offset < record.offset);
        if self.records.get(at) != Some(&record) {
            self.records.insert(at, record);
        }
    }

    /// Whether what was met bears out the assumption.
    fn is_in_order(&self) -> bool {
        self.records.iter().enumerate().all(|(index, record)| {
            self.records[..index].iter().all(|before| {
                record.offset - before.offset <= self.slack.bytes
                    || before.moment <= later(record.moment, self.slack.seconds)
            })
        })
    }

    /// `None` where a bound cannot be put at a record.
    fn extent(&mut self, wanted: &Wanted) -> io::Result<Option<Extent>> {
        let Slack { seconds, bytes } = self.slack;
        let length = self.probe.length();
        let before = self.last(|moment| moment < later(wanted.from, -seconds))?;
        let behind = self.first(|moment| moment >= later(wanted.end, seconds))?;
        let start = before.map_or(0, |offset| offset.saturating_sub(bytes));
        let start = if start <= self.records[0].offset {
            // what may lie before the first record shares its fate
            0
        } else {
            match self.probe.record_from(start)? {
                Place::Record(record) => record.offset,
                Place::End => length,
                Place::Unknown => return Ok(None),
            }
        };
        let end = match behind {
            Some(offset) => self.bound(offset + bytes + 1)?.max(start),
            None => length,
        };
        Ok(Some(Extent {
            asked: start..end,
            sure: self.sure(wanted, start..end)?,
        }))
    }

    /// Where nothing is out, within what is asked for.
    fn sure(&mut self, wanted: &Wanted, asked: Range<u64>) -> io::Result<Range<u64>> {
        let Slack { seconds, bytes } = self.slack;
        let nothing = asked.start..asked.start;
        // what may be in disorder lies inside of a bound, and where that is not the file's, outside
        let margin = |is_files: bool| if is_files { bytes } else { 2 * bytes };
        let margins = margin(asked.start == 0) + margin(asked.end == self.probe.length());
        if asked.end - asked.start <= margins {
            return Ok(nothing);
        }
        let inside = self.first(|moment| moment >= later(wanted.start, seconds))?;
        let until = self.last(|moment| moment < later(wanted.end, -seconds))?;
        match (inside, until) {
            (Some(inside), Some(until)) => self.between(inside + bytes + 1, until, &asked),
            _ => Ok(nothing),
        }
    }

    /// The records of `within` that begin at `from` or later, and before those that lie less than
    /// the slack before `until`.
    fn between(&mut self, from: u64, until: u64, within: &Range<u64>) -> io::Result<Range<u64>> {
        let nothing = within.start..within.start;
        let until = until.saturating_sub(self.slack.bytes);
        if from >= until {
            return Ok(nothing);
        }
        let (first, last) = (
            self.probe.record_from(from)?,
            self.probe.record_from(until)?,
        );
        Ok(match (first, last) {
            (Place::Record(first), Place::Record(last)) => {
                let start = first.offset.clamp(within.start, within.end);
                start..last.offset.clamp(start, within.end)
            }
            _ => nothing,
        })
    }

    /// Where the first record at `offset` or later begins; the end where none is found.
    fn bound(&mut self, offset: u64) -> io::Result<u64> {
        Ok(match self.probe.record_from(offset)? {
            Place::Record(record) => record.offset,
            Place::End | Place::Unknown => self.probe.length(),
        })
    }

    /// Where about the last record lies of which `fits` is true, which holds for early ones.
    fn last(&mut self, fits: impl Fn(Moment) -> bool) -> io::Result<Option<u64>> {
        let Some(last) = self.records.iter().rposition(|record| fits(record.moment)) else {
            return Ok(None);
        };
        let next = self.records.get(last + 1).map(|record| record.offset);
        let (mut low, mut high) = (
            self.records[last].offset,
            next.unwrap_or(self.probe.length()),
        );
        while high - low > self.grain() {
            let middle = low + (high - low) / 2;
            match self.meet(middle, high)? {
                Some(record) if fits(record.moment) => low = record.offset,
                _ => high = middle,
            }
        }
        Ok(Some(low))
    }

    /// Where about the first record lies of which `fits` is true, which holds for late ones.
    fn first(&mut self, fits: impl Fn(Moment) -> bool) -> io::Result<Option<u64>> {
        let Some(first) = self.records.iter().position(|record| fits(record.moment)) else {
            return Ok(None);
        };
        let found = self.records[first].offset;
        let before = first.checked_sub(1).map(|index| self.records[index].offset);
        let Some(mut low) = before else {
            return Ok(Some(found));
        };
        // no record that fits is known between `high` and `best`
        let (mut high, mut best) = (found, found);
        while high - low > self.grain() {
            let middle = low + (high - low) / 2;
            match self.meet(middle, high)? {
                Some(record) if fits(record.moment) => {
                    best = record.offset;
                    high = middle;
                }
                Some(record) => low = record.offset,
                None => high = middle,
            }
        }
        Ok(Some(best))
    }

    /// The first record that begins in a range.
    fn meet(&mut self, start: u64, end: u64) -> io::Result<Option<Record>> {
        match self.probe.record_from(start)? {
            Place::Record(record) if record.offset < end => {
                self.keep(record);
                Ok(Some(record))
            }
            _ => Ok(None),
        }
    }

    /// Finer than this it is not worth to look.
    const fn grain(&self) -> u64 {
        let grain = self.slack.bytes / 32;
        if grain == 0 { 1 } else { grain }
    }
}

/// A moment that is so many seconds later.
pub const fn later(moment: Moment, seconds: i64) -> Moment {
    Moment {
        seconds: moment.seconds.saturating_add(seconds),
        nanos: moment.nanos,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use chrono_tz::Tz;
    use domain::Window;
    use proptest::prelude::*;

    use super::super::probe::ReadAt;
    use super::super::{Dater, Dating, Unstamped, WindowFilter};
    use super::*;

    struct Log(Vec<u8>);

    impl ReadAt for Log {
        fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
            let from = usize::try_from(offset).map_or(self.0.len(), |at| at.min(self.0.len()));
            let read = into.len().min(self.0.len() - from);
            into[..read].copy_from_slice(&self.0[from..from + read]);
            Ok(read)
        }
    }

    /// Seconds after 10:00 UTC of 20 November 2026.
    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_168_800 + seconds, 0).expect("in range")
    }

    fn dater() -> Dater {
        let dating = Dating {
            zone: Tz::UTC,
            format: None,
            key: None,
        };
        Dater::of(&dating, at(86_400))
    }

    /// What a search and a filter of what it found give; what a filter of all gives; the extent.
    fn both(log: &Log, window: Range<i64>, slack: Slack) -> (Vec<u8>, Vec<u8>, Extent) {
        let window = Window::new(at(window.start), at(window.end)).expect("in order");
        let mut probe = Probe::new(log, log.0.len() as u64, dater());
        probe.learn(6, 4096).expect("memory");
        let wanted = Wanted {
            from: window.start().into(),
            start: window.start().into(),
            end: window.end().into(),
        };
        let extent = search(&mut probe, &wanted, slack).expect("memory");
        let filter = || WindowFilter::new(&window, probe.dater().clone(), Unstamped::LeaveOut);
        let bytes = |range: Range<u64>| &log.0[range.start as usize..range.end as usize];

        let (mut found, mut out) = (filter(), Vec::new());
        if extent.asked.start > 0 {
            found.jump();
        }
        if extent.sure.is_empty() {
            found
                .push(bytes(extent.asked.clone()), &mut out)
                .expect("memory");
        } else {
            let Extent { asked, sure } = extent.clone();
            found
                .push(bytes(asked.start..sure.start), &mut out)
                .expect("memory");
            found.pass(bytes(sure.clone()), &mut out).expect("memory");
            found
                .push(bytes(sure.end..asked.end), &mut out)
                .expect("memory");
        }
        found.finish(&mut out).expect("memory");

        let (mut plain, mut all) = (filter(), Vec::new());
        plain.push(&log.0, &mut all).expect("memory");
        plain.finish(&mut all).expect("memory");
        (out, all, extent)
    }

    #[derive(Clone, Debug)]
    struct Entry {
        step: i64,
        early: i64,
        length: usize,
        tail: Vec<usize>,
        order: u8,
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let step = prop_oneof![8 => 0i64..10, 1 => 100i64..400];
        let length = prop_oneof![20 => 0usize..80, 1 => 3000usize..9000];
        let tail = prop_oneof![6 => Just(vec![]), 1 => prop::collection::vec(0usize..200, 0..20)];
        (step, 0i64..30, length, tail, any::<u8>()).prop_map(
            |(step, early, length, tail, order)| Entry {
                step,
                early,
                length,
                tail,
                order,
            },
        )
    }

    /// Sorted but for stamps that are early by less than 30 seconds, and for groups of at most
    /// `group` bytes, the records of which are in any order.
    fn log(entries: &[Entry], group: usize, syslog_from: usize) -> Log {
        let mut now = 0;
        let (mut log, mut open) = (Vec::new(), Vec::<(u8, String)>::new());
        for (index, entry) in entries.iter().enumerate() {
            now += entry.step;
            let stamp = at(now - entry.early);
            let stamp = if index < syslog_from {
                stamp.format("%Y-%m-%dT%H:%M:%SZ")
            } else {
                stamp.format("%b %e %H:%M:%S host")
            };
            let mut record = format!("{stamp} {}\n", "x".repeat(entry.length));
            for length in &entry.tail {
                record.push_str(&format!("  at {}\n", "y".repeat(*length)));
            }
            let size: usize = open.iter().map(|(_, record)| record.len()).sum();
            if size + record.len() > group {
                close(&mut open, &mut log);
            }
            open.push((entry.order, record));
        }
        close(&mut open, &mut log);
        Log(log)
    }

    fn close(open: &mut Vec<(u8, String)>, log: &mut Vec<u8>) {
        open.sort_by_key(|(order, _)| *order);
        log.extend(open.drain(..).flat_map(|(_, record)| record.into_bytes()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_search_finds_what_a_filter_finds(
            entries in prop::collection::vec(entry(), 1..300),
            group in prop_oneof![Just(0usize), 0usize..5000],
            syslog_from in 0usize..900,
            torn in (0usize..300, 0usize..50),
            from in -100i64..6000,
            length in 1i64..4000,
        ) {
            let mut log = log(&entries, group, syslog_from);
            log.0.drain(..torn.0.min(log.0.len()));
            log.0.truncate(log.0.len().saturating_sub(torn.1));
            let slack = Slack { seconds: 30, bytes: 5000 };
            let (found, all, extent) = both(&log, from..from + length, slack);
            prop_assert!(found == all, "{extent:?} of {}", log.0.len());
        }
    }

    #[test]
    fn a_last_line_that_ends_within_the_minute_has_no_stamp() {
        let mut log = steady(0..20_000);
        // 15:31, of which the last digit is not written yet
        log.extend_from_slice(b"2026-11-20T15:3");
        let slack = Slack {
            seconds: 30,
            bytes: 5000,
        };
        let (found, all, _) = both(&Log(log), 17_500..18_500, slack);
        assert!(found == all && found.len() == 100_000);
    }

    /// A line of 100 bytes each second.
    fn steady(seconds: Range<i64>) -> Vec<u8> {
        seconds
            .flat_map(|second| {
                let stamp = at(second).format("%Y-%m-%dT%H:%M:%SZ");
                format!("{stamp} {:78}\n", "x").into_bytes()
            })
            .collect()
    }

    #[test]
    fn the_bounds_are_narrow() {
        let log = Log(steady(0..20_000));
        let slack = Slack {
            seconds: 30,
            bytes: 5000,
        };
        let (found, all, extent) = both(&log, 10_000..12_000, slack);
        assert!(found == all && found.len() == 200_000);
        assert!(
            extent.asked.end - extent.asked.start < 230_000,
            "{extent:?}"
        );
        assert!(extent.sure.end - extent.sure.start > 170_000, "{extent:?}");
    }

    #[test]
    fn worse_disorder_is_seen_and_all_is_filtered() {
        let log = Log([steady(5000..10_000), steady(0..5000)].concat());
        let slack = Slack {
            seconds: 30,
            bytes: 5000,
        };
        let (found, all, extent) = both(&log, 4000..6000, slack);
        assert!(found == all && found.len() == 200_000);
        assert_eq!(extent, Extent::whole(log.0.len() as u64));
    }

    #[test]
    fn a_file_that_begins_after_the_window_is_left() {
        let log = Log(steady(5000..10_000));
        let (_, _, extent) = both(&log, 0..4000, Slack::USUAL);
        assert_eq!(extent, Extent::NOTHING);
    }
}
