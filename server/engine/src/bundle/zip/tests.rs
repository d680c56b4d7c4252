use std::io::{Cursor, Read};

use super::*;
use crate::config::Compression;

fn time() -> Option<DateTime<Utc>> {
    Some("2026-11-20T14:03:07Z".parse().expect("a time"))
}

fn stream(compression: Compression) -> ZipStream<Vec<u8>> {
    ZipStream::new(Vec::new(), Compressor::new(compression).expect("a context"))
}

/// Lines that differ, so that they do not pack to nothing.
fn log(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 32);
    let mut number = 1_u64;
    while text.len() < bytes {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        text.extend_from_slice(format!("job {number:016x} done\n").as_bytes());
    }
    text.truncate(bytes);
    text
}

fn read_back(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ::zip::ZipArchive::new(Cursor::new(zip)).expect("an archive");
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).expect("an entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("its bytes");
            let name = entry.name().expect("text").into_owned();
            (name, bytes)
        })
        .collect()
}

#[test]
fn entries_come_back_however_they_were_handed_over() {
    for compression in [Compression::Zstd, Compression::Deflate] {
        let mut zip = stream(compression);
        let large = log(5_000_000);
        zip.write_whole("files/small", time(), &log(4096))
            .expect("memory");
        zip.begin("files/größer", time()).expect("memory");
        for piece in large.chunks(262_144) {
            zip.write(piece).expect("memory");
        }
        zip.end().expect("memory");
        zip.write_whole("files/empty", None, b"").expect("memory");
        zip.begin("files/last", None).expect("memory");
        zip.write(b"x").expect("memory");
        let (bytes, _) = zip.finish().expect("memory");
        let expected = [
            ("files/small".to_owned(), log(4096)),
            ("files/größer".to_owned(), large),
            ("files/empty".to_owned(), Vec::new()),
            ("files/last".to_owned(), b"x".to_vec()),
        ];
        assert!(read_back(&bytes) == expected, "{compression:?}");
    }
}

#[test]
fn a_large_entry_is_one_frame_for_readers_that_know_no_more() {
    let mut zip = stream(Compression::Zstd);
    zip.begin("a", None).expect("memory");
    zip.write(&log(5_000_000)).expect("memory");
    let (bytes, _) = zip.finish().expect("memory");
    let mut archive = ::zip::ZipArchive::new(Cursor::new(&bytes)).expect("an archive");
    let entry = archive.by_index_raw(0).expect("an entry");
    let start = usize::try_from(entry.data_start().expect("its place")).expect("small");
    let length = usize::try_from(entry.compressed_size()).expect("small");
    let frame = zstd::zstd_safe::find_frame_compressed_size(&bytes[start..start + length]);
    assert_eq!(frame, Ok(length));
}

#[test]
fn an_empty_bundle_is_an_archive_too() {
    let (bytes, _) = stream(Compression::Zstd).finish().expect("memory");
    assert_eq!(read_back(&bytes), []);
}

#[test]
fn a_context_serves_one_file_after_another_and_forgets_what_was_broken_off() {
    let mut zip = stream(Compression::Zstd);
    zip.begin("cut", None).expect("memory");
    zip.write(&log(3_000_000)).expect("memory");
    let ZipStream { compressor, .. } = zip;
    let mut zip = ZipStream::new(Vec::new(), compressor);
    zip.write_whole("whole", None, b"text").expect("memory");
    let (bytes, _) = zip.finish().expect("memory");
    assert_eq!(read_back(&bytes), [("whole".to_owned(), b"text".to_vec())]);
}

/// Readers that are not ours, on what they know: no stock Python before 3.14 knows zstd.
fn readers(compression: Compression) -> Vec<Vec<&'static str>> {
    let mut readers = vec![vec!["bsdtar", "-xOf"], vec!["7zz", "t"]];
    if compression == Compression::Deflate {
        readers.push(vec!["python3", "-m", "zipfile", "-t"]);
    }
    readers
}

fn opens(zip: &std::path::Path, compression: Compression) {
    for reader in readers(compression) {
        let output = std::process::Command::new(reader[0])
            .args(&reader[1..])
            .arg(zip)
            .output()
            .expect("a reader");
        assert!(
            output.status.success(),
            "{reader:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn other_readers_open_more_entries_than_sixteen_bits_count() {
    for compression in [Compression::Zstd, Compression::Deflate] {
        let mut zip = stream(compression);
        zip.begin("files/first", time()).expect("memory");
        zip.write(&log(3_000_000)).expect("memory");
        for number in 0..66_000 {
            let name = format!("files/{number:05}");
            zip.write_whole(&name, time(), name.as_bytes())
                .expect("memory");
        }
        let (bytes, _) = zip.finish().expect("memory");
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("many.zip");
        std::fs::write(&path, &bytes).expect("a file");
        opens(&path, compression);
        let listed = std::process::Command::new("bsdtar")
            .arg("-tf")
            .arg(&path)
            .output();
        let listed = listed.expect("bsdtar").stdout;
        assert_eq!(listed.iter().filter(|byte| **byte == b'\n').count(), 66_001);
    }
}

#[test]
fn other_readers_open_an_entry_larger_than_four_gibibytes() {
    let mut zip = stream(Compression::Zstd);
    let piece = vec![b'\n'; 32 << 20];
    zip.begin("files/huge", time()).expect("memory");
    for _ in 0..129 {
        zip.write(&piece).expect("memory");
    }
    zip.write_whole("files/after", time(), b"still found")
        .expect("memory");
    let (bytes, _) = zip.finish().expect("memory");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("huge.zip");
    std::fs::write(&path, &bytes).expect("a file");
    let listed = std::process::Command::new("7zz")
        .arg("l")
        .arg(&path)
        .output();
    let listed = String::from_utf8(listed.expect("7zz").stdout).expect("text");
    assert!(listed.contains(&(129_u64 << 25).to_string()), "{listed}");
    let after = std::process::Command::new("bsdtar")
        .arg("-xOf")
        .arg(&path)
        .arg("files/after")
        .output();
    assert_eq!(after.expect("bsdtar").stdout, b"still found");
}

#[test]
fn times_are_kept_to_the_second() {
    let mut zip = stream(Compression::Deflate);
    zip.write_whole("files/a", time(), b"text").expect("memory");
    let (bytes, _) = zip.finish().expect("memory");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.zip");
    std::fs::write(&path, &bytes).expect("a file");
    let unpacked = std::process::Command::new("bsdtar")
        .arg("-xf")
        .arg(&path)
        .arg("-C")
        .arg(directory.path())
        .status();
    assert!(unpacked.expect("bsdtar").success());
    let metadata = std::fs::metadata(directory.path().join("files/a")).expect("the file");
    let modified: DateTime<Utc> = metadata.modified().expect("a time").into();
    assert_eq!(Some(modified), time());
}

#[test]
fn sizes_beyond_32_bits_stand_in_the_directory_and_its_end() {
    let head = Head {
        name: "n".to_owned(),
        method: record::Method::Zstd,
        modified_at: None,
    };
    let body = Body {
        crc32: 7,
        packed_bytes: 5,
        size_bytes: 1 << 32,
    };
    let mut out = Vec::new();
    record::directory_header(&mut out, &head, body, (1 << 32) + 1, true);
    let zip64 = &out[46 + 1..];
    let expected: Vec<u8> = [
        &[1, 0, 16, 0][..],
        &(1_u64 << 32).to_le_bytes(),
        &((1_u64 << 32) + 1).to_le_bytes(),
    ]
    .concat();
    assert_eq!(zip64, expected);
    let mut out = Vec::new();
    record::end(&mut out, 1, 100, u64::from(u32::MAX));
    assert!(out.starts_with(b"PK\x06\x06"));
    let mut out = Vec::new();
    record::end(&mut out, 1, 100, 1000);
    assert_eq!(out.len(), 22);
}
