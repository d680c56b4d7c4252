use std::fs::{self, File, FileTimes};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

const LOG: &str = "2025-11-20T13:59:59Z before\n2025-11-20T14:30:00Z within\n  more\n2025-11-20T15:00:00Z after\n";
const KEPT: &str = "2025-11-20T14:30:00Z within\n  more\n";

/// A directory of logs, without links in its own path.
struct Logs {
    _directory: TempDir,
    root: PathBuf,
}

impl Logs {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let root = directory.path().canonicalize().expect("a path");
        Self {
            _directory: directory,
            root,
        }
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, content).expect("a file");
        path
    }

    fn plan(&self, globs: &[&str]) -> Plan {
        let paths = globs
            .iter()
            .map(|glob| format!("{}/{glob}", self.root.display()))
            .collect();
        let source = SourceConfig::Files {
            paths,
            time_zone: None,
        };
        plan(&source, &window(), Tz::UTC)
    }

    /// The only item that a glob matches.
    fn item(&self, glob: &str) -> Item {
        let plan = self.plan(&[glob]);
        assert_eq!(plan.missing, []);
        let [item] = <[Item; 1]>::try_from(plan.items).expect("one item");
        item
    }

    /// Entry names below the directory, in the plan's order.
    fn entries(&self, plan: &Plan) -> Vec<String> {
        let prefix = format!("files{}/", self.root.display());
        let names = plan.items.iter().map(|item| &item.entry_name);
        names
            .map(|name| name.strip_prefix(&prefix).expect("below").to_owned())
            .collect()
    }

    fn missing(&self, plan: &Plan) -> Vec<(String, Reason)> {
        let prefix = format!("{}/", self.root.display());
        let missing = plan.missing.iter().cloned();
        missing
            .map(|(label, reason)| (label.replace(&prefix, ""), reason))
            .collect()
    }
}

fn gzip(content: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// A log of some 20 MiB, all of it within the window.
fn large_log() -> String {
    (0..400_000)
        .map(|n| {
            format!(
                "2025-11-20T14:{:02}:00Z line {n} of a long log file\n",
                n / 8000
            )
        })
        .collect()
}

fn set_last_write(path: &Path, at: &str) {
    let times = FileTimes::new().set_modified(SystemTime::from(utc(at)));
    let file = File::options().write(true).open(path).expect("a file");
    file.set_times(times).expect("a time");
}

#[test]
fn a_file_gives_what_lies_in_the_window_without_its_secrets() {
    let logs = Logs::new();
    logs.write("app.log", LOG.replace("more", "password=hunter2"));
    let item = logs.item("*.log");
    assert_eq!(item.planned_bytes, LOG.len() as u64 + 12);
    let (report, out) = read(&item);
    assert_eq!(
        String::from_utf8_lossy(&out),
        KEPT.replace("more", "password=[redacted:password]")
    );
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert_eq!(report.redactions, [("password", 1)].into());
    assert!(!report.taken_whole);
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
            "app.log.3"
        ]
    );
    for item in &plan.items {
        let (report, out) = read(item);
        assert_eq!(String::from_utf8_lossy(&out), KEPT, "{}", item.label);
        assert_eq!(report.outcome, ItemOutcome::Complete);
        assert_eq!(report.read_bytes, item.planned_bytes);
    }
}

#[test]
fn newest_files_come_first_and_each_only_once() {
    let logs = Logs::new();
    for (name, at) in [
        ("a.log", "14:10"),
        ("b.log", "14:30"),
        ("sub/c.log", "14:20"),
    ] {
        let path = logs.write(name, LOG);
        set_last_write(&path, &format!("2025-11-20T{at}:00Z"));
    }
    symlink(logs.path("a.log"), logs.path("current.log")).expect("a link");
    let plan = logs.plan(&["current.log", "*.log", "a.log", "**/*.log"]);
    assert_eq!(logs.entries(&plan), ["b.log", "sub/c.log", "a.log"]);
    assert_eq!(logs.entries(&logs.plan(&["*.log"])), ["b.log", "a.log"]);
}

#[test]
fn a_path_must_exist_and_a_glob_need_not() {
    let logs = Logs::new();
    logs.write("sub/a.log", LOG);
    let plan = logs.plan(&[
        "nothing*",
        "no/such/*.log",
        "no.log",
        "no/such.log",
        "sub",
        "[x",
    ]);
    assert_eq!(plan.items, []);
    let missing = logs.missing(&plan);
    assert_eq!(missing[1..].len(), 3);
    assert!(matches!(missing[0], (ref label, Reason::Unreadable { .. }) if label == "[x"));
    assert_eq!(
        missing[1..],
        [
            ("no.log".to_owned(), Reason::NotFound),
            ("no/such.log".to_owned(), Reason::NotFound),
            ("sub".to_owned(), Reason::NotARegularFile),
        ]
    );
}

#[test]
fn what_is_gone_when_it_is_opened_vanished() {
    let logs = Logs::new();
    let path = logs.write("sub/a.log", LOG);
    let item = logs.item("*/*.log");
    fs::remove_file(&path).expect("removed");
    assert_eq!(
        read(&item).0.outcome,
        ItemOutcome::Missing(Reason::Vanished)
    );
    fs::remove_dir(logs.path("sub")).expect("removed");
    assert_eq!(
        read(&item).0.outcome,
        ItemOutcome::Missing(Reason::Vanished)
    );
}

#[test]
fn links_are_taken_only_within_their_directory() {
    let (logs, other) = (Logs::new(), Logs::new());
    let outside = other.write("secret.log", LOG);
    logs.write("in/app-7.log", LOG);
    symlink("in/app-7.log", logs.path("app.log")).expect("a link");
    symlink(&outside, logs.path("out.log")).expect("a link");
    symlink("nowhere", logs.path("torn.log")).expect("a link");
    symlink("loop.log", logs.path("loop.log")).expect("a link");
    symlink(&other.root, logs.path("dir.log")).expect("a link");
    let plan = logs.plan(&["*.log"]);
    assert_eq!(logs.entries(&plan), ["app.log"]);
    assert_eq!(read(&plan.items[0]).1, KEPT.as_bytes());
    let missing = logs.missing(&plan);
    assert_eq!(missing.len(), 3, "{missing:?}");
    assert!(matches!(missing[0], (ref label, Reason::Unreadable { .. }) if label == "loop.log"));
    assert_eq!(missing[1], ("out.log".to_owned(), Reason::NotARegularFile));
    assert_eq!(missing[2], ("torn.log".to_owned(), Reason::NotFound));
}

#[test]
fn a_link_put_in_place_after_planning_is_not_followed() {
    let (logs, other) = (Logs::new(), Logs::new());
    let outside = other.write("a.log", LOG);
    logs.write("sub/a.log", LOG);
    let item = logs.item("*/*.log");
    // in place of the file, then of its directory
    fs::remove_file(logs.path("sub/a.log")).expect("removed");
    symlink(&outside, logs.path("sub/a.log")).expect("a link");
    assert_eq!(
        read(&item).0.outcome,
        ItemOutcome::Missing(Reason::NotARegularFile)
    );
    fs::remove_dir_all(logs.path("sub")).expect("removed");
    symlink(&other.root, logs.path("sub")).expect("a link");
    assert_eq!(
        read(&item).0.outcome,
        ItemOutcome::Missing(Reason::NotARegularFile)
    );
}

#[test]
fn a_fifo_or_a_socket_is_named_and_never_waited_for() {
    let logs = Logs::new();
    let make_fifo = || {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let path = logs.path("pipe.log");
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0)
            .expect("a FIFO");
    };
    logs.write("pipe.log", LOG);
    let item = logs.item("pipe.log");
    fs::remove_file(logs.path("pipe.log")).expect("removed");
    make_fifo();
    assert_eq!(
        read(&item).0.outcome,
        ItemOutcome::Missing(Reason::NotARegularFile)
    );
    let _socket =
        std::os::unix::net::UnixListener::bind(logs.path("socket.log")).expect("a socket");
    let plan = logs.plan(&["*.log"]);
    assert_eq!(plan.items, []);
    assert_eq!(
        logs.missing(&plan),
        [
            ("pipe.log".to_owned(), Reason::NotARegularFile),
            ("socket.log".to_owned(), Reason::NotARegularFile),
        ]
    );
}

#[test]
fn what_may_not_be_read_is_named() {
    let logs = Logs::new();
    let file = logs.write("a.log", LOG);
    logs.write("closed/b.log", LOG);
    let item = logs.item("a.log");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o0)).expect("a mode");
    fs::set_permissions(logs.path("closed"), fs::Permissions::from_mode(0o0)).expect("a mode");
    let plan = logs.plan(&["*/*.log"]);
    let outcome = read(&item).0.outcome;
    // so that the directory can be removed
    fs::set_permissions(logs.path("closed"), fs::Permissions::from_mode(0o700)).expect("a mode");
    if rustix::process::geteuid().is_root() {
        // to whom nothing is denied
        assert_eq!((outcome, plan.missing.len()), (ItemOutcome::Complete, 0));
    } else {
        assert_eq!(outcome, ItemOutcome::Missing(Reason::PermissionDenied));
        let closed = ("closed".to_owned(), Reason::PermissionDenied);
        assert_eq!(logs.missing(&plan), [closed]);
    }
}

#[test]
fn errors_of_the_system_have_reasons() {
    let of = |kind: io::ErrorKind| reason(&kind.into());
    assert_eq!(
        of(io::ErrorKind::PermissionDenied),
        Reason::PermissionDenied
    );
    assert_eq!(of(io::ErrorKind::NotFound), Reason::NotFound);
    assert!(matches!(
        of(io::ErrorKind::StaleNetworkFileHandle),
        Reason::Unreadable { .. }
    ));
}

#[test]
fn a_damaged_archive_gives_what_can_be_read() {
    let logs = Logs::new();
    let log = large_log();
    let packed = gzip(&log);
    logs.write("torn.log.gz", &packed[..packed.len() / 2]);
    let zstd = zstd::encode_all(log.as_bytes(), 3).expect("memory");
    logs.write("torn.log.zst", &zstd[..zstd.len() / 2]);
    logs.write(
        "trailing.log.gz",
        [gzip(LOG).as_slice(), b"not an archive"].concat(),
    );
    logs.write("plain.log.gz", LOG);
    for name in ["torn.log.gz", "torn.log.zst"] {
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

#[test]
fn a_file_is_read_as_long_as_it_was_at_opening() {
    struct Appending(File, Vec<u8>);

    impl Write for Appending {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.extend_from_slice(bytes);
            self.0.write_all(bytes)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let logs = Logs::new();
    let path = logs.write("a.log", large_log());
    let file = File::options().append(true).open(path).expect("a file");
    let mut out = Appending(file, Vec::new());
    let context = ReadContext {
        window: window(),
        redactor: redactor(),
        cancel: &AtomicBool::new(false),
        read_bytes: &AtomicU64::new(0),
    };
    let report = read_item(&logs.item("a.log"), &context, &mut out).expect("memory");
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert!(out.1 == large_log().as_bytes());
}

#[test]
fn a_file_that_claims_to_be_empty_is_read_to_its_end() {
    let source = SourceConfig::Files {
        paths: vec!["/proc/self/status".to_owned()],
        time_zone: None,
    };
    let window = Window::new(
        Utc::now() - chrono::TimeDelta::hours(1),
        Utc::now() + chrono::TimeDelta::hours(1),
    );
    let window = window.expect("in order");
    let plan = plan(&source, &window, Tz::UTC);
    let context = ReadContext {
        window,
        redactor: redactor(),
        cancel: &AtomicBool::new(false),
        read_bytes: &AtomicU64::new(0),
    };
    let mut out = Vec::new();
    let report = read_item(&plan.items[0], &context, &mut out).expect("memory");
    assert!(out.starts_with(b"Name:"));
    assert!(report.taken_whole);
}

#[test]
fn files_without_stamps_are_taken_by_their_life() {
    let logs = Logs::new();
    logs.write("old.txt", "no stamps\n");
    set_last_write(&logs.path("old.txt"), "2025-11-20T14:30:00Z");
    let (report, out) = read(&logs.item("old.txt"));
    assert!(report.taken_whole);
    assert_eq!(out, b"no stamps\n");
    // born and written after the window
    logs.write("new.txt", "no stamps\n");
    let (report, _) = read(&logs.item("new.txt"));
    assert_eq!(
        (report.outcome, report.taken_whole),
        (ItemOutcome::Empty, false)
    );
}

#[test]
fn any_bytes_in_names_and_contents() {
    let logs = Logs::new();
    let content = b"2025-11-20T14:00:00Z \xff\0\r\n\0\0\n2025-11-20T14:00:01Z no newline";
    logs.write(std::ffi::OsStr::from_bytes(b"caf\xe9 100%\n.log"), content);
    logs.write("empty.log", "");
    let plan = logs.plan(&["*.log"]);
    let mut entries = logs.entries(&plan);
    entries.sort();
    assert_eq!(entries, ["caf%E9 100%25%0A.log", "empty.log"]);
    for item in &plan.items {
        let (report, out) = read(item);
        if item.planned_bytes == 0 {
            assert_eq!(report.outcome, ItemOutcome::Empty);
        } else {
            assert_eq!(out, content);
        }
    }
}

#[test]
fn reading_ends_when_it_is_cancelled() {
    let logs = Logs::new();
    logs.write("a.log", LOG);
    let (report, out) = read_until(&logs.item("a.log"), &AtomicBool::new(true));
    assert_eq!(report.outcome, ItemOutcome::Cancelled);
    assert_eq!(out, b"");
}

#[test]
fn only_a_failing_output_is_an_error() {
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let logs = Logs::new();
    logs.write("a.log", LOG);
    let context = ReadContext {
        window: window(),
        redactor: redactor(),
        cancel: &AtomicBool::new(false),
        read_bytes: &AtomicU64::new(0),
    };
    let error = read_item(&logs.item("a.log"), &context, &mut Full).expect_err("no room");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
