//! Takes secrets out of bytes before they go anywhere.
//!
//! What is collected passes through a [`Cleaner`] between reading and the spool: only cleaned
//! bytes ever reach a disk. Invariants:
//!
//! - The result does not depend on the chunks that the bytes come in. Rules see whole lines; a line
//!   longer than a mebibyte is looked at in pieces that overlap.
//! - It fails closed: a secret whose end is not found takes the rest of its line with it.
//! - Cleaning what is clean changes nothing.
//!
//! Most lines hold no secret, so a single pass over many lines at once looks for triggers, and
//! only lines that have one are given to the rules.

mod cleaner;
mod rules;
mod value;

use std::fmt;

use regex::bytes::Regex;

pub use cleaner::Cleaner;
use rules::{Finding, Matcher, RULES};

/// The rules, ready to run. Made once and shared.
pub struct Redactor {
    triggers: Regex,
    matchers: Vec<Matcher>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("rules", &self.matchers.len())
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
            triggers: rules::triggers().expect("the table's triggers are valid patterns"),
            matchers: matchers.expect("the table's rules are valid patterns"),
        }
    }

    /// Cleans a stream of bytes.
    #[must_use]
    pub fn cleaner(&self) -> Cleaner<'_> {
        Cleaner::new(self)
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

    /// What is to be taken out of one line (without its end), in order, without overlap.
    fn findings(&self, line: &[u8]) -> Vec<Finding> {
        let mut found = Vec::new();
        for matcher in &self.matchers {
            matcher.find(line, &mut found);
        }
        // stable: of two that begin together, the rule that stands first in the table
        found.sort_by_key(|finding| finding.start);
        let mut merged: Vec<Finding> = Vec::with_capacity(found.len());
        for finding in found {
            match merged.last_mut() {
                Some(last) if finding.start < last.end => {
                    last.end = last.end.max(finding.end);
                    last.from = last.from.min(finding.from);
                }
                _ => merged.push(finding),
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests;
