//! Cleaning a stream: lines across chunks, counts.

mod across;

use std::collections::BTreeMap;
use std::io::{self, Write};

use memchr::{memchr, memrchr};

use super::awaited::{Awaited, Look};
use super::identify::Sighting;
use super::key_block::KeyBlock;
use super::line::{Line, safe_cut};
use super::rules::PRIVATE_KEY;
use super::torn_key::TornKey;
use super::{Finding, Redactor, join, marks, wide};

/// How long lines are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longer lines are looked at in pieces of this size.
    pub line: usize,
    /// So much of a piece is looked at again with the next one. A secret that is longer than this,
    /// on such a line, takes the rest of the line with it.
    pub overlap: usize,
}

pub const LIMITS: Limits = Limits {
    line: 1024 * 1024,
    overlap: 64 * 1024,
};

/// So often a line is looked at again at most, so that a hostile one costs no more than its length.
pub const MOST_PASSES: usize = 8;

/// Cleans one item's bytes.
#[derive(Debug)]
pub struct Cleaner<'r> {
    redactor: &'r Redactor,
    limits: Limits,
    counts: BTreeMap<&'static str, u64>,
    /// The line at hand, as far as it has come and is not written; at most the limit.
    line: Vec<u8>,
    place: Place,
    /// A private key has begun on a line before, and goes on.
    key: Option<KeyBlock>,
    /// A private key of a line before may have further lines.
    torn: Option<TornKey>,
    /// Where cleaned lines are put together.
    cleaned: Vec<u8>,
    /// Room for the identifiers of many lines, and for what is found in one.
    sightings: Vec<Sighting>,
    findings: Vec<Finding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Text,
    /// A key on a line before has its value to come.
    Value(Awaited),
    /// The rest of an overlong line goes, since a secret reached the end of the piece before.
    Dropping {
        /// What a key before has to come after that line.
        awaited: Option<Awaited>,
    },
}

impl<'r> Cleaner<'r> {
    /// With [`LIMITS`], except in tests of what happens at them.
    pub(super) const fn new(redactor: &'r Redactor, limits: Limits) -> Self {
        Self {
            redactor,
            limits,
            counts: BTreeMap::new(),
            line: Vec::new(),
            place: Place::Text,
            key: None,
            torn: Some(TornKey::START),
            cleaned: Vec::new(),
            sightings: Vec::new(),
            findings: Vec::new(),
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
            let (piece, after) = rest.split_at(rest.len().min(self.limits.line / 2));
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
        match self.place {
            Place::Dropping { .. } => {}
            _ => self.lines(&line, out)?,
        }
        match self.key.take() {
            Some(key) => out.write_all(key.blank()),
            None => Ok(()),
        }
    }

    /// Goes on with a line that an earlier piece began; gives back what follows it.
    fn complete_line<'p>(
        &mut self,
        mut piece: &'p [u8],
        out: &mut dyn Write,
    ) -> io::Result<&'p [u8]> {
        while !piece.is_empty() {
            let dropping = match self.place {
                Place::Dropping { awaited } => Some(awaited),
                _ if self.line.is_empty() => break,
                _ => None,
            };
            let room = self.limits.line - self.line.len();
            let part = &piece[..piece.len().min(room)];
            let newline = memchr(b'\n', part);
            let (taken, after) = piece.split_at(newline.map_or(part.len(), |newline| newline + 1));
            piece = after;
            if let Some(awaited) = dropping {
                if newline.is_some() {
                    self.place = awaited.map_or(Place::Text, Place::Value);
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
            } else if self.line.len() == self.limits.line {
                self.overlong(out)?;
            }
        }
        Ok(piece)
    }

    /// Cleans whole lines (the last one of a stream may lack its end).
    fn lines(&mut self, block: &[u8], out: &mut dyn Write) -> io::Result<()> {
        let block = &*wide::mend(self.redactor, block, |rule| {
            *self.counts.entry(rule).or_default() += 1;
        });
        // `block[..written]` is dealt with, and so is `block[..searched]` but for being written
        let (mut written, mut searched) = (0, 0);
        self.cleaned.clear();
        let mut hit = self.redactor.rules.scanner.next(block, 0);
        let mut sightings = std::mem::take(&mut self.sightings);
        self.redactor.sightings(block, &mut sightings);
        // those at or after `searched`
        let mut ahead = sightings.as_slice();
        while searched < block.len() {
            if let Some(next) = self.key_line(block, &mut written, searched) {
                searched = next;
                continue;
            }
            if let Place::Value(awaited) = self.place
                && let Some(next) = self.value_line(block, &mut written, searched, awaited)?
            {
                searched = next;
                continue;
            }
            if hit.is_some_and(|hit| hit.at < searched) {
                hit = self.redactor.rules.scanner.next(block, searched);
            }
            while let [sighting, rest @ ..] = ahead
                && sighting.range.start < searched
            {
                ahead = rest;
            }
            let sighting = ahead.first().map(|sighting| sighting.range.start);
            let at = match (hit.map(|hit| hit.at), sighting) {
                // what own rules take may stand on any line
                _ if self.sees_this_line() => searched,
                (Some(hit), Some(sighting)) => hit.min(sighting),
                (Some(at), None) | (None, Some(at)) => at,
                (None, None) => break,
            };
            let line = Line::around(block, searched, at);
            let text = &block[line.text.clone()];
            let rules = match hit {
                Some(hit) if hit.at < line.text.end => {
                    let line = &block[..line.text.end];
                    hit.rules | self.redactor.rules_for(line, hit.at + 1)
                }
                _ => 0,
            };
            let identifiers = ahead
                .iter()
                .take_while(|sighting| sighting.range.start < line.text.end)
                .map(|sighting| Finding::identifier(sighting, line.text.start));
            let mut findings = std::mem::take(&mut self.findings);
            self.redactor.merge(text, rules, identifiers, &mut findings);
            let run = self.torn.and_then(|torn| torn.run(text));
            if let Some(run) = &run {
                findings.push(Finding::of_key(run));
                join(&mut findings);
            }
            let again = findings
                .iter()
                .any(|finding| rules != 0 || finding.may_uncover(text));
            if again {
                self.cleaned
                    .extend_from_slice(&block[written..line.text.start]);
                written = line.text.start;
            }
            let begin = self.cleaned.len();
            for finding in &findings {
                let start = line.text.start + finding.start;
                self.cleaned.extend_from_slice(&block[written..start]);
                written = line.text.start + finding.end;
                self.replace(finding, &block[start..written])?;
            }
            self.findings = findings;
            if again {
                self.cleaned
                    .extend_from_slice(&block[written..line.text.end]);
                written = line.text.end;
                self.settle(begin)?;
            }
            searched = line.next;
            self.torn = match self.torn {
                Some(torn) => torn.behind(text, run),
                None => None,
            };
            let begins_key = rules & PRIVATE_KEY != 0;
            if begins_key && self.torn.is_none() {
                self.torn = TornKey::after(text);
            }
            if begins_key && let Some(key) = KeyBlock::after(text) {
                (self.key, self.torn, self.place) = (Some(key), None, Place::Text);
            } else if rules != 0 {
                let cleaned = again.then(|| &self.cleaned[begin..]);
                let awaited = Awaited::after(text).or_else(|| Awaited::after(cleaned?));
                self.place = awaited.map_or(Place::Text, Place::Value);
            }
        }
        self.sightings = sightings;
        if self.cleaned.is_empty() {
            out.write_all(&block[written..])
        } else {
            self.cleaned.extend_from_slice(&block[written..]);
            out.write_all(&self.cleaned)
        }
    }

    /// Cleans the line again that `cleaned` has from `begin` on: a quote may have gone without its
    /// partner, and so a value may now reach further.
    fn settle(&mut self, begin: usize) -> io::Result<()> {
        for _ in 0..MOST_PASSES {
            let rules = self.redactor.rules_for(&self.cleaned, begin);
            let line = self.cleaned.split_off(begin);
            let findings = self.redactor.findings(&line, rules);
            self.put(&line, &findings)?;
            if findings.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Puts down a text without what was found in it.
    fn put(&mut self, text: &[u8], findings: &[Finding]) -> io::Result<()> {
        let mut written = 0;
        for finding in findings {
            self.cleaned
                .extend_from_slice(&text[written..finding.start]);
            written = finding.end;
            self.replace(finding, &text[finding.start..written])?;
        }
        self.cleaned.extend_from_slice(&text[written..]);
        Ok(())
    }

    /// Whether what goes may stand on any line, or on the next one.
    fn sees_this_line(&self) -> bool {
        self.redactor.sees_every_line() || self.torn.is_some() || self.key.is_some()
    }

    /// Cleans the first piece of a line that is longer than a piece may be, and keeps the overlap.
    fn overlong(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = std::mem::take(&mut self.line);
        // a key has short lines
        self.torn = None;
        if let Some(key) = self.key.take() {
            out.write_all(key.blank())?;
        }
        let place = std::mem::replace(&mut self.place, Place::Text);
        if let Place::Value(awaited) = place {
            let (begin, marked, awaited) = match awaited.look(&line) {
                Look::Value(value, next) => (value.start, Some(awaited.rule), next),
                Look::Further(next) => (0, None, Some(next)),
                Look::Blank | Look::Other => (0, None, None),
            };
            if marked.is_some() || awaited.is_some() {
                self.cleaned.clear();
                self.cleaned.extend_from_slice(&line[..begin]);
                if let Some(rule) = marked {
                    self.mark(rule);
                }
                self.place = Place::Dropping { awaited };
                return out.write_all(&self.cleaned);
            }
        }
        let rules = self.redactor.rules_for(&line, 0);
        let findings = self.redactor.findings(&line, rules);
        let cut = safe_cut(&findings, self.limits.line - self.limits.overlap);
        // those behind the cut are found again
        let before = findings.partition_point(|finding| finding.end <= cut);
        self.cleaned.clear();
        self.put(&line[..cut], &findings[..before])?;
        if findings[..before]
            .last()
            .is_some_and(|last| last.end == self.limits.line)
        {
            self.place = Place::Dropping { awaited: None };
        }
        line.drain(..cut);
        self.line = line;
        out.write_all(&self.cleaned)
    }

    /// Puts a mark in the place of a secret, a pseudonym in that of an identifier.
    fn replace(&mut self, finding: &Finding, value: &[u8]) -> io::Result<()> {
        match (finding.identifier, &self.redactor.identifiers) {
            (Some(kind), Some(identifiers)) => {
                *self.counts.entry(finding.rule).or_default() += 1;
                let pseudonyms = &identifiers.pseudonyms;
                pseudonyms.write(kind, value, &mut self.cleaned)
            }
            _ => {
                self.mark(finding.rule);
                Ok(())
            }
        }
    }

    /// Puts down the mark of a secret, and counts it.
    fn mark(&mut self, rule: &'static str) {
        *self.counts.entry(rule).or_default() += 1;
        marks::put(rule, &mut self.cleaned);
    }
}
