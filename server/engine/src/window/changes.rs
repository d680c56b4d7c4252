//! Where a file goes on in another format, as after an update of the program that writes it.
//!
//! A survey asks what most lines of a file look like. The newest lines, which are asked for most,
//! may be a small part of it and look otherwise; taken for the end of the last record before them
//! they would be lost with it. So where a stretch of a file shows no record, its lines are surveyed
//! by themselves. They are records where most of them are stamped, and their stamps go on from the
//! record before, up to the one behind: what a message quotes is mostly older than the message.
//!
//! It is looked at chunk by chunk, before the chunk is filtered; a change of which a chunk shows
//! fewer than [`LEAST`] lines is seen in the next one.

use memchr::memrchr;

use super::dater::{Dater, HEAD};
use super::moment::Moment;
use super::place::body;
use super::probe::lines;
use super::search::{Slack, later};

/// So many lines without a stamp make a stretch, and so many of it have to have one after all.
const LEAST: usize = 4;
/// At so many bytes' distance it is looked whether a stretch begins or ends in between.
const EVERY: usize = 8 * 1024;
/// So many stretches of a chunk are surveyed, and so many lines of each.
const STRETCHES: usize = 4;
const LINES: usize = 48;
/// What is stamped later than so many seconds after the file's last write is none of it.
const AHEAD: i64 = 24 * 3600;

/// Follows a file that is filtered.
#[derive(Debug, Default)]
pub struct Changes {
    /// A record at about the end of the last chunk.
    last: Option<Moment>,
}

/// Neighbouring lines without a stamp.
struct Stretch<'c> {
    /// Those that are neither empty nor indented.
    lines: Vec<&'c [u8]>,
    before: Option<Moment>,
    behind: Option<Moment>,
}

impl Changes {
    /// Looks at the file's next bytes; the dater knows afterwards what they go on in.
    pub fn see(&mut self, chunk: &[u8], dater: &mut Dater) {
        if !dater.may_learn_more() {
            return;
        }
        if !is_stamped_all_over(chunk, dater) {
            let mut stretches = self.stretches(chunk, dater);
            stretches.sort_by_key(|stretch| std::cmp::Reverse(stretch.lines.len()));
            for stretch in stretches.iter().take(STRETCHES) {
                stretch.survey(dater);
            }
        }
        let last = last_lines(chunk)
            .take(LINES)
            .find_map(|line| dater.moment(line));
        self.last = last.or(self.last);
    }

    fn stretches<'c>(&self, chunk: &'c [u8], dater: &mut Dater) -> Vec<Stretch<'c>> {
        let mut stretches = Vec::new();
        let mut open = Stretch {
            lines: Vec::new(),
            before: self.last,
            behind: None,
        };
        for line in heads(chunk) {
            if let Some(moment) = dater.moment(line) {
                open.behind = Some(moment);
                let next = Stretch {
                    lines: Vec::new(),
                    before: Some(moment),
                    behind: None,
                };
                stretches.push(std::mem::replace(&mut open, next));
            } else if body(line).is_some() {
                open.lines.push(line);
            }
        }
        stretches.push(open);
        stretches.retain(|stretch| stretch.lines.len() >= LEAST);
        stretches
    }
}

impl Stretch<'_> {
    /// Teaches the dater where these are records of their own.
    fn survey(&self, dater: &mut Dater) {
        // behind a banner, or what ends the record before
        let from = (self.lines.len() / 2).min(self.lines.len().saturating_sub(LINES));
        let asked = &self.lines[from..self.lines.len().min(from + LINES)];
        let mut sample = Vec::new();
        for line in asked {
            sample.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
            sample.push(b'\n');
        }
        let mut own = dater.surveyed(&sample);
        let moments: Vec<Moment> = asked.iter().filter_map(|line| own.moment(line)).collect();
        let slack = Slack::USUAL.seconds;
        let earliest = self.before.map(|moment| later(moment, -slack));
        let latest = self.behind.map_or_else(
            || later(dater.last_write(), AHEAD),
            |moment| later(moment, slack),
        );
        let goes_on = |moment: &Moment| earliest <= Some(*moment) && *moment <= latest;
        if (self.before.is_some() || self.behind.is_some())
            && moments.len() >= LEAST
            && moments.len() * 2 >= asked.len()
            && moments.iter().all(goes_on)
        {
            dater.go_on_with(own);
        }
    }
}

/// Whether no stretch is met at places all over a chunk.
fn is_stamped_all_over(chunk: &[u8], dater: &mut Dater) -> bool {
    let pieces = (EVERY..chunk.len()).step_by(EVERY);
    // the first line of a piece is torn
    pieces
        .map(|at| &chunk[at..chunk.len().min(at + EVERY)])
        .all(|piece| is_stamped(heads(piece).skip(1), dater))
        && is_stamped(last_lines(chunk), dater)
}

/// Whether one of the next lines that may have a stamp has one, or there are too few of them.
fn is_stamped<'c>(lines: impl Iterator<Item = &'c [u8]>, dater: &mut Dater) -> bool {
    let mut asked = 0;
    for line in lines.filter(|line| body(line).is_some()).take(LEAST) {
        if dater.moment(line).is_some() {
            return true;
        }
        asked += 1;
    }
    asked < LEAST
}

/// The lines of a chunk, each with its end; of a long one its beginning.
fn heads(chunk: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines(chunk).map(head)
}

fn head(line: &[u8]) -> &[u8] {
    &line[..line.len().min(HEAD)]
}

/// The lines of a chunk that have an end, from the last one back.
fn last_lines(chunk: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = &chunk[..memrchr(b'\n', chunk).unwrap_or_default()];
    std::iter::from_fn(move || {
        let begin = memrchr(b'\n', rest).map_or(0, |newline| newline + 1);
        let line = &rest[begin..];
        let is_over = rest.is_empty();
        rest = &rest[..begin.saturating_sub(1)];
        (!is_over).then(|| head(line))
    })
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use chrono_tz::Tz;
    use domain::Window;

    use super::super::clock::Clock;
    use super::super::{Unstamped, WindowFilter};
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    /// What is kept of 14:00 to 15:00 UTC, read in chunks of so many bytes.
    fn kept(log: &str, chunk: usize) -> String {
        let window = Window::new(utc("2026-11-20T14:00:00Z"), utc("2026-11-20T15:00:00Z"));
        let clock = Clock::new(Tz::UTC, utc("2026-11-20T16:00:00Z"));
        let dater = Dater::new(clock, None);
        let mut filter = WindowFilter::new(&window.expect("in order"), dater, Unstamped::TakeWhole);
        let mut out = Vec::new();
        for piece in log.as_bytes().chunks(chunk) {
            filter.push(piece, &mut out).expect("memory");
        }
        filter.finish(&mut out).expect("memory");
        String::from_utf8(out).expect("text")
    }

    /// A record each ten seconds from the first of `hours` to the last.
    fn log(form: &str, hours: std::ops::Range<u32>) -> String {
        let minutes = hours.flat_map(|hour| (0..60).map(move |minute| (hour, minute)));
        minutes
            .flat_map(|(hour, minute)| (0..6).map(move |ten| (hour, minute, ten)))
            .map(|(hour, minute, ten)| {
                let time = format!("{hour:02}:{minute:02}:{ten}0");
                match form {
                    "klog" => format!("I1120 {time}.000000    71 store.go:12] opened\n"),
                    "json" => format!("{{\"level\":\"info\",\"time\":\"2026-11-20T{time}Z\"}}\n"),
                    "level" => format!("INFO  [2026-11-20 {time},000] opened\n"),
                    _ => format!("Nov 20 {time} node-1 store[71]: opened\n\tat trace\n"),
                }
            })
            .collect()
    }

    #[test]
    fn the_few_lines_behind_an_update_are_kept_by_their_own_stamps() {
        for before in ["syslog", "klog", "json", "level"] {
            for after in ["syslog", "klog", "json", "level"] {
                let old = log(before, 0..13);
                let banner = "\n=== store 2.0 ===\nready\n";
                let all = [&old, banner, &log(after, 13..16)].concat();
                assert_eq!(
                    kept(&all, usize::MAX),
                    log(after, 14..15),
                    "{before} {after}"
                );
                // and what was written before it, as the smaller part
                let all = [log(before, 14..15), log(after, 15..24)].concat();
                assert_eq!(
                    kept(&all, usize::MAX),
                    log(before, 14..15),
                    "{before} {after}"
                );
            }
        }
    }

    #[test]
    fn an_update_far_into_a_file_is_seen() {
        let old = log("syslog", 0..1).repeat(100);
        assert!(old.len() > 1024 * 1024);
        let all = [&old, &log("json", 13..16)[..], &log("syslog", 16..17)].concat();
        assert_eq!(kept(&all, 256 * 1024), log("json", 14..15));
    }

    #[test]
    fn what_a_record_quotes_from_before_it_stays_with_it() {
        let quoted = log("json", 1..2);
        let record = format!("Nov 20 14:30:00 node-1 store[71]: last events:\n{quoted}");
        let all = [&log("syslog", 0..14), &record, &log("syslog", 15..24)[..]].concat();
        assert_eq!(kept(&all, usize::MAX), record);
    }
}
