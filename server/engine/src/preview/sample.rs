//! A few cleaned lines in which something was taken out, of as many kinds as there are.

use std::collections::HashMap;
use std::io::{self, Write};

use domain::preview::{Piece, Sample};
use memchr::memchr;

use crate::redact::{Mark, marks};

/// Of lines in which the same was taken out so many are enough, while others have room.
const ALIKE: usize = 5;
/// Longer lines are looked at this far.
const LINE: usize = 16 * 1024;
/// Bytes that are shown of a line, and how many of them before its first mark.
const SHOWN: usize = 400;
const BEFORE: usize = 120;

/// The lines of one role.
#[derive(Debug)]
pub struct Samples {
    lines: Vec<Sample>,
    most: usize,
    /// How many were kept, by what was taken out.
    alike: HashMap<String, usize>,
}

impl Samples {
    pub fn new(most: usize) -> Self {
        Self {
            lines: Vec::new(),
            most,
            alike: HashMap::new(),
        }
    }

    pub fn into_lines(self) -> Vec<Sample> {
        self.lines
    }

    /// Takes the cleaned bytes of an item.
    pub fn sink(&mut self, item: String) -> SampleSink<'_> {
        SampleSink {
            samples: self,
            item,
            line: Vec::new(),
        }
    }

    fn offer(&mut self, item: &str, line: &[u8]) {
        // most lines have neither
        if self.lines.len() >= self.most
            || (memchr(b'[', line).is_none() && memchr(b'-', line).is_none())
        {
            return;
        }
        let text = String::from_utf8_lossy(line);
        let marks = marks(&text);
        let is_new = |mark: &Mark| self.alike.get(&mark.what).is_none_or(|kept| *kept < ALIKE);
        if !marks.iter().any(is_new) {
            return;
        }
        self.lines.push(Sample {
            item: item.to_owned(),
            pieces: pieces(&text, &marks),
        });
        for mark in marks {
            *self.alike.entry(mark.what).or_default() += 1;
        }
    }
}

/// Where the cleaned bytes of an item go.
pub struct SampleSink<'a> {
    samples: &'a mut Samples,
    item: String,
    /// The line at hand, as far as it is looked at.
    line: Vec<u8>,
}

impl SampleSink<'_> {
    /// The item has ended, perhaps within a line.
    pub fn finish(mut self) {
        self.end_line();
    }

    fn extend(&mut self, part: &[u8]) {
        let room = LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn end_line(&mut self) {
        self.samples.offer(&self.item, &self.line);
        self.line.clear();
    }
}

impl Write for SampleSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while self.samples.lines.len() < self.samples.most {
            let Some(newline) = memchr(b'\n', rest) else {
                self.extend(rest);
                break;
            };
            self.extend(&rest[..newline]);
            self.end_line();
            rest = &rest[newline + 1..];
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line around its first mark, in pieces.
fn pieces(text: &str, marks: &[Mark]) -> Vec<Piece> {
    let first = marks.first().map_or(0, |mark| mark.range.start);
    let start = text.floor_char_boundary(first.saturating_sub(BEFORE));
    let mut end = text.floor_char_boundary((start + SHOWN).min(text.len()));
    // a mark is shown whole
    for mark in marks {
        if mark.range.start < end {
            end = end.max(mark.range.end);
        }
    }
    let mut pieces = Vec::new();
    let mut add = |text: &str, is_mark| {
        if !text.is_empty() {
            let text = text.chars().map(|c| {
                if c.is_control() && c != '\t' {
                    '\u{fffd}'
                } else {
                    c
                }
            });
            pieces.push(Piece {
                text: text.collect(),
                is_mark,
            });
        }
    };
    if start > 0 {
        add("… ", false);
    }
    let mut written = start;
    for mark in marks.iter().filter(|mark| mark.range.start < end) {
        if mark.range.start >= written {
            add(&text[written..mark.range.start], false);
            add(&text[mark.range.clone()], true);
            written = mark.range.end;
        }
    }
    add(text[written..end].trim_end(), false);
    if end < text.len() {
        add(" …", false);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sample: &Sample) -> String {
        let pieces = sample.pieces.iter();
        pieces.map(|piece| piece.text.as_str()).collect()
    }

    fn of(most: usize, chunks: &[&[u8]]) -> Vec<Sample> {
        let mut samples = Samples::new(most);
        let mut sink = samples.sink("a.log".to_owned());
        for chunk in chunks {
            sink.write_all(chunk).expect("every write is taken");
        }
        sink.finish();
        samples.into_lines()
    }

    #[test]
    fn lines_with_marks_are_kept_wherever_chunks_end_and_all_kinds_get_room() {
        let mut input = b"nothing here\n".to_vec();
        for number in 0..50 {
            input
                .extend_from_slice(format!("{number} password=[redacted:assignment]\n").as_bytes());
        }
        input.extend_from_slice(b"to mail-4f2a91\r\nfrom mail-4f2a91 without an end");
        for size in [1, 7, input.len()] {
            let chunks: Vec<_> = input.chunks(size).collect();
            let kept = of(20, &chunks);
            assert_eq!(kept.len(), ALIKE + 2, "chunks of {size}");
            assert_eq!(text(&kept[0]), "0 password=[redacted:assignment]");
            assert!(kept[ALIKE].pieces[1].is_mark);
            assert_eq!(kept[ALIKE].pieces[1].text, "mail-4f2a91");
            assert_eq!(text(&kept[ALIKE + 1]), "from mail-4f2a91 without an end");
        }
        assert_eq!(of(2, &[&input]).len(), 2);
    }

    #[test]
    fn long_lines_are_shown_around_their_first_mark() {
        let line = format!(
            "{}ü password=[redacted:assignment] {}\n",
            "x".repeat(5000),
            "y".repeat(90_000)
        );
        let kept = of(20, &[line.as_bytes()]);
        let shown = text(&kept[0]);
        assert!(
            shown.contains("ü password=[redacted:assignment] yyy"),
            "{shown}"
        );
        assert!(shown.starts_with('…') && shown.ends_with('…'), "{shown}");
        assert!(shown.len() < SHOWN + 40, "{}", shown.len());
    }
}
