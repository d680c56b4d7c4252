//! The records of a zip file, byte by byte.
//!
//! By PKWARE's APPNOTE 6.3.10 <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, whose
//! section numbers stand at each record, and Info-ZIP's list of extra fields
//! <https://libzip.org/specifications/extrafld.txt>. All numbers are little-endian. Fields of 64
//! bits (zip64) stand where 32 do not suffice, and in the local header of an entry whose size is
//! not known yet, since a log may always grow beyond 4 GiB.

use chrono::{DateTime, Datelike, Timelike, Utc};

/// How an entry is compressed (4.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Deflate,
    Zstd,
}

impl Method {
    const fn code(self) -> u16 {
        match self {
            Self::Deflate => 8,
            Self::Zstd => 93,
        }
    }

    /// The version of the format that a reader has to know, times ten (4.4.3).
    const fn version(self) -> u16 {
        match self {
            Self::Deflate => 20,
            Self::Zstd => 63,
        }
    }
}

/// What the local header tells.
#[derive(Clone, Debug)]
pub struct Head {
    pub name: String,
    pub method: Method,
    pub modified_at: Option<DateTime<Utc>>,
}

/// What is known once an entry has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    pub crc32: u32,
    pub packed_bytes: u64,
    pub size_bytes: u64,
}

/// Where the sizes of an entry stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// In front of it. Only for entries far below 4 GiB.
    Ahead(Body),
    /// In a descriptor behind it.
    Behind,
}

const LOCAL_HEADER: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const DIRECTORY_HEADER: u32 = 0x0201_4b50;
const ZIP64_END: u32 = 0x0606_4b50;
const ZIP64_LOCATOR: u32 = 0x0706_4b50;
const END: u32 = 0x0605_4b50;

const ZIP64_VERSION: u16 = 45;
/// 6.3 on Unix (4.4.2): the upper half of the attributes are permissions.
const MADE_BY: u16 = 3 << 8 | 63;
/// A regular file for its owner alone.
const ATTRIBUTES: u32 = 0o100_600 << 16;

/// Sizes and check sum stand behind the entry (4.4.4).
const FLAG_DESCRIPTOR: u16 = 1 << 3;
const FLAG_UTF8: u16 = 1 << 11;

const ZIP64_FIELD: u16 = 0x0001;
/// Whole seconds in UTC, where the format's own time has steps of two seconds and no zone.
const TIMESTAMP_FIELD: u16 = 0x5455;

/// Says that the field of 64 bits counts.
const IN_ZIP64: u32 = u32::MAX;

/// 4.3.7
pub fn local_header(out: &mut Vec<u8>, head: &Head, sizes: Sizes) {
    put32(out, LOCAL_HEADER);
    let zip64 = sizes == Sizes::Behind;
    let body = match sizes {
        Sizes::Ahead(body) => body,
        Sizes::Behind => Body {
            crc32: 0,
            packed_bytes: u64::MAX,
            size_bytes: u64::MAX,
        },
    };
    common(out, head, body, sizes == Sizes::Behind, zip64);
    let field_bytes = if zip64 { 20 } else { 0 } + timestamp_bytes(head);
    put16(out, field_bytes);
    out.extend_from_slice(head.name.as_bytes());
    if zip64 {
        put16(out, ZIP64_FIELD);
        put16(out, 16);
        put64(out, 0);
        put64(out, 0);
    }
    timestamp(out, head);
}

/// 4.3.9, always in its form of 64 bits, as 4.3.9.2 asks where the local header has the field.
pub fn descriptor(out: &mut Vec<u8>, body: Body) {
    put32(out, DESCRIPTOR);
    put32(out, body.crc32);
    put64(out, body.packed_bytes);
    put64(out, body.size_bytes);
}

/// 4.3.12. `offset` is that of the local header.
pub fn directory_header(out: &mut Vec<u8>, head: &Head, body: Body, offset: u64, behind: bool) {
    // 4.5.3: in this order, and only those that do not fit
    let large: Vec<u64> = [body.size_bytes, body.packed_bytes, offset]
        .into_iter()
        .filter(|number| !fits(*number))
        .collect();
    put32(out, DIRECTORY_HEADER);
    put16(out, MADE_BY);
    common(out, head, body, behind, behind || !large.is_empty());
    let zip64_bytes = match large.len() {
        0 => 0,
        count => 4 + 8 * u16::try_from(count).unwrap_or(3),
    };
    put16(out, zip64_bytes + timestamp_bytes(head));
    // comment, disk, internal attributes
    out.extend_from_slice(&[0; 6]);
    put32(out, ATTRIBUTES);
    put32(out, clamp(offset));
    out.extend_from_slice(head.name.as_bytes());
    if zip64_bytes > 0 {
        put16(out, ZIP64_FIELD);
        put16(out, zip64_bytes - 4);
        for number in large {
            put64(out, number);
        }
    }
    timestamp(out, head);
}

/// 4.3.14 to 4.3.16: what ends a file, where `offset` is the directory's.
pub fn end(out: &mut Vec<u8>, entries: u64, directory_bytes: u64, offset: u64) {
    let small_count = u16::try_from(entries)
        .ok()
        .filter(|count| *count < u16::MAX);
    if small_count.is_none() || !fits(directory_bytes) || !fits(offset) {
        let record = offset + directory_bytes;
        put32(out, ZIP64_END);
        put64(out, 44);
        put16(out, MADE_BY);
        put16(out, ZIP64_VERSION);
        put32(out, 0);
        put32(out, 0);
        put64(out, entries);
        put64(out, entries);
        put64(out, directory_bytes);
        put64(out, offset);
        put32(out, ZIP64_LOCATOR);
        put32(out, 0);
        put64(out, record);
        put32(out, 1);
    }
    put32(out, END);
    put32(out, 0);
    let count = small_count.unwrap_or(u16::MAX);
    put16(out, count);
    put16(out, count);
    put32(out, clamp(directory_bytes));
    put32(out, clamp(offset));
    put16(out, 0);
}

/// What local and directory headers have in common, as far as the length of the name.
fn common(out: &mut Vec<u8>, head: &Head, body: Body, behind: bool, zip64: bool) {
    let version = head.method.version();
    put16(
        out,
        if zip64 {
            version.max(ZIP64_VERSION)
        } else {
            version
        },
    );
    put16(out, FLAG_UTF8 | if behind { FLAG_DESCRIPTOR } else { 0 });
    put16(out, head.method.code());
    let (date, time) = head.modified_at.and_then(dos_time).unwrap_or(NO_TIME);
    put16(out, time);
    put16(out, date);
    put32(out, body.crc32);
    put32(out, clamp(body.packed_bytes));
    put32(out, clamp(body.size_bytes));
    // longer names are refused before they get here
    put16(out, u16::try_from(head.name.len()).unwrap_or(u16::MAX));
}

fn timestamp_seconds(head: &Head) -> Option<i32> {
    i32::try_from(head.modified_at?.timestamp()).ok()
}

fn timestamp_bytes(head: &Head) -> u16 {
    if timestamp_seconds(head).is_some() {
        9
    } else {
        0
    }
}

fn timestamp(out: &mut Vec<u8>, head: &Head) {
    if let Some(seconds) = timestamp_seconds(head) {
        put16(out, TIMESTAMP_FIELD);
        put16(out, 5);
        // of the three times only that of the last change
        out.push(1);
        out.extend_from_slice(&seconds.to_le_bytes());
    }
}

/// 1 January 1980, the first day that there is.
const NO_TIME: (u16, u16) = (1 << 5 | 1, 0);

/// Date and time as MS-DOS has them (4.4.6); `None` before 1980 and after 2107.
fn dos_time(at: DateTime<Utc>) -> Option<(u16, u16)> {
    let year = u16::try_from(at.year() - 1980)
        .ok()
        .filter(|year| *year < 128)?;
    let small = |number: u32| u16::try_from(number).ok();
    let date = year << 9 | small(at.month())? << 5 | small(at.day())?;
    let steps = small(at.second() / 2)?;
    let time = small(at.hour())? << 11 | small(at.minute())? << 5 | steps;
    Some((date, time))
}

fn fits(number: u64) -> bool {
    number < u64::from(IN_ZIP64)
}

fn clamp(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(IN_ZIP64)
}

fn put16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}
