//! `help-support estimate` beside what a collection then really takes.

mod common;

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use common::{Ran, Stack, files_below};

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A stack whose role *App* has logged evenly for a day and burst in one hour, *Host* runs a
/// command, and *Quiet* has logged nothing of late. Answers it with the start of the burst.
fn stack() -> (Stack, DateTime<Utc>) {
    let stack = Stack::bare();
    let now = Utc::now();
    let burst = now - TimeDelta::hours(6);
    let mut log = String::new();
    for minute in 0..24 * 60 {
        let at = now - TimeDelta::hours(24) + TimeDelta::minutes(minute);
        let lines = if (burst..burst + TimeDelta::hours(1)).contains(&at) {
            100
        } else {
            10
        };
        for line in 0..lines {
            writeln!(
                log,
                "{} app[{line}]: request {minute} of somebody served",
                stamp(at)
            )
            .expect("memory");
        }
    }
    stack.write("logs/app.log", &log);
    stack.write("quiet/old.log", "2020-01-01T00:00:00Z long ago\n");
    let path = |name: &str| stack.path(name).display().to_string();
    let configuration = format!(
        "[stack]\nname = \"teststack\"\ntime_zone = \"UTC\"\n\
         [[role]]\nname = \"App\"\n[[role.source]]\nkind = \"files\"\npaths = [\"{}\"]\n\
         [[role]]\nname = \"Host\"\n[[role.source]]\nkind = \"command\"\nname = \"greeting\"\n\
         run = [\"/bin/echo\", \"hello\"]\n\
         [[role]]\nname = \"Quiet\"\n[[role.source]]\nkind = \"files\"\npaths = [\"{}\"]\n",
        path("logs/*.log"),
        path("quiet/*.log"),
    );
    stack.write("help-support.toml", &configuration);
    (stack, burst)
}

fn estimate(stack: &Stack, from: DateTime<Utc>, hours: i64, more: &[&str]) -> Ran {
    let (from, to) = (stamp(from), stamp(from + TimeDelta::hours(hours)));
    let mut arguments = vec!["estimate", "--from", &from, "--to", &to];
    arguments.extend(more);
    stack.run(&arguments)
}

#[test]
fn the_bytes_are_near_those_that_a_collection_takes() {
    let (stack, burst) = stack();
    for (from, hours) in [
        (burst, 1),
        (burst + TimeDelta::minutes(30), 1),
        (burst - TimeDelta::hours(4), 3),
    ] {
        let told = estimate(&stack, from, hours, &["--json"]);
        assert_eq!(told.code, 0, "{}", told.stderr);
        let told = told.json()["total"]["bytes"].as_u64().expect("bytes");
        let (from, to) = (stamp(from), stamp(from + TimeDelta::hours(hours)));
        let taken = stack
            .run(&[
                "collect", "--from", &from, "--to", &to, "--role", "App", "--output", "out",
                "--json",
            ])
            .json()["parts"][0]["kept_bytes"]
            .as_u64()
            .expect("bytes");
        assert!(
            told.abs_diff(taken) * 10 <= taken,
            "{told} told and {taken} taken"
        );
    }
}

#[test]
fn what_is_not_known_is_said() {
    let (stack, burst) = stack();
    let ran = estimate(&stack, burst, 1, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = &ran.stdout;
    assert!(text.starts_with("Estimate: about "), "{text}");
    let row = |role: &str| {
        let found = text.lines().find(|line| line.starts_with(role));
        found.unwrap_or_else(|| panic!("{role} in {text}"))
    };
    assert!(row("App").contains("packed as logs usually are"), "{text}");
    assert!(row("Host").contains("1 command of unknown size"), "{text}");
    assert!(row("Quiet").contains("0 B"), "{text}");
    assert!(text.contains("has not been measured"), "{text}");
}

#[test]
fn packing_is_reckoned_by_what_earlier_collections_came_to() {
    let (stack, burst) = stack();
    let before = estimate(&stack, burst, 1, &["--json"]).json();
    assert_eq!(before["roles"][0]["basis"], "usual");
    let (from, to) = (stamp(burst), stamp(burst + TimeDelta::hours(1)));
    let ran = stack.run(&["collect", "--from", &from, "--to", &to, "--output", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let after = estimate(&stack, burst, 1, &["--json"]).json();
    assert_eq!(after["roles"][0]["basis"], "past");
    let told = after["roles"][0]["packed_bytes"].as_u64().expect("bytes");
    let packed = files_below(&stack.path("out"))
        .iter()
        .find(|path| path.ends_with("App.zip"))
        .and_then(|path| path.metadata().ok())
        .expect("a bundle")
        .len();
    assert!(
        told.abs_diff(packed) * 4 <= packed,
        "{told} told, {packed} packed"
    );
}

#[test]
fn it_is_narrowed_as_a_collection_is_and_leaves_no_trace() {
    let (stack, burst) = stack();
    let narrowed = estimate(
        &stack,
        burst,
        1,
        &[
            "--role", "App", "--role", "Host", "--kind", "command", "--json",
        ],
    );
    let told = narrowed.json();
    assert_eq!(told["total"]["bytes"], 0);
    assert_eq!(told["total"]["unknown_items"], 1);
    assert_eq!(told["roles"].as_array().map(Vec::len), Some(2));
    let history = stack.run(&["history", "--json"]).json();
    assert_eq!(history["collections"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_request_that_no_collection_could_be_is_refused() {
    let (stack, burst) = stack();
    for (hours, more, named) in [
        (5, &[][..], "--to"),
        (1, &["--role", "Nobody"], "--role"),
        (1, &["--node", "elsewhere"], "--node"),
        (1, &["--role", "App", "--kind", "journal"], "--kind"),
    ] {
        let ran = estimate(&stack, burst, hours, more);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(named), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}
