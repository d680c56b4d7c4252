//! E-mail addresses, with letters beyond ASCII (RFC 6531) as UTF-8 or escaped.

use std::ops::Range;

/// Endings of systemd's units, whose instances are written `getty@tty1.service`.
const UNITS: [&[u8]; 9] = [
    b"service", b"socket", b"target", b"slice", b"timer", b"mount", b"scope", b"path", b"device",
];

/// Longest local part and domain; RFC 5321, 4.5.3.1.
const LOCAL: usize = 64;
const DOMAIN: usize = 253;

/// The address whose `@`, however it is written, is at `sign`.
pub fn around(line: &[u8], sign: Range<usize>) -> Option<Range<usize>> {
    let local = local_before(&line[..sign.start]);
    let after = &line[sign.end..];
    let domain = &after[..domain_of(&after[..after.len().min(DOMAIN)])];
    let dot = domain.iter().rposition(|b| *b == b'.')?;
    let top = &domain[dot + 1..];
    let is_letter = |b: &u8| b.is_ascii_alphabetic() || !b.is_ascii();
    // a top level in other letters may be spelled in ASCII: RFC 3492
    let is_top = top.len() >= 2
        && (top.iter().all(is_letter) || top.starts_with(b"xn--") || top.starts_with(b"\\"));
    let is_unit = UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(top));
    (local > 0 && dot > 0 && is_top && !is_unit)
        .then_some(sign.start - local..sign.end + domain.len())
}

/// The length of the local part that ends `before`.
fn local_before(before: &[u8]) -> usize {
    let before = &before[before.len().saturating_sub(LOCAL)..];
    let mut start = before.len();
    loop {
        match before[..start] {
            [.., b] if b.is_ascii_alphanumeric() || b"._%+-".contains(&b) => start -= 1,
            [.., lead, rest] if is_letter(lead, rest) => start -= 2,
            // an escape's own letters have been passed
            [.., b'\\'] => match escape(&before[start..]) {
                Escape::Letter(_) => start -= 1,
                Escape::Sign(length) => {
                    start += length;
                    break;
                }
            },
            _ => break,
        }
    }
    before.len() - start.min(before.len())
}

/// The length of the domain that begins `text`.
fn domain_of(text: &[u8]) -> usize {
    let mut end = 0;
    loop {
        match text[end..] {
            [b, ..] if b.is_ascii_alphanumeric() || b".-".contains(&b) => end += 1,
            [lead, rest, ..] if is_letter(lead, rest) => end += 2,
            [b'\\', ref rest @ ..] => match escape(rest) {
                Escape::Letter(length) => end += 1 + length,
                Escape::Sign(_) => break,
            },
            _ => break,
        }
    }
    let signs = text[..end].iter().rev().take_while(|b| b".-".contains(b));
    end - signs.count()
}

/// A letter of UTF-8 in two bytes (U+00C0 to U+057F: Latin, Greek, Cyrillic, Armenian). Longer
/// ones are left, since signs and the letters of languages without spaces are among them, which
/// would join an address to the text around it.
const fn is_letter(lead: u8, rest: u8) -> bool {
    matches!((lead, rest), (0xc3..=0xd5, 0x80..=0xbf))
}

/// What a backslash begins, and how many bytes behind it.
enum Escape {
    Letter(usize),
    /// Something that ends words, such as a line feed.
    Sign(usize),
}

/// `text` follows a backslash: `u00fc` and its like, `xc3`, `303`, or `n`.
fn escape(text: &[u8]) -> Escape {
    let number = |range: Range<usize>, radix| {
        let digits = std::str::from_utf8(text.get(range)?).ok()?;
        u32::from_str_radix(digits, radix).ok()
    };
    let (code, length) = match text {
        [b'u', ..] => (number(1..5, 16), 5),
        [b'x', ..] => (number(1..3, 16), 3),
        [b'0'..=b'3', ..] => (number(0..3, 8), 3),
        _ => (None, 0),
    };
    match code {
        Some(code) if code >= 0x80 => Escape::Letter(length),
        Some(_) => Escape::Sign(length),
        None => Escape::Sign(usize::from(matches!(
            text,
            [b'n' | b'r' | b't' | b'b' | b'f', ..]
        ))),
    }
}
