//! Identifiers that their shape gives away.
//!
//! Most signs of a log belong to stamps and numbers. So places are only looked at where signs stand
//! as close together as in an address, and digits only as often as a card's number cannot slip
//! between: the rest is passed at the speed of memory.

use std::ops::{Range, RangeInclusive};

use memchr::{memchr_iter, memchr3_iter, memmem};

use super::{Kind, Sighting, address, card, email};

/// Adds those of a text of one or more lines: none goes over the end of a line. They come in no
/// order, and may overlap.
pub fn find(text: &[u8], found: &mut Vec<Sighting>) {
    let mut add = |kind, range: Option<Range<usize>>| {
        found.extend(range.map(|range| Sighting { kind, range }));
    };
    addresses(text, &mut add);
    for sign in memchr_iter(b'@', text) {
        add(Kind::Email, email::around(text, sign..sign + 1));
    }
    // as in a URL
    for sign in memmem::find_iter(text, "%40") {
        add(Kind::Email, email::around(text, sign..sign + 3));
    }
    cards(text, &mut add);
}

fn addresses(text: &[u8], add: &mut impl FnMut(Kind, Option<Range<usize>>)) {
    let (mut dots, mut dashes, mut colons) = (Row::default(), Row::default(), Row::default());
    // what stands before it has been looked at
    let mut looked = 0;
    for at in memchr3_iter(b'.', b'-', b':', text) {
        match text[at] {
            b'.' => {
                // octets have one to three digits
                if dots.add(at, 2..=4) >= 3 {
                    add(Kind::Ipv4, address::ipv4(text, dots.last[2]));
                }
                if text.get(at + 5) == Some(&b'.') {
                    add(Kind::Mac, address::dotted_mac(text, at));
                }
            }
            b'-' => {
                if dashes.add(at, 3..=3) >= 5 {
                    add(Kind::Mac, address::mac(text, at - 4 * 3));
                }
            }
            _ => {
                // the shortest has a pair of them, the others have five or more
                let count = colons.add(at, 1..=5);
                let is_pair = count > 1 && colons.last[1] + 1 == at;
                if at >= looked && (is_pair || count >= 5) {
                    looked = hexadecimal(text, at, add);
                }
            }
        }
    }
}

/// Signs of one kind, each close behind the one before.
#[derive(Default)]
struct Row {
    count: usize,
    /// Places of the last ones, newest first.
    last: [usize; 3],
}

impl Row {
    /// Adds the next sign, which goes on with the row when it is so far from the last one; how many
    /// there are now.
    fn add(&mut self, at: usize, distance: RangeInclusive<usize>) -> usize {
        let goes_on = self.count > 0 && distance.contains(&(at - self.last[0]));
        self.count = if goes_on { self.count + 1 } else { 1 };
        self.last = [at, self.last[0], self.last[1]];
        self.count
    }
}

/// Looks at each colon of the run of hexadecimal digits and colons around `colon`; says where the run
/// ends.
fn hexadecimal(
    text: &[u8],
    colon: usize,
    add: &mut impl FnMut(Kind, Option<Range<usize>>),
) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let before = text[..colon].iter().rev().take(address::LONGEST);
    let start = colon - before.take_while(|byte| is_part(byte)).count();
    let after = text[colon..].iter().take_while(|byte| is_part(byte));
    let end = colon + after.count();
    let mut looked = start;
    for at in memchr_iter(b':', &text[start..end]).map(|at| start + at) {
        if at < looked {
            continue;
        }
        let (kind, range) = match address::mac(text, at) {
            Some(mac) => (Kind::Mac, Some(mac)),
            None => (Kind::Ipv6, address::ipv6(text, at)),
        };
        looked = range.as_ref().map_or(at, |range| range.end);
        add(kind, range);
    }
    end
}

/// Of a card's number, whose groups have four digits or more, one of two places so far apart is a
/// digit.
const STRIDE: usize = 9;

fn cards(text: &[u8], add: &mut impl FnMut(Kind, Option<Range<usize>>)) {
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            at += STRIDE;
            continue;
        }
        let mut run = digits_around(text, at);
        at = run.end + STRIDE - 1;
        for _ in 0..card::MOST_GROUPS {
            if !card::HAS_DIGITS.contains(&run.len()) {
                break;
            }
            add(Kind::Card, card::at(text, run.start, run.len()));
            // it may be of a later group
            match text[..run.start] {
                [.., digit, b' ' | b'-'] if digit.is_ascii_digit() => {
                    run = digits_around(text, run.start - 2);
                }
                _ => break,
            }
        }
    }
}

fn digits_around(text: &[u8], at: usize) -> Range<usize> {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    // what is longer is no number of a card
    let most = card::HAS_DIGITS.end() + 1;
    let before = text[..at].iter().rev().take(most).take_while(is_digit);
    let after = text[at..].iter().take(most).take_while(is_digit);
    at - before.count()..at + after.count()
}
