//! Cleaning a stream: lines across chunks, private keys across lines, counts.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

use memchr::{memchr, memmem, memrchr};

use super::{Finding, Redactor};

/// Longer lines are looked at in pieces of this size.
pub const LINE_LIMIT: usize = 1024 * 1024;
/// So much of a piece is looked at again with the next one. A secret that is longer than this, on
/// such a line, takes the rest of the line with it.
const OVERLAP: usize = 64 * 1024;
/// A private key without an end is given up after so many bytes; the longest in use have 13 KiB.
const KEY_LIMIT: usize = 32 * 1024;

/// Cleans one item's bytes.
#[derive(Debug)]
pub struct Cleaner<'r> {
    redactor: &'r Redactor,
    counts: BTreeMap<&'static str, u64>,
    /// The line at hand, as far as it has come and is not written; at most [`LINE_LIMIT`].
    line: Vec<u8>,
    place: Place,
    /// Where cleaned lines are put together.
    cleaned: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Text,
    /// A private key has begun on a line before; so many bytes may still belong to it.
    Key {
        left: usize,
    },
    /// The rest of an overlong line goes, since a secret reached the end of the piece before.
    Dropping,
}

impl<'r> Cleaner<'r> {
    pub(super) const fn new(redactor: &'r Redactor) -> Self {
        Self {
            redactor,
            counts: BTreeMap::new(),
            line: Vec::new(),
            place: Place::Text,
            cleaned: Vec::new(),
        }
    }

    /// How many secrets were taken out so far, by rule.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Takes the next bytes and writes the lines that they complete, cleaned.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            // halves, so that a line within one is certainly shorter than the limit
            let (piece, after) = rest.split_at(rest.len().min(LINE_LIMIT / 2));
            let piece = self.complete_line(piece, out)?;
            let whole = memrchr(b'\n', piece).map_or(0, |newline| newline + 1);
            self.lines(&piece[..whole], out)?;
            self.line.extend_from_slice(&piece[whole..]);
            rest = after;
        }
        Ok(())
    }

    /// The stream has ended, perhaps within a line.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        if self.place != Place::Dropping {
            self.lines(&line, out)?;
        }
        Ok(())
    }

    /// Goes on with a line that an earlier piece began; gives back what follows it.
    fn complete_line<'p>(
        &mut self,
        mut piece: &'p [u8],
        out: &mut dyn Write,
    ) -> io::Result<&'p [u8]> {
        while (!self.line.is_empty() || self.place == Place::Dropping) && !piece.is_empty() {
            let room = LINE_LIMIT - self.line.len();
            let part = &piece[..piece.len().min(room)];
            let newline = memchr(b'\n', part);
            let (taken, after) = piece.split_at(newline.map_or(part.len(), |newline| newline + 1));
            piece = after;
            if self.place == Place::Dropping {
                if newline.is_some() {
                    self.place = Place::Text;
                    out.write_all(b"\n")?;
                }
                continue;
            }
            self.line.extend_from_slice(taken);
            if newline.is_some() {
                let mut line = std::mem::take(&mut self.line);
                self.lines(&line, out)?;
                line.clear();
                self.line = line;
                // what follows is free of the past
                break;
            } else if self.line.len() == LINE_LIMIT {
                self.overlong(out)?;
            }
        }
        Ok(piece)
    }

    /// Cleans whole lines (the last one of a stream may lack its end).
    fn lines(&mut self, block: &[u8], out: &mut dyn Write) -> io::Result<()> {
        // `block[..written]` is dealt with, and so is `block[..searched]` but for being written
        let (mut written, mut searched) = (0, 0);
        self.cleaned.clear();
        while searched < block.len() {
            if let Place::Key { left } = self.place {
                searched = self.key_line(block, searched, left);
                written = searched;
                continue;
            }
            let Some(trigger_end) = self.redactor.triggers.shortest_match_at(block, searched)
            else {
                break;
            };
            let line = Line::around(block, searched, trigger_end - 1);
            let text = &block[line.text.clone()];
            for finding in self.redactor.findings(text) {
                let start = line.text.start + finding.start;
                self.cleaned.extend_from_slice(&block[written..start]);
                self.mark(finding.rule);
                written = line.text.start + finding.end;
            }
            searched = line.next;
            if leaves_key_open(text) {
                // the key's further lines go without a trace
                self.cleaned.extend_from_slice(&block[written..searched]);
                written = searched;
                self.place = Place::Key { left: KEY_LIMIT };
            }
        }
        if self.cleaned.is_empty() {
            out.write_all(&block[written..])
        } else {
            self.cleaned.extend_from_slice(&block[written..]);
            out.write_all(&self.cleaned)
        }
    }

    /// Skips a line of a private key; says where to go on.
    fn key_line(&mut self, block: &[u8], at: usize, left: usize) -> usize {
        const END: &[u8] = b"-----END ";
        let line = Line::around(block, at, at);
        let text = &block[line.text.clone()];
        if let Some(end) = memmem::find(text, END) {
            self.place = Place::Text;
            let name = end + END.len();
            let after = memmem::find(&text[name..], b"-----").map(|dashes| name + dashes + 5);
            return match after {
                Some(after) if after < text.len() => at + after,
                // an end that stands alone leaves no empty line
                _ => line.next,
            };
        }
        match left.checked_sub(text.len() + 1) {
            Some(left) => {
                self.place = Place::Key { left };
                line.next
            }
            None => {
                self.place = Place::Text;
                at
            }
        }
    }

    /// Cleans the first piece of a line that is longer than a piece may be, and keeps the overlap.
    fn overlong(&mut self, out: &mut dyn Write) -> io::Result<()> {
        // a key has short lines
        self.place = Place::Text;
        let findings = if self.redactor.triggers.is_match(&self.line) {
            self.redactor.findings(&self.line)
        } else {
            Vec::new()
        };
        let cut = safe_cut(&findings, LINE_LIMIT - OVERLAP);
        let mut written = 0;
        self.cleaned.clear();
        for finding in findings.iter().filter(|finding| finding.end <= cut) {
            self.cleaned
                .extend_from_slice(&self.line[written..finding.start]);
            self.mark(finding.rule);
            written = finding.end;
            if finding.end == LINE_LIMIT {
                self.place = Place::Dropping;
            }
        }
        self.cleaned.extend_from_slice(&self.line[written..cut]);
        self.line.drain(..cut);
        out.write_all(&self.cleaned)
    }

    fn mark(&mut self, rule: &'static str) {
        *self.counts.entry(rule).or_default() += 1;
        for piece in ["[redacted:", rule, "]"] {
            self.cleaned.extend_from_slice(piece.as_bytes());
        }
    }
}

/// A line within a block.
struct Line {
    /// Without its end.
    text: Range<usize>,
    /// Where the next one begins.
    next: usize,
}

impl Line {
    /// The line that `at` lies in; nothing before `from` counts.
    fn around(block: &[u8], from: usize, at: usize) -> Self {
        let start = memrchr(b'\n', &block[from..at]).map_or(from, |newline| from + newline + 1);
        let newline = memchr(b'\n', &block[at..]).map(|newline| at + newline);
        let end = newline.unwrap_or(block.len());
        let text = match block[start..end].last() {
            Some(b'\r') => start..end - 1,
            _ => start..end,
        };
        Self {
            text,
            next: newline.map_or(block.len(), |newline| newline + 1),
        }
    }
}

/// The first place from `cut` on that lies in no finding, names in front of secrets included.
fn safe_cut(findings: &[Finding], mut cut: usize) -> usize {
    loop {
        let split = findings
            .iter()
            .find(|finding| finding.from < cut && cut < finding.end);
        match split {
            Some(finding) => cut = finding.end,
            None => return cut,
        }
    }
}

/// A private key begins at the end of this line. One that goes on within the line, its line ends
/// escaped, is dealt with by the rule.
fn leaves_key_open(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.ends_with(b"-----")
        && memmem::rfind(line, b"-----BEGIN ").is_some_and(|begin| {
            let name = &line[begin + b"-----BEGIN ".len()..line.len() - 5];
            name.ends_with(b"PRIVATE KEY") || name.ends_with(b"PRIVATE KEY BLOCK")
        })
}
