//! What a line of a private key looks like: a run of base 64, and where on its line it stands.

use std::ops::Range;

/// What lines of keys have, but for the last one.
const WIDTHS: [usize; 3] = [64, 70, 76];
/// A line of a key where one is expected; whatever else has so many letters is no word.
const LONG: usize = 40;
/// The same anywhere: hashes, which stand at the ends of lines, have up to 44.
const VERY_LONG: usize = 60;
/// What stands in front of a key's lines is shorter.
const LONGEST_PREFIX: usize = 256;
/// How the line with a key's end begins.
pub const END: &[u8] = b"-----END ";

/// Where a run stands on its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    column: usize,
    /// Of what stands in front.
    shape: u64,
    /// What follows the run.
    after: Option<u8>,
}

impl Standing {
    pub fn of(line: &[u8], run: &Range<usize>) -> Self {
        Self {
            column: run.start,
            shape: shape(&line[..run.start.min(LONGEST_PREFIX)]),
            after: line.get(run.end).copied(),
        }
    }

    /// Whether a run of another line stands in the same place, or behind a stamp that is written
    /// with fewer digits.
    pub fn is_alike(self, line: &[u8], run: &Range<usize>) -> bool {
        self.after == line.get(run.end).copied()
            && (self.column == run.start
                || (run.start < LONGEST_PREFIX && self.shape == shape(&line[..run.start])))
    }
}

/// What a prefix looks like (FNV-1a): all numbers are alike, and space at its end does not count.
pub fn shape(prefix: &[u8]) -> u64 {
    let mut last = 0;
    let bytes = prefix.trim_ascii_end().iter().filter_map(|byte| {
        let byte = if byte.is_ascii_digit() { b'0' } else { *byte };
        let goes_on = byte == b'0' && last == b'0';
        last = byte;
        (!goes_on).then_some(byte)
    });
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The runs of base 64 of a line, each with its padding.
pub fn runs(line: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += line[at..].iter().position(is_digit)?;
        let run = at..at + length(&line[at..]);
        at = run.end;
        Some(run)
    })
}

/// The run behind a prefix of this shape, else behind nothing but space.
pub fn behind(line: &[u8], prefix: u64) -> Option<Range<usize>> {
    let mut near = runs(line).take_while(|run| run.start < LONGEST_PREFIX);
    let first = near.next()?;
    let is_behind = |run: &Range<usize>| shape(&line[..run.start]) == prefix;
    if is_behind(&first) {
        return Some(first);
    }
    let is_indented = line[..first.start].trim_ascii().is_empty();
    near.find(is_behind).or(Some(first).filter(|_| is_indented))
}

fn is_digit(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/".contains(byte)
}

/// What follows the written out end of a line.
pub fn unescaped(mut text: &[u8]) -> &[u8] {
    while let [b'\\', b'r' | b'n', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Letters of base 64 at the beginning of a text, with their padding.
fn length(text: &[u8]) -> usize {
    let digits = text.iter().take_while(|byte| is_digit(byte)).count();
    let padding = text[digits..].iter().take_while(|byte| **byte == b'=');
    digits + padding.take(2).count()
}

/// Long, and no path or number in hexadecimal digits.
pub fn is_long(run: &[u8]) -> bool {
    run.len() >= LONG && is_mixed(run)
}

/// So long that it needs nothing else to tell it.
pub fn is_very_long(run: &[u8]) -> bool {
    run.len() >= VERY_LONG && is_mixed(run)
}

/// As long as lines of keys are, but for the last one.
pub fn is_line(run: &[u8]) -> bool {
    WIDTHS.contains(&run.len()) && is_mixed(run)
}

/// No word or number of a sentence, though it may be short.
pub fn is_encoded(run: &[u8]) -> bool {
    let is_padded = run.ends_with(b"=") && run.len().is_multiple_of(4);
    match run.len() {
        0..8 => false,
        8..24 => is_padded || is_mixed(run),
        // so many letters without a digit are rare, but there are such
        _ => is_padded || (has(run, u8::is_ascii_uppercase) && has(run, u8::is_ascii_lowercase)),
    }
}

/// What may be a word: small letters behind the first, or capital ones.
pub fn is_word(run: &[u8]) -> bool {
    run.iter().all(u8::is_ascii_alphabetic)
        && (run.iter().skip(1).all(u8::is_ascii_lowercase)
            || run.iter().all(u8::is_ascii_uppercase))
}

fn is_mixed(run: &[u8]) -> bool {
    let kinds = [
        u8::is_ascii_uppercase,
        u8::is_ascii_lowercase,
        u8::is_ascii_digit,
    ];
    kinds.into_iter().all(|is_kind| has(run, is_kind))
}

fn has(run: &[u8], is_kind: fn(&u8) -> bool) -> bool {
    run.iter().any(is_kind)
}
