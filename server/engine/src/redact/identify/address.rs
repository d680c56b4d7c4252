//! Addresses of networks and of network cards.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::is_word;

/// The IPv4 address whose first dot is at `dot`.
pub fn ipv4(line: &[u8], dot: usize) -> Option<Range<usize>> {
    let start = dot - digits_before(&line[..dot])?;
    let mut at = start;
    let mut octets = [0; 4];
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            if line.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let digits = line[at..].iter().take_while(|b| b.is_ascii_digit());
        let digits = digits.take(4).count();
        let text = std::str::from_utf8(&line[at..at + digits]).ok()?;
        *octet = text.parse::<u8>().ok()?;
        at += digits;
    }
    let goes_on = match (line.get(at), line.get(at + 1)) {
        (Some(b'.'), Some(next)) => next.is_ascii_digit(),
        (Some(byte), _) => is_word(*byte),
        (None, _) => false,
    };
    let address = Ipv4Addr::from(octets);
    let is_nobodys = address.is_loopback() || address.is_unspecified() || octets[0] == 255;
    (!goes_on && !is_nobodys && !is_version(&line[..start])).then_some(start..at)
}

/// How many digits end `before`, where they begin a number of their own.
fn digits_before(before: &[u8]) -> Option<usize> {
    let count = before
        .iter()
        .rev()
        .take(4)
        .take_while(|b| b.is_ascii_digit());
    let count = count.count();
    let border = before.len().checked_sub(count + 1).map(|at| before[at]);
    let stands_alone = border.is_none_or(|b| b == b'_' || (!is_word(b) && b != b'.'));
    ((1..=3).contains(&count) && (stands_alone || border == Some(b'v'))).then_some(count)
}

/// `v1.2.3.4`, `version 1.2.3.4`.
fn is_version(before: &[u8]) -> bool {
    if before.last().is_some_and(|b| b.eq_ignore_ascii_case(&b'v')) {
        return true;
    }
    let word = b"version";
    let mut before = before;
    while let Some((b' ' | b'=' | b':' | b'"' | b'v', rest)) = before.split_last() {
        before = rest;
    }
    before.len() >= word.len() && before[before.len() - word.len()..].eq_ignore_ascii_case(word)
}

/// The card's address whose first sign is at `sign`.
pub fn mac(line: &[u8], sign: usize) -> Option<Range<usize>> {
    let start = sign.checked_sub(2)?;
    let separator = line[sign];
    let text = line.get(start..start + 17)?;
    let is_shaped = text.iter().enumerate().all(|(place, byte)| {
        if place % 3 == 2 {
            *byte == separator
        } else {
            byte.is_ascii_hexdigit()
        }
    });
    let joins = |byte: Option<&u8>| byte.is_some_and(|b| is_word(*b) || *b == separator);
    let before = start.checked_sub(1).and_then(|at| line.get(at));
    let is_nobodys = text.iter().all(|b| matches!(b, b'0' | b':' | b'-'))
        || text.iter().all(|b| matches!(b, b'f' | b'F' | b':' | b'-'));
    // an address may end a sentence: `…:5e: link is up`
    let after = line.get(start + 17);
    let ends = !joins(after) || (after == Some(&b':') && line.get(start + 18) == Some(&b' '));
    (is_shaped && !joins(before) && ends && !is_nobodys).then_some(start..start + 17)
}

/// The card's address, written as Cisco does (`001a.2b3c.4d5e`), whose first dot is at `dot`.
pub fn dotted_mac(text: &[u8], dot: usize) -> Option<Range<usize>> {
    let start = dot.checked_sub(4)?;
    let mac = text.get(start..start + 14)?;
    let is_shaped = mac.iter().enumerate().all(|(place, byte)| match place {
        4 | 9 => *byte == b'.',
        _ => byte.is_ascii_hexdigit(),
    });
    let digits = || mac.iter().filter(|byte| **byte != b'.');
    let is_nobodys =
        digits().all(|b| *b == b'0') || digits().all(|b| b.eq_ignore_ascii_case(&b'f'));
    let joins = |byte: Option<&u8>| byte.is_some_and(|b| is_word(*b) || b"-.".contains(b));
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    // a full stop may end the sentence
    let goes_on = match text.get(start + 14..) {
        Some([b'.', next, ..]) => is_word(*next),
        Some([b'.']) => false,
        Some(after) => joins(after.first()),
        None => false,
    };
    // three numbers of four digits are rather a version or a date
    let has_letter = digits().any(u8::is_ascii_alphabetic) || mac.starts_with(b"00");
    (is_shaped && has_letter && !joins(before) && !goes_on && !is_nobodys)
        .then_some(start..start + 14)
}

/// Longest text of an IPv6 address, with an IPv4 one at its end.
pub const LONGEST: usize = 45;

/// The IPv6 address whose first colon is at `colon`.
pub fn ipv6(line: &[u8], colon: usize) -> Option<Range<usize>> {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let before = line[..colon].iter().rev().take(5);
    let start = colon - before.take_while(|b| b.is_ascii_hexdigit()).count();
    if start > 0 && (is_word(line[start - 1]) || line[start - 1] == b':') {
        return None;
    }
    let rest = &line[start..];
    let end = rest
        .iter()
        .take(LONGEST + 1)
        .take_while(|b| is_part(b))
        .count();
    let text = &rest[..end];
    let colons = text.iter().filter(|b| **b == b':').count();
    // a time of day has two and no pair of them: this is what most lines end at
    if colons < 2 || (colons < 6 && !text.windows(2).any(|pair| pair == b"::")) {
        return None;
    }
    let dotted = rest
        .iter()
        .take(LONGEST)
        .take_while(|b| is_part(b) || **b == b'.');
    let dotted = dotted.count();
    [dotted, end]
        .into_iter()
        .filter_map(|end| parsed(&rest[..end]))
        .find(|length| rest.get(*length).is_none_or(|b| !is_word(*b)))
        .map(|length| start..start + length)
}

/// The length of the address that is all of `text` but for signs at its end.
fn parsed(text: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.trim_end_matches('.');
    let single = text.strip_suffix(':').filter(|text| !text.ends_with(':'));
    let text = single.unwrap_or(text);
    let address: Ipv6Addr = text.parse().ok()?;
    // `a::b` is rather a name of a program's
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let is_nobodys = address.is_loopback() || address.is_unspecified();
    (has_digit && !is_nobodys).then_some(text.len())
}
