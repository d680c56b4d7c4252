//! Files and directories that do not hold still.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};

use super::{collect, noise, period, stack_of, unpacked};

const TIME: Duration = Duration::from_secs(6);

/// Lines of a file: enough that the files there are go back beyond the start of the program.
const LINES: u64 = 40_000;

/// Stops the other thread also when an expectation fails, which would else wait for it.
struct Told<'a>(&'a AtomicBool);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rotation {
    /// The file gets another name and a new one takes its place.
    Rename,
    /// Its content is copied, then it is cut to nothing.
    CopyTruncate,
}

/// Writes numbered lines at full speed until told to stop, and rotates after every so many.
fn write(folder: &Path, rotation: Rotation, stop: &AtomicBool) {
    let current = folder.join("app.log");
    let older = |number: u32| folder.join(format!("app.log.{number}"));
    let mut number = 0_u64;
    let open = || {
        File::options()
            .append(true)
            .create(true)
            .open(&current)
            .expect("a log")
    };
    let mut file = open();
    while !stop.load(Ordering::Relaxed) {
        let stamp = Utc::now().format("%Y-%m-%dT%H:%M:%S%.6fZ");
        // one write a line, as loggers do
        file.write_all(format!("{stamp} line {number} ends here.\n").as_bytes())
            .expect("a line");
        number += 1;
        if number.is_multiple_of(LINES) {
            for age in (1..4).rev() {
                // the first ones do not exist yet
                let _moved = fs::rename(older(age), older(age + 1));
            }
            match rotation {
                Rotation::Rename => {
                    fs::rename(&current, older(1)).expect("a rename");
                    file = open();
                }
                Rotation::CopyTruncate => {
                    fs::copy(&current, older(1)).expect("a copy");
                    file.set_len(0).expect("a cut");
                }
            }
        }
    }
}

fn collect_beside_a_writer(rotation: Rotation) {
    let stack = stack_of("logs/app.log*", "");
    fs::create_dir(stack.path("logs")).expect("a directory");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _told = Told(&stop);
        let writer = scope.spawn(|| write(&stack.path("logs"), rotation, &stop));
        let (began, mut some) = (Instant::now(), 0);
        while began.elapsed() < TIME && !writer.is_finished() {
            let now = Utc::now();
            let ran = collect(&stack, (now - TimeDelta::hours(1), now))
                .output()
                .expect("it runs");
            let code = ran.status.code();
            // a file that went between planning and opening is named, and on a busy machine all may go
            let said = String::from_utf8_lossy(&ran.stdout);
            let is_named = code == Some(1) && said.contains("missing: ");
            assert!(code == Some(0) || code == Some(3) || is_named, "{ran:?}");
            let mut lines = BTreeSet::new();
            for (name, bytes) in unpacked(&stack, &stack.path("out")) {
                if name != "errors.txt" {
                    check(&name, &bytes, rotation, &mut lines);
                }
            }
            some += lines.len();
            fs::remove_dir_all(stack.path("out")).expect("a directory");
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().expect("the writer");
        assert!(some > 0, "nothing was collected");
    });
}

fn check(name: &str, bytes: &[u8], rotation: Rotation, all: &mut BTreeSet<u64>) {
    let text = std::str::from_utf8(bytes).expect("text");
    let mut last = None;
    for line in text.split_inclusive('\n') {
        let number = line
            .split_once(" line ")
            .and_then(|(stamp, rest)| {
                assert_eq!(stamp.len(), "2026-11-20T14:30:00.123456Z".len(), "{line}");
                rest.strip_suffix(" ends here.\n")?.parse::<u64>().ok()
            })
            .unwrap_or_else(|| panic!("{name} has a torn line: {line:?}"));
        assert!(last < Some(number), "{name}: {number} comes after {last:?}");
        last = Some(number);
        let is_new = all.insert(number);
        // of a copy nobody can tell what it is one of
        assert!(
            is_new || rotation == Rotation::CopyTruncate,
            "line {number} is there twice, once more in {name}"
        );
    }
}

#[test]
fn files_that_grow_and_are_renamed_while_they_are_read_give_no_line_twice_and_none_torn() {
    collect_beside_a_writer(Rotation::Rename);
}

#[test]
fn files_that_grow_and_are_cut_while_they_are_read_give_no_torn_line() {
    collect_beside_a_writer(Rotation::CopyTruncate);
}

#[test]
fn a_directory_that_a_link_replaces_again_and_again_leads_nowhere_else() {
    let stack = stack_of("logs/**/*.log", "");
    let stamp = (Utc::now() - TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%SZ");
    stack.write("logs/app/app.log", &format!("{stamp} ours\n"));
    stack.write("elsewhere/app.log", &format!("{stamp} theirs\n"));
    let (app, aside) = (stack.path("logs/app"), stack.path("aside"));
    let elsewhere = stack.path("elsewhere");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _told = Told(&stop);
        let swapping = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fs::rename(&app, &aside).expect("a rename");
                symlink(&elsewhere, &app).expect("a link");
                fs::remove_file(&app).expect("a link");
                fs::rename(&aside, &app).expect("a rename");
            }
        });
        let began = Instant::now();
        while began.elapsed() < TIME / 2 && !swapping.is_finished() {
            let now = Utc::now();
            let ran = collect(&stack, (now - TimeDelta::hours(1), now))
                .output()
                .expect("it runs");
            assert!(matches!(ran.status.code(), Some(0 | 1 | 3)), "{ran:?}");
            for (name, bytes) in unpacked(&stack, &stack.path("out")) {
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains("theirs"), "{name}: {text}");
            }
            fs::remove_dir_all(stack.path("out")).expect("a directory");
        }
        stop.store(true, Ordering::Relaxed);
        swapping.join().expect("the swapping");
    });
}

#[test]
fn of_files_that_are_removed_while_they_are_read_each_is_there_as_a_whole_or_named() {
    let stack = stack_of("logs/*.log", "");
    let text = noise(3000, period().1 - TimeDelta::minutes(10));
    for number in 0..40 {
        stack.write(&format!("logs/{number}.log"), &text);
    }
    let (child, removed) = thread::scope(|scope| {
        let removing = scope.spawn(|| {
            // begins as soon as something was planned
            let begun = Instant::now();
            while !stack.path("data/spool").exists() && begun.elapsed() < TIME {
                thread::sleep(Duration::from_millis(5));
            }
            for number in 0..40 {
                fs::remove_file(stack.path(&format!("logs/{number}.log"))).expect("a file");
                thread::sleep(Duration::from_millis(10));
            }
        });
        let ran = collect(&stack, period()).output().expect("it runs");
        (ran, removing.join())
    });
    removed.expect("the removing");
    assert!(matches!(child.status.code(), Some(0 | 1 | 3)), "{child:?}");
    let mut entries = unpacked(&stack, &stack.path("out"));
    let errors = entries.remove("errors.txt").unwrap_or_default();
    let errors = String::from_utf8(errors).expect("text");
    for (name, bytes) in &entries {
        assert!(*bytes == text.as_bytes(), "{name} holds other bytes");
    }
    for line in errors.lines() {
        let whole = entries
            .keys()
            .any(|name| line.contains(&name["files".len()..]));
        assert!(!whole, "it is there, and said to be missing: {line}");
    }
}
