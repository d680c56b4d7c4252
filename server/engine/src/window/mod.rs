//! Which bytes of a log lie in the asked window.
//!
//! A *record* is a stamped line and the unstamped ones after it (a stack trace, a wrapped
//! message). It is in when start ≤ stamp < end. Nothing is sorted: the result is what a
//! line-by-line filter gives, in file order, whatever the sizes of the chunks that the bytes come
//! in, in constant memory whatever the length of the lines. A [`search()`] saves reading, and
//! changes nothing of it.
//!
//! Bytes need not be text. A line ends with `\n`, belongs to its stamp with everything in it, and
//! is decided by its first 4 KiB. In a file without any `\n` at its beginning a `\r` ends one too.
//!
//! Lines before a file's first stamp are the torn end of a record that began in a file before.
//! They share the first stamp's fate where it comes within [`LEADING`] bytes, since such pieces
//! mostly belong close by; longer ones are left out. A file without a stamp in its first
//! [`PROBE`] bytes has none for us: whether it is taken, as a whole, is the caller's [`Unstamped`];
//! but one in which it is in doubt which of several stamps are the records' is taken, unless all of
//! them are of after the window.

mod alike;
mod boot;
mod changes;
mod clock;
mod columns;
mod dater;
mod field;
mod format;
mod horizon;
mod lines;
mod moment;
mod names;
mod place;
mod probe;
mod profile;
#[cfg(test)]
mod samples;
mod search;
mod survey;
mod text;
mod time_format;
mod time_key;

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::Window;

pub use dater::Dater;
use dater::HEAD;
use horizon::Horizon;
pub use horizon::begins_late;
pub use lines::ends_by_returns;
use lines::{Judge, LineFilter};
#[cfg(test)]
pub use probe::{PAGE, ReadAt};
pub use probe::{Place, Probe, Record, lines, page_of, span};
pub use search::{FIRST, Slack, Wanted, search};
pub use time_format::{Dating, TimeFormat};
pub use time_key::TimeKey;

/// So much may lie before the first stamp and be kept with it.
const LEADING: usize = 64 * 1024;
/// So much is searched for a first stamp.
const PROBE: usize = 256 * 1024;

/// The moment of a line of any bytes, for a program that tries many.
#[must_use]
pub fn stamp_of(line: &[u8], format: Option<&TimeFormat>) -> Option<DateTime<Utc>> {
    let dating = Dating {
        zone: Tz::Europe__Zurich,
        format: format.cloned(),
        key: None,
    };
    let last_write = DateTime::from_timestamp(1_800_000_000, 0)?;
    let mut dater = Dater::of(&dating, last_write);
    dater.learn(line);
    let moment = dater.moment(line)?;
    DateTime::from_timestamp(moment.seconds, moment.nanos)
}

/// What becomes of a file in which no stamp is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unstamped {
    /// Its life meets the window.
    TakeWhole,
    /// It was not written to in the window.
    LeaveOut,
}

/// Lets the bytes of one file through that lie in the window.
#[derive(Debug)]
pub struct WindowFilter {
    judge: Judge,
    unstamped: Unstamped,
    state: State,
    is_searched: bool,
}

#[derive(Debug)]
enum State {
    /// No stamp looked for yet: the file's first bytes, at most [`PROBE`] + [`HEAD`].
    Probing(Vec<u8>),
    Lines(LineFilter, Box<Horizon>),
    /// There are no stamps: everything goes through.
    Whole,
    /// There are no stamps: nothing goes through.
    Nothing,
}

impl WindowFilter {
    #[must_use]
    pub fn new(window: &Window, dater: Dater, unstamped: Unstamped) -> Self {
        Self {
            judge: Judge::new(window, dater),
            unstamped,
            state: State::Probing(Vec::new()),
            is_searched: false,
        }
    }

    /// A search knows better than a filter where to stop, as it has seen all of the file.
    #[must_use]
    pub fn of_searched(self) -> Self {
        Self {
            is_searched: true,
            ..self
        }
    }

    /// Takes the file's next bytes and writes what of them is in.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn push(&mut self, chunk: &[u8], out: &mut dyn Write) -> io::Result<()> {
        match &mut self.state {
            State::Probing(probe) => {
                let room = PROBE + HEAD - probe.len();
                let (taken, rest) = chunk.split_at(room.min(chunk.len()));
                probe.extend_from_slice(taken);
                if taken.len() == room {
                    self.settle(out)?;
                    self.push(rest, out)?;
                }
                Ok(())
            }
            State::Lines(lines, horizon) => {
                self.judge.see_changes(chunk);
                horizon.see(chunk);
                lines.push(&mut self.judge, chunk, out)
            }
            State::Whole => out.write_all(chunk),
            State::Nothing => Ok(()),
        }
    }

    /// The file has ended: decides what is still held back.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.settle(out)?;
        match &mut self.state {
            State::Lines(lines, _) => lines.finish(&mut self.judge, out),
            State::Probing(_) | State::Whole | State::Nothing => Ok(()),
        }
    }

    /// Nothing that may still come can be in: the rest need not be read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match &self.state {
            State::Lines(_, horizon) => !self.is_searched && horizon.is_past(),
            State::Nothing => true,
            State::Probing(_) | State::Whole => false,
        }
    }

    /// Begins at a record further on in a file that has stamps, and of which the dater has learned.
    pub fn jump(&mut self) {
        self.state = State::Lines(
            LineFilter::default(),
            Box::new(self.judge.horizon().further_on()),
        );
    }

    /// Takes the file's next bytes, which begin a record and are in for certain.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn pass(&mut self, chunk: &[u8], out: &mut dyn Write) -> io::Result<()> {
        self.settle(out)?;
        if let State::Lines(lines, horizon) = &mut self.state {
            horizon.skip(chunk.len());
            lines.finish(&mut self.judge, out)?;
        }
        out.write_all(chunk)
    }

    /// The file has no stamps and goes through as it is.
    #[must_use]
    pub const fn takes_whole(&self) -> bool {
        matches!(self.state, State::Whole)
    }

    /// Ends the probing: looks for the first stamp in the bytes gathered so far.
    fn settle(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let State::Probing(probe) = &mut self.state else {
            return Ok(());
        };
        let probe = std::mem::take(probe);
        self.judge.see_line_ends(&probe);
        self.judge.learn(&probe);
        self.judge.see_changes(&probe);
        match first_stamp(&mut self.judge, &probe) {
            Some((at, inside)) => {
                let mut lines = LineFilter::default();
                if inside && at <= LEADING {
                    out.write_all(&probe[..at])?;
                }
                lines.push(&mut self.judge, &probe[at..], out)?;
                let mut horizon = self.judge.horizon();
                horizon.see(&probe);
                self.state = State::Lines(lines, Box::new(horizon));
            }
            None if self.unstamped == Unstamped::TakeWhole || self.judge.is_in_doubt() => {
                self.state = State::Whole;
                out.write_all(&probe)?;
            }
            None => self.state = State::Nothing,
        }
        Ok(())
    }
}

/// Where the first stamped line begins, and whether it is in.
fn first_stamp(judge: &mut Judge, probe: &[u8]) -> Option<(usize, bool)> {
    let mut at = 0;
    while at < probe.len().min(PROBE) {
        let rest = &probe[at..];
        let length = judge
            .line_end(rest)
            .map_or(rest.len(), |newline| newline + 1);
        if let Some(inside) = judge.verdict(&rest[..length]) {
            return Some((at, inside));
        }
        at += length;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::clock::Clock;
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    /// 14:00 to 15:00 UTC of 20 November 2026.
    fn filter(unstamped: Unstamped) -> WindowFilter {
        let window = Window::new(utc("2026-11-20T14:00:00Z"), utc("2026-11-20T15:00:00Z"));
        let clock = Clock::new(Tz::UTC, utc("2026-11-21T00:00:00Z"));
        WindowFilter::new(
            &window.expect("in order"),
            Dater::new(clock, None),
            unstamped,
        )
    }

    fn filtered_in(log: &[u8], chunk: usize, unstamped: Unstamped) -> Vec<u8> {
        let (mut filter, mut out) = (filter(unstamped), Vec::new());
        for piece in log.chunks(chunk) {
            filter.push(piece, &mut out).expect("memory");
        }
        filter.finish(&mut out).expect("memory");
        out
    }

    fn filtered(log: impl AsRef<[u8]>) -> Vec<u8> {
        filtered_in(log.as_ref(), usize::MAX, Unstamped::TakeWhole)
    }

    /// The same rule, written down once more without any care for speed.
    fn plainly_filtered(log: &[u8]) -> Vec<u8> {
        let mut judge = filter(Unstamped::TakeWhole).judge;
        judge.see_line_ends(log);
        judge.learn(log);
        judge.see_changes(log);
        let returns = !log.contains(&b'\n');
        let ends = |byte: &u8| *byte == b'\n' || returns && *byte == b'\r';
        let lines: Vec<&[u8]> = log.split_inclusive(ends).collect();
        let Some(first) = lines.iter().position(|line| judge.verdict(line).is_some()) else {
            return log.to_vec();
        };
        let mut keep = judge.verdict(lines[first]) == Some(true);
        let mut out = Vec::new();
        for line in lines {
            keep = judge.verdict(line).unwrap_or(keep);
            if keep {
                out.extend_from_slice(line);
            }
        }
        out
    }

    #[test]
    fn a_record_is_a_stamped_line_and_what_follows_it() {
        let log = "2026-11-20T13:59:59.999Z before\n  at trace\n\
                   2026-11-20T14:00:00Z first\n  at trace\n\n\
                   2026-11-20T14:59:59.999999999Z last\n\tat trace\n\
                   2026-11-20T15:00:00Z after\n  at trace\n\
                   2026-11-20T14:30:00Z late\nmore";
        let expected = "2026-11-20T14:00:00Z first\n  at trace\n\n\
                        2026-11-20T14:59:59.999999999Z last\n\tat trace\n\
                        2026-11-20T14:30:00Z late\nmore";
        assert_eq!(filtered(log), expected.as_bytes());
    }

    #[test]
    fn bytes_are_kept_as_they_are() {
        let log = b"Nov 20 14:01:00 h caf\xe9 \0\0\r\n\xff\xfe\r\n\0\nNov 20 16:00:00 h no\r\n";
        assert_eq!(
            filtered(log),
            b"Nov 20 14:01:00 h caf\xe9 \0\0\r\n\xff\xfe\r\n\0\n"
        );
    }

    #[test]
    fn carriage_returns_end_lines_where_no_newline_does() {
        let log = "2026-11-20T13:59:59Z before\r2026-11-20T14:00:00Z first\r  more\r\
                   2026-11-20T15:00:00Z after\r";
        let expected = b"2026-11-20T14:00:00Z first\r  more\r";
        for chunk in [1, 7, usize::MAX] {
            assert_eq!(
                filtered_in(log.as_bytes(), chunk, Unstamped::LeaveOut),
                expected
            );
        }
        // newlines that come later end lines as well
        let mut log = "2026-11-20T13:59:59Z 1%\r2 %\r".repeat(PROBE / 20);
        log.push_str("2026-11-20T14:01:00Z in\r\n");
        assert_eq!(filtered(&log), b"2026-11-20T14:01:00Z in\r\n");
        // a display of progress within a line is a part of it
        let log = "2026-11-20T14:01:00Z 1%\r2026-11-20T13:01:00Z 2%\n";
        assert_eq!(filtered(log), log.as_bytes());
    }

    #[test]
    fn a_torn_record_shares_the_fate_of_the_first_stamp() {
        assert_eq!(
            filtered("torn\nNov 20 14:01:00 in\n"),
            b"torn\nNov 20 14:01:00 in\n"
        );
        assert_eq!(filtered("torn\nNov 20 16:01:00 out\n"), b"");
        let long = format!(
            "{}Nov 20 14:01:00 in\n",
            "torn line\n".repeat(LEADING / 10 + 1)
        );
        assert_eq!(filtered(long), b"Nov 20 14:01:00 in\n");
    }

    #[test]
    fn without_stamps_the_callers_word_counts() {
        let small = b"no stamps\nat all\n".as_slice();
        let large = b"no stamps here\n".repeat(PROBE / 10);
        // a stamp that comes too late is none
        let late = [large.as_slice(), b"Nov 20 16:00:00 out\n"].concat();
        for log in [small, &large, &late] {
            for chunk in [1000, usize::MAX] {
                assert_eq!(filtered_in(log, chunk, Unstamped::TakeWhole), log);
                assert_eq!(filtered_in(log, chunk, Unstamped::LeaveOut), b"");
            }
        }
        assert_eq!(filtered(""), b"");
    }

    #[test]
    fn a_reader_is_told_when_it_may_stop() {
        let (mut filter, mut out) = (filter(Unstamped::LeaveOut), Vec::new());
        filter
            .push(&vec![b'x'; PROBE + HEAD - 1], &mut out)
            .expect("memory");
        assert!(!filter.is_done());
        filter.push(b"x", &mut out).expect("memory");
        assert!(filter.is_done());
    }

    #[test]
    fn lines_longer_than_a_chunk_go_through_in_pieces() {
        let long = |hour| {
            let mut line = format!("2026-11-20T{hour}:00:00Z ").into_bytes();
            line.resize(3 * 1024 * 1024, b'x');
            line.push(b'\n');
            line
        };
        let log = [long(13), long(14), long(15), long(14)].concat();
        let expected = [long(14), long(14)].concat();
        assert!(filtered_in(&log, 65_536, Unstamped::LeaveOut) == expected);
        assert!(filtered(&log) == expected);
    }

    fn line() -> impl Strategy<Value = Vec<u8>> {
        let stamp = (12u32..17, 0u32..60, 0u32..60, 0usize..7).prop_map(|(h, m, s, form)| {
            match form {
                0 => format!("2026-11-20T{h}:{m:02}:{s:02}.5Z "),
                1 => format!("2026-11-20 {h}:{m:02}:{s:02},123 "),
                2 => format!("[2026-11-20 {h}:{m:02}:{s:02} +0100] "),
                3 => format!("Nov 20 {h}:{m:02}:{s:02} "),
                4 => format!("<13>1 2026-11-20T{h}:{m:02}:{s:02}+01:00 "),
                _ => String::new(),
            }
            .into_bytes()
        });
        let rest = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            (0usize..1500).prop_map(|length| vec![b'y'; length]),
        ];
        let end = prop_oneof![Just(b"\n".as_slice()), Just(b"\r\n".as_slice())];
        (stamp, rest, end).prop_map(|(stamp, rest, end)| [&stamp, &rest[..], end].concat())
    }

    proptest! {
        #[test]
        fn filters_as_a_plain_line_filter_does(
            lines in prop::collection::vec(line(), 0..40),
            chunk in 1usize..2000,
            cut in 0usize..3,
        ) {
            let mut log = lines.concat();
            log.truncate(log.len().saturating_sub(cut));
            let expected = plainly_filtered(&log);
            prop_assert_eq!(&filtered_in(&log, chunk, Unstamped::TakeWhole), &expected);
            prop_assert_eq!(&filtered_in(&log, 1, Unstamped::TakeWhole), &expected);
            prop_assert_eq!(&filtered(&log), &expected);
        }
    }
}
