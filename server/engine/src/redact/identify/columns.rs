//! Names that their column tells: the host in the header of a line of syslog, the user in that of a
//! web server's access log.
//!
//! Looked for at the beginnings of lines alone, and only where a stamp has the form that belongs to
//! the column. What the header of a line names is not followed into other lines.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::Kind;
use super::names::is_everybodys;

/// A header is shorter.
const HEADER: usize = 256;
/// Longest name of a host; RFC 1035, 2.3.4.
const HOST: usize = 255;

/// Words that some programs write where syslog has the host.
const LEVELS: [&[u8]; 14] = [
    b"trace",
    b"debug",
    b"info",
    b"notice",
    b"warn",
    b"warning",
    b"err",
    b"error",
    b"crit",
    b"critical",
    b"alert",
    b"emerg",
    b"fatal",
    b"panic",
];

/// Adds the names of a text of one or more lines.
pub fn find(text: &[u8], mut add: impl FnMut(Kind, Range<usize>)) {
    let mut start = 0;
    for end in memchr_iter(b'\n', text).chain([text.len()]) {
        let header = &text[start..end.min(start + HEADER)];
        if let Some((kind, range)) = named(header) {
            add(kind, start + range.start..start + range.end);
        }
        start = end + 1;
    }
}

fn named(header: &[u8]) -> Option<(Kind, Range<usize>)> {
    // as on the wire
    let priority = match header {
        [b'<', digit, ..] if digit.is_ascii_digit() => {
            memchr(b'>', &header[..6.min(header.len())])?
        }
        _ => 0,
    };
    let at = if priority > 0 { priority + 1 } else { 0 };
    let stamp = &header[at..];
    if is_bsd_stamp(stamp) {
        let host = at + BSD_STAMP;
        return host_before_tag(header, host, true).map(|range| (Kind::Host, range));
    }
    // RFC 5424 has a version in front
    let is_numbered = priority > 0 && stamp.starts_with(b"1 ");
    let at = if is_numbered { at + 2 } else { at };
    if is_date(&header[at..]) {
        let length = memchr(b' ', &header[at..])?;
        let stamp = &header[at..at + length];
        let host = at + length + 1;
        let range = if is_numbered {
            word(header, host)
        } else {
            // rsyslog's own form has microseconds
            host_before_tag(
                header,
                host,
                stamp.get(19) == Some(&b'.') && stamp.len() >= 27,
            )
        };
        return range.map(|range| (Kind::Host, range));
    }
    user_of_access_log(header).map(|range| (Kind::User, range))
}

/// `Nov 20 14:02:03 `, RFC 3164, 4.1.2.
const BSD_STAMP: usize = 16;

fn is_bsd_stamp(text: &[u8]) -> bool {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let Some(stamp) = text.get(..BSD_STAMP) else {
        return false;
    };
    stamp[3] == b' '
        && stamp[6] == b' '
        && stamp[9] == b':'
        && stamp[12] == b':'
        && stamp[15] == b' '
        && MONTHS.chunks(3).any(|month| month == &stamp[..3])
}

/// `2026-11-20T14:02:03`, and more up to a space.
fn is_date(text: &[u8]) -> bool {
    matches!(text.get(..19), Some([y, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', ..]) if y.is_ascii_digit())
}

/// The host at `at`, where the name of a program follows: `sshd[7]:`, or `sshd:` where it need not
/// have its process.
fn host_before_tag(header: &[u8], at: usize, bare: bool) -> Option<Range<usize>> {
    let host = word(header, at)?;
    let rest = header.get(host.end + 1..)?;
    let is_tag = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/()@+".contains(byte);
    let tag = rest.iter().take_while(|byte| is_tag(byte)).count();
    let is_program = tag > 0
        && match rest[tag..] {
            [b'[', digit, ..] => digit.is_ascii_digit(),
            [b':', ..] => bare || &rest[..tag] == b"kernel",
            _ => bare && rest.starts_with(b"last message repeated"),
        };
    is_program.then_some(host)
}

/// The word at `at`, where it may be the name of a host and a space follows.
fn word(header: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = header.get(at..)?;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let length = rest
        .iter()
        .take(HOST)
        .take_while(|byte| is_part(byte))
        .count();
    let name = &rest[..length];
    let is_host = rest.get(length) == Some(&b' ')
        && name.iter().any(u8::is_ascii_alphabetic)
        && !name.eq_ignore_ascii_case(b"localhost")
        && !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(name));
    is_host.then_some(at..at + length)
}

/// `host ident user [20/Nov/2026:14:02:03 +0000]`, as Apache and nginx write it.
fn user_of_access_log(header: &[u8]) -> Option<Range<usize>> {
    let bracket = memchr(b'[', header)?;
    let is_stamp = matches!(
        header.get(bracket + 1..bracket + 13),
        Some([d, _, b'/', _, _, _, b'/', _, _, _, _, b':']) if d.is_ascii_digit()
    );
    let before = header[..bracket].strip_suffix(b" ").filter(|_| is_stamp)?;
    let start = before.iter().rposition(|byte| *byte == b' ')? + 1;
    // two more columns stand in front
    memchr(b' ', &before[..start - 1])?;
    let user = &before[start..];
    let is_name = !matches!(user, b"" | b"-" | b"\"-\"" | b"\"\"") && !is_everybodys(user);
    is_name.then_some(start..before.len())
}
