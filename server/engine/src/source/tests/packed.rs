use std::io::Write;

use bzip2::write::BzEncoder;
use flate2::Compression;
use flate2::write::GzEncoder;
use lzma_rust2::{XzOptions, XzWriter};

use super::files::{KEPT, LOG, Logs, large_log, set_last_write};
use super::*;

pub fn gzip(content: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn xz(content: &str) -> Vec<u8> {
    let mut encoder = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).expect("memory");
    encoder.write_all(content.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn rotated_and_packed_files_keep_their_own_names() {
    let logs = Logs::new();
    logs.write("app.log", LOG);
    logs.write("app.log.1", LOG);
    // two members, as appending makes them
    logs.write(
        "app.log.1.gz",
        [gzip(&LOG[..40]), gzip(&LOG[40..])].concat(),
    );
    logs.write("app.log.2.gz", gzip(LOG));
    logs.write(
        "app.log.3.zst",
        zstd::encode_all(LOG.as_bytes(), 3).expect("memory"),
    );
    // several streams each, too
    let bzip2 = |content: &str| {
        let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::default());
        encoder.write_all(content.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    };
    logs.write(
        "app.log.5.bz2",
        [bzip2(&LOG[..40]), bzip2(&LOG[40..])].concat(),
    );
    logs.write("app.log.6.xz", [xz(&LOG[..40]), xz(&LOG[40..])].concat());
    logs.write("app.log.4", LOG);
    set_last_write(&logs.path("app.log.4"), "2025-11-20T13:00:00Z");
    let plan = logs.plan(&["app.log*"]);
    let mut entries = logs.entries(&plan);
    entries.sort();
    assert_eq!(
        entries,
        [
            "app.log",
            "app.log.1",
            "app.log.1~gz",
            "app.log.2",
            "app.log.3",
            "app.log.5",
            "app.log.6"
        ]
    );
    for item in &plan.items {
        let (report, out) = read(item);
        assert_eq!(String::from_utf8_lossy(&out), KEPT, "{}", item.label());
        assert_eq!(report.outcome, ItemOutcome::Complete);
        assert_eq!(report.read_bytes, item.planned_bytes);
    }
}

#[test]
fn a_damaged_archive_gives_what_can_be_read() {
    let logs = Logs::new();
    let log = large_log();
    let packed = gzip(&log);
    logs.write("torn.log.gz", &packed[..packed.len() / 2]);
    let zstd = zstd::encode_all(log.as_bytes(), 3).expect("memory");
    logs.write("torn.log.zst", &zstd[..zstd.len() / 2]);
    let xz = xz(&log);
    logs.write("torn.log.xz", &xz[..xz.len() / 2]);
    logs.write(
        "trailing.log.gz",
        [gzip(LOG).as_slice(), b"not an archive"].concat(),
    );
    logs.write("plain.log.gz", LOG);
    for name in ["torn.log.gz", "torn.log.zst", "torn.log.xz"] {
        let (report, out) = read(&logs.item(name));
        assert_eq!(
            report.outcome,
            ItemOutcome::Partial(Reason::Damaged),
            "{name}"
        );
        assert!(out.len() > log.len() / 4 && log.as_bytes().starts_with(&out));
    }
    let (report, out) = read(&logs.item("trailing*"));
    assert_eq!(report.outcome, ItemOutcome::Partial(Reason::Damaged));
    assert_eq!(out, KEPT.as_bytes());
    let (report, out) = read(&logs.item("plain*"));
    assert_eq!(report.outcome, ItemOutcome::Missing(Reason::Damaged));
    assert_eq!(out, b"");
}
