//! `kill -9` at any moment of a collection, then a start: it ends complete, with the same content,
//! and nothing twice.

mod common;

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use common::{Stack, files_below};

const FILES: usize = 12;
const LINES: usize = 20_000;

/// Milliseconds after a collection is stored that takes about three seconds under its bandwidth
/// limit: while it plans, reads, stages, and commits. Its bundles are copied to another file system.
const MOMENTS: [u64; 5] = [0, 370, 770, 1970, 2670];
/// The same where they become what lies in the spool, which takes no time of its own.
const MOMENTS_ON_ONE_DISK: [u64; 3] = [60, 150, 300];

#[test]
fn a_killed_collection_is_continued_to_the_same_content_with_nothing_twice() {
    let end = Utc::now();
    let copied = MOMENTS.map(|moment| (moment, true));
    let linked = MOMENTS_ON_ONE_DISK.map(|moment| (moment, false));
    for (moment, is_copied) in copied.into_iter().chain(linked) {
        let stack = stack();
        let elsewhere = tempfile::tempdir_in("/dev/shm").expect("a file system in memory");
        let expected = write_logs(&stack, end);
        let (from, to) = ((end - TimeDelta::hours(1)).to_rfc3339(), end.to_rfc3339());
        let bundles = if is_copied {
            elsewhere.path().join("out")
        } else {
            stack.path("out")
        };
        // makes the database, so that both programs find it
        assert_eq!(state(&stack), None);
        let mut collecting = stack
            .command(&["collect", "--from", &from, "--to", &to, "--output"])
            .arg(&bundles)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        wait_until_stored(&stack);
        std::thread::sleep(Duration::from_millis(moment));
        collecting.kill().expect("a kill");
        collecting.wait().expect("an end");

        let portal = stack.serve();
        let state = wait_for_end(&stack);
        portal.stop();
        assert_eq!(state, "partially_complete", "killed after {moment} ms");
        let content = content(&bundles);
        let (missing, surplus) = difference(&expected, &content);
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "killed after {moment} ms, {} lines are missing, as {:?}, and {} too many, as {:?}",
            missing.len(),
            missing.first(),
            surplus.len(),
            surplus.first(),
        );
        for file in files_below(&bundles) {
            let name = file.file_name().expect("a name").to_string_lossy();
            assert!(
                name == "manifest.json" || (name.ends_with(".zip") && !name.starts_with('.')),
                "killed after {moment} ms, {name} was left"
            );
        }
        let left = files_below(&stack.path("data/spool"));
        assert!(
            left.is_empty(),
            "killed after {moment} ms, the spool holds {left:?}"
        );
    }
}

fn stack() -> Stack {
    // volumes of one item each, so that sealed, open and missing ones are met
    Stack::new(
        "[collection]\nvolume_size = \"1 KiB\"\nbandwidth_limit = \"3 MiB\"\n\
         [[role]]\nname = \"Storage\"\n[[role.source]]\nkind = \"files\"\npaths = [\"/nowhere/*\"]\n\
         [[role.source]]\nkind = \"command\"\nname = \"fails\"\n\
         run = [\"/bin/sh\", \"-c\", \"echo kept; exit 3\"]\n",
    )
}

/// Logs within the window that compress badly; all their lines, sorted.
fn write_logs(stack: &Stack, end: chrono::DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    for file in 0..FILES {
        let mut text = String::new();
        for number in 0..LINES {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            let at = end - TimeDelta::minutes(30)
                + TimeDelta::milliseconds(i64::try_from(number).expect("few"));
            let line = format!(
                "{} {file} {number} {noise:016x}",
                at.format("%Y-%m-%dT%H:%M:%S%.3fZ")
            );
            writeln!(text, "{line}").expect("a string");
            lines.push(line);
        }
        stack.write(&format!("logs/{file:02}.log"), &text);
    }
    let config = std::fs::read_to_string(stack.path("help-support.toml")).expect("a configuration");
    let paths = format!("{}/*.log", stack.path("logs").display());
    stack.write("help-support.toml", &config.replace("/nowhere/*", &paths));
    // what is kept of a command that fails, and what is said of it
    lines.push("kept".to_owned());
    lines.push("fails: the command ended with exit code 3".to_owned());
    lines.sort();
    lines
}

/// From then on it is promised that the collection comes to its end.
fn wait_until_stored(stack: &Stack) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while state(stack).is_none() {
        assert!(Instant::now() < deadline, "no collection is known");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn wait_for_end(stack: &Stack) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let state = state(stack).expect("a collection");
        if !["queued", "in_progress", "waiting"].contains(&state.as_str()) {
            return state;
        }
        assert!(Instant::now() < deadline, "still {state}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The last state in the history; `None` where there is no collection.
fn state(stack: &Stack) -> Option<String> {
    let ran = stack.run(&["history", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let history = ran.json();
    let rows = history["collections"].as_array().expect("rows");
    Some(rows.first()?["state"].as_str().expect("a state").to_owned())
}

/// Lines of the first that the second lacks, and the other way round; both are sorted.
fn difference<'l>(first: &'l [String], second: &'l [String]) -> (Vec<&'l str>, Vec<&'l str>) {
    let (mut missing, mut surplus) = (Vec::new(), Vec::new());
    let (mut first, mut second) = (first.iter().peekable(), second.iter().peekable());
    loop {
        let order = match (first.peek(), second.peek()) {
            (Some(one), Some(other)) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return (missing, surplus),
        };
        match order {
            Ordering::Less => missing.extend(first.next().map(String::as_str)),
            Ordering::Greater => surplus.extend(second.next().map(String::as_str)),
            Ordering::Equal => {
                first.next();
                second.next();
            }
        }
    }
}

/// All lines of all volumes, sorted.
fn content(bundles: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for zip in files_below(bundles) {
        if zip.extension().is_some_and(|ending| ending == "zip") {
            let output = Command::new("bsdtar")
                .arg("-xOf")
                .arg(&zip)
                .output()
                .expect("bsdtar");
            assert!(output.status.success(), "{}", zip.display());
            lines.extend(
                String::from_utf8(output.stdout)
                    .expect("text")
                    .lines()
                    .map(str::to_owned),
            );
        }
    }
    lines.sort();
    lines
}

#[test]
fn what_was_cancelled_stays_cancelled_when_the_process_is_killed_while_it_tidies_up() {
    let stack = stack();
    let end = Utc::now();
    write_logs(&stack, end);
    let (from, to) = ((end - TimeDelta::hours(1)).to_rfc3339(), end.to_rfc3339());
    let bundles = stack.path("out");
    let place = bundles.to_str().expect("text");
    let ran = stack.run(&["collect", "--from", &from, "--to", &to, "--output", place]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    // the kill came when the bundles were removed, and the end was not written yet
    std::fs::remove_dir_all(&bundles).expect("a directory");
    let script = "import sqlite3, sys\n\
                  with sqlite3.connect(sys.argv[1]) as database:\n    \
                  database.execute(\"UPDATE collection SET state = 'in_progress', ended_at = NULL, \
                  cancel_requested_at = started_at\")";
    let edited = Command::new("python3")
        .args(["-c", script])
        .arg(stack.path("data/help-support.db"))
        .status();
    assert!(edited.expect("python3").success());
    let portal = stack.serve();
    let state = wait_for_end(&stack);
    portal.stop();
    assert_eq!(state, "cancelled");
}
