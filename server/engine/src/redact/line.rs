//! Lines within a block: where they lie, and where a long one may be cut.

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::Finding;

/// A line within a block.
pub struct Line {
    /// Without its end.
    pub text: Range<usize>,
    /// Where the next one begins.
    pub next: usize,
}

impl Line {
    /// The line that `at` lies in; nothing before `from` counts.
    pub fn around(block: &[u8], from: usize, at: usize) -> Self {
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

/// What stands in front of a name, or of an identifier, and has a say in it is shorter.
const CONTEXT: usize = 64;

/// The first place from `cut` on that lies in no finding, names in front of secrets and their
/// context included.
pub fn safe_cut(findings: &[Finding], mut cut: usize) -> usize {
    let from = |finding: &Finding| finding.from.saturating_sub(CONTEXT);
    loop {
        let split = findings
            .iter()
            .find(|finding| from(finding) < cut && cut < finding.end);
        match split {
            Some(finding) => cut = finding.end,
            None => return cut,
        }
    }
}
