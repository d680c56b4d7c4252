//! Numbers of payment cards: 13 to 19 digits, alone or in groups, whose check digit is right
//! (ISO/IEC 7812-1, annex B).

use std::ops::{Range, RangeInclusive};

use super::is_word;

/// Of digits that stand together in a number or in a group of it.
pub const HAS_DIGITS: RangeInclusive<usize> = 4..=19;
/// Of a number.
pub const MOST_GROUPS: usize = 4;

/// The number whose first `run` digits, all that stand together, begin at `start`.
pub fn at(line: &[u8], start: usize, run: usize) -> Option<Range<usize>> {
    let joined = start > 0 && (is_word(line[start - 1]) || matches!(line[start - 1], b'.' | b'-'));
    let end = match run {
        _ if joined => return None,
        13..=19 => start + run,
        // groups of four, or four, six and five
        4 => grouped(line, start)?,
        _ => return None,
    };
    let goes_on = match (line.get(end), line.get(end + 1)) {
        // a group of four more may be of a longer number; anything else is something else
        (Some(b' '), _) if run == 4 => is_group(&line[end + 1..]),
        (Some(b'-' | b'.'), Some(next)) => next.is_ascii_digit(),
        (Some(byte), _) => is_word(*byte),
        (None, _) => false,
    };
    let digits = line[start..end].iter().filter(|b| b.is_ascii_digit());
    // no scheme's numbers begin with 0, 1, 7, 8 or 9; stamps and ids of machines often do
    let is_issued = (b'2'..=b'6').contains(&line[start]);
    (!goes_on && is_issued && luhn(digits)).then_some(start..end)
}

/// Whether four digits that stand alone begin this text, and no number of groups does.
fn is_group(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let joined = text.get(digits).is_some_and(|b| is_word(*b) || *b == b'.');
    digits == 4 && !joined && grouped(text, 0).is_none()
}

fn grouped(line: &[u8], start: usize) -> Option<usize> {
    let separator = *line.get(start + 4)?;
    if !matches!(separator, b' ' | b'-') {
        return None;
    }
    [[4, 4, 4, 4].as_slice(), &[4, 6, 5]]
        .into_iter()
        .find_map(|groups| {
            let mut at = start;
            for (place, group) in groups.iter().enumerate() {
                if place > 0 {
                    if line.get(at) != Some(&separator) {
                        return None;
                    }
                    at += 1;
                }
                let digits = line.get(at..at + group)?;
                if !digits.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                at += group;
            }
            Some(at)
        })
}

fn luhn<'a>(digits: impl DoubleEndedIterator<Item = &'a u8>) -> bool {
    let sum: u32 = digits
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match (place % 2, digit) {
                (0, digit) => digit,
                (_, digit) if digit < 5 => digit * 2,
                (_, digit) => digit * 2 - 9,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}
