//! Files that are put aside, packed and followed by others.

use std::fs;
use std::path::PathBuf;

use super::files::{Logs, set_last_write};
use super::packed::gzip;
use super::searches::{asked, line, steady};
use super::*;

pub fn rename(from: PathBuf, to: PathBuf) {
    fs::rename(from, to).expect("renamed");
}

#[test]
fn rotation_between_plan_and_reading_loses_nothing_and_doubles_nothing() {
    let logs = Logs::new();
    for (name, text) in [
        ("a.log", "new"),
        ("a.log.1", "older"),
        ("a.log.2", "oldest"),
    ] {
        logs.write(name, line(text));
    }
    std::thread::sleep(Duration::from_millis(50));
    let plan = logs.plan(&["a.log*"]);
    std::thread::sleep(Duration::from_millis(50));
    // the oldest goes, as a limit of rotations has it
    rename(logs.path("a.log.1"), logs.path("a.log.2"));
    rename(logs.path("a.log"), logs.path("a.log.1"));
    logs.write("a.log", line("since"));
    let mut read: Vec<(String, ItemOutcome, String)> = (plan.items.iter())
        .map(|item| {
            let (report, out) = read(item);
            let name = item
                .entry_name()
                .rsplit('/')
                .next()
                .expect("a name")
                .to_owned();
            (name, report.outcome, String::from_utf8(out).expect("text"))
        })
        .collect();
    read.sort_by(|one, other| one.0.cmp(&other.0));
    let gone = ItemOutcome::Missing(Reason::Vanished);
    assert_eq!(
        read,
        [
            ("a.log".to_owned(), ItemOutcome::Complete, line("new")),
            ("a.log.1".to_owned(), ItemOutcome::Complete, line("older")),
            ("a.log.2".to_owned(), gone, String::new()),
        ]
    );
}

#[test]
fn what_took_the_place_of_a_lost_file_is_taken_and_the_loss_told() {
    let logs = Logs::new();
    logs.write("a.log", line("packed away"));
    std::thread::sleep(Duration::from_millis(50));
    let item = logs.item("a.log");
    std::thread::sleep(Duration::from_millis(50));
    logs.write("next", line("since"));
    rename(logs.path("next"), logs.path("a.log"));
    let (report, out) = read(&item);
    assert_eq!(out, line("since").as_bytes());
    assert_eq!(report.outcome, ItemOutcome::Partial(Reason::Vanished));
}

#[test]
fn a_log_copied_and_emptied_between_plan_and_reading_is_told_and_planned_again_whole() {
    let logs = Logs::new();
    logs.write("a.log", line("before") + &line("the rotation"));
    let item = logs.item("a.log");
    fs::copy(logs.path("a.log"), logs.path("a.log.1")).expect("a copy");
    for (since, outcome) in [
        ("", ItemOutcome::Missing(Reason::Shortened)),
        ("since", ItemOutcome::Partial(Reason::Shortened)),
    ] {
        let text = if since.is_empty() {
            String::new()
        } else {
            line(since)
        };
        // the same file
        fs::write(logs.path("a.log"), &text).expect("emptied");
        let (report, out) = read(&item);
        assert_eq!(report.outcome, outcome);
        assert_eq!(out, text.as_bytes());
    }
    let again = logs.plan(&["a.log*"]);
    let kept: String = again
        .items
        .iter()
        .map(|item| String::from_utf8(read(item).1).expect("text"))
        .collect();
    assert!(kept.contains("before") && kept.contains("the rotation") && kept.contains("since"));
}

/// Three files of four hours each, from 08:00 on, the last of them plain; all of them look as if
/// they were written late.
fn copied(logs: &Logs, names: [&str; 3]) -> String {
    let log = steady(60_000, 720);
    let third = log.len() / 3;
    for (index, name) in names.into_iter().enumerate() {
        let piece = &log[index * third..(index + 1) * third];
        let path = match name.strip_suffix(".gz") {
            Some(_) => logs.write(name, gzip(piece)),
            None => logs.write(name, piece),
        };
        set_last_write(&path, "2025-11-21T10:00:00Z");
    }
    log
}

#[test]
fn a_packed_file_is_left_packed_where_its_follower_began_before_the_window() {
    let logs = Logs::new();
    let log = copied(&logs, ["app.log.2.gz", "app.log.1.gz", "app.log"]);
    let (report, out) = read(&logs.item("app.log.2.gz"));
    assert_eq!((report.outcome, out.len()), (ItemOutcome::Empty, 0));
    assert_eq!(report.read_bytes, 0);
    // its follower begins at 16:00
    let (report, out) = read(&logs.item("app.log.1.gz"));
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert!(out == asked(&log).as_bytes());
}

#[test]
fn rotations_by_date_are_left_packed_likewise() {
    for [first, second, last] in [
        ["app.log-20251119.gz", "app.log-20251120.gz", "app.log"],
        ["app-2025-11-19.log.gz", "app-2025-11-21.log.gz", "app.log"],
        [
            "app.log.1763535600.gz",
            "app.log.1763622000.gz",
            "app.log.1763625600",
        ],
    ] {
        let logs = Logs::new();
        let log = copied(&logs, [first, second, last]);
        logs.write(
            "other.log-20251121",
            line("2025-11-20T15:00:00Z another log"),
        );
        let (report, out) = read(&logs.item(first));
        assert_eq!(
            (report.outcome, out.len(), report.read_bytes),
            (ItemOutcome::Empty, 0, 0),
            "{first}"
        );
        let (report, out) = read(&logs.item(second));
        assert_eq!(report.outcome, ItemOutcome::Complete, "{second}");
        assert!(out == asked(&log).as_bytes(), "{second}");
    }
}

#[test]
fn numbers_that_grow_with_time_or_have_a_gap_lead_nobody_astray() {
    for names in [
        // the highest is the newest
        ["app.log.0.gz", "app.log.1.gz", "app.log.2.gz"],
        // nothing is known of what came between
        ["app.log.5.gz", "app.log.3.gz", "app.log.1"],
    ] {
        let logs = Logs::new();
        let log = copied(&logs, names);
        let kept: Vec<u8> = (names.iter())
            .flat_map(|name| read(&logs.item(name)).1)
            .collect();
        assert!(kept == asked(&log).as_bytes(), "{names:?}");
    }
}
