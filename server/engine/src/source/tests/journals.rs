use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// Makes journals from their export format; Debian's package `systemd-journal-remote`.
const MAKER: &str = "/lib/systemd/systemd-journal-remote";

/// A journal with entries on both sides of both edges of the window.
fn journal() -> TempDir {
    assert!(
        Path::new(MAKER).exists(),
        "{MAKER} is needed for this test: apt-get install systemd-journal-remote"
    );
    let directory = TempDir::new().expect("a directory");
    let start = window().start().timestamp_micros();
    let end = window().end().timestamp_micros();
    let mut export = String::new();
    let mut add = |at: i64, unit: &str, message: &str| {
        let boot = "0123456789abcdef0123456789abcdef";
        writeln!(
            export,
            "__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID={boot}\n_HOSTNAME=host\n\
             _SYSTEMD_UNIT={unit}\nSYSLOG_IDENTIFIER=app\nMESSAGE={message}\n",
            at - start + 60_000_000,
        )
        .expect("text");
    };
    add(start - 1, "app.service", "just before");
    add(start, "app.service", "first");
    add(start + 1, "other.service", "other");
    add(start + 2, "app.service", "password=hunter2");
    add(end - 1, "app.service", "last");
    add(end, "app.service", "just after");
    add(end, "late.service", "late");
    writeln!(
        export,
        "__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP=1\n_BOOT_ID=0123456789abcdef0123456789abcdef\n\
         _HOSTNAME=host\n_SYSTEMD_UNIT=init.scope\n_PID=1\n_UID=0\nUNIT=silent.service\n\
         SYSLOG_IDENTIFIER=systemd\nMESSAGE=silent.service: Failed with result 'core-dump'.\n",
        end - 1
    )
    .expect("text");
    let input = directory.path().join("export");
    std::fs::write(&input, export).expect("a file");
    let made = Command::new(MAKER)
        .arg("--output")
        .arg(directory.path().join("test.journal"))
        .arg(&input)
        .output()
        .expect("a run");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    directory
}

fn planned(units: &[&str], directory: &Path) -> Plan {
    let source = SourceConfig::Journal {
        units: units.iter().map(|unit| (*unit).to_owned()).collect(),
        directory: Some(directory.to_owned()),
    };
    plan(&source, &window(), Tz::UTC, &AtomicBool::new(false))
}

#[test]
fn a_unit_gives_its_entries_of_the_window() {
    let journal = journal();
    let plan = planned(&["app*", "late.service"], journal.path());
    let labels: Vec<String> = plan.items.iter().map(Item::label).collect();
    assert_eq!(labels, ["app.service", "late.service"]);
    assert_eq!(plan.items[0].entry_name(), "journal/app.service.log");
    let (report, out) = read(&plan.items[0]);
    assert_eq!(
        String::from_utf8_lossy(&out),
        "2025-11-20T14:00:00.000000+0000 host app: first\n\
         2025-11-20T14:00:00.000002+0000 host app: password=[redacted:password]\n\
         2025-11-20T14:59:59.999999+0000 host app: last\n"
    );
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert_eq!(read(&plan.items[1]).0.outcome, ItemOutcome::Empty);
}

#[test]
fn a_unit_that_only_systemd_speaks_of_is_a_unit_too() {
    let journal = journal();
    let plan = planned(&["silent.*"], journal.path());
    let labels: Vec<String> = plan.items.iter().map(Item::label).collect();
    assert_eq!(labels, ["silent.service"]);
    let (report, out) = read(&plan.items[0]);
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert!(String::from_utf8_lossy(&out).contains("Failed with result"));
}

#[test]
fn no_journal_is_said_once_and_an_unknown_unit_not_at_all() {
    let empty = TempDir::new().expect("a directory");
    let plan = planned(&["*"], empty.path());
    assert_eq!(plan.items, []);
    assert_eq!(plan.missing, [("journal".to_owned(), Reason::NoJournal)]);
    let journal = journal();
    let plan = planned(&["nothing-*"], journal.path());
    assert_eq!((plan.items, plan.missing), (vec![], vec![]));
}

#[test]
fn a_missing_directory_is_told_in_journalctls_words() {
    let plan = planned(&["*"], Path::new("/no/such/journal"));
    assert!(
        matches!(&plan.missing[..], [(_, Reason::Unreadable { detail })] if detail.contains("/no/such/journal"))
    );
}

#[test]
fn a_damaged_file_of_a_journal_is_named_once_and_the_others_are_read() {
    let journal = journal();
    let whole = std::fs::read(journal.path().join("test.journal")).expect("a journal");
    let healthy = planned(&["*"], journal.path());
    let expected: Vec<_> = healthy.items.iter().map(read).collect();
    let mut corrupted = whole.clone();
    corrupted[..8].fill(b'X');
    std::fs::write(journal.path().join("corrupted.journal"), corrupted).expect("a file");
    std::fs::write(journal.path().join("cut.journal"), &whole[..100]).expect("a file");
    let plan = planned(&["*"], journal.path());
    assert_eq!(plan.items, healthy.items);
    let found: Vec<_> = plan.items.iter().map(read).collect();
    assert_eq!(found, expected);
    let [(label, Reason::Unreadable { detail })] = &plan.missing[..] else {
        panic!("{:?}", plan.missing);
    };
    assert_eq!(label, "journal");
    for name in ["corrupted.journal", "cut.journal"] {
        assert!(detail.contains(name), "{detail}");
    }
}
