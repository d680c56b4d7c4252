//! What a line looks like from outside: whether it speaks for itself, and who wrote it.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;
use regex::bytes::Regex;

use super::rules;

/// What stands in front of a log's message: equal of lines that one writer wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    length: usize,
    /// A hash (FNV-1a) in which digits are equal.
    shape: u64,
}

impl Header {
    /// Of a line that has a stamp and whose message has its key at `key`.
    pub fn before(line: &[u8], key: usize) -> Option<Self> {
        if !STAMP.is_match(line) {
            return None;
        }
        // the last is of lines of a container (CRI)
        let ends = [": ", "] ", " F "];
        let ends = ends.iter().filter_map(|end| {
            let at = memmem::rfind(&line[..key], end.as_bytes())?;
            Some(at + end.len())
        });
        ends.max().map(|length| Self::of(&line[..length]))
    }

    fn of(header: &[u8]) -> Self {
        let shape = header.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            let byte = if byte.is_ascii_digit() { b'0' } else { *byte };
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            length: header.len(),
            shape,
        }
    }

    /// The place of the one word that a line with the same header has.
    pub fn only_word(self, line: &[u8]) -> Option<Range<usize>> {
        let (header, message) = line.split_at_checked(self.length)?;
        let start = line.len() - message.trim_ascii_start().len();
        let word = message.trim_ascii();
        let is_word = !word.is_empty() && !word.iter().any(u8::is_ascii_whitespace);
        (is_word && Self::of(header) == self && !is_own(word, false))
            .then_some(start..start + word.len())
    }
}

/// A date, a time, seconds since 1970, a level.
static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r#"^["'(<]*(?:\d{4}[-/.]\d\d|\d\d?[:/.-]\d\d|\d{9,}[.\d]*[ \t]|[IWEF]\d{4} |\d+>"#,
        r"|(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[., ]",
        r"|(?:trace|debug|info|notice|warn|warning|error|fatal)\b)",
    ))
});

/// Whether a line speaks for itself. One that is indented further than the key does so as a
/// further key alone.
pub fn is_own(text: &[u8], deeper: bool) -> bool {
    static KEY: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r#"^(?:(?:- +)?\\*["']?[\w.$-]+\\*["']?[ \t]*:(?:[ \t]|$)|#|//|[\[\](){}]+[,;]?$)"#)
    });
    static VALUE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"^(?:- +)?["']?(?:value|default)["']?[ \t]*:[ \t]*\S"#));
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(concat!(
            // a further key, a program's name, a section, a comment, a shell
            r#"^[\w.$-]+(?: [\w.$-]+){0,2}(?:\[\d+\])?["']?[ \t]*(?:=|:[= \t]|:$)"#,
            r"|^[\[({<;]|^--|^[$>] ",
            // what a program answers to a password, in more than a word
            r"|^(?:login|authentication|permission|access|sorry|welcome|incorrect|invalid|failed",
            r"|logged|connection|enter|retype|please|password|last)\b[,!]? +\w",
        ))
    });
    if deeper && VALUE.is_match(text) {
        return false;
    }
    let is_line = || STAMP.is_match(text) || LINE.is_match(text);
    KEY.is_match(text) || (!deeper && is_line() && !is_padded(text))
}

/// Base 64, whose padding looks like the end of a name.
fn is_padded(text: &[u8]) -> bool {
    let digits = text.iter().rev().skip_while(|byte| **byte == b'=');
    text.len() >= 16
        && text.len().is_multiple_of(4)
        && text.ends_with(b"=")
        && digits
            .clone()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}

/// Of lines: bytes, in letters of either case.
pub fn pattern(pattern: &str) -> Regex {
    rules::builder(pattern)
        .build()
        .expect("these patterns are constants")
}
