//! E-mail addresses.

use std::ops::Range;

/// Endings of systemd's units, whose instances are written `getty@tty1.service`.
const UNITS: [&[u8]; 9] = [
    b"service", b"socket", b"target", b"slice", b"timer", b"mount", b"scope", b"path", b"device",
];

/// The address whose `@` is at `sign`.
pub fn around(line: &[u8], sign: usize) -> Option<Range<usize>> {
    let is_local = |b: &u8| b.is_ascii_alphanumeric() || b"._%+-".contains(b);
    let is_domain = |b: &u8| b.is_ascii_alphanumeric() || b".-".contains(b);
    let before = &line[..sign];
    let local = before.iter().rev().take(64).take_while(|b| is_local(b));
    let local = local.count();
    let domain = line[sign + 1..]
        .iter()
        .take(253)
        .take_while(|b| is_domain(b));
    let domain = &line[sign + 1..][..domain.count()];
    let length = domain.len()
        - domain
            .iter()
            .rev()
            .take_while(|b| b".-".contains(b))
            .count();
    let domain = &domain[..length];
    let dot = domain.iter().rposition(|b| *b == b'.')?;
    let top = &domain[dot + 1..];
    let is_top = top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    let is_unit = UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(top));
    (local > 0 && dot > 0 && is_top && !is_unit).then_some(sign - local..sign + 1 + length)
}
