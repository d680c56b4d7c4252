//! A private key whose lines each stand within something: in quotes with a comma, behind a log's
//! fields, before a sign that joins them.
//!
//! Nothing tells how such a line looks, and others may stand between. So until the key's end comes,
//! or so much text that it has none, what looks like a line of a key goes from wherever it stands: a
//! long run of base 64, and right behind one the short run with which the key closes.
//!
//! A text may also begin within a key, whose beginning lies before the window. Nothing announces it,
//! so only a first line that ends as a full line of a key does is taken for one, and lines like it
//! that follow without another between. Of such a key a last line that stands alone, shorter than the
//! others, cannot be told from a word and stays.

use std::ops::Range;

use memchr::memmem;

use super::key_block::{Begun, KEY_LIMIT};
use super::key_run::{self, END, Standing};
use super::marks;

/// The lines of a key that were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Where the last one stood, if it was a long one: a shorter one may close the key.
    last: Option<Standing>,
    /// How many letters they have, from 0 to 3: with the closing one they fill groups of four.
    odd: usize,
    /// How many the longest has.
    width: usize,
}

impl Lines {
    /// Whether a run in the right place may be the key's next line.
    pub fn may_be_next(self, run: &[u8]) -> bool {
        key_run::is_encoded(run) || (self.last.is_some() && self.may_close(run))
    }

    /// A short run closes the key, unless it is a word that does not fit.
    fn may_close(self, run: &[u8]) -> bool {
        !run.is_empty() && (!key_run::is_word(run) || (self.odd + run.len()).is_multiple_of(4))
    }

    /// With this one.
    pub fn with(self, line: &[u8], run: &Range<usize>) -> Self {
        // a line that is shorter than one before has closed the key
        let is_full = run.len() >= self.width && key_run::is_long(&line[run.clone()]);
        Self {
            last: is_full.then(|| Standing::of(line, run)),
            odd: (self.odd + run.len()) % 4,
            width: self.width.max(run.len()),
        }
    }
}

/// A key has begun on a line before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornKey {
    /// So many bytes may still belong to it.
    left: usize,
    lines: Lines,
    /// Its beginning was seen.
    has_begun: bool,
}

impl TornKey {
    /// A text begins, perhaps within a key.
    pub const START: Self = Self {
        left: KEY_LIMIT,
        lines: Lines {
            last: None,
            odd: 0,
            width: 0,
        },
        has_begun: false,
    };

    /// A key that begins on this line, and does not end there.
    pub fn after(line: &[u8]) -> Option<Self> {
        let begun = Begun::find(line)?;
        let ends = memmem::find(begun.after, END).is_some();
        (!ends).then_some(Self {
            has_begun: true,
            ..Self::START
        })
    }

    /// What may be left of a key of which these lines were seen.
    pub fn of(lines: Option<Lines>, left: usize) -> Self {
        Self {
            left,
            lines: lines.unwrap_or_default(),
            has_begun: true,
        }
    }

    /// The part of a further line that is of the key.
    pub fn run(self, line: &[u8]) -> Option<Range<usize>> {
        let runs = key_run::runs(line);
        let mut of_key = runs.filter(|run| self.is_of_key(line, run));
        of_key.find(|run| !marks::is_in_name(line, run.start))
    }

    fn is_of_key(self, line: &[u8], run: &Range<usize>) -> bool {
        let text = &line[run.clone()];
        let stands_alike = || {
            let last = self.lines.last;
            last.is_some_and(|last| last.is_alike(line, run))
        };
        if self.has_begun {
            let closes = || stands_alike() || line[run.end..].starts_with(END);
            key_run::is_very_long(text) || (self.lines.may_close(text) && closes())
        } else if self == Self::START {
            // what stands behind a mark was longer
            key_run::is_line(text) && ends(&line[run.end..]) && !line[..run.start].ends_with(b"]")
        } else {
            stands_alike() && (key_run::is_long(text) || !key_run::is_word(text))
        }
    }

    /// What is left of it behind a further line.
    pub fn behind(self, line: &[u8], run: Option<Range<usize>>) -> Option<Self> {
        // another one's beginning is behind its end
        let is_over = [END, b"-----BEGIN "]
            .iter()
            .any(|sign| memmem::find(line, sign).is_some());
        if is_over {
            return None;
        }
        let left = self.left.checked_sub(line.len() + 1)?;
        let lines = match run {
            Some(run) => self.lines.with(line, &run),
            None => Lines {
                last: None,
                ..self.lines
            },
        };
        // one that was not seen to begin goes on without a gap
        (self.has_begun || lines.last.is_some()).then_some(Self {
            left,
            lines,
            ..self
        })
    }
}

/// Only the end of the line follows, or that of the string that it stands in.
fn ends(after: &[u8]) -> bool {
    let after = after.trim_ascii();
    matches!(after, b"" | b"\\") || key_run::unescaped(after).starts_with(b"\"")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{cleaned, cleaned_in};

    const LINE: &str = "MIIEpAIBAAKCAQEAhunter2hunter2hunter2hunter2hunter2hunter2hunter2";

    #[test]
    fn a_private_key_goes_from_lines_that_each_stand_within_something() {
        for (before, after) in [
            ("time=2026-11-20T14:02:03Z level=info msg=\"", "\""),
            ("time=2026-11-20T14:02:03Z msg=\"", "\" source=x"),
            ("    \"", "\","),
            ("  '", "\\n' +"),
            ("", " (next)"),
        ] {
            let name = "RSA PRIVATE KEY-----";
            let lines = [
                &format!("-----BEGIN {name}"),
                LINE,
                LINE,
                "hunter2AA==",
                &format!("-----END {name}"),
            ];
            let key: String = lines
                .map(|line| format!("{before}{line}{after}\n"))
                .concat();
            let text = format!("a\n{key}{before}{LINE}{after}\nb\n");
            let (whole, counts) = cleaned_in(text.as_bytes(), usize::MAX);
            // what follows the end is no key's
            assert_eq!(whole.matches("hunter2").count(), 7, "{whole}");
            assert!(whole.ends_with(r"\nb\n"), "{whole}");
            assert_eq!(counts, [("private_key", 4)]);
            for chunk in 1..text.len() {
                assert_eq!(cleaned_in(text.as_bytes(), chunk).0, whole, "{chunk}");
            }
            let once = cleaned(&text);
            assert_eq!(cleaned(&once), once);
        }
    }

    #[test]
    fn lines_between_those_of_a_key_and_behind_a_mention_of_one_stay() {
        let others = "time=x msg=\"listening on /var/lib/application/run/some/long/path/to/a/socket\"\n\
                      id 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
        let mention = "error: no '-----BEGIN PRIVATE KEY-----' in x\n";
        let out = cleaned(&format!("{mention}{others}"));
        assert!(out.ends_with(others), "{out}");
        let out = cleaned(&format!("{mention}{others}\"{LINE}\"\n{others}"));
        assert!(!out.contains("hunter2"), "{out}");
        assert_eq!(
            out.matches(others.lines().last().expect("a line")).count(),
            2
        );
        // far behind it there is none
        let far = format!("{mention}{}{LINE}\n", others.repeat(300));
        assert!(cleaned(&far).ends_with(&format!("{LINE}\n")));
    }

    #[test]
    fn a_key_whose_beginning_lies_before_the_text_goes_as_far_as_it_can_be_told() {
        let full = &LINE[..64];
        let end = "-----END RSA PRIVATE KEY-----";
        for (stamp, tail) in [
            ("", ""),
            ("    ", ""),
            ("2026-11-20T10:00:00Z app[1]: ", ""),
            (r#"{"log":""#, r#"\n","stream":"stdout"}"#),
            ("time=2026-11-20T10:00:00Z msg=\"", "\" n=1"),
        ] {
            let lines = [full, full, "hunter2AA==", end];
            let key: String = lines.map(|line| format!("{stamp}{line}{tail}\n")).concat();
            let log = format!("{stamp}started{tail}\n{stamp}{full}{tail}\n");
            let text = format!("{key}{log}");
            let (whole, counts) = cleaned_in(text.as_bytes(), usize::MAX);
            assert_eq!(counts, [("private_key", 3)], "{whole}");
            for chunk in 1..text.len() {
                assert_eq!(cleaned_in(text.as_bytes(), chunk).0, whole, "{chunk}");
            }
            let out = cleaned(&text);
            assert!(out.ends_with(&format!("{end}{tail}\n{log}")), "{out}");
            // torn there as well
            let torn = format!("{stamp}{full}{tail}\n{stamp}started{tail}\n");
            assert!(cleaned(&torn).ends_with(&format!("{stamp}started{tail}\n")));
        }
        for text in [
            &format!("x\n{full}\n"),
            &format!("{full} was refused\n"),
            &format!("{}\nstarted\n", full.to_lowercase()),
            &format!("{full}{full}\n"),
        ] {
            assert_eq!(cleaned(text), *text);
        }
    }
}
