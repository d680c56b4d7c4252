//! Wide characters in a text that has none: what a program of Windows adds in UTF-16 to a log that
//! others write in UTF-8.
//!
//! A file of UTF-16 with its mark is decoded before it comes here, and one without is withheld as
//! binary. What is left are runs of ASCII with a NUL beside each letter (`p\0a\0s\0s\0`), which no
//! rule would know. Such a run is looked at without its NULs, and goes as a whole where it would lose
//! anything. A value whose key stands on the line before, and lines longer than a piece, are not
//! looked at in this way; of a private key's further lines the full ones go.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr;
use regex::bytes::Regex;

use super::cleaner::MOST_PASSES;
use super::{Finding, Redactor, key_run, marks, rules};

/// Of either order of bytes: the last letter may lack its NUL.
static RUN: LazyLock<Regex> = LazyLock::new(|| {
    let regex = rules::builder(r"(?:[\t -~]\x00){4,}[\t -~]?").build();
    regex.expect("a constant pattern")
});

/// Whole lines without those runs in which something would be taken; tells the rule of each.
pub fn mend<'b>(
    redactor: &Redactor,
    block: &'b [u8],
    mut taken: impl FnMut(&'static str),
) -> Cow<'b, [u8]> {
    if memchr(0, block).is_none() || !RUN.is_match(block) {
        return Cow::Borrowed(block);
    }
    let mut mended = Vec::with_capacity(block.len());
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        let mut line = Cow::Borrowed(line);
        // once a run is gone, a value may reach further
        for _ in 0..MOST_PASSES {
            let runs = found(redactor, &line);
            if runs.is_empty() {
                break;
            }
            line = Cow::Owned(without(&line, &runs));
            runs.iter().for_each(|(_, rule)| taken(rule));
        }
        mended.extend_from_slice(&line);
    }
    Cow::Owned(mended)
}

fn without(line: &[u8], runs: &[(Range<usize>, &str)]) -> Vec<u8> {
    let (mut left, mut written) = (Vec::with_capacity(line.len()), 0);
    for (run, rule) in runs {
        left.extend_from_slice(&line[written..run.start]);
        marks::put(rule, &mut left);
        written = run.end;
    }
    left.extend_from_slice(&line[written..]);
    left
}

/// The runs of a line that go, and the rule for each.
fn found(redactor: &Redactor, line: &[u8]) -> Vec<(Range<usize>, &'static str)> {
    let mut narrow = Vec::with_capacity(line.len());
    let (mut runs, mut written) = (Vec::new(), 0);
    for run in RUN.find_iter(line) {
        let run = marks::beside(line, run.range());
        narrow.extend_from_slice(&line[written..run.start]);
        let start = narrow.len();
        narrow.extend(line[run.clone()].iter().filter(|byte| **byte != 0));
        written = run.end;
        runs.push((run, start..narrow.len()));
    }
    if runs.is_empty() {
        return Vec::new();
    }
    narrow.extend_from_slice(&line[written..]);
    let text = narrow.trim_ascii_end();
    let mut findings = redactor.findings(text, redactor.rules_for(text, 0));
    let full = key_run::runs(text).find(|run| key_run::is_line(&text[run.clone()]));
    findings.extend(full.as_ref().map(Finding::of_key));
    runs.into_iter()
        .filter_map(|(run, narrow)| {
            let finding = findings
                .iter()
                .find(|finding| finding.start < narrow.end && narrow.start < finding.end)?;
            Some((run, finding.rule))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Redactor;

    fn cleaned(text: &[u8], chunk: usize) -> (String, u64) {
        let redactor = Redactor::new();
        let (mut cleaner, mut out) = (redactor.cleaner(), Vec::new());
        for piece in text.chunks(chunk) {
            cleaner.push(piece, &mut out).expect("memory");
        }
        cleaner.finish(&mut out).expect("memory");
        let count = cleaner.counts().values().sum();
        (out.escape_ascii().to_string(), count)
    }

    fn little(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn big(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn a_secret_in_wide_letters_goes_with_all_that_is_written_so_around_it() {
        for wide in [little, big] {
            let text = [
                b"before\n".as_slice(),
                &wide("user=joe\r\npassword=hunter2 x\r\nnext\r\n"),
                b"\nafter ",
                &wide("token: hunter2"),
                b" token=hunter2\n",
            ]
            .concat();
            let (whole, count) = cleaned(&text, text.len());
            assert!(
                !whole.contains(r"h\x00u\x00n") && !whole.contains("hunter2"),
                "{whole}"
            );
            assert!(whole.contains("[redacted:password]"), "{whole}");
            assert!(whole.contains(r"j\x00o\x00e"), "{whole}");
            assert!(whole.contains(r"n\x00e\x00x\x00t"), "{whole}");
            assert_eq!(count, 3, "{whole}");
            for chunk in 1..text.len() {
                assert_eq!(cleaned(&text, chunk).0, whole, "{chunk}");
            }
        }
    }

    #[test]
    fn a_value_that_reaches_further_once_a_run_is_gone_goes_at_once() {
        let text =
            b"pw\0d\0p\0:\0\0\0+\0\0\0\0\0\0\0\0p\0:\0z\0w\0d\0p\0:\0\0\0\x02\0:\"\0w\0d\0 \0\
            w\0d\0p\0:\0\0w\0d\0p\0:\0\0\0\x02\0: \0\0\x02\n";
        let (mut once, redactor) = (Vec::new(), Redactor::new());
        let mut cleaner = redactor.cleaner();
        cleaner.push(text, &mut once).expect("memory");
        let (again, count) = cleaned(&once, once.len());
        assert_eq!(again, once.escape_ascii().to_string());
        assert_eq!(count, 0);
    }

    #[test]
    fn full_lines_of_a_private_key_in_wide_letters_go() {
        let full = "MIIEpAIBAAKCAQEAhunter2hunter2hunter2hunter2hunter2hunter2hunter";
        let key = format!("-----BEGIN PRIVATE KEY-----\r\n{full}\r\n{full}\r\n");
        let text = [b"before\n".as_slice(), &little(&key), b"\nafter\n"].concat();
        let (whole, count) = cleaned(&text, text.len());
        assert!(!whole.contains(r"h\x00u\x00n"), "{whole}");
        assert_eq!(count, 3, "{whole}");
        assert_eq!(cleaned(&text, 3).0, whole);
    }

    #[test]
    fn wide_letters_and_holes_without_a_secret_stay() {
        let text = [
            b"a\0b\0\0\0\0\0\0\0\0\0\0 x\n".as_slice(),
            &little("started, 4 threads\n"),
        ]
        .concat();
        let expected = text.escape_ascii().to_string();
        assert_eq!(cleaned(&text, 7), (expected, 0));
    }
}
