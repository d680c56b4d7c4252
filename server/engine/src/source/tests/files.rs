use std::fs::{self, File, FileTimes};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

use super::*;

pub const LOG: &str = "2025-11-20T13:59:59Z before\n2025-11-20T14:30:00Z within\n  more\n2025-11-20T15:00:00Z after\n";
pub const KEPT: &str = "2025-11-20T14:30:00Z within\n  more\n";

/// A directory of logs, without links in its own path.
pub struct Logs {
    _directory: TempDir,
    pub root: PathBuf,
}

impl Logs {
    pub fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let root = directory.path().canonicalize().expect("a path");
        Self {
            _directory: directory,
            root,
        }
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, content).expect("a file");
        path
    }

    pub fn plan(&self, globs: &[&str]) -> Plan {
        let paths = globs
            .iter()
            .map(|glob| format!("{}/{glob}", self.root.display()))
            .collect();
        let source = SourceConfig::Files {
            paths,
            time_zone: None,
            time_format: None,
            time_key: None,
            binary: false,
        };
        plan(&source, &window(), Tz::UTC, &AtomicBool::new(false))
    }

    /// The only item that a glob matches.
    pub fn item(&self, glob: &str) -> Item {
        let plan = self.plan(&[glob]);
        assert_eq!(plan.missing, []);
        let [item] = <[Item; 1]>::try_from(plan.items).expect("one item");
        item
    }

    /// Entry names below the directory, in the plan's order.
    pub fn entries(&self, plan: &Plan) -> Vec<String> {
        let prefix = format!("files{}/", self.root.display());
        let names = plan.items.iter().map(Item::entry_name);
        names
            .map(|name| name.strip_prefix(&prefix).expect("below").to_owned())
            .collect()
    }

    pub fn missing(&self, plan: &Plan) -> Vec<(String, Reason)> {
        let prefix = format!("{}/", self.root.display());
        let missing = plan.missing.iter().cloned();
        missing
            .map(|(label, reason)| (label.replace(&prefix, ""), reason))
            .collect()
    }
}

/// A log of some 20 MiB, all of it within the window.
pub fn large_log() -> String {
    (0..400_000)
        .map(|n| {
            format!(
                "2025-11-20T14:{:02}:00Z line {n} of a long log file\n",
                n / 8000
            )
        })
        .collect()
}

pub fn set_last_write(path: &Path, at: &str) {
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
        budget: &Arc::new(Meter::new(Budgets::default().item)),
        seat: None,
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
        time_format: None,
        time_key: None,
        binary: false,
    };
    let window = Window::new(
        Utc::now() - chrono::TimeDelta::hours(1),
        Utc::now() + chrono::TimeDelta::hours(1),
    );
    let window = window.expect("in order");
    let plan = plan(&source, &window, Tz::UTC, &AtomicBool::new(false));
    let context = ReadContext {
        window,
        redactor: redactor(),
        cancel: &AtomicBool::new(false),
        read_bytes: &AtomicU64::new(0),
        budget: &Arc::new(Meter::new(Budgets::default().item)),
        seat: None,
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
fn what_rotation_puts_aside_is_older_than_its_file() {
    let logs = Logs::new();
    // copied or packed after the window: no evidence that its lines are later
    for name in ["app.log.1", "app.log-20261121", "app.log.old"] {
        logs.write(name, "no stamps\n");
        let (report, out) = read(&logs.item(name));
        assert!(report.taken_whole, "{name}");
        assert_eq!(out, b"no stamps\n");
    }
    logs.write("7", "no stamps\n");
    assert!(!read(&logs.item("7")).0.taken_whole);
}

#[test]
fn a_source_says_how_its_stamps_are_written() {
    let logs = Logs::new();
    let path = logs.write(
        "app.log",
        "20_11_2025 13-59-59 before\n20_11_2025 14-30-00 within\n  more\n20_11_2025 15-00-00 after\n",
    );
    set_last_write(&path, "2025-11-20T16:00:00Z");
    let source = SourceConfig::Files {
        paths: vec![path.to_string_lossy().into_owned()],
        time_zone: None,
        time_format: Some("%d_%m_%Y %H-%M-%S".parse().expect("a format")),
        time_key: None,
        binary: false,
    };
    let plan = plan(&source, &window(), Tz::UTC, &AtomicBool::new(false));
    let (report, out) = read(&plan.items[0]);
    assert_eq!(out, b"20_11_2025 14-30-00 within\n  more\n");
    assert!(!report.taken_whole);
}

#[test]
fn a_source_says_in_which_column_its_stamps_are() {
    let logs = Logs::new();
    // both are hours apart, and nothing tells which is meant
    let rows = "2025-11-20T08:10:00Z,2025-11-20T14:10:00Z,a\n2025-11-20T14:20:00Z,2025-11-20T20:20:00Z,b\n";
    let path = logs.write("jobs.csv", rows);
    set_last_write(&path, "2025-11-22T08:00:00Z");
    let (report, out) = read(&logs.item("jobs.csv"));
    assert!(report.taken_whole);
    assert_eq!(out, rows.as_bytes());

    for (key, expected) in [("1", &rows[44..]), ("2", &rows[..44])] {
        let source = SourceConfig::Files {
            paths: vec![path.to_string_lossy().into_owned()],
            time_zone: None,
            time_format: None,
            time_key: Some(key.parse().expect("a key")),
            binary: false,
        };
        let plan = plan(&source, &window(), Tz::UTC, &AtomicBool::new(false));
        let (report, out) = read(&plan.items[0]);
        assert_eq!(out, expected.as_bytes());
        assert!(!report.taken_whole);
    }
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
    let logs = Logs::new();
    logs.write("a.log", LOG);
    let mut out = Ending(0, io::ErrorKind::BrokenPipe);
    let error = read_into(&logs.item("a.log"), &mut out).expect_err("nobody takes it");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn an_output_that_is_full_cuts_the_item_and_what_it_took_before_is_told() {
    let logs = Logs::new();
    let secret = "password=hunter2hunter2";
    let line = format!(
        "2025-11-20T14:30:00Z worker: {secret} {}\n",
        "x".repeat(200)
    );
    logs.write("a.log", line.repeat(40_000));
    let mut out = Ending(2, io::ErrorKind::StorageFull);
    let report = read_into(&logs.item("a.log"), &mut out).expect("a report");
    assert_eq!(report.outcome, ItemOutcome::Partial(Reason::SpoolFull));
    assert!(report.read_bytes > 0 && report.kept_bytes > 0, "{report:?}");
    assert!(report.redactions.values().sum::<u64>() > 0, "{report:?}");

    let mut out = Ending(0, io::ErrorKind::StorageFull);
    let report = read_into(&logs.item("a.log"), &mut out).expect("a report");
    assert_eq!(report.outcome, ItemOutcome::Missing(Reason::SpoolFull));
    assert_eq!(report.kept_bytes, 0);
}

/// An output that takes so many writes, and then fails in this way.
struct Ending(usize, io::ErrorKind);

impl Write for Ending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.checked_sub(1) {
            None => Err(self.1.into()),
            Some(left) => {
                self.0 = left;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read_into(item: &Item, out: &mut dyn Write) -> io::Result<ItemReport> {
    let context = ReadContext {
        window: window(),
        redactor: redactor(),
        cancel: &AtomicBool::new(false),
        read_bytes: &AtomicU64::new(0),
        budget: &Arc::new(Meter::new(Budgets::default().item)),
        seat: None,
    };
    read_item(item, &context, out)
}
