//! What is read of large files, and of files that change meanwhile.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::time::SystemTime;

use super::files::{Logs, set_last_write};
use super::packed::gzip;
use super::rotations::rename;
use super::*;

/// A line of 100 bytes for each step of milliseconds, from 20 November 2025 08:00 on, at most
/// until midnight. Written by hand: a library of dates takes longer than what is tested.
pub fn steady(count: u64, step: u64) -> String {
    let mut log = String::with_capacity(usize::try_from(count * 100).expect("memory"));
    for number in 0..count {
        let millis = number * step;
        let (hour, minute) = (8 + millis / 3_600_000, millis / 60_000 % 60);
        let (second, millis) = (millis / 1000 % 60, millis % 1000);
        writeln!(
            log,
            "2025-11-20T{hour:02}:{minute:02}:{second:02}.{millis:03}Z {number:74}"
        )
        .expect("memory");
    }
    log
}

/// The lines from 14:00 to 15:00, by their text.
pub fn asked(log: &str) -> String {
    log.split_inclusive('\n')
        .filter(|line| line.starts_with("2025-11-20T14:"))
        .collect()
}

#[test]
fn of_a_large_file_little_more_than_the_window_is_read() {
    let logs = Logs::new();
    // some 12 hours, swapped in blocks of half a mebibyte
    let sorted = steady(200_000, 216);
    let mut blocks: Vec<&[u8]> = sorted.as_bytes().chunks(524_200).collect();
    for pair in blocks.chunks_mut(2) {
        pair.reverse();
    }
    let log = String::from_utf8(blocks.concat()).expect("text");
    logs.write("a.log", &log);
    let (report, out) = read(&logs.item("a.log"));
    let expected = asked(&log);
    assert!(expected.len() > 1_500_000);
    assert!(out == expected.as_bytes());
    assert_eq!(report.outcome, ItemOutcome::Complete);
    let extra = report.read_bytes - expected.len() as u64;
    assert!(extra < 5 * 1024 * 1024, "{extra}");
}

#[test]
fn the_newest_lines_of_a_large_file_count_though_they_are_stamped_otherwise() {
    let logs = Logs::new();
    // until 13:46 as one version of a program writes, then a hundredth as the next one does
    let old = steady(100_000, 208);
    let new: String = (0..120)
        .map(|minute| {
            let (hour, minute) = (14 + minute / 60, minute % 60);
            format!("I1120 {hour}:{minute:02}:00.000000    71 store.go:12] opened\n")
        })
        .collect();
    logs.write("a.log", format!("{old}{new}"));
    set_last_write(&logs.path("a.log"), "2025-11-20T16:00:00Z");
    let expected: String = new.split_inclusive('\n').take(60).collect();
    let (report, out) = read(&logs.item("a.log"));
    assert_eq!(String::from_utf8_lossy(&out), expected);
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert!(report.read_bytes < 3 * 1024 * 1024, "{report:?}");
}

#[test]
fn large_structured_files_are_searched_by_the_time_that_is_the_records() {
    let logs = Logs::new();
    let log = steady(100_000, 432);
    for (name, form) in [
        ("jobs.csv", "OTHER,NOW,text"),
        (
            "certificates.json",
            r#"{"not_after":"OTHER","list":[{"ts":"OTHER"}],"ts":"NOW"}"#,
        ),
        (
            "jobs.log",
            "start_time=OTHER level=info msg=\"of ts=OTHER\" ts=NOW",
        ),
    ] {
        let (mut written, mut expected) = (String::new(), String::new());
        for (number, line) in log.split_inclusive('\n').enumerate() {
            let now = &line[..24];
            // in no order, also within the period
            let other = format!(
                "2025-11-{:02}T14:{:02}:00Z",
                17 + number * 7 % 5,
                number % 60
            );
            let line = form.replace("OTHER", &other).replace("NOW", now) + "\n";
            if now.starts_with("2025-11-20T14:") {
                expected.push_str(&line);
            }
            written.push_str(&line);
        }
        logs.write(name, &written);
        let (report, out) = read(&logs.item(name));
        assert!(
            out == expected.as_bytes(),
            "{name}: {} of {}",
            out.len(),
            expected.len()
        );
        assert_eq!(report.outcome, ItemOutcome::Complete);
        assert!(report.read_bytes < written.len() as u64 * 4 / 5, "{name}");

        logs.write(format!("{name}.1.gz"), gzip(&written));
        let (_, out) = read(&logs.item(&format!("{name}.1.gz")));
        assert!(out == expected.as_bytes(), "{name}, packed");
    }
}

#[test]
fn a_large_file_whose_lines_end_with_carriage_returns_is_windowed_all_the_same() {
    let logs = Logs::new();
    let log = steady(20_000, 2160);
    logs.write("a.log", log.replace('\n', "\r"));
    let (report, out) = read(&logs.item("a.log"));
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert!(out == asked(&log).replace('\n', "\r").as_bytes());
}

#[test]
fn the_whole_of_a_file_in_disorder_is_read() {
    let logs = Logs::new();
    let sorted = steady(100_000, 432);
    let swapped_at = |percent: usize| {
        let (early, late) = sorted.split_at(sorted.len() / 100 * percent / 100 * 100);
        format!("{late}{early}")
    };
    let newest_first: String = sorted.split_inclusive('\n').rev().collect();
    for log in [swapped_at(50), swapped_at(90), newest_first] {
        logs.write("a.log", &log);
        let (report, out) = read(&logs.item("a.log"));
        assert!(!out.is_empty() && out == asked(&log).as_bytes());
        assert!(report.read_bytes >= log.len() as u64);
    }
}

#[test]
fn files_that_begin_after_the_window_are_left_at_their_start() {
    let logs = Logs::new();
    let log = steady(60_000, 108).replace("2025-11-20T", "2025-11-21T");
    logs.write("a.log", &log);
    logs.write("a.log.1.gz", gzip(&log));
    for (name, most) in [("a.log", 48 * 1024), ("a.log.1.gz", 1024 * 1024)] {
        let (report, out) = read(&logs.item(name));
        assert_eq!(
            (report.outcome, out.len()),
            (ItemOutcome::Empty, 0),
            "{name}"
        );
        assert!(report.read_bytes < most, "{name}: {}", report.read_bytes);
    }
}

#[test]
fn a_packed_file_is_read_until_the_window_is_past() {
    let logs = Logs::new();
    let log = steady(400_000, 108);
    let packed = gzip(&log);
    logs.write("a.log.1.gz", &packed);
    let (report, out) = read(&logs.item("*.gz"));
    assert!(out == asked(&log).as_bytes());
    assert!(report.read_bytes < packed.len() as u64 * 3 / 4);
}

#[test]
fn a_packed_file_that_is_written_newest_first_is_read_to_its_end() {
    let logs = Logs::new();
    let sorted = steady(100_000, 432);
    let log: String = sorted.split_inclusive('\n').rev().collect();
    logs.write("a.log.1.gz", gzip(&log));
    let (report, out) = read(&logs.item("*.gz"));
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert!(out == asked(&log).as_bytes());
}

#[test]
fn a_clock_that_is_wrong_for_a_moment_does_not_end_a_packed_file() {
    let logs = Logs::new();
    // the bad stamp is where the reader looks: in the first line of the second piece
    let mut log = steady(200_000, 216);
    log.replace_range(266_300..266_304, "2031");
    logs.write("a.log.1.gz", gzip(&log));
    let (_, out) = read(&logs.item("*.gz"));
    assert!(out == asked(&log).as_bytes());
}

/// Lines with the stamp at the start, then others with it behind two words.
fn with_a_change(count: u64) -> String {
    let log = steady(count, 2 * 4 * 3_600_000 / count);
    let (before, after) = log.split_at(log.len() / 2 / 100 * 100);
    let after = after.split_inclusive('\n').map(|line| {
        let (stamp, rest) = line.split_at(24);
        format!("host app[1]: {stamp}{rest}")
    });
    before.to_owned() + &after.collect::<String>()
}

#[test]
fn a_format_that_changes_in_the_middle_is_seen_packed_and_plain() {
    let logs = Logs::new();
    // 08:00 to 16:00; searched, read through, and unpacked
    for (count, name) in [(40_000, "a.log"), (6_000, "a.log"), (2_000, "a.log.gz")] {
        let log = with_a_change(count);
        match name.strip_suffix(".gz") {
            Some(_) => logs.write(name, gzip(&log)),
            None => logs.write(name, &log),
        };
        let expected: String = (log.split_inclusive('\n'))
            .filter(|line| line.contains(" 2025-11-20T14:") || line.starts_with("2025-11-20T14:"))
            .collect();
        assert!(expected.lines().count() > 200);
        let (_, out) = read(&logs.item(name));
        assert!(out == expected.as_bytes(), "{count} lines of {name}");
    }
}

/// Does something to the file at hand once the first bytes come.
struct Meddling<F: FnMut()>(F, Vec<u8>);

impl<F: FnMut()> Write for Meddling<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.1.is_empty() {
            (self.0)();
        }
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_is_cut_or_written_anew_gives_whole_lines_of_what_was_there() {
    let log = steady(50_000, 108);
    // copied away and emptied; the same, and grown again
    for anew in [String::new(), log.replace("2025-11-20T0", "2025-11-20T1")] {
        let logs = Logs::new();
        let path = logs.write("a.log", log.replace("2025-11-20T", "2025-11-20T14:00:00Z "));
        let mut out = Meddling(|| fs::write(&path, &anew).expect("a file"), Vec::new());
        let context = ReadContext {
            window: window(),
            redactor: redactor(),
            cancel: &AtomicBool::new(false),
            read_bytes: &AtomicU64::new(0),
            budget: &std::sync::Arc::new(Meter::new(Budgets::default().item)),
            seat: None,
        };
        let report = read_item(&logs.item("a.log"), &context, &mut out).expect("memory");
        assert_eq!(report.outcome, ItemOutcome::Partial(Reason::Shortened));
        let whole = log.replace("2025-11-20T", "2025-11-20T14:00:00Z ");
        assert!(whole.as_bytes().starts_with(&out.1) && out.1.ends_with(b"\n"));
    }
}

pub fn line(text: &str) -> String {
    format!("2025-11-20T14:30:00Z {text}\n")
}

#[test]
fn what_took_the_place_of_a_lost_file_is_not_taken_again_once_it_is_rotated() {
    let logs = Logs::new();
    logs.write("a.log", line("lost"));
    logs.write("a.log.1", line("lost too"));
    std::thread::sleep(Duration::from_millis(50));
    let plan = logs.plan(&["a.log*"]);
    std::thread::sleep(Duration::from_millis(50));
    for name in ["a.log", "a.log.1"] {
        fs::remove_file(logs.path(name)).expect("removed");
    }
    logs.write("a.log", line("since"));
    let (mut first, mut second) = (plan.items[0].clone(), plan.items[1].clone());
    if first.label().ends_with(".1") {
        std::mem::swap(&mut first, &mut second);
    }
    assert_eq!(read(&first).1, line("since").as_bytes());
    rename(logs.path("a.log"), logs.path("a.log.1"));
    let (report, out) = read(&second);
    assert_eq!(report.outcome, ItemOutcome::Missing(Reason::Vanished));
    assert!(out.is_empty());
}

#[test]
fn hard_links_are_one_file_under_its_first_name() {
    let logs = Logs::new();
    let path = logs.write("b.log", line("once"));
    fs::hard_link(&path, logs.path("a.log")).expect("a link");
    std::os::unix::fs::symlink("..", logs.path("loop")).expect("a link");
    let plan = logs.plan(&["**/*.log", "b.log"]);
    assert_eq!(logs.entries(&plan), ["a.log"]);
}

#[test]
fn a_million_items_are_small() {
    assert!(size_of::<Item>() <= 128, "{}", size_of::<Item>());
}

#[test]
fn utf_16_is_windowed_and_cleaned_and_stays_utf_16() {
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let logs = Logs::new();
    let log =
        "\u{feff}2025-11-20T13:00:00Z no\r\n2025-11-20T14:30:00Z grüße 𝄞 password=hunter2 \r\n";
    // a lone surrogate and an odd byte
    logs.write("a.log", [wide(log), vec![0x00, 0xd8, b'x', 0, 7]].concat());
    let (report, out) = read(&logs.item("a.log"));
    let kept = "\u{feff}2025-11-20T14:30:00Z grüße 𝄞 password=[redacted:password] \r\n";
    assert_eq!(out, [wide(kept), vec![0x00, 0xd8, b'x', 0, 7]].concat());
    assert_eq!(report.redactions, [("password", 1)].into());
}

#[test]
fn what_is_no_text_is_withheld_unless_its_source_asks_for_it() {
    let logs = Logs::new();
    let content = b"\x7fELF\x02\x01\x01\0 password=hunter2\0\n".as_slice();
    let path = logs.write("core.log", content);
    let (report, _) = read(&logs.item("core.log"));
    // written after the window: it is nobody's
    assert_eq!(report.outcome, ItemOutcome::Empty);
    set_last_write(&path, "2025-11-20T14:30:00Z");
    let (report, _) = read(&logs.item("core.log"));
    assert_eq!(report.outcome, ItemOutcome::Missing(Reason::Binary));
    let source = SourceConfig::Files {
        paths: vec![path.display().to_string()],
        time_zone: None,
        time_format: None,
        time_key: None,
        binary: true,
    };
    let plan = plan(&source, &window(), Tz::UTC, &AtomicBool::new(false));
    let (report, out) = read(&plan.items[0]);
    assert_eq!(out, content);
    assert!(report.taken_whole);
}

#[test]
fn a_log_with_a_hole_is_a_log() {
    let logs = Logs::new();
    let path = logs.write("a.log", line("before"));
    let mut file = File::options().append(true).open(&path).expect("a file");
    file.set_len(3 * 1024 * 1024).expect("a hole");
    file.write_all(format!("\n{}", line("behind")).as_bytes())
        .expect("a line");
    file.set_modified(SystemTime::from(utc("2025-11-20T14:40:00Z")))
        .expect("a time");
    let (report, out) = read(&logs.item("a.log"));
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert_eq!(out.len() as u64, fs::metadata(&path).expect("there").len());
}

#[test]
fn reading_ends_where_so_much_was_read_even_if_nothing_of_it_is_in() {
    let logs = Logs::new();
    let before = "2025-11-20T10:00:00Z before the window\n".repeat(200_000);
    logs.write("a.log.gz", gzip(&before));
    let budget = || Meter::new(Budgets::default().item);
    for (budget, outcome) in [
        (budget(), ItemOutcome::Empty),
        (
            budget().reading_at_most(1),
            ItemOutcome::Missing(
                Budgets::default()
                    .item
                    .size_limit(domain::LimitOf::Collection),
            ),
        ),
    ] {
        let budget = Arc::new(budget);
        let context = ReadContext {
            window: window(),
            redactor: redactor(),
            cancel: &AtomicBool::new(false),
            read_bytes: &AtomicU64::new(0),
            budget: &budget,
            seat: None,
        };
        let report = read_item(&logs.item("a.log.gz"), &context, &mut Vec::new());
        assert_eq!(report.expect("memory").outcome, outcome);
    }
}

#[test]
fn planning_ends_when_it_is_cancelled() {
    let logs = Logs::new();
    logs.write("a.log", line("x"));
    let source = SourceConfig::Files {
        paths: vec![format!("{}/*", logs.root.display())],
        time_zone: None,
        time_format: None,
        time_key: None,
        binary: false,
    };
    assert_eq!(
        plan(&source, &window(), Tz::UTC, &AtomicBool::new(true)).items,
        []
    );
}
