//! Tables with several times in a row, of which one is when it was written.

use chrono::TimeDelta;
use domain::Window;
use proptest::prelude::*;

use super::super::{Unstamped, WindowFilter};
use super::*;

/// So many minutes after 13:00 UTC of 20 November 2026.
fn minute(minutes: i64) -> DateTime<Utc> {
    utc("2026-11-20T13:00:00Z") + TimeDelta::minutes(minutes)
}

fn shown(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Rows of one each minute, with a time from days before that is in no order.
fn rows(form: &str, count: i64) -> Vec<String> {
    (0..count)
        .map(|number| {
            let old = minute(number) - TimeDelta::hours(30 + number * 7 % 50);
            form.replace("OLD", &shown(old))
                .replace("EXPIRY", &shown(minute(number) + TimeDelta::days(2)))
                .replace("SOON", &shown(minute(number) + TimeDelta::hours(2)))
                .replace("BEFORE", &shown(minute(number) - TimeDelta::seconds(20)))
                .replace("NOW", &shown(minute(number)))
        })
        .collect()
}

/// Of a file that was last written so many minutes after 13:00.
fn dater_of(log: &str, last_write: i64) -> Dater {
    let mut dater = Dater::new(Clock::new(Tz::UTC, minute(last_write)), None);
    dater.learn(log.as_bytes());
    dater
}

#[test]
fn the_column_is_the_one_whose_name_says_so() {
    for (names, form) in [
        ("start_date,event_time,text", "OLD,NOW,x"),
        ("Start,End,Text", "OLD,NOW,x"),
        ("\"id\";\"expires\";\"time\"", "\"7\";\"EXPIRY\";\"NOW\""),
        ("time\tcreated\ttext", "NOW\tOLD\tx"),
        ("# valid_until|text|when", "EXPIRY|\"a | b\"|NOW"),
        ("text,opened,ts", "\"said \"\"x, y\"\"\",OLD,NOW"),
    ] {
        for count in [1, 2, 30] {
            let rows = rows(form, count);
            let log = format!("{names}\n{}\n", rows.join("\n"));
            let mut dater = dater_of(&log, 1000);
            assert_eq!(at(&mut dater, names), None, "{names}");
            for (number, row) in (0..).zip(&rows) {
                assert_eq!(at(&mut dater, row), Some(minute(number)), "{names}: {row}");
            }
        }
    }
}

#[test]
fn without_names_it_is_the_one_that_goes_on_through_the_file() {
    for form in [
        "OLD,NOW,x",
        "7;OLD;\"x; y\";NOW",
        "OLD\tOLD\tNOW",
        // in order too, but far behind the last write
        "NOW,EXPIRY",
        "BEFORE,NOW,x",
        // PostgreSQL's csvlog: the session's begin is the same for many
        "NOW,\"olga\",\"db\",71,\"INSERT\",2026-11-19 08:00:00 CET,3/7",
    ] {
        let rows = rows(form, 30);
        let newest_first: Vec<String> = rows.iter().rev().cloned().collect();
        for log in [&rows, &newest_first] {
            let mut dater = dater_of(&format!("{}\n", log.join("\n")), 30);
            for (number, row) in (0..).zip(&rows) {
                assert_eq!(at(&mut dater, row), Some(minute(number)), "{form}: {row}");
            }
        }
    }
}

#[test]
fn where_nothing_decides_the_file_has_no_stamp_for_us() {
    // a single row; both go on, hours apart, in a file that was copied later
    for (form, count, last_write) in [("OLD,NOW,x", 1, 1000), ("NOW,SOON,x", 30, 1000)] {
        let rows = rows(form, count);
        let mut dater = dater_of(&format!("{}\n", rows.join("\n")), last_write);
        assert_eq!(at(&mut dater, &rows[0]), None, "{form}");
    }
    // the last write tells which of them it is
    let rows = rows("NOW,SOON,x", 30);
    let mut dater = dater_of(&format!("{}\n", rows.join("\n")), 30);
    assert_eq!(at(&mut dater, &rows[3]), Some(minute(3)));
}

#[test]
fn a_file_in_doubt_is_taken_unless_it_is_of_after_the_window() {
    let records = |number| {
        format!(
            r#"{{"Records":[{{"eventTime":"{}"}},{{"eventTime":"NOW"}}]}}"#,
            shown(minute(number))
        )
    };
    let taken = |log: &str, start: i64| {
        let window = Window::new(minute(start), minute(start + 60)).expect("in order");
        let dater = Dater::new(Clock::new(Tz::UTC, minute(9000)), None);
        let mut filter = WindowFilter::new(&window, dater, Unstamped::LeaveOut);
        let mut out = Vec::new();
        filter.push(log.as_bytes(), &mut out).expect("memory");
        filter.finish(&mut out).expect("memory");
        assert!(out.is_empty() || out == log.as_bytes());
        assert_eq!(filter.takes_whole(), !out.is_empty());
        !out.is_empty()
    };
    for form in [
        "NOW,SOON,x",
        &records(20),
        r#"{"a":[{"b":[{"timeUnixNano":"1795179723000000000"},{"time":"NOW"}]}]}"#,
    ] {
        let log = rows(form, 30).join("\n");
        assert!(taken(&log, 10), "{form}");
        assert!(taken(&log, 1000), "{form}");
        assert!(!taken(&log, -1000), "{form}");
    }
    // a time that is never the records' raises no doubt
    assert!(!taken(&rows(r#"{"expires_at":"NOW"}"#, 30).join("\n"), 10));
}

#[test]
fn a_stamp_before_a_comma_is_no_table() {
    for form in [
        "NOW, Info  CBS  restored, 2020-01-01 00:00:00, as it was",
        "NOW INFO x, 2020-01-01 00:00:00, y",
        "NOW,123 INFO, EXPIRY, next",
    ] {
        let rows = rows(form, 30);
        let mut dater = dater_of(&format!("{}\n", rows.join("\n")), 30);
        assert_eq!(at(&mut dater, &rows[7]), Some(minute(7)), "{form}");
    }
}

/// Where times other than the record's may stand.
const FORMS: [&str; 7] = [
    "OTHER,NOW,text",
    "7;\"OTHER\";\"a; b\";NOW",
    "OTHER\tNOW\t",
    r#"{"expires_at":"OTHER","msg":"x","ts":"NOW"}"#,
    r#"{"meta":{"time":"OTHER","list":[{"time":"OTHER"}]},"time":"NOW"}"#,
    r#"{"start_time":"OTHER","text":"{\"ts\":\"OTHER\"}","when":"NOW"}"#,
    "next_run=OTHER msg=\"ts=OTHER\" ts=NOW",
];

proptest! {
    /// The other times lie anywhere before and behind; the truth comes from the generator.
    #[test]
    fn a_window_is_what_was_written_in_it_whatever_else_the_records_tell(
        form in prop::sample::select(&FORMS[..]),
        others in prop::collection::vec(-6000_i64..6000, 40..120),
        step in 20_i64..200,
        chunk in 1_usize..5000,
    ) {
        let window = Window::new(minute(60), minute(120)).expect("in order");
        let (mut log, mut expected) = (String::new(), String::new());
        for (number, other) in (0..).zip(&others) {
            let now = minute(0) + TimeDelta::seconds(number * step);
            // what lies ahead is no time of writing, so it may be anything but in order
            let line = form.replace("OTHER", &shown(now + TimeDelta::minutes(*other))).replace("NOW", &shown(now)) + "\n";
            if window.start() <= now && now < window.end() {
                expected.push_str(&line);
            }
            log.push_str(&line);
        }
        let dater = Dater::new(Clock::new(Tz::UTC, minute(9000)), None);
        let mut filter = WindowFilter::new(&window, dater, Unstamped::LeaveOut);
        let mut out = Vec::new();
        for piece in log.as_bytes().chunks(chunk) {
            filter.push(piece, &mut out).expect("memory");
        }
        filter.finish(&mut out).expect("memory");
        prop_assert_eq!(String::from_utf8_lossy(&out), expected);
    }
}
