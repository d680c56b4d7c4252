//! Logs with lines in and out of the window, and what a plain filter takes of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::dice::Dice;

/// Stamps compare as text in this form.
const STAMP: &str = "%Y-%m-%dT%H:%M:%S%.3fZ";

/// By role, then by entry of the role's bundles: the bytes that belong there.
pub type Expected = BTreeMap<&'static str, BTreeMap<String, String>>;

/// Start and end of the asked period.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// Writes files below `directory` and reads out of them, line by line, what is to be collected.
pub fn write(
    directory: &Path,
    role: &'static str,
    period: Period,
    dice: &mut Dice,
    expected: &mut Expected,
) {
    let own = expected.entry(role).or_default();
    // one that makes a volume of several blocks, now and then
    let large = dice.happens(6);
    let files = if large { 1 } else { dice.between(1, 12) };
    let words = if large { 24 } else { 1 };
    for file in 0..files {
        let path = directory.join(role).join(format!("{file:02}.log"));
        let lines = match dice.between(0, 10) {
            _ if large => 100_000,
            0 => 0,
            1 => 1,
            _ => dice.between(2, 4000),
        };
        let text = log(period, lines, words, dice);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, &text).expect("a log");
        let inside = inside(&text, period);
        if !inside.is_empty() {
            own.insert(format!("files{}", path.display()), inside);
        }
    }
}

/// Records in a nearly sorted order, some with further lines, over twice the period.
fn log(period: Period, lines: u64, words: u64, dice: &mut Dice) -> String {
    let mut text = String::new();
    let span = (period.end - period.start) * 2;
    let first = period.start - TimeDelta::minutes(30);
    for number in 0..lines {
        let share = span.num_milliseconds() * i64::try_from(number).expect("few")
            / i64::try_from(lines).expect("few");
        let jitter = i64::try_from(dice.between(0, 60_000)).expect("few");
        let at = first + TimeDelta::milliseconds(share - jitter);
        write!(text, "{} {number}", at.format(STAMP)).expect("a string");
        for _ in 0..words {
            write!(text, " {:016x}", dice.next()).expect("a string");
        }
        if dice.happens(5) {
            write!(text, "\n    at frame {number}\n\tcaused by {number}").expect("a string");
        }
        text.push('\n');
    }
    if dice.happens(20) {
        // its last line is being written
        text.pop();
    }
    text
}

/// What a plain filter lets through: a line without a stamp goes with the one before.
fn inside(text: &str, period: Period) -> String {
    let bounds = [period.start, period.end].map(|at| at.format(STAMP).to_string());
    let [start, end] = bounds.each_ref().map(String::as_str);
    let mut keep = false;
    text.split_inclusive('\n')
        .filter(|line| {
            if line.starts_with('2') {
                let stamp = &line[..start.len()];
                keep = start <= stamp && stamp < end;
            }
            keep
        })
        .collect()
}
