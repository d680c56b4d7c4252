//! Takes secrets out of bytes before they go anywhere.
//!
//! What is collected passes through a [`Cleaner`] between reading and the spool: only cleaned
//! bytes ever reach a disk. Invariants:
//!
//! - The result does not depend on the chunks that the bytes come in. Rules see whole lines; a line
//!   longer than a mebibyte is looked at in pieces that overlap.
//! - It fails closed: a secret whose end is not found takes the rest of its line with it.
//! - Cleaning what is clean changes nothing. So a line from which something was taken is looked at
//!   again until nothing is found, and a mark is never cut nor taken for a secret. Only a line longer
//!   than a mebibyte, whose pieces end elsewhere once it is shorter, may lose more.
//!
//! Most lines hold no secret, so a single pass over many lines at once looks for stems, and only
//! lines that have one are given to the rules, and each to those alone that its stems are of.

mod awaited;
mod canary;
mod cleaner;
mod identify;
mod key_block;
mod key_run;
mod line;
mod line_kind;
mod marks;
mod matcher;
mod near;
mod own;
mod plain_name;
mod programs;
mod pseudonyms;
mod rules;
mod scan;
mod show;
mod tokens;
mod torn_key;
mod value;
mod wide;

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

pub use canary::Canary;
pub use cleaner::Cleaner;
pub use identify::Names;
use identify::Sighting;
pub use marks::{Mark, marks};
pub use own::{OwnRule, RuleName};
pub use pseudonyms::{Entry, Forgetful, Pseudonyms, Table};
use rules::{Finding, Matcher, RULES};
use scan::{RuleSet, Scanner};
pub use show::clean_stream;

/// The rules, ready to run, and what identifiers give way to. Made once, cheap to clone.
#[derive(Clone)]
pub struct Redactor {
    rules: Arc<Rules>,
    /// The operator's; where there are any, every line is looked at.
    own: Arc<[OwnRule]>,
    /// `None`: identifiers stay.
    identifiers: Option<Arc<Identifiers>>,
}

struct Rules {
    scanner: Scanner,
    matchers: Vec<Matcher>,
}

struct Identifiers {
    names: Names,
    pseudonyms: Pseudonyms,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("rules", &self.rules.matchers.len())
            .field("own", &self.own.len())
            .field("identifiers", &self.identifiers.is_some())
            .finish_non_exhaustive()
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl Redactor {
    #[must_use]
    pub fn new() -> Self {
        let matchers: Result<_, _> = RULES.iter().map(rules::Rule::compile).collect();
        Self {
            rules: Arc::new(Rules {
                scanner: rules::scanner(),
                matchers: matchers.expect("the table's rules are valid patterns"),
            }),
            own: Arc::default(),
            identifiers: None,
        }
    }

    /// The same, with the operator's own rules beside the built-in ones.
    #[must_use]
    pub fn with_own_rules(&self, own: &[OwnRule]) -> Self {
        Self {
            own: own.into(),
            ..self.clone()
        }
    }

    /// The same rules; identifiers give way to pseudonyms as well.
    #[must_use]
    pub fn with_identifiers(&self, names: Names, pseudonyms: Pseudonyms) -> Self {
        Self {
            identifiers: Some(Arc::new(Identifiers { names, pseudonyms })),
            ..self.clone()
        }
    }

    /// Writes pseudonyms that are not in their table yet.
    ///
    /// # Errors
    /// Those of the table.
    pub fn flush(&self) -> io::Result<()> {
        match &self.identifiers {
            Some(identifiers) => identifiers.pseudonyms.flush(),
            None => Ok(()),
        }
    }

    /// Cleans a stream of bytes.
    #[must_use]
    pub fn cleaner(&self) -> Cleaner<'_> {
        Cleaner::new(self, cleaner::LIMITS)
    }

    /// Cleans a short text, such as a program's error message.
    #[must_use]
    pub fn clean_text(&self, text: &str) -> String {
        let mut out = Vec::new();
        let mut cleaner = self.cleaner();
        let done = cleaner
            .push(text.as_bytes(), &mut out)
            .and_then(|()| cleaner.finish(&mut out));
        match done {
            Ok(()) => String::from_utf8_lossy(&out).into_owned(),
            // a vector takes every write
            Err(_) => String::new(),
        }
    }

    /// The rules that have to look at a line, as far as its stems after `from` tell.
    fn rules_for(&self, line: &[u8], from: usize) -> RuleSet {
        self.rules.scanner.all(line, from)
    }

    /// Whether a line without stems may hold a secret, too.
    fn sees_every_line(&self) -> bool {
        !self.own.is_empty()
    }

    /// The identifiers of whole lines.
    fn sightings(&self, lines: &[u8], found: &mut Vec<Sighting>) {
        found.clear();
        if let Some(identifiers) = &self.identifiers {
            identify::find(&identifiers.names, lines, found);
        }
    }

    /// What these rules, and all that need no stems, take out of one line (without its end), in
    /// order, without overlap.
    fn findings(&self, line: &[u8], rules: RuleSet) -> Vec<Finding> {
        let mut sightings = Vec::new();
        self.sightings(line, &mut sightings);
        let mut found = Vec::new();
        let identifiers = sightings.iter().map(|seen| Finding::identifier(seen, 0));
        self.merge(line, rules, identifiers, &mut found);
        found
    }

    /// The same for a line whose identifiers are known.
    fn merge(
        &self,
        line: &[u8],
        rules: RuleSet,
        identifiers: impl Iterator<Item = Finding>,
        found: &mut Vec<Finding>,
    ) {
        found.clear();
        for (place, matcher) in self.rules.matchers.iter().enumerate() {
            if rules >> place & 1 == 1 {
                matcher.find(line, found);
            }
        }
        for own in &*self.own {
            own.find(line, found);
        }
        let secrets = found.len();
        found.extend(identifiers);
        // identifiers alone are in order already
        if secrets > 0 {
            join(found);
        }
    }
}

/// Brings findings in order and joins those that overlap.
fn join(found: &mut Vec<Finding>) {
    // stable: of two that begin together, the rule that stands first in the table
    found.sort_by_key(|finding| finding.start);
    found.dedup_by(|finding, last| {
        let overlaps = finding.start < last.end;
        if overlaps {
            last.crossed |= finding.end > last.end;
            last.end = last.end.max(finding.end);
            last.from = last.from.min(finding.from);
            // what holds a secret has no pseudonym, which would be looked up
            if last.identifier.is_some() && finding.identifier.is_none() {
                (last.rule, last.identifier) = (finding.rule, None);
            }
        }
        overlaps
    });
}

impl Finding {
    /// A part of a private key.
    const fn of_key(run: &Range<usize>) -> Self {
        Self {
            rule: "private_key",
            from: run.start,
            start: run.start,
            end: run.end,
            crossed: false,
            identifier: None,
        }
    }

    /// An identifier that was seen in lines of which this one begins at `offset`.
    fn identifier(sighting: &Sighting, offset: usize) -> Self {
        let Range { start, end } = sighting.range;
        Self {
            rule: sighting.kind.name(),
            from: start - offset,
            start: start - offset,
            end: end - offset,
            crossed: false,
            identifier: Some(sighting.kind),
        }
    }
}

#[cfg(test)]
mod edges;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
