//! Whether a file is something other than text.
//!
//! Secrets in it cannot be told from the rest, so it is withheld. What passes for text may have
//! any bytes above 0x7f (an old encoding), colours, and holes: a crash or a sparse file leaves
//! runs of NULs in a log, which is a log for all that.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use memchr::memmem;

/// So much of a file's start is looked at, and as much of its middle.
pub const SAMPLE: usize = 64 * 1024;

/// What files of a kind begin with.
const MAGIC: [&[u8]; 18] = [
    b"\x7fELF",            // programs and core dumps
    b"LPKSHHRH",           // the systemd journal
    b"\x1f\x8b\x08",       // gzip
    b"PK\x03\x04",         // zip
    b"\xfd7zXZ\0",         // xz
    b"\x28\xb5\x2f\xfd",   // zstd
    b"BZh",                // bzip2; see `is_bzip2`
    b"7z\xbc\xaf\x27\x1c", // 7-Zip
    b"\x89PNG\r\n\x1a\n",  // images
    b"\xff\xd8\xff",       // JPEG
    b"SQLite format 3\0",  // databases
    b"\xd4\xc3\xb2\xa1",   // packet captures
    b"\xa1\xb2\xc3\xd4",   //
    b"\x4d\x3c\xb2\xa1",   //
    b"\x0a\x0d\x0d\x0a",   //
    b"ElfFile\0",          // Windows event logs
    b"MDMP",               // Windows crash dumps
    b"PAGEDU",             //
];

/// Login records have a text's share of letters in them, and no mark at their start.
const NAMES: [&[u8]; 4] = [b"wtmp", b"btmp", b"utmp", b"lastlog"];

/// By the file's name, its first bytes and some of its middle (each at most [`SAMPLE`]).
pub fn is_binary(name: &OsStr, head: &[u8], middle: &[u8]) -> bool {
    let is_login_record = NAMES.iter().any(|login| {
        let rest = name.as_bytes().strip_prefix(*login);
        rest.is_some_and(|rest| rest.is_empty() || matches!(rest[0], b'.' | b'-'))
    });
    (is_login_record && head.contains(&0))
        || MAGIC.iter().any(|magic| head.starts_with(magic) && (*magic != b"BZh" || is_bzip2(head)))
        // tar has its mark behind the first name
        || head.get(257..262) == Some(b"ustar")
        || has_too_many_controls(head)
        || has_too_many_controls(middle)
}

/// A text may begin with these letters, but does not go on with the digits of pi.
fn is_bzip2(head: &[u8]) -> bool {
    head.get(4..10) == Some(b"1AY&SY")
}

/// More than a twentieth of it, and not just a few, are bytes that no text has. Random bytes have
/// a tenth of them.
fn has_too_many_controls(sample: &[u8]) -> bool {
    /// A longer run of NULs is a hole.
    const HOLE: usize = 64;
    let hole = [0; HOLE];
    let (mut controls, mut looked_at, mut rest) = (0, 0, sample);
    while !rest.is_empty() {
        let text = memmem::find(rest, &hole).unwrap_or(rest.len());
        looked_at += text;
        controls += count_controls(&rest[..text]);
        rest = &rest[text..];
        let after = rest.iter().position(|byte| *byte != 0);
        rest = &rest[after.unwrap_or(rest.len())..];
    }
    controls >= 32 && controls * 20 > looked_at
}

/// Sixteen bytes at a time: each sample of each file comes through here.
fn count_controls(text: &[u8]) -> usize {
    // so many fit into the byte that they are counted in
    text.chunks(255)
        .map(|chunk| {
            let count: u8 = chunk.iter().map(|byte| u8::from(is_control(*byte))).sum();
            usize::from(count)
        })
        .sum()
}

/// Without a branch, so that it is done to many bytes at once.
const fn is_control(byte: u8) -> bool {
    // tab, line and page ends, backspace, bell and what begins a colour are for terminals
    (byte <= 6)
        | (byte.wrapping_sub(14) <= 26 - 14)
        | (byte.wrapping_sub(28) <= 31 - 28)
        | (byte == 127)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(head: &[u8]) -> bool {
        is_binary(OsStr::new("x.log"), head, b"")
    }

    #[test]
    fn text_of_any_kind_is_text() {
        assert!(!is(b""));
        assert!(!is(b"BZh is how the line begins\n"));
        assert!(!is("Jan 20 größer €\n".repeat(100).as_bytes()));
        assert!(!is(&b"caf\xe9 \x83\x65\x83\x58\x83\x67\n".repeat(100)));
        assert!(!is(&b"\x1b[31mred\x1b[0m\n".repeat(100)));
        // a crash left a hole, a page in size or all of it
        assert!(!is(&[
            b"line\n".repeat(50),
            vec![0; 4096],
            b"line\n".repeat(9)
        ]
        .concat()));
        assert!(!is(&vec![0; SAMPLE]));
        assert!(!is(b"a\0b\0\n"));
        assert!(!is_binary(OsStr::new("wtmp.log"), b"text\n", b""));
    }

    #[test]
    fn controls_are_told_from_what_terminals_use() {
        for byte in 0..=u8::MAX {
            let expected = matches!(byte, 0..=6 | 14..=26 | 28..=31 | 127);
            assert_eq!(is_control(byte), expected, "{byte}");
        }
        assert_eq!(count_controls(&[1; 1000]), 1000);
        assert_eq!(count_controls(&[b'a'; 1000]), 0);
    }

    #[test]
    fn other_things_are_not() {
        for magic in MAGIC {
            assert!(is(&[magic, b"1AY&SY and more"].concat()) || magic == b"BZh");
        }
        assert!(is(b"BZh91AY&SY"));
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .take(SAMPLE)
        .collect();
        assert!(is(&noise));
        assert!(is_binary(OsStr::new("x"), b"a header in text\n", &noise));
        assert!(is("no mark"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .cycle()
            .take(500)
            .collect::<Vec<u8>>()
            .as_slice()));
        assert!(is_binary(OsStr::new("wtmp.1"), b"\x07\0\0\0root", b""));
    }
}
