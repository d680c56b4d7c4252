//! A private key whose lines each stand within something: in quotes with a comma, behind a log's
//! fields, before a sign that joins them.
//!
//! Nothing tells how such a line looks, and others may stand between. So until the key's end comes,
//! or so much text that it has none, what looks like a line of a key goes from wherever it stands: a
//! long run of base 64, and right behind one the short run with which the key closes.

use std::ops::Range;

use memchr::memmem;

use super::cleaner::{KEY_LIMIT, begun_key};
use super::marks;

/// Lines of keys have 64 letters, or 70 or 76.
const LONG: usize = 40;

/// A key has begun on a line before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornKey {
    /// So many bytes may still belong to it.
    left: usize,
    /// Where the run of the line before began.
    column: Option<usize>,
}

impl TornKey {
    /// A key that begins on this line, and does not end there.
    pub fn after(line: &[u8]) -> Option<Self> {
        let (_, after) = begun_key(line)?;
        let ends = memmem::find(after, b"-----END ").is_some();
        (!ends).then_some(Self {
            left: KEY_LIMIT,
            column: None,
        })
    }

    /// The part of a further line that is of the key.
    pub fn run(self, line: &[u8]) -> Option<Range<usize>> {
        let mut at = 0;
        while at < line.len() {
            let length = run_length(&line[at..]);
            let run = at..at + length;
            let is_key = is_long(&line[run.clone()]) || (length > 0 && self.column == Some(at));
            if is_key && !marks::is_in_name(line, at) {
                return Some(run);
            }
            at += length.max(1);
        }
        None
    }

    /// What is left of it behind a further line.
    pub fn behind(self, line: &[u8], run: Option<Range<usize>>) -> Option<Self> {
        if memmem::find(line, b"-----END ").is_some() {
            return None;
        }
        let left = self.left.checked_sub(line.len() + 1)?;
        let long = run.filter(|run| is_long(&line[run.clone()]));
        Some(Self {
            left,
            column: long.map(|run| run.start),
        })
    }
}

/// Letters of base 64, with their padding.
fn run_length(text: &[u8]) -> usize {
    let is_digit = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let digits = text.iter().take_while(is_digit).count();
    if digits == 0 {
        return 0;
    }
    let padding = text[digits..].iter().take_while(|byte| **byte == b'=');
    digits + padding.take(2).count()
}

/// Long, and no path or number in hexadecimal digits.
fn is_long(run: &[u8]) -> bool {
    run.len() >= LONG
        && run.iter().any(u8::is_ascii_uppercase)
        && run.iter().any(u8::is_ascii_lowercase)
        && run.iter().any(u8::is_ascii_digit)
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
}
