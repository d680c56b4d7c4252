//! Bundles: a reader that is not ours finds in a zip file what was handed to the writer: the same
//! names in the same order, bytes and times.

use std::io::{Cursor, Read};

use ::zip::ZipArchive;
use ::zip::extra_fields::ExtraField;
use chrono::{DateTime, Utc};

use super::take;
use crate::bundle::{Compressor, ZipStream};
use crate::config::Compression;

/// Sizes at which the writer or a compressor does something else: nothing, one byte, fields of 16
/// bits, its way out, a block of zstd, and from where zstd works on several threads.
const EDGES: [usize; 6] = [0, 1, 1 << 16, 128 << 10, 256 << 10, 512 << 10];
/// So much is in all entries of a bundle together, so that a case stays short.
const MOST_BYTES: usize = 2 << 20;

struct Entry {
    name: String,
    modified_at: Option<DateTime<Utc>>,
    bytes: Vec<u8>,
    /// Handed over in pieces of this size; in one go for `None`.
    piece: Option<usize>,
}

/// The first byte chooses the method; what follows are entries, until nothing is left.
pub fn bundles(mut data: &[u8]) {
    let compression = match take::index(&mut data, 2) {
        0 => Compression::Zstd,
        _ => Compression::Deflate,
    };
    let mut entries = Vec::new();
    let mut left = MOST_BYTES;
    while !data.is_empty() {
        let entry = entry(&mut data, entries.len(), left);
        left -= entry.bytes.len();
        entries.push(entry);
    }
    let zip = written(compression, &entries);
    let mut archive = ZipArchive::new(Cursor::new(&zip)).expect("it is an archive");
    assert_eq!(archive.len(), entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let mut found = archive.by_index(index).expect("an entry");
        assert_eq!(found.name().expect("it is text"), entry.name);
        assert_eq!(found.size(), entry.bytes.len() as u64, "{}", entry.name);
        let seconds = found.extra_data_fields().find_map(|field| match field {
            ExtraField::ExtendedTimestamp(stamp) => stamp.mod_time(),
            _ => None,
        });
        assert_eq!(seconds, kept_seconds(entry), "{}", entry.name);
        let mut bytes = Vec::new();
        found.read_to_end(&mut bytes).expect("it can be unpacked");
        assert!(bytes == entry.bytes, "{} holds other bytes", entry.name);
    }
}

fn entry(data: &mut &[u8], number: usize, most_bytes: usize) -> Entry {
    let how = take::byte(data);
    let (name, rest) = data.split_at(usize::from(how >> 5).min(data.len()));
    *data = rest;
    // what the sources give to a bundle is unique
    let name = format!("files/{number}/{}", String::from_utf8_lossy(name));
    let seconds = u32::from(take::word(data)) << 16 | u32::from(take::word(data));
    let bytes = content(data, how & 2 == 0);
    Entry {
        name,
        modified_at: DateTime::from_timestamp(i64::from(seconds), 999_999_999)
            .filter(|_| how & 1 == 0),
        bytes: bytes[..bytes.len().min(most_bytes)].to_vec(),
        piece: (how & 4 == 0).then(|| 1 + 37 * usize::from(take::word(data))),
    }
}

/// Bytes of a size on an edge or a little beside it, which pack well or not at all.
fn content(data: &mut &[u8], packs_well: bool) -> Vec<u8> {
    let edge = EDGES[take::index(data, EDGES.len())];
    let size = edge.saturating_add_signed(isize::from(take::byte(data).cast_signed()));
    let mut state = u64::from(take::byte(data)) + 1;
    (0..size)
        .map(|index| {
            if packs_well {
                return b"all is well\n"[index % 12];
            }
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_le_bytes()[7]
        })
        .collect()
}

fn written(compression: Compression, entries: &[Entry]) -> Vec<u8> {
    let compressor = Compressor::new(compression).expect("memory");
    let mut zip = ZipStream::new(Vec::new(), compressor);
    for entry in entries {
        match entry.piece {
            None => zip.write_whole(&entry.name, entry.modified_at, &entry.bytes),
            Some(piece) => zip
                .begin(&entry.name, entry.modified_at)
                .and_then(|()| {
                    entry
                        .bytes
                        .chunks(piece)
                        .try_for_each(|piece| zip.write(piece))
                })
                .and_then(|()| zip.end()),
        }
        .expect("memory takes every write");
    }
    let (zip, _compressor) = zip.finish().expect("memory takes every write");
    zip
}

/// What the field of seconds can say, which ends in 2038.
fn kept_seconds(entry: &Entry) -> Option<u32> {
    let seconds = i32::try_from(entry.modified_at?.timestamp()).ok()?;
    Some(seconds.cast_unsigned())
}
