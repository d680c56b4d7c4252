//! Runs the pattern of one rule over one line.

use std::ops::Range;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::identify::Kind;
use super::{marks, plain_name, value};

/// Bytes, not text; ASCII letters of either case.
pub fn builder(pattern: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(pattern);
    builder.unicode(false).case_insensitive(true);
    builder
}

/// A compiled rule.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub name: &'static str,
    regex: Regex,
    /// Index of the group `bare`.
    bare: Option<usize>,
}

/// The place of a secret or of an identifier in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    /// Where the match begins, with the name in front of the secret.
    pub from: usize,
    pub start: usize,
    pub end: usize,
    /// What two rules found overlapped, and neither held the other.
    pub crossed: bool,
    /// `None`: a secret.
    pub identifier: Option<Kind>,
}

impl Finding {
    /// Whether there may be more to find in the line once this is replaced. An identifier holds no
    /// quote that others wait for, but its pseudonym may join on to what stands beside it.
    pub fn may_uncover(&self, line: &[u8]) -> bool {
        let is_joint = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_@~".contains(byte);
        let joins = match (&line[..self.start], &line[self.end..]) {
            ([.., byte], _) | (_, [byte, ..]) if is_joint(byte) => true,
            (_, [b'.', byte, ..]) => byte.is_ascii_alphanumeric(),
            (_, after) => after.starts_with(b"://"),
        };
        self.identifier.is_none() || self.crossed || joins
    }
}

impl Matcher {
    pub const fn new(name: &'static str, regex: Regex) -> Self {
        Self {
            name,
            regex,
            bare: None,
        }
    }

    /// The same of a pattern whose group `bare` has a meaning.
    pub fn with_bare_values(name: &'static str, regex: Regex) -> Self {
        let bare = regex.capture_names().position(|name| name == Some("bare"));
        Self { name, regex, bare }
    }

    /// Adds what the rule finds in one line.
    pub fn find(&self, line: &[u8], findings: &mut Vec<Finding>) {
        // often the answer is no, and then no room for groups is needed
        if !self.regex.is_match(line) {
            return;
        }
        let (mut at, mut covered) = (0, 0);
        while let Some(captures) = self.regex.captures_at(line, at) {
            let secret = self.secret(&captures);
            let from = captures
                .get(0)
                .map_or(secret.range.start, |whole| whole.start());
            let start = secret.range.start;
            let end = if secret.is_bare {
                // never the same bytes twice, so that a line costs no more than its length
                let unseen = start.max(covered);
                let rest = &line[unseen..];
                if value::is_setting(&line[..start], from) || value::is_quoted(line, from, start) {
                    unseen + value::phrase_end(rest)
                } else {
                    unseen + value::bare_end(rest)
                }
            } else {
                secret.range.end
            };
            let whole = marks::around(line, start..end);
            let (start, end) = (whole.start, whole.end);
            let value = &line[start..end];
            let is_done = value::is_harmless(value)
                || (self.bare.is_some() && plain_name::is_plain(line, from, start..end))
                || marks::is_in_name(line, from)
                || marks::begins_with(value, self.name);
            if !is_done {
                findings.push(Finding {
                    rule: self.name,
                    from,
                    start,
                    end,
                    crossed: false,
                    identifier: None,
                });
            }
            covered = covered.max(end);
            // a bare value may itself hold an assignment, whose value goes further
            at = if secret.is_bare { start } else { end }.max(from + 1);
            if at > line.len() {
                break;
            }
        }
    }

    fn secret(&self, captures: &Captures<'_>) -> Secret {
        let group = (1..captures.len()).find_map(|index| Some((index, captures.get(index)?)));
        match group {
            Some((index, group)) => Secret {
                range: group.range(),
                is_bare: Some(index) == self.bare,
            },
            None => Secret {
                range: captures.get(0).map_or(0..0, |whole| whole.range()),
                is_bare: false,
            },
        }
    }
}

struct Secret {
    range: Range<usize>,
    /// The range holds the first byte alone.
    is_bare: bool,
}
