//! Rights that are missing. Root has all of them: then the program runs as somebody else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use chrono::TimeDelta;

use super::{Stack, can, noise, period, stack_of, unpacked};

const AS_NOBODY: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];

/// A copy of the program where everybody may run it.
fn opened(stack: &Stack) -> bool {
    let mut probe = AS_NOBODY.to_vec();
    probe.push("true");
    if !can("setpriv", &probe) {
        return false;
    }
    mode(&stack.path("."), 0o777);
    let program = stack.path("program");
    fs::copy(super::common::PROGRAM, &program).expect("a copy");
    mode(&program, 0o755);
    true
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn run_as_nobody(stack: &Stack, arguments: &[&str]) -> Output {
    Command::new("setpriv")
        .args(AS_NOBODY)
        .arg(stack.path("program"))
        .args(arguments)
        .current_dir(stack.path("."))
        .stdin(Stdio::null())
        .output()
        .expect("setpriv")
}

#[test]
fn what_may_not_be_read_is_named_and_the_rest_is_collected() {
    let stack = stack_of("logs/**/*.log", "");
    if !opened(&stack) {
        return;
    }
    let at = period().1 - TimeDelta::minutes(10);
    stack.write("logs/open.log", &noise(10, at));
    mode(&stack.write("logs/closed.log", &noise(10, at)), 0o600);
    stack.write("logs/shut/inner.log", &noise(10, at));
    mode(&stack.path("logs/shut"), 0o700);
    let (from, to) = period();
    let ran = run_as_nobody(
        &stack,
        &[
            "collect",
            "--from",
            &from.to_rfc3339(),
            "--to",
            &to.to_rfc3339(),
            "--output",
            "out",
        ],
    );
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(ran.status.code(), Some(3), "{ran:?}");
    for missing in ["closed.log", "shut"] {
        assert!(
            said.lines()
                .any(|line| line.contains(missing) && line.contains("permission")),
            "{missing} in {said}"
        );
    }
    let entries = unpacked(&stack, &stack.path("out"));
    let names: Vec<_> = entries.keys().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let errors = String::from_utf8_lossy(&entries["errors.txt"]);
    assert!(
        errors.contains("closed.log") && errors.contains("shut"),
        "{errors}"
    );
}

#[test]
fn a_data_directory_that_cannot_be_written_is_said_with_its_path() {
    let stack = stack_of("logs/*.log", "");
    if !opened(&stack) {
        return;
    }
    fs::create_dir(stack.path("data")).expect("a directory");
    mode(&stack.path("data"), 0o555);
    let ran = run_as_nobody(&stack, &["history"]);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(
        said.contains("data") && said.to_lowercase().contains("permission"),
        "{said}"
    );
}

#[test]
fn a_database_that_cannot_be_written_is_an_error_and_stays_as_it_is() {
    let stack = stack_of("logs/*.log", "");
    if !opened(&stack) {
        return;
    }
    assert_eq!(stack.run(&["history"]).code, 0);
    for entry in fs::read_dir(stack.path("data"))
        .expect("a directory")
        .flatten()
    {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("help-support.db") {
            mode(&entry.path(), 0o444);
        }
    }
    mode(&stack.path("data"), 0o555);
    let ran = run_as_nobody(&stack, &["history"]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("data"), "{said}");
    let again = stack.run(&["history"]);
    assert_eq!(again.code, 0, "it still is one: {}", again.stderr);
}
